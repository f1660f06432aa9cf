//! Dense layers over packed weights, as one loop.
//!
//! A layer is `y = act(W·x + b)`. Several rows make a *group*: their weights for one input are
//! lanes of one felt ([`crate::lanes`]), so that one multiplication and one addition serve all of
//! them, and the group's accumulator is split once at its end. Four groups make a *quad*: an input
//! that is loaded serves all four.
//!
//! # Layout of the weights
//! The number of inputs is a multiple of 8; pad `x` with anything (zeros, or outputs that nobody
//! needs)
//! and the weights with zeros. With `n = 32·a + 8·b` inputs, `b < 4`, the inputs fall into `a`
//! chunks of 32 and then `b` of 8. A weight stream holds quads, one after the other, and a quad is
//!
//! ```text
//! 4 felts             the packed biases of its groups 0..4
//! per chunk of c      c felts of group 0, c of group 1, c of group 2, c of group 3
//! ```
//!
//! A group for [`groups`] is its bias followed by its `n` weights in order. A packed bias carries
//! what the lanes want added: the offset that keeps them non-negative, and half a unit for
//! rounding.
//!
//! A constant array holds at most 32,767 felts. Cut longer streams between quads and call [`quads`]
//! once for each piece; the last `rows mod 4` groups go to [`groups`]. Nothing is checked between
//! pieces, and a piece costs about 30 steps.
//!
//! # Layers that read little of their input
//! [`windows`] takes groups that read a number of windows of 8 neighbouring inputs each, such as those of
//! convolutions: a bias, then 8 weights for each window. The windows may start anywhere.
//!
//! # Cost
//! A product of a felt takes 3.4 steps in quads and chunks of 32 inputs, 3.7 in chunks of 8; 4.5
//! and 5.9 in single groups. A product of the layer takes that divided by the lanes of a felt. With
//! six lanes, a neuron takes 13 steps more with [`crate::lanes::Offset`] and 24 with
//! [`crate::lanes::RescaleRelu`].

use crate::cells::{cells, pop_cell, pop_cells, slice_cells};
use crate::lanes::{Half, Lane, Layout, split};

/// What becomes of a group's accumulator: a struct that holds the parameters. [`Layout`] is one.
pub trait Finish<F> {
    /// Appends the values of the rows that `packed` accumulates.
    fn finish(self: F, packed: felt252, ref output: Array<felt252>);
}

impl LayoutFinish<
    const LOW: felt252,
    const HIGH: felt252,
    M,
    +Copy<M>,
    +Drop<M>,
    +Lane<M>,
    impl Low: Half<LOW>,
    impl High: Half<HIGH>,
    +Drop<Low::Values>,
    +Drop<High::Values>
> of Finish<Layout<LOW, HIGH, M>> {
    #[inline(never)]
    fn finish(self: Layout<LOW, HIGH, M>, packed: felt252, ref output: Array<felt252>) {
        split(packed, self, ref output)
    }
}

/// Appends the rows of all quads in `weights`.
///
/// # Panics
/// With `'dense: bad weights'` if `weights` does not hold whole quads for `x`.
pub fn quads<F, +Copy<F>, +Drop<F>, +Finish<F>>(
    x: Span<felt252>, weights: Span<felt252>, finish: F, ref output: Array<felt252>,
) {
    quads_loop(cells(x), cells(weights), finish, ref output)
}

/// Appends the rows of all groups in `weights`.
///
/// # Panics
/// With `'dense: bad weights'` if `weights` does not hold whole groups for `x`.
pub fn groups<F, +Copy<F>, +Drop<F>, +Finish<F>>(
    x: Span<felt252>, weights: Span<felt252>, finish: F, ref output: Array<felt252>,
) {
    groups_loop(cells(x), cells(weights), finish, ref output)
}

/// Appends the rows of all groups in `weights`: for each its bias, then 8 weights for each of its `count` windows,
/// which start where `starts` says, window after window.
///
/// # Panics
/// With `'dense: bad weights'` if `starts` or `weights` does not hold whole groups, and with
/// `'dense: bad window'` if a window does not lie within `x`.
pub fn windows<F, +Copy<F>, +Drop<F>, +Finish<F>>(
    x: Span<felt252>,
    starts: Span<u32>,
    weights: Span<felt252>,
    count: felt252,
    finish: F,
    ref output: Array<felt252>,
) {
    windows_loop(cells(x), cells(starts), cells(weights), count, finish, ref output)
}

