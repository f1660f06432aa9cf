//! Shifting a number up to its full width.

use crate::int::{AddHelper, BoundedInt, ConstrainHelper, MulHelper, add, constrain, mul, upcast,};
use super::raw::Positive;

/// `(x · 2^shift, shift)` of the `shift` that puts the product into `[2^78, 2^79)`. 60 steps.
pub(crate) fn normalize(x: Positive) -> (Positive, Shift1) {
    let (x, shift): (Positive, Shift64) = match constrain::<Positive, 0x8000>(x) {
        Result::Ok(x) => (upcast(mul::<Below64, By64>(x, 0x10000000000000000)), 64),
        Result::Err(x) => (upcast(x), 0),
    };
    let (x, shift): (Positive, Shift32) = match constrain::<Positive, 0x800000000000>(x) {
        Result::Ok(x) => (
            upcast(mul::<Below32, By32>(x, 0x100000000)), upcast(add::<Shift64, Plus32>(shift, 32)),
        ),
        Result::Err(x) => (upcast(x), upcast(shift)),
    };
    let (x, shift): (Positive, Shift16) = match constrain::<Positive, 0x8000000000000000>(x) {
        Result::Ok(x) => (
            upcast(mul::<Below16, By16>(x, 0x10000)), upcast(add::<Shift32, Plus16>(shift, 16)),
        ),
        Result::Err(x) => (upcast(x), upcast(shift)),
    };
    let (x, shift): (Positive, Shift8) = match constrain::<Positive, 0x800000000000000000>(x) {
        Result::Ok(x) => (
            upcast(mul::<Below8, By8>(x, 256)), upcast(add::<Shift16, Plus8>(shift, 8)),
        ),
        Result::Err(x) => (upcast(x), upcast(shift)),
    };
    let (x, shift): (Positive, Shift4) = match constrain::<Positive, 0x8000000000000000000>(x) {
        Result::Ok(x) => (
            upcast(mul::<Below4, By4>(x, 16)), upcast(add::<Shift8, Plus4>(shift, 4)),
        ),
        Result::Err(x) => (upcast(x), upcast(shift)),
    };
    let (x, shift): (Positive, Shift2) = match constrain::<Positive, 0x20000000000000000000>(x) {
        Result::Ok(x) => (
            upcast(mul::<Below2, By2>(x, 4)), upcast(add::<Shift4, Plus2>(shift, 2)),
        ),
        Result::Err(x) => (upcast(x), upcast(shift)),
    };
    let (x, shift): (Positive, Shift1) = match constrain::<Positive, 0x40000000000000000000>(x) {
        Result::Ok(x) => (
            upcast(mul::<Below1, By1>(x, 2)), upcast(add::<Shift2, Plus1>(shift, 1)),
        ),
        Result::Err(x) => (upcast(x), upcast(shift)),
    };
    (x, shift)
}

