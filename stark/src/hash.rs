//! Hash functions of trees and transcript.

use std::fmt::Debug;

use nilometer_field::poseidon;

use crate::Felt;

/// Bytes of a digest or an element in a proof.
pub const WORD: usize = 32;

/// A hash function: of the rows and nodes of Merkle trees, and of the transcript.
pub trait Hash: 'static + Send + Sync {
    /// A digest.
    type Digest: Copy + Eq + Debug + Default + Send + Sync;

    /// Its number in the transcript.
    const ID: u64;

    /// The leaf of a row.
    fn leaf(row: &[Felt]) -> Self::Digest;
    /// The parent of two nodes.
    fn node(left: &Self::Digest, right: &Self::Digest) -> Self::Digest;

    /// The transcript's state after some elements.
    fn absorb(state: &Self::Digest, felts: &[Felt]) -> Self::Digest;
    /// The transcript's state after a digest.
    fn absorb_digest(state: &Self::Digest, digest: &Self::Digest) -> Self::Digest;
    /// A challenge, uniform in the field; those of different counters are independent.
    fn challenge(state: &Self::Digest, counter: u64) -> Felt;
    /// Four uniform numbers; those of different counters are independent.
    fn numbers(state: &Self::Digest, counter: u64) -> [u32; 4];
    /// The trailing zeros of a nonce's proof of work: the bits of work that it proves.
    fn work(state: &Self::Digest, nonce: u64) -> u32;

    /// A digest in a proof or key.
    fn to_bytes(digest: &Self::Digest) -> [u8; WORD];
    /// The digest, if these bytes are one's only spelling.
    fn from_bytes(bytes: &[u8; WORD]) -> Option<Self::Digest>;
}

/// Blake3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, 2020), for proofs that machines check.
///
/// Elements are hashed as their residues' bytes, see [`Felt`]. What is hashed differs in length or in the
/// byte after the state: rows are multiples of 32 bytes at known places of the tree, nodes 64, `state ‖ tag ‖
/// …` is one more than a multiple of 8, and proofs of work are `state ‖ nonce`, 40 bytes.
#[derive(Clone, Copy, Debug)]
pub struct Blake3;

const ABSORB: u8 = 0;
const CHALLENGE: u8 = 1;
const NUMBERS: u8 = 2;

fn blake3_of(state: &[u8; WORD], tag: u8) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new();
    hasher.update(state).update(&[tag]);
    hasher
}

impl Hash for Blake3 {
    type Digest = [u8; WORD];

    const ID: u64 = 1;

    fn leaf(row: &[Felt]) -> [u8; WORD] {
        *blake3::hash(felt_bytes(row)).as_bytes()
    }

    fn node(left: &[u8; WORD], right: &[u8; WORD]) -> [u8; WORD] {
        let mut both = [0; 2 * WORD];
        both[..WORD].copy_from_slice(left);
        both[WORD..].copy_from_slice(right);
        *blake3::hash(&both).as_bytes()
    }

    fn absorb(state: &[u8; WORD], felts: &[Felt]) -> [u8; WORD] {
        *blake3_of(state, ABSORB).update(felt_bytes(felts)).finalize().as_bytes()
    }

    fn absorb_digest(state: &[u8; WORD], digest: &[u8; WORD]) -> [u8; WORD] {
        *blake3_of(state, ABSORB).update(digest).finalize().as_bytes()
    }

    fn challenge(state: &[u8; WORD], counter: u64) -> Felt {
        let mut bytes = [0; 64];
        blake3_of(state, CHALLENGE).update(&counter.to_le_bytes()).finalize_xof().fill(&mut bytes);
        // 512 bits modulo p: within 2^-260 of uniform.
        let (chunks, _) = bytes.as_chunks::<16>();
        let two_128 = Felt::from(u128::MAX) + Felt::from(1_u64);
        chunks.iter().rev().fold(Felt::default(), |sum, chunk| {
            sum * two_128 + Felt::from(u128::from_le_bytes(*chunk))
        })
    }

