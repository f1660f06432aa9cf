//! `nilo completions`: completion scripts for shells.

use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::{generate, Shell};
use serde::Serialize;

use crate::args::Cli;
use crate::output::{Message, Output};

/// Arguments of `nilo completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

/// Prints a completion script.
///
/// # Errors
/// Standard output cannot be written.
pub fn run(args: &CompletionsArgs, output: &Output) -> Result<u8> {
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "nilo", &mut script);
    let script = String::from_utf8(script)?;
    output.result(&Completions { shell: args.shell.to_string(), script })?;
    Ok(0)
}

impl Message for Completions {
    fn text(&self) -> String {
        self.script.clone()
    }
}
