//! The crate from source to trace, with the toolchain of the user's cache (made on first use).
#![allow(clippy::unwrap_used)]

mod compile;
mod contract;
mod program;
mod purity;
mod run;
mod support;
mod toolchain;
