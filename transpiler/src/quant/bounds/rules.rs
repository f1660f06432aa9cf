//! Operations that make each element of one element of each operand.

use super::interval::Interval;
use super::{Ideal, Model, State};
use crate::graph::ValueId;
use crate::quant::QuantOp;

/// Whether every element is made of the operands' elements at the same place.
pub(super) fn is_pointwise(op: &QuantOp, ideal: &Ideal<'_>) -> bool {
    if matches!(
        ideal,
        Ideal::Softmax { .. } | Ideal::Normalize { .. } | Ideal::LogSumExp { .. } | Ideal::Unknown
    ) {
        return false;
    }
    match op {
        QuantOp::Constant(_)
        | QuantOp::Scale { .. }
        | QuantOp::Shift { .. }
        | QuantOp::Relu
        | QuantOp::LeakyRelu { .. }
        | QuantOp::Clip { .. }
        | QuantOp::Abs
        | QuantOp::Sqrt
        | QuantOp::Greater { .. }
        | QuantOp::Truncate { .. }
        | QuantOp::Lookup(_)
        | QuantOp::Add
        | QuantOp::Sub
        | QuantOp::Mul
        | QuantOp::Larger
        | QuantOp::Div { .. } => true,
        QuantOp::Input
        | QuantOp::Dense { .. }
        | QuantOp::Sum
        | QuantOp::Max
        | QuantOp::SubMax
        | QuantOp::MaskZero
        | QuantOp::ArgMax { .. }
        | QuantOp::Gather(_)
        | QuantOp::Concat
        | QuantOp::Trees(_) => false,
    }
}

/// The element at `i`, or the only one.
pub(super) fn pick(states: &[State], i: usize) -> State {
    states[if states.len() == 1 { 0 } else { i }]
}

