//! Cairo source to Sierra to CASM to an execution trace.

pub mod felt;
pub mod hint;
mod panic;
pub mod program;
pub mod run;

pub use program::{Builtin, CodeMap, Program, ProgramError};
pub use run::{Run, RunError, RunOptions};
