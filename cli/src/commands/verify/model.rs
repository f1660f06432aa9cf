//! A proof of a model's answers.

use anyhow::Result;
use console::style;
use nilometer_package::answer::Answer;
use nilometer_package::check::{agree, AboutError};
use nilometer_package::model_proof::check::{check, CheckedModel};
use nilometer_package::model_proof::claim::{Accuracy, DataSet, Rows};
use nilometer_package::model_proof::commit::committed;
use nilometer_package::model_proof::key::Digest;
use nilometer_package::numbers::{bytes, percent, thousands};
use nilometer_package::pipeline::Rebuilt;
use nilometer_package::Package;
use nilometer_transpiler::quant::QuantInput;
use serde::Serialize;
use serde_json::Value;

use super::expected::{check_input, check_integers, check_values};
use super::links::{self, Link};
use super::{expect, rebuild, VerifyArgs};
use crate::answer;
use crate::failure::UsageError;
use crate::input::Columns;
use crate::output::{Message, Output};
use crate::table::fields;

/// The command's result.
#[derive(Serialize)]
struct VerifyResult {
    valid: bool,
    of: &'static str,
    key: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_hash: Option<String>,
    #[serde(flatten)]
    claim: Shown,
    /// What was checked and what was only stated.
    links: Vec<Link>,
    #[serde(skip)]
    full: bool,
    security: String,
    security_bits: u32,
    proven_bits: u32,
    /// Rows of the trace.
    rows: usize,
    /// How many proofs the file has.
    proofs: usize,
    queries: usize,
    blowup: usize,
    grinding_bits: u32,
    proof_bytes: usize,
    /// Reading the file and checking its proofs.
    verify_ms: f64,
}

/// What is proved.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Row {
        /// In natural units.
        input: Vec<f64>,
        input_int: Vec<String>,
        output: Vec<f64>,
        output_int: Vec<String>,
        label: Option<Value>,
        #[serde(skip)]
        answer: Box<Answer>,
    },
    Data {
        inputs: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        correct: Option<usize>,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<usize>,
        data_hash: Digest,
        /// Whether the caller's data set has this hash; none if the caller brings none.
        data_checked: bool,
    },
}

/// Checks a proof of a model against a key.
///
/// # Errors
/// The proof is invalid or about something else, or a file cannot be read.
pub fn run(args: &VerifyArgs, bytes: &[u8], output: &Output) -> Result<u8> {
    let package = args.model.as_deref().map(Package::open).transpose()?;
    let stated = package.as_ref().and_then(|package| package.manifest.key);
    let Some(key) = args.key.or(stated) else {
        return Err(UsageError(
            "the package has no key: an older version made it; give `--key`, or transpile the model again".to_owned(),
        )
        .into());
    };
    if let (Some(given), Some(stated)) = (args.key, stated) {
        if given != stated {
            let (expected, actual) = (given.to_string(), stated.to_string());
            return Err(AboutError::Expected { what: "key", expected, actual }.into());
        }
    }
    let checked = check(bytes, key, args.security.bits())?;
    let claim = shown(args, &checked, output)?;
    let mut links = vec![Link::checked(
        "proof",
        "key",
        format!(
            "a STARK proof with {} proven bits: the model with this key takes {} and gives {}",
            checked.bits,
            if checked.inputs.len() == 1 { "this row" } else { "these rows" },
            if checked.inputs.len() == 1 { "this output" } else { "these outputs" },
        ),
    )];
    let mut model_hash = None;
    match &package {
        Some(package) => {
            let rebuilt = check_package(args, package, &checked, output)?;
            model_hash = Some(package.manifest.model_hash.clone());
            links.push(Link::checked(
                "key",
                "model",
                "the key was made again from the package's model",
            ));
            links.push(links::onnx(package, rebuilt.as_ref(), "this model"));
            #[cfg(feature = "chain")]
            if let Some(id) = args.id {
                links.extend(super::registry::links(args, id, package, rebuilt.as_ref())?);
            }
        }
        None => {
            reject_without_package(args)?;
            links.push(Link::stated(
                "key",
                "model",
                "this rests on the word of the person who gave you the key; `--model PACKAGE` or `nilo key` makes it again",
            ));
        }
    }
    output.result(&VerifyResult {
        valid: true,
        of: "model",
        key,
        model_hash,
        claim,
        links,
        full: args.full,
        security: checked.file.level.to_string(),
        security_bits: checked.bits,
        proven_bits: checked.bits,
        rows: checked.trace_rows,
        proofs: checked.file.proofs.len(),
        queries: checked.params.n_queries(),
        blowup: checked.params.blowup(),
        grinding_bits: checked.params.grinding_bits(),
        proof_bytes: bytes.len(),
        verify_ms: checked.verify_ms,
    })?;
    Ok(0)
}

/// Options about a package make no sense without one.
fn reject_without_package(args: &VerifyArgs) -> Result<(), UsageError> {
    let given = [
        ("--model-hash", args.model_hash.is_some()),
        ("--program-hash", args.program_hash.is_some()),
    ];
    #[cfg(feature = "chain")]
    let given = given.into_iter().chain([("--id", args.id.is_some())]);
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((flag, _)) => Err(UsageError(format!("`{flag}` needs the package: `--model DIR`"))),
        None => Ok(()),
    }
}

