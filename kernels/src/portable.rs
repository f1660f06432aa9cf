//! The portable implementation: one element after the other.

use std::ops::{Add, Mul, Sub};

use nilometer_field::{Felt, Value};
use winter_math::FieldElement;

use crate::packed::{Block, Factor, Packed, LANES};
use crate::Task;

/// Eight elements, computed one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar8([Felt; LANES]);

impl Scalar8 {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(Felt, Felt) -> Felt) -> Self {
        Self(std::array::from_fn(|lane| f(self.0[lane], other.0[lane])))
    }
}

impl Add for Scalar8 {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
}

impl Sub for Scalar8 {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
}

impl Mul for Scalar8 {
    type Output = Self;
    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl Value for Scalar8 {
    #[inline(always)]
    fn constant(felt: Felt) -> Self {
        Self::splat(felt)
    }
}

/// The element of a residue that came from an element.
#[inline(always)]
fn of_residue(limbs: [u64; 4]) -> Felt {
    Felt::from_residue(limbs).expect("a residue that was an element's")
}

impl Packed for Scalar8 {
    type Wide = Self;
    type Products = Self;

    #[inline(always)]
    fn enter<T: Task<Self>>(task: T) -> T::Output {
        task.run()
    }

    #[inline(always)]
    fn splat(felt: Felt) -> Self {
        Self([felt; LANES])
    }

    #[inline(always)]
    fn load(lanes: [&Felt; LANES]) -> Self {
        Self(lanes.map(|felt| *felt))
    }

    #[inline(always)]
    fn store(self, lanes: &mut [Felt; LANES]) {
        *lanes = self.0;
    }

    #[inline(always)]
    fn load_block(block: &Block) -> Self {
        Self(std::array::from_fn(|lane| {
            of_residue(std::array::from_fn(|limb| block.0[limb][lane]))
        }))
    }

    #[inline(always)]
    fn store_block(self, block: &mut Block) {
        for (lane, felt) in self.0.iter().enumerate() {
            for (limb, value) in felt.residue().into_iter().enumerate() {
                block.0[limb][lane] = value;
            }
        }
    }

    #[inline(always)]
    fn halve(self, log2: u32) -> Self {
        self * Self::splat(half_power(log2))
    }

    #[inline(always)]
    fn widen(self) -> Self {
        self
    }

    #[inline(always)]
    fn mul_wide(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    fn narrow(sum: Self) -> Self {
        sum
    }

    #[inline(always)]
    fn add_wide(a: Self, b: Self) -> Self {
        a + b
    }

    #[inline(always)]
    fn sub_wide(a: Self, b: Self) -> Self {
        a - b
    }

    #[inline(always)]
    fn factor(felt: Felt) -> Factor {
        let [a, b, c, d] = felt.residue();
        Factor([a, b, c, d, 0])
    }

    #[inline(always)]
    fn spread(factor: &Factor) -> Self {
        let [a, b, c, d, ..] = factor.0;
        Self::splat(of_residue([a, b, c, d]))
    }

    #[inline(always)]
    fn scale(sum: Self, factor: &Factor) -> Self {
        let [a, b, c, d, ..] = factor.0;
        let factor = of_residue([a, b, c, d]);
        Self(sum.0.map(|felt| felt * factor))
    }

    #[inline(always)]
    fn no_products() -> Self {
        Self([Felt::ZERO; LANES])
    }

    #[inline(always)]
    fn add_product(sum: Self, a: Self, b: Self) -> Self {
        sum + a * b
    }

    #[inline(always)]
    fn reduce(sum: Self) -> Self {
        sum
    }
}

/// `2^-log2`, `log2` at most 48: as `p = C·2^192 + 1`, it is `-C·2^(192 - log2)`.
#[inline(always)]
fn half_power(log2: u32) -> Felt {
    const C: u64 = (1 << 59) + 17;
    assert!(log2 <= 48, "2^-{log2} is too small");
    if log2 == 0 {
        return Felt::ONE;
    }
    let limbs = [0, 0, C << (64 - log2), C >> log2];
    -Felt::from_limbs(limbs).expect("limbs below the modulus's")
}
