//! The precisions that were tried: accuracy against cost.

use nilometer_transpiler::plan::Trial;
use serde::Serialize;

use crate::gas;
use crate::numbers::{percent, short, thousands};

/// One precision and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct TrialRow {
    /// Bits of the input's resolution.
    pub input_bits: u32,
    /// Bits of each dense layer's weights.
    pub weight_bits: Vec<u32>,
    /// Bits of each dense layer's input; none where it is left as it is.
    pub activation_bits: Vec<Option<u32>>,
    /// Rows that the integer model refuses.
    pub refused: usize,
    /// Share of the accepted rows whose decision is that of the float model.
    pub agreement: f64,
    /// The largest error of any number.
    pub max_abs_error: f64,
    /// The same as a share of the range of the float outputs.
    pub relative_error: f64,
    /// Estimated VM steps.
    pub steps: u64,
    /// Estimated L2 gas of the steps.
    pub l2_gas: u64,
    /// Rows of the trace.
    pub trace_rows: u64,
    /// Whether it keeps the budget, with room for rows that were not seen.
    pub accepted: bool,
}

/// The header of the table: bits, then what came of them.
pub const HEADER: [&str; 10] = [
    ">input",
    "weights",
    "activations",
    ">agreement",
    ">error",
    ">of range",
    ">steps",
    ">L2 gas",
    ">trace",
    "kept",
];

/// The trials, in the order that they were made.
pub fn rows(trials: &[Trial]) -> Vec<TrialRow> {
    let row = |trial: &Trial| TrialRow {
        input_bits: trial.input_bits,
        weight_bits: trial.weight_bits.clone(),
        activation_bits: trial.activation_bits.clone(),
        refused: trial.accuracy.refused,
        agreement: trial.accuracy.agreement,
        max_abs_error: trial.accuracy.max_abs_error,
        relative_error: trial.accuracy.relative_error,
        steps: trial.steps,
        l2_gas: trial.steps * gas::STEP,
        trace_rows: gas::trace_rows(trial.steps),
        accepted: trial.accepted,
    };
    trials.iter().map(row).collect()
}

/// The cells of a row of the table.
pub fn cells(row: &TrialRow) -> Vec<String> {
    let activations = row.activation_bits.iter();
    vec![
        row.input_bits.to_string(),
        join(row.weight_bits.iter().map(ToString::to_string)),
        join(activations.map(|bits| bits.map_or_else(|| "-".to_owned(), |bits| bits.to_string()))),
        percent(row.agreement),
        short(row.max_abs_error),
        format!("{:.2}%", row.relative_error * 100.0),
        thousands(row.steps),
        thousands(row.l2_gas),
        thousands(row.trace_rows),
        if row.accepted { "yes" } else { "no" }.to_owned(),
    ]
}

fn join(parts: impl Iterator<Item = String>) -> String {
    let joined = parts.collect::<Vec<_>>().join(" ");
    if joined.is_empty() {
        "-".to_owned()
    } else {
        joined
    }
}