fn windows_loop<F, +Copy<F>, +Drop<F>, +Finish<F>>(
    x: @Array<felt252>,
    starts: @Array<u32>,
    mut weights: @Array<felt252>,
    count: felt252,
    finish: F,
    ref output: Array<felt252>,
) {
    match pop_cell(ref weights) {
        Option::Some(bias) => {
            let (starts, weights, packed) = window(x, starts, weights, count, *bias.unbox());
            finish.finish(packed, ref output);
            windows_loop(x, starts, weights, count, finish, ref output)
        },
        Option::None => assert(starts.len() == 0, 'dense: bad weights'),
    }
}

/// Adds the products of the next `count` windows to one accumulator.
fn window(
    x: @Array<felt252>,
    mut starts: @Array<u32>,
    mut weights: @Array<felt252>,
    count: felt252,
    a: felt252,
) -> (@Array<u32>, @Array<felt252>, felt252) {
    if count == 0 {
        return (starts, weights, a);
    }
    match pop_cell(ref starts) {
        Option::Some(start) => match slice_cells(x, *start.unbox(), 8) {
            Option::Some(inputs) => {
                let mut inputs = inputs;
                match pop_cells::<[felt252; 8]>(ref inputs) {
                    Option::Some(inputs) => match pop_cells::<[felt252; 8]>(ref weights) {
                        Option::Some(chunk) => {
                            let a = dot_8(a, (*inputs).unbox(), (*chunk).unbox());
                            window(x, starts, weights, count - 1, a)
                        },
                        Option::None => bad_weights(),
                    },
                    Option::None => bad_weights(),
                }
            },
            Option::None => core::panic_with_felt252('dense: bad window'),
        },
        Option::None => bad_weights(),
    }
}

fn quads_loop<F, +Copy<F>, +Drop<F>, +Finish<F>>(
    x: @Array<felt252>, mut weights: @Array<felt252>, finish: F, ref output: Array<felt252>,
) {
    match pop_cells::<[felt252; 4]>(ref weights) {
        Option::Some(biases) => {
            let [a, b, c, d] = (*biases).unbox();
            let (weights, a, b, c, d) = quad_32(x, weights, a, b, c, d);
            finish.finish(a, ref output);
            finish.finish(b, ref output);
            finish.finish(c, ref output);
            finish.finish(d, ref output);
            quads_loop(x, weights, finish, ref output)
        },
        Option::None => assert(weights.len() == 0, 'dense: bad weights'),
    }
}

fn groups_loop<F, +Copy<F>, +Drop<F>, +Finish<F>>(
    x: @Array<felt252>, mut weights: @Array<felt252>, finish: F, ref output: Array<felt252>,
) {
    match pop_cell(ref weights) {
        Option::Some(bias) => {
            let (weights, packed) = group_32(x, weights, *bias.unbox());
            finish.finish(packed, ref output);
            groups_loop(x, weights, finish, ref output)
        },
        Option::None => {},
    }
}
/// Adds the products of all inputs to four accumulators.
#[cairofmt::skip]
fn quad_32(
    mut x: @Array<felt252>,
    mut weights: @Array<felt252>,
    a: felt252,
    b: felt252,
    c: felt252,
    d: felt252,
) -> (@Array<felt252>, felt252, felt252, felt252, felt252) {
    match pop_cells::<[felt252; 32]>(ref x) {
        Option::Some(inputs) => match pop_cells::<[felt252; 128]>(ref weights) {
            Option::Some(chunk) => {
                let inputs = (*inputs).unbox();
                let [
                    a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15,
                    a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31,
                    b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15,
                    b16, b17, b18, b19, b20, b21, b22, b23, b24, b25, b26, b27, b28, b29, b30, b31,
                    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15,
                    c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31,
                    d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13, d14, d15,
                    d16, d17, d18, d19, d20, d21, d22, d23, d24, d25, d26, d27, d28, d29, d30, d31,
                ] = (*chunk).unbox();
                let a = dot_32(a, inputs, [
                    a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15,
                    a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31,
                ]);
                let b = dot_32(b, inputs, [
                    b0, b1, b2, b3, b4, b5, b6, b7, b8, b9, b10, b11, b12, b13, b14, b15,
                    b16, b17, b18, b19, b20, b21, b22, b23, b24, b25, b26, b27, b28, b29, b30, b31,
                ]);
                let c = dot_32(c, inputs, [
                    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15,
                    c16, c17, c18, c19, c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31,
                ]);
                let d = dot_32(d, inputs, [
                    d0, d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12, d13, d14, d15,
                    d16, d17, d18, d19, d20, d21, d22, d23, d24, d25, d26, d27, d28, d29, d30, d31,
                ]);
                quad_32(x, weights, a, b, c, d)
            },
            Option::None => bad_weights(),
        },
        Option::None => quad_8(x, weights, a, b, c, d),
    }
}
#[cairofmt::skip]
fn quad_8(
    mut x: @Array<felt252>,
    mut weights: @Array<felt252>,
    a: felt252,
    b: felt252,
    c: felt252,
    d: felt252,
) -> (@Array<felt252>, felt252, felt252, felt252, felt252) {
    match pop_cells::<[felt252; 8]>(ref x) {
        Option::Some(inputs) => match pop_cells::<[felt252; 32]>(ref weights) {
            Option::Some(chunk) => {
                let inputs = (*inputs).unbox();
                let [
                    a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7,
                    c0, c1, c2, c3, c4, c5, c6, c7, d0, d1, d2, d3, d4, d5, d6, d7,
                ] = (*chunk).unbox();
                let a = dot_8(a, inputs, [a0, a1, a2, a3, a4, a5, a6, a7]);
                let b = dot_8(b, inputs, [b0, b1, b2, b3, b4, b5, b6, b7]);
                let c = dot_8(c, inputs, [c0, c1, c2, c3, c4, c5, c6, c7]);
                let d = dot_8(d, inputs, [d0, d1, d2, d3, d4, d5, d6, d7]);
                quad_8(x, weights, a, b, c, d)
            },
            Option::None => bad_weights(),
        },
        Option::None => {
            assert(x.len() == 0, 'dense: bad padding');
            (weights, a, b, c, d)
        },
    }
}

