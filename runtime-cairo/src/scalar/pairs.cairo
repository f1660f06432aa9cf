//! Element-wise operations over two vectors. Results are appended to `output`.

use crate::cells::{cells, pop_cell, pop_cells};
use super::element::{div_round, divisor, sign};

/// An operation on two values: a struct that holds its parameters. Inline the implementation.
pub trait Zip<Z> {
    /// The operation's result for `x` and `y`.
    fn apply(self: Z, x: felt252, y: felt252) -> felt252;
}

/// `z_i = operation(x_i, y_i)`. Beside the operation, 7.5 steps an element.
///
/// # Panics
/// With `'vector: lengths differ'`.
pub fn zip<Z, +Copy<Z>, +Drop<Z>, +Zip<Z>>(
    operation: Z, xs: Span<felt252>, ys: Span<felt252>, ref output: Array<felt252>,
) {
    assert(xs.len() == ys.len(), 'vector: lengths differ');
    zip_cells(operation, cells(xs), cells(ys), ref output)
}

/// `z_i = x_i · factor_i + term_i`, of pairs `(factor_i, term_i)`.
///
/// # Panics
/// With `'vector: lengths differ'`.
pub fn affine(
    xs: Span<felt252>, coefficients: Span<(felt252, felt252)>, ref output: Array<felt252>,
) {
    assert(xs.len() == coefficients.len(), 'vector: lengths differ');
    affine_cells(cells(xs), cells(coefficients), ref output)
}

/// `x + y`
#[derive(Copy, Drop)]
pub struct Add {}

/// `x − y`
#[derive(Copy, Drop)]
pub struct Sub {}

/// `x · y`
#[derive(Copy, Drop)]
pub struct Mul {}

/// `max(x, y)`
#[derive(Copy, Drop)]
pub struct Larger {}

/// [`div_round`] of `x · mul` by `y ≥ 1`.
#[derive(Copy, Drop)]
pub struct DivRound {
    /// `2^bits`, which the numerator is multiplied with first.
    pub mul: felt252,
}

/// 0 where `y` is 0, else `x`.
#[derive(Copy, Drop)]
pub struct MaskZero {}

fn zip_cells<Z, +Copy<Z>, +Drop<Z>, +Zip<Z>>(
    by: Z, mut xs: @Array<felt252>, mut ys: @Array<felt252>, ref output: Array<felt252>,
) {
    match pop_cells::<[felt252; 4]>(ref xs) {
        Option::Some(left) => match pop_cells::<[felt252; 4]>(ref ys) {
            Option::Some(right) => {
                let [x0, x1, x2, x3] = (*left).unbox();
                let [y0, y1, y2, y3] = (*right).unbox();
                let z0 = by.apply(x0, y0);
                let z1 = by.apply(x1, y1);
                let z2 = by.apply(x2, y2);
                let z3 = by.apply(x3, y3);
                output.append(z0);
                output.append(z1);
                output.append(z2);
                output.append(z3);
                zip_cells(by, xs, ys, ref output)
            },
            Option::None => {},
        },
        Option::None => zip_rest(by, xs, ys, ref output),
    }
}

fn zip_rest<Z, +Copy<Z>, +Drop<Z>, +Zip<Z>>(
    by: Z, mut xs: @Array<felt252>, mut ys: @Array<felt252>, ref output: Array<felt252>,
) {
    match pop_cell(ref xs) {
        Option::Some(x) => match pop_cell(ref ys) {
            Option::Some(y) => {
                output.append(by.apply(*x.unbox(), *y.unbox()));
                zip_rest(by, xs, ys, ref output)
            },
            Option::None => {},
        },
        Option::None => {},
    }
}

fn affine_cells(
    mut xs: @Array<felt252>,
    mut coefficients: @Array<(felt252, felt252)>,
    ref output: Array<felt252>,
) {
    match pop_cell(ref xs) {
        Option::Some(x) => match pop_cell(ref coefficients) {
            Option::Some(pair) => {
                let (factor, term) = *pair.unbox();
                output.append(*x.unbox() * factor + term);
                affine_cells(xs, coefficients, ref output)
            },
            Option::None => {},
        },
        Option::None => {},
    }
}

impl AddZip of Zip<Add> {
    #[inline(always)]
    fn apply(self: Add, x: felt252, y: felt252) -> felt252 {
        x + y
    }
}

impl SubZip of Zip<Sub> {
    #[inline(always)]
    fn apply(self: Sub, x: felt252, y: felt252) -> felt252 {
        x - y
    }
}

impl MulZip of Zip<Mul> {
    #[inline(always)]
    fn apply(self: Mul, x: felt252, y: felt252) -> felt252 {
        x * y
    }
}

impl LargerZip of Zip<Larger> {
    #[inline(always)]
    fn apply(self: Larger, x: felt252, y: felt252) -> felt252 {
        match sign(x - y) {
            Result::Ok(_) => y,
            Result::Err(_) => x,
        }
    }
}

impl DivRoundZip of Zip<DivRound> {
    #[inline(always)]
    fn apply(self: DivRound, x: felt252, y: felt252) -> felt252 {
        div_round(x * self.mul, divisor(y))
    }
}

impl MaskZeroZip of Zip<MaskZero> {
    #[inline(always)]
    fn apply(self: MaskZero, x: felt252, y: felt252) -> felt252 {
        if y == 0 {
            0
        } else {
            x
        }
    }
}
