//! The search for the cheapest precision within the budget.
//!
//! It is bounded: each precision of [`UNIFORM_BITS`] is tried at most three times, and the rest of the
//! trials are paid from a fixed amount of work. Work is counted, not timed, so that the same input
//! gives the same bytes on every machine.

use rayon::prelude::*;

use super::accuracy::{compare_within, spans};
use super::shape::choose_shapes;
use super::warnings::{warnings, Warning};
use super::{Accuracy, Plan, PlanError, PlanOptions, RangeSource, Recipe, Trial, UNIFORM_BITS};
use crate::cost;
use crate::decision::Decision;
use crate::eval;
use crate::graph::{Graph, Op};
use crate::quant::{draft, is_ordered, lower, InputSpec, LowerError, Precision, QuantGraph};

/// Multiply-accumulates that the rows of one trial may take.
const TRIAL_MACS: usize = 30_000_000;
/// Parameter visits that the search may spend in all.
const SEARCH_WORK: usize = 2_500_000_000;
/// Visits of each parameter that quantising and proving ranges take, in visits of a product.
const LOWERING_VISITS: usize = 8;
/// The search must meet this share of the budget: rows it has not seen use up the rest.
const HEADROOM: f64 = 0.5;
/// Largest score error of a model that decides, as a share of its scores' range.
const SCORE_ERROR: f64 = 0.02;
/// Fewest bits of anything, and fewest where the calibration rows say little.
const LEAST_BITS: u32 = 3;
const DEGENERATE_BITS: u32 = 8;

