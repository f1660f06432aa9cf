//! The builtins of the Cairo VM that programs may use.

use serde::{Deserialize, Serialize};

use super::address;

/// A builtin; the order is the canonical one of Cairo's proof mode.
///
/// Programs may use all of them. Proofs cover only the output and the range check: [`super::Claim::new`]
/// refuses the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// The public output: 1 cell per felt.
    Output,
    /// The Pedersen hash: 3 cells per instance.
    Pedersen,
    /// Integers below 2^128: 1 cell per integer.
    RangeCheck,
    /// Bitwise and, xor and or of 251-bit integers: 5 cells per instance.
    Bitwise,
    /// The Poseidon permutation: 6 cells per instance.
    Poseidon,
}

impl Builtin {
    /// The name in Cairo and in program files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Pedersen => "pedersen",
            Self::RangeCheck => "range_check",
            Self::Bitwise => "bitwise",
            Self::Poseidon => "poseidon",
        }
    }

    /// Memory cells per instance.
    pub const fn cells(self) -> usize {
        match self {
            Self::Output | Self::RangeCheck => 1,
            Self::Pedersen => 3,
            Self::Bitwise => 5,
            Self::Poseidon => 6,
        }
    }

    /// The address of the first cell. Builtins that proofs do not cover come after the others, at the same
    /// distance.
    pub const fn base(self) -> u64 {
        const DISTANCE: u64 = address::RANGE_CHECK - address::OUTPUT;
        match self {
            Self::Output => address::OUTPUT,
            Self::RangeCheck => address::RANGE_CHECK,
            Self::Pedersen => address::RANGE_CHECK + DISTANCE,
            Self::Bitwise => address::RANGE_CHECK + 2 * DISTANCE,
            Self::Poseidon => address::RANGE_CHECK + 3 * DISTANCE,
        }
    }

    /// The number that stands for the builtin in the transcript; `None` if proofs do not cover it.
    pub(super) const fn transcript_tag(self) -> Option<u64> {
        match self {
            Self::Output => Some(1),
            Self::RangeCheck => Some(2),
            Self::Pedersen | Self::Bitwise | Self::Poseidon => None,
        }
    }
}
