//! Eight elements with AVX-512 IFMA: 52-bit limbs, eight lanes.
//!
//! A lane is an integer of five limbs of 52 bits, congruent to `x·2^260` modulo p. A `Felt` is `x·2^256`,
//! so loading one shifts it left by 4 bits and leaves it unreduced; storing divides by 16 modulo p and
//! reduces. A product with Montgomery's reduction by `2^260` stays in the representation.
//!
//! In this radix p is `1 + C·2^156 + D·2^208`, `C = 17·2^36`, `D = 2^43`: `-1/p` is `-1` modulo `2^52`, so
//! that a step of the reduction subtracts the lowest limb times p, and four multiplications do it.
//!
//! Bounds. An [`Ifma8`]'s limbs are below `2^52` and its value below `2^256`, about `32p`. In sums that are
//! not reduced ([`Wide`]), limbs are signed and carry more than 52 bits.
//!
//! Safety. [`Ifma8`] is named only here and in `backend`, which asks [`is_supported`] first, so wherever its
//! methods run the processor has the instructions.

#![allow(unsafe_code, reason = "vector instructions, which have no safe form")]
#![allow(clippy::needless_range_loop, reason = "limbs go by their numbers")]

mod limbs;

use std::arch::x86_64::*;
use std::ops::{Add, Mul, Sub};

use limbs::*;
use nilometer_field::{Felt, Value};

use crate::packed::{Block, Factor, Packed, LANES};
use crate::Task;

/// Whether the processor has the instructions of [`Ifma8`].
pub fn is_supported() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512ifma")
        && is_x86_feature_detected!("avx512vbmi2")
        && is_x86_feature_detected!("bmi2")
        && is_x86_feature_detected!("adx")
}

/// Runs a task in a function that is compiled for the instructions.
///
/// # Safety
/// [`is_supported`] must hold.
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx512ifma,avx512vbmi2,bmi2,adx")]
unsafe fn run<T: Task<Ifma8>>(task: T) -> T::Output {
    task.run()
}

/// Eight elements, five limbs each.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Ifma8([V; LIMBS]);

/// A sum that is not reduced: signed limbs. A term is below `2^56` in each limb and lies in `(-p, 2.1p)`, the
/// first term is below `2^256`, about 32p. In a transform at most one term above p is ever subtracted, so
/// with 40 terms limbs stay below `2^62` and the value in `(-42p, 116p)`. Eight first terms, added or
/// subtracted, are below `2^259`, which [`reduce`] takes too.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Wide([V; LIMBS]);

/// A product, or a sum of them: limbs below `2^62`.
#[derive(Clone, Copy, Debug)]
pub struct Products([V; 2 * LIMBS]);

impl Add for Ifma8 {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let mut x = self.0;
        for i in 0..LIMBS {
            x[i] = add(x[i], other.0[i]);
        }
        Self(reduce(x))
    }
}

impl Sub for Ifma8 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        let mut x = self.0;
        for i in 0..LIMBS {
            x[i] = sub(x[i], other.0[i]);
        }
        Self(reduce(x))
    }
}

impl Mul for Ifma8 {
    type Output = Self;
    /// `2^512 / 2^260 + p` is below `2^253`.
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let product = add_product([splat(0); 10], &self.0, &other.0);
        Self(normalize(add_modulus::<0>(montgomery(product))))
    }
}

impl Value for Ifma8 {
    #[inline(always)]
    fn constant(felt: Felt) -> Self {
        Self::splat(felt)
    }
}

/// Two elements' limbs.
#[inline(always)]
fn pair(a: &Felt, b: &Felt) -> V {
    // SAFETY: the processor has the instructions: see the head of the file. Each reference is to 32
    // readable bytes, which is what is read of it, and no alignment is asked for.
    unsafe {
        let low = _mm256_loadu_si256(std::ptr::from_ref(a).cast());
        let high = _mm256_loadu_si256(std::ptr::from_ref(b).cast());
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
    }
}

impl Packed for Ifma8 {
    type Wide = Wide;
    type Products = Products;

