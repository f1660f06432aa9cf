//! `nilo contract`: a package's contract on its own, without a registry.

pub mod build;
pub mod declare;
pub mod deploy;

use anyhow::Result;
use clap::Subcommand;

use crate::output::Output;

/// What to do with a contract.
#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// Show a package's contract: hashes, sizes, limits
    Build(build::BuildArgs),
    /// Declare a package's contract class
    Declare(declare::DeclareArgs),
    /// Deploy a package's contract, declaring its class if need be
    Deploy(deploy::DeployArgs),
}

/// Runs a command; its exit code.
///
/// # Errors
/// Whatever went wrong.
pub fn run(command: &ContractCommand, output: &Output) -> Result<u8> {
    match command {
        ContractCommand::Build(args) => build::run(args, output),
        ContractCommand::Declare(args) => declare::run(args, output),
        ContractCommand::Deploy(args) => deploy::run(args, output),
    }
}