/// Adds the products of all inputs to one accumulator.
fn group_32(
    mut x: @Array<felt252>, mut weights: @Array<felt252>, a: felt252,
) -> (@Array<felt252>, felt252) {
    match pop_cells::<[felt252; 32]>(ref x) {
        Option::Some(inputs) => match pop_cells::<[felt252; 32]>(ref weights) {
            Option::Some(chunk) => {
                let a = dot_32(a, (*inputs).unbox(), (*chunk).unbox());
                group_32(x, weights, a)
            },
            Option::None => bad_weights(),
        },
        Option::None => group_8(x, weights, a),
    }
}

fn group_8(
    mut x: @Array<felt252>, mut weights: @Array<felt252>, a: felt252,
) -> (@Array<felt252>, felt252) {
    match pop_cells::<[felt252; 8]>(ref x) {
        Option::Some(inputs) => match pop_cells::<[felt252; 8]>(ref weights) {
            Option::Some(chunk) => {
                let a = dot_8(a, (*inputs).unbox(), (*chunk).unbox());
                group_8(x, weights, a)
            },
            Option::None => bad_weights(),
        },
        Option::None => {
            assert(x.len() == 0, 'dense: bad padding');
            (weights, a)
        },
    }
}

fn bad_weights() -> core::never {
    core::panic_with_felt252('dense: bad weights')
}
#[cairofmt::skip]
#[inline(always)]
fn dot_32(total: felt252, x: [felt252; 32], w: [felt252; 32]) -> felt252 {
    let [
        x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13, x14, x15,
        x16, x17, x18, x19, x20, x21, x22, x23, x24, x25, x26, x27, x28, x29, x30, x31,
    ] = x;
    let [
        w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
        w16, w17, w18, w19, w20, w21, w22, w23, w24, w25, w26, w27, w28, w29, w30, w31,
    ] = w;
    total
        + x0 * w0 + x1 * w1 + x2 * w2 + x3 * w3
        + x4 * w4 + x5 * w5 + x6 * w6 + x7 * w7
        + x8 * w8 + x9 * w9 + x10 * w10 + x11 * w11
        + x12 * w12 + x13 * w13 + x14 * w14 + x15 * w15
        + x16 * w16 + x17 * w17 + x18 * w18 + x19 * w19
        + x20 * w20 + x21 * w21 + x22 * w22 + x23 * w23
        + x24 * w24 + x25 * w25 + x26 * w26 + x27 * w27
        + x28 * w28 + x29 * w29 + x30 * w30 + x31 * w31
}
#[cairofmt::skip]
#[inline(always)]
fn dot_8(total: felt252, x: [felt252; 8], w: [felt252; 8]) -> felt252 {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = x;
    let [w0, w1, w2, w3, w4, w5, w6, w7] = w;
    total
        + x0 * w0 + x1 * w1 + x2 * w2 + x3 * w3
        + x4 * w4 + x5 * w5 + x6 * w6 + x7 * w7
}
