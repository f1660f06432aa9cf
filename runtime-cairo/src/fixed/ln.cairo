//! The natural logarithm.
//!
//! `ln x = e · ln 2 − ln inv + ln(1 + r)` of `x = 2^e · m`, `1 ≤ m < 2`, with `inv` near
//! `1/m` from a table of 32 and `r = m · inv − 1`, `|r| ≤ 1/65`: the series of `ln(1 + r)` up
//! to `r^6`, evaluated exactly.

use crate::int::{
    AddHelper, BoundedInt, ConstrainHelper, DivRemHelper, MulHelper, SubHelper, add, constant,
    constrain, div_rem, downcast, mul, sub, upcast,
};
use super::normal::{Shift1, normalize};
use super::raw::{Positive, overflow};

/// `ln x`; within `2^-33 + 2^-40` of the exact value. 155 steps.
pub(crate) fn ln(x: Positive) -> Logarithm {
    let (x, shift) = normalize(x);
    let (top, _) = div_rem::<Positive, Two73>(x, 0x2000000000000000000);
    let index = match constrain::<Top, 32>(top) {
        Result::Ok(_) => overflow(),
        Result::Err(top) => sub::<Normal, Thirty2>(top, 32),
    };
    let index: u32 = upcast(index);

    // r in units of 2^-40.
    let inverse = *INVERSES.span()[index];
    let ratio = add::<
        Ratio, Two99
    >(mul::<Positive, Inverse>(x, inverse), 0x8000000000000000000000000);
    let (ratio, _) = div_rem::<RatioRounded, Two100>(ratio, 0x10000000000000000000000000);
    let r = match downcast::<Difference, Small>(sub::<Ratio40, Two40>(ratio, 0x10000000000)) {
        Option::Some(r) => r,
        Option::None => overflow(),
    };

    // ln(1 + r) in units of 2^-252, then of 2^-130 and with 2^125 added.
    let sum = add::<M4, B4>(mul::<B5, Small>(constant::<-683>(), r), 0x3333333333333);
    let sum = add::<M3, B3>(mul::<H4, Small>(sum, r), constant::<-0x40000000000000000000000>());
    let sum = add::<M2, B2>(mul::<H3, Small>(sum, r), 0x555555555555555555555555555555555);
    let sum = add::<
        M1, B1
    >(mul::<H2, Small>(sum, r), constant::<-0x8000000000000000000000000000000000000000000>());
    let sum = add::<
        M0, B0
    >(mul::<H1, Small>(sum, r), 0x100000000000000000000000000000000000000000000000000000);
    let series = add::<
        Series, Two247
    >(mul::<H0, Small>(sum, r), 0x80000000000000000000000000000000000000000000000000000000000000);
    let (series, _) = div_rem::<SeriesLifted, Two122>(series, 0x4000000000000000000000000000000);

    // The constant is 46 · ln 2 + 64, less the 2^125 above, and half a unit of the result.
    let total = add::<Series130, Segment>(series, *LOGARITHMS.span()[index]);
    let total = add::<WithSegment, Base>(total, 0x17f6a013a20cd1f73791ba91542d6a14df6);
    let total = sub::<
        WithBase, ShiftLn2
    >(total, mul::<Shift1, Ln2>(shift, 0x2c5c85fdf473de6af278ece600fcbdabd));
    let (result, _) = div_rem::<Total, Two98>(total, 0x4000000000000000000000000);
    sub::<Lifted, Two38>(result, 0x4000000000)
}
/// `1 / (1 + (i + 1/2)/32)` in units of `2^-62`.
#[cairofmt::skip]
const INVERSES: [Inverse; 32] = [
    0x3f03f03f03f03f04, 0x3d226357e16ece54, 0x3b5cc0ed7303b5cc, 0x39b0ad12073615a2,
    0x381c0e070381c0e0, 0x369d0369d0369d03, 0x3531dec0d4c77b03, 0x33d91d2a2067b23a,
    0x329161f9add3c0ca, 0x3159721ed7e75347, 0x3030303030303030, 0x2f149902f149902f,
    0x2e05c0b81702e05c, 0x2d02d02d02d02d03, 0x2c0b02c0b02c0b03, 0x2b1da46102b1da46,
    0x2a3a0fd5c5f02a3a, 0x295fad40a57eb503, 0x288df0cac5b3f5dd, 0x27c45979c95204f9,
    0x2702702702702702, 0x2647c69456217ece, 0x2593f69b02593f6a, 0x24e6a171024e6a17,
    0x243f6f0243f6f024, 0x239e0d5b450239e1, 0x2302302302302302, 0x226b90226b90226c,
    0x21d9ead7cd391fbc, 0x214d0214d0214d02, 0x20c49ba5e353f7cf, 0x2040810204081020,
];
/// `−ln` of the inverses, in units of `2^-130`.
#[cairofmt::skip]
const LOGARITHMS: [Segment; 32] = [
    0xfe054587e01f1e6cf6d3a69bd5eab70, 0x2ee8b1ec65b9f88d69e543dc94b058f3,
    0x4d075e586f47424b660dd841344dd409, 0x6a49b4e92b558d98af48aa70ea931e6d,
    0x86bbf3e68472cb3cbb8bd20615747129, 0xa2695b665be8f3465eca87c3f0f06213,
    0xbd5c481086c848e55b596b5030403245, 0xd79e4a7405ff96ccf300c9be67ae5da3,
    0xf1383b7157972f54d43fff0ff4f0aaf2, 0x10a324e27390e35f5ff7a018700c38a38,
    0x122941fbcf7965a282853da75d432f4bc, 0x13a64c556945e9c74b35cd740d08df5be,
    0x151aad872df82d09d93d60cfaaf188ea8, 0x1686c81e9b14aec3febe1014e386964ba,
    0x17eaf83b82afc36457a5e7b4a5410dc5c, 0x1947941c2116faba64dd147d106eaea4b,
    0x1a9cec9a9a08498d604ff52f25435ef85, 0x1beb4d9da71b7bf6e21d37abbc1ac96e2,
    0x1d32fe7e00ebd5611ac8cbebe8dbf463e, 0x1e744261d68787e2c1a36f3cbb46ed024,
    0x1faf588f78f31eda67b3e4ea86bfb1b64, 0x20e47cb839be809c472c71222dd56cae4,
    0x2213e73c5a992dfb3fd93616f2317c90f, 0x233dcd68cf92dd98d57baef03bcf55c42,
    0x246261af7d7e85062c6d0e459490291cd, 0x2581d3da891d1772a938637453cc4a905,
    0x269c513b39c3a62e2f25b10b9c9d5c950, 0x27b204d4e2adf547384c7a15a4f3dae18,
    0x28c3178438bd84faa6f66f6678e6882c6, 0x29cfb0236eb761398930ac8b0abb86864,
    0x2ad7f3ab67e73281ecc42e6c7f9673708, 0x2bdc0552482ceae22c12bfa4840fbd321,
];

