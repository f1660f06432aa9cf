//! The operations on one value. All are inlined; step counts are of the common path.

use core::RangeCheck;
use core::num::traits::Sqrt;
use crate::int::{
    AddHelper, BoundedInt, ConstrainHelper, DivRemHelper, MulHelper, SubHelper, add, constant,
    constrain, div_rem, downcast, mul, non_zero, sub,
};

/// A divisor: a power of two, a radix or a sum, from 1 to `2^120`.
pub type Divisor = BoundedInt<1, 0x1000000000000000000000000000000>;

/// Division of any `u128`, 7 steps; for callers that divide themselves.
pub impl U128ByDivisor of DivRemHelper<u128, Divisor> {
    type DivT = BoundedInt<0, 0xffffffffffffffffffffffffffffffff>;
    type RemT = BoundedInt<0, 0xffffffffffffffffffffffffffffff>;
}

/// How [`shift_round`] drops `bits` fractional bits: `pow = 2^bits`, `add = 2^121 + 2^(bits−1)`
/// and `sub = 2^(121−bits)`, for `bits` from 1 to 120. `2^121` keeps the dividend non-negative.
#[derive(Copy, Drop)]
pub struct Shift {
    /// `2^bits`
    pub pow: NonZero<Divisor>,
    /// `2^121 + 2^(bits−1)`
    pub add: felt252,
    /// `2^(121−bits)`
    pub sub: felt252,
}

/// `⌊(x + 2^(bits−1)) / 2^bits⌋`: drops bits, halves go up. 11 steps.
#[inline(always)]
pub fn shift_round(x: felt252, by: Shift) -> felt252 {
    let (quotient, _) = div_rem(unsigned(x + by.add), by.pow);
    quotient.into() - by.sub
}

/// `max(x, 0)`. 9 steps.
#[inline(always)]
pub fn relu(x: felt252) -> felt252 {
    match sign(x) {
        Result::Ok(_) => 0,
        Result::Err(x) => x.into(),
    }
}

/// `x · pow` where `x ≥ 0`, else `x · slope`: the slope in units of `1 / pow`. 9 steps.
#[inline(always)]
pub fn leaky_relu(x: felt252, slope: felt252, pow: felt252) -> felt252 {
    match sign(x) {
        Result::Ok(_) => x * slope,
        Result::Err(_) => x * pow,
    }
}

/// `min(max(x, lo), hi)`, of bounds of magnitude up to `2^120`. 9 steps where `x` is in
/// range, up to 18 where it is not.
#[inline(always)]
pub fn clip(x: felt252, lo: felt252, hi: felt252) -> felt252 {
    match u128s_from_felt252(x - lo) {
        Words::Narrow(_) => match u128s_from_felt252(hi - x) {
            Words::Narrow(_) => x,
            Words::Wide(_) => hi,
        },
        Words::Wide(_) => lo,
    }
}

/// `|x|`. 9 steps.
#[inline(always)]
pub fn abs(x: felt252) -> felt252 {
    match sign(x) {
        Result::Ok(_) => -x,
        Result::Err(_) => x,
    }
}

/// `⌊√x⌋` of `x ≥ 0`. 12 steps.
#[inline(always)]
pub fn sqrt(x: felt252) -> felt252 {
    unsigned(x).sqrt().into()
}

/// 1 where `x > threshold`, else 0. 10 steps.
#[inline(always)]
pub fn greater(x: felt252, threshold: felt252) -> felt252 {
    match constrain::<i128, 1>(signed(x - threshold)) {
        Result::Ok(_) => 0,
        Result::Err(_) => 1,
    }
}

/// `x / pow` rounded towards zero. 16 steps.
#[inline(always)]
pub fn truncate(x: felt252, pow: NonZero<Divisor>) -> felt252 {
    match sign(x) {
        Result::Ok(x) => {
            let (quotient, _) = div_rem(mul(x, constant::<-1>()), pow);
            -quotient.into()
        },
        Result::Err(x) => {
            let (quotient, _) = div_rem(x, pow);
            quotient.into()
        },
    }
}

/// `⌊a / b + 1/2⌋`: halves go up. `a` may have any magnitude below `2^127`. 21 steps.
#[inline(always)]
pub fn div_round(a: felt252, b: NonZero<Divisor>) -> felt252 {
    let b: Divisor = b.into();
    let twice_b = non_zero(add::<Divisor, Divisor>(b, b));
    match sign(a) {
        Result::Ok(a) => {
            // −⌈(2n − b) / 2b⌉ of n = −a, which is −⌊(2n + b − 1) / 2b⌋.
            let less = sub::<Divisor, One>(b, 1);
            let sum = add(mul(a, constant::<-2>()), less);
            let (quotient, _) = div_rem(sum, twice_b);
            -quotient.into()
        },
        Result::Err(a) => {
            let sum = add(mul::<NonNegative, BoundedInt<2, 2>>(a, 2), b);
            let (quotient, _) = div_rem(sum, twice_b);
            quotient.into()
        },
    }
}

