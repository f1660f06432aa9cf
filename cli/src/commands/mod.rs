//! The commands, one per file.

pub mod bench;
pub mod check;
pub mod completions;
#[cfg(feature = "chain")]
pub mod contract;
pub mod demo;
#[cfg(feature = "chain")]
pub mod devnet;
pub mod doctor;
#[cfg(feature = "chain")]
pub mod encode;
pub mod estimate;
#[cfg(feature = "explore")]
pub mod explore;
pub mod inspect;
pub mod key;
pub mod pack;
pub mod prove;
#[cfg(feature = "chain")]
pub mod registry;
pub mod run;
pub mod transpile;
pub mod verify;

use anyhow::Result;

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
        Command::Key(args) => key::run(&args, output),
        Command::Prove(args) => prove::run(&args, output),
        Command::Verify(args) => verify::run(&args, output),
        Command::Pack(args) => pack::run(&args, output),
        Command::Bench(args) => bench::run(&args, output),
        #[cfg(feature = "chain")]
        Command::Encode(args) => encode::run(&args, output),
        #[cfg(feature = "chain")]
        Command::Devnet(command) => devnet::run(&command, output),
        #[cfg(feature = "chain")]
        Command::Contract(command) => contract::run(&command, output),
        #[cfg(feature = "chain")]
        Command::Registry(command) => registry::run(&command, output),
        #[cfg(feature = "explore")]
        Command::Explore(args) => explore::run(&args, output),
        Command::Demo(args) => demo::run(&args, output),
        Command::Doctor(args) => doctor::run(&args, output),
        Command::Completions(args) => completions::run(&args, output),
    }
}
