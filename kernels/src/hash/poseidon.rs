//! Starknet's Poseidon, of eight messages side by side: digests of rows, Merkle trees, grinding.

use nilometer_field::{poseidon, Felt};
use rayon::prelude::*;

use crate::packed::LANES;
use crate::{Backend, Kernel, Packed};

/// Messages that a task hashes.
const CHUNK: usize = 64;

/// The digest of each row of a row-major matrix, as [`poseidon::hash_array`].
///
/// # Panics
/// If `width` is zero or does not divide the number of elements.
pub fn poseidon_rows(rows: &[Felt], width: usize) -> Vec<Felt> {
    poseidon_rows_with(rows, width, Backend::best())
}

/// [`poseidon_rows`] with chosen instructions.
///
/// # Panics
/// As [`poseidon_rows`].
pub fn poseidon_rows_with(rows: &[Felt], width: usize, backend: Backend) -> Vec<Felt> {
    assert!(
        width > 0 && rows.len().is_multiple_of(width),
        "{} elements, rows of {width}",
        rows.len()
    );
    let mut digests = vec![Felt::default(); rows.len() / width];
    digests
        .par_chunks_mut(CHUNK)
        .zip(rows.par_chunks(CHUNK * width))
        .for_each(|(digests, rows)| backend.dispatch(Rows { rows, width, digests }));
    digests
}

/// A Merkle tree's inner nodes, each the Poseidon hash of two elements: the root at 1, the children of node
/// i at 2i and 2i + 1; the leaves are the children of the second half.
///
/// # Panics
/// If the number of leaves is not a power of two, or below two.
pub fn poseidon_nodes(leaves: &[Felt]) -> Vec<Felt> {
    poseidon_nodes_with(leaves, Backend::best())
}

/// [`poseidon_nodes`] with chosen instructions.
///
/// # Panics
/// As [`poseidon_nodes`].
pub fn poseidon_nodes_with(leaves: &[Felt], backend: Backend) -> Vec<Felt> {
    let count = leaves.len();
    assert!(count.is_power_of_two() && count >= 2, "a tree of {count} leaves");
    let mut nodes = vec![Felt::default(); count];
    let mut first = count / 2;
    merge_level(leaves, &mut nodes[first..], backend);
    while first > 1 {
        let (parents, children) = nodes.split_at_mut(first);
        merge_level(&children[..first], &mut parents[first / 2..], backend);
        first /= 2;
    }
    nodes
}

fn merge_level(children: &[Felt], parents: &mut [Felt], backend: Backend) {
    parents
        .par_chunks_mut(CHUNK)
        .zip(children.par_chunks(2 * CHUNK))
        .for_each(|(parents, children)| backend.dispatch(Merge { children, parents }));
}

/// The smallest nonce, from 1, for which the first element of the permutation of `(state, nonce, tag)`, as
/// an integer below the modulus, has at least `bits` trailing zeros.
///
/// # Panics
/// If `bits` is above 63.
pub fn poseidon_grind(state: Felt, tag: Felt, bits: u32) -> u64 {
    poseidon_grind_with(state, tag, bits, Backend::best())
}

/// [`poseidon_grind`] with chosen instructions.
///
/// # Panics
/// As [`poseidon_grind`].
pub fn poseidon_grind_with(state: Felt, tag: Felt, bits: u32, backend: Backend) -> u64 {
    assert!(bits <= 63, "{bits} of 63 bits");
    /// Tasks between which nobody looks whether a nonce has been found.
    const CHUNKS: u64 = 64;
    let mut start = 1;
    loop {
        let try_chunk = |chunk| {
            let first = start + chunk * CHUNK as u64;
            backend.dispatch(Grind { state, tag, bits, first })
        };
        if let Some(nonce) = (0..CHUNKS).into_par_iter().find_map_first(try_chunk) {
            return nonce;
        }
        start += CHUNKS * CHUNK as u64;
    }
}

/// The round constants in all lanes.
struct Constants<P> {
    full: [[P; 3]; poseidon::FULL_ROUNDS],
    partial: [P; poseidon::PARTIAL_ROUNDS],
}

impl<P: Packed> Constants<P> {
    #[inline(always)]
    fn new() -> Self {
        let (full_felts, partial_felts) = poseidon::round_constants();
        let mut full = [[P::zero(); 3]; poseidon::FULL_ROUNDS];
        for (round, felts) in full.iter_mut().zip(full_felts) {
            for (constant, felt) in round.iter_mut().zip(felts) {
                *constant = P::splat(*felt);
            }
        }
        let mut partial = [P::zero(); poseidon::PARTIAL_ROUNDS];
        for (constant, felt) in partial.iter_mut().zip(partial_felts) {
            *constant = P::splat(*felt);
        }
        Self { full, partial }
    }
}

#[inline(always)]
fn cube<P: Packed>(x: P) -> P {
    x * x * x
}

