//! The verifier contract against the Rust verifier.

#![allow(clippy::unwrap_used)]

mod agreement;
mod on_chain;
