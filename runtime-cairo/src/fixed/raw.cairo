//! Arithmetic on the integers of fixed-point numbers.

use core::num::traits::Sqrt;
use crate::int::{
    AddHelper, BoundedInt, ConstrainHelper, DivRemHelper, MulHelper, SubHelper, add as plus,
    constant, constrain, div_rem, downcast, mul as times, non_zero, sub as minus, upcast,
};

const ONE: NonZero<One> = 0x100000000;

pub(crate) fn overflow() -> core::never {
    core::panic_with_felt252('fixed: overflow')
}

/// The sum. 6 steps.
#[inline(always)]
pub(crate) fn add(a: Raw, b: Raw) -> Raw {
    match downcast(plus::<Raw, Raw>(a, b)) {
        Option::Some(sum) => sum,
        Option::None => overflow(),
    }
}

/// The difference. 6 steps.
#[inline(always)]
pub(crate) fn sub(a: Raw, b: Raw) -> Raw {
    match downcast(minus::<Raw, Raw>(a, b)) {
        Option::Some(difference) => difference,
        Option::None => overflow(),
    }
}

#[inline(always)]
pub(crate) fn neg(a: Raw) -> Raw {
    times::<Raw, MinusOne>(a, constant::<-1>())
}

#[inline(always)]
pub(crate) fn is_negative(a: Raw) -> bool {
    match constrain::<Raw, 0>(a) {
        Result::Ok(_) => true,
        Result::Err(_) => false,
    }
}

#[inline(always)]
pub(crate) fn less(a: Raw, b: Raw) -> bool {
    match constrain::<Sum, 0>(minus::<Raw, Raw>(a, b)) {
        Result::Ok(_) => true,
        Result::Err(_) => false,
    }
}

/// The product, halves up.
pub(crate) fn mul(a: Raw, b: Raw) -> Raw {
    let product = plus::<
        Product, ProductLift
    >(times::<Raw, Raw>(a, b), 0x4000000000000000000000000000000080000000);
    let (quotient, _) = div_rem(product, ONE);
    match downcast(minus::<Quotient, QuotientLift>(quotient, 0x40000000000000000000000000000000)) {
        Option::Some(product) => product,
        Option::None => overflow(),
    }
}

/// The quotient, halves up.
pub(crate) fn div(a: Raw, b: Raw) -> Raw {
    match constrain::<Raw, 0>(b) {
        Result::Ok(b) => div_positive(neg(a), times(b, constant::<-1>())),
        Result::Err(b) => match constrain::<NonNegative, 1>(b) {
            Result::Ok(_) => core::panic_with_felt252('fixed: division by 0'),
            Result::Err(b) => div_positive(a, b),
        },
    }
}

fn div_positive(a: Raw, b: Positive) -> Raw {
    let twice_b = plus::<Positive, Positive>(b, b);
    let quotient = match constrain::<Raw, 0>(a) {
        Result::Ok(a) => {
            // −⌈(2n − b) / 2b⌉ of n = −a, which is −⌊(2n + b − 1) / 2b⌋.
            let less = minus::<Positive, Unit>(b, 1);
            let sum = plus::<BelowNumerator>(times(a, constant::<-0x200000000>()), less);
            let (quotient, _) = div_rem(sum, non_zero(twice_b));
            match downcast::<BelowQuotient, NonNegative>(quotient) {
                Option::Some(quotient) => {
                    let negated = times::<NonNegative, MinusOne>(quotient, constant::<-1>());
                    Option::Some(upcast::<NonPositive, Raw>(negated))
                },
                Option::None => Option::None,
            }
        },
        Result::Err(a) => {
            let sum = plus(times::<NonNegative, Two33>(a, 0x200000000), b);
            let (quotient, _) = div_rem(sum, non_zero(twice_b));
            downcast::<AboveQuotient, Raw>(quotient)
        },
    };
    match quotient {
        Option::Some(quotient) => quotient,
        Option::None => overflow(),
    }
}

/// The number if it is positive.
pub(crate) fn positive(a: Raw) -> Option<Positive> {
    match constrain::<Raw, 0>(a) {
        Result::Ok(_) => Option::None,
        Result::Err(a) => match constrain::<NonNegative, 1>(a) {
            Result::Ok(_) => Option::None,
            Result::Err(a) => Option::Some(a),
        },
    }
}

