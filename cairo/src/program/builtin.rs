//! The builtins that a program may use.

use cairo_vm::types::builtin_name::BuiltinName;
use serde::{Deserialize, Serialize};

/// A builtin; the order is the canonical one of Cairo's proof mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Builtin {
    /// The public output.
    Output,
    /// The Pedersen hash: 3 cells an instance.
    Pedersen,
    /// Integers below 2^128: 1 cell an instance.
    RangeCheck,
    /// Bitwise and, xor and or of 251-bit integers: 5 cells an instance.
    Bitwise,
    /// The Poseidon permutation: 6 cells an instance.
    Poseidon,
}

impl Builtin {
    /// The name in Cairo.
    pub fn name(self) -> &'static str {
        self.vm_name().to_str()
    }

    /// Memory cells an instance.
    pub fn cells(self) -> usize {
        match self {
            Self::Output | Self::RangeCheck => 1,
            Self::Pedersen => 3,
            Self::Bitwise => 5,
            Self::Poseidon => 6,
        }
    }

    pub(crate) fn vm_name(self) -> BuiltinName {
        match self {
            Self::Output => BuiltinName::output,
            Self::Pedersen => BuiltinName::pedersen,
            Self::RangeCheck => BuiltinName::range_check,
            Self::Bitwise => BuiltinName::bitwise,
            Self::Poseidon => BuiltinName::poseidon,
        }
    }

    /// The builtin of a Sierra type, if it is one.
    pub(crate) fn of_sierra_type(generic_id: &str) -> Option<Self> {
        match generic_id {
            "Pedersen" => Some(Self::Pedersen),
            "RangeCheck" => Some(Self::RangeCheck),
            "Bitwise" => Some(Self::Bitwise),
            "Poseidon" => Some(Self::Poseidon),
            _ => None,
        }
    }
}
