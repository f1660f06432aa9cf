//! What calibration rows cannot show, said with numbers.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::graph::{Graph, Op, OutputKind};

/// Fewer different rows than this say little about any budget.
const FEW_ROWS: usize = 16;
/// An output that moves by less than this share of its magnitude stands still.
const STILL: f64 = 1e-3;
/// An output of a smaller magnitude than this is near 0.
const NEAR_ZERO: f64 = 1e-6;
/// Scaled features further out than this are on another scale than the model's.
const FAR_OUT: f64 = 10.0;

/// A reason why the accuracy on the calibration rows may not carry over to others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "snake_case")]
pub enum Warning {
    /// Few rows that differ.
    FewRows {
        /// Rows given.
        rows: usize,
        /// Rows that differ from one another.
        distinct: usize,
    },
    /// The float model decides every row the same way.
    OneClass {
        /// Rows given.
        rows: usize,
        /// The index of the class.
        class: usize,
    },
    /// Features with the same value in every row.
    ConstantFeatures {
        /// How many.
        count: usize,
        /// How many features there are.
        features: usize,
        /// The first of them.
        first: usize,
    },
    /// A number that hardly moves, or is near 0, in every row.
    StillOutput {
        /// The output's name.
        output: String,
        /// The number's index.
        index: usize,
        /// Its smallest and its largest value.
        lo: f64,
        /// Its largest value.
        hi: f64,
    },
    /// Rows that the model's own scaler maps far away.
    OtherScale {
        /// How many rows.
        rows: usize,
        /// Rows given.
        of: usize,
        /// The feature that is furthest out.
        feature: usize,
        /// Its value behind the scaler.
        scaled: f64,
    },
}

impl Warning {
    /// Whether the rows say so little that few bits must not be trusted.
    pub fn needs_floor(&self) -> bool {
        match self {
            Self::FewRows { .. } | Self::OneClass { .. } | Self::StillOutput { .. } => true,
            Self::ConstantFeatures { count, features, .. } => count == features,
            Self::OtherScale { .. } => false,
        }
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FewRows { rows, distinct } => write!(
                f,
                "{distinct} of {rows} calibration rows differ from one another: too few to show \
                 how accurate other rows are"
            ),
            Self::OneClass { rows, class } => write!(
                f,
                "the model decides all {rows} calibration rows the same way (class {class}): \
                 agreement on them says little about other classes"
            ),
            Self::ConstantFeatures { count, features, first } => write!(
                f,
                "{count} of {features} features have one value in all calibration rows (the first \
                 is feature {first}): their range is a guess"
            ),
            Self::StillOutput { output, index, lo, hi } => write!(
                f,
                "number {index} of output `{output}` stays from {lo} to {hi} on the calibration \
                 rows: errors are measured against its magnitude"
            ),
            Self::OtherScale { rows, of, feature, scaled } => write!(
                f,
                "{rows} of {of} calibration rows are on another scale than the model's own scaler \
                 expects (feature {feature} becomes {scaled:.1}): rows on the right scale may be \
                 refused"
            ),
        }
    }
}

/// Looks at the rows and at every float value that they give.
pub(super) fn warnings(
    graph: &Graph,
    decision: Decision,
    rows: &[Vec<f64>],
    expected: &[Vec<Vec<f64>>],
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let distinct: HashSet<Vec<u64>> =
        rows.iter().map(|row| row.iter().map(|x| x.to_bits()).collect()).collect();
    if distinct.len() < FEW_ROWS || distinct.len() * 2 < rows.len() {
        warnings.push(Warning::FewRows { rows: rows.len(), distinct: distinct.len() });
    }
    let mut decisions = expected.iter().map(|outputs| decision.decide(outputs));
    if let Some(Some(class)) = decisions.next() {
        if rows.len() > 1 && decisions.all(|other| other == Some(class)) {
            warnings.push(Warning::OneClass { rows: rows.len(), class });
        }
    }
    let features = graph.input.len;
    let still = |&i: &usize| rows.iter().all(|row| row[i].to_bits() == rows[0][i].to_bits());
    let constant: Vec<usize> = (0..features).filter(still).collect();
    if let (Some(&first), true) = (constant.first(), rows.len() > 1) {
        warnings.push(Warning::ConstantFeatures { count: constant.len(), features, first });
    }
    if rows.len() > 1 && decision == Decision::None {
        warnings.extend(still_output(graph, expected));
    }
    warnings.extend(other_scale(graph, rows));
    warnings
}

/// The first number that hardly moves.
fn still_output(graph: &Graph, expected: &[Vec<Vec<f64>>]) -> Option<Warning> {
    let numbers = graph.outputs.iter().enumerate();
    for (i, output) in numbers.filter(|(_, o)| matches!(o.kind, OutputKind::Numbers { .. })) {
        for index in 0..graph.nodes[output.value].len {
            let (lo, hi) = expected
                .iter()
                .map(|outputs| outputs[i][index])
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), x| (lo.min(x), hi.max(x)));
            let magnitude = lo.abs().max(hi.abs());
            if hi - lo <= STILL * magnitude || magnitude < NEAR_ZERO {
                return Some(Warning::StillOutput { output: output.name.clone(), index, lo, hi });
            }
        }
    }
    None
}

/// Rows that a scaler right behind the input maps far away from 0.
fn other_scale(graph: &Graph, rows: &[Vec<f64>]) -> Option<Warning> {
    let (offset, scale) = graph.nodes.iter().find_map(|node| match &node.op {
        Op::Scaler { offset, scale } if node.inputs == [0] => Some((offset, scale)),
        _ => None,
    })?;
    let furthest =
        |row: &Vec<f64>| {
            let scaled = row.iter().zip(offset).zip(scale).map(|((x, o), s)| (x - o) * s);
            scaled.enumerate().fold((0, 0.0f64), |worst, (i, z)| {
                if z.abs() > worst.1.abs() {
                    (i, z)
                } else {
                    worst
                }
            })
        };
    let far: Vec<(usize, f64)> =
        rows.iter().map(furthest).filter(|(_, z)| z.abs() > FAR_OUT).collect();
    if far.len() * 2 <= rows.len() {
        return None;
    }
    let &(feature, scaled) = far.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    Some(Warning::OtherScale { rows: far.len(), of: rows.len(), feature, scaled })
}