    #[inline(always)]
    fn enter<T: Task<Self>>(task: T) -> T::Output {
        // SAFETY: `is_supported` holds wherever this type is named.
        unsafe { run(task) }
    }

    #[inline(always)]
    fn splat(felt: Felt) -> Self {
        let words = felt.residue();
        let mut w = [splat(0); 4];
        for i in 0..4 {
            w[i] = splat(words[i]);
        }
        Self(from_words(w))
    }

    #[inline(always)]
    fn load(lanes: [&Felt; LANES]) -> Self {
        // SAFETY: the processor has the instructions: see the head of the file.
        unsafe {
            // Limbs 0 and 1 of four lanes, limbs 2 and 3 of four lanes.
            let low = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
            let high = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
            let (a, b) = (pair(lanes[0], lanes[1]), pair(lanes[2], lanes[3]));
            let (c, d) = (pair(lanes[4], lanes[5]), pair(lanes[6], lanes[7]));
            let first_low = _mm512_permutex2var_epi64(a, low, b);
            let first_high = _mm512_permutex2var_epi64(a, high, b);
            let second_low = _mm512_permutex2var_epi64(c, low, d);
            let second_high = _mm512_permutex2var_epi64(c, high, d);
            Self(from_words([
                _mm512_shuffle_i64x2::<0x44>(first_low, second_low),
                _mm512_shuffle_i64x2::<0xee>(first_low, second_low),
                _mm512_shuffle_i64x2::<0x44>(first_high, second_high),
                _mm512_shuffle_i64x2::<0xee>(first_high, second_high),
            ]))
        }
    }

