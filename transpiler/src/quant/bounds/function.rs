//! How far a table's answer is from its function, and how far a function moves with its argument.

use super::interval::Interval;
use crate::float::pow2;
use crate::quant::{Range, Table, TableFunction};

/// Segments up to this long are looked at integer by integer.
const EXHAUSTIVE: i128 = 256;
/// Longer ones at this many points, and the curvature says what may lie between.
const SAMPLES: i128 = 32;

/// Where a rising function is steepest.
enum Steepest {
    /// At the upper end of every interval.
    Above,
    /// At the lower end of every interval.
    Below,
    /// At the point of an interval that is nearest to this one.
    Near(f64),
    /// At one of the ends of every interval.
    Ends,
}

impl TableFunction {
    fn steepest(self) -> Steepest {
        match self {
            Self::Sigmoid | Self::Tanh | Self::Erf => Steepest::Near(0.0),
            Self::Exp | Self::Softplus => Steepest::Above,
            Self::Log => Steepest::Below,
            Self::Probit => Steepest::Ends,
        }
    }

    /// The values that the function takes, and the arguments that it is defined for.
    pub(super) fn image_and_domain(self) -> (Interval, Interval) {
        match self {
            Self::Sigmoid => (Interval::new(0.0, 1.0), Interval::ALL),
            Self::Tanh => (Interval::new(-1.0, 1.0), Interval::ALL),
            Self::Erf => (Interval::new(-1.0, 1.0), Interval::ALL),
            Self::Exp | Self::Softplus => (Interval::new(0.0, f64::INFINITY), Interval::ALL),
            Self::Log => (Interval::ALL, Interval::new(0.0, f64::INFINITY)),
            Self::Probit => (Interval::ALL, Interval::new(0.0, 1.0)),
        }
    }

    /// A bound on the second derivative's magnitude; none where only the function's rise is used.
    fn curvature(self, arguments: Interval) -> Option<f64> {
        let nearest = if arguments.lo <= 0.0 && arguments.hi >= 0.0 {
            0.0
        } else {
            arguments.lo.abs().min(arguments.hi.abs())
        };
        match self {
            Self::Sigmoid => Some(libm::exp(-nearest).min(0.0963)),
            Self::Tanh => Some((8.0 * libm::exp(-2.0 * nearest)).min(0.77)),
            Self::Exp => Some(libm::exp(arguments.hi) * (1.0 + 1e-12)),
            // 1/x², falling.
            Self::Log => {
                let least = arguments.lo.max(0.0);
                Some((1.0 + 1e-12) / (least * least))
            }
            // 4x/√π · e^(-x²), which rises up to 1/√2.
            Self::Erf if nearest < std::f64::consts::FRAC_1_SQRT_2 => Some(0.968),
            Self::Erf => Some(2.256_76 * nearest * libm::exp(-nearest * nearest)),
            // That of a sigmoid's rise.
            Self::Softplus => Some(libm::exp(-nearest).min(0.250_001)),
            Self::Probit => None,
        }
    }

    /// The largest `|f(x + by) − f(x)|` over `x` in `from` where `x + by` lies in `to`.
    fn largest_move(self, from: Interval, to: Interval, by: f64) -> f64 {
        if by == 0.0 {
            return 0.0;
        }
        let lo = from.lo.max(to.lo - by);
        let hi = from.hi.min(to.hi - by);
        // Empty but for rounding.
        let (lo, hi) = (lo.min(hi), hi.max(lo));
        let moved = |x: f64| match self {
            // Without cancellation.
            Self::Exp => (libm::exp(x) * libm::expm1(by)).abs(),
            Self::Log => libm::log1p(by / x).abs() * (1.0 + 8.0 * f64::EPSILON),
            _ => {
                let (a, b) = (self.apply(x), self.apply(x + by));
                (b - a).abs() + (a.abs() + b.abs()) * 4.0 * f64::EPSILON
            }
        };
        let most = match self.steepest() {
            Steepest::Above => moved(hi),
            Steepest::Below => moved(lo),
            Steepest::Near(centre) => moved((centre - by / 2.0).clamp(lo, hi)),
            Steepest::Ends => moved(lo).max(moved(hi)),
        };
        // Probit of 0 and 1.
        if most.is_nan() {
            f64::INFINITY
        } else {
            most
        }
    }

    /// Bounds on `f(x + d) − f(x)` for `x` in `from`, `x + d` in `to` and `d` in `by`.
    pub(super) fn change(self, from: Interval, to: Interval, by: Interval) -> Interval {
        let up = if by.hi > 0.0 { self.largest_move(from, to, by.hi) } else { 0.0 };
        let down = if by.lo < 0.0 { self.largest_move(from, to, by.lo) } else { 0.0 };
        Interval::new(-down, up).outward()
    }
}

/// What a table's answers differ by from its function, segment by segment.
pub(super) struct TableErrors {
    /// `(first input, last input, bounds on answer − function)`, in order and without gaps.
    parts: Vec<(i128, i128, Interval)>,
}

