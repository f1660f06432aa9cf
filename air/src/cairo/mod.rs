//! The Cairo VM, one row per step.
//!
//! | part | where |
//! |---|---|
//! | what is claimed | [`claim`] |
//! | addresses of memory | [`address`] |
//! | instructions and their decoding | [`isa`] |
//! | columns of the trace | [`layout`] |
//! | constraints | [`constraints`] |
//! | first and last values | [`boundary`] |
//! | lookups between trace, public tables and memory | [`lookup`] |
//! | what the prover adds to the claim | [`advice`] |
//! | all of it as a Winterfell AIR | [`CairoAir`] |
//! | parameters and their security | [`security`] |
//! | files | [`mod@file`] |
//!
//! The program, the output and the table of 12-bit integers are *public tables*: the verifier has them, so
//! they take no rows of the trace. The prover states in the open how often each of their entries is
//! looked up ([`advice`]), before any challenge is drawn. Three things follow. The verifier decodes the
//! instructions itself, so a row's flags and offsets need no constraints of their own: a row that is not
//! a decoded instruction of the program is not in the table. Only the stack and the heap take rows, one
//! cell per row. And short runs have short traces, because no table sets a least length.

mod air;
mod builtin;

pub mod address;
pub mod advice;
pub mod boundary;
pub mod claim;
pub mod constraints;
pub mod file;
pub mod isa;
pub mod layout;
pub mod lookup;
pub mod proof_system;
pub mod security;

pub use advice::{Advice, AdviceError};
pub use air::{challenge_array, trace_info, CairoAir, PublicInputs, MAX_ROWS, MIN_ROWS};
pub use builtin::Builtin;
pub use claim::{program_hash, Claim, ClaimError};
pub use file::{FileError, ProofFile, FORMAT_VERSION, MAGIC};
pub use security::{proven_bits, Security};