    #[inline(always)]
    fn store(self, lanes: &mut [Felt; LANES]) {
        let w = to_words(self.0);
        // SAFETY: the processor has the instructions: see the head of the file. The 256 bytes are those of
        // the array; what is written are four 64-bit limbs per element, below the modulus as `to_words`
        // makes them, which is what a `Felt`, transparent over its limbs, may hold.
        unsafe {
            let first_low = _mm512_shuffle_i64x2::<0x44>(w[0], w[1]);
            let second_low = _mm512_shuffle_i64x2::<0xee>(w[0], w[1]);
            let first_high = _mm512_shuffle_i64x2::<0x44>(w[2], w[3]);
            let second_high = _mm512_shuffle_i64x2::<0xee>(w[2], w[3]);
            let even = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13);
            let odd = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
            let target: *mut V = lanes.as_mut_ptr().cast();
            let at = [
                _mm512_permutex2var_epi64(first_low, even, first_high),
                _mm512_permutex2var_epi64(first_low, odd, first_high),
                _mm512_permutex2var_epi64(second_low, even, second_high),
                _mm512_permutex2var_epi64(second_low, odd, second_high),
            ];
            _mm512_storeu_si512(target, at[0]);
            _mm512_storeu_si512(target.add(1), at[1]);
            _mm512_storeu_si512(target.add(2), at[2]);
            _mm512_storeu_si512(target.add(3), at[3]);
        }
    }

    #[inline(always)]
    fn load_block(block: &Block) -> Self {
        let mut w = [splat(0); 4];
        for i in 0..4 {
            // SAFETY: the processor has the instruction; each limb is 64 bytes.
            w[i] = unsafe { _mm512_loadu_si512(block.0[i].as_ptr().cast()) };
        }
        Self(from_words(w))
    }

    #[inline(always)]
    fn store_block(self, block: &mut Block) {
        let w = to_words(self.0);
        for i in 0..4 {
            // SAFETY: the processor has the instruction; each limb is 64 bytes.
            unsafe { _mm512_storeu_si512(block.0[i].as_mut_ptr().cast(), w[i]) };
        }
    }

    /// As [`Mul`].
    #[inline(always)]
    fn square(self) -> Self {
        Self(normalize(add_modulus::<0>(montgomery(square(&self.0)))))
    }

    /// Adds `m·p`, `m < 2^log2`, so that `2^log2` divides the sum, and shifts: below `2^256 / 2^log2 + p`.
    #[inline(always)]
    fn halve(self, log2: u32) -> Self {
        assert!(log2 <= 48, "2^-{log2} is too small");
        let mut x = self.0;
        let m = and(sub(splat(0), x[0]), splat((1 << log2) - 1));
        x[0] = add(x[0], m);
        x[3] = madd_low(x[3], m, splat(C));
        x[4] = madd_high(madd_low(x[4], m, splat(D)), m, splat(C));
        let top = madd_high(splat(0), m, splat(D));
        let x = normalize(x);
        let top = add(top, carry(x[4]));
        let mask = splat(MASK);
        // SAFETY: the processor has the instructions: see the head of the file.
        unsafe {
            let (right, left) =
                (_mm_cvtsi64_si128(log2.into()), _mm_cvtsi64_si128(52 - i64::from(log2)));
            let mut r = x;
            for i in 0..LIMBS {
                let above = if i + 1 < LIMBS { x[i + 1] } else { top };
                let low = _mm512_srl_epi64(and(x[i], mask), right);
                r[i] = and(or(low, _mm512_sll_epi64(above, left)), mask);
            }
            Self(r)
        }
    }

    #[inline(always)]
    fn widen(self) -> Wide {
        Wide(self.0)
    }

    /// `2^512 / 2^260 = 2^252` at most.
    #[inline(always)]
    fn mul_wide(self, other: Self) -> Wide {
        Wide(montgomery(add_product([splat(0); 10], &self.0, &other.0)))
    }

    #[inline(always)]
    fn narrow(sum: Wide) -> Self {
        Self(reduce(sum.0))
    }

    #[inline(always)]
    fn add_wide(a: Wide, b: Wide) -> Wide {
        let mut x = a.0;
        for i in 0..LIMBS {
            x[i] = add(x[i], b.0[i]);
        }
        Wide(x)
    }

    #[inline(always)]
    fn sub_wide(a: Wide, b: Wide) -> Wide {
        let mut x = a.0;
        for i in 0..LIMBS {
            x[i] = sub(x[i], b.0[i]);
        }
        Wide(x)
    }

    /// `x·2^260 mod p`, its limbs.
    #[inline(always)]
    fn factor(felt: Felt) -> Factor {
        let w = (felt * Felt::from(16_u64)).residue();
        Factor([
            w[0] & MASK,
            (w[0] >> 52 | w[1] << 12) & MASK,
            (w[1] >> 40 | w[2] << 24) & MASK,
            (w[2] >> 28 | w[3] << 36) & MASK,
            w[3] >> 16,
        ])
    }

    #[inline(always)]
    fn spread(factor: &Factor) -> Self {
        let mut x = [splat(0); LIMBS];
        for i in 0..LIMBS {
            x[i] = splat(factor.0[i]);
        }
        Self(x)
    }

    /// Plus 64p, a sum lies between 0 and `180p < 2^260`; times the factor, below p, and by `2^-260`: below
    /// `p / 3`.
    #[inline(always)]
    fn scale(sum: Wide, factor: &Factor) -> Wide {
        let mut x = add_modulus::<6>(sum.0);
        // No masks: a multiplication ignores the bits above.
        for i in 0..LIMBS - 1 {
            x[i + 1] = add(x[i + 1], carry(x[i]));
        }
        let mut f = [splat(0); LIMBS];
        for i in 0..LIMBS {
            f[i] = splat(factor.0[i]);
        }
        Wide(montgomery(add_product([splat(0); 10], &x, &f)))
    }

    #[inline(always)]
    fn no_products() -> Products {
        Products([splat(0); 10])
    }

    #[inline(always)]
    fn add_product(sum: Products, a: Self, b: Self) -> Products {
        Products(add_product(sum.0, &a.0, &b.0))
    }

    /// 64 products below `2^512`, by `2^-260`: below `2^258`.
    #[inline(always)]
    fn reduce(sum: Products) -> Self {
        Self(reduce(montgomery(sum.0)))
    }
}
