//! Intervals of real numbers, rounded outwards: what is true of every point of the operands is true
//! of the result, whatever the last bits of the floats.

/// What one floating-point operation, or one call of `libm`, may lose: more than either really does.
const EPSILON: f64 = 8.0 * f64::EPSILON;

/// The real numbers from `lo` to `hi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Interval {
    pub lo: f64,
    pub hi: f64,
}

impl Interval {
    pub const ZERO: Self = Self { lo: 0.0, hi: 0.0 };
    pub const ALL: Self = Self { lo: f64::NEG_INFINITY, hi: f64::INFINITY };

    pub fn new(lo: f64, hi: f64) -> Self {
        // Infinity minus infinity: nothing is known.
        if lo.is_nan() || hi.is_nan() {
            return Self::ALL;
        }
        Self { lo, hi }
    }

    pub fn point(x: f64) -> Self {
        Self::new(x, x)
    }

    /// From `-x` to `x`.
    pub fn around_zero(x: f64) -> Self {
        Self::new(-x, x)
    }

    pub fn is_finite(self) -> bool {
        self.lo.is_finite() && self.hi.is_finite()
    }

    /// The largest magnitude in it.
    pub fn magnitude(self) -> f64 {
        self.lo.abs().max(self.hi.abs())
    }

    pub fn union(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// The points of both; `self` where the two are disjoint, which only rounding can make them.
    pub fn intersect(self, other: Self) -> Self {
        let both = Self { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        if both.lo <= both.hi {
            both
        } else {
            self
        }
    }

    /// Wider by `margin` on both sides.
    pub fn widen(self, margin: f64) -> Self {
        Self::new(self.lo - margin, self.hi + margin)
    }

    /// Wider by what one operation on numbers of this magnitude may lose.
    pub fn outward(self) -> Self {
        let margin = |x: f64| if x.is_finite() { x.abs() * EPSILON } else { 0.0 };
        Self::new(self.lo - margin(self.lo), self.hi + margin(self.hi))
    }

    pub fn negate(self) -> Self {
        Self { lo: -self.hi, hi: -self.lo }
    }

    /// The sums; wider than exact by what a sum of numbers of the operands' magnitude may lose.
    pub fn plus(self, other: Self) -> Self {
        let loss = |a: f64, b: f64| {
            if a == 0.0 || b == 0.0 || !(a.is_finite() && b.is_finite()) {
                0.0
            } else {
                (a.abs() + b.abs()) * EPSILON
            }
        };
        Self::new(
            self.lo + other.lo - loss(self.lo, other.lo),
            self.hi + other.hi + loss(self.hi, other.hi),
        )
    }

    pub fn minus(self, other: Self) -> Self {
        self.plus(other.negate())
    }

    pub fn times(self, other: Self) -> Self {
        let ends = [
            product(self.lo, other.lo),
            product(self.lo, other.hi),
            product(self.hi, other.lo),
            product(self.hi, other.hi),
        ];
        let lo = ends.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self::new(lo, hi).outward()
    }

    /// The quotients; everything where the divisor may be 0.
    pub fn over(self, divisor: Self) -> Self {
        if divisor.lo <= 0.0 && divisor.hi >= 0.0 {
            return Self::ALL;
        }
        let ends = [
            self.lo / divisor.lo,
            self.lo / divisor.hi,
            self.hi / divisor.lo,
            self.hi / divisor.hi,
        ];
        let lo = ends.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = ends.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Self::new(lo, hi).outward()
    }

    /// The image under a rising function that is computed with a relative error of a few units.
    pub fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self::new(f(self.lo), f(self.hi)).outward()
    }

    pub fn clamp(self, lo: f64, hi: f64) -> Self {
        Self::new(self.lo.max(lo).min(hi), self.hi.max(lo).min(hi))
    }
}

/// A product where nothing times anything is nothing.
fn product(a: f64, b: f64) -> f64 {
    if a == 0.0 || b == 0.0 {
        0.0
    } else {
        a * b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_hold_the_exact_ones() {
        let third = Interval::point(1.0).over(Interval::point(3.0));
        assert!(third.lo < 1.0 / 3.0 && 1.0 / 3.0 < third.hi);
        let zero = Interval::point(0.1).plus(Interval::point(0.2)).minus(Interval::point(0.3));
        assert!(zero.lo <= 0.0 && 0.0 <= zero.hi);
        assert_eq!(Interval::ZERO.times(Interval::ALL), Interval::ZERO);
        assert_eq!(Interval::new(-1.0, 2.0).over(Interval::new(-1.0, 1.0)), Interval::ALL);
        assert_eq!(Interval::new(f64::NAN, 1.0), Interval::ALL);
    }

    #[test]
    fn nothing_lost_is_nothing_widened() {
        let half = Interval::around_zero(0.5);
        assert_eq!(half.plus(Interval::ZERO), half);
        assert_eq!(Interval::ZERO.times(Interval::point(3.0)), Interval::ZERO);
    }
}
