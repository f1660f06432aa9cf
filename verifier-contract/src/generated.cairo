//! Written by `tensor-air/tests/cairo.rs` from the Rust crates, and compared with them by a test. Not to be edited.

/// The constraints at one point.
pub mod constraints;
/// Numbers of protocol and AIR, and the parameters of proofs.
pub mod params;
/// Rows of all trees: their leaves, and their combination for DEEP.
pub mod rows;
