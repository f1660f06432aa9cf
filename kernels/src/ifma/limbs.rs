//! Vectors of limbs: what [`super::Ifma8`] is made of.
//!
//! Limbs are of 52 bits; where a function leaves them signed, or lets them carry more, it says so.

#![allow(unsafe_code, reason = "vector instructions, which have no safe form")]
#![allow(clippy::needless_range_loop, reason = "limbs go by their numbers")]

use std::arch::x86_64::*;

pub type V = __m512i;

pub const LIMBS: usize = 5;
pub const MASK: u64 = (1 << 52) - 1;
/// p's limb of weight `2^156`.
pub const C: u64 = 17 << 36;
/// p's limb of weight `2^208`.
pub const D: u64 = 1 << 43;
/// p's top limb in radix `2^64`.
const P3: u64 = (1 << 59) + 17;

// SAFETY, of each of these: the processor has the instruction, as `super` says.
macro_rules! intrinsic {
    ($name:ident($($argument:ident),*) = $call:expr) => {
        #[inline(always)]
        pub fn $name($($argument: V),*) -> V {
            // SAFETY: the processor has the instruction: see `super`.
            unsafe { $call }
        }
    };
}
intrinsic!(add(a, b) = _mm512_add_epi64(a, b));
intrinsic!(sub(a, b) = _mm512_sub_epi64(a, b));
intrinsic!(and(a, b) = _mm512_and_si512(a, b));
intrinsic!(or(a, b) = _mm512_or_si512(a, b));
intrinsic!(madd_low(sum, a, b) = _mm512_madd52lo_epu64(sum, a, b));
intrinsic!(madd_high(sum, a, b) = _mm512_madd52hi_epu64(sum, a, b));

#[inline(always)]
pub fn splat(value: u64) -> V {
    // SAFETY: the processor has the instruction: see `super`.
    unsafe { _mm512_set1_epi64(value as i64) }
}

#[inline(always)]
pub fn shift_left<const BITS: u32>(a: V) -> V {
    // SAFETY: the processor has the instruction: see `super`.
    unsafe { _mm512_slli_epi64::<BITS>(a) }
}

#[inline(always)]
pub fn shift_right<const BITS: u32>(a: V) -> V {
    // SAFETY: the processor has the instruction: see `super`.
    unsafe { _mm512_srli_epi64::<BITS>(a) }
}

/// The signed carry out of a limb.
#[inline(always)]
pub fn carry(a: V) -> V {
    // SAFETY: the processor has the instruction: see `super`.
    unsafe { _mm512_srai_epi64::<52>(a) }
}

/// 64 bits from bit `BITS` of `high·2^64 + low`.
#[inline(always)]
pub fn funnel<const BITS: i32>(low: V, high: V) -> V {
    // SAFETY: the processor has the instruction: see `super`.
    unsafe { _mm512_shrdi_epi64::<BITS>(low, high) }
}

/// Carries of signed limbs onwards; each limb keeps its low 52 bits, the last one all of its.
#[inline(always)]
pub fn normalize(mut x: [V; LIMBS]) -> [V; LIMBS] {
    let mask = splat(MASK);
    for i in 0..LIMBS - 1 {
        x[i + 1] = add(x[i + 1], carry(x[i]));
        x[i] = and(x[i], mask);
    }
    x
}

/// Brings signed limbs below `2^62` of a value in `(-2^260, 2^260)` to limbs below `2^52` of a congruent
/// value between 0 and `2.1p`.
///
/// With `q = floor(top / 2^43)`, about `value / 2^251`, it subtracts `(q - 1)·p`. What is left of the top
/// limb is one p plus less than `2^251`; the other limbs and `q·C·2^156` are below `2^219`.
#[inline(always)]
pub fn reduce(mut x: [V; LIMBS]) -> [V; LIMBS] {
    // SAFETY: the processor has the instruction: see `super`.
    let q = unsafe { _mm512_srai_epi64::<43>(x[4]) };
    let q = sub(q, splat(1));
    x[4] = or(and(x[4], splat(D - 1)), splat(D));
    x[0] = sub(x[0], q);
    x[3] = sub(x[3], add(shift_left::<40>(q), shift_left::<36>(q)));
    normalize(x)
}

/// `sum + a·b`; only the operands' low 52 bits count.
#[inline(always)]
pub fn add_product(mut sum: [V; 10], a: &[V; LIMBS], b: &[V; LIMBS]) -> [V; 10] {
    for j in 0..LIMBS {
        for i in 0..LIMBS {
            sum[i + j] = madd_low(sum[i + j], a[i], b[j]);
        }
        for i in 0..LIMBS {
            sum[i + j + 1] = madd_high(sum[i + j + 1], a[i], b[j]);
        }
    }
    sum
}

