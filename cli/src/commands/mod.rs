//! The commands, one a file.

pub mod bench;
pub mod check;
pub mod completions;
pub mod contract;
pub mod demo;
pub mod devnet;
pub mod doctor;
pub mod encode;
pub mod estimate;
pub mod explore;
pub mod inspect;
pub mod prove;
pub mod registry;
pub mod run;
pub mod showcase;
pub mod transpile;
pub mod verify;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::args::Command;
use crate::output::Output;

/// Runs a command; its exit code.
///
/// # Errors
/// Whatever went wrong.
pub fn run(command: Command, output: &Output) -> Result<u8> {
    match command {
        Command::Inspect(args) => inspect::run(&args, output),
        Command::Transpile(args) => transpile::run(&args, output),
        Command::Check(args) => check::run(&args, output),
        Command::Estimate(args) => estimate::run(&args, output),
        Command::Run(args) => run::run(&args, output),
        Command::Prove(args) => prove::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Bench(args) => bench::run(&args, output),
        Command::Encode(args) => encode::run(&args, output),
        Command::Devnet(command) => devnet::run(&command, output),
        Command::Contract(command) => contract::run(&command, output),
        Command::Registry(command) => registry::run(&command, output),
        Command::Explore(args) => explore::run(&args, output),
        Command::Demo(args) => demo::run(&args, output),
        Command::Doctor(args) => doctor::run(&args, output),
        Command::Completions(args) => completions::run(&args, output),
    }
}

/// The bytes of a model file.
fn read_model(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