/// The largest integer that is not larger.
pub(crate) fn floor(a: Raw) -> Integer {
    let (whole, _) = div_rem(plus::<Raw, FloorLift>(a, 0x80000000000000000000), ONE);
    minus::<Whole, Two47>(upcast(whole), 0x800000000000)
}

/// The nearest integer, halves up.
pub(crate) fn round(a: Raw) -> Integer {
    let (whole, _) = div_rem(plus::<Raw, RoundLift>(a, 0x80000000000080000000), ONE);
    minus::<Whole, Two47>(upcast(whole), 0x800000000000)
}

/// An integer's representation.
#[inline(always)]
pub(crate) fn from_integer(a: Integer) -> Raw {
    match downcast(times::<Integer, One>(a, 0x100000000)) {
        Option::Some(raw) => raw,
        Option::None => overflow(),
    }
}

/// The square root, rounded down.
pub(crate) fn sqrt(a: Raw) -> Raw {
    match constrain::<Raw, 0>(a) {
        Result::Ok(_) => core::panic_with_felt252('fixed: root of a negative'),
        Result::Err(a) => {
            let radicand: u128 = upcast(times::<NonNegative, One>(a, 0x100000000));
            upcast::<u64, Raw>(radicand.sqrt())
        },
    }
}

// Ranges, in the order of the computations.
/// The integer of a fixed-point number: the number times `2^32`.
pub(crate) type Raw = BoundedInt<-0x7fffffffffffffffffff, 0x7fffffffffffffffffff>;
type Sum = BoundedInt<-0xfffffffffffffffffffe, 0xfffffffffffffffffffe>;
type SumBelow = BoundedInt<-0xfffffffffffffffffffe, -1>;
type SumAbove = BoundedInt<0, 0xfffffffffffffffffffe>;
type MinusOne = BoundedInt<-1, -1>;
pub(crate) type Negative = BoundedInt<-0x7fffffffffffffffffff, -1>;
pub(crate) type NonNegative = BoundedInt<0, 0x7fffffffffffffffffff>;
type Zero = BoundedInt<0, 0>;
pub(crate) type Positive = BoundedInt<1, 0x7fffffffffffffffffff>;
pub(crate) type NonPositive = BoundedInt<-0x7fffffffffffffffffff, 0>;
pub(crate) type One = BoundedInt<0x100000000, 0x100000000>;
type Product =
    BoundedInt<
        -0x3fffffffffffffffffff00000000000000000001, 0x3fffffffffffffffffff00000000000000000001
    >;
type ProductLift =
    BoundedInt<
        0x4000000000000000000000000000000080000000, 0x4000000000000000000000000000000080000000
    >;
type ProductLifted =
    BoundedInt<0x10000000000007fffffff, 0x7fffffffffffffffffff00000000000080000001>;
type Quotient = BoundedInt<0x1000000000000, 0x7fffffffffffffffffff000000000000>;
type Dropped = BoundedInt<0, 0xffffffff>;
type QuotientLift =
    BoundedInt<0x40000000000000000000000000000000, 0x40000000000000000000000000000000>;
type Scaled = BoundedInt<-0x3fffffffffffffffffff000000000000, 0x3fffffffffffffffffff000000000000>;
type Minus33 = BoundedInt<-0x200000000, -0x200000000>;
type Two33 = BoundedInt<0x200000000, 0x200000000>;
type BelowNumerator = BoundedInt<0x200000000, 0xfffffffffffffffffffe00000000>;
type AboveNumerator = BoundedInt<0, 0xfffffffffffffffffffe00000000>;
type Unit = BoundedInt<1, 1>;
type LessPositive = BoundedInt<0, 0x7ffffffffffffffffffe>;
type BelowSum = BoundedInt<0x200000000, 0x1000000007ffffffffffdfffffffe>;
type AboveSum = BoundedInt<1, 0x1000000007ffffffffffdffffffff>;
type TwicePositive = BoundedInt<2, 0xfffffffffffffffffffe>;
type BelowQuotient = BoundedInt<0, 0x800000003ffffffffffeffffffff>;
type BelowRest = BoundedInt<0, 0xfffffffffffffffffffd>;
type AboveQuotient = BoundedInt<0, 0x800000003ffffffffffeffffffff>;
type FloorLift = BoundedInt<0x80000000000000000000, 0x80000000000000000000>;
type RoundLift = BoundedInt<0x80000000000080000000, 0x80000000000080000000>;
type FloorLifted = BoundedInt<1, 0xffffffffffffffffffff>;
type FloorWhole = BoundedInt<0, 0xffffffffffff>;
type RoundLifted = BoundedInt<0x80000001, 0x10000000000007fffffff>;
type RoundWhole = BoundedInt<0, 0x1000000000000>;
type Whole = BoundedInt<0, 0x1000000000000>;
type Two47 = BoundedInt<0x800000000000, 0x800000000000>;
pub(crate) type Integer = BoundedInt<-0x800000000000, 0x800000000000>;
type IntegerRaw = BoundedInt<-0x80000000000000000000, 0x80000000000000000000>;
pub(crate) type SmallInteger = BoundedInt<-0x7fffffffffff, 0x7fffffffffff>;
type SmallIntegerRaw = BoundedInt<-0x7fffffffffff00000000, 0x7fffffffffff00000000>;
type Radicand = BoundedInt<0, 0x7fffffffffffffffffff00000000>;

