//! FRI: each layer is folded by 8; the last one is a polynomial of few coefficients.
//!
//! A layer's leaf j holds the values at positions j, j + n, .., j + 7n, n leaves in all: those of `f(x·ζ^k)`
//! for the eighth roots of unity `ζ^k`.

use core::felt252_div;
use core::poseidon::hades_permutation;
use super::errors;
use super::generated::params::{EIGHTH, ROOT_1, ROOT_2, ROOT_3};
use super::merkle;
use super::merkle::Node;
use super::sort::sort;

/// A value of a layer's function.
#[derive(Copy, Drop)]
pub struct Value {
    /// Where.
    pub position: u64,
    /// The point of that position.
    pub x: felt252,
    /// The value.
    pub value: felt252,
}

/// Folds a layer: from its values at sorted, distinct positions, fewer than 2^16, to those of the next one. What
/// the proof has of the opened leaves, together with these values, must be what was committed to.
pub fn fold_layer(
    values: Span<Value>, n_leaves: u64, root: felt252, beta: felt252, ref proof: Span<felt252>
) -> Span<Value> {
    let mut keys = sort(keys(values, n_leaves));
    let mut leaves: Array<Node> = array![];
    let mut folded: Array<Value> = array![];
    while let Option::Some(key) = keys.pop_front() {
        let (leaf, slot, index) = split(*key);
        let Value { x, value, .. } = *values[index];
        let mut others: Array<(u64, felt252)> = array![];
        loop {
            // Of one leaf, ascending slots.
            match keys.get(0) {
                Option::Some(next) => {
                    let (next_leaf, next_slot, next_index) = split(*next.unbox());
                    if next_leaf != leaf {
                        break;
                    }
                    others.append((next_slot, *values[next_index].value));
                    let _ = keys.pop_front();
                },
                Option::None => { break; },
            }
        };
        let others = others.span();
        let row = if others.is_empty() {
            one_known(slot, value, ref proof)
        } else {
            many_known(slot, value, others, ref proof)
        };
        leaves.append(Node { index: n_leaves + leaf, digest: hash(row) });
        let x = x * back(slot);
        let shift = felt252_div(beta, x.try_into().expect(errors::POINT));
        let square = x * x;
        let fourth = square * square;
        folded.append(Value { position: leaf, x: fourth * fourth, value: fold(row, shift) });
    };
    assert(merkle::root(leaves, ref proof) == root, errors::LAYER);
    folded.span()
}

/// Leaf, slot in the leaf, and index of each value, as one number.
fn keys(mut values: Span<Value>, n_leaves: u64) -> Span<u64> {
    let n_leaves: NonZero<u64> = n_leaves.try_into().expect(errors::PARAMETERS);
    let mut keys: Array<u64> = array![];
    let mut index: u64 = 0;
    while let Option::Some(value) = values.pop_front() {
        let (slot, leaf) = DivRem::div_rem(*value.position, n_leaves);
        keys.append(leaf * 0x100000 + slot * 0x10000 + index);
        index += 1;
    };
    keys.span()
}

/// What `keys` joined.
fn split(key: u64) -> (u64, u64, u32) {
    let (rest, index) = DivRem::div_rem(key, 0x10000);
    let (leaf, slot) = DivRem::div_rem(rest, 16);
    // It is below 2^16.
    (leaf, slot, index.try_into().unwrap())
}

/// `ζ^-slot`.
fn back(slot: u64) -> felt252 {
    if slot == 0 {
        1
    } else if slot == 1 {
        ROOT_1
    } else if slot == 2 {
        ROOT_2
    } else if slot == 3 {
        ROOT_3
    } else if slot == 4 {
        -1
    } else if slot == 5 {
        -ROOT_1
    } else if slot == 6 {
        -ROOT_2
    } else {
        -ROOT_3
    }
}

