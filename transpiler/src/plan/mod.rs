//! Choosing the precision and the shape of the code: the fewest steps that keep the accuracy budget on the
//! calibration rows.

mod accuracy;
mod recipe;
mod search;
mod shape;
mod spec;
mod warnings;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::decision::Decision;
use crate::eval::EvalError;
use crate::graph::{Graph, Op};
use crate::quant::{EncodeError, Encoding, FeatureMode, LowerError, Precision, QuantGraph};
use search::Search;

pub use accuracy::{compare, Accuracy};
pub use recipe::{Recipe, RecipeError};
pub use shape::{choose_shapes, fits_class};
pub use warnings::Warning;

/// What to quantise for.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanOptions {
    /// How tree features are passed.
    pub features: FeatureMode,
    /// The share of rows that may be refused or decided differently; for models that predict numbers,
    /// also the largest error as a share of the number's range.
    pub max_loss: f64,
    /// The declared range is the calibrated one widened on each side by this many times its span.
    pub margin: f64,
    /// The declared range of every feature, in place of a calibrated one.
    pub input_range: Option<(f64, f64)>,
    /// Bits of weights and activations everywhere, in place of a search.
    pub bits: Option<u32>,
    /// What is decided, in place of what the graph's outputs say ([`Decision::of`]).
    pub decision: Option<Decision>,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            features: FeatureMode::Exact,
            max_loss: 0.005,
            margin: 1.0,
            input_range: None,
            bits: None,
            decision: None,
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
    /// What makes it again from the float graph: precision, ranges, observed magnitudes.
    pub recipe: Recipe,
    /// Where the declared range comes from.
    pub range_source: RangeSource,
    /// The uniform precisions tried, and the one chosen, last.
    pub trials: Vec<Trial>,
    /// Agreement on the calibration rows.
    pub accuracy: Accuracy,
    /// How decisions are counted.
    pub decision: Decision,
    /// Why the calibration rows may not show how accurate the model is.
    pub warnings: Vec<Warning>,
}

/// Why a model cannot be planned.
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
    /// More calibration rows are refused than the accuracy budget allows, whatever the precision.
    #[error(
        "{refused} of {rows} calibration rows are refused and the accuracy budget of {max_loss} \
         allows {allowed}; row {row}: {source}"
    )]
    Refused {
        /// Rows refused.
        refused: usize,
        /// Rows given.
        rows: usize,
        /// The budget.
        max_loss: f64,
        /// The rows that it allows.
        allowed: usize,
        /// The first that is refused.
        row: usize,
        /// Why.
        source: EncodeError,
    },
    /// No precision that was tried keeps the accuracy budget.
    #[error("{}", missed(trials, *max_loss))]
    Accuracy {
        /// The most bits tried.
        bits: u32,
        /// The budget.
        max_loss: f64,
        /// What was tried.
        trials: Vec<Trial>,
    },
}

/// What the best trial missed the budget by.
fn missed(trials: &[Trial], max_loss: f64) -> String {
    let best = trials.iter().map(|trial| &trial.accuracy).min_by(|a, b| {
        a.loss().total_cmp(&b.loss()).then(a.relative_error.total_cmp(&b.relative_error))
    });
    let bits = trials.iter().flat_map(|trial| &trial.weight_bits).max();
    let tried = match bits {
        Some(bits) => format!("no precision up to {bits} bits keeps"),
        None => "the integer model does not keep".to_owned(),
    };
    let found = best.map_or_else(String::new, |best| {
        format!(
            ": of {} rows {} are refused and {} are decided differently; the largest error is \
             {:.3}% of the outputs' range",
            best.rows,
            best.refused,
            best.flips,
            best.relative_error * 100.0
        )
    });
    format!("{tried} the accuracy budget of {max_loss}{found}")
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
    let (spec, range_source) = spec::input_spec(graph, calibration, options)?;
    let synthetic;
    let rows = match calibration {
        Some(calibration) => &calibration.rows,
        None => {
            synthetic = spec::synthetic_rows(graph, &spec.typical);
            &synthetic
        }
    };
    let search = Search::new(graph, spec, rows, options, calibration.is_some())?;
    let layers = graph.nodes.iter().filter(|node| matches!(node.op, Op::Dense { .. })).count();
    let fixed = match options.bits {
        // Nothing but comparisons: there is one integer form.
        _ if !search.has_choices() => Some(*UNIFORM_BITS.end()),
        bits => bits,
    };
    let (precision, trials) = match fixed {
        Some(bits) => {
            let precision = Precision::uniform(bits, layers);
            let trial = search.trial(&precision, rows.len())?;
            (precision, vec![trial])
        }
        None => search.cheapest(layers)?,
    };
    let plan = search.finish(precision, trials, range_source)?;
    Ok(match plan.graph.input.encoding {
        Encoding::Ordered { .. } => Plan { range_source: RangeSource::Everything, ..plan },
        Encoding::Fixed { .. } => plan,
    })
}
