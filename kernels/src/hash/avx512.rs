//! Blake3 of sixteen messages side by side: a vector holds one 32-bit word of each.
//!
//! After the specification (O'Connor, Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3", 2020), section 2.

#![allow(unsafe_code, reason = "vector instructions, which want the processor to have them")]

use std::arch::x86_64::*;

use super::WIDE;
use crate::Backend;

type V = __m512i;

const BLOCK: usize = 64;
const CHUNK: usize = 1024;

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;

const IV: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Which message words each round takes, in order.
const SCHEDULE: [[usize; 16]; 7] = {
    const PERMUTATION: [usize; 16] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
    let mut schedule = [[0; 16]; 7];
    let mut i = 0;
    while i < 16 {
        schedule[0][i] = i;
        i += 1;
    }
    let mut round = 1;
    while round < 7 {
        let mut i = 0;
        while i < 16 {
            schedule[round][i] = schedule[round - 1][PERMUTATION[i]];
            i += 1;
        }
        round += 1;
    }
    schedule
};

/// The digests of messages of `len` bytes, which lie one after the other; sixteen or a multiple.
///
/// # Panics
/// If the backend is the portable one, or the numbers do not fit.
pub fn hash_each(messages: &[u8], digests: &mut [[u8; 32]], len: usize, backend: Backend) {
    assert_ne!(backend, Backend::PORTABLE, "a backend with AVX-512");
    assert_eq!(messages.len(), digests.len() * len, "bytes of messages");
    assert_eq!(digests.len() % WIDE, 0, "messages by sixteen");
    for (i, digests) in digests.chunks_exact_mut(WIDE).enumerate() {
        let messages = &messages[i * WIDE * len..][..WIDE * len];
        // SAFETY: the only other backend exists only on processors with AVX-512 (F, BW, VL, DQ).
        unsafe { hash_16(messages, len, digests) };
    }
}

