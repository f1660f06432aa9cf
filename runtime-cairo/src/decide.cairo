//! Decisions: labels and probabilities from scores.

use crate::scalar::{
    DivBy, MaskZero, Table, arg_max, clip, divisor, greater, map, sub_max, sum, zip,
};

/// The index of the largest score; of equals the first, or with `select_last` the last.
///
/// # Panics
/// With `'vector: empty'` if there is no score.
pub fn label(scores: Span<felt252>, select_last: bool) -> felt252 {
    arg_max(scores, select_last)
}

/// 1 if the score is above the threshold, else 0.
#[inline(always)]
pub fn binary(score: felt252, threshold: felt252) -> felt252 {
    greater(score, threshold)
}

/// How [`softmax`] computes.
#[derive(Copy, Drop)]
pub struct Softmax {
    /// `e^x` of scores less their maximum, `x ≤ 0`.
    pub exp: Table,
    /// What the sum of powers is at least, so that no division by 0 is possible.
    pub least: felt252,
    /// `2^bits`: 1 as an output.
    pub one: felt252,
}

/// Probabilities: `round-half-up(e_i · one / max(Σ_j e_j, least))` of `e_i = exp(x_i − max_j
/// x_j)`.
/// 98 steps an element.
///
/// # Panics
/// With `'vector: empty'` if there is no score.
pub fn softmax(scores: Span<felt252>, by: Softmax, ref output: Array<felt252>) {
    let mut powers = array![];
    exponentials(scores, by.exp, ref powers);
    normalize(powers.span(), by, ref output)
}

/// [`softmax`] in which scores of 0 count nothing and get 0.
///
/// # Panics
/// With `'vector: empty'` if there is no score.
pub fn softmax_zero(scores: Span<felt252>, by: Softmax, ref output: Array<felt252>) {
    let mut powers = array![];
    exponentials(scores, by.exp, ref powers);
    let mut masked = array![];
    zip(MaskZero {}, powers.span(), scores, ref masked);
    normalize(masked.span(), by, ref output)
}

fn exponentials(scores: Span<felt252>, exp: Table, ref powers: Array<felt252>) {
    let mut below = array![];
    sub_max(scores, ref below);
    map(exp, below.span(), ref powers)
}

fn normalize(powers: Span<felt252>, by: Softmax, ref output: Array<felt252>) {
    let total = clip(sum(powers), by.least, LARGEST);
    map(DivBy { mul: by.one, by: divisor(total) }, powers, ref output)
}

/// `2^120`
const LARGEST: felt252 = 0x1000000000000000000000000000000;
