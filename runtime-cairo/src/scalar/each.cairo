//! Element-wise operations over a vector. Results are appended to `output`.

use crate::cells::{cells, pop_cell, pop_cells};
use super::element::{
    Divisor, Shift, abs, clip, div_round, greater, leaky_relu, relu, shift_round, sqrt, truncate,
};
use super::table::{Table, lookup};

/// An operation on one value: a struct that holds its parameters. Inline the implementation
/// (`#[inline(always)]`); it is copied nine times into the loop of [`map`].
pub trait Map<M> {
    /// The operation's result for `x`.
    fn apply(self: M, x: felt252) -> felt252;
}

/// `y_i = operation(x_i)`. Beside the operation, 3.5 steps an element and an eighth for each
/// parameter.
pub fn map<M, +Copy<M>, +Drop<M>, +Map<M>>(
    operation: M, xs: Span<felt252>, ref output: Array<felt252>,
) {
    map_cells(operation, cells(xs), ref output)
}

/// Appends all elements. 3.5 steps an element.
pub fn concat(xs: Span<felt252>, ref output: Array<felt252>) {
    map_cells(Identity {}, cells(xs), ref output)
}

/// `y_i = xs[indices_i]`. 22 steps an element.
///
/// # Panics
/// With `'vector: bad index'` if an index is too large.
pub fn gather(xs: Span<felt252>, indices: Span<u32>, ref output: Array<felt252>) {
    gather_cells(xs, cells(indices), ref output)
}

/// [`relu`]
#[derive(Copy, Drop)]
pub struct Relu {}

/// [`leaky_relu`]
#[derive(Copy, Drop)]
pub struct LeakyRelu {
    /// The slope below 0 in units of `1 / pow`.
    pub slope: felt252,
    /// The factor above 0.
    pub pow: felt252,
}

/// [`clip`]
#[derive(Copy, Drop)]
pub struct Clip {
    /// The lower bound.
    pub lo: felt252,
    /// The upper bound.
    pub hi: felt252,
}

/// [`abs`]
#[derive(Copy, Drop)]
pub struct Abs {}

/// [`sqrt`]
#[derive(Copy, Drop)]
pub struct Sqrt {}

/// [`greater`]
#[derive(Copy, Drop)]
pub struct Greater {
    /// What is not yet greater.
    pub threshold: felt252,
}

/// [`truncate`]
#[derive(Copy, Drop)]
pub struct Truncate {
    /// `2^bits`
    pub pow: NonZero<Divisor>,
}

/// `x · mul + add`
#[derive(Copy, Drop)]
pub struct Scale {
    /// The factor.
    pub mul: felt252,
    /// Added to the product.
    pub add: felt252,
}

/// [`div_round`] of `x · mul` by one divisor.
#[derive(Copy, Drop)]
pub struct DivBy {
    /// `2^bits`, which the numerator is multiplied with first.
    pub mul: felt252,
    /// The divisor.
    pub by: NonZero<Divisor>,
}

fn map_cells<M, +Copy<M>, +Drop<M>, +Map<M>>(
    by: M, mut xs: @Array<felt252>, ref output: Array<felt252>,
) {
    match pop_cells::<[felt252; 8]>(ref xs) {
        Option::Some(chunk) => {
            let [x0, x1, x2, x3, x4, x5, x6, x7] = (*chunk).unbox();
            let y0 = by.apply(x0);
            let y1 = by.apply(x1);
            let y2 = by.apply(x2);
            let y3 = by.apply(x3);
            let y4 = by.apply(x4);
            let y5 = by.apply(x5);
            let y6 = by.apply(x6);
            let y7 = by.apply(x7);
            // Appended together: a branch between two appends would store the array twice.
            output.append(y0);
            output.append(y1);
            output.append(y2);
            output.append(y3);
            output.append(y4);
            output.append(y5);
            output.append(y6);
            output.append(y7);
            map_cells(by, xs, ref output)
        },
        Option::None => map_rest(by, xs, ref output),
    }
}

fn map_rest<M, +Copy<M>, +Drop<M>, +Map<M>>(
    by: M, mut xs: @Array<felt252>, ref output: Array<felt252>,
) {
    match pop_cell(ref xs) {
        Option::Some(x) => {
            output.append(by.apply(*x.unbox()));
            map_rest(by, xs, ref output)
        },
        Option::None => {},
    }
}

fn gather_cells(xs: Span<felt252>, mut indices: @Array<u32>, ref output: Array<felt252>) {
    match pop_cell(ref indices) {
        Option::Some(index) => match xs.get(*index.unbox()) {
            Option::Some(x) => {
                output.append(*x.unbox());
                gather_cells(xs, indices, ref output)
            },
            Option::None => core::panic_with_felt252('vector: bad index'),
        },
        Option::None => {},
    }
}

#[derive(Copy, Drop)]
struct Identity {}

impl IdentityMap of Map<Identity> {
    #[inline(always)]
    fn apply(self: Identity, x: felt252) -> felt252 {
        x
    }
}

impl ReluMap of Map<Relu> {
    #[inline(always)]
    fn apply(self: Relu, x: felt252) -> felt252 {
        relu(x)
    }
}

impl ShiftMap of Map<Shift> {
    #[inline(always)]
    fn apply(self: Shift, x: felt252) -> felt252 {
        shift_round(x, self)
    }
}

impl LeakyReluMap of Map<LeakyRelu> {
    #[inline(always)]
    fn apply(self: LeakyRelu, x: felt252) -> felt252 {
        leaky_relu(x, self.slope, self.pow)
    }
}

impl ClipMap of Map<Clip> {
    #[inline(always)]
    fn apply(self: Clip, x: felt252) -> felt252 {
        clip(x, self.lo, self.hi)
    }
}

impl AbsMap of Map<Abs> {
    #[inline(always)]
    fn apply(self: Abs, x: felt252) -> felt252 {
        abs(x)
    }
}

impl SqrtMap of Map<Sqrt> {
    #[inline(always)]
    fn apply(self: Sqrt, x: felt252) -> felt252 {
        sqrt(x)
    }
}

impl GreaterMap of Map<Greater> {
    #[inline(always)]
    fn apply(self: Greater, x: felt252) -> felt252 {
        greater(x, self.threshold)
    }
}

impl TruncateMap of Map<Truncate> {
    #[inline(always)]
    fn apply(self: Truncate, x: felt252) -> felt252 {
        truncate(x, self.pow)
    }
}

impl ScaleMap of Map<Scale> {
    #[inline(always)]
    fn apply(self: Scale, x: felt252) -> felt252 {
        x * self.mul + self.add
    }
}

impl DivByMap of Map<DivBy> {
    #[inline(always)]
    fn apply(self: DivBy, x: felt252) -> felt252 {
        div_round(x * self.mul, self.by)
    }
}

impl LookupMap of Map<Table> {
    #[inline(always)]
    fn apply(self: Table, x: felt252) -> felt252 {
        lookup(x, self)
    }
}
