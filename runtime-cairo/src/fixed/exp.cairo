//! The exponential function.
//!
//! `e^x = 2^(n + i/32) · 2^f` of `x · log₂ e = n + i/32 + f`, `0 ≤ f < 1/32`: powers of two
//! and 32nd roots of two by table, `2^f` by its Taylor polynomial of degree 5. The polynomial is
//! evaluated exactly, in 245 bits, and divided once.

use crate::int::{
    AddHelper, BoundedInt, ConstrainHelper, DivRemHelper, MulHelper, add, constrain, div_rem,
    downcast, mul, upcast,
};
use super::raw::{Raw, overflow};
use super::squash::Power as UnitPower;

/// `e^x`; within `2^-33 + 2^-40 · e^x` of the exact value. 109 steps.
pub(crate) fn exp(x: Raw) -> Raw {
    match constrain::<Raw, -0x1700000000>(x) {
        // Below −23, less than half a unit.
        Result::Ok(_) => 0,
        Result::Err(x) => match constrain::<_, 0x2100000000>(x) {
            Result::Ok(x) => match downcast(value(x)) {
                Option::Some(y) => y,
                Option::None => overflow(),
            },
            Result::Err(_) => overflow(),
        },
    }
}

/// `e^x` of `x ≤ 0`.
pub(crate) fn power(x: Exponent) -> UnitPower {
    match downcast(value(x)) {
        Option::Some(y) => y,
        Option::None => overflow(),
    }
}

fn value(x: Exponent) -> Exponential {
    // (x · log₂ e + 34) in units of 2^-40.
    let scaled = mul::<Exponent, Log2E>(x, 0x171547652b830);
    let (power, _) = div_rem::<
        Lifted, Two40
    >(add::<Scaled, Lift>(scaled, 0x2200000000008000000000), 0x10000000000);
    let (steps, f) = div_rem::<Power, Two35>(power, 0x800000000);
    let (n, i) = div_rem::<Steps, Thirty2>(steps, 32);

    // 2^f in units of 2^-244, then of 2^-122.
    let sum: C5 = 0x5761ff9e3;
    let sum = add::<M4, C4>(mul::<C5, Rest>(sum, f), 0x276556df749cee539978);
    let sum = add::<M3, C3>(mul::<H4, Rest>(sum, f), 0xe35846b82505fc599d3b15d995e96f);
    let sum = add::<M2, C2>(mul::<H3, Rest>(sum, f), 0x3d7f7bff058b1d50de2d60dd92e6bf954744ea386);
    let sum = add::<
        M1, C1
    >(mul::<H2, Rest>(sum, f), 0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a1);
    let sum = add::<
        M0, C0
    >(mul::<H1, Rest>(sum, f), 0x10000000000000000000000000000000000000000000000000000000000000);
    let (fraction, _) = div_rem::<H0, Two122>(sum, 0x4000000000000000000000000000000);

    // 2^(i/32 + f) in units of 2^-62, then e^x in units of 2^-32.
    let step = *ROOTS.span()[upcast::<Index, u32>(i)];
    let (mantissa, _) = div_rem(mul::<Fraction, Step>(fraction, step), TWO_104);
    let pow = *POWERS.span()[upcast::<Whole, u32>(n)];
    let value = add::<Value, Two63>(mul::<Mantissa, Pow>(mantissa, pow), 0x8000000000000000);
    let (result, _) = div_rem::<Rounded, Two64>(value, 0x10000000000000000);
    result
}

