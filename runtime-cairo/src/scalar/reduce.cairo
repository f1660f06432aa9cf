//! One value of a vector: sums and largest elements.

use crate::cells::{cells, pop_cell, pop_cells};
use super::element::sign;
use super::each::{Scale, map};

/// The sum of the elements. 3.2 steps an element.
pub fn sum(xs: Span<felt252>) -> felt252 {
    sum_cells(cells(xs), 0)
}

/// The largest element. 18 steps an element.
///
/// # Panics
/// With `'vector: empty'` if there is none.
pub fn max(xs: Span<felt252>) -> felt252 {
    let mut rest = cells(xs);
    match pop_cell(ref rest) {
        Option::Some(first) => max_cells(rest, *first.unbox()),
        Option::None => core::panic_with_felt252('vector: empty'),
    }
}

/// `x_i − max_j x_j`
///
/// # Panics
/// With `'vector: empty'` if there is no element.
pub fn sub_max(xs: Span<felt252>, ref output: Array<felt252>) {
    map(Scale { mul: 1, add: -max(xs) }, xs, ref output)
}

/// The index of the largest element; of equals the first, or with `select_last` the last.
/// 22 steps an element.
///
/// # Panics
/// With `'vector: empty'` if there is none.
pub fn arg_max(xs: Span<felt252>, select_last: bool) -> felt252 {
    // What a challenger must be better by.
    let margin = if select_last {
        0
    } else {
        1
    };
    let mut rest = cells(xs);
    match pop_cell(ref rest) {
        Option::Some(first) => arg_max_cells(rest, margin, *first.unbox(), 0, 1),
        Option::None => core::panic_with_felt252('vector: empty'),
    }
}

fn sum_cells(mut xs: @Array<felt252>, total: felt252) -> felt252 {
    match pop_cells::<[felt252; 8]>(ref xs) {
        Option::Some(chunk) => {
            let [x0, x1, x2, x3, x4, x5, x6, x7] = (*chunk).unbox();
            sum_cells(xs, total + x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7)
        },
        Option::None => sum_rest(xs, total),
    }
}

fn sum_rest(mut xs: @Array<felt252>, total: felt252) -> felt252 {
    match pop_cell(ref xs) {
        Option::Some(x) => sum_rest(xs, total + *x.unbox()),
        Option::None => total,
    }
}

fn max_cells(mut xs: @Array<felt252>, best: felt252) -> felt252 {
    match pop_cell(ref xs) {
        Option::Some(x) => {
            let x = *x.unbox();
            match sign(x - best) {
                Result::Ok(_) => max_cells(xs, best),
                Result::Err(_) => max_cells(xs, x),
            }
        },
        Option::None => best,
    }
}

fn arg_max_cells(
    mut xs: @Array<felt252>, margin: felt252, best: felt252, best_at: felt252, at: felt252,
) -> felt252 {
    match pop_cell(ref xs) {
        Option::Some(x) => {
            let x = *x.unbox();
            match sign(x - best - margin) {
                Result::Ok(_) => arg_max_cells(xs, margin, best, best_at, at + 1),
                Result::Err(_) => arg_max_cells(xs, margin, x, at, at + 1),
            }
        },
        Option::None => best_at,
    }
}
