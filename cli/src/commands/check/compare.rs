//! Decisions and errors of the integer model against other outputs.

use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::graph::{Graph, OutputKind};
use serde::Serialize;

use super::classes::class_name;
use super::scores::Scores;
use super::Row;
use crate::numbers::or_dash;

/// Agreement over all rows.
pub struct Comparison {
    /// Share of rows whose decision is the same; none where nothing is decided.
    pub agreement: Option<f64>,
    /// The largest difference of any number.
    pub max_abs_error: f64,
    /// The same as a share of the numbers' range.
    pub relative_error: f64,
    /// The rows whose decision differs, or that are refused.
    pub flips: Vec<Flip>,
}

/// A row whose decision differs.
#[derive(Clone, Debug, Serialize)]
pub struct Flip {
    /// Its number.
    pub row: usize,
    /// The decision that is wanted.
    pub expected: Option<String>,
    /// The integer model's.
    pub actual: Option<String>,
    /// How far apart the float model's two best scores are, where it has scores.
    pub margin: Option<f64>,
    /// Why the row was refused, if it was.
    pub refused: Option<String>,
}

impl Flip {
    /// The cells of a row of a table.
    pub fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let actual = match &self.refused {
            Some(reason) => format!("refused: {reason}"),
            None => text(&self.actual),
        };
        vec![self.row.to_string(), text(&self.expected), actual, or_dash(self.margin)]
    }
}

impl Comparison {
    /// Compares with `scores`, or else with the float model's outputs.
    pub fn new(float: &Graph, decision: Decision, rows: &[Row], scores: Option<&Scores>) -> Self {
        let decides = decision != Decision::None && scores.is_none_or(Scores::decides);
        let mut flips = Vec::new();
        let mut worst = 0.0_f64;
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        for (index, row) in rows.iter().enumerate() {
            let (expected, numbers) = match scores {
                Some(scores) => (scores.decision(index), scores.numbers_of(index)),
                None => (decision.decide(&row.float), numbers(float, &row.float)),
            };
            for number in numbers.iter().copied().flatten() {
                (lo, hi) = (lo.min(*number), hi.max(*number));
            }
            let fixed = row.fixed.as_ref().ok();
            let actual = fixed.and_then(|outputs| decision.decide(outputs));
            for (output, wanted) in numbers.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
                let Some(outputs) = fixed else { continue };
                for (a, b) in outputs[output].iter().zip(*wanted) {
                    worst = worst.max((a - b).abs());
                }
            }
            let agrees = match (actual, scores) {
                _ if !decides => fixed.is_some(),
                // Several classes may share the largest score.
                (Some(actual), Some(scores)) => scores.agrees(index, actual),
                (actual, _) => actual == expected && actual.is_some(),
            };
            if !agrees {
                let name = |class: usize| class_name(float, decision, class);
                flips.push(Flip {
                    row: index,
                    expected: expected.map(name),
                    actual: actual.map(name),
                    margin: margin(decision, float, &row.float),
                    refused: row.fixed.as_ref().err().cloned(),
                });
            }
        }
        let span = if hi > lo { hi - lo } else { 1.0 };
        let share = 1.0 - flips.len() as f64 / rows.len().max(1) as f64;
        Self {
            agreement: decides.then_some(share),
            max_abs_error: worst,
            relative_error: worst / span,
            flips,
        }
    }
}

/// The numbers of each output; nothing for labels.
fn numbers<'a>(float: &Graph, outputs: &'a [Vec<f64>]) -> Vec<&'a [f64]> {
    let numbers = |(output, values): (&nilometer_transpiler::graph::Output, &'a Vec<f64>)| {
        match output.kind {
            OutputKind::Numbers { .. } => values.as_slice(),
            OutputKind::Label(_) => &[],
        }
    };
    float.outputs.iter().zip(outputs).map(numbers).collect()
}

/// How close the float model's decision was.
fn margin(decision: Decision, float: &Graph, outputs: &[Vec<f64>]) -> Option<f64> {
    let scores = match decision {
        Decision::ArgMax(output) => outputs[output].clone(),
        Decision::Probability(output) => return Some((outputs[output][0] - 0.5).abs()),
        Decision::Label(_) => numbers(float, outputs).into_iter().find(|n| n.len() > 1)?.to_vec(),
        Decision::None => return None,
    };
    let mut sorted = scores;
    sorted.sort_by(f64::total_cmp);
    match sorted.as_slice() {
        [.., second, first] => Some(first - second),
        _ => None,
    }
}
