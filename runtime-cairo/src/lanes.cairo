//! Several integers in one felt.
//!
//! A packed felt holds `low + high` lanes of radix `M`: the first `low` of them below `2^128`, the
//! others above,
//!
//! ```text
//! V = Σ_{k < low} r_k · M^k  +  2^128 · Σ_{k < high} r_{low+k} · M^k,      0 ≤ r_k < M,
//! M^low ≤ 2^128,   M^high ≤ 2^123.
//! ```
//!
//! Packed felts add and scale as felts do, lane by lane, while no lane leaves its range: a signed
//! quantity is given an offset that makes it non-negative. Splitting costs 11 to 15 steps per felt
//! and 7 steps a lane; each half's last lane is what the divisions leave and is free.

mod half;

use crate::int::div_rem;
use crate::scalar::{Divisor, U128ByDivisor, u128_overflowing_sub};
pub use half::Half;

/// What becomes of a lane once it is split off: a struct that holds its parameters. Inline the
/// implementation (`#[inline(always)]`); it is copied once for each lane of a felt.
pub trait Lane<M> {
    /// The value of a lane that holds `lane`.
    fn apply(self: M, lane: u128) -> felt252;
}

/// `lane − offset`. 1 step.
#[derive(Copy, Drop)]
pub struct Offset {
    /// What was added to keep the lane non-negative.
    pub offset: felt252,
}

/// `⌊lane / pow⌋ − offset`: a rescaled lane. With `half = pow / 2` and an offset of `offset
/// · pow`
/// added to the lane before, this is `round-half-up(value / pow)`. 8 steps.
#[derive(Copy, Drop)]
pub struct Rescale {
    /// The power of two to divide by.
    pub pow: NonZero<Divisor>,
    /// Subtracted from the quotient.
    pub offset: felt252,
}

/// `⌊(lane − offset) / pow⌋` where `lane ≥ offset`, else 0: rescaling and ReLU at once.
/// With `half = pow / 2` added to the lane before, this is `max(round-half-up(value / pow), 0)`.
/// 13 steps where the value is positive, 8 where it is not.
#[derive(Copy, Drop)]
pub struct RescaleRelu {
    /// The power of two to divide by.
    pub pow: NonZero<Divisor>,
    /// What was added to keep the lane non-negative.
    pub offset: u128,
}

/// How felts are packed, and what becomes of their lanes: `LOW` lanes below `2^128`, from 1 to 8,
/// and `HIGH` above, from 0 to 8.
#[derive(Copy, Drop)]
pub struct Layout<const LOW: felt252, const HIGH: felt252, M> {
    /// The lanes' radix `M`.
    pub radix: NonZero<Divisor>,
    /// What becomes of a lane.
    pub lane: M,
}

/// The felt whose lanes below `2^128` are `low` and above are `high`, each first lane first. Lanes
/// may be negative if others that are added later make up for it.
pub fn pack(low: Span<felt252>, high: Span<felt252>, radix: felt252) -> felt252 {
    pack_half(low, radix, 0) + pack_half(high, radix, 0) * 0x100000000000000000000000000000000
}

fn pack_half(mut lanes: Span<felt252>, radix: felt252, total: felt252) -> felt252 {
    match lanes.pop_back() {
        Option::Some(lane) => pack_half(lanes, radix, total * radix + *lane),
        Option::None => total,
    }
}

/// Appends the values of the lanes of `packed`, first lane first.
///
/// # Panics
/// With `'lanes: overflow'` if `HIGH` is 0 and `packed` is not below `2^128`. Lanes beyond their
/// range are not noticed: prove ranges before.
#[inline]
pub fn split<
    const LOW: felt252,
    const HIGH: felt252,
    M,
    +Copy<M>,
    +Drop<M>,
    +Lane<M>,
    impl Low: Half<LOW>,
    impl High: Half<HIGH>,
    +Drop<Low::Values>,
    +Drop<High::Values>
>(
    packed: felt252, layout: Layout<LOW, HIGH, M>, ref output: Array<felt252>,
) {
    let (low, high) = High::words(packed);
    let low = Low::split(low, layout.radix, layout.lane);
    let high = High::split(high, layout.radix, layout.lane);
    // Appended together: a branch between two appends would store the array twice.
    Low::append(low, ref output);
    High::append(high, ref output);
}

impl OffsetLane of Lane<Offset> {
    #[inline(always)]
    fn apply(self: Offset, lane: u128) -> felt252 {
        lane.into() - self.offset
    }
}

impl RescaleLane of Lane<Rescale> {
    #[inline(always)]
    fn apply(self: Rescale, lane: u128) -> felt252 {
        let (quotient, _) = div_rem(lane, self.pow);
        quotient.into() - self.offset
    }
}

impl RescaleReluLane of Lane<RescaleRelu> {
    #[inline(always)]
    fn apply(self: RescaleRelu, lane: u128) -> felt252 {
        match u128_overflowing_sub(lane, self.offset) {
            Result::Ok(positive) => {
                let (quotient, _) = div_rem(positive, self.pow);
                quotient.into()
            },
            Result::Err(_) => 0,
        }
    }
}