impl RawAddRaw of AddHelper<Raw, Raw> {
    type Result = Sum;
}

impl RawSubRaw of SubHelper<Raw, Raw> {
    type Result = Sum;
}

impl SumAt0 of ConstrainHelper<Sum, 0> {
    type LowT = SumBelow;
    type HighT = SumAbove;
}

impl RawNegate of MulHelper<Raw, MinusOne> {
    type Result = Raw;
}

impl RawAt0 of ConstrainHelper<Raw, 0> {
    type LowT = Negative;
    type HighT = NonNegative;
}

impl NonNegativeAt1 of ConstrainHelper<NonNegative, 1> {
    type LowT = Zero;
    type HighT = Positive;
}

impl NegativeNegate of MulHelper<Negative, MinusOne> {
    type Result = Positive;
}

impl RawNonNegative of MulHelper<NonNegative, MinusOne> {
    type Result = NonPositive;
}

impl RawMulRaw of MulHelper<Raw, Raw> {
    type Result = Product;
}

impl ProductAddProductLift of AddHelper<Product, ProductLift> {
    type Result = ProductLifted;
}

impl ProductLiftedDivRemOne of DivRemHelper<ProductLifted, One> {
    type DivT = Quotient;
    type RemT = Dropped;
}

impl QuotientSubQuotientLift of SubHelper<Quotient, QuotientLift> {
    type Result = Scaled;
}

impl NegativeMulMinus33 of MulHelper<Negative, Minus33> {
    type Result = BelowNumerator;
}

impl NonNegativeMulTwo33 of MulHelper<NonNegative, Two33> {
    type Result = AboveNumerator;
}

impl PositiveSubUnit of SubHelper<Positive, Unit> {
    type Result = LessPositive;
}

impl BelowNumeratorAddLessPositive of AddHelper<BelowNumerator, LessPositive> {
    type Result = BelowSum;
}

impl AboveNumeratorAddPositive of AddHelper<AboveNumerator, Positive> {
    type Result = AboveSum;
}

impl PositiveAddPositive of AddHelper<Positive, Positive> {
    type Result = TwicePositive;
}

impl BelowSumDivRemTwicePositive of DivRemHelper<BelowSum, TwicePositive> {
    type DivT = BelowQuotient;
    type RemT = BelowRest;
}

impl AboveSumDivRemTwicePositive of DivRemHelper<AboveSum, TwicePositive> {
    type DivT = AboveQuotient;
    type RemT = BelowRest;
}

impl RawAddFloorLift of AddHelper<Raw, FloorLift> {
    type Result = FloorLifted;
}

impl FloorLiftedDivRemOne of DivRemHelper<FloorLifted, One> {
    type DivT = FloorWhole;
    type RemT = Dropped;
}

impl RawAddRoundLift of AddHelper<Raw, RoundLift> {
    type Result = RoundLifted;
}

impl RoundLiftedDivRemOne of DivRemHelper<RoundLifted, One> {
    type DivT = RoundWhole;
    type RemT = Dropped;
}

impl WholeSubTwo47 of SubHelper<Whole, Two47> {
    type Result = Integer;
}

impl IntegerMulOne of MulHelper<Integer, One> {
    type Result = IntegerRaw;
}

impl SmallIntegerMulOne of MulHelper<SmallInteger, One> {
    type Result = SmallIntegerRaw;
}

impl NonNegativeMulOne of MulHelper<NonNegative, One> {
    type Result = Radicand;
}
