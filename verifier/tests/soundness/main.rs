//! Soundness of the AIR and the verifier: what a cheating prover could try, each attempt
//! by name.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cases;
mod files;
mod forge;
mod forged;
mod lookups;
mod machine;
mod mutation;
mod pinned;
mod proofs;
mod public;
mod random;
mod rows;
mod spelling;
