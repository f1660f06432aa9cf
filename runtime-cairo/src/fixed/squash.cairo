//! The sigmoid and the hyperbolic tangent.

use crate::int::{
    AddHelper, BoundedInt, ConstrainHelper, DivRemHelper, MulHelper, SubHelper, add as plus,
    constant, constrain, div_rem, mul as times, non_zero, sub as minus, upcast,
};
use super::exp::power;
use super::raw::{Negative, NonNegative, NonPositive, One, Raw};

/// `1 / (1 + e^-x)`
pub(crate) fn sigmoid(x: Raw) -> Raw {
    match constrain::<Raw, 0>(x) {
        Result::Ok(x) => upcast(minus::<One, Sigmoid>(0x100000000, sigmoid_above(upcast(x)))),
        Result::Err(x) => upcast(
            sigmoid_above(upcast(times::<NonNegative, MinusOne>(x, constant::<-1>())))
        ),
    }
}

/// `1 / (1 + e^x)` of `x ≤ 0`.
fn sigmoid_above(x: NonPositive) -> Sigmoid {
    let power = match constrain::<NonPositive, -0x1700000000>(x) {
        Result::Ok(_) => 0,
        Result::Err(x) => power(upcast(x)),
    };
    let denominator = plus::<Power, One>(power, 0x100000000);
    let sum = plus::<Two65, Denominator>(0x20000000000000000, denominator);
    let twice = plus::<Denominator, Denominator>(denominator, denominator);
    let (quotient, _) = div_rem(sum, non_zero(twice));
    quotient
}

/// The hyperbolic tangent.
pub(crate) fn tanh(x: Raw) -> Raw {
    match constrain::<Raw, 0>(x) {
        Result::Ok(x) => upcast(times::<Tanh, MinusOne>(tanh_above(upcast(x)), constant::<-1>())),
        Result::Err(x) => upcast(
            tanh_above(upcast(times::<NonNegative, MinusOne>(x, constant::<-1>())))
        ),
    }
}

/// `tanh(−x)` of `x ≤ 0`: `(1 − e^2x) / (1 + e^2x)`.
fn tanh_above(x: NonPositive) -> Tanh {
    let power = match constrain::<NonPositive, -0xb80000000>(x) {
        Result::Ok(_) => 0,
        Result::Err(x) => power(upcast(times::<HalfNearBelow, Two>(x, 2))),
    };
    let denominator = plus::<Power, One>(power, 0x100000000);
    let numerator = times::<OneLess, Two33>(minus::<One, Power>(0x100000000, power), 0x200000000);
    let twice = plus::<Denominator, Denominator>(denominator, denominator);
    let (quotient, _) = div_rem(
        plus::<TanhNumerator, Denominator>(numerator, denominator), non_zero(twice)
    );
    quotient
}

// Ranges, in the order of the computations.
type MinusOne = BoundedInt<-1, -1>;
type Two33 = BoundedInt<0x200000000, 0x200000000>;
/// `e^-x` of `x ≥ 0`.
pub(crate) type Power = BoundedInt<0, 0x100000000>;
type FarBelow = BoundedInt<-0x7fffffffffffffffffff, -0x1700000001>;
type NearBelow = BoundedInt<-0x1700000000, 0>;
type HalfFarBelow = BoundedInt<-0x7fffffffffffffffffff, -0xb80000001>;
type HalfNearBelow = BoundedInt<-0xb80000000, 0>;
type Two = BoundedInt<2, 2>;
type Denominator = BoundedInt<0x100000000, 0x200000000>;
type Two65 = BoundedInt<0x20000000000000000, 0x20000000000000000>;
type SigmoidSum = BoundedInt<0x20000000100000000, 0x20000000200000000>;
type TwiceDenominator = BoundedInt<0x200000000, 0x400000000>;
type Sigmoid = BoundedInt<0x80000000, 0x100000001>;
type DenominatorRest = BoundedInt<0, 0x3ffffffff>;
type OneLess = BoundedInt<0, 0x100000000>;
type TanhNumerator = BoundedInt<0, 0x20000000000000000>;
type TanhSum = BoundedInt<0x100000000, 0x20000000200000000>;
type Tanh = BoundedInt<0, 0x100000001>;
type SigmoidBelow = BoundedInt<-1, 0x80000000>;
type TanhBelow = BoundedInt<-0x100000001, 0>;

impl SquashSign of ConstrainHelper<Raw, 0> {
    type LowT = Negative;
    type HighT = NonNegative;
}

impl NonNegativeNegate of MulHelper<NonNegative, MinusOne> {
    type Result = NonPositive;
}

impl NonPositiveAtM0x1700000000 of ConstrainHelper<NonPositive, -0x1700000000> {
    type LowT = FarBelow;
    type HighT = NearBelow;
}

impl NonPositiveAtM0xb80000000 of ConstrainHelper<NonPositive, -0xb80000000> {
    type LowT = HalfFarBelow;
    type HighT = HalfNearBelow;
}

impl HalfNearBelowMulTwo of MulHelper<HalfNearBelow, Two> {
    type Result = NearBelow;
}

impl PowerAddOne of AddHelper<Power, One> {
    type Result = Denominator;
}

impl Two65AddDenominator of AddHelper<Two65, Denominator> {
    type Result = SigmoidSum;
}

impl DenominatorAddDenominator of AddHelper<Denominator, Denominator> {
    type Result = TwiceDenominator;
}

impl SigmoidSumDivRemTwiceDenominator of DivRemHelper<SigmoidSum, TwiceDenominator> {
    type DivT = Sigmoid;
    type RemT = DenominatorRest;
}

impl OneSubPower of SubHelper<One, Power> {
    type Result = OneLess;
}

impl OneLessMulTwo33 of MulHelper<OneLess, Two33> {
    type Result = TanhNumerator;
}

impl TanhNumeratorAddDenominator of AddHelper<TanhNumerator, Denominator> {
    type Result = TanhSum;
}

impl TanhSumDivRemTwiceDenominator of DivRemHelper<TanhSum, TwiceDenominator> {
    type DivT = Tanh;
    type RemT = DenominatorRest;
}

impl OneSubSigmoid of SubHelper<One, Sigmoid> {
    type Result = SigmoidBelow;
}

impl TanhNegate of MulHelper<Tanh, MinusOne> {
    type Result = TanhBelow;
}
