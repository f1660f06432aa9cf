//! What a package is: the folder that a model compiles to.
//!
//! | stage | input | output |
//! |---|---|---|
//! | [`pipeline::transpile`] | ONNX bytes and settings | a package on disk |
//! | [`Package::open`] | a folder | its parts, each held against the manifest |
//! | [`pipeline::rebuild`] | ONNX bytes and a package's recipe | the hashes that they give |
//! | [`vm::run`] | a row | the program's answer, held against the Rust reference |
//! | [`check::check`] | a proof file from anyone | what it proves about a package's program |
//! | [`model_proof::check`] | a proof file from anyone, and a key | what it proves about the model with that key |
//! | [`description`] | a package's parts | the file that the registry has the hash of, and back |
//!
//! Making proofs is behind the feature `prove`: checking them needs no prover. This crate prints nothing,
//! talks to no chain, and knows nothing of command lines or web pages.
//!
//! ```
//! use nilometer_package::{vm, Package};
//!
//! let bundle = include_bytes!("../../examples/rockybot/rockybot.package.json");
//! let package = Package::of_bytes("rockybot", bundle)?;
//! let (model, program) = package.model_and_program()?;
//! // Every integer of the program's output is compared with the model's.
//! let run = vm::run(&program, &model, &[0.5; 36], &Default::default())?;
//! assert_eq!(run.prediction.integers.len(), 12);
//! # Ok::<(), nilometer_package::Error>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod answer;
pub mod check;
pub mod description;
mod error;
pub mod folder;
pub mod gas;
pub mod model_proof;
pub mod numbers;
pub mod pipeline;
#[cfg(feature = "prove")]
pub mod proving;
pub mod recipe;
pub mod report;
pub mod runtime;
pub mod scratch;
pub mod vm;

use sha2::{Digest, Sha256};

pub use error::{Context, Error};
pub use folder::Package;

/// The SHA-256 of a file, as hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
