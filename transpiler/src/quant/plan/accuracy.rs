//! How the integer model compares with the float model.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::super::QuantGraph;
use crate::decision::Decision;
use crate::graph::OutputKind;

/// Agreement with the float model over some rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// Rows compared.
    pub rows: usize,
    /// Rows whose decision differs.
    pub flips: usize,
    /// Share of rows whose decision is the same; 1 where nothing is decided.
    pub agreement: f64,
    /// The largest difference of any number in any row.
    pub max_abs_error: f64,
    /// The same as a share of the range that the float outputs take over the rows.
    pub relative_error: f64,
}

/// Compares the integer model with the float model's outputs, row by row. Rows that the integer
/// model refuses count as flips.
pub fn compare(
    graph: &QuantGraph,
    decision: Decision,
    rows: &[Vec<f64>],
    expected: &[Vec<Vec<f64>>],
) -> Accuracy {
    let numbers: Vec<usize> = graph
        .outputs
        .iter()
        .enumerate()
        .filter(|(_, output)| matches!(output.kind, OutputKind::Numbers { .. }))
        .map(|(i, _)| i)
        .collect();
    let (flips, max_abs_error) = rows
        .par_iter()
        .zip(expected)
        .map(|(row, expected)| {
            let Ok(prediction) = graph.predict(row) else { return (1, 0.0) };
            let flip = decision.decide(&prediction.outputs) != decision.decide(expected);
            let error = numbers
                .iter()
                .flat_map(|&i| prediction.outputs[i].iter().zip(&expected[i]))
                .fold(0.0f64, |worst, (a, b)| worst.max((a - b).abs()));
            (usize::from(flip), error)
        })
        .reduce(|| (0, 0.0), |a, b| (a.0 + b.0, f64::max(a.1, b.1)));
    let (lo, hi) = expected
        .iter()
        .flat_map(|outputs| numbers.iter().flat_map(|&i| &outputs[i]))
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), &x| (lo.min(x), hi.max(x)));
    let span = if hi > lo { hi - lo } else { 1.0 };
    Accuracy {
        rows: rows.len(),
        flips,
        agreement: 1.0 - flips as f64 / rows.len().max(1) as f64,
        max_abs_error,
        relative_error: max_abs_error / span,
    }
}