/// Element `i` of node `id`, from its operands' elements.
pub(super) fn pointwise(model: &Model<'_>, id: ValueId, i: usize, operands: &[State]) -> State {
    let node = &model.nodes[id];
    let unit = model.unit(id, i);
    let proved = model.proved(id, i);
    if operands.iter().any(|operand| !operand.is_known()) {
        return State::unknown(proved);
    }
    // Rounding down, and rounding to the nearest.
    let floor = Interval::new(-unit, 0.0);
    let nearest = Interval::around_zero(unit / 2.0);
    let x = operands.first().copied();
    let (real, quant, delta) = match (&node.op, &model.ideals[id], x) {
        (QuantOp::Constant(values), Ideal::Constant(real), _) => {
            let (value, real) = (values[i] as f64 * unit, real[i]);
            let difference = value - real;
            let delta = if difference == 0.0 {
                Interval::ZERO
            } else {
                Interval::point(difference).outward()
            };
            (Interval::point(real), Interval::point(value), delta)
        }
        (op, Ideal::Same, Some(x)) => same(op, &x, unit, nearest),
        (op, Ideal::Rebased, Some(x)) => {
            let (_, quant, _) = same(op, &x, unit, nearest);
            let quant = quant.intersect(proved);
            return State { real: quant, quant, delta: Interval::ZERO };
        }
        (QuantOp::Scale { mul, add }, Ideal::Affine { scale, offset, derived }, Some(x)) => {
            let (s, o) = (scale[i], offset[i]);
            let factor = mul[i] as f64 * unit / model.unit(node.inputs[0], i);
            let term = add[i] as f64 * unit;
            let line = |of: Interval, s: f64, o: f64| {
                of.times(Interval::point(s)).plus(Interval::point(o))
            };
            let delta = x
                .quant
                .times(Interval::point(factor - s))
                .plus(x.delta.times(Interval::point(s)))
                .plus(Interval::point(term - o));
            let slack = f64::from(u8::from(*derived))
                * f64::EPSILON
                * (s.abs() * x.real.magnitude() + o.abs());
            let delta = delta.widen(slack);
            (line(x.real, s, o), line(x.quant, factor, term), delta)
        }
        (QuantOp::Relu, _, Some(x)) => {
            let relu = |of: Interval| of.clamp(0.0, f64::INFINITY);
            (relu(x.real), relu(x.quant), kinked(&x, 0.0, 0.0, 1.0))
        }
        (QuantOp::Abs, _, Some(x)) => {
            let abs = |of: Interval| {
                let least =
                    if of.lo <= 0.0 && of.hi >= 0.0 { 0.0 } else { of.lo.abs().min(of.hi.abs()) };
                Interval::new(least, of.magnitude())
            };
            (abs(x.real), abs(x.quant), kinked(&x, 0.0, -1.0, 1.0))
        }
        (QuantOp::LeakyRelu { slope, bits }, Ideal::Leaky { alpha }, Some(x)) => {
            let slope = *slope as f64 * crate::float::pow2(-(*bits as i32));
            let leaky = |of: Interval, slope: f64| {
                let below = of.clamp(f64::NEG_INFINITY, 0.0).times(Interval::point(slope));
                let above = of.clamp(0.0, f64::INFINITY);
                if of.lo >= 0.0 {
                    above
                } else if of.hi <= 0.0 {
                    below
                } else {
                    below.union(above)
                }
            };
            let below = x.quant.clamp(f64::NEG_INFINITY, 0.0);
            let delta =
                kinked(&x, 0.0, *alpha, 1.0).plus(below.times(Interval::point(slope - alpha)));
            (leaky(x.real, *alpha), leaky(x.quant, slope), delta)
        }
        (QuantOp::Clip { lo, hi }, Ideal::Clip { min, max }, Some(x)) => {
            let off = |limit: i128, real: f64| {
                if real.is_finite() {
                    Interval::point(limit as f64 * unit - real).outward()
                } else {
                    Interval::ZERO
                }
            };
            let (at_min, at_max) = (off(*lo, *min), off(*hi, *max));
            // Between the limits the operand's error; at a limit, the limit's.
            let low = x.delta.lo.min(0.0).min(at_min.lo).min(at_max.lo);
            let high = x.delta.hi.max(0.0).max(at_min.hi).max(at_max.hi);
            let quant = x.quant.clamp(*lo as f64 * unit, *hi as f64 * unit);
            (x.real.clamp(*min, *max), quant, Interval::new(low, high))
        }
        (QuantOp::Greater { threshold: integer }, Ideal::Threshold(threshold), Some(x)) => {
            let limit = *integer as f64 * model.unit(node.inputs[0], i);
            let above = |of: Interval, limit: f64| of.lo > limit;
            let below = |of: Interval, limit: f64| of.hi <= limit;
            if above(x.real, *threshold) && above(x.quant, limit) {
                (Interval::point(1.0), Interval::point(1.0), Interval::ZERO)
            } else if below(x.real, *threshold) && below(x.quant, limit) {
                (Interval::ZERO, Interval::ZERO, Interval::ZERO)
            } else {
                return State::unknown(proved);
            }
        }
        (QuantOp::Truncate { .. }, ideal, Some(x)) => {
            let whole = |x: f64| match ideal {
                Ideal::Floor => x.floor(),
                _ => x.trunc(),
            };
            let truncate = |of: Interval| Interval::new(whole(of.lo), whole(of.hi));
            let delta = if x.delta == Interval::ZERO {
                Interval::ZERO
            } else {
                // Two numbers a distance apart have whole parts less than one more apart.
                Interval::new((x.delta.lo - 1.0).ceil(), (x.delta.hi + 1.0).floor())
            };
            (truncate(x.real), truncate(x.quant), delta)
        }
        (QuantOp::Sqrt, _, Some(x)) => {
            let root = |of: Interval| of.clamp(0.0, f64::INFINITY).map(f64::sqrt);
            let real = x.real.clamp(0.0, f64::INFINITY);
            // Concave: it moves most at the least argument.
            let moved = |at: f64, by: f64| (at + by).sqrt() - at.sqrt();
            let up = if x.delta.hi > 0.0 { moved(real.lo, x.delta.hi) } else { 0.0 };
            let least = x.quant.lo.max(0.0);
            let down = if x.delta.lo < 0.0 { moved(least, -x.delta.lo) } else { 0.0 };
            let slack = 8.0 * f64::EPSILON * (x.quant.magnitude() + real.magnitude()).sqrt();
            let delta = Interval::new(-down, up).widen(slack).plus(floor);
            (root(x.real), root(x.quant).plus(floor), delta)
        }
        (QuantOp::Lookup(table), _, Some(x)) => {
            let function = table.function;
            let (image, domain) = function.image_and_domain();
            let real = x.real.intersect(domain);
            let in_unit = model.unit(node.inputs[0], i);
            let ends = |value: f64| value / in_unit;
            let (lo, hi) = (ends(x.quant.lo).ceil() as i128, ends(x.quant.hi).floor() as i128);
            let error = match &model.tables[id] {
                Some(errors) => errors.over(lo, hi),
                None => Interval::ALL,
            };
            let map = |of: Interval| of.map(|x| function.apply(x)).intersect(image);
            let change = function.change(real, x.quant, x.delta);
            (map(real), map(x.quant.intersect(domain)).plus(error), change.plus(error))
        }
        (QuantOp::Add, _, Some(a)) => {
            let b = operands[1];
            (a.real.plus(b.real), a.quant.plus(b.quant), a.delta.plus(b.delta))
        }
        (QuantOp::Sub, _, Some(a)) => {
            let b = operands[1];
            (a.real.minus(b.real), a.quant.minus(b.quant), a.delta.minus(b.delta))
        }
        (QuantOp::Larger, _, Some(a)) => {
            let b = operands[1];
            let larger = |a: Interval, b: Interval| Interval::new(a.lo.max(b.lo), a.hi.max(b.hi));
            let above = |a: &State, b: &State| a.real.lo >= b.real.hi && a.quant.lo >= b.quant.hi;
            let delta = if above(&a, &b) {
                a.delta
            } else if above(&b, &a) {
                b.delta
            } else {
                // No further than either of the two moves.
                a.delta.union(b.delta)
            };
            (larger(a.real, b.real), larger(a.quant, b.quant), delta)
        }
        (QuantOp::Mul, _, Some(a)) => product(&a, &operands[1], node.inputs[0] == node.inputs[1]),
        (QuantOp::Div { .. }, _, Some(a)) => {
            let b = operands[1];
            let real = a.real.over(b.real);
            let exact = a.quant.over(b.quant);
            // â/b̂ − a/b = (δa − (a/b)·δb) / b̂ = (δa − (â/b̂)·δb) / b
            let by_real = a.delta.minus(real.times(b.delta)).over(b.quant);
            let by_quant = a.delta.minus(exact.times(b.delta)).over(b.real);
            let delta = by_real.intersect(by_quant).plus(nearest);
            (real, exact.plus(nearest), delta)
        }
        _ => return State::unknown(proved),
    };
    State::new(real, quant.intersect(proved), delta)
}

