//! Decision trees as tables of nodes, walked in one loop.
//!
//! # Layout
//! A table holds the branches of one or more trees as [`Node`]s: 4 felts a branch. A branch's
//! children are numbers: below the number `n` of branches in the table, of a branch; from `n` on,
//! of leaf `number − n` in a second table. A tree that is a single leaf has the root `n + leaf`.
//! What a leaf adds to the total is one to four felts, usually lanes of votes ([`crate::lanes`]);
//! equal leaves of one table are stored once.
//!
//! A constant holds at most 32,767 felts: 8,191 branches. Larger forests are several tables, each
//! of whole trees, and [`forest`] is called for each with the total so far. A tree that is larger
//! by itself is cut: let a leaf of its upper part stand for a root in another table, and follow it
//! with [`walk`].
//!
//! # Keys
//! Features are compared as unsigned integers, `key ≤ bound`: keys of [`key_of`] kind as they
//! are, signed integers with an offset ([`keys`]). A test for equality is two branches, `≤ v` and
//! `≤ v − 1`. A branch that always goes one way has no bound that says so: leave it out.
//!
//! Where missing values are accepted, their key is the smallest, so that they pass every test; a
//! branch that sends them on like a failed test asks for feature `f + n_features` of the doubled
//! keys that [`with_missing`] makes, in which they are the largest.
//!
//! [`key_of`]: https://docs.rs/nilometer-transpiler
//!
//! # Votes
//! For several sums of small numbers, a leaf is lanes of them; they may be negative. The first
//! total brings each sum's base and an offset that keeps the sum non-negative, and
//! [`crate::lanes::split`] with [`crate::lanes::Offset`] takes the last total apart.
//!
//! # Cost
//! 25 steps per level and 45 per tree.

use crate::cells::{cells, pop_cell, pop_cells};
use crate::scalar::{Words, sign, u128_overflowing_sub, u128s_from_felt252};

/// A branch: `keys[feature] ≤ bound` leads to `below`, anything else to `above`.
#[derive(Copy, Drop)]
pub struct Node {
    /// Which key is compared.
    pub feature: u32,
    /// The largest key that passes.
    pub bound: u128,
    /// The child where it passes.
    pub below: u32,
    /// The child where it does not.
    pub above: u32,
}

/// What leaves hold: `felt252` for one sum or packed sums, [`Least`] and [`Most`] for minima and
/// maxima, and fixed-size arrays of 2 to 4 of them.
pub trait Leaf<L> {
    /// The total with one more leaf.
    fn join(self: L, leaf: L) -> L;
}

/// The least of the leaves; start with one that is larger than all.
#[derive(Copy, Drop)]
pub struct Least {
    /// The value.
    pub value: felt252,
}

/// The largest of the leaves; start with one that is smaller than all.
#[derive(Copy, Drop)]
pub struct Most {
    /// The value.
    pub value: felt252,
}

/// The features as keys: `x_i + offset`, for signed features an offset that makes them
/// non-negative.
/// 6.5 steps a feature.
///
/// # Panics
/// With `'tree: bad key'` if a sum is negative or not below `2^128`.
pub fn keys(x: Span<felt252>, offset: felt252) -> Array<u128> {
    let mut keys = array![];
    keys_loop(cells(x), offset, ref keys);
    keys
}

/// The keys, then the keys again with each one that equals `missing` replaced by the largest
/// number.
/// 11.3 steps a feature.
pub fn with_missing(keys: Span<u128>, missing: u128) -> Array<u128> {
    let mut doubled = array![];
    copy_loop(cells(keys), ref doubled);
    missing_loop(cells(keys), missing, ref doubled);
    doubled
}

/// The total over all trees of a table: the leaves that `keys` lead to, joined to `total`.
///
/// # Panics
/// With `'tree: bad node'` if a branch names a feature, or a child, that does not exist.
pub fn forest<L, +Copy<L>, +Drop<L>, +Leaf<L>>(
    keys: Span<u128>, nodes: Span<Node>, roots: Span<u32>, leaves: Span<L>, total: L,
) -> L {
    forest_loop(keys, nodes, cells(roots), leaves, total)
}

