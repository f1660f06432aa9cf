//! Choosing the precision: the fewest steps that keep the accuracy budget on the calibration rows.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::lower::{FeatureMode, InputSpec};
use super::{lower, Encoding, LowerError, Precision, QuantGraph, QuantOp};
use crate::cost;
use crate::decision::Decision;
use crate::eval::{self, EvalError};
use crate::graph::{Graph, Op, OutputKind};

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

/// The default declared range, and the one that features are assumed to take in practice: standardised
/// features seldom leave it.
const DEFAULT_DECLARED: (f64, f64) = (-10.0, 10.0);
const DEFAULT_TYPICAL: (f64, f64) = (-4.0, 4.0);
/// Rows drawn from the typical range where no calibration is given.
const SYNTHETIC_ROWS: usize = 256;
/// Precisions tried uniformly.
const UNIFORM_BITS: std::ops::RangeInclusive<u32> = 5..=16;
/// Multiply-accumulates that one trial of the search may spend, and the search as a whole.
const TRIAL_MACS: usize = 30_000_000;
const SEARCH_MACS: usize = 4_000_000_000;
/// The search must meet this share of the budget: rows it has not seen use up the rest.
const HEADROOM: f64 = 0.5;
/// Largest score error of a classifier, as a share of its scores' range.
const SCORE_ERROR: f64 = 0.02;

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
    let (spec, mut range_source) = input_spec(graph, calibration, options)?;
    let synthetic;
    let rows = match calibration {
        Some(calibration) => &calibration.rows,
        None => {
            synthetic = synthetic_rows(graph.input.len, &spec.typical);
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

fn input_spec(
    graph: &Graph,
    calibration: Option<&Calibration>,
    options: &PlanOptions,
) -> Result<(InputSpec, RangeSource), PlanError> {
    let len = graph.input.len;
    let calibrated = match calibration {
        None => None,
        Some(Calibration { rows }) if rows.is_empty() => return Err(PlanError::NoRows),
        Some(Calibration { rows }) => {
            let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); len];
            for row in rows {
                for (span, &x) in spans.iter_mut().zip(row).filter(|(_, x)| x.is_finite()) {
                    *span = (span.0.min(x), span.1.max(x));
                }
            }
            for span in spans.iter_mut().filter(|span| span.0 > span.1) {
                *span = (0.0, 0.0);
            }
            even_out(&mut spans);
            Some(spans)
        }
    };
    if let Some((lo, hi)) = options.input_range {
        if !(lo.is_finite() && hi.is_finite() && lo < hi) {
            return Err(PlanError::InputRange { lo, hi });
        }
    }
    let widest = |spans: &[(f64, f64)]| spans.iter().map(|(lo, hi)| hi - lo).fold(0.0, f64::max);
    let widen = |spans: &[(f64, f64)]| {
        // A feature that never moved may move as far as the others do.
        let fallback = Some(widest(spans)).filter(|&w| w > 0.0).unwrap_or(1.0);
        spans
            .iter()
            .map(|&(lo, hi)| {
                let span = if hi > lo { hi - lo } else { fallback };
                (lo - options.margin * span, hi + options.margin * span)
            })
            .collect()
    };
    let spec = |declared, typical| InputSpec { declared, typical, features: options.features };
    Ok(match (options.input_range, calibrated) {
        (Some(range), Some(spans)) => (spec(vec![range; len], spans), RangeSource::Given),
        (Some(range), None) => (spec(vec![range; len], vec![range; len]), RangeSource::Given),
        (None, Some(spans)) => (spec(widen(&spans), spans), RangeSource::Calibration),
        (None, None) => {
            (spec(vec![DEFAULT_DECLARED; len], vec![DEFAULT_TYPICAL; len]), RangeSource::Default)
        }
    })
}

/// Gives features that hardly moved the middle span where all features are of one kind: a pixel
/// that was dark in every calibration row is a pixel all the same.
fn even_out(spans: &mut [(f64, f64)]) {
    /// Features are of one kind if none moved further than this many times the middle one.
    const ALIKE: f64 = 4.0;
    let mut widths: Vec<f64> = spans.iter().map(|(lo, hi)| hi - lo).collect();
    widths.sort_unstable_by(f64::total_cmp);
    let (Some(&middle), Some(&widest)) = (widths.get(widths.len() / 2), widths.last()) else {
        return;
    };
    if widest <= ALIKE * middle {
        for span in spans.iter_mut().filter(|(lo, hi)| hi - lo < middle) {
            span.1 = span.0 + middle;
        }
    }
}