/// A precision that keeps the budget, and its trial.
type Found = (Precision, Trial);

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
    warnings: Vec<Warning>,
    /// Fewest bits of anything.
    floor: u32,
    /// Rows that one trial of the search looks at.
    trial_rows: usize,
    /// Multiply-accumulates per row.
    macs: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        graph: &'a Graph,
        spec: InputSpec,
        rows: &'a [Vec<f64>],
        options: &'a PlanOptions,
        calibrated: bool,
    ) -> Result<Self, PlanError> {
        let evaluated = rows
            .par_iter()
            .enumerate()
            .map(|(row, values)| {
                let values = eval::evaluate_all(graph, values)
                    .map_err(|source| PlanError::Calibration { row, source })?;
                let largest = |value: &Vec<f64>| {
                    value.iter().filter(|v| v.is_finite()).fold(0.0f64, |m, v| m.max(v.abs()))
                };
                let largest: Vec<f64> = values.iter().map(largest).collect();
                let outputs: Vec<Vec<f64>> =
                    graph.outputs.iter().map(|o| values[o.value].clone()).collect();
                Ok((outputs, largest))
            })
            .collect::<Result<Vec<_>, PlanError>>()?;
        let mut observed = vec![0.0f64; graph.nodes.len()];
        let mut expected = Vec::with_capacity(rows.len());
        for (outputs, largest) in evaluated {
            observed.iter_mut().zip(largest).for_each(|(most, value)| *most = most.max(value));
            expected.push(outputs);
        }
        let macs = graph.nodes.iter().map(|node| match &node.op {
            Op::Dense { weights, .. } => weights.len(),
            _ => node.len,
        });
        let macs = macs.sum::<usize>().max(1);
        let trial_rows = (TRIAL_MACS / macs).clamp(16, rows.len().max(16)).min(rows.len());
        let decision = options.decision.unwrap_or_else(|| Decision::of(graph));
        let warnings =
            if calibrated { warnings(graph, decision, rows, &expected) } else { Vec::new() };
        let floor = match warnings.iter().any(Warning::needs_floor) {
            true => DEGENERATE_BITS,
            false => LEAST_BITS,
        };
        Ok(Self {
            graph,
            spec,
            rows,
            expected,
            observed,
            decision,
            options,
            warnings,
            floor,
            trial_rows,
            macs,
        })
    }

    /// Whether precision makes any difference to this model.
    pub(super) fn has_choices(&self) -> bool {
        let exact_input = is_ordered(self.graph, &self.spec);
        let rounds = |op: &Op| {
            matches!(
                op,
                Op::Dense { .. } | Op::Unary(_) | Op::Softmax | Op::Normalize(_) | Op::Reduce(_)
            )
        };
        !exact_input && self.graph.nodes.iter().any(|node| rounds(&node.op))
    }

    /// Lowers at one precision and compares the first `rows` rows.
    ///
    /// # Errors
    /// The graph has no integer form at this precision.
    pub(super) fn trial(&self, precision: &Precision, rows: usize) -> Result<Trial, LowerError> {
        let graph = draft(self.graph, &self.spec, precision, &self.observed)?;
        Ok(self.judge(&graph, precision, rows))
    }

    fn judge(&self, graph: &QuantGraph, precision: &Precision, rows: usize) -> Trial {
        let spans = spans(graph, self.decision, &self.expected);
        let (rows, expected) = (&self.rows[..rows], &self.expected[..rows]);
        let accuracy = compare_within(graph, self.decision, rows, expected, &spans);
        Trial {
            input_bits: precision.input_bits,
            weight_bits: precision.weight_bits.clone(),
            activation_bits: precision.activation_bits.clone(),
            accuracy,
            steps: cost::estimate(graph, choose_shapes(graph, None, true).program).total(),
            accepted: self.keeps(&accuracy, HEADROOM),
        }
    }

    /// Whether the loss keeps this share of the budget.
    fn keeps(&self, accuracy: &Accuracy, share: f64) -> bool {
        let budget = self.options.max_loss * share;
        let largest_error = match self.decision {
            Decision::None => budget,
            // What the scores decide is counted apart.
            _ => SCORE_ERROR.max(budget),
        };
        // Rows are refused at every precision, or at none: they use up the whole budget first.
        let lost = self.options.max_loss - accuracy.refused as f64 / accuracy.rows.max(1) as f64;
        let flips = accuracy.flips as f64 / accuracy.rows.max(1) as f64;
        lost >= 0.0 && flips <= lost * share && accuracy.relative_error <= largest_error
    }

    /// What a trial takes of [`SEARCH_WORK`].
    fn work(&self, rows: usize) -> usize {
        self.macs.saturating_mul(rows + LOWERING_VISITS)
    }

    /// The cheapest precision found, and what was tried: the uniform precisions, and the one chosen
    /// last.
    ///
    /// # Errors
    /// The graph has no integer form, or no precision keeps the budget.
    pub(super) fn cheapest(&self, layers: usize) -> Result<(Precision, Vec<Trial>), PlanError> {
        let all = self.rows.len();
        let mut work = SEARCH_WORK;
        let (start, mut trials) = match self.uniform(layers, self.trial_rows, HEADROOM, 0)? {
            (Some(found), trials) => (found, trials),
            // Half of the budget is out of reach: the whole of it may do.
            (None, tried) => match self.uniform(layers, all, 1.0, 0)? {
                (Some(found), trials) => return Ok((found.0, trials)),
                (None, _) => return Err(self.failed(tried)),
            },
        };
        let (precision, trial) = self.refine(start.clone(), self.trial_rows, &mut work)?;
        if self.trial_rows == all {
            trials.push(trial);
            return Ok((precision, trials));
        }
        // The search has looked at some of the rows only.
        let trial = self.trial(&precision, all)?;
        if trial.accepted {
            trials.push(trial);
            return Ok((precision, trials));
        }
        // Once more, on all rows: what is accepted now stays accepted.
        let least = start.0.input_bits;
        let (found, tried) = self.uniform(layers, all, HEADROOM, least)?;
        trials.extend(tried);
        let found = match found {
            Some(found) => found,
            None => match self.uniform(layers, all, 1.0, least)? {
                (Some(found), _) => {
                    trials.push(found.1);
                    return Ok((found.0, trials));
                }
                (None, _) => return Err(self.failed(trials)),
            },
        };
        let (precision, trial) = self.refine(found, all, &mut work)?;
        trials.push(trial);
        Ok((precision, trials))
    }

    /// The least uniform precision, of `least` bits or more, that keeps `share` of the budget on
    /// the first `rows` rows.
    fn uniform(
        &self,
        layers: usize,
        rows: usize,
        share: f64,
        least: u32,
    ) -> Result<(Option<Found>, Vec<Trial>), PlanError> {
        let mut trials = Vec::new();
        let mut last_error = None;
        for bits in UNIFORM_BITS.filter(|&bits| bits >= least.max(self.floor)) {
            let precision = Precision::uniform(bits, layers);
            match self.trial(&precision, rows) {
                Ok(mut trial) => {
                    self.check_refused(&trial.accuracy)?;
                    trial.accepted = self.keeps(&trial.accuracy, share);
                    trials.push(trial.clone());
                    if trial.accepted {
                        return Ok((Some((precision, trial)), trials));
                    }
                }
                // More bits may not fit where fewer did.
                Err(error) => last_error = Some(error),
            }
        }
        match last_error {
            Some(error) if trials.is_empty() => Err(error.into()),
            _ => Ok((None, trials)),
        }
    }

    fn failed(&self, trials: Vec<Trial>) -> PlanError {
        let max_loss = self.options.max_loss;
        let tried = trials.iter().flat_map(|trial| &trial.weight_bits).copied().max();
        PlanError::Accuracy { bits: tried.unwrap_or(*UNIFORM_BITS.end()), max_loss, trials }
    }

    /// Whether the refused rows alone exceed the budget: no precision changes that.
    fn check_refused(&self, accuracy: &Accuracy) -> Result<(), PlanError> {
        let max_loss = self.options.max_loss;
        if accuracy.refused as f64 <= max_loss * accuracy.rows as f64 {
            return Ok(());
        }
        let precision = Precision::uniform(*UNIFORM_BITS.start(), self.layers());
        let graph = draft(self.graph, &self.spec, &precision, &self.observed)?;
        let mut refused = self.rows.iter().enumerate().filter_map(|(row, values)| {
            graph.input.encode(values).err().map(|source| (row, source))
        });
        let Some((row, source)) = refused.next() else { return Ok(()) };
        let allowed = (max_loss * self.rows.len() as f64).max(0.0) as usize;
        let refused = 1 + refused.count();
        Err(PlanError::Refused { refused, rows: self.rows.len(), max_loss, allowed, row, source })
    }

    fn layers(&self) -> usize {
        self.graph.nodes.iter().filter(|node| matches!(node.op, Op::Dense { .. })).count()
    }

    /// Lowers one knob at a time while that saves steps, stays accepted on the first `rows` rows and
    /// can be paid for.
    fn refine(
        &self,
        (mut best, mut accepted): Found,
        rows: usize,
        work: &mut usize,
    ) -> Result<Found, PlanError> {
        const MOST_TRIALS: usize = 400;
        let mut left = MOST_TRIALS;
        loop {
            let mut improved = false;
            for knob in 0..knobs(&best) {
                for candidate in turned(&best, knob, self.floor) {
                    let price = self.work(rows);
                    if left == 0 || *work < price {
                        return Ok((best, accepted));
                    }
                    left -= 1;
                    *work -= price;
                    // A candidate that does not fit is skipped.
                    let Ok(trial) = self.trial(&candidate, rows) else { continue };
                    if trial.accepted && trial.steps < accepted.steps {
                        accepted = trial;
                        best = candidate;
                        improved = true;
                        break;
                    }
                }
            }
            if !improved {
                return Ok((best, accepted));
            }
        }
    }

    /// The plan, if it keeps the budget on all rows.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn finish(
        self,
        precision: Precision,
        mut trials: Vec<Trial>,
        range_source: RangeSource,
    ) -> Result<Plan, PlanError> {
        let graph = lower(self.graph, &self.spec, &precision, &self.observed)?;
        let accuracy = match trials.last() {
            Some(trial) => trial.accuracy,
            None => self.judge(&graph, &precision, self.rows.len()).accuracy,
        };
        self.check_refused(&accuracy)?;
        if !self.keeps(&accuracy, 1.0) {
            return Err(self.failed(trials));
        }
        if let Some(chosen) = trials.last_mut() {
            chosen.accepted = true;
        }
        let recipe = Recipe::new(&self.spec, precision, self.observed);
        let (decision, warnings) = (self.decision, self.warnings);
        Ok(Plan { graph, recipe, range_source, trials, accuracy, decision, warnings })
    }
}

fn knobs(precision: &Precision) -> usize {
    1 + precision.weight_bits.len() + precision.activation_bits.len()
}

/// The precisions to try next for one knob, of `least` bits or more.
fn turned(precision: &Precision, knob: usize, least: u32) -> Vec<Precision> {
    let layers = precision.weight_bits.len();
    let mut candidates = Vec::new();
    if knob == 0 {
        if precision.input_bits > least {
            candidates
                .push(Precision { input_bits: precision.input_bits - 1, ..precision.clone() });
        }
    } else if knob <= layers {
        let layer = knob - 1;
        if precision.weight_bits[layer] > least {
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
            if bits > least {
                let mut candidate = precision.clone();
                candidate.activation_bits[layer] = Some(bits - 1);
                candidates.push(candidate);
            }
        }
    }
    candidates
}