/// The number of the leaf that `keys` lead to from branch `at`; a large number if a branch names a
/// feature that does not exist.
pub fn walk(keys: Span<u128>, nodes: Span<Node>, at: u32) -> u32 {
    // Four levels a call: passing the arguments on costs as much as a comparison.
    match nodes.get(at) {
        Option::Some(node) => {
            let at = child(node, keys);
            match nodes.get(at) {
                Option::Some(node) => {
                    let at = child(node, keys);
                    match nodes.get(at) {
                        Option::Some(node) => {
                            let at = child(node, keys);
                            match nodes.get(at) {
                                Option::Some(node) => walk(keys, nodes, child(node, keys)),
                                Option::None => at,
                            }
                        },
                        Option::None => at,
                    }
                },
                Option::None => at,
            }
        },
        Option::None => at,
    }
}

/// The child of a branch. It unboxes the node again for the child, which loads one cell where a
/// node that is kept over the comparison loads all.
#[inline(always)]
fn child(node: Box<@Node>, keys: Span<u128>) -> u32 {
    let Node { feature, bound, below: _, above: _ } = *node.unbox();
    match keys.get(feature) {
        Option::Some(key) => match u128_overflowing_sub(bound, *key.unbox()) {
            Result::Ok(_) => {
                let Node { feature: _, bound: _, below, above: _ } = *node.unbox();
                below
            },
            Result::Err(_) => {
                let Node { feature: _, bound: _, below: _, above } = *node.unbox();
                above
            },
        },
        Option::None => 0xffffffff,
    }
}

fn forest_loop<L, +Copy<L>, +Drop<L>, +Leaf<L>>(
    keys: Span<u128>, nodes: Span<Node>, mut roots: @Array<u32>, leaves: Span<L>, total: L,
) -> L {
    match pop_cell(ref roots) {
        Option::Some(root) => {
            let at = walk(keys, nodes, *root.unbox());
            let leaf = match u32_overflowing_sub(at, nodes.len()) {
                Result::Ok(leaf) => leaves.get(leaf),
                Result::Err(_) => Option::None,
            };
            match leaf {
                Option::Some(leaf) => {
                    forest_loop(keys, nodes, roots, leaves, total.join(*leaf.unbox()))
                },
                Option::None => core::panic_with_felt252('tree: bad node'),
            }
        },
        Option::None => total,
    }
}

extern fn u32_overflowing_sub(
    lhs: u32, rhs: u32,
) -> Result<u32, u32> implicits(core::RangeCheck) nopanic;

impl FeltLeaf of Leaf<felt252> {
    #[inline(always)]
    fn join(self: felt252, leaf: felt252) -> felt252 {
        self + leaf
    }
}

impl LeastLeaf of Leaf<Least> {
    #[inline(always)]
    fn join(self: Least, leaf: Least) -> Least {
        match sign(leaf.value - self.value) {
            Result::Ok(_) => leaf,
            Result::Err(_) => self,
        }
    }
}

impl MostLeaf of Leaf<Most> {
    #[inline(always)]
    fn join(self: Most, leaf: Most) -> Most {
        match sign(leaf.value - self.value) {
            Result::Ok(_) => self,
            Result::Err(_) => leaf,
        }
    }
}

impl Leaf2<L, +Copy<L>, +Drop<L>, +Leaf<L>> of Leaf<[L; 2]> {
    #[inline]
    fn join(self: [L; 2], leaf: [L; 2]) -> [L; 2] {
        let [a0, a1] = self;
        let [b0, b1] = leaf;
        [a0.join(b0), a1.join(b1)]
    }
}

impl Leaf3<L, +Copy<L>, +Drop<L>, +Leaf<L>> of Leaf<[L; 3]> {
    #[inline]
    fn join(self: [L; 3], leaf: [L; 3]) -> [L; 3] {
        let [a0, a1, a2] = self;
        let [b0, b1, b2] = leaf;
        [a0.join(b0), a1.join(b1), a2.join(b2)]
    }
}

