//! One column: eight neighbouring values are eight columns of a transform of an eighth of the size, and
//! three more layers mix them.

use nilometer_field::Felt;
use rayon::prelude::*;
use winter_math::FieldElement;

use super::transform::{transform, Sink, Source};
use super::{powers, reverse, root_of_unity, Table, Twiddles};
use crate::memory::{prefetch, with_capacity, Target};
use crate::packed::{Factor, LANES};
use crate::{Kernel, Packed};

/// From this size on the three last layers have eight blocks to work on at a time.
const MIN_SIZE: usize = LANES * LANES;

/// Replaces coefficients by the values over the subgroup, in natural order.
///
/// # Panics
/// If there are not as many as the twiddles' size.
pub fn fft(values: &mut [Felt], twiddles: &Twiddles) {
    let result = run(values, None, twiddles, &twiddles.forward, 1, Felt::ONE);
    values.copy_from_slice(&result);
}

/// Replaces values over the subgroup, in natural order, by the coefficients.
///
/// # Panics
/// As [`fft`].
pub fn inverse_fft(values: &mut [Felt], twiddles: &Twiddles) {
    let result = interpolate_with_offset(values, twiddles, Felt::ONE);
    values.copy_from_slice(&result);
}

/// The coefficients of the polynomial with these values over `offset` times the subgroup.
///
/// # Panics
/// As [`fft`].
pub fn interpolate_with_offset(values: &[Felt], twiddles: &Twiddles, offset: Felt) -> Vec<Felt> {
    let mut result = run(values, None, twiddles, &twiddles.inverse, 1, Felt::ONE);
    let size = Felt::from(twiddles.size() as u64);
    let factors = powers(twiddles.backend, size.inverse(), offset.inverse(), values.len());
    const CHUNK: usize = 1 << 12;
    result.par_chunks_mut(CHUNK).zip(factors.par_chunks(CHUNK)).for_each(|(values, factors)| {
        twiddles.backend.dispatch(Products { values, factors });
    });
    result
}

/// The values of a polynomial over `offset` times the subgroup of `blowup` times its size, in natural order.
///
/// # Panics
/// As [`fft`], or if `blowup` is not a power of two.
pub fn evaluate_with_offset(
    coefficients: &[Felt],
    twiddles: &Twiddles,
    blowup: usize,
    offset: Felt,
) -> Vec<Felt> {
    assert!(blowup.is_power_of_two(), "a blowup of {blowup}");
    let offset = Some(offset);
    let step = root_of_unity(twiddles.log_size + blowup.trailing_zeros());
    run(coefficients, offset, twiddles, &twiddles.forward, blowup, step)
}

/// Transforms over `blowup` cosets, shifted by `offset·step^i` (not at all if there is no offset).
fn run(
    values: &[Felt],
    offset: Option<Felt>,
    twiddles: &Twiddles,
    table: &Table,
    blowup: usize,
    step: Felt,
) -> Vec<Felt> {
    let size = values.len();
    assert_eq!(size, twiddles.size(), "the number of values and the transform's size");
    let mut result = with_capacity(size * blowup);
    let target = Target::new(&mut result);
    let mut shift = offset;
    for coset in 0..blowup {
        let powers = match shift {
            Some(shift) => powers(twiddles.backend, Felt::ONE, shift, size),
            None => Vec::new(),
        };
        let place = Places { target: &target, log_size: twiddles.log_size, coset, blowup };
        let kernel = Single { values, powers: &powers, table, place };
        twiddles.backend.dispatch(kernel);
        shift = shift.map(|shift| shift * step);
    }
    #[allow(unsafe_code, reason = "written in bit-reversed order, by several threads")]
    // SAFETY: each coset's transform has put all of its places.
    unsafe {
        result.set_len(size * blowup);
    }
    result
}

struct Single<'a> {
    values: &'a [Felt],
    powers: &'a [Felt],
    table: &'a Table,
    place: Places<'a>,
}

impl Kernel for Single<'_> {
    type Output = ();

    fn run<P: Packed>(self) {
        let log_size = self.place.log_size;
        let roots: &[Factor] = &self.table.factors;
        let mut buffer = Vec::new();
        if self.values.len() < MIN_SIZE {
            let source = Narrow { values: self.values, powers: self.powers };
            transform::<P>(log_size, roots, &source, &FirstLane(self.place), &mut buffer);
        } else {
            let source = Neighbours { values: self.values, powers: self.powers };
            let sink = LastLayers { roots: &self.table.felts, place: self.place };
            transform::<P>(log_size - 3, roots, &source, &sink, &mut buffer);
        }
    }
}