/// The smallest of `count` nonces from `start` whose digest has the trailing zeros; `count` a multiple of 16.
///
/// # Panics
/// If the backend is the portable one.
pub fn grind(seed: [u8; 32], bits: u32, start: u64, count: u64, backend: Backend) -> Option<u64> {
    assert_ne!(backend, Backend::PORTABLE, "a backend with AVX-512");
    // SAFETY: the only other backend exists only on processors with AVX-512 (F, BW, VL, DQ).
    unsafe { grind_16(seed, bits, start, count) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn grind_16(seed: [u8; 32], bits: u32, start: u64, count: u64) -> Option<u64> {
    let mut message = [_mm512_setzero_si512(); 16];
    for (word, bytes) in message.iter_mut().zip(seed.chunks_exact(4)) {
        let value = u32::from_le_bytes(std::array::from_fn(|i| bytes[i]));
        *word = _mm512_set1_epi32(value as i32);
    }
    let zeros = if bits == 0 { 0 } else { u64::MAX >> (64 - bits) };
    let (low, high) = (_mm512_set1_epi32(zeros as i32), _mm512_set1_epi32((zeros >> 32) as i32));
    let lanes = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    let cv = splat_all(&IV);
    for nonce in (start..start + count).step_by(WIDE) {
        // The low words of the sixteen nonces, and a carry where they wrap.
        let base = _mm512_set1_epi32(nonce as i32);
        message[8] = _mm512_add_epi32(base, lanes);
        let wrapped = _mm512_cmplt_epu32_mask(message[8], base);
        let top = _mm512_set1_epi32((nonce >> 32) as i32);
        message[9] = _mm512_mask_add_epi32(top, wrapped, top, _mm512_set1_epi32(1));
        let digest = compress(cv, &message, 0, 40, CHUNK_START | CHUNK_END | ROOT);
        let good =
            _mm512_testn_epi32_mask(digest[0], low) & _mm512_testn_epi32_mask(digest[1], high);
        if good != 0 {
            return Some(nonce + u64::from(good.trailing_zeros()));
        }
    }
    None
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn hash_16(messages: &[u8], len: usize, digests: &mut [[u8; 32]]) {
    let chunks = len.div_ceil(CHUNK).max(1);
    let words = subtree(messages, len, 0, chunks, ROOT);
    for (digest, bytes) in digests.iter_mut().zip(lanes(&words)) {
        *digest = bytes;
    }
}

/// The chaining values of `count` chunks from chunk `first`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn subtree(messages: &[u8], len: usize, first: usize, count: usize, root: u32) -> [V; 8] {
    if count == 1 {
        return chunk(messages, len, first, root);
    }
    // The left subtree is the largest full one that leaves something to the right.
    let left = count.next_power_of_two() / 2;
    let mut message = [_mm512_setzero_si512(); 16];
    message[..8].copy_from_slice(&subtree(messages, len, first, left, 0));
    message[8..].copy_from_slice(&subtree(messages, len, first + left, count - left, 0));
    compress(splat_all(&IV), &message, 0, BLOCK as u32, PARENT | root)
}

/// A chunk's chaining values.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn chunk(messages: &[u8], len: usize, index: usize, root: u32) -> [V; 8] {
    let end = len.min((index + 1) * CHUNK);
    let mut start = index * CHUNK;
    let mut cv = splat_all(&IV);
    let mut flags = CHUNK_START;
    loop {
        let size = (end - start).min(BLOCK);
        if start + size == end {
            flags |= CHUNK_END | root;
        }
        let message = load(messages, len, start, size);
        cv = compress(cv, &message, index as u64, size as u32, flags);
        flags = 0;
        start += size;
        if start == end {
            return cv;
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
fn splat_all(words: &[u32; 8]) -> [V; 8] {
    let mut vectors = [_mm512_setzero_si512(); 8];
    for (vector, word) in vectors.iter_mut().zip(words) {
        *vector = _mm512_set1_epi32(*word as i32);
    }
    vectors
}

/// The compression function's first eight words.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn compress(cv: [V; 8], m: &[V; 16], counter: u64, len: u32, flags: u32) -> [V; 8] {
    let word = |value: u32| _mm512_set1_epi32(value as i32);
    let [v0, v1, v2, v3, v4, v5, v6, v7] = cv;
    let mut v = [
        v0,
        v1,
        v2,
        v3,
        v4,
        v5,
        v6,
        v7,
        word(IV[0]),
        word(IV[1]),
        word(IV[2]),
        word(IV[3]),
        word(counter as u32),
        word((counter >> 32) as u32),
        word(len),
        word(flags),
    ];
    round::<0>(&mut v, m);
    round::<1>(&mut v, m);
    round::<2>(&mut v, m);
    round::<3>(&mut v, m);
    round::<4>(&mut v, m);
    round::<5>(&mut v, m);
    round::<6>(&mut v, m);
    let mut out = [v[0]; 8];
    for i in 0..8 {
        out[i] = _mm512_xor_si512(v[i], v[i + 8]);
    }
    out
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn round<const ROUND: usize>(v: &mut [V; 16], m: &[V; 16]) {
    let s = &SCHEDULE[ROUND];
    mix::<0, 4, 8, 12>(v, m[s[0]], m[s[1]]);
    mix::<1, 5, 9, 13>(v, m[s[2]], m[s[3]]);
    mix::<2, 6, 10, 14>(v, m[s[4]], m[s[5]]);
    mix::<3, 7, 11, 15>(v, m[s[6]], m[s[7]]);
    mix::<0, 5, 10, 15>(v, m[s[8]], m[s[9]]);
    mix::<1, 6, 11, 12>(v, m[s[10]], m[s[11]]);
    mix::<2, 7, 8, 13>(v, m[s[12]], m[s[13]]);
    mix::<3, 4, 9, 14>(v, m[s[14]], m[s[15]]);
}

/// The quarter round.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn mix<const A: usize, const B: usize, const C: usize, const D: usize>(
    v: &mut [V; 16],
    x: V,
    y: V,
) {
    v[A] = _mm512_add_epi32(_mm512_add_epi32(v[A], x), v[B]);
    v[D] = _mm512_ror_epi32::<16>(_mm512_xor_si512(v[D], v[A]));
    v[C] = _mm512_add_epi32(v[C], v[D]);
    v[B] = _mm512_ror_epi32::<12>(_mm512_xor_si512(v[B], v[C]));
    v[A] = _mm512_add_epi32(_mm512_add_epi32(v[A], y), v[B]);
    v[D] = _mm512_ror_epi32::<8>(_mm512_xor_si512(v[D], v[A]));
    v[C] = _mm512_add_epi32(v[C], v[D]);
    v[B] = _mm512_ror_epi32::<7>(_mm512_xor_si512(v[B], v[C]));
}

/// The words of a block of each message, `size` bytes from `start`, zeros after them.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn load(messages: &[u8], len: usize, start: usize, size: usize) -> [V; 16] {
    assert!(size <= BLOCK && start + size <= len && messages.len() == WIDE * len);
    let mask = if size == 0 { 0 } else { u64::MAX >> (BLOCK - size) };
    let mut rows = [_mm512_setzero_si512(); 16];
    for (i, row) in rows.iter_mut().enumerate() {
        // SAFETY: `size` bytes are read, from `start` of message i, and checked to lie within `messages`.
        *row = unsafe {
            let at = messages.as_ptr().add(i * len + start);
            if size == BLOCK {
                _mm512_loadu_si512(at.cast())
            } else {
                _mm512_maskz_loadu_epi8(mask, at.cast())
            }
        };
    }
    // After this, part j of four rows has, in its quarter q, word 4q + j of each of the four.
    let mut parts = [[_mm512_setzero_si512(); 4]; 4];
    for (part, rows) in parts.iter_mut().zip(rows.chunks_exact(4)) {
        *part = turn_words([rows[0], rows[1], rows[2], rows[3]]);
    }
    let mut words = rows;
    for j in 0..4 {
        let [a, b, c, d] = [parts[0][j], parts[1][j], parts[2][j], parts[3][j]];
        let even = [_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0x88>(c, d)];
        let odd = [_mm512_shuffle_i32x4::<0xdd>(a, b), _mm512_shuffle_i32x4::<0xdd>(c, d)];
        words[j] = _mm512_shuffle_i32x4::<0x88>(even[0], even[1]);
        words[4 + j] = _mm512_shuffle_i32x4::<0x88>(odd[0], odd[1]);
        words[8 + j] = _mm512_shuffle_i32x4::<0xdd>(even[0], even[1]);
        words[12 + j] = _mm512_shuffle_i32x4::<0xdd>(odd[0], odd[1]);
    }
    words
}

/// Transposes the 4 by 4 words of each quarter.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn turn_words([a, b, c, d]: [V; 4]) -> [V; 4] {
    let (low_ab, high_ab) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (low_cd, high_cd) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(low_ab, low_cd),
        _mm512_unpackhi_epi64(low_ab, low_cd),
        _mm512_unpacklo_epi64(high_ab, high_cd),
        _mm512_unpackhi_epi64(high_ab, high_cd),
    ]
}

/// Each lane's eight words as bytes.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn lanes(words: &[V; 8]) -> [[u8; 32]; WIDE] {
    let [a, b, c, d, e, f, g, h] = *words;
    // Quarter q of part j: four words of lane 4q + j.
    let (low, high) = (turn_words([a, b, c, d]), turn_words([e, f, g, h]));
    let mut bytes = [[0; 32]; WIDE];
    for j in 0..4 {
        let low_quarters = quarters(low[j]);
        let high_quarters = quarters(high[j]);
        for q in 0..4 {
            let bytes = &mut bytes[4 * q + j];
            // SAFETY: 16 bytes at 0 and at 16 of 32.
            unsafe {
                _mm_storeu_si128(bytes.as_mut_ptr().cast(), low_quarters[q]);
                _mm_storeu_si128(bytes.as_mut_ptr().add(16).cast(), high_quarters[q]);
            }
        }
    }
    bytes
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq")]
#[inline]
fn quarters(v: V) -> [__m128i; 4] {
    [
        _mm512_extracti32x4_epi32::<0>(v),
        _mm512_extracti32x4_epi32::<1>(v),
        _mm512_extracti32x4_epi32::<2>(v),
        _mm512_extracti32x4_epi32::<3>(v),
    ]
}
