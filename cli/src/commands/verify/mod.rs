//! `nilo verify`: whether a proof shows what a package's program gave for a row.

mod expected;
mod links;
#[cfg(feature = "chain")]
mod registry;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_air::cairo::Security;
use nilometer_package::answer::Answer;
use nilometer_package::check::{check, AboutError, Checked};
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::pipeline::{self, Rebuilt};
use nilometer_package::Package;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;
use serde_json::Value;
use starknet_types_core::felt::Felt;

use crate::answer;
use crate::args::{ToolchainArgs, DEFAULT_SECURITY};
use crate::felt::{hex, parse_felt};
use crate::input::{ReadArgs, Source};
use crate::model_file;
use crate::output::{Message, Output};
use crate::progress::Stages;
use crate::table::{fields, table};
use expected::{check_integers, check_values, input_differences, Difference};
use links::Link;

/// Arguments of `nilo verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo verify row0.proof --model package
  nilo verify row0.proof --model package --input rows.npy:0 --output 0,1,0
  nilo verify row0.proof --model package --model-hash 0x12… --program-hash 0x34…
  nilo verify row0.proof --model package --rebuild model.onnx

Without --input and --output, what the proof is about is shown, and it is verified to be so. A proof is checked
against the package's program, never against anything that the proof file says of itself; then the package's model
is evaluated on the proved row and compared with the proved output. That the program is the model on every other
row is known only after --rebuild.")]
pub struct VerifyArgs {
    /// The proof
    pub proof: PathBuf,
    /// The package of the model, or what `nilo pack --for-verifier` wrote
    #[arg(short, long, value_name = "DIR|FILE")]
    pub model: PathBuf,
    /// The row that the proof must be about (.npy, .json, .csv), in natural units
    #[arg(short, long, value_name = "FILE[:ROW]")]
    pub input: Option<Source>,
    #[command(flatten)]
    pub read: ReadArgs,
    /// The output that the proof must be about, in natural units as `nilo run` prints them: a file, or numbers
    /// such as 0.25,0.75
    #[arg(short, long, value_name = "FILE[:ROW]|NUMBERS", allow_hyphen_values = true)]
    pub output: Option<String>,
    /// The output that the proof must be about, as the exact integers that `nilo run` prints
    #[arg(long, value_name = "FILE[:ROW]|INTEGERS", allow_hyphen_values = true)]
    pub output_int: Option<String>,
    /// The least security that is accepted: 96, 100 or 128 bits, all proven
    #[arg(long, value_name = "LEVEL", default_value = DEFAULT_SECURITY)]
    pub security: Security,
    /// The model hash that is expected
    #[arg(long, value_name = "HASH", value_parser = parse_felt)]
    pub model_hash: Option<Felt>,
    /// The program hash that is expected
    #[arg(long, value_name = "HASH", value_parser = parse_felt)]
    pub program_hash: Option<Felt>,
    /// Transpile this ONNX file as the package says, and compare model and program
    #[arg(long, value_name = "MODEL.onnx")]
    pub rebuild: Option<PathBuf>,
    /// Show the whole row, and every feature that differs
    #[arg(long)]
    pub full: bool,
    /// The model's number in the registry: its hashes are taken from the chain
    #[cfg(feature = "chain")]
    #[arg(long, value_name = "N")]
    pub id: Option<u64>,
    /// The version in the registry [default: the newest]
    #[cfg(feature = "chain")]
    #[arg(long, value_name = "N", requires = "id")]
    pub version: Option<u32>,
    #[cfg(feature = "chain")]
    #[command(flatten)]
    pub chain: crate::chain::ChainArgs,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct VerifyResult {
    valid: bool,
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

/// Verifies.
///
/// # Errors
/// The proof is invalid or about something else, or a file cannot be read.
pub fn run(args: &VerifyArgs, output: &Output) -> Result<u8> {
    let bytes = std::fs::read(&args.proof)
        .with_context(|| format!("cannot read {}", args.proof.display()))?;
    let package = Package::open(&args.model)?;
    expect("model hash", args.model_hash, &package.manifest.model_hash)?;
    expect("program hash", args.program_hash, &package.manifest.program_hash)?;
    let Checked { graph, integers, verified, load_ms, verify_ms } =
        check(&package, &bytes, args.security)?;
    let (input_int, output_int) = integers.split_at(graph.input_len());
    let reader = args.read.reader(output);
    if let Some(source) = &args.input {
        let differences = input_differences(&graph, source, &reader, input_int)?;
        if let Some(first) = differences.first() {
            if args.full {
                output.note(&all_differences(&differences));
            }
            return Err(first.error().into());
        }
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

/// Fails unless a hash is the expected one, if one is expected.
fn expect(what: &'static str, expected: Option<Felt>, actual: &str) -> Result<(), AboutError> {
    match expected.map(|expected| hex(&expected)).filter(|expected| expected != actual) {
        Some(expected) => Err(AboutError::Expected { what, expected, actual: actual.to_owned() }),
        None => Ok(()),
    }
}

/// Transpiles the ONNX file as the package says, and compares.
fn rebuild(onnx: &Path, package: &Package, args: &VerifyArgs, output: &Output) -> Result<Rebuilt> {
    let recipe = package.recipe()?;
    let rebuilt = pipeline::rebuild(
        &model_file::read(onnx)?,
        &recipe,
        &args.toolchain.options(),
        &Stages::new(|_| ()),
    )
    .with_context(|| onnx.display().to_string())?;
    let manifest = &package.manifest;
    for (what, expected, actual) in [
        ("model hash", &manifest.model_hash, &rebuilt.model_hash),
        ("program hash", &manifest.program_hash, &rebuilt.program_hash),
    ] {
        if expected != actual {
            let (expected, actual) = (expected.clone(), actual.clone());
            return Err(AboutError::Rebuilt { what, expected, actual }.into());
        }
    }
    if !rebuilt.pinned_core_library {
        output.warn("the core library is not the pinned one: equal hashes say that this machine's library gives them");
    }
    Ok(rebuilt)
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
    match rebuilt {
        Some(rebuilt) => links.extend([
            Link::checked("program", "model", "on this row by evaluating the model, on every row by transpiling again"),
            Link::checked(
                "model",
                "ONNX",
                format!("the file with the SHA-256 {} compiles to this model and this program", rebuilt.onnx_sha256),
            ),
        ]),
        None => links.extend([
            Link::checked("program", "model", "on this row only: the model with this hash, evaluated here, gives the same integers"),
            Link::stated(
                "model",
                "ONNX",
                format!("the package names the SHA-256 {}; `--rebuild MODEL.onnx` checks it", package.manifest.onnx.sha256),
            ),
        ]),
    }
    #[cfg(feature = "chain")]
    if let Some(id) = args.id {
        links.extend(registry::links(args, id, package, rebuilt)?);
    }
    #[cfg(not(feature = "chain"))]
    let _ = args;
    Ok(links)
}

fn all_differences(differences: &[Difference]) -> String {
    let row = |difference: &Difference| {
        vec![
            difference.feature.to_string(),
            difference.actual.to_string(),
            difference.expected.to_string(),
        ]
    };
    table(&[">feature", ">proof", ">wanted"], differences.iter().map(row))
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
