//! A proof that a package's program gave its output for a row.

use anyhow::Result;
use console::style;
use nilometer_package::answer::Answer;
use nilometer_package::check::{check, Checked};
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::pipeline::Rebuilt;
use nilometer_package::Package;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;
use serde_json::Value;

use super::expected::{check_input, check_integers, check_values};
use super::links::{self, Link};
use super::{expect, rebuild, VerifyArgs};
use crate::answer;
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// The command's result.
#[derive(Serialize)]
struct VerifyResult {
    valid: bool,
    of: &'static str,
    model_hash: String,
    program_hash: String,
    /// In natural units.
    input: Vec<f64>,
    input_int: Vec<String>,
    output: Vec<f64>,
    output_int: Vec<String>,
    label: Option<Value>,
    #[serde(skip)]
    answer: Answer,
    /// What was checked and what was only stated.
    links: Vec<Link>,
    #[serde(skip)]
    full: bool,
    security: String,
    security_bits: u32,
    proven_bits: u32,
    rows: usize,
    queries: usize,
    blowup: usize,
    grinding_bits: u32,
    proof_bytes: usize,
    /// Checking the proof.
    verify_ms: f64,
    /// Reading and hashing the model and the program.
    load_ms: f64,
}

/// Checks a proof of a run against a package.
///
/// # Errors
/// The proof is invalid or about something else, or a file cannot be read.
pub fn run(args: &VerifyArgs, bytes: &[u8], output: &Output) -> Result<u8> {
    let Some(model) = &args.model else {
        return Err(UsageError(
            "this is a proof of a program's run, which is checked with the package: `--model DIR`; `--key` is for proofs of models".to_owned(),
        )
        .into());
    };
    let package = Package::open(model)?;
    expect("model hash", args.model_hash, &package.manifest.model_hash)?;
    expect("program hash", args.program_hash, &package.manifest.program_hash)?;
    let Checked { graph, integers, verified, load_ms, verify_ms } =
        check(&package, bytes, args.security)?;
    let (input_int, output_int) = integers.split_at(graph.input_len());
    let reader = args.read.reader(output);
    if let Some(source) = &args.input {
        check_input(&graph.input, source, &reader, input_int, args.full, output)?;
    }
    let answer = Answer::new(&Schema::of(&graph), 0, input_int, output_int)?;
    if let Some(wanted) = &args.output {
        check_values(&answer.outputs, wanted, &reader)?;
    }
    if let Some(wanted) = &args.output_int {
        check_integers(&answer.outputs, wanted, &reader)?;
    }
    let rebuilt = args.rebuild.as_deref().map(|onnx| rebuild(onnx, &package, args, output));
    let rebuilt = rebuilt.transpose()?;
    let links = links(args, &package, verified.bits, rebuilt.as_ref())?;
    let texts = |integers: &[i128]| integers.iter().map(ToString::to_string).collect();
    let decode = |(feature, &integer): (usize, &i128)| graph.input.decode(feature, integer);
    output.result(&VerifyResult {
        valid: true,
        of: "program",
        model_hash: package.manifest.model_hash.clone(),
        program_hash: package.manifest.program_hash.clone(),
        input: input_int.iter().enumerate().map(decode).collect(),
        input_int: texts(input_int),
        output: answer.numbers(|output| &output.values),
        output_int: answer.numbers(|output| &output.integers),
        label: answer.label.clone(),
        answer,
        links,
        full: args.full,
        security: verified.security.to_string(),
        security_bits: verified.bits,
        proven_bits: verified.bits,
        rows: verified.rows,
        queries: verified.options.num_queries(),
        blowup: verified.options.blowup_factor(),
        grinding_bits: verified.options.grinding_factor(),
        proof_bytes: bytes.len(),
        verify_ms,
        load_ms,
    })?;
    Ok(0)
}

/// What the result rests on.
fn links(
    args: &VerifyArgs,
    package: &Package,
    bits: u32,
    rebuilt: Option<&Rebuilt>,
) -> Result<Vec<Link>> {
    let mut links = vec![Link::checked(
        "proof",
        "program",
        format!("a STARK proof with {bits} proven bits: the program with this hash ran on this row and wrote this output"),
    )];
    links.push(match rebuilt {
        Some(_) => Link::checked(
            "program",
            "model",
            "on this row by evaluating the model, on every row by transpiling again",
        ),
        None => Link::checked(
            "program",
            "model",
            "on this row only: the model with this hash, evaluated here, gives the same integers",
        ),
    });
    links.push(links::onnx(package, rebuilt, "this model and this program"));
    #[cfg(feature = "chain")]
    if let Some(id) = args.id {
        links.extend(super::registry::links(args, id, package, rebuilt)?);
    }
    #[cfg(not(feature = "chain"))]
    let _ = args;
    Ok(links)
}

impl Message for VerifyResult {
    fn text(&self) -> String {
        let mut text = format!(
            "{} the program below ran on this input and gave this output; the model gives it too\n\n",
            style("valid").green().bold()
        );
        text += &answer::text(&self.answer);
        let most = if self.full { self.input.len() } else { 8 };
        let shown: Vec<String> =
            self.input.iter().take(most).map(|value| value.to_string()).collect();
        let more = if self.input.len() > most { ", …; --full shows all" } else { "" };
        text += &fields([
            ("input", format!("{}{more}", shown.join(", "))),
            ("program", self.program_hash.clone()),
            ("model", self.model_hash.clone()),
            (
                "security",
                format!(
                    "{} bits proven ({} queries, blowup {}, {} bits of grinding)",
                    self.proven_bits, self.queries, self.blowup, self.grinding_bits
                ),
            ),
            ("proof", format!("{}, {} rows", bytes(self.proof_bytes), thousands(self.rows))),
            (
                "time",
                format!(
                    "{:.1} ms, and {:.1} ms to read and hash the package",
                    self.verify_ms, self.load_ms
                ),
            ),
        ]);
        text += &links::text(&self.links);
        text
    }
}
