//! Operations that mix elements: dense layers, sums, softmax, norms.

use rayon::prelude::*;

use super::interval::Interval;
use super::{Ideal, Model, State};
use crate::graph::{Norm, ValueId};
use crate::quant::{QuantOp, TableFunction};

/// The elements of node `id`.
pub(super) fn rule(model: &Model<'_>, id: ValueId, all: &[Vec<State>]) -> Vec<State> {
    let node = &model.nodes[id];
    let unknown =
        || (0..node.ranges.len()).map(|i| State::unknown(model.proved(id, i))).collect::<Vec<_>>();
    let x: &[State] = node.inputs.first().map_or(&[], |&input| all[input].as_slice());
    let known = x.iter().all(State::is_known);
    let cut = |i: usize, (real, quant, delta): (Interval, Interval, Interval)| {
        State::new(real, quant.intersect(model.proved(id, i)), delta)
    };
    match (&node.op, &model.ideals[id]) {
        (QuantOp::Trees(_), Ideal::Trees { rounding, unless })
            if rounding.is_finite()
                && unless.iter().all(|&feature| x[feature].delta == Interval::ZERO) =>
        {
            let delta = Interval::around_zero(*rounding).outward();
            let state = |i| {
                let quant = model.proved(id, i);
                State::new(quant.minus(delta), quant, delta)
            };
            (0..node.ranges.len()).map(state).collect()
        }
        (QuantOp::Gather(indices), Ideal::Plain) => indices.iter().map(|&i| x[i]).collect(),
        (QuantOp::Concat, Ideal::Plain) => {
            node.inputs.iter().flat_map(|&input| all[input].iter().copied()).collect()
        }
        (QuantOp::Max, Ideal::Ranked { of }) if all[*of].iter().all(State::is_known) => {
            // No order statistic moves further than any element does.
            let x = &all[*of];
            let hull = |pick: fn(&State) -> Interval| {
                x.iter().map(pick).reduce(Interval::union).unwrap_or(Interval::ZERO)
            };
            vec![cut(0, (hull(|s| s.real), hull(|s| s.quant), moves(x)))]
        }
        (_, Ideal::Ranked { .. }) => unknown(),
        _ if !known => unknown(),
        (QuantOp::Dense { weights, bias }, Ideal::Dense { weights: real, bias: real_bias }) => {
            let scales: Vec<f64> = (0..x.len())
                .map(|col| model.unit(id, 0) / model.unit(node.inputs[0], col))
                .collect();
            (0..bias.len())
                .into_par_iter()
                .map(|row| {
                    let columns = row * x.len()..(row + 1) * x.len();
                    let bias = (bias[row] as f64 * model.unit(id, row), real_bias[row]);
                    let row_of = dense(x, &weights[columns.clone()], &real[columns], &scales, bias);
                    cut(row, row_of)
                })
                .collect()
        }
        (QuantOp::Sum, Ideal::Plain) => {
            let add = |pick: fn(&State) -> Interval| {
                x.iter().map(pick).fold(Interval::ZERO, Interval::plus)
            };
            vec![cut(0, (add(|s| s.real), add(|s| s.quant), add(|s| s.delta)))]
        }
        (QuantOp::Max, Ideal::Plain) => {
            vec![cut(0, (top(x, |s| s.real), top(x, |s| s.quant), moves(x)))]
        }
        (QuantOp::SubMax, Ideal::Plain) => {
            let (real, quant) = (top(x, |s| s.real), top(x, |s| s.quant));
            let below = |of: Interval, top: Interval| of.minus(top).clamp(f64::NEG_INFINITY, 0.0);
            let moves = moves(x);
            let state = |(i, s): (usize, &State)| {
                cut(i, (below(s.real, real), below(s.quant, quant), s.delta.minus(moves)))
            };
            x.iter().enumerate().map(state).collect()
        }
        (QuantOp::Add, Ideal::LogSumExp { of }) => {
            vec![cut(0, log_sum_exp(model, id, &all[*of], all[node.inputs[1]][0]))]
        }
        (QuantOp::Div { .. }, Ideal::Softmax { of }) => softmax(model, id, &all[*of]),
        (QuantOp::Div { .. }, Ideal::Normalize { of, norm }) => {
            normalize(model, id, &all[*of], *norm)
        }
        _ => unknown(),
    }
}