/// Multiplies by `[[3, 1, 1], [1, -1, 1], [1, 1, -2]]` and adds constants: at most 6 unreduced terms.
#[inline(always)]
fn mix<P: Packed>(state: [P; 3], constants: [P; 3]) -> [P; 3] {
    let [x, y, z] = [P::widen(state[0]), P::widen(state[1]), P::widen(state[2])];
    let [a, b, c] = [P::widen(constants[0]), P::widen(constants[1]), P::widen(constants[2])];
    let sum = P::add_wide(x, z);
    let first = P::add_wide(P::add_wide(sum, y), P::add_wide(x, x));
    let second = P::sub_wide(sum, y);
    let third = P::sub_wide(P::add_wide(x, y), P::add_wide(z, z));
    [
        P::narrow(P::add_wide(first, a)),
        P::narrow(P::add_wide(second, b)),
        P::narrow(P::add_wide(third, c)),
    ]
}

/// The permutation.
#[inline(always)]
fn permute<P: Packed>(state: &mut [P; 3], k: &Constants<P>) {
    const HALF: usize = poseidon::FULL_ROUNDS / 2;
    let zero = P::zero();
    // Each round's constants are added at the end of the round before.
    let mut x = *state;
    for i in 0..3 {
        x[i] = x[i] + k.full[0][i];
    }
    for round in 0..HALF {
        let next = if round + 1 < HALF { k.full[round + 1] } else { [zero, zero, k.partial[0]] };
        x = mix([cube(x[0]), cube(x[1]), cube(x[2])], next);
    }
    for round in 0..poseidon::PARTIAL_ROUNDS - 1 {
        x = mix([x[0], x[1], cube(x[2])], [zero, zero, k.partial[round + 1]]);
    }
    x = mix([x[0], x[1], cube(x[2])], k.full[HALF]);
    for round in HALF..2 * HALF {
        let next = if round + 1 < 2 * HALF { k.full[round + 1] } else { [zero; 3] };
        x = mix([cube(x[0]), cube(x[1]), cube(x[2])], next);
    }
    *state = x;
}

/// Eight messages' elements at one place; what is beyond the last message is zero.
#[inline(always)]
fn gather<P: Packed>(messages: &[Felt], len: usize, first: usize, place: usize) -> P {
    let zero = Felt::default();
    let mut lanes = [&zero; LANES];
    for (lane, felt) in lanes.iter_mut().enumerate() {
        if let Some(value) = messages.get((first + lane) * len + place) {
            *felt = value;
        }
    }
    P::load(lanes)
}

struct Rows<'a> {
    rows: &'a [Felt],
    width: usize,
    digests: &'a mut [Felt],
}

impl Kernel for Rows<'_> {
    type Output = ();
    #[inline(always)]
    fn run<P: Packed>(self) {
        let k = Constants::<P>::new();
        let one = P::splat(Felt::from(1_u64));
        for (i, digests) in self.digests.chunks_mut(LANES).enumerate() {
            let first = i * LANES;
            let mut state = [P::zero(); 3];
            // Padded with 1 and then 0 to an even length.
            for pair in 0..self.width / 2 + 1 {
                let place = 2 * pair;
                if place < self.width {
                    state[0] = state[0] + gather::<P>(self.rows, self.width, first, place);
                } else {
                    state[0] = state[0] + one;
                }
                if place + 1 < self.width {
                    state[1] = state[1] + gather::<P>(self.rows, self.width, first, place + 1);
                } else if place + 1 == self.width {
                    state[1] = state[1] + one;
                }
                permute(&mut state, &k);
            }
            state[0].store_slice(digests);
        }
    }
}

struct Merge<'a> {
    children: &'a [Felt],
    parents: &'a mut [Felt],
}

impl Kernel for Merge<'_> {
    type Output = ();
    #[inline(always)]
    fn run<P: Packed>(self) {
        let k = Constants::<P>::new();
        let two = P::splat(Felt::from(2_u64));
        for (i, parents) in self.parents.chunks_mut(LANES).enumerate() {
            let left = gather::<P>(self.children, 2, i * LANES, 0);
            let right = gather::<P>(self.children, 2, i * LANES, 1);
            let mut state = [left, right, two];
            permute(&mut state, &k);
            state[0].store_slice(parents);
        }
    }
}

/// A chunk of nonces: the smallest good one.
struct Grind {
    state: Felt,
    tag: Felt,
    bits: u32,
    first: u64,
}

impl Kernel for Grind {
    type Output = Option<u64>;
    #[inline(always)]
    fn run<P: Packed>(self) -> Option<u64> {
        let k = Constants::<P>::new();
        let mask = (1_u64 << self.bits) - 1;
        for nonce in (self.first..self.first + CHUNK as u64).step_by(LANES) {
            let mut nonces = [Felt::default(); LANES];
            for (lane, felt) in nonces.iter_mut().enumerate() {
                *felt = Felt::from(nonce + lane as u64);
            }
            let mut state = [P::splat(self.state), P::load_slice(&nonces), P::splat(self.tag)];
            permute(&mut state, &k);
            for (lane, felt) in state[0].to_array().into_iter().enumerate() {
                if felt.to_limbs()[0] & mask == 0 {
                    return Some(nonce + lane as u64);
                }
            }
        }
        None
    }
}
