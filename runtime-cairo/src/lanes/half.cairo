//! The lanes of one half of a felt.

use crate::int::{div_rem, upcast};
use crate::scalar::{Divisor, U128ByDivisor, Words, u128s_from_felt252};
use super::Lane;

/// `N` lanes of one 128-bit word; implemented for 0 to 8.
pub trait Half<const N: felt252> {
    /// The lanes' values.
    type Values;
    /// The low and the high word of a felt whose high word holds `N` lanes.
    fn words(packed: felt252) -> (u128, u128);
    /// The values of the lanes of `word`.
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
    ) -> Self::Values;
    /// Appends the values.
    fn append(values: Self::Values, ref output: Array<felt252>);
}

/// 11 to 15 steps.
#[inline(always)]
fn two_words(packed: felt252) -> (u128, u128) {
    match u128s_from_felt252(packed) {
        Words::Narrow(low) => (low, 0),
        Words::Wide((high, low)) => (low, high),
    }
}

impl Half0 of Half<0> {
    type Values = ();
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        match u128s_from_felt252(packed) {
            Words::Narrow(low) => (low, 0),
            Words::Wide(_) => core::panic_with_felt252('lanes: overflow'),
        }
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(word: u128, radix: NonZero<Divisor>, lane: M) -> () {}
    #[inline(always)]
    fn append(values: (), ref output: Array<felt252>) {}
}

impl Half1 of Half<1> {
    type Values = [felt252; 1];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 1] {
        [lane.apply(word)]
    }
    #[inline(always)]
    fn append(values: [felt252; 1], ref output: Array<felt252>) {
        let [v0] = values;
        output.append(v0);
    }
}

impl Half2 of Half<2> {
    type Values = [felt252; 2];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 2] {
        let (r1, r0) = div_rem(word, radix);
        [lane.apply(upcast(r0)), lane.apply(upcast(r1))]
    }
    #[inline(always)]
    fn append(values: [felt252; 2], ref output: Array<felt252>) {
        let [v0, v1] = values;
        output.append(v0);
        output.append(v1);
    }
}

impl Half3 of Half<3> {
    type Values = [felt252; 3];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 3] {
        let (word, r0) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (r2, r1) = div_rem(word, radix);
        [lane.apply(upcast(r0)), lane.apply(upcast(r1)), lane.apply(upcast(r2))]
    }
    #[inline(always)]
    fn append(values: [felt252; 3], ref output: Array<felt252>) {
        let [v0, v1, v2] = values;
        output.append(v0);
        output.append(v1);
        output.append(v2);
    }
}

impl Half4 of Half<4> {
    type Values = [felt252; 4];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 4] {
        let (word, r0) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r1) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (r3, r2) = div_rem(word, radix);
        [
            lane.apply(upcast(r0)),
            lane.apply(upcast(r1)),
            lane.apply(upcast(r2)),
            lane.apply(upcast(r3))
        ]
    }
    #[inline(always)]
    fn append(values: [felt252; 4], ref output: Array<felt252>) {
        let [v0, v1, v2, v3] = values;
        output.append(v0);
        output.append(v1);
        output.append(v2);
        output.append(v3);
    }
}

impl Half5 of Half<5> {
    type Values = [felt252; 5];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 5] {
        let (word, r0) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r1) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r2) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (r4, r3) = div_rem(word, radix);
        [
            lane.apply(upcast(r0)),
            lane.apply(upcast(r1)),
            lane.apply(upcast(r2)),
            lane.apply(upcast(r3)),
            lane.apply(upcast(r4))
        ]
    }
    #[inline(always)]
    fn append(values: [felt252; 5], ref output: Array<felt252>) {
        let [v0, v1, v2, v3, v4] = values;
        output.append(v0);
        output.append(v1);
        output.append(v2);
        output.append(v3);
        output.append(v4);
    }
}

impl Half6 of Half<6> {
    type Values = [felt252; 6];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 6] {
        let (word, r0) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r1) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r2) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r3) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (r5, r4) = div_rem(word, radix);
        [
            lane.apply(upcast(r0)),
            lane.apply(upcast(r1)),
            lane.apply(upcast(r2)),
            lane.apply(upcast(r3)),
            lane.apply(upcast(r4)),
            lane.apply(upcast(r5))
        ]
    }
    #[inline(always)]
    fn append(values: [felt252; 6], ref output: Array<felt252>) {
        let [v0, v1, v2, v3, v4, v5] = values;
        output.append(v0);
        output.append(v1);
        output.append(v2);
        output.append(v3);
        output.append(v4);
        output.append(v5);
    }
}

impl Half7 of Half<7> {
    type Values = [felt252; 7];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 7] {
        let (word, r0) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r1) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r2) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r3) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r4) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (r6, r5) = div_rem(word, radix);
        [
            lane.apply(upcast(r0)),
            lane.apply(upcast(r1)),
            lane.apply(upcast(r2)),
            lane.apply(upcast(r3)),
            lane.apply(upcast(r4)),
            lane.apply(upcast(r5)),
            lane.apply(upcast(r6))
        ]
    }
    #[inline(always)]
    fn append(values: [felt252; 7], ref output: Array<felt252>) {
        let [v0, v1, v2, v3, v4, v5, v6] = values;
        output.append(v0);
        output.append(v1);
        output.append(v2);
        output.append(v3);
        output.append(v4);
        output.append(v5);
        output.append(v6);
    }
}

impl Half8 of Half<8> {
    type Values = [felt252; 8];
    #[inline(always)]
    fn words(packed: felt252) -> (u128, u128) {
        two_words(packed)
    }
    #[inline]
    fn split<M, +Copy<M>, +Drop<M>, +Lane<M>>(
        word: u128, radix: NonZero<Divisor>, lane: M,
        ) -> [
        felt252
    ; 8] {
        let (word, r0) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r1) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r2) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r3) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r4) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (word, r5) = div_rem(word, radix);
        let word = upcast::<_, u128>(word);
        let (r7, r6) = div_rem(word, radix);
        [
            lane.apply(upcast(r0)),
            lane.apply(upcast(r1)),
            lane.apply(upcast(r2)),
            lane.apply(upcast(r3)),
            lane.apply(upcast(r4)),
            lane.apply(upcast(r5)),
            lane.apply(upcast(r6)),
            lane.apply(upcast(r7))
        ]
    }
    #[inline(always)]
    fn append(values: [felt252; 8], ref output: Array<felt252>) {
        let [v0, v1, v2, v3, v4, v5, v6, v7] = values;
        output.append(v0);
        output.append(v1);
        output.append(v2);
        output.append(v3);
        output.append(v4);
        output.append(v5);
        output.append(v6);
        output.append(v7);
    }
}
