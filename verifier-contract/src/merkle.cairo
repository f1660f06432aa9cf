//! Openings of Merkle trees at sorted, distinct positions.
//!
//! Level by level from the leaves, each known node whose sibling is not known takes it from the proof, in
//! ascending order. Nodes are numbered as in a heap: the root is 1, the children of i are 2i and 2i + 1.

use core::poseidon::hades_permutation;
use super::errors;

/// A node of one tree.
#[derive(Copy, Drop)]
pub struct Node {
    /// Its number.
    pub index: u64,
    /// Its digest.
    pub digest: felt252,
}

/// Nodes at the same place of the four trees of columns.
#[derive(Copy, Drop)]
pub struct Nodes {
    /// Their number.
    pub index: u64,
    /// Preprocessed columns.
    pub preprocessed: felt252,
    /// Main columns.
    pub main: felt252,
    /// Auxiliary columns.
    pub aux: felt252,
    /// The quotient's columns.
    pub quotient: felt252,
}

fn hash(left: felt252, right: felt252) -> felt252 {
    let (digest, _, _) = hades_permutation(left, right, 2);
    digest
}

fn hash_nodes(index: u64, left: Nodes, right: Nodes) -> Nodes {
    Nodes {
        index,
        preprocessed: hash(left.preprocessed, right.preprocessed),
        main: hash(left.main, right.main),
        aux: hash(left.aux, right.aux),
        quotient: hash(left.quotient, right.quotient),
    }
}

/// The roots of the four trees, from sorted leaves of one level, at least one.
pub fn roots(mut known: Array<Nodes>, ref proof: Span<felt252>) -> Nodes {
    // There is a first leaf.
    let mut node = known.pop_front().unwrap();
    loop {
        if node.index == 1 {
            break;
        }
        let (parent, side) = DivRem::div_rem(node.index, 2);
        match known.pop_front() {
            Option::Some(next) => {
                if side == 0 && next.index == node.index + 1 {
                    known.append(hash_nodes(parent, node, next));
                    // What was appended, or what is before it.
                    node = known.pop_front().unwrap();
                } else {
                    known.append(with_siblings(parent, side, node, ref proof));
                    node = next;
                }
            },
            Option::None => { node = with_siblings(parent, side, node, ref proof); },
        }
    };
    node
}

/// The parent of nodes whose siblings are in the proof.
fn with_siblings(parent: u64, side: u64, node: Nodes, ref proof: Span<felt252>) -> Nodes {
    match proof.multi_pop_front::<4>() {
        Option::Some(siblings) => {
            let [preprocessed, main, aux, quotient] = (*siblings).unbox();
            let siblings = Nodes { index: 0, preprocessed, main, aux, quotient };
            if side == 0 {
                hash_nodes(parent, node, siblings)
            } else {
                hash_nodes(parent, siblings, node)
            }
        },
        Option::None => core::panic_with_felt252(errors::TRUNCATED),
    }
}

/// The root of one tree, from sorted leaves of one level, at least one.
pub fn root(mut known: Array<Node>, ref proof: Span<felt252>) -> felt252 {
    // There is a first leaf.
    let mut node = known.pop_front().unwrap();
    loop {
        if node.index == 1 {
            break;
        }
        let (parent, side) = DivRem::div_rem(node.index, 2);
        match known.pop_front() {
            Option::Some(next) => {
                if side == 0 && next.index == node.index + 1 {
                    let digest = hash(node.digest, next.digest);
                    known.append(Node { index: parent, digest });
                    // What was appended, or what is before it.
                    node = known.pop_front().unwrap();
                } else {
                    known.append(with_sibling(parent, side, node, ref proof));
                    node = next;
                }
            },
            Option::None => { node = with_sibling(parent, side, node, ref proof); },
        }
    };
    node.digest
}

/// The parent of a node whose sibling is in the proof.
fn with_sibling(parent: u64, side: u64, node: Node, ref proof: Span<felt252>) -> Node {
    match proof.pop_front() {
        Option::Some(sibling) => {
            let digest = if side == 0 {
                hash(node.digest, *sibling)
            } else {
                hash(*sibling, node.digest)
            };
            Node { index: parent, digest }
        },
        Option::None => core::panic_with_felt252(errors::TRUNCATED),
    }
}