/// A leaf of which one value is known: the others are in the proof.
fn one_known(slot: u64, value: felt252, ref proof: Span<felt252>) -> [felt252; 8] {
    let [a, b, c, d, e, f, g] = match proof.multi_pop_front::<7>() {
        Option::Some(others) => (*others).unbox(),
        Option::None => core::panic_with_felt252(errors::TRUNCATED),
    };
    if slot == 0 {
        [value, a, b, c, d, e, f, g]
    } else if slot == 1 {
        [a, value, b, c, d, e, f, g]
    } else if slot == 2 {
        [a, b, value, c, d, e, f, g]
    } else if slot == 3 {
        [a, b, c, value, d, e, f, g]
    } else if slot == 4 {
        [a, b, c, d, value, e, f, g]
    } else if slot == 5 {
        [a, b, c, d, e, value, f, g]
    } else if slot == 6 {
        [a, b, c, d, e, f, value, g]
    } else {
        [a, b, c, d, e, f, g, value]
    }
}

/// A leaf of which several values are known, in ascending slots.
fn many_known(
    slot: u64, value: felt252, mut others: Span<(u64, felt252)>, ref proof: Span<felt252>
) -> [felt252; 8] {
    let mut row: Array<felt252> = array![];
    let mut known: Option<(u64, felt252)> = Option::Some((slot, value));
    let mut at: u64 = 0;
    while at != 8 {
        let here = match known {
            Option::Some((slot, value)) => if slot == at {
                Option::Some(value)
            } else {
                Option::None
            },
            Option::None => Option::None,
        };
        match here {
            Option::Some(value) => {
                row.append(value);
                known = match others.pop_front() {
                    Option::Some(next) => Option::Some(*next),
                    Option::None => Option::None,
                };
            },
            Option::None => { row.append(*proof.pop_front().expect(errors::TRUNCATED)); },
        }
        at += 1;
    };
    let mut row = row.span();
    // There are eight.
    (*row.multi_pop_front::<8>().unwrap()).unbox()
}

/// A leaf's digest: the Poseidon hash of its values.
fn hash(row: [felt252; 8]) -> felt252 {
    let [a, b, c, d, e, f, g, h] = row;
    let (s0, s1, s2) = hades_permutation(a, b, 0);
    let (s0, s1, s2) = hades_permutation(s0 + c, s1 + d, s2);
    let (s0, s1, s2) = hades_permutation(s0 + e, s1 + f, s2);
    let (s0, s1, s2) = hades_permutation(s0 + g, s1 + h, s2);
    let (digest, _, _) = hades_permutation(s0 + 1, s1, s2);
    digest
}

/// The value at `x^8` of `Σ β^m·f_m`, where `f(X) = Σ X^m·f_m(X^8)`; `shift` is `β/x`.
fn fold(row: [felt252; 8], shift: felt252) -> felt252 {
    let [a, b, c, d, e, f, g, h] = row;
    // Halves whose points are x·ζ^k and its negative.
    let a = a + e + shift * (a - e);
    let b = b + f + shift * ROOT_1 * (b - f);
    let c = c + g + shift * ROOT_2 * (c - g);
    let d = d + h + shift * ROOT_3 * (d - h);
    let shift = shift * shift;
    let a = a + c + shift * (a - c);
    let b = b + d + shift * ROOT_2 * (b - d);
    let shift = shift * shift;
    (a + b + shift * (a - b)) * EIGHTH
}

/// Whether a polynomial, by its coefficients from the lowest, a multiple of 32 of them, has these values.
pub fn check_remainder(remainder: Span<felt252>, mut values: Span<Value>) {
    while let Option::Some(value) = values.pop_front() {
        assert(evaluate(remainder, *value.x) == *value.value, errors::REMAINDER);
    };
}

fn evaluate(mut coefficients: Span<felt252>, x: felt252) -> felt252 {
    let mut sum = 0;
    while let Option::Some(chunk) = coefficients.multi_pop_back::<32>() {
        sum = super::generated::rows::horner_32(*chunk, x, sum);
    };
    sum
}
