//! Functions by table with linear interpolation.

use crate::int::{div_rem, downcast};
use super::element::{
    Divisor, U128ByDivisor, Words, u128_overflowing_sub, u128s_from_felt252, unsigned,
};

/// A table over `[lo, lo + segments · step]`: segment `i` starts at `lo + i · step` and holds a
/// slope `a_i` and an offset `b_i`; with `r` the input's distance from the segment's start,
/// `y = ⌊(a_i · r + b_i) / pow⌋ − bias`. Inputs below `lo` or above `lo + span` take the
/// end's value.
/// No `a_i · r + b_i` is negative or above `2^127`.
#[derive(Copy, Drop)]
pub struct Table {
    /// The first input.
    pub lo: felt252,
    /// The last input less the first; below `segments · step`.
    pub span: u128,
    /// A segment's width.
    pub step: NonZero<Divisor>,
    /// The unit of slopes and offsets.
    pub pow: NonZero<Divisor>,
    /// Subtracted last.
    pub bias: felt252,
    /// `(a_i, b_i)`
    pub segments: Span<(felt252, felt252)>,
}

/// The table's answer. 43 steps.
///
/// # Panics
/// With `'table: too short'` if `span` reaches beyond the segments.
#[inline(always)]
pub fn lookup(x: felt252, table: Table) -> felt252 {
    let distance = match u128s_from_felt252(x - table.lo) {
        Words::Narrow(distance) => match u128_overflowing_sub(table.span, distance) {
            Result::Ok(_) => distance,
            Result::Err(_) => table.span,
        },
        Words::Wide(_) => 0,
    };
    let (index, rest) = div_rem(distance, table.step);
    let segment = match downcast(index) {
        Option::Some(index) => table.segments.get(index),
        Option::None => Option::None,
    };
    match segment {
        Option::Some(segment) => {
            let (slope, offset) = *segment.unbox();
            let (quotient, _) = div_rem(unsigned(slope * rest.into() + offset), table.pow);
            quotient.into() - table.bias
        },
        Option::None => core::panic_with_felt252('table: too short'),
    }
}