// Ranges, in the order of the computation.
type Below64 = BoundedInt<1, 0x7fff>;
type From64 = BoundedInt<0x8000, 0x7fffffffffffffffffff>;
type By64 = BoundedInt<0x10000000000000000, 0x10000000000000000>;
type Up64 = BoundedInt<0x10000000000000000, 0x7fff0000000000000000>;
type Shift64 = BoundedInt<0, 64>;
type Below32 = BoundedInt<1, 0x7fffffffffff>;
type From32 = BoundedInt<0x800000000000, 0x7fffffffffffffffffff>;
type By32 = BoundedInt<0x100000000, 0x100000000>;
type Up32 = BoundedInt<0x100000000, 0x7fffffffffff00000000>;
type Shift32 = BoundedInt<0, 96>;
type Plus32 = BoundedInt<32, 32>;
type Below16 = BoundedInt<1, 0x7fffffffffffffff>;
type From16 = BoundedInt<0x8000000000000000, 0x7fffffffffffffffffff>;
type By16 = BoundedInt<0x10000, 0x10000>;
type Up16 = BoundedInt<0x10000, 0x7fffffffffffffff0000>;
type Shift16 = BoundedInt<0, 112>;
type Plus16 = BoundedInt<16, 16>;
type Below8 = BoundedInt<1, 0x7fffffffffffffffff>;
type From8 = BoundedInt<0x800000000000000000, 0x7fffffffffffffffffff>;
type By8 = BoundedInt<256, 256>;
type Up8 = BoundedInt<256, 0x7fffffffffffffffff00>;
type Shift8 = BoundedInt<0, 120>;
type Plus8 = BoundedInt<8, 8>;
type Below4 = BoundedInt<1, 0x7ffffffffffffffffff>;
type From4 = BoundedInt<0x8000000000000000000, 0x7fffffffffffffffffff>;
type By4 = BoundedInt<16, 16>;
type Up4 = BoundedInt<16, 0x7ffffffffffffffffff0>;
type Shift4 = BoundedInt<0, 124>;
type Plus4 = BoundedInt<4, 4>;
type Below2 = BoundedInt<1, 0x1fffffffffffffffffff>;
type From2 = BoundedInt<0x20000000000000000000, 0x7fffffffffffffffffff>;
type By2 = BoundedInt<4, 4>;
type Up2 = BoundedInt<4, 0x7ffffffffffffffffffc>;
type Shift2 = BoundedInt<0, 126>;
type Plus2 = BoundedInt<2, 2>;
type Below1 = BoundedInt<1, 0x3fffffffffffffffffff>;
type From1 = BoundedInt<0x40000000000000000000, 0x7fffffffffffffffffff>;
type By1 = BoundedInt<2, 2>;
type Up1 = BoundedInt<2, 0x7ffffffffffffffffffe>;
pub(crate) type Shift1 = BoundedInt<0, 127>;
type Plus1 = BoundedInt<1, 1>;

impl PositiveAt0x8000 of ConstrainHelper<Positive, 0x8000> {
    type LowT = Below64;
    type HighT = From64;
}

impl Below64MulBy64 of MulHelper<Below64, By64> {
    type Result = Up64;
}

impl PositiveAt0x800000000000 of ConstrainHelper<Positive, 0x800000000000> {
    type LowT = Below32;
    type HighT = From32;
}

impl Below32MulBy32 of MulHelper<Below32, By32> {
    type Result = Up32;
}

impl Shift64AddPlus32 of AddHelper<Shift64, Plus32> {
    type Result = BoundedInt<32, 96>;
}

impl PositiveAt0x8000000000000000 of ConstrainHelper<Positive, 0x8000000000000000> {
    type LowT = Below16;
    type HighT = From16;
}

impl Below16MulBy16 of MulHelper<Below16, By16> {
    type Result = Up16;
}

impl Shift32AddPlus16 of AddHelper<Shift32, Plus16> {
    type Result = BoundedInt<16, 112>;
}

impl PositiveAt0x800000000000000000 of ConstrainHelper<Positive, 0x800000000000000000> {
    type LowT = Below8;
    type HighT = From8;
}

impl Below8MulBy8 of MulHelper<Below8, By8> {
    type Result = Up8;
}

impl Shift16AddPlus8 of AddHelper<Shift16, Plus8> {
    type Result = BoundedInt<8, 120>;
}

impl PositiveAt0x8000000000000000000 of ConstrainHelper<Positive, 0x8000000000000000000> {
    type LowT = Below4;
    type HighT = From4;
}

impl Below4MulBy4 of MulHelper<Below4, By4> {
    type Result = Up4;
}

impl Shift8AddPlus4 of AddHelper<Shift8, Plus4> {
    type Result = BoundedInt<4, 124>;
}

impl PositiveAt0x20000000000000000000 of ConstrainHelper<Positive, 0x20000000000000000000> {
    type LowT = Below2;
    type HighT = From2;
}

impl Below2MulBy2 of MulHelper<Below2, By2> {
    type Result = Up2;
}

impl Shift4AddPlus2 of AddHelper<Shift4, Plus2> {
    type Result = BoundedInt<2, 126>;
}

impl PositiveAt0x40000000000000000000 of ConstrainHelper<Positive, 0x40000000000000000000> {
    type LowT = Below1;
    type HighT = From1;
}

impl Below1MulBy1 of MulHelper<Below1, By1> {
    type Result = Up1;
}

impl Shift2AddPlus1 of AddHelper<Shift2, Plus1> {
    type Result = BoundedInt<1, 127>;
}