impl TableErrors {
    /// Over the inputs in `range`, of scale `in_log2`; answers of scale `out_log2`.
    pub fn new(table: &Table, range: Range, in_log2: i32, out_log2: i32) -> Self {
        let (unit, out) = (pow2(-in_log2), pow2(-out_log2));
        let truth = |q: i128| table.function.apply(q as f64 * unit);
        let answer = |q: i128| table.apply(q) as f64 * out;
        // The function's own last bits.
        let slack = |y: f64| y.abs() * 8.0 * f64::EPSILON;
        let point = |q: i128| {
            let y = truth(q);
            Interval::point(answer(q) - y).widen(slack(y))
        };
        let mut parts = Vec::new();
        // The function rises and the answer stays: the ends hold the extremes.
        if range.lo < table.lo {
            let last = (table.lo - 1).min(range.hi);
            parts.push((range.lo, last, point(range.lo).union(point(last))));
        }
        let step = 1i128 << table.step_bits;
        for (index, &(slope, offset)) in table.segments.iter().enumerate() {
            let begin = table.lo + index as i128 * step;
            let first = begin.max(range.lo);
            let last = (begin + step - 1).min(table.hi).min(range.hi);
            if first > last {
                continue;
            }
            if last - first < EXHAUSTIVE {
                let error = (first..=last).map(point).reduce(Interval::union);
                parts.push((first, last, error.unwrap_or(Interval::ZERO)));
                continue;
            }
            let line = |q: i128| {
                let sum = i128::from(slope) * (q - begin) + i128::from(offset);
                (sum as f64 * pow2(-(table.shift as i32)) - table.bias as f64) * out
            };
            let difference = |q: i128| {
                let (y, line) = (truth(q), line(q));
                Interval::point(line - y)
                    .widen(slack(y) + slack(line) + slack(table.bias as f64 * out))
            };
            let arguments = Interval::new(first as f64 * unit, last as f64 * unit);
            let curvature = table.function.curvature(arguments);
            let samples = if curvature.is_some() { SAMPLES } else { 64 * SAMPLES };
            let stride = (last - first + samples - 1) / samples;
            let mut error: Option<Interval> = None;
            let mut add = |part: Interval| error = Some(error.map_or(part, |e| e.union(part)));
            let mut q = first;
            while q < last {
                let next = (q + stride).min(last);
                let (a, b) = (difference(q), difference(next));
                add(match curvature {
                    // |g − chord of g| ≤ max|g″| · h² / 8
                    Some(curvature) => {
                        let h = (next - q) as f64 * unit;
                        a.union(b).widen(curvature * h * h / 8.0 * (1.0 + 1e-9))
                    }
                    // Both the line and the function are monotone between the points.
                    None => {
                        let rise = (truth(next) - truth(q)).abs();
                        a.union(b).widen(rise)
                    }
                });
                q = next;
            }
            let error = error.unwrap_or(Interval::ZERO);
            // The answer is the line rounded down.
            parts.push((first, last, Interval::new(error.lo - out, error.hi).outward()));
        }
        if range.hi > table.hi {
            let first = (table.hi + 1).max(range.lo);
            parts.push((first, range.hi, point(first).union(point(range.hi))));
        }
        Self { parts }
    }

    /// Bounds on `answer − function` over the inputs from `lo` to `hi`.
    pub fn over(&self, lo: i128, hi: i128) -> Interval {
        let from = self.parts.partition_point(|&(_, last, _)| last < lo);
        self.parts[from..]
            .iter()
            .take_while(|&&(first, _, _)| first <= hi)
            .map(|&(_, _, error)| error)
            .reduce(Interval::union)
            .unwrap_or_else(|| self.everywhere())
    }

    /// Bounds over all inputs.
    pub fn everywhere(&self) -> Interval {
        self.parts.iter().map(|&(_, _, e)| e).reduce(Interval::union).unwrap_or(Interval::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sampled bound holds at every integer, and says little more than the worst of them.
    #[test]
    fn sampled_segments_hold_every_integer() {
        for (function, lo, hi) in [
            (TableFunction::Sigmoid, -12i128, 12),
            (TableFunction::Tanh, -8, 7),
            (TableFunction::Exp, -9, 3),
            (TableFunction::Probit, 0, 1),
        ] {
            for (in_log2, out_log2) in [(14, 16), (16, 12), (15, 9)] {
                let mut range = Range { lo: lo << in_log2, hi: hi << in_log2 };
                if function == TableFunction::Probit {
                    range = Range { lo: 1, hi: range.hi - 1 };
                }
                let table = Table::build(function, range, in_log2, out_log2, 64);
                let errors = TableErrors::new(&table, range, in_log2, out_log2);
                let mut worst = 0.0f64;
                for q in range.lo..=range.hi {
                    let truth = function.apply(q as f64 * pow2(-in_log2));
                    let error = table.apply(q) as f64 * pow2(-out_log2) - truth;
                    let bound = errors.over(q, q);
                    assert!(bound.lo <= error && error <= bound.hi, "{function:?} at {q}");
                    worst = worst.max(error.abs());
                }
                let bound = errors.everywhere().magnitude();
                assert!(bound <= 3.0 * worst + pow2(-out_log2), "{function:?}: {bound} {worst}");
            }
        }
    }

    #[test]
    fn a_function_moves_most_where_it_is_steepest() {
        let here = Interval::new(0.0, 16.0);
        let change = TableFunction::Exp.change(here, here.widen(0.1), Interval::around_zero(0.1));
        assert!(change.hi > libm::exp(16.0) * 0.105 && change.hi < libm::exp(16.0) * 0.1052);
        let narrow = Interval::around_zero(1e-3);
        let change = TableFunction::Sigmoid.change(Interval::ALL, Interval::ALL, narrow);
        assert!((change.hi - 0.25e-3).abs() < 1e-9);
        let far = Interval::new(5.0, 6.0);
        let change = TableFunction::Tanh.change(far, far.widen(1e-3), narrow);
        assert!(change.hi < 1e-6);
    }
}
