//! Many columns: from values to polynomials, and from polynomials to a row-major low-degree extension.

use nilometer_field::Felt;
use rayon::prelude::*;
use winter_math::FieldElement;

use super::transform::{is_small, transform, Sink, Source};
use super::{powers, reverse, root_of_unity, Polys, Twiddles};
use crate::memory::{prefetch, with_capacity, Target};
use crate::packed::{Block, LANES};
use crate::{Kernel, Packed};

/// The polynomials that have these values over the subgroup, in natural order.
///
/// # Panics
/// If a column's length is not the twiddles' size.
pub fn interpolate(columns: &[&[Felt]], twiddles: &Twiddles) -> Polys {
    let size = twiddles.size();
    for column in columns {
        assert_eq!(column.len(), size, "a column's length and the transform's");
    }
    let groups = twiddles.backend.dispatch(Interpolate { columns, twiddles });
    Polys { backend: twiddles.backend, size, width: columns.len(), groups }
}

struct Interpolate<'a> {
    columns: &'a [&'a [Felt]],
    twiddles: &'a Twiddles,
}

impl Kernel for Interpolate<'_> {
    type Output = Vec<Vec<Block>>;

    fn run<P: Packed>(self) -> Vec<Vec<Block>> {
        let log_size = self.twiddles.log_size;
        let size = 1 << log_size;
        let group = |buffer: &mut Vec<P::Wide>, columns: &[&[Felt]]| {
            let mut blocks = with_capacity(size);
            let sink = Coefficients { blocks: Target::new(&mut blocks), log_size };
            let roots = &self.twiddles.inverse.factors;
            transform::<P>(log_size, roots, &Columns(columns), &sink, buffer);
            #[allow(unsafe_code, reason = "written in bit-reversed order, by several threads")]
            // SAFETY: `transform` has put each of the `size` places, and reversing bits permutes them.
            unsafe {
                blocks.set_len(size);
            }
            blocks
        };
        if is_small(log_size) {
            self.columns.par_chunks(LANES).map_init(Vec::new, group).collect()
        } else {
            let mut buffer = Vec::new();
            self.columns.chunks(LANES).map(|columns| group(&mut buffer, columns)).collect()
        }
    }
}

/// Values of up to eight columns.
struct Columns<'a>(&'a [&'a [Felt]]);

impl Source for Columns<'_> {
    #[inline(always)]
    fn get<P: Packed>(&self, index: usize) -> P::Wide {
        let mut lanes = [&Felt::ZERO; LANES];
        for (lane, column) in lanes.iter_mut().zip(self.0) {
            *lane = &column[index];
        }
        P::widen(P::load(lanes))
    }

    #[inline(always)]
    fn prefetch(&self, index: usize) {
        // Two elements are a line, so this is one ahead or two.
        for column in self.0 {
            prefetch(column, index + 1, 1);
        }
    }
}

/// Coefficients, in natural order: the transform's output divided by its size.
struct Coefficients {
    blocks: Target<Block>,
    log_size: u32,
}

impl Sink for Coefficients {
    #[inline(always)]
    fn put<P: Packed>(&self, first: usize, values: &[P::Wide]) {
        for (i, value) in values.iter().enumerate() {
            let place = reverse(first + i, self.log_size);
            #[allow(unsafe_code, reason = "bit-reversed order")]
            // SAFETY: each place is given once, and blocks are only written.
            let block = unsafe { self.blocks.slice(place, 1) };
            P::narrow(*value).halve(self.log_size).store_block(&mut block[0]);
        }
    }

    #[inline(always)]
    fn prefetch(&self, place: usize) {
        self.blocks.prefetch(reverse(place, self.log_size), 1);
    }
}

/// Rows of elements, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowMatrix {
    data: Vec<Felt>,
    width: usize,
}

impl RowMatrix {
    /// Rows of `width` elements, one after the other.
    ///
    /// # Panics
    /// If the elements are not whole rows.
    pub fn new(data: Vec<Felt>, width: usize) -> Self {
        let is_whole = data.len().checked_rem(width).map_or(data.is_empty(), |rest| rest == 0);
        assert!(is_whole, "{} elements, rows of {width}", data.len());
        Self { data, width }
    }

    /// Elements per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// A row.
    pub fn row(&self, index: usize) -> &[Felt] {
        &self.data[index * self.width..][..self.width]
    }

