//! Choosing the precision: the fewest steps that keep the accuracy budget on the calibration rows.

mod accuracy;
mod recipe;
mod search;
mod spec;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::lower::FeatureMode;
use super::{Encoding, LowerError, Precision, QuantGraph};
use crate::decision::Decision;
use crate::eval::EvalError;
use crate::graph::{Graph, Op};
use search::Search;

pub use accuracy::{compare, Accuracy};
pub use recipe::{Recipe, RecipeError};

/// What to quantise for.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanOptions {
    /// How tree features are passed.
    pub features: FeatureMode,
    /// The share of rows whose decision may change; for models that predict numbers, the largest
    /// error as a share of the outputs' range.
    pub max_loss: f64,
    /// The declared range is the calibrated one widened on each side by this many times its span.
    pub margin: f64,
    /// The declared range of every feature, in place of a calibrated one.
    pub input_range: Option<(f64, f64)>,
    /// Bits of weights and activations everywhere, in place of a search.
    pub bits: Option<u32>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            features: FeatureMode::Exact,
            max_loss: 0.005,
            margin: 1.0,
            input_range: None,
            bits: None,
        }
    }
}

/// Rows that look like those the model will meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// The rows, in natural units.
    pub rows: Vec<Vec<f64>>,
}

/// Where the declared input range comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeSource {
    /// Calibration rows, widened.
    Calibration,
    /// The caller's word.
    Given,
    /// A wide default for standardised features.
    Default,
    /// Every value of the input's type: the model only compares.
    Everything,
}

/// Precisions tried uniformly.
const UNIFORM_BITS: std::ops::RangeInclusive<u32> = 5..=16;

/// One precision and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Bits of the input's resolution.
    pub input_bits: u32,
    /// Bits of each dense layer's weights.
    pub weight_bits: Vec<u32>,
    /// Bits that each dense layer's input is rescaled to.
    pub activation_bits: Vec<Option<u32>>,
    /// How it did on the calibration rows.
    pub accuracy: Accuracy,
    /// VM steps, estimated.
    pub steps: u64,
    /// Whether it keeps the budget.
    pub accepted: bool,
}

/// A quantised model and how it came to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The integer model.
    pub graph: QuantGraph,
    /// Its precision.
    pub precision: Precision,
    /// Where the declared range comes from.
    pub range_source: RangeSource,
    /// The uniform precisions tried, and the one chosen, last.
    pub trials: Vec<Trial>,
    /// Agreement on the calibration rows.
    pub accuracy: Accuracy,
    /// How decisions are counted.
    pub decision: Decision,
}

/// Why there is no plan.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum PlanError {
    /// The graph has no integer form.
    #[error(transparent)]
    Lower(#[from] LowerError),
    /// The float model cannot be run on a calibration row.
    #[error("calibration row {row}: {source}")]
    Calibration {
        /// The row's index.
        row: usize,
        /// What is wrong with it.
        source: EvalError,
    },
    /// No calibration row at all.
    #[error("the calibration data has no rows")]
    NoRows,
    /// A declared range that is empty or not finite.
    #[error("the declared input range [{lo}, {hi}] is empty or not finite")]
    InputRange {
        /// Its lower end.
        lo: f64,
        /// Its upper end.
        hi: f64,
    },
    /// No precision keeps the accuracy budget.
    #[error("no precision up to {bits} bits keeps the accuracy budget of {max_loss}")]
    Accuracy {
        /// The most bits tried.
        bits: u32,
        /// The budget.
        max_loss: f64,
        /// What was tried.
        trials: Vec<Trial>,
    },
}

/// Quantises `graph` at the precision that takes the fewest steps within the accuracy budget.
///
/// # Errors
/// See [`PlanError`].
pub fn plan(
    graph: &Graph,
    calibration: Option<&Calibration>,
    options: &PlanOptions,
) -> Result<Plan, PlanError> {
    let (spec, mut range_source) = spec::input_spec(graph, calibration, options)?;
    let synthetic;
    let rows = match calibration {
        Some(calibration) => &calibration.rows,
        None => {
            synthetic = spec::synthetic_rows(graph.input.len, &spec.typical);
            &synthetic
        }
    };
    let search = Search::new(graph, spec, rows, options)?;
    let layers = graph.nodes.iter().filter(|node| matches!(node.op, Op::Dense { .. })).count();
    if !search.has_choices() {
        // Nothing but comparisons: there is one integer form and it is exact.
        let (graph, trial) = search.trial(&Precision::uniform(16, layers), rows.len())?;
        if matches!(graph.input.encoding, Encoding::Ordered { .. }) {
            range_source = RangeSource::Everything;
        }
        return search.finish(graph, Precision::uniform(16, layers), vec![trial], range_source);
    }
    if let Some(bits) = options.bits {
        let precision = Precision::uniform(bits, layers);
        let (graph, trial) = search.trial(&precision, rows.len())?;
        return search.finish(graph, precision, vec![trial], range_source);
    }
    let (mut precision, mut trials) = search.uniform(layers)?;
    loop {
        precision = search.refine(precision)?;
        // The search may have looked at some of the rows only.
        let (graph, trial) = search.trial(&precision, rows.len())?;
        if trial.accepted {
            trials.push(trial);
            return search.finish(graph, precision, trials, range_source);
        }
        let most = *UNIFORM_BITS.end();
        if precision.weight_bits.iter().all(|&bits| bits >= most) {
            return Err(search.failed(trials));
        }
        raise(&mut precision, most);
    }
}

fn raise(precision: &mut Precision, most: u32) {
    let up = |bits: &mut u32| *bits = (*bits + 1).min(most);
    up(&mut precision.input_bits);
    precision.weight_bits.iter_mut().for_each(up);
    precision.activation_bits.iter_mut().flatten().for_each(up);
    precision.table_bits += 1;
}
