//! Cairo source to Sierra to CASM to an execution trace.
//!
//! | stage | input | output |
//! |---|---|---|
//! | [`Toolchain::locate`] | the user's cache | the pinned front end and core library, made if missing |
//! | [`Toolchain::compile`] | folders of Cairo source | Sierra programs and contract classes |
//! | [`Program::from_sierra`] | Sierra | a [`Program`]: CASM, hints, builtins, a hash |
//! | [`Program::run`] | a program and its input | a [`Run`]: output, steps, trace, memory |
//! | [`compile_contract`] | a contract class | a CASM class and its sizes |
//!
//! Every stage is a pure function of its input: the same source gives the same Sierra, program,
//! hash, trace and class, byte for byte, on every machine. This crate proves nothing, knows
//! nothing of models, prints nothing, and touches no file but the cache and temporary folders.
//!
//! ```no_run
//! use std::collections::BTreeMap;
//!
//! use nilometer_cairo::{Program, RunOptions, Sources, Toolchain, ToolchainOptions};
//!
//! // The first call builds the compiler, which takes minutes.
//! let toolchain = Toolchain::locate(&ToolchainOptions::default(), &|step| eprintln!("{step:?}"))?;
//! let sources = Sources {
//!     crates: BTreeMap::from([("model".to_owned(), "model/src".into())]),
//!     main: vec!["model".to_owned()],
//! };
//! let compiled = toolchain.compile(&sources, &["model::main"], &[])?;
//! let program = Program::from_sierra(&compiled.sierra.unwrap_or_default(), "model::main")?;
//! println!("{} steps", program.run(&[], &RunOptions::default())?.steps);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod compile;
pub mod contract;
pub mod hint;
pub mod memory;
mod panic;
pub mod program;
pub mod purity;
pub mod run;
mod short_string;
pub mod toolchain;

pub use compile::{CompileError, Compiled, Sources};
pub use contract::{compile_contract, CompiledContract, ContractError};
pub use memory::Memory;
pub use program::{Builtin, CodeMap, Program, ProgramError};
pub use run::{Run, RunError, RunOptions};
pub use toolchain::{Toolchain, ToolchainError, ToolchainOptions, ToolchainStep};