/// Holds the package against the key, and what else the caller expects of it.
fn check_package(
    args: &VerifyArgs,
    package: &Package,
    checked: &CheckedModel,
    output: &Output,
) -> Result<Option<Rebuilt>> {
    expect("model hash", args.model_hash, &package.manifest.model_hash)?;
    expect("program hash", args.program_hash, &package.manifest.program_hash)?;
    let graph = package.model()?;
    for (_, key) in &checked.file.keys {
        committed(&graph, key)?;
    }
    for (input, results) in checked.inputs.iter().zip(&checked.file.claim.outputs) {
        agree(&graph, input, results)?;
    }
    args.rebuild.as_deref().map(|onnx| rebuild(onnx, package, args, output)).transpose()
}

/// What is proved, held against what the caller expects.
fn shown(args: &VerifyArgs, checked: &CheckedModel, output: &Output) -> Result<Shown> {
    let reader = args.read.reader(output);
    let input = checked.schema.input()?;
    match &checked.file.claim.rows {
        Rows::Encoded(_) => {
            if args.data.is_some() {
                return Err(AboutError::Kind { actual: "one row", expected: "a data set" }.into());
            }
            let (row, results) = (&checked.inputs[0], &checked.file.claim.outputs[0]);
            if let Some(source) = &args.input {
                check_input(&input, source, &reader, row, args.full, output)?;
            }
            let answer = Answer::new(&checked.schema, 0, row, results)?;
            if let Some(wanted) = &args.output {
                check_values(&answer.outputs, wanted, &reader)?;
            }
            if let Some(wanted) = &args.output_int {
                check_integers(&answer.outputs, wanted, &reader)?;
            }
            let decode = |(feature, &integer): (usize, &i128)| input.decode(feature, integer);
            Ok(Shown::Row {
                input: row.iter().enumerate().map(decode).collect(),
                input_int: row.iter().map(ToString::to_string).collect(),
                output: answer.numbers(|output| &output.values),
                output_int: answer.numbers(|output| &output.integers),
                label: answer.label.clone(),
                answer: Box::new(answer),
            })
        }
        Rows::Data(data) => {
            if args.input.is_some() || args.output.is_some() || args.output_int.is_some() {
                return Err(AboutError::Kind { actual: "a data set", expected: "one row" }.into());
            }
            let data_hash = data.hash();
            let own = own_data(args, data, &input, output)?;
            if let Some(own) = own.filter(|own| *own != data_hash) {
                let (expected, actual) = (own.to_string(), data_hash.to_string());
                return Err(AboutError::Data { expected, actual }.into());
            }
            Ok(Shown::Data {
                inputs: data.rows.len(),
                correct: checked.accuracy.map(|accuracy| accuracy.correct),
                total: checked.accuracy.map(|accuracy| accuracy.total),
                data_hash,
                data_checked: own.is_some(),
            })
        }
    }
}

/// The hash of the caller's data set.
fn own_data(
    args: &VerifyArgs,
    proved: &DataSet,
    input: &QuantInput,
    output: &Output,
) -> Result<Option<Digest>> {
    let Some(path) = &args.data else { return Ok(None) };
    let reader = args.read.reader(output);
    let rows = reader.read_rows(path, &Columns::of(input))?.rows(input.ranges.len())?;
    let labels = match &args.labels {
        Some(file) => Some(reader.read(file)?.labels()?),
        // The caller has only the rows: the labels are the proof's.
        None => proved.labels.clone(),
    };
    if labels.as_ref().is_some_and(|labels| labels.len() != rows.len()) {
        let (actual, expected) = ("a data set of another length", "the one given");
        return Err(AboutError::Kind { actual, expected }.into());
    }
    Ok(Some(DataSet { rows, labels }.hash()))
}

impl Message for VerifyResult {
    fn text(&self) -> String {
        let valid = style("valid").green().bold();
        let mut text = match &self.claim {
            Shown::Row { answer, input, .. } => {
                let most = if self.full { input.len() } else { 8 };
                let shown: Vec<String> = input.iter().take(most).map(f64::to_string).collect();
                let more = if input.len() > most { ", …; --full shows all" } else { "" };
                format!(
                    "{valid} the model with this key takes this input and gives this output\n\n"
                ) + &answer::text(answer)
                    + &fields([("input", format!("{}{more}", shown.join(", ")))])
            }
            Shown::Data { inputs, correct, total, data_hash, data_checked } => {
                let accuracy = correct.zip(*total);
                let sentence = match accuracy.map(|(correct, total)| Accuracy { correct, total }) {
                    Some(accuracy) => format!(
                        "the model with this key gives {} of {} rows ({}) of the data set {data_hash} their label",
                        thousands(accuracy.correct),
                        thousands(accuracy.total),
                        percent(accuracy.share())
                    ),
                    None => format!(
                        "the model with this key gives these outputs for {} rows of the data set {data_hash}",
                        thousands(*inputs)
                    ),
                };
                let own = match data_checked {
                    true => "yours has this hash",
                    false => "as the proof has it; `--data` and `--labels` compare your own",
                };
                format!("{valid} {sentence}\n\n") + &fields([("data set", own.to_owned())])
            }
        };
        let proofs = match self.proofs {
            1 => String::new(),
            proofs => format!("{} proofs, ", thousands(proofs)),
        };
        text += &fields([
            ("key", self.key.to_string()),
            ("model", self.model_hash.clone().unwrap_or_else(|| "not given".to_owned())),
            (
                "security",
                format!(
                    "{} bits proven ({} queries, blowup {}, {} bits of grinding)",
                    self.proven_bits, self.queries, self.blowup, self.grinding_bits
                ),
            ),
            (
                "proof",
                format!("{}, {proofs}{} rows", bytes(self.proof_bytes), thousands(self.rows)),
            ),
            ("time", format!("{:.1} ms", self.verify_ms)),
        ]);
        text += &links::text(&self.links);
        text
    }
}