// Ranges, in the order of the computation.
type Two73 = BoundedInt<0x2000000000000000000, 0x2000000000000000000>;
type Top = BoundedInt<0, 63>;
type Dropped73 = BoundedInt<0, 0x1ffffffffffffffffff>;
type Unnormal = BoundedInt<0, 31>;
type Normal = BoundedInt<32, 63>;
type Thirty2 = BoundedInt<32, 32>;
type Index = BoundedInt<0, 31>;
type Inverse = BoundedInt<0, 0x3fffffffffffffff>;
type Ratio = BoundedInt<0, 0x1fffffffffffffff7fffc000000000000001>;
type Two99 = BoundedInt<0x8000000000000000000000000, 0x8000000000000000000000000>;
type RatioRounded = BoundedInt<0x8000000000000000000000000, 0x200000000007ffff7fffc000000000000001>;
type Two100 = BoundedInt<0x10000000000000000000000000, 0x10000000000000000000000000>;
type Ratio40 = BoundedInt<0, 0x20000000000>;
type Dropped100 = BoundedInt<0, 0xfffffffffffffffffffffffff>;
type Two40 = BoundedInt<0x10000000000, 0x10000000000>;
type Difference = BoundedInt<-0x10000000000, 0x10000000000>;
type Small = BoundedInt<-0x400000000, 0x400000000>;
type B5 = BoundedInt<-683, -683>;
type B4 = BoundedInt<0x3333333333333, 0x3333333333333>;
type B3 = BoundedInt<-0x40000000000000000000000, -0x40000000000000000000000>;
type B2 = BoundedInt<0x555555555555555555555555555555555, 0x555555555555555555555555555555555>;
type B1 =
    BoundedInt<
        -0x8000000000000000000000000000000000000000000,
        -0x8000000000000000000000000000000000000000000
    >;