    /// All elements, row after row.
    pub fn data(&self) -> &[Felt] {
        &self.data
    }

    /// All elements, row after row.
    pub fn into_data(self) -> Vec<Felt> {
        self.data
    }
}

/// The values of all polynomials over `offset` times the subgroup of `blowup` times their size, one row per
/// point, in natural order.
///
/// # Panics
/// If the twiddles are of another size or other instructions than the polynomials, or `blowup` is not a
/// power of two.
pub fn evaluate(polys: &Polys, twiddles: &Twiddles, blowup: usize, offset: Felt) -> RowMatrix {
    assert!(blowup.is_power_of_two(), "a blowup of {blowup}");
    assert_eq!(polys.size, twiddles.size(), "the polynomials' size and the transform's");
    let data = twiddles.backend.dispatch(Evaluate { polys, twiddles, blowup, offset });
    RowMatrix { data, width: polys.width }
}

struct Evaluate<'a> {
    polys: &'a Polys,
    twiddles: &'a Twiddles,
    blowup: usize,
    offset: Felt,
}

impl Kernel for Evaluate<'_> {
    type Output = Vec<Felt>;

    fn run<P: Packed>(self) -> Vec<Felt> {
        let (log_size, width) = (self.twiddles.log_size, self.polys.width);
        let len = (width << log_size) * self.blowup;
        let mut rows = with_capacity(len);
        let target = Target::new(&mut rows);
        let step = root_of_unity(log_size + self.blowup.trailing_zeros());
        let extend = |buffer: &mut Vec<P::Wide>, coset: usize, powers: &[Felt], group: usize| {
            let source = Shifted { blocks: &self.polys.groups[group], powers };
            let (column, blowup) = (group * LANES, self.blowup);
            let sink = Rows { rows: &target, width, column, coset, blowup, log_size };
            let roots = &self.twiddles.forward.factors;
            transform::<P>(log_size, roots, &source, &sink, buffer);
        };
        let mut buffer = Vec::new();
        let mut shift = self.offset;
        for coset in 0..self.blowup {
            // Over shift·<g>, p(x) is p(shift·x) over <g>.
            let powers = powers(self.twiddles.backend, Felt::ONE, shift, 1 << log_size);
            let groups = 0..self.polys.groups.len();
            if is_small(log_size) {
                groups
                    .into_par_iter()
                    .for_each_init(Vec::new, |buffer, group| extend(buffer, coset, &powers, group));
            } else {
                groups.for_each(|group| extend(&mut buffer, coset, &powers, group));
            }
            shift *= step;
        }
        #[allow(unsafe_code, reason = "written in strides, by several threads")]
        // SAFETY: each coset's transforms have put all of its rows, each group its columns of them.
        unsafe {
            rows.set_len(len);
        }
        rows
    }
}

/// Coefficients of `p(shift·x)`.
struct Shifted<'a> {
    blocks: &'a [Block],
    powers: &'a [Felt],
}

impl Source for Shifted<'_> {
    #[inline(always)]
    fn get<P: Packed>(&self, index: usize) -> P::Wide {
        P::load_block(&self.blocks[index]).mul_wide(P::splat(self.powers[index]))
    }

    #[inline(always)]
    fn prefetch(&self, index: usize) {
        prefetch(self.blocks, index, 1);
    }
}

/// Up to eight columns, from `column`, of every `blowup`-th row, from row `coset`.
struct Rows<'a> {
    rows: &'a Target<Felt>,
    width: usize,
    column: usize,
    coset: usize,
    blowup: usize,
    log_size: u32,
}

impl Sink for Rows<'_> {
    #[inline(always)]
    fn put<P: Packed>(&self, first: usize, values: &[P::Wide]) {
        let count = (self.width - self.column).min(LANES);
        for (i, value) in values.iter().enumerate() {
            let row = reverse(first + i, self.log_size) * self.blowup + self.coset;
            #[allow(unsafe_code, reason = "part of a row")]
            // SAFETY: each place is given once per coset and group, and elements are only written.
            let row = unsafe { self.rows.slice(row * self.width + self.column, count) };
            P::narrow(*value).store_slice(row);
        }
    }

    #[inline(always)]
    fn prefetch(&self, place: usize) {
        let count = (self.width - self.column).min(LANES);
        let row = reverse(place, self.log_size) * self.blowup + self.coset;
        self.rows.prefetch(row * self.width + self.column, count);
    }
}