/// Where results of a coset go.
struct Places<'a> {
    target: &'a Target<Felt>,
    log_size: u32,
    coset: usize,
    blowup: usize,
}

impl Places<'_> {
    /// Puts the value of a bit-reversed place.
    #[inline(always)]
    fn put(&self, place: usize, value: Felt) {
        let place = reverse(place, self.log_size) * self.blowup + self.coset;
        #[allow(unsafe_code, reason = "bit-reversed order")]
        // SAFETY: each place is given once per coset, and elements are only written.
        let target = unsafe { self.target.slice(place, 1) };
        target[0] = value;
    }
}

/// One value per eight lanes, of which seven are idle.
struct Narrow<'a> {
    values: &'a [Felt],
    powers: &'a [Felt],
}

impl Source for Narrow<'_> {
    #[inline(always)]
    fn get<P: Packed>(&self, index: usize) -> P::Wide {
        let value = P::splat(self.values[index]);
        match self.powers.get(index) {
            Some(power) => value.mul_wide(P::splat(*power)),
            None => P::widen(value),
        }
    }

    #[inline(always)]
    fn prefetch(&self, _: usize) {}
}

struct FirstLane<'a>(Places<'a>);

impl Sink for FirstLane<'_> {
    #[inline(always)]
    fn put<P: Packed>(&self, first: usize, values: &[P::Wide]) {
        for (i, value) in values.iter().enumerate() {
            self.0.put(first + i, P::narrow(*value).to_array()[0]);
        }
    }

    #[inline(always)]
    fn prefetch(&self, _: usize) {}
}

/// Eight neighbouring values.
struct Neighbours<'a> {
    values: &'a [Felt],
    powers: &'a [Felt],
}

impl Source for Neighbours<'_> {
    #[inline(always)]
    fn get<P: Packed>(&self, index: usize) -> P::Wide {
        let index = LANES * index;
        let values = P::load_slice(&self.values[index..]);
        if self.powers.is_empty() {
            P::widen(values)
        } else {
            values.mul_wide(P::load_slice(&self.powers[index..]))
        }
    }

    #[inline(always)]
    fn prefetch(&self, index: usize) {
        prefetch(self.values, LANES * index, LANES);
    }
}

/// The layers within eight neighbours, on eight times eight of them, turned so that lanes are blocks.
struct LastLayers<'a> {
    roots: &'a [Felt],
    place: Places<'a>,
}

impl Sink for LastLayers<'_> {
    #[inline(always)]
    fn put<P: Packed>(&self, first: usize, values: &[P::Wide]) {
        let mut square = [Felt::ZERO; LANES * LANES];
        for (i, values) in values.chunks_exact(LANES).enumerate() {
            let block = first + i * LANES;
            for (value, row) in values.iter().zip(square.chunks_exact_mut(LANES)) {
                P::narrow(*value).store_slice(row);
            }
            let mut x = [P::zero(); LANES];
            for (column, x) in x.iter_mut().enumerate() {
                *x = P::load_strided(&square[column..], LANES);
            }
            // Layers from 1, 2 and 4 parts of each block.
            let mut parts = 1;
            while parts < LANES {
                let half = LANES / 2 / parts;
                for part in 0..parts {
                    let root = P::load_strided(&self.roots[parts * block + part..], parts);
                    for i in 2 * half * part..2 * half * part + half {
                        let high = x[i + half] * root;
                        (x[i], x[i + half]) = (x[i] + high, x[i] - high);
                    }
                }
                parts *= 2;
            }
            for (column, x) in x.iter().enumerate() {
                for (lane, value) in x.to_array().into_iter().enumerate() {
                    self.place.put((block + lane) * LANES + column, value);
                }
            }
        }
    }

    #[inline(always)]
    fn prefetch(&self, _: usize) {}
}

/// `values[i] *= factors[i]`.
struct Products<'a> {
    values: &'a mut [Felt],
    factors: &'a [Felt],
}

impl Kernel for Products<'_> {
    type Output = ();
    #[inline(always)]
    fn run<P: Packed>(self) {
        let mut values = self.values.chunks_exact_mut(LANES);
        let mut factors = self.factors.chunks_exact(LANES);
        for (values, factors) in values.by_ref().zip(factors.by_ref()) {
            (P::load_slice(values) * P::load_slice(factors)).store_slice(values);
        }
        for (value, factor) in values.into_remainder().iter_mut().zip(factors.remainder()) {
            *value *= *factor;
        }
    }
}
