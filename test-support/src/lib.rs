//! What tests of several crates share: small Cairo programs and the assembler that they are written in, and the files of
//! the zoo.
//!
//! For tests alone: no crate depends on it but as a development dependency. Tests of whole models are in
//! `tests/`.
//!
//! ```
//! use nilometer_cairo::RunOptions;
//! use nilometer_test_support::programs::countdown;
//!
//! // 4 + 3 + 2 + 1
//! let program = countdown(4).program(&serde_json::json!([]));
//! let run = program.run(&[], &RunOptions::default())?;
//! assert_eq!(run.output, [10.into()]);
//! # Ok::<(), nilometer_cairo::RunError>(())
//! ```

#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails its test")]

pub mod asm;
pub mod programs;
pub mod zoo;
