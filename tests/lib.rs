//! Shared helpers of the end-to-end tests.

#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

pub mod cairo_harness;
pub mod chain;
pub mod model_proofs;
pub mod on_chain;
pub mod synthetic;
pub mod zoo;