/// A node that stands for its own operand.
fn same(op: &QuantOp, x: &State, unit: f64, nearest: Interval) -> (Interval, Interval, Interval) {
    match op {
        QuantOp::Shift { .. } => (x.real, x.quant.plus(nearest), x.delta.plus(nearest)),
        QuantOp::Clip { lo, hi } => {
            let (lo, hi) = (*lo as f64 * unit, *hi as f64 * unit);
            let added =
                Interval::new((hi - x.quant.hi).min(0.0), (lo - x.quant.lo).max(0.0)).outward();
            (x.real, x.quant.clamp(lo, hi), x.delta.plus(added))
        }
        _ => (x.real, x.quant, x.delta),
    }
}

/// The error behind a function of slope `below` under `kink` and `above` over it.
fn kinked(x: &State, kink: f64, below: f64, above: f64) -> Interval {
    let slopes = if x.real.lo >= kink && x.quant.lo >= kink {
        Interval::point(above)
    } else if x.real.hi <= kink && x.quant.hi <= kink {
        Interval::point(below)
    } else {
        Interval::new(below.min(above), below.max(above))
    };
    // A slope of 1 loses nothing.
    if slopes == Interval::point(1.0) {
        x.delta
    } else if slopes.lo == 0.0 && slopes.hi == 1.0 {
        Interval::new(x.delta.lo.min(0.0), x.delta.hi.max(0.0))
    } else {
        x.delta.times(slopes)
    }
}

/// `a · b`
fn product(a: &State, b: &State, is_square: bool) -> (Interval, Interval, Interval) {
    let square = |of: Interval| {
        let product = of.times(of);
        if is_square {
            product.clamp(0.0, f64::INFINITY)
        } else {
            product
        }
    };
    if is_square {
        // â² − a² = (â + a)·δ
        let delta = a.quant.plus(a.real).times(a.delta);
        return (square(a.real), square(a.quant), delta);
    }
    // â·b̂ − a·b = â·δb + b·δa = a·δb + b̂·δa
    let one = a.quant.times(b.delta).plus(b.real.times(a.delta));
    let other = a.real.times(b.delta).plus(b.quant.times(a.delta));
    (a.real.times(b.real), a.quant.times(b.quant), one.intersect(other))
}
