//! What the caller says is right: true labels, or true values.

use anyhow::Result;
use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::graph::Graph;

use super::classes::Classes;
use super::Row;
use crate::input::Array;

/// True labels, or true values.
pub enum Truth {
    /// The class of each row; none if the model does not know it.
    Labels(Vec<Option<usize>>),
    /// The value of each row.
    Values(Vec<f64>),
}

/// How good a model is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Score {
    /// Share of rows whose label is right.
    pub accuracy: Option<f64>,
    /// Share of the values' variance that is explained.
    pub r2: Option<f64>,
}

impl Truth {
    /// Reads labels for a model that decides, values for one that does not.
    ///
    /// # Errors
    /// More than one column, or text where values are wanted.
    pub fn new(array: &Array, float: &Graph, decision: Decision) -> Result<Self> {
        if decision == Decision::None {
            return Ok(Self::Values(array.targets()?));
        }
        let names = Classes::of(float, decision);
        Ok(Self::Labels(array.labels()?.iter().map(|label| names.index(label)).collect()))
    }

    /// How good the outputs that `values` picks of each row are; refused rows are wrong.
    pub fn score(
        &self,
        rows: &[Row],
        decision: Decision,
        values: &dyn Fn(&Row) -> Option<Vec<Vec<f64>>>,
    ) -> Score {
        match self {
            Self::Labels(labels) => {
                let is_right = |(row, label): &(&Row, &Option<usize>)| {
                    let decided = values(row).and_then(|outputs| decision.decide(&outputs));
                    decided.is_some() && decided == **label
                };
                let right = rows.iter().zip(labels).filter(is_right).count();
                Score { accuracy: Some(right as f64 / rows.len().max(1) as f64), r2: None }
            }
            Self::Values(targets) => {
                let mean = targets.iter().sum::<f64>() / targets.len().max(1) as f64;
                let total: f64 = targets.iter().map(|target| (target - mean).powi(2)).sum();
                let predicted: Option<Vec<f64>> =
                    rows.iter().map(|row| values(row)?.first()?.first().copied()).collect();
                let r2 = predicted.filter(|_| total > 0.0).map(|predicted| {
                    let pairs = predicted.iter().zip(targets);
                    1.0 - pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>() / total
                });
                Score { accuracy: None, r2 }
            }
        }
    }
}