/// Rows spread evenly and reproducibly over the typical range.
fn synthetic_rows(len: usize, typical: &[(f64, f64)]) -> Vec<Vec<f64>> {
    // Weyl sequences of a few irrational steps: equidistributed, and the same everywhere.
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..SYNTHETIC_ROWS)
        .map(|_| {
            (0..len)
                .map(|i| {
                    // The sum of three: more mass in the middle, as features have.
                    let unit = (next() + next() + next()) / 3.0;
                    typical[i].0 + (typical[i].1 - typical[i].0) * unit
                })
                .collect()
        })
        .collect()
}

struct Search<'a> {
    graph: &'a Graph,
    spec: InputSpec,
    rows: &'a [Vec<f64>],
    /// The float model's outputs for each row.
    expected: Vec<Vec<Vec<f64>>>,
    observed: Vec<f64>,
    decision: Decision,
    options: &'a PlanOptions,
    /// Rows that one trial of the search looks at, and how many trials it may make.
    trial_rows: usize,
    max_trials: usize,
}

impl<'a> Search<'a> {
    fn new(
        graph: &'a Graph,
        spec: InputSpec,
        rows: &'a [Vec<f64>],
        options: &'a PlanOptions,
    ) -> Result<Self, PlanError> {
        let all = rows
            .par_iter()
            .enumerate()
            .map(|(row, values)| {
                eval::evaluate_all(graph, values)
                    .map_err(|source| PlanError::Calibration { row, source })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut observed = vec![0.0f64; graph.nodes.len()];
        for values in &all {
            for (most, value) in observed.iter_mut().zip(values) {
                *most = value.iter().filter(|v| v.is_finite()).fold(*most, |m, v| m.max(v.abs()));
            }
        }
        let expected = all
            .iter()
            .map(|values| graph.outputs.iter().map(|o| values[o.value].clone()).collect())
            .collect();
        let macs = graph.nodes.iter().map(|node| match &node.op {
            Op::Dense { weights, .. } => weights.len(),
            _ => node.len,
        });
        let macs = macs.sum::<usize>().max(1);
        let trial_rows = (TRIAL_MACS / macs).clamp(16, rows.len().max(16)).min(rows.len());
        let max_trials = (SEARCH_MACS / (macs * trial_rows.max(1))).clamp(8, 400);
        let decision = Decision::of(graph);
        Ok(Self {
            graph,
            spec,
            rows,
            expected,
            observed,
            decision,
            options,
            trial_rows,
            max_trials,
        })
    }

    /// Whether precision makes any difference to this model.
    fn has_choices(&self) -> bool {
        let exact_input = super::lower::is_ordered(self.graph, &self.spec);
        let rounds = |op: &Op| {
            matches!(op, Op::Dense { .. } | Op::Unary(_) | Op::Softmax | Op::Normalize(_))
        };
        !exact_input && self.graph.nodes.iter().any(|node| rounds(&node.op))
    }

    /// Lowers at one precision and compares the first `rows` rows.
    fn trial(&self, precision: &Precision, rows: usize) -> Result<(QuantGraph, Trial), LowerError> {
        let graph = lower(self.graph, &self.spec, precision, &self.observed)?;
        let accuracy = compare(&graph, self.decision, &self.rows[..rows], &self.expected[..rows]);
        let trial = Trial {
            input_bits: precision.input_bits,
            weight_bits: precision.weight_bits.clone(),
            activation_bits: precision.activation_bits.clone(),
            accuracy,
            steps: cost::steps(&graph),
            accepted: self.accepts(&accuracy),
        };
        Ok((graph, trial))
    }

    fn accepts(&self, accuracy: &Accuracy) -> bool {
        let budget = self.options.max_loss * HEADROOM;
        match self.decision {
            Decision::None => accuracy.relative_error <= budget,
            _ => {
                accuracy.flips as f64 <= budget * accuracy.rows as f64
                    && accuracy.relative_error <= SCORE_ERROR.max(budget)
            }
        }
    }

    /// The least uniform precision that is accepted.
    fn uniform(&self, layers: usize) -> Result<(Precision, Vec<Trial>), PlanError> {
        let mut trials = Vec::new();
        let mut last_error = None;
        for bits in UNIFORM_BITS {
            let precision = Precision::uniform(bits, layers);
            match self.trial(&precision, self.trial_rows) {
                Ok((_, trial)) => {
                    let accepted = trial.accepted;
                    trials.push(trial);
                    if accepted {
                        return Ok((precision, trials));
                    }
                }
                // More bits may not fit where fewer did.
                Err(error) => last_error = Some(error),
            }
        }
        match last_error {
            Some(error) if trials.is_empty() => Err(error.into()),
            _ => Err(self.failed(trials)),
        }
    }

    fn failed(&self, trials: Vec<Trial>) -> PlanError {
        let max_loss = self.options.max_loss;
        PlanError::Accuracy { bits: *UNIFORM_BITS.end(), max_loss, trials }
    }

    /// Lowers one knob at a time while that saves steps and stays accepted.
    fn refine(&self, mut best: Precision) -> Result<Precision, PlanError> {
        let (_, trial) = self.trial(&best, self.trial_rows)?;
        if !trial.accepted {
            return Ok(best);
        }
        let mut steps = trial.steps;
        let mut left = self.max_trials;
        loop {
            let mut improved = false;
            for knob in 0..knobs(&best) {
                for candidate in turned(&best, knob) {
                    if left == 0 {
                        return Ok(best);
                    }
                    left -= 1;
                    // A candidate that does not fit is no candidate.
                    let Ok((_, trial)) = self.trial(&candidate, self.trial_rows) else { continue };
                    if trial.accepted && trial.steps < steps {
                        steps = trial.steps;
                        best = candidate;
                        improved = true;
                        break;
                    }
                }
            }
            if !improved {
                return Ok(best);
            }
        }
    }

    fn finish(
        &self,
        graph: QuantGraph,
        precision: Precision,
        trials: Vec<Trial>,
        range_source: RangeSource,
    ) -> Result<Plan, PlanError> {
        let accuracy = match trials.last() {
            Some(trial) => trial.accuracy,
            None => compare(&graph, self.decision, self.rows, &self.expected),
        };
        if !self.accepts(&accuracy) && self.options.bits.is_some() {
            return Err(self.failed(trials));
        }
        let decision = self.decision;
        Ok(Plan { graph, precision, range_source, trials, accuracy, decision })
    }
}

fn knobs(precision: &Precision) -> usize {
    1 + precision.weight_bits.len() + precision.activation_bits.len()
}

/// The precisions to try next for one knob.
fn turned(precision: &Precision, knob: usize) -> Vec<Precision> {
    const LEAST: u32 = 3;
    let layers = precision.weight_bits.len();
    let mut candidates = Vec::new();
    if knob == 0 {
        if precision.input_bits > LEAST {
            candidates
                .push(Precision { input_bits: precision.input_bits - 1, ..precision.clone() });
        }
    } else if knob <= layers {
        let layer = knob - 1;
        if precision.weight_bits[layer] > LEAST {
            let mut candidate = precision.clone();
            candidate.weight_bits[layer] -= 1;
            candidates.push(candidate);
        }
    } else {
        let layer = knob - 1 - layers;
        if let Some(bits) = precision.activation_bits[layer] {
            let mut candidate = precision.clone();
            candidate.activation_bits[layer] = None;
            candidates.push(candidate);
            if bits > LEAST {
                let mut candidate = precision.clone();
                candidate.activation_bits[layer] = Some(bits - 1);
                candidates.push(candidate);
            }
        }
    }
    candidates
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

impl QuantGraph {
    /// Multiply-accumulates of the dense layers.
    pub fn macs(&self) -> usize {
        self.nodes
            .iter()
            .map(|node| match &node.op {
                QuantOp::Dense { weights, .. } => weights.len(),
                _ => 0,
            })
            .sum()
    }
}