/// One row of a dense layer: `bias` as integers hold it, and the real one.
fn dense(
    x: &[State],
    weights: &[i64],
    real: &[f64],
    scales: &[f64],
    bias: (f64, f64),
) -> (Interval, Interval, Interval) {
    // Plain sums are as fast as the search for a bound allows; what they lose is added at the end.
    let (mut reals, mut quants, mut deltas) = ([bias.1; 2], [bias.0; 2], [bias.0 - bias.1; 2]);
    let mut terms = [bias.1.abs(), bias.0.abs(), (bias.0 - bias.1).abs()];
    for (((x, &integer), &w), &scale) in x.iter().zip(weights).zip(real).zip(scales) {
        let q = integer as f64 * scale;
        let mut add = |into: &mut [f64; 2], term: usize, of: Interval, by: f64| {
            let (a, b) = (of.lo * by, of.hi * by);
            into[0] += a.min(b);
            into[1] += a.max(b);
            terms[term] += a.abs().max(b.abs());
        };
        add(&mut reals, 0, x.real, w);
        add(&mut quants, 1, x.quant, q);
        // ŵ·x̂ − w·x = (ŵ − w)·x̂ + w·δ
        add(&mut deltas, 2, x.quant, q - w);
        add(&mut deltas, 2, x.delta, w);
    }
    let loss = 2.0 * (x.len() as f64 + 4.0) * f64::EPSILON;
    let made = |sums: [f64; 2], terms: f64| Interval::new(sums[0], sums[1]).widen(terms * loss);
    (made(reals, terms[0]), made(quants, terms[1]), made(deltas, terms[2]))
}

/// The range of the largest element.
fn top(x: &[State], pick: fn(&State) -> Interval) -> Interval {
    let larger = |a: Interval, b: Interval| Interval::new(a.lo.max(b.lo), a.hi.max(b.hi));
    x.iter().map(pick).reduce(larger).unwrap_or(Interval::ZERO)
}

/// How far the largest element moves: no further than any element does.
fn moves(x: &[State]) -> Interval {
    x.iter().map(|state| state.delta).reduce(Interval::union).unwrap_or(Interval::ZERO)
}

/// The largest element plus the logarithm of the sum of powers below it, `log`, which is known against the
/// logarithm of the sum that was computed.
fn log_sum_exp(
    model: &Model<'_>,
    id: ValueId,
    x: &[State],
    log: State,
) -> (Interval, Interval, Interval) {
    let len = x.len() as f64;
    let sum = |pick: fn(&State) -> f64| {
        let top = x.iter().map(pick).fold(f64::NEG_INFINITY, f64::max);
        top + x.iter().map(|state| libm::exp(pick(state) - top)).sum::<f64>().ln()
    };
    let slack = 8.0 * (len + 8.0) * f64::EPSILON;
    // It rises with every element.
    let real = Interval::new(sum(|s| s.real.lo), sum(|s| s.real.hi)).outward().widen(slack);
    // The powers' table is the last before the logarithm's.
    let powers = model.tables.iter().take(id).rev().flatten().nth(1);
    let table = powers.map_or(f64::INFINITY, |errors| errors.everywhere().magnitude());
    // The true sum is 1 or more; the computed one is kept above one half.
    let least = (1.0 - len * table).max(0.5);
    // It moves no further than its elements do.
    let delta = moves(x).plus(log.delta).widen(len * table / least + slack);
    (real, model.proved(id, 0), delta)
}