    fn numbers(state: &[u8; WORD], counter: u64) -> [u32; 4] {
        let digest = blake3_of(state, NUMBERS).update(&counter.to_le_bytes()).finalize();
        let (words, _) = digest.as_bytes().as_chunks::<4>();
        std::array::from_fn(|i| u32::from_le_bytes(words[i]))
    }

    fn work(state: &[u8; WORD], nonce: u64) -> u32 {
        let mut message = [0; WORD + 8];
        message[..WORD].copy_from_slice(state);
        message[WORD..].copy_from_slice(&nonce.to_le_bytes());
        let digest = blake3::hash(&message);
        let (words, _) = digest.as_bytes().as_chunks::<8>();
        u64::from_le_bytes(words[0]).trailing_zeros()
    }

    fn to_bytes(digest: &[u8; WORD]) -> [u8; WORD] {
        *digest
    }

    fn from_bytes(bytes: &[u8; WORD]) -> Option<[u8; WORD]> {
        Some(*bytes)
    }
}

/// Starknet's Poseidon, for proofs that contracts check. Digests are elements.
///
/// Rows and transcript are hashed as Cairo's `poseidon_hash_span` hashes them, nodes as `poseidon_hash`; the
/// rest is the first element of a permutation whose third input says what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Poseidon;

/// Third input of challenges: `draw` in ASCII. Nodes have 2 there, and sponges begin with 0.
pub const DRAW: u64 = 0x6472_6177;
/// Third input of positions: `query` in ASCII.
pub const QUERY: u64 = 0x71_7565_7279;
/// Third input of proofs of work: `grind` in ASCII.
pub const GRIND: u64 = 0x67_7269_6e64;

impl Hash for Poseidon {
    type Digest = Felt;

    const ID: u64 = 2;

    fn leaf(row: &[Felt]) -> Felt {
        poseidon::hash_array(row)
    }

    fn node(left: &Felt, right: &Felt) -> Felt {
        poseidon::permute([*left, *right, Felt::from(2_u64)])[0]
    }

    fn absorb(state: &Felt, felts: &[Felt]) -> Felt {
        let mut all = Vec::with_capacity(felts.len() + 1);
        all.push(*state);
        all.extend_from_slice(felts);
        poseidon::hash_array(&all)
    }

    fn absorb_digest(state: &Felt, digest: &Felt) -> Felt {
        poseidon::hash_array(&[*state, *digest])
    }

    fn challenge(state: &Felt, counter: u64) -> Felt {
        poseidon::permute([*state, Felt::from(counter), Felt::from(DRAW)])[0]
    }

    fn numbers(state: &Felt, counter: u64) -> [u32; 4] {
        // p is 1 modulo 2^128: the low 128 bits of a uniform element are uniform but for one value.
        let [low, high, ..] =
            poseidon::permute([*state, Felt::from(counter), Felt::from(QUERY)])[0].to_limbs();
        [low as u32, (low >> 32) as u32, high as u32, (high >> 32) as u32]
    }

    fn work(state: &Felt, nonce: u64) -> u32 {
        let [low, ..] =
            poseidon::permute([*state, Felt::from(nonce), Felt::from(GRIND)])[0].to_limbs();
        low.trailing_zeros()
    }

    fn to_bytes(digest: &Felt) -> [u8; WORD] {
        felt_to_bytes(digest)
    }

    fn from_bytes(bytes: &[u8; WORD]) -> Option<Felt> {
        felt_from_bytes(bytes)
    }
}

fn felt_bytes(felts: &[Felt]) -> &[u8] {
    use winter_math::FieldElement;
    Felt::elements_as_bytes(felts)
}

/// An element in a proof: its residue, little-endian.
pub(crate) fn felt_to_bytes(felt: &Felt) -> [u8; WORD] {
    let mut bytes = [0; WORD];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(felt.residue()) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    bytes
}

/// The element, if the residue is below the modulus.
pub(crate) fn felt_from_bytes(bytes: &[u8; WORD]) -> Option<Felt> {
    let (limbs, _) = bytes.as_chunks::<8>();
    Felt::from_residue(std::array::from_fn(|i| u64::from_le_bytes(limbs[i])))
}
