//! Proved bounds on the error of every value against the real-valued model.
//!
//! For each element of each node three intervals are carried from the input to the outputs: what the
//! real model's element may be, what the integers may stand for, and their difference, integer
//! minus real. They hold for every row that the input accepts, which reaches half a unit beyond
//! the declared range. Each interval is cut by the other two: a difference is no larger than the two
//! ranges allow, so that what lies behind a sigmoid is bounded by the sigmoid's own range.
//!
//! Values computed from one element alone (GELU, SiLU) are correlated, which intervals cannot see. There
//! the element's range is cut into pieces and the worst piece counts ([`split`]).
//!
//! "Real" means exact real arithmetic with the file's weights: the float model's own rounding is not
//! part of the bound. A root or a probit of something outside of the function's domain has no real value,
//! and nothing is claimed of it. Behind a decision that rounding may flip nothing is known.

mod function;
mod interval;
mod rules;
mod split;
mod vector;

use rayon::prelude::*;

use super::{Encoding, QuantInput, QuantNode, QuantOp};
use crate::float::pow2;
use crate::graph::{Norm, ValueId};
use function::TableErrors;
use interval::Interval;

/// What an integer node stands for in the real model, where its operation alone does not say.
#[derive(Clone, Debug)]
pub(super) enum Ideal<'a> {
    /// The operation itself, without rounding.
    Plain,
    /// Its first operand: a change of scale, or a limit that the real model does not have.
    Same,
    /// These numbers.
    Constant(Vec<f64>),
    /// `W·x + b`
    Dense { weights: &'a [f64], bias: &'a [f64] },
    /// `x_i · scale_i + offset_i`; where they are `derived` from the file's numbers, each is off by a
    /// rounding of its own.
    Affine { scale: Vec<f64>, offset: Vec<f64>, derived: bool },
    /// `x`, or `alpha · x` below 0.
    Leaky { alpha: f64 },
    /// `min(max(x, min), max)`
    Clip { min: f64, max: f64 },
    /// Whether `x` exceeds it.
    Threshold(f64),
    /// Trees whose sums are off by no more than this where their decisions are exact: where those of `unless`
    /// are operands without error, the features that are tested.
    Trees { rounding: f64, unless: Vec<usize> },
    /// One of the largest elements of this value, in order.
    Ranked { of: ValueId },
    /// The largest integer that is not above its operand.
    Floor,
    /// What its operand's integers stand for, whatever the real model has: what follows is bounded against
    /// that, until [`Ideal::LogSumExp`].
    Rebased,
    /// The logarithm of the sum of the powers of this value, by way of the sum that was rebased and its
    /// logarithm, the node's second operand.
    LogSumExp { of: ValueId },
    /// The softmax of this value.
    Softmax { of: ValueId },
    /// This value divided by its norm.
    Normalize { of: ValueId, norm: Norm },
    /// Something that no bound is known of.
    Unknown,
}

/// What is known of one element.
#[derive(Clone, Copy, Debug)]
struct State {
    /// The real model's element.
    real: Interval,
    /// What the integer stands for.
    quant: Interval,
    /// `quant − real`
    delta: Interval,
}

impl State {
    /// Cuts each interval by the other two.
    fn new(real: Interval, quant: Interval, delta: Interval) -> Self {
        if !delta.is_finite() && !real.is_finite() {
            return Self { real: Interval::ALL, quant, delta: Interval::ALL };
        }
        let real = real.intersect(quant.minus(delta));
        let delta = delta.intersect(quant.minus(real));
        Self { real, quant: quant.intersect(real.plus(delta)), delta }
    }

    fn unknown(quant: Interval) -> Self {
        Self { real: Interval::ALL, quant, delta: Interval::ALL }
    }

    fn is_known(&self) -> bool {
        self.delta.is_finite()
    }

    /// What both say.
    fn and(self, other: Self) -> Self {
        Self::new(
            self.real.intersect(other.real),
            self.quant.intersect(other.quant),
            self.delta.intersect(other.delta),
        )
    }

    /// What either says.
    fn or(self, other: Self) -> Self {
        Self {
            real: self.real.union(other.real),
            quant: self.quant.union(other.quant),
            delta: self.delta.union(other.delta),
        }
    }
}

/// The integer graph with what its nodes stand for.
struct Model<'a> {
    nodes: &'a [QuantNode],
    ideals: &'a [Ideal<'a>],
    input: &'a QuantInput,
    /// The errors of each node's table, where it is one.
    tables: Vec<Option<TableErrors>>,
}

