//! Programs: what is run, proved and named by its hash.

mod build;
pub(crate) mod builtin;
mod code_map;
mod entry;
mod error;
mod json;

use std::sync::OnceLock;

use nilometer_air::cairo::{program_hash, Claim, ClaimError};
use starknet_types_core::felt::Felt;

pub use code_map::CodeMap;
pub use nilometer_air::cairo::Builtin;

pub use entry::{END_PC, ENTRY_PC, HEADER_LEN};
pub use error::ProgramError;

use crate::hint::Hint;

/// The most felts of code that a program may have: as many as can be proved.
pub const MAX_CODE_LEN: usize = nilometer_air::cairo::claim::MAX_CODE_LEN;

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

/// The hash, once it was computed: long programs take a while.
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

    /// The program's identity: see [`program_hash`]. Hints are not part of it.
    pub fn hash(&self) -> Felt {
        let compute = || program_hash(&self.builtins, &self.words()).into();
        *self.cached_hash.0.get_or_init(compute)
    }

    /// "This program ran to its end and wrote this output": what a proof of such a run is verified against.
    ///
    /// # Errors
    /// Proofs do not cover a builtin of the program, or it or the output is too long.
    pub fn claim<F: Into<nilometer_field::Felt>>(
        &self,
        output: impl IntoIterator<Item = F>,
    ) -> Result<Claim, ClaimError> {
        let output = output.into_iter().map(Into::into).collect();
        Claim::with_program_hash(self.builtins.clone(), self.words(), output, self.hash().into())
    }

    fn words(&self) -> Vec<nilometer_field::Felt> {
        self.bytecode.iter().map(Into::into).collect()
    }
}
