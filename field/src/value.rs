//! What constraints compute with.

use std::ops::{Add, Mul, Sub};

use winter_math::FieldElement;

use crate::Felt;

/// What constraints compute with: an element, or several side by side.
pub trait Value: Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> {
    /// An element of the field.
    fn constant(felt: Felt) -> Self;
}

impl<E: FieldElement<BaseField = Felt>> Value for E {
    #[inline(always)]
    fn constant(felt: Felt) -> Self {
        Self::from(felt)
    }
}
