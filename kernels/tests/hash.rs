//! Digests are Blake3's, trees Winterfell's, nonces the smallest.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{felts, BACKENDS};
use nilometer_field::Felt;
use nilometer_kernels::{grind_with, hash_rows_with, merkle_nodes_with, Digest};
use winter_crypto::hashers::Blake3_256;
use winter_crypto::{Digest as _, ElementHasher, Hasher, MerkleTree, VectorCommitment};

type Reference = Blake3_256<Felt>;

#[test]
fn rows() {
    // Partial blocks, whole chunks, several chunks with full and unequal subtrees.
    for width in [1, 2, 3, 5, 31, 32, 33, 39, 64, 65, 97, 160, 224] {
        for height in [1, 15, 16, 17, 48, 300] {
            let felts = felts(width as u64, width * height);
            let expected: Vec<_> = felts.chunks(width).map(Reference::hash_elements).collect();
            for backend in BACKENDS {
                let found = hash_rows_with(&felts, width, backend());
                assert!(found == expected, "{height} rows of {width}, {:?}", backend());
            }
        }
    }
}

#[test]
fn trees() {
    for log in 1..12 {
        let leaves: Vec<_> = felts(log, 1 << log).chunks(1).map(Reference::hash_elements).collect();
        let expected = MerkleTree::<Reference>::new(leaves.clone()).unwrap();
        for backend in BACKENDS {
            let nodes = merkle_nodes_with(&leaves, backend());
            let tree = MerkleTree::<Reference>::from_raw_parts(nodes, leaves.clone()).unwrap();
            assert_eq!(tree.commitment(), expected.commitment());
            let indexes = [0, leaves.len() / 2, leaves.len() - 1];
            for index in indexes {
                assert_eq!(tree.open(index).unwrap(), expected.open(index).unwrap());
            }
        }
    }
}

fn zeros(seed: [u8; 32], nonce: u64) -> u32 {
    let digest = Reference::merge_with_int(Digest::new(seed), nonce).as_bytes();
    u64::from_le_bytes(std::array::from_fn(|i| digest[i])).trailing_zeros()
}

#[test]
fn nonces_are_the_smallest() {
    for (seed, bits) in (0..20).flat_map(|seed| [(seed, 0), (seed, 1), (seed, 9), (seed, 14)]) {
        let seed = [seed; 32];
        let expected = (1..).find(|nonce| zeros(seed, *nonce) >= bits).unwrap();
        for backend in BACKENDS {
            assert_eq!(grind_with(seed, bits, backend()), expected, "{bits} bits");
        }
    }
}
