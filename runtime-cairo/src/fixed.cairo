//! Signed fixed-point numbers.
//!
//! A [`Fixed`] is an integer of units of `2^-32`: numbers of magnitude below `2^47` (1.4 · 10^14),
//! each exact to `1.2 · 10^-10`. Nothing wraps or saturates: results outside of the range panic
//! with `'fixed: overflow'`. Sums, differences, comparisons, `abs`, `floor`, `ceil` and `round` are
//! exact.
//! Products, quotients and the functions below round; their bounds hold for every argument.
//!
//! | operation | error at most | steps |
//! |---|---|---|
//! | `a * b`, `a / b` | `2^-33`, half a unit; halves go up | 16, 36 |
//! | `sqrt` | one unit, downwards | 15 |
//! | `exp` | `2^-33 + 2^-40 · e^x` | 109 |
//! | `ln` | `2^-33 + 2^-40` | 155 |
//! | `sigmoid` | `2^-32` | 133 |
//! | `tanh` | `2^-31` | 134 |

mod exp;
mod ln;
mod normal;
mod raw;
mod squash;

use core::serde::Serde;
use crate::int::{downcast, upcast};
use raw::{Raw, SmallInteger};

/// A fixed-point number: [`FixedTrait::raw`] units of `2^-32`.
#[derive(Copy, Drop)]
pub struct Fixed {
    raw: Raw,
}

/// 0
pub const ZERO: Fixed = Fixed { raw: 0 };
/// 1
pub const ONE: Fixed = Fixed { raw: 0x100000000 };
/// The largest number, `2^47 − 2^-32`. The smallest is its negative.
pub const MAX: Fixed = Fixed { raw: 0x7fffffffffffffffffff };

/// Making, taking apart and computing.
#[generate_trait]
pub impl FixedImpl of FixedTrait {
    /// The number `raw · 2^-32`; negative `raw` as field negatives.
    ///
    /// # Panics
    /// With `'fixed: overflow'` if `|raw| ≥ 2^79`.
    fn from_raw(raw: felt252) -> Fixed {
        match downcast(raw) {
            Option::Some(raw) => Fixed { raw },
            Option::None => raw::overflow(),
        }
    }

    /// The number in units of `2^-32`.
    #[inline(always)]
    fn raw(self: Fixed) -> felt252 {
        upcast(self.raw)
    }

    /// An integer as a number.
    ///
    /// # Panics
    /// With `'fixed: overflow'` if `|integer| ≥ 2^47`.
    fn from_int(integer: i64) -> Fixed {
        match downcast::<i64, SmallInteger>(integer) {
            Option::Some(integer) => Fixed { raw: raw::from_integer(upcast(integer)) },
            Option::None => raw::overflow(),
        }
    }

    /// The largest integer that is not larger.
    fn floor_int(self: Fixed) -> i64 {
        upcast(raw::floor(self.raw))
    }

    /// The nearest integer; halves go up.
    fn round_int(self: Fixed) -> i64 {
        upcast(raw::round(self.raw))
    }

    /// The largest whole number that is not larger.
    ///
    /// # Panics
    /// With `'fixed: overflow'` below `−2^47 + 1`.
    fn floor(self: Fixed) -> Fixed {
        Fixed { raw: raw::from_integer(raw::floor(self.raw)) }
    }

    /// The smallest whole number that is not smaller.
    ///
    /// # Panics
    /// With `'fixed: overflow'` above `2^47 − 1`.
    fn ceil(self: Fixed) -> Fixed {
        -(-self).floor()
    }

    /// The nearest whole number; halves go up.
    ///
    /// # Panics
    /// With `'fixed: overflow'` where it is `2^47` or `−2^47`.
    fn round(self: Fixed) -> Fixed {
        Fixed { raw: raw::from_integer(raw::round(self.raw)) }
    }

    /// `|x|`
    fn abs(self: Fixed) -> Fixed {
        if raw::is_negative(self.raw) {
            -self
        } else {
            self
        }
    }

    /// The smaller of two.
    fn min(self: Fixed, other: Fixed) -> Fixed {
        if self < other {
            self
        } else {
            other
        }
    }

