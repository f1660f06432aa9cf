//! The transcript: a felt that stands for all that was seen, and the challenges that follow from it.

use core::poseidon::hades_permutation;
use super::generated::params::{DRAW_TAG, GRIND_TAG, QUERY_TAG};
use super::sort::sort;

const TWO_POW_32: NonZero<u128> = 0x100000000;

/// The state after some felts: the hash of state and felts.
pub fn absorb(state: felt252, mut felts: Span<felt252>) -> felt252 {
    match felts.pop_front() {
        Option::None => hash(array![state].span()),
        Option::Some(first) => {
            let (s0, s1, s2) = hades_permutation(state, *first, 0);
            absorb_pairs(s0, s1, s2, felts)
        },
    }
}

/// The Poseidon hash of some felts: `poseidon_hash_span`, which meters gas on its own.
pub fn hash(felts: Span<felt252>) -> felt252 {
    absorb_pairs(0, 0, 0, felts)
}

/// The rest of a sponge, padding included.
fn absorb_pairs(
    mut s0: felt252, mut s1: felt252, mut s2: felt252, mut felts: Span<felt252>
) -> felt252 {
    while let Option::Some(pair) = felts.multi_pop_front::<2>() {
        let [a, b] = (*pair).unbox();
        let (t0, t1, t2) = hades_permutation(s0 + a, s1 + b, s2);
        s0 = t0;
        s1 = t1;
        s2 = t2;
    };
    let (result, _, _) = match felts.pop_front() {
        Option::Some(last) => hades_permutation(s0 + *last, s1 + 1, s2),
        Option::None => hades_permutation(s0 + 1, s1, s2),
    };
    result
}

/// The state after a digest or a single felt.
pub fn absorb_one(state: felt252, digest: felt252) -> felt252 {
    let (s0, s1, s2) = hades_permutation(state, digest, 0);
    let (result, _, _) = hades_permutation(s0 + 1, s1, s2);
    result
}

/// A challenge; `counter` says how many were drawn of this state before.
pub fn draw(state: felt252, counter: felt252) -> felt252 {
    let (challenge, _, _) = hades_permutation(state, counter, DRAW_TAG);
    challenge
}

/// Whether a nonce proves the work of so many bits: `divisor` is 2 to their number, not zero.
pub fn works(state: felt252, nonce: felt252, divisor: u128) -> bool {
    let (work, _, _) = hades_permutation(state, nonce, GRIND_TAG);
    let (_, rest) = DivRem::div_rem(low(work), divisor.try_into().unwrap());
    rest == 0
}

/// Positions below `domain_size`, a power of two: `count` are drawn; sorted and distinct.
pub fn positions(state: felt252, count: u32, domain_size: u64) -> Span<u64> {
    let domain_size: NonZero<u64> = domain_size.try_into().unwrap();
    let mut drawn: Array<u64> = array![];
    let mut counter: felt252 = 0;
    while drawn.len() < count {
        let (numbers, _, _) = hades_permutation(state, counter, QUERY_TAG);
        let mut rest = low(numbers);
        let mut left: u32 = 4;
        while left != 0 && drawn.len() < count {
            let (next, number) = DivRem::div_rem(rest, TWO_POW_32);
            // It is below 2^32.
            let number: u64 = number.try_into().unwrap();
            let (_, position) = DivRem::div_rem(number, domain_size);
            drawn.append(position);
            rest = next;
            left -= 1;
        };
        counter += 1;
    };
    distinct(sort(drawn.span()))
}

/// The low 128 bits.
fn low(value: felt252) -> u128 {
    let value: u256 = value.into();
    value.low
}

/// A sorted list without repetitions.
fn distinct(mut sorted: Span<u64>) -> Span<u64> {
    let mut kept: Array<u64> = array![];
    while let Option::Some(value) = sorted.pop_front() {
        let repeated = match sorted.get(0) {
            Option::Some(next) => *next.unbox() == *value,
            Option::None => false,
        };
        if !repeated {
            kept.append(*value);
        }
    };
    kept.span()
}
