//! What can be wrong with a program.

use thiserror::Error;

/// Why there is no program.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The bytes are no Sierra program.
    #[error("not a Sierra program: {reason}")]
    Sierra {
        /// What the reader says.
        reason: String,
    },
    /// There is no function of this name.
    #[error("no function `{name}` in the Sierra program, which has {}", list(.available))]
    FunctionNotFound {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        available: Vec<String>,
    },
    /// The function cannot be the entry of a program.
    #[error(
        "function `{name}` {reason}, but a program is `fn(input: Span<felt252>, ref output: Array<felt252>)`"
    )]
    Signature {
        /// The function.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The function needs something that a proof does not have.
    ///
    /// `GasBuiltin` comes with what meters gas by itself, such as `poseidon_hash_span` (a
    /// `PoseidonTrait` state does not), `SegmentArena` with dictionaries, `System` with syscalls.
    #[error("function `{name}` needs {}, which a provable program cannot have", .types.join(", "))]
    Builtin {
        /// The function.
        name: String,
        /// The Sierra types of the builtins.
        types: Vec<String>,
    },
    /// The code has a hint that cannot be run.
    #[error("the program needs the hint `{hint}`, which a provable program cannot have")]
    Hint {
        /// The compiler's name of the hint.
        hint: String,
    },
    /// Sierra did not compile.
    #[error("compiling Sierra to CASM: {reason}")]
    Casm {
        /// What the compiler says.
        reason: String,
    },
    /// The program is too long.
    #[error("the program has {actual} felts of code, {max} are allowed")]
    TooLong {
        /// What it has.
        actual: usize,
        /// What it may have.
        max: usize,
    },
    /// The bytes are no program file.
    #[error("not a program file: {reason}")]
    File {
        /// What is wrong.
        reason: String,
    },
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len() {
        0 => "none".to_owned(),
        n if n <= SHOWN => names.join(", "),
        n => format!("{} and {} more", names[..SHOWN].join(", "), n - SHOWN),
    }
}
