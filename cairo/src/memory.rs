//! Memory after a run, as a proof sees it.

use std::collections::BTreeMap;

use nilometer_air::cairo::address;
use starknet_types_core::felt::Felt;

use crate::program::Builtin;

/// Address of the program's first word.
pub const PROGRAM_BASE: usize = address::PROGRAM as usize;
/// Address of the stack's first cell; other segments (arrays, what hints allocate) follow without gaps.
pub const EXECUTION_BASE: usize = address::EXECUTION as usize;

/// Address of a builtin's first cell.
pub fn builtin_base(builtin: Builtin) -> usize {
    builtin.base() as usize
}

/// The value of each address that a run used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Parts by the address of their first cell.
    parts: BTreeMap<usize, Vec<Option<Felt>>>,
}

impl Memory {
    /// The value at an address; `None` if the run never set it.
    pub fn get(&self, address: usize) -> Option<Felt> {
        let (base, cells) = self.parts.range(..=address).next_back()?;
        *cells.get(address - base)?
    }

    /// The cells of the part that starts at an address; holes are `None`.
    pub fn part(&self, base: usize) -> &[Option<Felt>] {
        self.parts.get(&base).map_or(&[], Vec::as_slice)
    }

    /// Appends a cell to the part that starts at an address.
    pub(crate) fn push(&mut self, base: usize, cell: Option<Felt>) {
        self.parts.entry(base).or_default().push(cell);
    }
}
