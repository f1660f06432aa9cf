//! Programs: what is run, proved and named by its hash.

mod build;
mod builtin;
mod code_map;
mod entry;
mod error;
mod json;

use std::sync::OnceLock;

use nilometer_field::poseidon;
use starknet_types_core::felt::Felt;

pub use builtin::Builtin;
pub use code_map::CodeMap;
pub use entry::{END_PC, ENTRY_PC, HEADER_LEN};
pub use error::ProgramError;

use crate::hint::Hint;
use crate::short_string;

/// The most felts of code that a program may have: as many as can be proved.
pub const MAX_CODE_LEN: usize = nilometer_air::cairo::claim::MAX_CODE_LEN;

/// First felt of what [`Program::hash`] hashes.
const HASH_TAG: &str = "nilometer-program-v1";

/// A compiled program: CASM with the header of a proof-mode run, hints and builtins.
///
/// It starts at [`ENTRY_PC`], ends at [`END_PC`], and its first [`HEADER_LEN`] words are
/// `ap += builtins; call rel 4; jmp rel 0`. Its input comes through a hint, so a proof about it
/// binds the input only if the program writes it (or its hash) to the output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub(crate) function: String,
    pub(crate) builtins: Vec<Builtin>,
    pub(crate) code_offset: usize,
    pub(crate) bytecode: Vec<Felt>,
    /// Hints in order of address, with where each one stands.
    pub(crate) hints: Vec<Hint>,
    /// Strictly rising addresses, each with how many of `hints` stand there.
    pub(crate) hint_counts: Vec<(usize, usize)>,
    pub(crate) cached_hash: CachedHash,
}

/// The hash, once somebody has asked for it: long programs take a while.
#[derive(Clone, Debug, Default)]
pub(crate) struct CachedHash(OnceLock<Felt>);

/// It follows from the rest.
impl PartialEq for CachedHash {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for CachedHash {}

impl Program {
    /// Full path of the Cairo function that it was compiled from.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// The builtins, in canonical order; the first is the output.
    pub fn builtins(&self) -> &[Builtin] {
        &self.builtins
    }

    /// The whole code: header, entry code, functions, constants, footer.
    pub fn bytecode(&self) -> &[Felt] {
        &self.bytecode
    }

    /// Length of the whole code in felts; each one is a cell of public memory in a proof.
    pub fn code_len(&self) -> usize {
        self.bytecode.len()
    }

    /// Where the compiled functions start, after header and entry code.
    pub fn code_offset(&self) -> usize {
        self.code_offset
    }

    /// Number of hints.
    pub fn n_hints(&self) -> usize {
        self.hints.len()
    }

    /// Hints with their addresses.
    pub fn hints(&self) -> impl Iterator<Item = (usize, &Hint)> {
        let addresses =
            self.hint_counts.iter().flat_map(|(pc, count)| std::iter::repeat_n(*pc, *count));
        addresses.zip(&self.hints)
    }

    /// The program's identity: Poseidon over a version tag, the builtins (their number, then
    /// their names as short strings), the entry point, the length of the code and the code.
    ///
    /// Every list is preceded by its length, so different programs hash different felts. Hints
    /// are no part of it: they choose witnesses, not what is proved.
    pub fn hash(&self) -> Felt {
        *self.cached_hash.0.get_or_init(|| self.compute_hash())
    }

    fn compute_hash(&self) -> Felt {
        let mut felts = Vec::with_capacity(self.bytecode.len() + self.builtins.len() + 4);
        felts.push(short_string::encode(HASH_TAG));
        felts.push(self.builtins.len().into());
        felts.extend(self.builtins.iter().map(|b| short_string::encode(b.name())));
        felts.push(ENTRY_PC.into());
        felts.push(self.bytecode.len().into());
        felts.extend_from_slice(&self.bytecode);
        poseidon::hash_starknet(&felts)
    }
}
