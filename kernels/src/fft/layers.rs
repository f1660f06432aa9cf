//! The layers of a transform on data in the cache.

use crate::packed::Factor;
use crate::Packed;

/// Values in the first-level cache: 64 of 320 bytes.
const SMALL: usize = 64;

/// Transforms a block, `block` of its layer, in place; roots are indexed as in [`super::Twiddles`].
///
/// Each layer adds one term to each sum.
#[inline(always)]
pub fn transform<P: Packed>(x: &mut [P::Wide], roots: &[Factor], block: usize) {
    let total = x.len();
    let mut len = total;
    if len.trailing_zeros() % 2 == 1 {
        split_2::<P>(x, roots, block);
        len /= 2;
    }
    while len > SMALL {
        layers::<P>(x, len, roots, block * (total / len));
        len /= 4;
    }
    let first = block * (total / len);
    for (i, x) in x.chunks_exact_mut(len).enumerate() {
        let mut part = len;
        while part > 1 {
            layers::<P>(x, part, roots, (first + i) * (len / part));
            part /= 4;
        }
    }
}

/// Two layers, from blocks of `len`.
#[inline(always)]
fn layers<P: Packed>(x: &mut [P::Wide], len: usize, roots: &[Factor], first: usize) {
    for (i, x) in x.chunks_exact_mut(len).enumerate() {
        split_4::<P>(x, roots, first + i);
    }
}

/// One layer of one block.
#[inline(always)]
fn split_2<P: Packed>(x: &mut [P::Wide], roots: &[Factor], block: usize) {
    let (low, high) = x.split_at_mut(x.len() / 2);
    let root = &roots[block];
    if block == 0 {
        for (low, high) in low.iter_mut().zip(high) {
            (*low, *high) = butterfly::<P>(*low, term::<P>(*high));
        }
    } else {
        for (low, high) in low.iter_mut().zip(high) {
            (*low, *high) = butterfly::<P>(*low, P::scale(*high, root));
        }
    }
}

/// Two layers of one block.
#[inline(always)]
fn split_4<P: Packed>(x: &mut [P::Wide], roots: &[Factor], block: usize) {
    let quarter = x.len() / 4;
    let (low, high) = x.split_at_mut(2 * quarter);
    let (a, b) = low.split_at_mut(quarter);
    let (c, d) = high.split_at_mut(quarter);
    let (root, low_root, high_root) = (&roots[block], &roots[2 * block], &roots[2 * block + 1]);
    let values = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
    if block == 0 {
        // The first two of the three roots are one.
        for ((a, b), (c, d)) in values {
            let (a1, c1) = butterfly::<P>(*a, term::<P>(*c));
            let (b1, d1) = butterfly::<P>(*b, term::<P>(*d));
            (*a, *b) = butterfly::<P>(a1, term::<P>(b1));
            (*c, *d) = butterfly::<P>(c1, P::scale(d1, high_root));
        }
    } else {
        for ((a, b), (c, d)) in values {
            let (a1, c1) = butterfly::<P>(*a, P::scale(*c, root));
            let (b1, d1) = butterfly::<P>(*b, P::scale(*d, root));
            (*a, *b) = butterfly::<P>(a1, P::scale(b1, low_root));
            (*c, *d) = butterfly::<P>(c1, P::scale(d1, high_root));
        }
    }
}

/// A sum as one term of another: as if multiplied by one.
#[inline(always)]
fn term<P: Packed>(sum: P::Wide) -> P::Wide {
    P::widen(P::narrow(sum))
}

#[inline(always)]
fn butterfly<P: Packed>(a: P::Wide, b: P::Wide) -> (P::Wide, P::Wide) {
    (P::add_wide(a, b), P::sub_wide(a, b))
}
