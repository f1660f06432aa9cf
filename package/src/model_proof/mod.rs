//! Proofs of the model: checked with a key of 32 bytes, without the package.
//!
//! | part | what |
//! |---|---|
//! | [`key`] | the keys of a model, and the hash that names them |
//! | [`claim`] | what a proof is about: rows and results, or a data set with its labels |
//! | [`mod@file`] | the proof file |
//! | [`check`] | whether a file proves its claim under a key |
//! | [`commit`] | the keys of a quantised graph |
//! | `prove` (feature `prove`) | proofs of its answers |
//!
//! Everything that a reader needs is in the proof file or in the key that it carries: how rows are encoded, which
//! rows the model accepts, how results are named and scaled. The file is believed in nothing: its keys must have
//! the hash that the caller brings.

pub mod check;
pub mod claim;
pub mod commit;
pub mod file;
pub mod key;
#[cfg(feature = "prove")]
pub mod prove;
mod reader;
