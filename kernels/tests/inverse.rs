//! Inverses of many are those of each.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{felt, felts, BACKENDS};
use nilometer_field::Felt;
use nilometer_kernels::batch_inverse_with;
use proptest::prelude::*;

fn check(values: &[Felt]) {
    let expected: Vec<_> = values.iter().map(|value| value.inverse()).collect();
    for backend in BACKENDS {
        let mut found = values.to_vec();
        batch_inverse_with(&mut found, backend());
        assert!(found == expected, "{} values, {:?}", values.len(), backend());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn inverses(values in prop::collection::vec(felt(), 0..200)) {
        check(&values);
    }
}

#[test]
fn several_chunks() {
    let mut values = felts(5, (1 << 14) + 77);
    for i in [0, 31, 8191, 8192, (1 << 14) + 76] {
        values[i] = Felt::default();
    }
    check(&values);
}

#[test]
fn nothing_but_zeros() {
    check(&[Felt::default(); 100]);
}
