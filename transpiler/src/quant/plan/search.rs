//! The search for the cheapest precision within the budget.

use rayon::prelude::*;

use super::super::lower::{is_ordered, InputSpec};
use super::super::{lower, LowerError, Precision, QuantGraph};
use super::{compare, Accuracy, Plan, PlanError, PlanOptions, RangeSource, Trial, UNIFORM_BITS};
use crate::cost;
use crate::decision::Decision;
use crate::eval;
use crate::graph::{Graph, Op};

/// Multiply-accumulates that one trial of the search may spend, and the search as a whole.
const TRIAL_MACS: usize = 30_000_000;
const SEARCH_MACS: usize = 4_000_000_000;
/// The search must meet this share of the budget: rows it has not seen use up the rest.
const HEADROOM: f64 = 0.5;
/// Largest score error of a classifier, as a share of its scores' range.
const SCORE_ERROR: f64 = 0.02;

/// A model on its calibration rows.
pub(super) struct Search<'a> {
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
    pub(super) fn new(
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
    pub(super) fn has_choices(&self) -> bool {
        let exact_input = is_ordered(self.graph, &self.spec);
        let rounds = |op: &Op| {
            matches!(op, Op::Dense { .. } | Op::Unary(_) | Op::Softmax | Op::Normalize(_))
        };
        !exact_input && self.graph.nodes.iter().any(|node| rounds(&node.op))
    }

    /// Lowers at one precision and compares the first `rows` rows.
    pub(super) fn trial(
        &self,
        precision: &Precision,
        rows: usize,
    ) -> Result<(QuantGraph, Trial), LowerError> {
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
    pub(super) fn uniform(&self, layers: usize) -> Result<(Precision, Vec<Trial>), PlanError> {
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

    pub(super) fn failed(&self, trials: Vec<Trial>) -> PlanError {
        let max_loss = self.options.max_loss;
        // The finest that was tried, which an own `--bits` or a range that does not fit may keep low.
        let tried = trials.iter().flat_map(|trial| trial.weight_bits.iter().copied());
        let bits = tried.max().unwrap_or(*UNIFORM_BITS.end());
        PlanError::Accuracy { bits, max_loss, trials }
    }

    /// Lowers one knob at a time while that saves steps and stays accepted.
    pub(super) fn refine(&self, mut best: Precision) -> Result<Precision, PlanError> {
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

    pub(super) fn finish(
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