type B0 =
    BoundedInt<
        0x100000000000000000000000000000000000000000000000000000,
        0x100000000000000000000000000000000000000000000000000000
    >;
type M4 = BoundedInt<-0xaac00000000, 0xaac00000000>;
type H4 = BoundedInt<0x3288733333333, 0x33ddf33333333>;
type M3 = BoundedInt<-0xcf77ccccccccc00000000, 0xcf77ccccccccc00000000>;
type H3 = BoundedInt<-0x40cf77ccccccccc00000000, -0x3f308833333333400000000>;
type M2 = BoundedInt<-0x1033ddf3333333300000000000000000, 0x1033ddf3333333300000000000000000>;
type H2 = BoundedInt<0x545217762222222255555555555555555, 0x565893348888888855555555555555555>;
type M1 =
    BoundedInt<
        -0x159624cd2222222215555555555555555400000000, 0x159624cd2222222215555555555555555400000000
    >;
type H1 =
    BoundedInt<
        -0x8159624cd2222222215555555555555555400000000,
        -0x7ea69db32ddddddddeaaaaaaaaaaaaaaaac00000000
    >;
type M0 =
    BoundedInt<
        -0x2056589334888888885555555555555555500000000000000000,
        0x2056589334888888885555555555555555500000000000000000
    >;
type H0 =
    BoundedInt<
        0xfdfa9a76ccb77777777aaaaaaaaaaaaaaaab00000000000000000,
        0x102056589334888888885555555555555555500000000000000000
    >;
type Series =
    BoundedInt<
        -0x408159624cd222222221555555555555555540000000000000000000000000,
        0x408159624cd222222221555555555555555540000000000000000000000000
    >;
type Two247 =
    BoundedInt<
        0x80000000000000000000000000000000000000000000000000000000000000,
        0x80000000000000000000000000000000000000000000000000000000000000
    >;
type SeriesLifted =
    BoundedInt<
        0x3f7ea69db32ddddddddeaaaaaaaaaaaaaaaac0000000000000000000000000,
        0xc08159624cd222222221555555555555555540000000000000000000000000
    >;
type Two122 = BoundedInt<0x4000000000000000000000000000000, 0x4000000000000000000000000000000>;
type Series130 = BoundedInt<0xfdfa9a76ccb77777777aaaaaaaaaaaa, 0x30205658933488888888555555555555>;
type Dropped122 = BoundedInt<0, 0x3ffffffffffffffffffffffffffffff>;
type Ln2 = BoundedInt<0x2c5c85fdf473de6af278ece600fcbdabd, 0x2c5c85fdf473de6af278ece600fcbdabd>;
type Segment = BoundedInt<0, 0x3ffffffffffffffffffffffffffffffff>;
type WithSegment =
    BoundedInt<0xfdfa9a76ccb77777777aaaaaaaaaaaa, 0x430205658933488888888555555555554>;