/// `a·a`, as [`add_product`] to nothing: of the products of two different limbs, each is made once.
#[inline(always)]
pub fn square(a: &[V; LIMBS]) -> [V; 10] {
    let mut sum = [splat(0); 10];
    for j in 1..LIMBS {
        for i in 0..j {
            sum[i + j] = madd_low(sum[i + j], a[i], a[j]);
            sum[i + j + 1] = madd_high(sum[i + j + 1], a[i], a[j]);
        }
    }
    for i in 1..9 {
        sum[i] = add(sum[i], sum[i]);
    }
    for i in 0..LIMBS {
        sum[2 * i] = madd_low(sum[2 * i], a[i], a[i]);
        sum[2 * i + 1] = madd_high(sum[2 * i + 1], a[i], a[i]);
    }
    sum
}

/// `t / 2^260` modulo p, limbs signed and below `2^56` for one product, value in `(-p, t/2^260]`.
///
/// Subtracts `m·p`, where m's limbs are those that clear t's five low limbs. p's lowest limb is 1, so
/// clearing a limb leaves its carry; what C and D times m's limbs take off is gathered in `u`.
#[inline(always)]
pub fn montgomery(mut t: [V; 10]) -> [V; LIMBS] {
    let (c, d) = (splat(C), splat(D));
    let mut u = [splat(0); 10];
    for i in 0..LIMBS {
        if i >= 3 {
            t[i] = sub(t[i], u[i]);
        }
        t[i + 1] = add(t[i + 1], carry(t[i]));
        let m = t[i];
        u[i + 3] = madd_low(u[i + 3], m, c);
        u[i + 4] = madd_high(u[i + 4], m, c);
        u[i + 4] = madd_low(u[i + 4], m, d);
        u[i + 5] = madd_high(u[i + 5], m, d);
    }
    let mut r = [splat(0); LIMBS];
    for i in 0..LIMBS {
        r[i] = sub(t[i + 5], u[i + 5]);
    }
    r
}

/// Adds p.
#[inline(always)]
pub fn add_modulus<const TIMES_LOG2: u32>(mut x: [V; LIMBS]) -> [V; LIMBS] {
    x[0] = add(x[0], splat(1 << TIMES_LOG2));
    x[3] = add(x[3], splat(C << TIMES_LOG2));
    x[4] = add(x[4], splat(D << TIMES_LOG2));
    x
}

/// 52-bit limbs of 16 times the integers of these 64-bit limbs.
#[inline(always)]
pub fn from_words(w: [V; 4]) -> [V; LIMBS] {
    let mask = splat(MASK);
    [
        and(shift_left::<4>(w[0]), mask),
        and(funnel::<48>(w[0], w[1]), mask),
        and(funnel::<36>(w[1], w[2]), mask),
        and(funnel::<24>(w[2], w[3]), mask),
        shift_right::<12>(w[3]),
    ]
}

/// 64-bit limbs of a value's sixteenth modulo p, fully reduced.
///
/// The value is below `2^256`; plus k·p, `k < 16` chosen so that 16 divides it, and shifted, it is below 2p.
#[inline(always)]
pub fn to_words(mut x: [V; LIMBS]) -> [V; 4] {
    let k = and(sub(splat(0), x[0]), splat(15));
    x[0] = add(x[0], k);
    x[3] = add(x[3], add(shift_left::<40>(k), shift_left::<36>(k)));
    x[4] = add(x[4], shift_left::<43>(k));
    let x = normalize(x);
    let w = [
        or(shift_right::<4>(x[0]), shift_left::<48>(x[1])),
        or(shift_right::<16>(x[1]), shift_left::<36>(x[2])),
        or(shift_right::<28>(x[2]), shift_left::<24>(x[3])),
        or(shift_right::<40>(x[3]), shift_left::<12>(x[4])),
    ];
    subtract_modulus_once(w)
}

/// Subtracts p from the lanes that are not below it.
#[inline(always)]
pub fn subtract_modulus_once(w: [V; 4]) -> [V; 4] {
    let (zero, one, top) = (splat(0), splat(1), splat(P3));
    // SAFETY: the processor has the instructions: see `super`.
    unsafe {
        // Borrows out of the low limbs when 1 is subtracted from the lowest.
        let borrow_0 = _mm512_cmpeq_epi64_mask(w[0], zero);
        let borrow_1 = _mm512_mask_cmpeq_epi64_mask(borrow_0, w[1], zero);
        let borrow_2 = _mm512_mask_cmpeq_epi64_mask(borrow_1, w[2], zero);
        let needed = _mm512_mask_add_epi64(top, borrow_2, top, one);
        let above = _mm512_cmpge_epu64_mask(w[3], needed);
        [
            _mm512_mask_sub_epi64(w[0], above, w[0], one),
            _mm512_mask_sub_epi64(w[1], above & borrow_0, w[1], one),
            _mm512_mask_sub_epi64(w[2], above & borrow_1, w[2], one),
            _mm512_mask_sub_epi64(w[3], above, w[3], needed),
        ]
    }
}
