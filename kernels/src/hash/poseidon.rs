//! Starknet's Poseidon, of sixteen messages side by side: digests of rows, Merkle trees, grinding.

use nilometer_field::{poseidon, Felt};
use rayon::prelude::*;

use crate::packed::{Factor, LANES};
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

/// The round constants.
struct Constants {
    full: [[Factor; 3]; poseidon::FULL_ROUNDS],
    partial: [Factor; poseidon::PARTIAL_ROUNDS],
}

impl Constants {
    #[inline(always)]
    fn new<P: Packed>() -> Self {
        let (full_felts, partial_felts) = poseidon::round_constants();
        let mut full = [[Factor::default(); 3]; poseidon::FULL_ROUNDS];
        for (round, felts) in full.iter_mut().zip(full_felts) {
            for (constant, felt) in round.iter_mut().zip(felts) {
                *constant = P::factor(*felt);
            }
        }
        let mut partial = [Factor::default(); poseidon::PARTIAL_ROUNDS];
        for (constant, felt) in partial.iter_mut().zip(partial_felts) {
            *constant = P::factor(*felt);
        }
        Self { full, partial }
    }
}

#[inline(always)]
fn cube<P: Packed>(x: P) -> P {
    x.square() * x
}

/// Multiplies by `[[3, 1, 1], [1, -1, 1], [1, 1, -2]]` and adds constants: at most 6 unreduced terms.
#[inline(always)]
fn mix<P: Packed>(state: [P; 3], constants: &[Factor; 3]) -> [P; 3] {
    let [x, y, z] = [P::widen(state[0]), P::widen(state[1]), P::widen(state[2])];
    let sum = P::add_wide(x, z);
    let first = P::add_wide(P::add_wide(sum, y), P::add_wide(x, x));
    let second = P::sub_wide(sum, y);
    let third = P::sub_wide(P::add_wide(x, y), P::add_wide(z, z));
    [
        P::narrow(P::add_wide(first, P::widen(P::spread(&constants[0])))),
        P::narrow(P::add_wide(second, P::widen(P::spread(&constants[1])))),
        P::narrow(P::add_wide(third, P::widen(P::spread(&constants[2])))),
    ]
}

/// [`mix`] with a constant for the third element alone.
#[inline(always)]
fn mix_partial<P: Packed>(state: [P; 3], constant: &Factor) -> [P; 3] {
    let [x, y, z] = [P::widen(state[0]), P::widen(state[1]), P::widen(state[2])];
    let sum = P::add_wide(x, z);
    let first = P::add_wide(P::add_wide(sum, y), P::add_wide(x, x));
    let third = P::sub_wide(P::add_wide(x, y), P::add_wide(z, z));
    [
        P::narrow(first),
        P::narrow(P::sub_wide(sum, y)),
        P::narrow(P::add_wide(third, P::widen(P::spread(constant)))),
    ]
}

/// Groups of eight messages that are hashed in turns: in a partial round all of a message waits for one cube.
const GROUPS: usize = 2;
/// Messages that are hashed at a time.
const WIDE: usize = GROUPS * LANES;

/// The permutation of each group.
#[inline(always)]
fn permute<P: Packed>(states: &mut [[P; 3]; GROUPS], k: &Constants) {
    const HALF: usize = poseidon::FULL_ROUNDS / 2;
    let none = [Factor::default(); 3];
    // Each round's constants are added at the end of the round before.
    for x in states.iter_mut() {
        for (element, constant) in x.iter_mut().zip(&k.full[0]) {
            *element = *element + P::spread(constant);
        }
    }
    for round in 0..HALF - 1 {
        full_round(states, &k.full[round + 1]);
    }
    full_round(states, &[none[0], none[1], k.partial[0]]);
    for round in 0..poseidon::PARTIAL_ROUNDS - 1 {
        partial_round(states, &k.partial[round + 1]);
    }
    let mut cubes = [P::zero(); GROUPS];
    for (cubed, x) in cubes.iter_mut().zip(states.iter()) {
        *cubed = cube(x[2]);
    }
    for (cubed, x) in cubes.into_iter().zip(states.iter_mut()) {
        *x = mix([x[0], x[1], cubed], &k.full[HALF]);
    }
    for round in HALF..2 * HALF - 1 {
        full_round(states, &k.full[round + 1]);
    }
    full_round(states, &none);
}

/// A full round and the next one's constants.
#[inline(always)]
fn full_round<P: Packed>(states: &mut [[P; 3]; GROUPS], next: &[Factor; 3]) {
    for x in states {
        *x = mix([cube(x[0]), cube(x[1]), cube(x[2])], next);
    }
}

/// A partial round and the next one's constant.
#[inline(always)]
fn partial_round<P: Packed>(states: &mut [[P; 3]; GROUPS], next: &Factor) {
    let mut cubes = [P::zero(); GROUPS];
    for (cubed, x) in cubes.iter_mut().zip(states.iter()) {
        *cubed = cube(x[2]);
    }
    for (cubed, x) in cubes.into_iter().zip(states) {
        *x = mix_partial([x[0], x[1], cubed], next);
    }
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
        let k = Constants::new::<P>();
        let one = P::splat(Felt::from(1_u64));
        for (i, digests) in self.digests.chunks_mut(WIDE).enumerate() {
            let mut states = [[P::zero(); 3]; GROUPS];
            // Padded with 1 and then 0 to an even length.
            for pair in 0..self.width / 2 + 1 {
                let place = 2 * pair;
                for (group, state) in states.iter_mut().enumerate() {
                    let first = i * WIDE + group * LANES;
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
                }
                permute(&mut states, &k);
            }
            for (state, digests) in states.iter().zip(digests.chunks_mut(LANES)) {
                state[0].store_slice(digests);
            }
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
        let k = Constants::new::<P>();
        let two = P::splat(Felt::from(2_u64));
        for (i, parents) in self.parents.chunks_mut(WIDE).enumerate() {
            let mut states = [[two; 3]; GROUPS];
            for (group, state) in states.iter_mut().enumerate() {
                let first = i * WIDE + group * LANES;
                state[0] = gather(self.children, 2, first, 0);
                state[1] = gather(self.children, 2, first, 1);
            }
            permute(&mut states, &k);
            for (state, parents) in states.iter().zip(parents.chunks_mut(LANES)) {
                state[0].store_slice(parents);
            }
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
        let k = Constants::new::<P>();
        let mask = (1_u64 << self.bits) - 1;
        for nonce in (self.first..self.first + CHUNK as u64).step_by(WIDE) {
            let mut states = [[P::splat(self.state), P::zero(), P::splat(self.tag)]; GROUPS];
            for (group, state) in states.iter_mut().enumerate() {
                let mut nonces = [Felt::default(); LANES];
                for (lane, felt) in nonces.iter_mut().enumerate() {
                    *felt = Felt::from(nonce + (group * LANES + lane) as u64);
                }
                state[1] = P::load_slice(&nonces);
            }
            permute(&mut states, &k);
            for (group, state) in states.iter().enumerate() {
                for (lane, felt) in state[0].to_array().into_iter().enumerate() {
                    if felt.to_limbs()[0] & mask == 0 {
                        return Some(nonce + (group * LANES + lane) as u64);
                    }
                }
            }
        }
        None
    }
}
