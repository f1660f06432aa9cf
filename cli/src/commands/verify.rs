//! `nilo verify`: whether a proof shows what a package's program gave for a row.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_air::cairo::{ProofFile, Security};
use nilometer_field::{hex, Felt};
use nilometer_prover::claim;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::{signed, Schema};
use nilometer_verifier::{verify_file, Verified, VerifyError};
use serde::Serialize;
use serde_json::Value;
use starknet_types_core::felt::Felt as VmFelt;
use thiserror::Error;

use crate::answer::{Answer, NamedOutput};
use crate::input::{read, Source};
use crate::numbers::{bytes, thousands};
use crate::output::{Message, Output};
use crate::package::Package;
use crate::table::fields;

/// Arguments of `nilo verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo verify row0.proof --model package
  nilo verify row0.proof --model package --input rows.npy:0 --output expected.json

Without --input and --output, what the proof is about is shown, and it is verified to be so. A proof is checked
against the package's program, never against anything that the proof file says of itself.")]
pub struct VerifyArgs {
    /// The proof
    pub proof: PathBuf,
    /// The package of the model
    #[arg(short, long, value_name = "DIR")]
    pub model: PathBuf,
    /// The row that the proof must be about (.npy, .json, .csv), in natural units
    #[arg(short, long, value_name = "FILE[:ROW]")]
    pub input: Option<Source>,
    /// The output that the proof must be about: a file, or numbers such as 0.25,0.75; as `nilo run` shows
    /// them, values or exact integers
    #[arg(short, long, value_name = "FILE[:ROW]|NUMBERS", allow_hyphen_values = true)]
    pub output: Option<String>,
    /// The least security that is accepted: 96, 100 or 128 bits, `proven` or `conjectured`
    #[arg(long, value_name = "LEVEL", default_value = "proven-100")]
    pub security: Security,
}

/// A proof that is not about what it should be about.
#[derive(Debug, Error)]
pub enum AboutError {
    /// Another program.
    #[error("the proof is about the program {actual}, the package's is {expected}")]
    Program {
        /// The package's.
        expected: String,
        /// The proof's.
        actual: String,
    },
    /// Other lengths than the model's.
    #[error("the proof is about {actual} felts, the model has {expected} of input and output")]
    Length {
        /// The model's.
        expected: usize,
        /// The proof's.
        actual: usize,
    },
    /// A felt that is no integer of the model.
    #[error("felt {index} of the proof's output is {actual}, which no run of the model gives")]
    Felt {
        /// Its position.
        index: usize,
        /// What it is.
        actual: Felt,
    },
    /// Another input.
    #[error(
        "the proof is about another input: feature {feature} is {actual}, {expected} is wanted"
    )]
    Input {
        /// Its position.
        feature: usize,
        /// What the caller wants, as the model's integer.
        expected: i128,
        /// The proof's.
        actual: i128,
    },
    /// Another output.
    #[error("the proof is about another output: {actual}, wants {expected}")]
    Output {
        /// What the caller wants.
        expected: String,
        /// The proof's.
        actual: String,
    },
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
    security: String,
    security_bits: u32,
    proven_bits: u32,
    conjectured_bits: u32,
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
    let Checked { graph, integers, verified, load_ms, verify_ms } =
        check(&package, &bytes, args.security)?;
    let (input_int, output_int) = integers.split_at(graph.input_len());
    if let Some(source) = &args.input {
        check_input(&graph, source, input_int)?;
    }
    let answer = Answer::new(&Schema::of(&graph), 0, input_int, output_int)?;
    if let Some(wanted) = &args.output {
        check_output(&answer.outputs, wanted)?;
    }
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
        security: verified.security.to_string(),
        security_bits: verified.bits.of_kind(args.security.kind()),
        proven_bits: verified.bits.proven,
        conjectured_bits: verified.bits.conjectured,
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

/// A proof that holds for a package.
pub struct Checked {
    /// The package's model.
    pub graph: QuantGraph,
    /// What the proof is about: the row, then the results.
    pub integers: Vec<i128>,
    /// The proof's parameters.
    pub verified: Verified,
    /// Reading and hashing the model and the program, in milliseconds.
    pub load_ms: f64,
    /// Checking the proof, in milliseconds.
    pub verify_ms: f64,
}