type Base =
    BoundedInt<0x17f6a013a20cd1f73791ba91542d6a14df6, 0x17f6a013a20cd1f73791ba91542d6a14df6>;
type WithBase =
    BoundedInt<0x17f79e0e3c839eaeaf09320bfed814bf8a0, 0x1839a2190796053fc01a4316a982bf6a34a>;
type ShiftLn2 = BoundedInt<0, 0x1601e678fc457b570e49fd861a7d62183c3>;
type Total =
    BoundedInt<0x1f5b795403e2357a0bf3485e45ab2a74dd, 0x1839a2190796053fc01a4316a982bf6a34a>;
type Two98 = BoundedInt<0x4000000000000000000000000, 0x4000000000000000000000000>;
type Lifted = BoundedInt<0x7d6de5500, 0x60e688641e>;
type Dropped98 = BoundedInt<0, 0x3ffffffffffffffffffffffff>;
type Two38 = BoundedInt<0x4000000000, 0x4000000000>;
pub(crate) type Logarithm = BoundedInt<-0x382921ab00, 0x20e688641e>;

impl PositiveDivRemTwo73 of DivRemHelper<Positive, Two73> {
    type DivT = Top;
    type RemT = Dropped73;
}

impl TopAt32 of ConstrainHelper<Top, 32> {
    type LowT = Unnormal;
    type HighT = Normal;
}

impl NormalSubThirty2 of SubHelper<Normal, Thirty2> {
    type Result = Index;
}

impl PositiveMulInverse of MulHelper<Positive, Inverse> {
    type Result = Ratio;
}

impl RatioAddTwo99 of AddHelper<Ratio, Two99> {
    type Result = RatioRounded;
}

impl RatioRoundedDivRemTwo100 of DivRemHelper<RatioRounded, Two100> {
    type DivT = Ratio40;
    type RemT = Dropped100;
}

impl Ratio40SubTwo40 of SubHelper<Ratio40, Two40> {
    type Result = Difference;
}

impl B5MulSmall of MulHelper<B5, Small> {
    type Result = M4;
}

impl M4AddB4 of AddHelper<M4, B4> {
    type Result = H4;
}

impl H4MulSmall of MulHelper<H4, Small> {
    type Result = M3;
}

impl M3AddB3 of AddHelper<M3, B3> {
    type Result = H3;
}

impl H3MulSmall of MulHelper<H3, Small> {
    type Result = M2;
}

impl M2AddB2 of AddHelper<M2, B2> {
    type Result = H2;
}

impl H2MulSmall of MulHelper<H2, Small> {
    type Result = M1;
}

impl M1AddB1 of AddHelper<M1, B1> {
    type Result = H1;
}

impl H1MulSmall of MulHelper<H1, Small> {
    type Result = M0;
}

impl M0AddB0 of AddHelper<M0, B0> {
    type Result = H0;
}

impl H0MulSmall of MulHelper<H0, Small> {
    type Result = Series;
}

impl SeriesAddTwo247 of AddHelper<Series, Two247> {
    type Result = SeriesLifted;
}

impl SeriesLiftedDivRemTwo122 of DivRemHelper<SeriesLifted, Two122> {
    type DivT = Series130;
    type RemT = Dropped122;
}

impl Series130AddSegment of AddHelper<Series130, Segment> {
    type Result = WithSegment;
}

impl WithSegmentAddBase of AddHelper<WithSegment, Base> {
    type Result = WithBase;
}

impl Shift1MulLn2 of MulHelper<Shift1, Ln2> {
    type Result = ShiftLn2;
}

impl WithBaseSubShiftLn2 of SubHelper<WithBase, ShiftLn2> {
    type Result = Total;
}

impl TotalDivRemTwo98 of DivRemHelper<Total, Two98> {
    type DivT = Lifted;
    type RemT = Dropped98;
}

impl LiftedSubTwo38 of SubHelper<Lifted, Two38> {
    type Result = Logarithm;
}