    /// The larger of two.
    fn max(self: Fixed, other: Fixed) -> Fixed {
        if self < other {
            other
        } else {
            self
        }
    }

    /// `√x`, rounded down.
    ///
    /// # Panics
    /// With `'fixed: root of a negative'` if `x < 0`.
    fn sqrt(self: Fixed) -> Fixed {
        Fixed { raw: raw::sqrt(self.raw) }
    }

    /// `e^x`, within `2^-33 + 2^-40 · e^x`; 0 below −23.
    ///
    /// # Panics
    /// With `'fixed: overflow'` above `47 · ln 2`, about 32.58.
    fn exp(self: Fixed) -> Fixed {
        Fixed { raw: exp::exp(self.raw) }
    }

    /// The natural logarithm, within `2^-33 + 2^-40`.
    ///
    /// # Panics
    /// With `'fixed: log of 0 or less'` if `x ≤ 0`.
    fn ln(self: Fixed) -> Fixed {
        match raw::positive(self.raw) {
            Option::Some(x) => Fixed { raw: upcast(ln::ln(x)) },
            Option::None => core::panic_with_felt252('fixed: log of 0 or less'),
        }
    }

    /// `1 / (1 + e^-x)`, within `2^-32`; 1 less the value at `−x`, exactly.
    fn sigmoid(self: Fixed) -> Fixed {
        Fixed { raw: squash::sigmoid(self.raw) }
    }

    /// The hyperbolic tangent, within `2^-31`; an odd function, exactly.
    fn tanh(self: Fixed) -> Fixed {
        Fixed { raw: squash::tanh(self.raw) }
    }
}

pub impl FixedAdd of Add<Fixed> {
    fn add(lhs: Fixed, rhs: Fixed) -> Fixed {
        Fixed { raw: raw::add(lhs.raw, rhs.raw) }
    }
}

pub impl FixedSub of Sub<Fixed> {
    fn sub(lhs: Fixed, rhs: Fixed) -> Fixed {
        Fixed { raw: raw::sub(lhs.raw, rhs.raw) }
    }
}

/// Panics with `'fixed: overflow'`.
pub impl FixedMul of Mul<Fixed> {
    fn mul(lhs: Fixed, rhs: Fixed) -> Fixed {
        Fixed { raw: raw::mul(lhs.raw, rhs.raw) }
    }
}

/// Panics with `'fixed: division by 0'` or `'fixed: overflow'`.
pub impl FixedDiv of Div<Fixed> {
    fn div(lhs: Fixed, rhs: Fixed) -> Fixed {
        Fixed { raw: raw::div(lhs.raw, rhs.raw) }
    }
}

pub impl FixedNeg of Neg<Fixed> {
    #[inline(always)]
    fn neg(a: Fixed) -> Fixed {
        Fixed { raw: raw::neg(a.raw) }
    }
}

pub impl FixedPartialEq of PartialEq<Fixed> {
    #[inline(always)]
    fn eq(lhs: @Fixed, rhs: @Fixed) -> bool {
        (*lhs).raw() == (*rhs).raw()
    }
}

pub impl FixedPartialOrd of PartialOrd<Fixed> {
    fn lt(lhs: Fixed, rhs: Fixed) -> bool {
        raw::less(lhs.raw, rhs.raw)
    }
    fn ge(lhs: Fixed, rhs: Fixed) -> bool {
        !raw::less(lhs.raw, rhs.raw)
    }
    fn gt(lhs: Fixed, rhs: Fixed) -> bool {
        raw::less(rhs.raw, lhs.raw)
    }
    fn le(lhs: Fixed, rhs: Fixed) -> bool {
        !raw::less(rhs.raw, lhs.raw)
    }
}

/// One felt, the number of units. A felt that is out of range is refused.
pub impl FixedSerde of Serde<Fixed> {
    fn serialize(self: @Fixed, ref output: Array<felt252>) {
        output.append((*self).raw());
    }
    fn deserialize(ref serialized: Span<felt252>) -> Option<Fixed> {
        let raw = downcast(*serialized.pop_front()?)?;
        Option::Some(Fixed { raw })
    }
}