/// Checks that a file proves some run of a package's program.
///
/// # Errors
/// The package is damaged, or the file is no such proof.
pub fn check(package: &Package, bytes: &[u8], security: Security) -> Result<Checked> {
    let start = Instant::now();
    let (graph, program) = package.model_and_program()?;
    let load_ms = start.elapsed().as_secs_f64() * 1e3;
    let file = ProofFile::from_bytes(bytes).map_err(VerifyError::from)?;
    let actual = hex::format(&VmFelt::from_bytes_be(&file.program_hash));
    if actual != package.manifest.program_hash {
        let expected = package.manifest.program_hash.clone();
        return Err(AboutError::Program { expected, actual }.into());
    }
    // The claim is this package's program with the row and the results that are then shown.
    let integers = integers(&graph, &file.output)?;
    let felts: Vec<VmFelt> = integers.iter().map(|&integer| VmFelt::from(integer)).collect();
    let claim = claim(&program, &felts)?;
    let start = Instant::now();
    let verified = verify_file(&claim, file, security)?;
    let verify_ms = start.elapsed().as_secs_f64() * 1e3;
    Ok(Checked { graph, integers, verified, load_ms, verify_ms })
}

/// The model's integers behind felts.
fn integers(graph: &QuantGraph, felts: &[Felt]) -> Result<Vec<i128>, AboutError> {
    let expected = graph.input_len() + graph.output_len();
    if felts.len() != expected {
        return Err(AboutError::Length { expected, actual: felts.len() });
    }
    let integer = |(index, felt): (usize, &Felt)| {
        signed(&VmFelt::from(felt)).ok_or(AboutError::Felt { index, actual: *felt })
    };
    felts.iter().enumerate().map(integer).collect()
}

fn check_input(graph: &QuantGraph, source: &Source, actual: &[i128]) -> Result<()> {
    let (_, values) = source.one_row(graph.input_len())?;
    let expected = graph.input.encode(&values)?;
    let mut pairs = expected.into_iter().zip(actual).enumerate();
    match pairs.find(|(_, (expected, actual))| expected != *actual) {
        Some((feature, (expected, &actual))) => {
            Err(AboutError::Input { feature, expected, actual }.into())
        }
        None => Ok(()),
    }
}

/// Numbers in a file or on the command line, against values or integers.
fn check_output(outputs: &[NamedOutput], wanted: &str) -> Result<()> {
    let numbers = |text: &str| -> Option<Vec<f64>> {
        let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
        inner.split(',').map(|number| number.trim().parse().ok()).collect()
    };
    let expected = match numbers(wanted) {
        Some(numbers) => numbers,
        None => {
            let Ok(source) = wanted.parse::<Source>();
            let rows = read(&source.path)?.any_rows()?;
            let row = source.row.unwrap_or(0);
            let n_rows = rows.len();
            rows.into_iter().nth(row).ok_or(crate::input::InputError::Row {
                path: source.path,
                row,
                rows: n_rows,
            })?
        }
    };
    let is = |actual: &[f64]| actual == expected.as_slice();
    let values = |labels: bool| -> Vec<f64> {
        let shown = outputs.iter().filter(|output| labels || !output.is_label);
        shown.flat_map(|output| output.values.iter().copied()).collect()
    };
    let integers: Vec<f64> = outputs
        .iter()
        .flat_map(|output| output.integers.iter())
        .map(|integer| integer.parse().unwrap_or(f64::NAN))
        .collect();
    if is(&values(false)) || is(&values(true)) || is(&integers) {
        return Ok(());
    }
    let text = |numbers: &[f64]| format!("{numbers:?}");
    Err(AboutError::Output { expected: text(&expected), actual: text(&values(true)) }.into())
}

impl Message for VerifyResult {
    fn text(&self) -> String {
        let mut text = format!(
            "{} the program below ran on this input and gave this output\n\n",
            style("valid").green().bold()
        );
        text += &self.answer.text();
        let shown: Vec<String> = self.input.iter().take(8).map(|value| value.to_string()).collect();
        let more = if self.input.len() > 8 { ", …" } else { "" };
        text += &fields([
            ("input", format!("{}{more}", shown.join(", "))),
            ("program", self.program_hash.clone()),
            ("model", self.model_hash.clone()),
            (
                "security",
                format!(
                    "{} bits proven, {} conjectured ({} queries, blowup {}, {} bits of grinding)",
                    self.proven_bits,
                    self.conjectured_bits,
                    self.queries,
                    self.blowup,
                    self.grinding_bits
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
        text
    }
}