const TWO_104: NonZero<Two104> = 0x100000000000000000000000000;
/// `2^(i/32)` in units of `2^-44`.
#[cairofmt::skip]
const ROOTS: [Step; 32] = [
    0x100000000000, 0x1059b0d31585, 0x10b5586cf989, 0x111301d0125b, 0x1172b83c7d51, 0x11d4873168ba,
    0x12387a6e7562, 0x129e9df51fdf, 0x1306fe0a31b7, 0x1371a7373aaa, 0x13dea64c1234, 0x144e08606189,
    0x14bfdad5362a, 0x15342b569d50, 0x15ab07dd4854, 0x16247eb03a56, 0x16a09e667f3c, 0x171f75e8ec5f,
    0x17a11473eb02, 0x182589994cce, 0x18ace5422aa1, 0x193737b0cdc6, 0x19c49182a3f1, 0x1a5503b23e25,
    0x1ae89f995ad4, 0x1b7f76f2fb5e, 0x1c199bdd8553, 0x1cb720dcef90, 0x1d5818dcfba5, 0x1dfc97337b9b,
    0x1ea4afa2a491, 0x1f50765b6e45,
];
/// `2^n`
#[cairofmt::skip]
const POWERS: [Pow; 82] = [
    1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 0x400, 0x800, 0x1000, 0x2000, 0x4000, 0x8000, 0x10000,
    0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x400000, 0x800000, 0x1000000, 0x2000000,
    0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80000000, 0x100000000, 0x200000000,
    0x400000000, 0x800000000, 0x1000000000, 0x2000000000, 0x4000000000, 0x8000000000,
    0x10000000000, 0x20000000000, 0x40000000000, 0x80000000000, 0x100000000000, 0x200000000000,
    0x400000000000, 0x800000000000, 0x1000000000000, 0x2000000000000, 0x4000000000000,
    0x8000000000000, 0x10000000000000, 0x20000000000000, 0x40000000000000, 0x80000000000000,
    0x100000000000000, 0x200000000000000, 0x400000000000000, 0x800000000000000, 0x1000000000000000,
    0x2000000000000000, 0x4000000000000000, 0x8000000000000000, 0x10000000000000000,
    0x20000000000000000, 0x40000000000000000, 0x80000000000000000, 0x100000000000000000,
    0x200000000000000000, 0x400000000000000000, 0x800000000000000000, 0x1000000000000000000,
    0x2000000000000000000, 0x4000000000000000000, 0x8000000000000000000, 0x10000000000000000000,
    0x20000000000000000000, 0x40000000000000000000, 0x80000000000000000000,
    0x100000000000000000000, 0x200000000000000000000,
];

// Ranges, in the order of the computation.
type Tiny = BoundedInt<-0x7fffffffffffffffffff, -0x1700000001>;
type AtLeast = BoundedInt<-0x1700000000, 0x7fffffffffffffffffff>;
pub(crate) type Exponent = BoundedInt<-0x1700000000, 0x20ffffffff>;
type Huge = BoundedInt<0x2100000000, 0x7fffffffffffffffffff>;
type Log2E = BoundedInt<0x171547652b830, 0x171547652b830>;
type Scaled = BoundedInt<-0x212e96a16e8c5000000000, 0x2f9be340a84cdb89ad47d0>;
type Lift = BoundedInt<0x2200000000008000000000, 0x2200000000008000000000>;
type Lifted = BoundedInt<0xd1695e91743000000000, 0x519be340a84d5b89ad47d0>;
type Two40 = BoundedInt<0x10000000000, 0x10000000000>;
type Power = BoundedInt<0xd1695e9174, 0x519be340a84d>;
type Dropped40 = BoundedInt<0, 0xffffffffff>;
type Two35 = BoundedInt<0x800000000, 0x800000000>;
type Steps = BoundedInt<26, 0xa33>;
type Rest = BoundedInt<0, 0x7ffffffff>;
type Thirty2 = BoundedInt<32, 32>;
type Whole = BoundedInt<0, 81>;
type Index = BoundedInt<0, 31>;
type C5 = BoundedInt<0x5761ff9e3, 0x5761ff9e3>;
type C4 = BoundedInt<0x276556df749cee539978, 0x276556df749cee539978>;
type C3 = BoundedInt<0xe35846b82505fc599d3b15d995e96f, 0xe35846b82505fc599d3b15d995e96f>;
type C2 =
    BoundedInt<
        0x3d7f7bff058b1d50de2d60dd92e6bf954744ea386, 0x3d7f7bff058b1d50de2d60dd92e6bf954744ea386
    >;
type C1 =
    BoundedInt<
        0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a1,
        0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a1
    >;
type C0 =
    BoundedInt<
        0x10000000000000000000000000000000000000000000000000000000000000,
        0x10000000000000000000000000000000000000000000000000000000000000
    >;
type M4 = BoundedInt<0, 0x2bb0ffcf1289e0061d>;
type H4 = BoundedInt<0x276556df749cee539978, 0x279107df43af78339f95>;
type M3 = BoundedInt<0, 0x13c883ef9f5eab9bdb8f887cc606b>;
type H3 = BoundedInt<0xe35846b82505fc599d3b15d995e96f, 0xe494cef71efbe7135af40e616249da>;
type M2 = BoundedInt<0, 0x724a677b8134a69a3b8a48bf7b75ac19e9db626>;
type H2 =
    BoundedInt<
        0x3d7f7bff058b1d50de2d60dd92e6bf954744ea386, 0x3df1c666810c51f77868eb2652623541612ec59ac
    >;
type M1 = BoundedInt<0, 0x1ef8e3333ca70c955423b073b1aa8bee4b713f7949ed13a654>;
type H1 =
    BoundedInt<
        0xb17217f7d1cf79abc9e3b39803f2f6af40f343267298b62d8a1,
        0xb361a62b0599ea751f25ee9f3f0d9f6e25aa571e07378767ef5
    >;
