//! Eight elements side by side.

use std::fmt::Debug;

use nilometer_field::{Felt, Value};

use crate::Task;

/// Elements in a [`Packed`].
pub const LANES: usize = 8;

/// One element, prepared for [`Packed::scale`]; its content belongs to the packed type that made it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Factor(pub(crate) [u64; 5]);

/// Eight elements in memory: the limbs of their residues, lowest limb first, each limb of all lanes together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Block(pub(crate) [[u64; LANES]; 4]);

/// Eight elements side by side; arithmetic is lane by lane.
///
/// Long sums need not be reduced at each step: [`Packed::Wide`] delays the reduction, within bounds that its
/// users keep, and [`Packed::Products`] delays even the reduction of products.
pub trait Packed: Value + Debug + Send + Sync + 'static {
    /// A sum that is not reduced. Its terms: at most one of [`Packed::widen`] of any value or of
    /// [`Packed::mul_wide`], and up to [`Self::MAX_TERMS`] results of [`Packed::scale`] or of
    /// [`Packed::narrow`]. Or up to eight of [`Packed::widen`] of any values, and nothing else; such a sum is
    /// for [`Packed::narrow`] alone.
    type Wide: Copy + Send + Sync + Debug;
    /// A sum of up to [`Self::MAX_PRODUCTS`] products that is not reduced.
    type Products: Copy;

    /// Terms that a [`Packed::Wide`] holds.
    const MAX_TERMS: usize = 40;
    /// Products that a [`Packed::Products`] holds.
    const MAX_PRODUCTS: usize = 64;

    /// Runs a task with this type, in a function that is compiled for its instructions.
    fn enter<T: Task<Self>>(task: T) -> T::Output;

    /// The same element in each lane.
    fn splat(felt: Felt) -> Self;
    /// One element for each lane.
    fn load(lanes: [&Felt; LANES]) -> Self;
    /// Each lane's element.
    fn store(self, lanes: &mut [Felt; LANES]);
    /// Eight elements as a block.
    fn load_block(block: &Block) -> Self;
    /// The block, of fully reduced residues.
    fn store_block(self, block: &mut Block);
    /// `self·self`.
    #[inline(always)]
    fn square(self) -> Self {
        self * self
    }
    /// The element divided by `2^log2`; at most 48.
    fn halve(self, log2: u32) -> Self;

    /// A sum of one term.
    fn widen(self) -> Self::Wide;
    /// The product, as a sum's first term.
    fn mul_wide(self, other: Self) -> Self::Wide;
    /// A sum's value.
    fn narrow(sum: Self::Wide) -> Self;
    /// A sum of both sums' terms.
    fn add_wide(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// A sum of both sums' terms, the second's negated.
    fn sub_wide(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// A factor for [`Packed::scale`].
    fn factor(felt: Felt) -> Factor;
    /// The factor's element in each lane; takes less time than [`Packed::splat`].
    fn spread(factor: &Factor) -> Self;
    /// A sum, multiplied in all lanes by one element: one term.
    fn scale(sum: Self::Wide, factor: &Factor) -> Self::Wide;

    /// The empty sum of products.
    fn no_products() -> Self::Products;
    /// A sum with `a·b` added.
    fn add_product(sum: Self::Products, a: Self, b: Self) -> Self::Products;
    /// A sum's value.
    fn reduce(sum: Self::Products) -> Self;

    /// Zero in each lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::load_block(&Block([[0; LANES]; 4]))
    }

    /// Eight consecutive elements, such as eight columns of one row of a row-major matrix.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline(always)]
    fn load_slice(felts: &[Felt]) -> Self {
        Self::load_strided(felts, 1)
    }

    /// Elements 0, `stride`, .., `7·stride`: eight rows of one column of a row-major matrix of that width.
    ///
    /// # Panics
    /// If there are too few.
    #[inline(always)]
    fn load_strided(felts: &[Felt], stride: usize) -> Self {
        let felts = &felts[..7 * stride + 1];
        let at = |lane: usize| &felts[lane * stride];
        Self::load([at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)])
    }

    /// Stores to consecutive elements, up to eight.
    #[inline(always)]
    fn store_slice(self, felts: &mut [Felt]) {
        match felts.first_chunk_mut() {
            Some(lanes) => self.store(lanes),
            None => {
                let lanes = self.to_array();
                felts.copy_from_slice(&lanes[..felts.len()]);
            }
        }
    }

    /// Each lane's element.
    #[inline(always)]
    fn to_array(self) -> [Felt; LANES] {
        let mut lanes = [Felt::default(); LANES];
        self.store(&mut lanes);
        lanes
    }

    /// The sum of all lanes.
    #[inline(always)]
    fn lane_sum(self) -> Felt {
        let [a, b, c, d, e, f, g, h] = self.to_array();
        ((a + b) + (c + d)) + ((e + f) + (g + h))
    }
}
