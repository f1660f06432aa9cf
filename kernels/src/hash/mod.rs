//! Blake3: digests of rows, Merkle trees, grinding. Sixteen messages side by side where the processor has
//! AVX-512, one after the other elsewhere.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod grind;
mod poseidon;

pub use grind::{grind, grind_with};
pub use poseidon::{
    poseidon_grind, poseidon_grind_with, poseidon_nodes, poseidon_nodes_with, poseidon_rows,
    poseidon_rows_with,
};

use nilometer_field::Felt;
use rayon::prelude::*;
use winter_crypto::hashers::Blake3_256;
use winter_crypto::Hasher;
use winter_math::FieldElement;

use crate::Backend;

/// A Blake3 digest, as Winterfell has it.
pub type Digest = <Blake3_256<Felt> as Hasher>::Digest;

/// Messages side by side.
#[cfg(target_arch = "x86_64")]
const WIDE: usize = 16;
/// Messages that a task hashes.
const CHUNK: usize = 256;

/// The digest of each row of a row-major matrix.
///
/// # Panics
/// If `width` is zero or does not divide the number of elements.
pub fn hash_rows(rows: &[Felt], width: usize) -> Vec<Digest> {
    hash_rows_with(rows, width, Backend::best())
}

/// [`hash_rows`] with chosen instructions.
///
/// # Panics
/// As [`hash_rows`].
pub fn hash_rows_with(rows: &[Felt], width: usize, backend: Backend) -> Vec<Digest> {
    blake3_rows_with(rows, width, backend).into_iter().map(Digest::new).collect()
}

/// [`hash_rows`] with digests as bytes.
///
/// # Panics
/// As [`hash_rows`].
pub fn blake3_rows(rows: &[Felt], width: usize) -> Vec<[u8; 32]> {
    blake3_rows_with(rows, width, Backend::best())
}

/// [`blake3_rows`] with chosen instructions.
///
/// # Panics
/// As [`hash_rows`].
pub fn blake3_rows_with(rows: &[Felt], width: usize, backend: Backend) -> Vec<[u8; 32]> {
    assert!(
        width > 0 && rows.len().is_multiple_of(width),
        "{} elements, rows of {width}",
        rows.len()
    );
    let mut digests = vec![[0; 32]; rows.len() / width];
    digests
        .par_chunks_mut(CHUNK)
        .zip(rows.par_chunks(CHUNK * width))
        .for_each(|(digests, rows)| hash_each(Felt::elements_as_bytes(rows), digests, backend));
    digests
}

/// A Merkle tree's inner nodes: the root at 1, the children of node i at 2i and 2i + 1; the leaves are the
/// children of the second half. What Winterfell's `MerkleTree::from_raw_parts` takes.
///
/// # Panics
/// If the number of leaves is not a power of two, or below two.
pub fn merkle_nodes(leaves: &[Digest]) -> Vec<Digest> {
    merkle_nodes_with(leaves, Backend::best())
}

/// [`merkle_nodes`] with chosen instructions.
///
/// # Panics
/// As [`merkle_nodes`].
pub fn merkle_nodes_with(leaves: &[Digest], backend: Backend) -> Vec<Digest> {
    let leaves: Vec<[u8; 32]> = leaves.iter().map(winter_crypto::Digest::as_bytes).collect();
    blake3_nodes_with(&leaves, backend).into_iter().map(Digest::new).collect()
}

/// [`merkle_nodes`] with digests as bytes.
///
/// # Panics
/// As [`merkle_nodes`].
pub fn blake3_nodes(leaves: &[[u8; 32]]) -> Vec<[u8; 32]> {
    blake3_nodes_with(leaves, Backend::best())
}

/// [`blake3_nodes`] with chosen instructions.
///
/// # Panics
/// As [`merkle_nodes`].
pub fn blake3_nodes_with(leaves: &[[u8; 32]], backend: Backend) -> Vec<[u8; 32]> {
    let count = leaves.len();
    assert!(count.is_power_of_two() && count >= 2, "a tree of {count} leaves");
    let mut nodes = vec![[0; 32]; count];
    let mut first = count / 2;
    merge_level(leaves, &mut nodes[first..], backend);
    while first > 1 {
        let (parents, children) = nodes.split_at_mut(first);
        merge_level(&children[..first], &mut parents[first / 2..], backend);
        first /= 2;
    }
    nodes
}

fn merge_level(children: &[[u8; 32]], parents: &mut [[u8; 32]], backend: Backend) {
    if parents.len() <= CHUNK {
        return hash_each(children.as_flattened(), parents, backend);
    }
    parents
        .par_chunks_mut(CHUNK)
        .zip(children.par_chunks(2 * CHUNK))
        .for_each(|(parents, children)| hash_each(children.as_flattened(), parents, backend));
}

/// The digests of equally long messages, which lie one after the other.
fn hash_each(messages: &[u8], digests: &mut [[u8; 32]], backend: Backend) {
    let len = messages.len().checked_div(digests.len()).unwrap_or(0);
    #[cfg(target_arch = "x86_64")]
    if backend != Backend::PORTABLE {
        let whole = digests.len() / WIDE * WIDE;
        let (wide_messages, messages) = messages.split_at(whole * len);
        let (wide_digests, digests) = digests.split_at_mut(whole);
        avx512::hash_each(wide_messages, wide_digests, len, backend);
        return hash_in_turn(messages, digests, len);
    }
    let _ = backend;
    hash_in_turn(messages, digests, len);
}

fn hash_in_turn(messages: &[u8], digests: &mut [[u8; 32]], len: usize) {
    for (message, digest) in messages.chunks_exact(len).zip(digests) {
        *digest = *blake3::hash(message).as_bytes();
    }
}