impl Leaf4<L, +Copy<L>, +Drop<L>, +Leaf<L>> of Leaf<[L; 4]> {
    #[inline]
    fn join(self: [L; 4], leaf: [L; 4]) -> [L; 4] {
        let [a0, a1, a2, a3] = self;
        let [b0, b1, b2, b3] = leaf;
        [a0.join(b0), a1.join(b1), a2.join(b2), a3.join(b3)]
    }
}

fn keys_loop(mut x: @Array<felt252>, offset: felt252, ref keys: Array<u128>) {
    match pop_cells::<[felt252; 8]>(ref x) {
        Option::Some(chunk) => {
            let [x0, x1, x2, x3, x4, x5, x6, x7] = (*chunk).unbox();
            let k0 = as_key(x0 + offset);
            let k1 = as_key(x1 + offset);
            let k2 = as_key(x2 + offset);
            let k3 = as_key(x3 + offset);
            let k4 = as_key(x4 + offset);
            let k5 = as_key(x5 + offset);
            let k6 = as_key(x6 + offset);
            let k7 = as_key(x7 + offset);
            keys.append(k0);
            keys.append(k1);
            keys.append(k2);
            keys.append(k3);
            keys.append(k4);
            keys.append(k5);
            keys.append(k6);
            keys.append(k7);
            keys_loop(x, offset, ref keys)
        },
        Option::None => keys_rest(x, offset, ref keys),
    }
}

fn keys_rest(mut x: @Array<felt252>, offset: felt252, ref keys: Array<u128>) {
    match pop_cell(ref x) {
        Option::Some(x_i) => {
            keys.append(as_key(*x_i.unbox() + offset));
            keys_rest(x, offset, ref keys)
        },
        Option::None => {},
    }
}

#[inline(always)]
fn as_key(x: felt252) -> u128 {
    match u128s_from_felt252(x) {
        Words::Narrow(key) => key,
        Words::Wide(_) => core::panic_with_felt252('tree: bad key'),
    }
}

fn copy_loop(mut keys: @Array<u128>, ref copy: Array<u128>) {
    match pop_cells::<[u128; 8]>(ref keys) {
        Option::Some(chunk) => {
            let [k0, k1, k2, k3, k4, k5, k6, k7] = (*chunk).unbox();
            copy.append(k0);
            copy.append(k1);
            copy.append(k2);
            copy.append(k3);
            copy.append(k4);
            copy.append(k5);
            copy.append(k6);
            copy.append(k7);
            copy_loop(keys, ref copy)
        },
        Option::None => copy_rest(keys, ref copy),
    }
}

fn copy_rest(mut keys: @Array<u128>, ref copy: Array<u128>) {
    match pop_cell(ref keys) {
        Option::Some(key) => {
            copy.append(*key.unbox());
            copy_rest(keys, ref copy)
        },
        Option::None => {},
    }
}

fn missing_loop(mut keys: @Array<u128>, missing: u128, ref replaced: Array<u128>) {
    match pop_cells::<[u128; 8]>(ref keys) {
        Option::Some(chunk) => {
            let [k0, k1, k2, k3, k4, k5, k6, k7] = (*chunk).unbox();
            let k0 = last_if(k0, missing);
            let k1 = last_if(k1, missing);
            let k2 = last_if(k2, missing);
            let k3 = last_if(k3, missing);
            let k4 = last_if(k4, missing);
            let k5 = last_if(k5, missing);
            let k6 = last_if(k6, missing);
            let k7 = last_if(k7, missing);
            replaced.append(k0);
            replaced.append(k1);
            replaced.append(k2);
            replaced.append(k3);
            replaced.append(k4);
            replaced.append(k5);
            replaced.append(k6);
            replaced.append(k7);
            missing_loop(keys, missing, ref replaced)
        },
        Option::None => missing_rest(keys, missing, ref replaced),
    }
}

fn missing_rest(mut keys: @Array<u128>, missing: u128, ref replaced: Array<u128>) {
    match pop_cell(ref keys) {
        Option::Some(key) => {
            replaced.append(last_if(*key.unbox(), missing));
            missing_rest(keys, missing, ref replaced)
        },
        Option::None => {},
    }
}

#[inline(always)]
fn last_if(key: u128, missing: u128) -> u128 {
    if key == missing {
        0xffffffffffffffffffffffffffffffff
    } else {
        key
    }
}
