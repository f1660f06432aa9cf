//! How the integer model compares with the float model.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::graph::OutputKind;
use crate::quant::QuantGraph;

/// Agreement with the float model over some rows. Rows that are refused and rows that are decided
/// differently are counted apart: the first never get an answer, the second get another one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Rows compared.
    pub rows: usize,
    /// Rows that the integer model refuses.
    pub refused: usize,
    /// Accepted rows whose decision differs.
    pub flips: usize,
    /// Share of the accepted rows whose decision is the same; 1 where nothing is decided, 0 where no
    /// row is accepted.
    pub agreement: f64,
    /// The largest difference of any number in any accepted row.
    pub max_abs_error: f64,
    /// The largest difference as a share of the range that the float outputs take over the rows: each
    /// number's own range where the model predicts numbers, each output's where it decides.
    pub relative_error: f64,
}

impl Accuracy {
    /// The share of rows that get no answer or another one.
    pub fn loss(&self) -> f64 {
        (self.refused + self.flips) as f64 / self.rows.max(1) as f64
    }
}

/// An output that moves by less than this share of its magnitude is measured by its magnitude: its
/// range over the rows says nothing.
const STILL: f64 = 1e-3;

/// What errors are measured against: for each output, each number's range, or the output's.
pub(super) fn spans(
    graph: &QuantGraph,
    decision: Decision,
    expected: &[Vec<Vec<f64>>],
) -> Vec<Vec<f64>> {
    let range = |values: &mut dyn Iterator<Item = f64>| {
        let finite = values.filter(|x| x.is_finite());
        let (lo, hi) =
            finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(x), hi.max(x)));
        let magnitude = lo.abs().max(hi.abs());
        match hi - lo {
            span if span > STILL * magnitude => span,
            _ if magnitude > 0.0 && magnitude.is_finite() => magnitude,
            _ => 1.0,
        }
    };
    graph
        .outputs
        .iter()
        .enumerate()
        .map(|(i, output)| {
            let len = graph.nodes[output.value].ranges.len();
            if matches!(output.kind, OutputKind::Label(_)) || graph.is_index(output.value) {
                return Vec::new();
            }
            if decision.measures_each_number() {
                let own = |j| range(&mut expected.iter().map(|outputs| outputs[i][j]));
                (0..len).map(own).collect()
            } else {
                let joint = range(&mut expected.iter().flat_map(|o| o[i].iter().copied()));
                vec![joint; len]
            }
        })
        .collect()
}

/// Compares the integer model with the float model's outputs, row by row.
pub fn compare(
    graph: &QuantGraph,
    decision: Decision,
    rows: &[Vec<f64>],
    expected: &[Vec<Vec<f64>>],
) -> Accuracy {
    compare_within(graph, decision, rows, expected, &spans(graph, decision, expected))
}

/// [`compare`] where the outputs' ranges are known.
pub(super) fn compare_within(
    graph: &QuantGraph,
    decision: Decision,
    rows: &[Vec<f64>],
    expected: &[Vec<Vec<f64>>],
    spans: &[Vec<f64>],
) -> Accuracy {
    let none = (0, 0, 0.0, 0.0);
    let (refused, flips, max_abs_error, relative_error) = rows
        .par_iter()
        .zip(expected)
        .map(|(row, expected)| {
            let Ok(prediction) = graph.predict(row) else { return (1, 0, 0.0, 0.0) };
            let flip = decision.decide(&prediction.outputs) != decision.decide(expected);
            let (mut worst, mut share) = (0.0f64, 0.0f64);
            for ((actual, expected), spans) in prediction.outputs.iter().zip(expected).zip(spans) {
                for ((a, b), span) in actual.iter().zip(expected).zip(spans) {
                    // Infinity less infinity, where the float model overflowed.
                    let error = (a - b).abs();
                    let error = if error.is_nan() { f64::INFINITY } else { error };
                    worst = worst.max(error);
                    share = share.max(error / span);
                }
            }
            (0, usize::from(flip), worst, share)
        })
        .reduce(|| none, |a, b| (a.0 + b.0, a.1 + b.1, f64::max(a.2, b.2), f64::max(a.3, b.3)));
    let accepted = rows.len() - refused;
    let agreement = if accepted == 0 { 0.0 } else { (accepted - flips) as f64 / accepted as f64 };
    Accuracy { rows: rows.len(), refused, flips, agreement, max_abs_error, relative_error }
}