/// A value as a divisor. 6 steps.
///
/// # Panics
/// With `'scalar: bad divisor'` if it is below 1 or above `2^120`.
#[inline(always)]
pub fn divisor(x: felt252) -> NonZero<Divisor> {
    match downcast::<felt252, Divisor>(x) {
        Option::Some(x) => non_zero(x),
        Option::None => core::panic_with_felt252('scalar: bad divisor'),
    }
}

/// A felt as 128-bit words: one if the second would be 0, else the high and the low one.
pub enum Words {
    Narrow: u128,
    Wide: (u128, u128),
}

/// 2 steps for one word, 11 for two.
pub extern fn u128s_from_felt252(a: felt252) -> Words implicits(RangeCheck) nopanic;

/// `Ok` of the difference if `lhs ≥ rhs`, else `Err` of it plus `2^128`. 3 or 5 steps.
pub extern fn u128_overflowing_sub(
    lhs: u128, rhs: u128,
) -> Result<u128, u128> implicits(RangeCheck) nopanic;

/// A non-negative value of the runtime. 2 steps.
#[inline(always)]
pub(crate) fn unsigned(x: felt252) -> u128 {
    match u128s_from_felt252(x) {
        Words::Narrow(x) => x,
        Words::Wide(_) => core::panic_with_felt252('scalar: overflow'),
    }
}

/// A value of the runtime, with room to add and subtract before. 3 steps.
#[inline(always)]
pub fn signed(x: felt252) -> i128 {
    match x.try_into() {
        Option::Some(x) => x,
        Option::None => core::panic_with_felt252('scalar: overflow'),
    }
}

/// `Ok` if `x < 0`, else `Err`, of `x` of magnitude below `2^127`. 6 steps.
#[inline(always)]
pub fn sign(x: felt252) -> Result<Negative, NonNegative> {
    constrain::<i128, 0>(signed(x))
}

/// A negative `i128`.
pub type Negative = BoundedInt<-0x80000000000000000000000000000000, -1>;
/// A non-negative `i128`.
pub type NonNegative = BoundedInt<0, 0x7fffffffffffffffffffffffffffffff>;
type Magnitude = BoundedInt<1, 0x80000000000000000000000000000000>;

pub(crate) impl SignHelper of ConstrainHelper<i128, 0> {
    type LowT = Negative;
    type HighT = NonNegative;
}
impl GreaterHelper of ConstrainHelper<i128, 1> {
    type LowT = BoundedInt<-0x80000000000000000000000000000000, 0>;
    type HighT = BoundedInt<1, 0x7fffffffffffffffffffffffffffffff>;
}

impl NegateHelper of MulHelper<Negative, BoundedInt<-1, -1>> {
    type Result = Magnitude;
}
impl MagnitudeByDivisor of DivRemHelper<Magnitude, Divisor> {
    type DivT = BoundedInt<0, 0x80000000000000000000000000000000>;
    type RemT = BoundedInt<0, 0xffffffffffffffffffffffffffffff>;
}
impl NonNegativeByDivisor of DivRemHelper<NonNegative, Divisor> {
    type DivT = NonNegative;
    type RemT = BoundedInt<0, 0xffffffffffffffffffffffffffffff>;
}

// The helpers of `div_round`: b goes up to 2^120, |2a| up to 2^128.
type One = BoundedInt<1, 1>;
type TwiceDivisor = BoundedInt<2, 0x2000000000000000000000000000000>;
type BelowDivisor = BoundedInt<0, 0xffffffffffffffffffffffffffffff>;
type TwiceMagnitude = BoundedInt<2, 0x100000000000000000000000000000000>;
type TwiceNonNegative = BoundedInt<0, 0xfffffffffffffffffffffffffffffffe>;
type BelowSum = BoundedInt<2, 0x100ffffffffffffffffffffffffffffff>;
type AboveSum = BoundedInt<1, 0x100fffffffffffffffffffffffffffffe>;
type Quotient = BoundedInt<0, 0x807fffffffffffffffffffffffffffff>;
type Remainder = BoundedInt<0, 0x1ffffffffffffffffffffffffffffff>;

impl TwiceDivisorHelper of AddHelper<Divisor, Divisor> {
    type Result = TwiceDivisor;
}
impl BelowDivisorHelper of SubHelper<Divisor, One> {
    type Result = BelowDivisor;
}
impl TwiceMagnitudeHelper of MulHelper<Negative, BoundedInt<-2, -2>> {
    type Result = TwiceMagnitude;
}
impl TwiceNonNegativeHelper of MulHelper<NonNegative, BoundedInt<2, 2>> {
    type Result = TwiceNonNegative;
}
impl BelowSumHelper of AddHelper<TwiceMagnitude, BelowDivisor> {
    type Result = BelowSum;
}
impl AboveSumHelper of AddHelper<TwiceNonNegative, Divisor> {
    type Result = AboveSum;
}
impl BelowSumByDivisor of DivRemHelper<BelowSum, TwiceDivisor> {
    type DivT = Quotient;
    type RemT = Remainder;
}
impl AboveSumByDivisor of DivRemHelper<AboveSum, TwiceDivisor> {
    type DivT = Quotient;
    type RemT = Remainder;
}
