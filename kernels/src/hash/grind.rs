//! Proof of work.

use rayon::prelude::*;

use crate::Backend;

/// Nonces that a task tries.
const CHUNK: u64 = 1 << 12;
/// Tasks between two checks of whether a nonce has been found.
const CHUNKS: u64 = 32;

/// The smallest nonce, from 1, that makes the first 8 bytes of `blake3(seed ‖ nonce)`, read from the lowest,
/// a number with at least `bits` trailing zeros; nonces are 8 bytes, from the lowest.
///
/// # Panics
/// If `bits` is above 64.
pub fn grind(seed: [u8; 32], bits: u32) -> u64 {
    grind_with(seed, bits, Backend::best())
}

/// [`grind`] with chosen instructions.
///
/// # Panics
/// As [`grind`].
pub fn grind_with(seed: [u8; 32], bits: u32, backend: Backend) -> u64 {
    assert!(bits <= 64, "{bits} of 64 bits");
    let mut start = 1;
    loop {
        let try_chunk = |chunk| first_in(seed, bits, start + chunk * CHUNK, backend);
        if let Some(nonce) = (0..CHUNKS).into_par_iter().find_map_first(try_chunk) {
            return nonce;
        }
        start += CHUNKS * CHUNK;
    }
}

/// The smallest good nonce of a chunk.
fn first_in(seed: [u8; 32], bits: u32, start: u64, backend: Backend) -> Option<u64> {
    #[cfg(target_arch = "x86_64")]
    if backend != Backend::PORTABLE {
        return super::avx512::grind(seed, bits, start, CHUNK, backend);
    }
    let _ = backend;
    let mut message = [0; 40];
    message[..32].copy_from_slice(&seed);
    (start..start + CHUNK).find(|nonce| {
        message[32..].copy_from_slice(&nonce.to_le_bytes());
        let digest = blake3::hash(&message);
        let head = std::array::from_fn(|i| digest.as_bytes()[i]);
        u64::from_le_bytes(head).trailing_zeros() >= bits
    })
}
