//! A proof that a package's program gave its output for a row.

use std::collections::BTreeMap;
use std::time::Instant;

use anyhow::Result;
use nilometer_cairo::RunOptions;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;
use serde_json::Value;

use super::ProveArgs;
use crate::answer;
use crate::input::{Columns, Source};
use crate::output::{Message, Output};
use crate::proving;
use crate::table::fields;
use nilometer_package::answer::Answer;
use nilometer_package::numbers::{bytes, counts, thousands};
use nilometer_package::proving::Plan;
use nilometer_package::vm;
use nilometer_package::Package;

/// The command's result.
#[derive(Serialize)]
struct ProveResult {
    of: &'static str,
    proof: String,
    model_hash: String,
    program_hash: String,
    outputs: Vec<f64>,
    outputs_int: Vec<String>,
    label: Option<Value>,
    #[serde(skip)]
    answer: Answer,
    steps: usize,
    rows: usize,
    builtins: BTreeMap<&'static str, usize>,
    /// The run, and filling the trace.
    trace_ms: f64,
    /// The rest of the proof.
    prove_ms: f64,
    /// From the start of the command.
    total_ms: f64,
    phases_ms: BTreeMap<&'static str, f64>,
    estimated_peak_bytes: u64,
    peak_rss_bytes: Option<u64>,
    proof_bytes: usize,
    security: String,
    security_bits: u32,
}

/// Proves.
///
/// # Errors
/// The package or the row is refused, the run fails, the proof takes too much memory, or the file
/// cannot be written.
pub fn run(args: &ProveArgs, input: &Source, output: &Output) -> Result<u8> {
    let start = Instant::now();
    let package = Package::open(&args.package)?;
    let (graph, program) = package.model_and_program()?;
    let (row, values) = input.one_row(&Columns::of(&graph.input), &args.read.reader(output))?;

    let run_start = Instant::now();
    let options = RunOptions { max_steps: Some(args.max_steps), trace: true };
    let (row_run, run) = vm::run_whole(&program, &graph, &values, &options)?;
    let plan = Plan::of(&row_run, args.security)?;
    let run_time = run_start.elapsed();
    output.note(&format!(
        "{} steps, {} rows: the proof takes up to {} of memory",
        thousands(run.steps),
        thousands(plan.rows),
        bytes(plan.peak_bytes as usize)
    ));
    plan.check(args.max_memory.map(|size| size.0))?;
    let proved = proving::prove(&program, &run, args.security)?;
    let file = proved.file.to_bytes();
    nilometer_package::folder::write_whole(&args.output, &file)?;

    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let filling = proved.phases.get("trace").copied().unwrap_or_default();
    let answer = row_run.answer(&Schema::of(&graph), row)?;
    output.result(&ProveResult {
        of: "program",
        proof: args.output.display().to_string(),
        model_hash: package.manifest.model_hash.clone(),
        program_hash: package.manifest.program_hash.clone(),
        outputs: answer.numbers(|output| &output.values),
        outputs_int: answer.numbers(|output| &output.integers),
        label: answer.label.clone(),
        answer,
        steps: run.steps,
        rows: plan.rows,
        builtins: row_run.builtin_counts(),
        trace_ms: ms(run_time + filling),
        prove_ms: ms(proved.time - filling),
        total_ms: ms(start.elapsed()),
        phases_ms: proved.phases.iter().map(|(phase, time)| (*phase, ms(*time))).collect(),
        estimated_peak_bytes: plan.peak_bytes,
        peak_rss_bytes: proving::peak_rss_bytes(),
        proof_bytes: file.len(),
        security: args.security.to_string(),
        security_bits: proved.bits,
    })?;
    Ok(0)
}

impl Message for ProveResult {
    fn text(&self) -> String {
        let mut text = answer::text(&self.answer);
        text += &fields([
            ("steps", format!("{} in {} rows", thousands(self.steps), thousands(self.rows))),
            ("builtins", counts(&self.builtins)),
            ("trace", format!("{:.0} ms", self.trace_ms)),
            ("prove", format!("{:.0} ms", self.prove_ms)),
            ("memory", self.peak_rss_bytes.map_or("?".to_owned(), |peak| bytes(peak as usize))),
            ("security", format!("{} ({} bits reached)", self.security, self.security_bits)),
            ("program", self.program_hash.clone()),
            ("proof", format!("{} ({})", self.proof, bytes(self.proof_bytes))),
        ]);
        text
    }
}
