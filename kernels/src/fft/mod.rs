//! Fourier transforms over subgroups and their cosets: of eight columns at once, or of one.
//!
//! All are one transform ([`transform`]), from natural order to bit-reversed order, in which a block of the
//! data stands for a remainder modulo `X^m - c` and is split by `X^m - c = (X^(m/2) - r)(X^(m/2) + r)`. The
//! roots r, one for each block, in order of blocks, are the same for all layers and all sizes: a table of
//! `n/2` serves them all. Results get into natural order by being written to their places.

mod columns;
mod layers;
mod polys;
mod single;
mod transform;

pub use columns::{evaluate, interpolate, RowMatrix};
pub use polys::Polys;
pub use single::{evaluate_with_offset, fft, interpolate_with_offset, inverse_fft};

use nilometer_field::Felt;
use winter_math::{FieldElement, StarkField};

use crate::packed::Factor;
use crate::{Backend, Kernel, Packed};

/// Roots of unity for transforms of one size.
#[derive(Clone, Debug)]
pub struct Twiddles {
    backend: Backend,
    log_size: u32,
    forward: Table,
    inverse: Table,
}

/// `root^reverse(b)` for each block b.
#[derive(Clone, Debug)]
struct Table {
    felts: Vec<Felt>,
    factors: Vec<Factor>,
}

impl Twiddles {
    /// Roots for transforms of `size` values.
    ///
    /// # Panics
    /// If `size` is not a power of two, or above `2^40`.
    pub fn new(size: usize) -> Self {
        Self::with_backend(size, Backend::best())
    }

    /// Roots for transforms of `size` values, to be computed with chosen instructions.
    ///
    /// # Panics
    /// As [`Twiddles::new`].
    pub fn with_backend(size: usize, backend: Backend) -> Self {
        assert!(size.is_power_of_two() && size <= 1 << 40, "no transform of {size} values");
        let log_size = size.trailing_zeros();
        let root = root_of_unity(log_size);
        let table = |root| backend.dispatch(MakeTable { root, size });
        Self { backend, log_size, forward: table(root), inverse: table(root.inverse()) }
    }

    /// Values per transform.
    pub fn size(&self) -> usize {
        1 << self.log_size
    }

    /// The instructions that transforms are computed with.
    pub fn backend(&self) -> Backend {
        self.backend
    }
}

struct MakeTable {
    root: Felt,
    size: usize,
}

impl Kernel for MakeTable {
    type Output = Table;
    #[inline(always)]
    fn run<P: Packed>(self) -> Table {
        // Block 2b + e: the square root of block b's, times the fourth root of unity where e is 1.
        let mut felts = vec![Felt::ONE; (self.size / 2).max(1)];
        let mut count = 1;
        while count < felts.len() {
            let step = self.root.pow([(self.size / 4 / count) as u64, 0, 0, 0]);
            let (done, new) = felts.split_at_mut(count);
            for (new, done) in new.iter_mut().zip(done) {
                *new = *done * step;
            }
            count *= 2;
        }
        let factors = felts.iter().map(|felt| P::factor(*felt)).collect();
        Table { felts, factors }
    }
}

/// A generator of the subgroup of `2^log` elements.
fn root_of_unity(log: u32) -> Felt {
    if log == 0 {
        Felt::ONE
    } else {
        Felt::get_root_of_unity(log)
    }
}

/// `index` with its `bits` low bits, of which it consists, reversed.
#[inline(always)]
fn reverse(index: usize, bits: u32) -> usize {
    (index.reverse_bits() >> 1) >> (usize::BITS - 1 - bits)
}

/// `first·base^0, .., first·base^(count - 1)`.
fn powers(backend: Backend, first: Felt, base: Felt, count: usize) -> Vec<Felt> {
    use rayon::prelude::*;
    const CHUNK: usize = 1 << 12;

    let mut powers = vec![Felt::ZERO; count];
    powers.par_chunks_mut(CHUNK).enumerate().for_each(|(i, chunk)| {
        let first = first * base.pow([(i * CHUNK) as u64, 0, 0, 0]);
        backend.dispatch(Powers { first, base, target: chunk });
    });
    powers
}

struct Powers<'a> {
    first: Felt,
    base: Felt,
    target: &'a mut [Felt],
}

impl Kernel for Powers<'_> {
    type Output = ();
    #[inline(always)]
    fn run<P: Packed>(self) {
        // Four chains, so that one product need not wait for the one before.
        const CHAINS: usize = 4;
        const STEP: usize = CHAINS * crate::LANES;
        let mut start = [self.first; STEP];
        for i in 1..STEP {
            start[i] = start[i - 1] * self.base;
        }
        let step = P::splat(self.base.pow([STEP as u64, 0, 0, 0]));
        let at = |i: usize| P::load_slice(&start[i * crate::LANES..]);
        let mut chains = [at(0), at(1), at(2), at(3)];
        for targets in self.target.chunks_mut(STEP) {
            for (chain, target) in chains.iter_mut().zip(targets.chunks_mut(crate::LANES)) {
                chain.store_slice(target);
                *chain = *chain * step;
            }
        }
    }
}
