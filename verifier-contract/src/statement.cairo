//! What follows from key and claim alone, and with the challenges.

use core::felt252_div;
use super::errors;
use super::generated::params as numbers;
use super::interface::{Claim, Key};
use super::transcript::hash;

const TWO_POW_127: felt252 = 0x80000000000000000000000000000000;
/// The most elements of inputs, and of outputs.
const MAX_ELEMENTS: u32 = 0x1000000;

/// The hash that names a key.
pub fn key_hash(key: @Key) -> felt252 {
    let inputs: Span<felt252> = *key.inputs.felts;
    let mut felts = array![
        numbers::KEY_TAG,
        numbers::AIR_NAME,
        numbers::AIR_VERSION,
        numbers::HASH,
        numbers::KEY_TARGET,
        (*key.n_rows).into(),
        (*key.batch).into(),
        *key.root,
        inputs.len().into()
    ];
    felts.append_span(inputs);
    felts.append(*key.rest);
    hash(felts.span())
}

/// Panics if the claim has another form than the key's proofs, or an input is outside of its range. The numbers
/// of a row's inputs and outputs.
pub fn check_claim(key: @Key, claim: @Claim) -> (u32, u32) {
    let (batch, inputs, outputs) = (*key.batch, *claim.inputs.felts, *claim.outputs.felts);
    assert(batch != 0 && batch <= *key.n_rows, errors::BATCH);
    assert(inputs.len() != 0 && inputs.len() <= MAX_ELEMENTS, errors::INPUTS);
    assert(outputs.len() <= MAX_ELEMENTS, errors::OUTPUTS);
    // It is not zero.
    let of_batch: NonZero<u32> = batch.try_into().unwrap();
    let (n_inputs, more) = DivRem::div_rem(inputs.len(), of_batch);
    assert(more == 0, errors::INPUTS);
    let (n_outputs, more) = DivRem::div_rem(outputs.len(), of_batch);
    assert(more == 0, errors::OUTPUTS);

    let mut schema: Span<felt252> = *key.inputs.felts;
    // Version 2 says more of features, after the runs.
    let version = *schema.pop_front().expect(errors::SCHEMA);
    assert(version == 1 || version == 2, errors::SCHEMA);
    let n_runs: u32 = (*schema.pop_front().expect(errors::SCHEMA)).try_into().expect(errors::SCHEMA);
    let n_runs: felt252 = n_runs.into();
    assert(n_runs * 5 == schema.len().into(), errors::SCHEMA);
    let mut left = inputs;
    let mut rows = batch;
    while rows != 0 {
        let before = left.len();
        let mut runs = schema;
        while let Option::Some(run) = runs.multi_pop_front::<5>() {
            let [count, _, _, lo, hi] = (*run).unbox();
            let count: u32 = count.try_into().expect(errors::SCHEMA);
            check_signed(lo);
            check_signed(hi);
            assert(count <= left.len(), errors::INPUTS);
            check_range(left.slice(0, count), lo, hi);
            left = left.slice(count, left.len() - count);
        };
        // All of the row, and of each row.
        assert(before - left.len() == n_inputs, errors::INPUTS);
        rows -= 1;
    };
    (n_inputs, n_outputs)
}

/// Panics if a bound is not of a magnitude below 2^127.
fn check_signed(bound: felt252) {
    let low: Option<u128> = (bound + (TWO_POW_127 - 1)).try_into();
    assert(low.is_some() && bound != TWO_POW_127, errors::SCHEMA);
}

/// Panics if a value is not one of the integers from `lo` to `hi`, both of a magnitude below 2^127.
///
/// Both distances are below 2^128, so their sum is the integer `hi - lo`, and none is negative.
fn check_range(mut values: Span<felt252>, lo: felt252, hi: felt252) {
    while let Option::Some(value) = values.pop_front() {
        let above: Option<u128> = (*value - lo).try_into();
        let below: Option<u128> = (hi - *value).try_into();
        assert(above.is_some() && below.is_some(), errors::RANGE);
    };
}

/// The public input as the transcript absorbs it, with its length.
pub fn public_input(batch: u32, n_inputs: u32, n_outputs: u32, claim: @Claim) -> Span<felt252> {
    let (inputs, outputs) = (*claim.inputs.felts, *claim.outputs.felts);
    let length: felt252 = inputs.len().into() + outputs.len().into() + 3;
    let mut felts = array![length, batch.into(), n_inputs.into(), n_outputs.into()];
    felts.append_span(inputs);
    felts.append_span(outputs);
    felts.span()
}

/// The error of the argument behind the challenges, times p: part of the transcript.
pub fn argument_degree(n_rows: u32, batch: u32, claim: @Claim) -> felt252 {
    let n_rows: felt252 = n_rows.into();
    let public = (*claim.inputs.felts).len().into() + (*claim.outputs.felts).len().into();
    let fractions = n_rows * (numbers::N_FRACTIONS + 1) + public;
    3 * fractions + n_rows * numbers::CELLS + batch.into()
}

/// What the bus's sum ends with: minus the public side, where inputs are written and outputs are read.
pub fn last_sum(claim: @Claim, z: felt252, alpha: felt252) -> felt252 {
    fractions(*claim.outputs.felts, z - numbers::OUTPUT_NUMBER, alpha)
        - fractions(*claim.inputs.felts, z - numbers::INPUT_NUMBER, alpha)
}

/// `Σ 1/(z - i - α·value_i)`.
fn fractions(mut values: Span<felt252>, mut z: felt252, alpha: felt252) -> felt252 {
    let mut sum = 0;
    while let Option::Some(value) = values.pop_front() {
        sum += felt252_div(1, (z - alpha * *value).try_into().expect(errors::COLLISION));
        z -= 1;
    };
    sum
}

/// Hashes of all rows of input and of all results.
pub fn hashes(claim: @Claim) -> (felt252, felt252) {
    (hash(*claim.inputs.felts), hash(*claim.outputs.felts))
}
