//! The verifier, step by step.
//!
//! A proof is a list of felts: digests and elements, in this order and with nothing between them. No length is
//! written down, so a proof has one spelling.
//!
//! | part | felts |
//! |---|---|
//! | roots: main, auxiliary, quotient | 3 |
//! | values at z of all columns; at z·g of those whose next row the constraints read | 68, 4 |
//! | roots of FRI's layers | by rows |
//! | FRI's remainder | by rows |
//! | nonce of the proof of work | 1 |
//! | per queried position: its row of all trees | 68 each |
//! | per sibling of the openings: its digest in each tree | 4 each |
//! | per FRI layer: the values of the opened leaves that are not known yet; the siblings | by positions |

use core::felt252_div;
use super::errors;
use super::fri;
use super::fri::Value;
use super::generated::constraints;
use super::generated::constraints::{Challenges, Vanishing};
use super::generated::params as numbers;
use super::generated::params::Params;
use super::generated::rows;
use super::interface::{Claim, Fact, Key};
use super::merkle;
use super::merkle::Nodes;
use super::statement;
use super::transcript;

/// What the proof proves. Panics with one of [`errors`] if it proves nothing.
pub fn verify(key: @Key, claim: @Claim, security_bits: u32, proof: Span<felt252>) -> Fact {
    let params = match numbers::params(*key.n_rows, security_bits) {
        Option::Some(params) => params,
        Option::None => core::panic_with_felt252(errors::PARAMETERS),
    };
    let (n_inputs, n_outputs) = statement::check_claim(key, claim);
    let public_input = statement::public_input(*key.batch, n_inputs, n_outputs, claim);
    let degree = statement::argument_degree(*key.n_rows, *key.batch, claim);
    let header = numbers::header(@params, security_bits, degree);
    let mut state = transcript::absorb(0, header);
    state = transcript::absorb_one(state, *key.root);
    state = transcript::absorb(state, public_input);
    check_proof(@params, claim, *key.root, state, proof);
    let (input_hash, output_hash) = statement::hashes(claim);
    Fact { key: statement::key_hash(key), input_hash, output_hash, security_bits }
}

fn check_proof(
    params: @Params, claim: @Claim, key: felt252, mut state: felt252, mut proof: Span<felt252>
) {
    // Commitments.
    let main = next(ref proof);
    state = transcript::absorb_one(state, main);
    let (bus, value) = (transcript::draw(state, 0), transcript::draw(state, 1));
    let (rho, tau) = (transcript::draw(state, 2), transcript::draw(state, 3));
    let last_sum = statement::last_sum(claim, bus, value);
    let challenges = Challenges { bus, value, rho, tau, last_sum };
    let aux = next(ref proof);
    state = transcript::absorb_one(state, aux);
    let alpha = transcript::draw(state, 0);
    let quotient = next(ref proof);
    state = transcript::absorb_one(state, quotient);

    // The constraints, at one point out of the domain.
    let z = transcript::draw(state, 0);
    let values = take(ref proof, numbers::N_VALUES);
    let mut rest = values;
    // There are as many.
    let row = *rest.multi_pop_front().unwrap();
    let next_row = *rest.multi_pop_front().unwrap();
    let (vanishing, z_to_rows) = vanishing(params, z);
    let (found, wanted) = constraints::at_point(
        row, next_row, challenges, *params.limb_place, alpha, vanishing, z_to_rows
    );
    assert(found == wanted, errors::CONSTRAINTS);
    state = transcript::absorb(state, values);
    let gamma = transcript::draw(state, 0);

    // FRI's commitments.
    let mut layers: Array<(felt252, felt252)> = array![];
    while layers.len() != *params.n_layers {
        let root = next(ref proof);
        state = transcript::absorb_one(state, root);
        layers.append((root, transcript::draw(state, 0)));
    };
    let remainder = take(ref proof, *params.remainder_len);
    state = transcript::absorb(state, remainder);

    // Queries.
    let nonce = next(ref proof);
    let number: Option<u64> = nonce.try_into();
    assert(number.is_some(), errors::NONCE);
    assert(transcript::works(state, nonce, *params.work), errors::WORK);
    state = transcript::absorb_one(state, nonce);
    let positions = transcript::positions(state, *params.n_queries, *params.domain_size);
    let sums = rows::combine(row, next_row, gamma);
    let roots = Nodes { index: 1, preprocessed: key, main, aux, quotient };
    let mut known = open_rows(params, positions, roots, z, gamma, sums, ref proof);

    let mut size = *params.domain_size;
    let mut layers = layers.span();
    while let Option::Some(layer) = layers.pop_front() {
        let (root, beta) = *layer;
        size = size / 8;
        known = fri::fold_layer(known, size, root, beta, ref proof);
    };
    fri::check_remainder(remainder, known);
    assert(proof.is_empty(), errors::TRAILING);
}

