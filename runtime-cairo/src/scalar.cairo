//! Operations on signed integers held in felts, one at a time and over vectors.

mod element;
mod each;
mod reduce;
mod table;
mod pairs;

pub use element::{
    Divisor, Shift, U128ByDivisor, abs, clip, div_round, divisor, greater, leaky_relu, relu,
    shift_round, sqrt, truncate, Words, u128_overflowing_sub, u128s_from_felt252, sign,
};
pub use each::{
    Abs, Clip, DivBy, Greater, LeakyRelu, Map, Relu, Scale, Sqrt, Truncate, concat, gather, map,
};
pub use reduce::{arg_max, max, sub_max, sum};
pub use table::{Table, lookup};
pub use pairs::{Add, DivRound, Larger, MaskZero, Mul, Sub, Zip, affine, zip};
