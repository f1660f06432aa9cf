//! `nilo verify`: whether a proof shows what a package's program gave for a row.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_air::cairo::Security;
use nilometer_package::check::{check, AboutError, Checked};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;
use serde_json::Value;

use crate::answer;
use crate::input::{read, Source};
use crate::output::{Message, Output};
use crate::table::fields;
use nilometer_package::answer::{Answer, NamedOutput};
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::Package;

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
    /// The least security that is accepted: 96, 100 or 128 bits, all proven
    #[arg(long, value_name = "LEVEL", default_value = "proven-100")]
    pub security: Security,
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
        text += &answer::text(&self.answer);
        let shown: Vec<String> = self.input.iter().take(8).map(|value| value.to_string()).collect();
        let more = if self.input.len() > 8 { ", …" } else { "" };
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
        text
    }
}