/// Inverses of what the constraints of each kind vanish on at z, and z to the number of rows.
fn vanishing(params: @Params, z: felt252) -> (Vanishing, felt252) {
    let mut z_to_rows = z;
    let mut left = *params.n_rows_log2;
    while left != 0 {
        z_to_rows = z_to_rows * z_to_rows;
        left -= 1;
    };
    // The row before the first one is the last one.
    let last_row = *params.last_row;
    let every = inverse(z_to_rows - 1);
    let transition = every * (z - last_row);
    (Vanishing { every, transition, first: inverse(z - 1), last: inverse(z - last_row) }, z_to_rows)
}

fn inverse(value: felt252) -> felt252 {
    felt252_div(1, value.try_into().expect(errors::POINT))
}

/// The values of DEEP's function at the positions:
/// `Σ γ^i·(f_i(x) - f_i(z))/(x - z) + Σ γ^j·(f_j(x) - f_j(z·g))/(x - z·g)`, of rows that are those of the roots.
fn open_rows(
    params: @Params,
    mut positions: Span<u64>,
    roots: Nodes,
    z: felt252,
    gamma: felt252,
    sums: (felt252, felt252),
    ref proof: Span<felt252>
) -> Span<Value> {
    let size = *params.domain_size;
    let (sum, next_sum) = sums;
    let next_z = z * *params.trace_generator;
    let mut leaves: Array<Nodes> = array![];
    let mut values: Array<Value> = array![];
    while let Option::Some(position) = positions.pop_front() {
        let position = *position;
        let row = match proof.multi_pop_front() {
            Option::Some(row) => *row,
            Option::None => core::panic_with_felt252(errors::TRUNCATED),
        };
        let (preprocessed, main, aux, quotient, row_sum, next_row_sum) = rows::open(row, gamma);
        leaves.append(Nodes { index: size + position, preprocessed, main, aux, quotient });
        let x = numbers::OFFSET * power(*params.domain_generator, position);
        let value = (row_sum - sum) * inverse(x - z)
            + (next_row_sum - next_sum) * inverse(x - next_z);
        values.append(Value { position, x, value });
    };
    let found = merkle::roots(leaves, ref proof);
    assert(found.preprocessed == roots.preprocessed, errors::PREPROCESSED);
    assert(found.main == roots.main, errors::MAIN);
    assert(found.aux == roots.aux, errors::AUX);
    assert(found.quotient == roots.quotient, errors::QUOTIENT);
    values.span()
}

/// `base^exponent`.
fn power(mut base: felt252, mut exponent: u64) -> felt252 {
    let mut result = 1;
    while exponent != 0 {
        let (rest, digit) = DivRem::div_rem(exponent, 4);
        let square = base * base;
        if digit == 1 {
            result = result * base;
        } else if digit == 2 {
            result = result * square;
        } else if digit == 3 {
            result = result * square * base;
        }
        base = square * square;
        exponent = rest;
    };
    result
}

/// The proof's next felt.
fn next(ref proof: Span<felt252>) -> felt252 {
    *proof.pop_front().expect(errors::TRUNCATED)
}

/// The proof's next felts.
fn take(ref proof: Span<felt252>, count: u32) -> Span<felt252> {
    let left = proof.len();
    assert(count <= left, errors::TRUNCATED);
    let taken = proof.slice(0, count);
    proof = proof.slice(count, left - count);
    taken
}