/// The quotient of a softmax: `exp(x_i)` by table over the sum of those.
fn softmax(model: &Model<'_>, id: ValueId, x: &[State]) -> Vec<State> {
    let len = x.len() as f64;
    let powers = model.tables.iter().take(id).rev().flatten().next();
    let table = powers.map_or(f64::INFINITY, |errors| errors.everywhere().magnitude());
    // The sum holds the largest element's power, which is 1, and is kept above one half.
    let least_sum = (1.0 - len * table).max(0.5);
    // The other elements' largest logit bounds their sum of powers from both sides.
    let others = |i: usize, pick: fn(&State) -> f64| {
        let others = x.iter().enumerate().filter(|(j, _)| *j != i);
        others.map(|(_, state)| pick(state)).fold(f64::NEG_INFINITY, f64::max)
    };
    let spread = moves(x);
    // Past some hundreds of classes the exact spread of the others is not worth its time.
    let exact = x.len() <= 1 << 10;
    (0..x.len())
        .map(|i| {
            let unit_interval = Interval::new(0.0, 1.0);
            let logit = if exact && x.len() > 1 {
                Interval::new(
                    x[i].real.lo - others(i, |s| s.real.hi) - (len - 1.0).ln(),
                    x[i].real.hi - others(i, |s| s.real.lo),
                )
                .widen(1e-9)
            } else {
                Interval::ALL
            };
            // The logit p_i/(1 − p_i) moves by its own element and the mean of the others.
            let moved = x[i].delta.minus(spread);
            let real = logit.map(|l| TableFunction::Sigmoid.apply(l)).intersect(unit_interval);
            let change = TableFunction::Sigmoid
                .change(logit, logit.plus(moved), moved)
                .intersect(Interval::around_zero(1.0));
            let largest = real.plus(change).hi.min(1.0);
            let numeric = (1.0 + len * largest) * table / least_sum;
            let rounding = model.unit(id, i) / 2.0;
            let delta = change.widen(numeric + rounding).outward();
            let quant = model.proved(id, i).intersect(Interval::new(0.0, 1.0));
            State::new(real, quant, delta)
        })
        .collect()
}

/// A vector divided by its norm. No element is larger than the norm, in integers as in reals.
fn normalize(model: &Model<'_>, id: ValueId, x: &[State], norm: Norm) -> Vec<State> {
    let node = &model.nodes[id];
    let divisor_unit = model.unit(node.inputs[1], 0);
    let size = |pick: &dyn Fn(&State) -> f64| match norm {
        Norm::L1 => x.iter().map(pick).map(f64::abs).sum::<f64>(),
        Norm::L2 => x.iter().map(pick).map(|v| v * v).sum::<f64>().sqrt(),
        Norm::Max => x.iter().map(pick).fold(f64::NEG_INFINITY, f64::max),
    };
    let least = |of: Interval| {
        if norm == Norm::Max {
            of.lo
        } else if of.lo <= 0.0 && of.hi >= 0.0 {
            0.0
        } else {
            of.lo.abs().min(of.hi.abs())
        }
    };
    let slack = 1.0 - 4.0 * (x.len() as f64 + 4.0) * f64::EPSILON;
    let smallest_real = size(&|s| least(s.real)) * slack;
    // The integer norm is rounded down by less than one unit.
    let smallest_quant = size(&|s| least(s.quant)) * slack - divisor_unit;
    let moved = match norm {
        Norm::Max => moves(x).magnitude(),
        _ => size(&|s| s.delta.magnitude()) / slack,
    } + divisor_unit;
    let is_defined =
        norm != Norm::Max || smallest_real > 0.0 || x.iter().all(|state| state.real.lo >= 0.0);
    (0..x.len())
        .map(|i| {
            let quant_limits = if x[i].quant.lo >= 0.0 {
                Interval::new(0.0, 1.0)
            } else if x[i].quant.hi <= 0.0 {
                Interval::new(-1.0, 0.0)
            } else {
                Interval::around_zero(1.0)
            };
            let quant = model.proved(id, i).intersect(quant_limits);
            if !is_defined {
                // The largest of elements that are all negative divides by less than nothing.
                return State::unknown(quant);
            }
            let mut real = match (norm, x[i].real.lo >= 0.0, x[i].real.hi <= 0.0) {
                (_, true, _) => Interval::new(0.0, 1.0),
                (Norm::Max, ..) => Interval::new(x[i].real.lo / smallest_real, 1.0).outward(),
                (_, _, true) => Interval::new(-1.0, 0.0),
                _ => Interval::around_zero(1.0),
            };
            if smallest_real > 0.0 {
                let divisor = Interval::new(smallest_real, f64::INFINITY);
                real = real.intersect(x[i].real.over(divisor));
            }
            let mut delta = quant.minus(real);
            if smallest_quant > 0.0 {
                // x̂/N̂ − x/N = (δ − (x/N)·δN) / N̂
                let top = x[i].delta.minus(real.times(Interval::around_zero(moved)));
                let half = Interval::around_zero(model.unit(id, i) / 2.0);
                let bound = top.magnitude() / smallest_quant;
                delta = delta.intersect(Interval::around_zero(bound).outward().plus(half));
            }
            State::new(real, quant, delta)
        })
        .collect()
}
