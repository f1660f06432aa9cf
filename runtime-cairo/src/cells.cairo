//! Array cells without the detour that the core library's spans take.
//!
//! `Span::multi_pop_front` builds an `Option` that its caller takes apart again, 7 steps per call.
//! Matching on the libfunc itself costs nothing, but wants the snapshot inside of the span.

use core::RangeCheck;

/// A fixed-size array type.
pub trait FixedArray<S> {
    /// Its elements.
    type Element;
    /// Its length.
    const SIZE: usize;
}

impl FixedArrayImpl<T, const LENGTH: usize> of FixedArray<[T; LENGTH]> {
    type Element = T;
    const SIZE: usize = LENGTH;
}

extern fn array_snapshot_multi_pop_front<Popped, impl Info: FixedArray<Popped>>(
    ref arr: @Array<Info::Element>,
) -> Option<@Box<Popped>> implicits(RangeCheck) nopanic;

pub extern fn array_snapshot_pop_front<T>(ref arr: @Array<T>) -> Option<Box<@T>> nopanic;

extern fn array_slice<T>(
    snapshot: @Array<T>, start: usize, length: usize,
) -> Option<@Array<T>> implicits(RangeCheck) nopanic;

/// Some cells from the middle; `None` if there are too few.
pub use array_slice as slice_cells;

/// A struct of a single member.
pub trait Wrapper<T> {
    /// The member.
    type Inner;
}

impl SpanWrapper<T> of Wrapper<Span<T>> {
    type Inner = @Array<T>;
}

extern fn struct_deconstruct<T, impl Info: Wrapper<T>>(value: T) -> Info::Inner nopanic;

/// Takes the first cells as one fixed-size array; `None`, and nothing taken, if there are too few.
/// 4 steps.
pub use array_snapshot_multi_pop_front as pop_cells;

/// Takes the first cell; 2 steps.
pub use array_snapshot_pop_front as pop_cell;

/// The cells of a span. Free.
#[inline(always)]
pub fn cells<T>(span: Span<T>) -> @Array<T> {
    struct_deconstruct::<Span<T>>(span)
}
