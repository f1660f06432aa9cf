//! A STARK protocol with preprocessed columns over the Stark field.
//!
//! Input: an [`Air`] (the constraints of a statement), the columns of a trace that satisfies them, and a
//! commitment to the AIR's preprocessed columns. Output: a proof as bytes, or the verdict on one. This crate
//! knows no model and no virtual machine, and does no input or output. Proofs hide nothing.
//!
//! | part | where |
//! |---|---|
//! | what a statement has to say of itself | [`air`] |
//! | parameters, by level, target and rows | [`params`] |
//! | what they are worth | [`security`] |
//! | hash functions | [`hash`] |
//! | the proof's bytes and the verifier | [`mod@verify`] |
//! | the prover, with feature `prove` | [`mod@prove`] |
//!
//! The protocol: commit to the main columns, draw the challenges, commit to the auxiliary columns, draw α,
//! commit to the quotient of the constraints (combined with powers of α), draw z, send all columns' values
//! at z and some at z·g, draw γ, and prove with FRI that the combination of all `(f - f(z))/(X - z)` with
//! powers of γ is of low degree (DEEP; Ben-Sasson, Goldberg, Kopparty, Saraf, 2019, and StarkWare's
//! ethSTARK documentation, 2021). The verifier does not depend on the prover's half, in which all threads and
//! vector instructions are.
//!
//! ```
//! use nilometer_stark::params::{Level, Params, Target};
//! use nilometer_stark::security::{bits, Counts};
//!
//! let params = Params::new(Level::Bits100, Target::Native, 1 << 12);
//! assert!(bits(&params, &Counts::LARGE) >= 100);
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod air;
mod domain;
pub mod hash;
mod layout;
mod merkle;
pub mod params;
#[cfg(feature = "prove")]
pub mod prove;
pub mod security;
#[cfg(test)]
mod tests;
mod transcript;
pub mod verify;

#[cfg(test)]
extern crate self as nilometer_stark;

pub use air::{Air, AirError, Columns, ConstraintInfo, Frame, Kind, Shape};
pub use hash::{Blake3, Hash, Poseidon};
pub use layout::LayoutError;
pub use nilometer_field::{Felt, Value};
pub use params::{Level, Params, Target};
#[cfg(feature = "prove")]
pub use prove::{prove, Preprocessed, ProveError};
pub use transcript::{short_string, PROTOCOL, PROTOCOL_VERSION};
pub use verify::{proof_felts, verify, VerifyError};
