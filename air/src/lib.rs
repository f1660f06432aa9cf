//! The Cairo VM as an algebraic intermediate representation.
//!
//! Input: a [`cairo::Claim`] (a program and its public output) and what a prover adds to it in the open
//! ([`cairo::Advice`]). Output: a Winterfell [`winter_air::Air`], whose constraints hold on a trace exactly
//! when the trace is a run of that program with that output; the format of proof files; the parameters
//! that reach a level of security. This crate fills no traces, proves nothing, and does no input or output.
//!
//! Each AIR is a module of its own that is named in its claims; [`cairo`] is the first.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod cairo;
