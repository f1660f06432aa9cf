//! The Cairo VM as an algebraic intermediate representation.
//!
//! Input: a [`cairo::Claim`] (a program and its public output) and what a prover adds to it in the open
//! ([`cairo::Advice`]). Output: a Winterfell [`winter_air::Air`], whose constraints hold on a trace exactly
//! when the trace is a run of that program with that output; the format of proof files; the parameters
//! that reach a level of security. This crate fills no traces, proves nothing, and does no input or output.
//!
//! Each AIR is a module of its own, and claims name their AIR; [`cairo`] is the first.
//!
//! ```
//! use nilometer_air::cairo::claim::header;
//! use nilometer_air::cairo::{Builtin, Claim, Security};
//!
//! // The shortest program that can be claimed: the header of a proof-mode run.
//! let claim = Claim::new(vec![Builtin::Output], header(1).to_vec(), Vec::new())?;
//! assert_eq!(claim.code().len(), 6);
//!
//! // A trace of 8,192 rows at 100 bits takes 81 queries.
//! assert_eq!(Security::DEFAULT.options(1 << 13).num_queries(), 81);
//! # Ok::<(), nilometer_air::cairo::ClaimError>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cairo;
