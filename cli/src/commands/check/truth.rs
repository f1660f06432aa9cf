//! What the caller says is right: outputs of another runtime, and true labels or values.

use anyhow::Result;
use nilometer_transpiler::decision::{arg_max, Decision};
use nilometer_transpiler::graph::{Graph, Labels, OutputKind};

use super::Row;
use crate::failure::UsageError;
use crate::input::Array;

/// Outputs of the float model as another runtime computed them.
pub enum Scores {
    /// Numbers of one output of the model.
    Numbers {
        /// Which output.
        output: usize,
        /// How many outputs there are.
        n_outputs: usize,
        /// A row of numbers a row.
        rows: Vec<Vec<f64>>,
        /// What the decision is made of.
        decision: Decision,
    },
    /// The label, as the index of its class.
    Labels(Vec<Option<usize>>),
}

impl Scores {
    /// Finds out what `array` shows: scores of the output of that length, or labels.
    ///
    /// # Errors
    /// It fits no output.
    pub fn new(array: &Array, float: &Graph, decision: Decision) -> Result<Self> {
        let rows = array.any_rows();
        let columns = rows.as_ref().map_or(1, |rows| rows[0].len());
        let is_match = |index: usize| {
            let output = &float.outputs[index];
            let numbers = matches!(output.kind, OutputKind::Numbers { .. });
            numbers && float.nodes[output.value].len == columns
        };
        let found = (0..float.outputs.len()).find(|&index| is_match(index));
        if let (Some(output), Ok(rows)) = (found, rows) {
            let n_outputs = float.outputs.len();
            return Ok(Self::Numbers { output, n_outputs, rows, decision });
        }
        if columns != 1 || decision == Decision::None {
            return Err(UsageError(format!(
                "{} has {columns} columns, and no output of the model has as many numbers",
                array.path().display()
            ))
            .into());
        }
        let names = Classes::of(float, decision);
        let labels = array.labels()?;
        Ok(Self::Labels(labels.iter().map(|label| names.index(label)).collect()))
    }

    /// The decision that a row's outputs make.
    pub fn decision(&self, row: usize) -> Option<usize> {
        match self {
            Self::Labels(labels) => labels[row],
            Self::Numbers { rows, decision, output, .. } => {
                match (decision, rows[row].as_slice()) {
                    (Decision::None, _) => None,
                    (Decision::Threshold { output: wanted, element, above }, numbers) => (wanted
                        == output)
                        .then(|| numbers.get(*element).map(|number| usize::from(number > above)))
                        .flatten(),
                    (_, [probability]) => Some(usize::from(*probability > 0.5)),
                    (_, scores) => Some(arg_max(scores)),
                }
            }
        }
    }

    /// Whether a class is decided on, or shares the largest score.
    pub fn agrees(&self, row: usize, class: usize) -> bool {
        if self.decision(row) == Some(class) {
            return true;
        }
        match self {
            Self::Numbers { decision: Decision::Threshold { .. }, .. } => false,
            Self::Numbers { rows, .. } if rows[row].len() > 1 => {
                let scores = &rows[row];
                scores.get(class).is_some_and(|score| *score == scores[arg_max(scores)])
            }
            _ => false,
        }
    }

    /// The numbers of each output; nothing for those that are not known.
    pub fn numbers(&self, row: usize) -> Vec<&[f64]> {
        match self {
            Self::Labels(_) => Vec::new(),
            Self::Numbers { output, n_outputs, rows, .. } => (0..*n_outputs)
                .map(|i| if i == *output { rows[row].as_slice() } else { &[] })
                .collect(),
        }
    }
}

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

/// The names of the classes that a model decides between.
struct Classes<'a>(Option<&'a Labels>, Option<String>);

impl<'a> Classes<'a> {
    fn of(float: &'a Graph, decision: Decision) -> Self {
        let kind = |output: usize| &float.outputs[output].kind;
        let labels = match decision {
            Decision::Label(output) | Decision::ArgMax(output) => match kind(output) {
                OutputKind::Label(labels) | OutputKind::Numbers { classes: Some(labels) } => {
                    Some(labels)
                }
                OutputKind::Numbers { classes: None } => None,
            },
            Decision::Probability(_) | Decision::Threshold { .. } | Decision::None => None,
        };
        let positive = match decision {
            Decision::Threshold { output, element, .. } => {
                let len = float.nodes[float.outputs[output].value].len;
                let own = float.outputs.iter().find_map(|other| match &other.kind {
                    OutputKind::Label(labels) if labels.len() == len => Some(labels),
                    _ => None,
                });
                let classes = match kind(output) {
                    OutputKind::Numbers { classes: Some(labels) } => Some(labels),
                    _ => own,
                };
                classes.map(|labels| labels.name(element))
            }
            _ => None,
        };
        Self(labels, positive)
    }

    /// The index of a label; its own number where classes have no names.
    fn index(&self, label: &str) -> Option<usize> {
        match (self.0, &self.1) {
            (Some(labels), _) => (0..labels.len()).find(|&index| labels.name(index) == label),
            // The class that the threshold is about, or another.
            (None, Some(positive)) => Some(usize::from(label == positive)),
            (None, None) => label.parse().ok(),
        }
    }
}

/// A class's name.
pub fn class_name(float: &Graph, decision: Decision, class: usize) -> String {
    match Classes::of(float, decision).0 {
        Some(labels) => labels.name(class),
        None => class.to_string(),
    }
}
