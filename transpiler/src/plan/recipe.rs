//! Everything that decides an integer model besides its float model, written down.
//!
//! A plan is found by looking at calibration rows. A recipe is what was found: with it anyone makes the same integer
//! model again, without the rows and without a search.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::graph::{Graph, Op};
use crate::quant::{lower, FeatureMode, InputSpec, LowerError, Precision, QuantGraph};

/// The most bits of weights and activations, and of tables, that a recipe may name.
const MAX_BITS: u32 = 24;
const MAX_TABLE_BITS: u32 = 32;

/// How a float model was made an integer model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Whether tree features are passed as order-preserving integers.
    exact_features: bool,
    /// The declared range of each feature, in natural units; runs of equal ones together.
    declared: Vec<Run<(f64, f64)>>,
    /// The span that each feature takes in practice, for its resolution.
    typical: Vec<Run<(f64, f64)>>,
    /// Bits that the span of an input feature takes.
    input_bits: u32,
    /// Signed bits of each dense layer's weights.
    weight_bits: Vec<u32>,
    /// Bits that each dense layer's input is rescaled to.
    activation_bits: Vec<Option<u32>>,
    /// Fractional bits of table inputs and outputs.
    table_bits: u32,
    /// The largest magnitude of each float node over the calibration rows.
    observed: Vec<f64>,
}

/// How many values are alike, and which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Run<T>(usize, T);

/// A recipe that is not one for a float model.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum RecipeError {
    /// It is for a model of another form.
    #[error("the recipe is for another model: it has {actual} {what}, the model has {expected}")]
    Form {
        /// What is counted.
        what: &'static str,
        /// The model's.
        expected: usize,
        /// The recipe's.
        actual: usize,
    },
    /// A number that no plan gives.
    #[error("the recipe has {what} that no plan gives")]
    Number {
        /// Which.
        what: &'static str,
    },
    /// The model has no integer form by this recipe.
    #[error(transparent)]
    Lower(#[from] LowerError),
}

impl Recipe {
    /// Writes down what was found.
    pub(super) fn new(spec: &InputSpec, precision: Precision, observed: Vec<f64>) -> Self {
        Self {
            exact_features: spec.features == FeatureMode::Exact,
            declared: runs(&spec.declared),
            typical: runs(&spec.typical),
            input_bits: precision.input_bits,
            weight_bits: precision.weight_bits,
            activation_bits: precision.activation_bits,
            table_bits: precision.table_bits,
            observed,
        }
    }

    /// The precision: bits of inputs, weights, activations and tables.
    pub fn precision(&self) -> Precision {
        Precision {
            input_bits: self.input_bits,
            weight_bits: self.weight_bits.clone(),
            activation_bits: self.activation_bits.clone(),
            table_bits: self.table_bits,
        }
    }

    /// Makes the integer model: nothing is searched for.
    ///
    /// # Errors
    /// The recipe may come from anyone: it does not fit the model, or has numbers that no plan gives.
    pub fn lower(&self, graph: &Graph) -> Result<QuantGraph, RecipeError> {
        let form = |what, expected, actual| match actual == expected {
            true => Ok(()),
            false => Err(RecipeError::Form { what, expected, actual }),
        };
        let layers = graph.nodes.iter().filter(|node| matches!(node.op, Op::Dense { .. })).count();
        form("features", graph.input.len, length(&self.declared))?;
        form("features", graph.input.len, length(&self.typical))?;
        form("dense layers", layers, self.weight_bits.len())?;
        form("dense layers", layers, self.activation_bits.len())?;
        form("nodes", graph.nodes.len(), self.observed.len())?;
        let number = |what, holds: bool| match holds {
            true => Ok(()),
            false => Err(RecipeError::Number { what }),
        };
        let is_span =
            |Run(_, (lo, hi)): &Run<(f64, f64)>| lo.is_finite() && hi.is_finite() && lo <= hi;
        number("ranges", self.declared.iter().chain(&self.typical).all(is_span))?;
        let is_magnitude = |value: &f64| value.is_finite() && *value >= 0.0;
        number("magnitudes", self.observed.iter().all(is_magnitude))?;
        let bits = self.weight_bits.iter().chain(self.activation_bits.iter().flatten());
        let is_bits = |bits: &u32| (1..=MAX_BITS).contains(bits);
        number("bits", bits.chain([&self.input_bits]).all(is_bits))?;
        number("table bits", (1..=MAX_TABLE_BITS).contains(&self.table_bits))?;
        let spec = InputSpec {
            declared: spread(&self.declared),
            typical: spread(&self.typical),
            features: match self.exact_features {
                true => FeatureMode::Exact,
                false => FeatureMode::Fixed,
            },
        };
        Ok(lower(graph, &spec, &self.precision(), &self.observed)?)
    }
}

fn runs<T: Copy + PartialEq>(values: &[T]) -> Vec<Run<T>> {
    let mut runs: Vec<Run<T>> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some(Run(count, last)) if last == value => *count += 1,
            _ => runs.push(Run(1, *value)),
        }
    }
    runs
}

/// How many values there are; the counts may be anything.
fn length<T>(runs: &[Run<T>]) -> usize {
    runs.iter().fold(0, |sum: usize, Run(count, _)| sum.saturating_add(*count))
}

fn spread<T: Copy>(runs: &[Run<T>]) -> Vec<T> {
    runs.iter().flat_map(|Run(count, value)| std::iter::repeat_n(*value, *count)).collect()
}
