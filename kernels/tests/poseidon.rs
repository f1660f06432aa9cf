//! Poseidon side by side is Poseidon one by one, with either instructions.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{felt, felts, BACKENDS};
use nilometer_field::{poseidon, Felt};
use nilometer_kernels::{poseidon_grind_with, poseidon_nodes_with, poseidon_rows_with, LANES};
use proptest::prelude::*;

fn node(left: Felt, right: Felt) -> Felt {
    poseidon::permute([left, right, Felt::from(2_u64)])[0]
}

#[test]
fn rows() {
    for width in [1, 2, 3, 8, 31, 100] {
        for height in [1, 7, 8, 9, 64, 130] {
            let felts = felts(width as u64, width * height);
            let expected: Vec<_> = felts.chunks(width).map(poseidon::hash_array).collect();
            for backend in BACKENDS {
                let found = poseidon_rows_with(&felts, width, backend());
                assert_eq!(found, expected, "{height} rows of {width}, {:?}", backend());
            }
        }
    }
}

#[test]
fn trees() {
    for count in [2, 4, 16, 512] {
        let leaves = felts(count as u64, count);
        for backend in BACKENDS {
            let nodes = poseidon_nodes_with(&leaves, backend());
            for i in 1..count {
                let child = |i: usize| if i < count { nodes[i] } else { leaves[i - count] };
                assert_eq!(nodes[i], node(child(2 * i), child(2 * i + 1)), "{i} of {count}");
            }
        }
    }
}

#[test]
fn nonces_are_the_smallest() {
    let tag = Felt::from(77_u64);
    let zeros = |state: Felt, nonce: u64| {
        poseidon::permute([state, Felt::from(nonce), tag])[0].to_limbs()[0].trailing_zeros()
    };
    for (seed, bits) in [(1, 0), (2, 1), (3, 5), (4, 8)] {
        let state = Felt::from(seed as u64);
        let expected = (1..).find(|nonce| zeros(state, *nonce) >= bits).unwrap();
        for backend in BACKENDS {
            assert_eq!(poseidon_grind_with(state, tag, bits, backend()), expected, "{bits} bits");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Elements at the edges of limbs and of the modulus.
    #[test]
    fn any_elements(messages in prop::collection::vec([felt(), felt(), felt()], LANES)) {
        let expected: Vec<_> = messages.iter().map(|felts| poseidon::hash_array(felts)).collect();
        for backend in BACKENDS {
            let found = poseidon_rows_with(messages.as_flattened(), 3, backend());
            prop_assert_eq!(&found, &expected);
        }
    }
}
