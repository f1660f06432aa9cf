//! `nilo`: verifiable machine learning on Starknet from the command line.
//!
//! Input: arguments and files. Output: a report on standard output, as text or (`--json`) as one JSON
//! object; progress and logs on standard error; an exit code ([`failure::Kind`]). This is the only
//! crate that prints or exits, and it computes nothing that a library could.

mod answer;
mod args;
#[cfg(feature = "chain")]
mod chain;
mod commands;
mod failure;
mod felt;
mod input;
mod interrupt;
mod logging;
mod model_file;
mod output;
mod progress;
mod proving;
mod rows;
mod settings;
#[cfg(feature = "explore")]
mod site;
mod table;

use std::process::ExitCode;

use clap::Parser;

use args::Cli;
use output::Output;

fn main() -> ExitCode {
    // Clap's own errors must be JSON too, so the flag is looked for before it is parsed.
    let json = std::env::args_os().skip(1).take_while(|arg| arg != "--").any(|arg| arg == "--json");
    let output = Output::new(json);
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output.usage(&error),
    };
    logging::install();
    interrupt::install();
    match commands::run(cli.command, &output) {
        Ok(code) => code.into(),
        Err(_) if interrupt::happened() => interrupt::EXIT_CODE.into(),
        Err(error) => output.failure(&error),
    }
}
