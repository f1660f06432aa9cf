//! Polynomials by their coefficients, eight side by side.

use nilometer_field::Felt;
use rayon::prelude::*;
use winter_math::FieldElement;

use crate::packed::{Block, LANES};
use crate::{Backend, Kernel, Packed};

/// Polynomials of one size, by their coefficients from the lowest.
#[derive(Clone, Debug)]
pub struct Polys {
    pub(super) backend: Backend,
    /// Coefficients per polynomial.
    pub(super) size: usize,
    /// Polynomials.
    pub(super) width: usize,
    /// Per eight polynomials, per power: the coefficients; zeros in unused places.
    pub(super) groups: Vec<Vec<Block>>,
}

/// Coefficients per task.
const CHUNK: usize = 1 << 10;

impl Polys {
    /// Polynomials of these coefficients, from the lowest.
    ///
    /// # Panics
    /// If there are not equally many of each.
    pub fn from_coefficients(columns: &[&[Felt]], backend: Backend) -> Self {
        let size = columns.first().map_or(0, |column| column.len());
        for column in columns {
            assert_eq!(column.len(), size, "coefficients of each polynomial");
        }
        let groups = columns
            .chunks(LANES)
            .map(|columns| {
                let mut blocks = vec![Block::default(); size];
                blocks.par_chunks_mut(CHUNK).enumerate().for_each(|(i, blocks)| {
                    backend.dispatch(Pack { columns, first: i * CHUNK, blocks });
                });
                blocks
            })
            .collect();
        Self { backend, size, width: columns.len(), groups }
    }

    /// Coefficients per polynomial.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Number of polynomials.
    pub fn width(&self) -> usize {
        self.width
    }

    /// A polynomial's coefficients.
    ///
    /// # Panics
    /// If there is no such polynomial.
    pub fn coefficients(&self, poly: usize) -> Vec<Felt> {
        assert!(poly < self.width, "polynomial {poly} of {}", self.width);
        let element = |block: &Block| {
            let limbs = block.0.map(|limb| limb[poly % LANES]);
            Felt::from_residue(limbs).expect("blocks hold reduced residues")
        };
        self.groups[poly / LANES].iter().map(element).collect()
    }

    /// Each polynomial's value at `point`.
    pub fn evaluate_at(&self, point: Felt) -> Vec<Felt> {
        let low = super::powers(self.backend, Felt::ONE, point, CHUNK.min(self.size));
        let mut values = Vec::with_capacity(self.groups.len() * LANES);
        for blocks in &self.groups {
            let value = blocks
                .par_chunks(CHUNK)
                .enumerate()
                .map(|(i, blocks)| {
                    let first = point.pow([(i * CHUNK) as u64, 0, 0, 0]);
                    self.backend.dispatch(Dot { blocks, powers: &low, first })
                })
                .reduce(|| [Felt::ZERO; LANES], |a, b| std::array::from_fn(|i| a[i] + b[i]));
            values.extend(value);
        }
        values.truncate(self.width);
        values
    }

    /// The coefficients of the polynomials' sum, each multiplied by its weight.
    ///
    /// # Panics
    /// If there are not as many weights as polynomials.
    pub fn combine(&self, weights: &[Felt]) -> Vec<Felt> {
        assert_eq!(weights.len(), self.width, "weights of the polynomials");
        let mut padded = weights.to_vec();
        padded.resize(self.groups.len() * LANES, Felt::ZERO);
        let mut sum = vec![Felt::ZERO; self.size];
        sum.par_chunks_mut(CHUNK).enumerate().for_each(|(i, target)| {
            let (groups, weights) = (&self.groups, &padded);
            self.backend.dispatch(Combine { groups, weights, first: i * CHUNK, target });
        });
        sum
    }
}

struct Pack<'a> {
    columns: &'a [&'a [Felt]],
    first: usize,
    blocks: &'a mut [Block],
}

impl Kernel for Pack<'_> {
    type Output = ();
    #[inline(always)]
    fn run<P: Packed>(self) {
        for (i, block) in self.blocks.iter_mut().enumerate() {
            let mut lanes = [&Felt::ZERO; LANES];
            for (lane, column) in lanes.iter_mut().zip(self.columns) {
                *lane = &column[self.first + i];
            }
            P::load(lanes).store_block(block);
        }
    }
}

/// `first·Σ powers[i]·blocks[i]`.
struct Dot<'a> {
    blocks: &'a [Block],
    powers: &'a [Felt],
    first: Felt,
}

impl Kernel for Dot<'_> {
    type Output = [Felt; LANES];
    #[inline(always)]
    fn run<P: Packed>(self) -> [Felt; LANES] {
        let mut sum = P::zero();
        let powers = self.powers.chunks(P::MAX_PRODUCTS);
        for (blocks, powers) in self.blocks.chunks(P::MAX_PRODUCTS).zip(powers) {
            let mut products = P::no_products();
            for (block, power) in blocks.iter().zip(powers) {
                products = P::add_product(products, P::load_block(block), P::splat(*power));
            }
            sum = sum + P::reduce(products);
        }
        (sum * P::splat(self.first)).to_array()
    }
}

struct Combine<'a> {
    groups: &'a [Vec<Block>],
    weights: &'a [Felt],
    first: usize,
    target: &'a mut [Felt],
}

impl Kernel for Combine<'_> {
    type Output = ();
    #[inline(always)]
    fn run<P: Packed>(self) {
        for (i, target) in self.target.iter_mut().enumerate() {
            let mut sum = P::zero();
            let weights = self.weights.chunks(P::MAX_PRODUCTS * LANES);
            for (groups, weights) in self.groups.chunks(P::MAX_PRODUCTS).zip(weights) {
                let mut products = P::no_products();
                for (blocks, weights) in groups.iter().zip(weights.chunks_exact(LANES)) {
                    let block = P::load_block(&blocks[self.first + i]);
                    products = P::add_product(products, block, P::load_slice(weights));
                }
                sum = sum + P::reduce(products);
            }
            *target = sum.lane_sum();
        }
    }
}
