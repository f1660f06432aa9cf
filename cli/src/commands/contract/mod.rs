//! `nilo contract`: contracts on their own, without a registry: a package's, or those of any Cairo package.

pub mod build;
pub mod call;
pub mod declare;
pub mod deploy;

use anyhow::Result;
use clap::Subcommand;

use crate::output::Output;

/// What to do with a contract.
#[derive(Debug, Subcommand)]
pub enum ContractCommand {
    /// Compile a package's contract, or those of any Cairo package: hashes, sizes, limits
    Build(build::BuildArgs),
    /// Declare a contract's class
    Declare(declare::DeclareArgs),
    /// Deploy a contract, declaring its class if need be
    Deploy(deploy::DeployArgs),
    /// Call a view of any contract
    Call(call::CallArgs),
    /// Call any contract in a transaction
    Invoke(call::InvokeArgs),
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
        ContractCommand::Call(args) => call::call(args, output),
        ContractCommand::Invoke(args) => call::invoke(args, output),
    }
}
