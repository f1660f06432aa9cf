//! The transform itself, in pieces that the second-level cache holds.

use rayon::prelude::*;

use super::layers;
use crate::memory::{prefetch, with_capacity};
use crate::packed::Factor;
use crate::{Packed, Task};

/// Up to this many values are transformed in one piece: 1024 of 320 bytes.
const LOG_PIECE: u32 = 10;

/// Whether a transform is one piece, on one thread.
pub fn is_small(log_size: u32) -> bool {
    log_size <= LOG_PIECE
}

/// Where a transform's input is read, in natural order.
pub trait Source: Sync {
    /// Eight values at `index`, to begin a sum with.
    fn get<P: Packed>(&self, index: usize) -> P::Wide;
    /// Asks for the values at `index`, if there are any, ahead of time.
    fn prefetch(&self, index: usize);
}

/// Where a transform's output goes.
pub trait Sink: Sync {
    /// Takes the values of bit-reversed places `first, first + 1, ..`. Each place is given once.
    fn put<P: Packed>(&self, first: usize, values: &[P::Wide]);
    /// Asks for where a place's values go ahead of time.
    fn prefetch(&self, place: usize);
}

/// Transforms `2^log_size` values of `source` into `sink`; `buffer` is scratch memory.
///
/// Larger sizes are a matrix of `2^high` rows and `2^low` columns. The first `high` layers mix rows only,
/// so each column is gathered, transformed and put aside as a row; the others mix columns only.
pub fn transform<P: Packed>(
    log_size: u32,
    roots: &[Factor],
    source: &impl Source,
    sink: &impl Sink,
    buffer: &mut Vec<P::Wide>,
) {
    let zero = P::widen(P::zero());
    if is_small(log_size) {
        buffer.resize(1 << log_size, zero);
        P::enter(Piece { x: &mut buffer[..], roots, source, sink });
        return;
    }
    let high = log_size.div_ceil(2);
    let low = log_size - high;
    if buffer.len() != 1 << log_size {
        *buffer = with_capacity(1 << log_size);
        buffer.resize(1 << log_size, zero);
    }
    buffer.par_chunks_mut(1 << high).enumerate().for_each(|(column, x)| {
        P::enter(Column { x, roots, source, column, stride: 1 << low });
    });
    let columns = &buffer[..];
    (0..1_usize << high).into_par_iter().for_each_init(
        || vec![zero; 1 << low],
        |x, row| P::enter(Row::<P, _> { x, roots, columns, row, stride: 1 << high, sink }),
    );
}

struct Piece<'a, W, S, T> {
    x: &'a mut [W],
    roots: &'a [Factor],
    source: &'a S,
    sink: &'a T,
}

impl<P: Packed, S: Source, T: Sink> Task<P> for Piece<'_, P::Wide, S, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (i, x) in self.x.iter_mut().enumerate() {
            *x = self.source.get::<P>(i);
        }
        layers::transform::<P>(self.x, self.roots, 0);
        self.sink.put::<P>(0, self.x);
    }
}

struct Column<'a, W, S> {
    x: &'a mut [W],
    roots: &'a [Factor],
    source: &'a S,
    column: usize,
    stride: usize,
}

impl<P: Packed, S: Source> Task<P> for Column<'_, P::Wide, S> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (i, x) in self.x.iter_mut().enumerate() {
            let index = self.column + i * self.stride;
            self.source.prefetch(index + 1);
            *x = self.source.get::<P>(index);
        }
        layers::transform::<P>(self.x, self.roots, 0);
    }
}

struct Row<'a, P: Packed, T> {
    x: &'a mut [P::Wide],
    roots: &'a [Factor],
    columns: &'a [P::Wide],
    row: usize,
    stride: usize,
    sink: &'a T,
}

impl<P: Packed, T: Sink> Task<P> for Row<'_, P, T> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        let first = self.row * self.x.len();
        for (i, x) in self.x.iter_mut().enumerate() {
            let index = self.row + i * self.stride;
            prefetch(self.columns, index + 1, 1);
            self.sink.prefetch(first + i);
            *x = self.columns[index];
        }
        layers::transform::<P>(self.x, self.roots, self.row);
        self.sink.put::<P>(first, self.x);
    }
}
