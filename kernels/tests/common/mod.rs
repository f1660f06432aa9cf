//! Elements to test with.

#![allow(dead_code, reason = "not every test needs all")]

use nilometer_field::Felt;
use nilometer_kernels::Backend;
use proptest::prelude::*;
use winter_math::FieldElement;

/// The fastest instructions here, and those that every processor has.
pub const BACKENDS: [fn() -> Backend; 2] = [Backend::best, || Backend::PORTABLE];

const TOP: u64 = (1 << 59) + 17;

/// Any element; every second one has limbs near the edges of limbs of 52 and of 64 bits, and of p.
pub fn felt() -> impl Strategy<Value = Felt> {
    let edge = prop_oneof![
        Just(0),
        Just(1),
        Just(u64::MAX),
        Just(u64::MAX - 1),
        (0_u32..64).prop_map(|bit| 1 << bit),
        (0_u32..64).prop_map(|bit| (1 << bit) - 1),
        (0_u32..64).prop_map(|bit| u64::MAX << bit),
    ];
    let top = prop_oneof![Just(TOP), Just(TOP - 1), Just(1 << 59), edge.clone()];
    let edges = ([edge.clone(), edge.clone(), edge], top);
    let edges = edges.prop_map(|([a, b, c], d)| reduced([a, b, c, d]));
    let known = prop_oneof![
        Just(Felt::ZERO),
        Just(Felt::ONE),
        Just(-Felt::ONE),
        Just(reduced([0, 0, 0, TOP])),
        Just(reduced([u64::MAX, u64::MAX, u64::MAX, TOP - 1])),
    ];
    prop_oneof![1 => known, 2 => edges, 3 => any::<[u64; 4]>().prop_map(reduced)]
}

/// The element of these limbs, or of their low 251 bits.
fn reduced(mut limbs: [u64; 4]) -> Felt {
    Felt::from_residue(limbs).unwrap_or_else(|| {
        limbs[3] &= (1 << 59) - 1;
        Felt::from_residue(limbs).unwrap()
    })
}

/// Elements that look random, the same each time.
pub fn felts(seed: u64, count: usize) -> Vec<Felt> {
    let mut state = Felt::from(seed + 2);
    (0..count)
        .map(|_| {
            state = state * state + Felt::from(seed);
            state
        })
        .collect()
}