type M0 = BoundedInt<0, 0x59b0d3157796dad7df3958a84d9470cd1ee4519821411e4217348789810b>;
type H0 =
    BoundedInt<
        0x10000000000000000000000000000000000000000000000000000000000000,
        0x1059b0d3157796dad7df3958a84d9470cd1ee4519821411e4217348789810b
    >;
type Two122 = BoundedInt<0x4000000000000000000000000000000, 0x4000000000000000000000000000000>;
type Fraction = BoundedInt<0x4000000000000000000000000000000, 0x4166c34c55de5b6b5f7ce562a13651c>;
type Dropped122 = BoundedInt<0, 0x3ffffffffffffffffffffffffffffff>;
type Step = BoundedInt<0, 0x1fffffffffff>;
type FractionStep = BoundedInt<0, 0x82cd8698abb8a06a8a346cdf8bb6abb1a9d5ec9ae4>;
type Two104 = BoundedInt<0x100000000000000000000000000, 0x100000000000000000000000000>;
type Mantissa = BoundedInt<0, 0x82cd8698abb8a06a>;
type Dropped104 = BoundedInt<0, 0xffffffffffffffffffffffffff>;
type Pow = BoundedInt<0, 0x3ffffffffffffffffffff>;
type Value = BoundedInt<0, 0x20b361a62aee281a7ffff7d32796754475f96>;
type Two63 = BoundedInt<0x8000000000000000, 0x8000000000000000>;
type Rounded = BoundedInt<0x8000000000000000, 0x20b361a62aee281a7fffffd32796754475f96>;
type Two64 = BoundedInt<0x10000000000000000, 0x10000000000000000>;
type Exponential = BoundedInt<0, 0x20b361a62aee281a7ffff>;
type Dropped64 = BoundedInt<0, 0xffffffffffffffff>;

impl RawAtM0x1700000000 of ConstrainHelper<Raw, -0x1700000000> {
    type LowT = Tiny;
    type HighT = AtLeast;
}

impl AtLeastAt0x2100000000 of ConstrainHelper<AtLeast, 0x2100000000> {
    type LowT = Exponent;
    type HighT = Huge;
}

impl ExponentMulLog2E of MulHelper<Exponent, Log2E> {
    type Result = Scaled;
}

impl ScaledAddLift of AddHelper<Scaled, Lift> {
    type Result = Lifted;
}

impl LiftedDivRemTwo40 of DivRemHelper<Lifted, Two40> {
    type DivT = Power;
    type RemT = Dropped40;
}

impl PowerDivRemTwo35 of DivRemHelper<Power, Two35> {
    type DivT = Steps;
    type RemT = Rest;
}

impl StepsDivRemThirty2 of DivRemHelper<Steps, Thirty2> {
    type DivT = Whole;
    type RemT = Index;
}

impl C5MulRest of MulHelper<C5, Rest> {
    type Result = M4;
}

impl M4AddC4 of AddHelper<M4, C4> {
    type Result = H4;
}

impl H4MulRest of MulHelper<H4, Rest> {
    type Result = M3;
}

impl M3AddC3 of AddHelper<M3, C3> {
    type Result = H3;
}

impl H3MulRest of MulHelper<H3, Rest> {
    type Result = M2;
}

impl M2AddC2 of AddHelper<M2, C2> {
    type Result = H2;
}

impl H2MulRest of MulHelper<H2, Rest> {
    type Result = M1;
}

impl M1AddC1 of AddHelper<M1, C1> {
    type Result = H1;
}

impl H1MulRest of MulHelper<H1, Rest> {
    type Result = M0;
}

impl M0AddC0 of AddHelper<M0, C0> {
    type Result = H0;
}

impl H0DivRemTwo122 of DivRemHelper<H0, Two122> {
    type DivT = Fraction;
    type RemT = Dropped122;
}

impl FractionMulStep of MulHelper<Fraction, Step> {
    type Result = FractionStep;
}

impl FractionStepDivRemTwo104 of DivRemHelper<FractionStep, Two104> {
    type DivT = Mantissa;
    type RemT = Dropped104;
}

impl MantissaMulPow of MulHelper<Mantissa, Pow> {
    type Result = Value;
}

impl ValueAddTwo63 of AddHelper<Value, Two63> {
    type Result = Rounded;
}

impl RoundedDivRemTwo64 of DivRemHelper<Rounded, Two64> {
    type DivT = Exponential;
    type RemT = Dropped64;
}
