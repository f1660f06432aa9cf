//! Lane packing: several accumulators in one field element.
//!
//! A felt carries lanes `r_k = q_k + offset`, each in `[0, radix)`: the first `n_low` below `2^128`, the
//! rest above, so that one `u128s_from_felt252` halves the felt and divisions by the radix do the
//! rest. Weights of one input column are packed the same way, so one multiplication serves every lane.

use num_bigint::BigUint;
use starknet_types_core::felt::Felt;

use crate::quant::Range;

/// How the outputs of a layer share felts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LanePlan {
    /// The number of values a lane can take.
    pub radix: u128,
    /// Added to a value to make its lane.
    pub offset: i128,
    /// Lanes in the low 128 bits: `radix^n_low ≤ 2^128`.
    pub n_low: usize,
    /// Lanes above them: `radix^n_high ≤ 2^123`, which keeps the whole below the field's modulus.
    pub n_high: usize,
}

/// What the low and the high part of a felt can hold.
const LOW_BITS: u32 = 128;
const HIGH_BITS: u32 = 123;

impl LanePlan {
    /// The tightest lanes that hold all of `ranges`. Where the values are divided by `2^align` with
    /// rounding next, the offset is chosen so that the lane itself can be divided.
    pub fn new(ranges: &[Range], align: u32) -> Self {
        let lo = ranges.iter().map(|range| range.lo).min().unwrap_or(0);
        let hi = ranges.iter().map(|range| range.hi).max().unwrap_or(0);
        // offset ≥ −lo with offset ≡ 2^(align−1) modulo 2^align: see `shift_round`.
        let offset = match align {
            0 => -lo,
            _ => {
                let (step, half) = (1i128 << align, 1i128 << (align - 1));
                -lo + (half + lo).rem_euclid(step)
            }
        };
        let radix = ((hi + offset) as u128 + 1).max(2);
        let count = |bits: u32| {
            let limit = BigUint::from(1u8) << bits;
            let (mut count, mut power) = (0, BigUint::from(radix));
            while power <= limit {
                count += 1;
                power *= radix;
            }
            count
        };
        Self { radix, offset, n_low: count(LOW_BITS), n_high: count(HIGH_BITS) }
    }

    /// Lanes in a felt.
    pub fn per_felt(&self) -> usize {
        self.n_low + self.n_high
    }

    /// Felts that `rows` lanes take.
    pub fn groups(&self, rows: usize) -> usize {
        rows.div_ceil(self.per_felt())
    }

    /// What lane `k` of a felt is multiplied with.
    pub fn place(&self, k: usize) -> Felt {
        let power = |n: usize| Felt::from(self.radix).pow(n as u128);
        if k < self.n_low {
            power(k)
        } else {
            Felt::TWO.pow(LOW_BITS as u128) * power(k - self.n_low)
        }
    }

    /// The felt whose lanes are `values` (no offset added).
    pub fn pack(&self, values: impl IntoIterator<Item = i128>) -> Felt {
        let parts = values.into_iter().enumerate().filter(|(_, value)| *value != 0);
        parts.fold(Felt::ZERO, |sum, (k, value)| sum + Felt::from(value) * self.place(k))
    }

    /// The packed offset of the first `lanes` lanes.
    pub fn pack_offset(&self, lanes: usize) -> Felt {
        self.pack(std::iter::repeat_n(self.offset, lanes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_as_tight_as_the_ranges() {
        let plan = LanePlan::new(&[Range { lo: -500, hi: 499 }, Range { lo: -3, hi: 7 }], 0);
        assert_eq!((plan.radix, plan.offset), (1000, 500));
        // 1000^12 < 2^128 < 1000^13; 1000^12 < 2^123.
        assert_eq!((plan.n_low, plan.n_high), (12, 12));
    }

    #[test]
    fn aligned_offsets_let_the_lane_be_shifted() {
        for lo in -70..=0 {
            let plan = LanePlan::new(&[Range { lo, hi: 100 }], 4);
            assert!(plan.offset >= -lo && plan.offset < -lo + 16);
            for q in lo..=100 {
                let lane = q + plan.offset;
                assert!(lane >= 0 && (lane as u128) < plan.radix);
                let shifted = (lane >> 4) - (plan.offset - 8) / 16;
                assert_eq!(shifted, crate::quant::shift_round(q, 4));
            }
        }
    }

    #[test]
    fn packing_places_each_lane() {
        let plan = LanePlan::new(&[Range { lo: -(1 << 39), hi: (1 << 39) - 1 }], 0);
        assert_eq!((plan.n_low, plan.n_high), (3, 3));
        let packed = plan.pack([1, 0, -1, 5]);
        let expected = Felt::ONE - Felt::TWO.pow(80u128) + Felt::from(5) * Felt::TWO.pow(128u128);
        assert_eq!(packed, expected);
    }
}