impl Model<'_> {
    /// What one unit of an element's integer is worth.
    fn unit(&self, node: ValueId, element: usize) -> f64 {
        match (&self.input.encoding, &self.nodes[node].op) {
            (Encoding::Fixed { scale_log2 }, _) if node == 0 => pow2(-scale_log2[element]),
            // Features that were picked keep their own scales.
            (Encoding::Fixed { scale_log2 }, QuantOp::Gather(picked))
                if self.nodes[node].inputs[0] == 0 =>
            {
                pow2(-scale_log2[picked[element]])
            }
            _ => pow2(-self.nodes[node].scale_log2),
        }
    }

    /// What an element's integers may stand for, by its proved range.
    fn proved(&self, node: ValueId, element: usize) -> Interval {
        let range = self.nodes[node].ranges[element];
        let unit = self.unit(node, element);
        Interval::new(range.lo as f64 * unit, range.hi as f64 * unit).outward()
    }
}

/// Fills in the nodes' error bounds.
pub(super) fn annotate(nodes: &mut [QuantNode], ideals: &[Ideal<'_>], input: &QuantInput) {
    let errors: Vec<Option<f64>> =
        states(nodes, ideals, input).iter().map(|states| largest(states)).collect();
    // Between a rebased value and the end of its detour, bounds are not against the real model.
    let mut detour = vec![false; nodes.len()];
    for (id, error) in errors.into_iter().enumerate() {
        detour[id] = match ideals[id] {
            Ideal::Rebased => true,
            Ideal::LogSumExp { .. } => false,
            _ => nodes[id].inputs.iter().any(|&input| detour[input]),
        };
        nodes[id].error = error.filter(|_| !detour[id]);
    }
}

/// The largest error of any element. Room is left for a reader who computes the real model in
/// double precision, whose last bits are not the exact ones; an error of 0 stays 0.
fn largest(states: &[State]) -> Option<f64> {
    const ROOM: f64 = 1.0 / (1u64 << 44) as f64;
    let worst = states.iter().fold(0.0f64, |worst, state| {
        let error = state.delta.magnitude();
        let room = if error > 0.0 { ROOM * (error + state.quant.magnitude()) } else { 0.0 };
        worst.max(error + room)
    });
    worst.is_finite().then_some(worst)
}

fn states(nodes: &[QuantNode], ideals: &[Ideal<'_>], input: &QuantInput) -> Vec<Vec<State>> {
    let tables = nodes
        .par_iter()
        .map(|node| match &node.op {
            QuantOp::Lookup(table) => {
                let operand = &nodes[node.inputs[0]];
                let range = super::hull(&operand.ranges);
                Some(TableErrors::new(table, range, operand.scale_log2, node.scale_log2))
            }
            _ => None,
        })
        .collect();
    let model = Model { nodes, ideals, input, tables };
    let roots = split::roots(&model);
    let mut all: Vec<Vec<State>> = Vec::with_capacity(nodes.len());
    for (id, node) in nodes.iter().enumerate() {
        let states: Vec<State> = if id == 0 {
            accepted(&model)
        } else if rules::is_pointwise(&node.op, &ideals[id]) {
            let region = split::region(&model, &roots, id);
            (0..node.ranges.len())
                .into_par_iter()
                .map(|i| {
                    let operands: Vec<State> =
                        node.inputs.iter().map(|&input| rules::pick(&all[input], i)).collect();
                    let state = rules::pointwise(&model, id, i, &operands);
                    match &region {
                        Some(region) if state.is_known() => {
                            state.and(split::refine(&model, region, &all, i, node.ranges.len()))
                        }
                        _ => state,
                    }
                })
                .collect()
        } else {
            vector::rule(&model, id, &all)
        };
        all.push(states);
    }
    all
}

/// The input row: what is accepted, which rounding brings into the declared range.
fn accepted(model: &Model<'_>) -> Vec<State> {
    (0..model.nodes[0].ranges.len())
        .map(|i| {
            let quant = model.proved(0, i);
            match model.input.encoding {
                // Whole numbers are not rounded.
                Encoding::Fixed { ref scale_log2 }
                    if scale_log2[i] >= 0
                        && model.input.features.get(i).is_some_and(|feature| feature.whole) =>
                {
                    State { real: quant, quant, delta: Interval::ZERO }
                }
                Encoding::Fixed { .. } => {
                    let delta = Interval::around_zero(model.unit(0, i) / 2.0);
                    State::new(quant.minus(delta), quant, delta)
                }
                Encoding::Ordered { .. } => {
                    State { real: Interval::ALL, quant, delta: Interval::ZERO }
                }
            }
        })
        .collect()
}
