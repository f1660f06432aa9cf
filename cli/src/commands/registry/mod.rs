//! `nilo registry`: models on Starknet.

pub mod call;
pub mod challenge;
pub mod claim;
pub mod deploy;
pub mod govern;
pub mod invoke;
pub mod list;
pub mod publish;
pub mod pull;
pub mod record;
pub mod set;
pub mod settle;
pub mod show;
pub mod transfer;
pub mod verify;
pub mod withdraw;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::input::{ReadArgs, RowSelection, Source};
use crate::output::Output;

/// What to do with a registry.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Deploy a registry
    Deploy(deploy::DeployArgs),
    /// Publish a package as a model, or as a new version of one
    Publish(publish::PublishArgs),
    /// List the models
    List(list::ListArgs),
    /// Show a model: versions, terms, shares, claims
    Show(show::ShowArgs),
    /// Fetch a model's class from the chain, checked against the registered hashes
    Pull(pull::PullArgs),
    /// Check that a model's class is what an ONNX file compiles to
    Verify(verify::VerifyArgs),
    /// Ask a model on chain, without a transaction
    Call(call::CallArgs),
    /// Pay for rows and have the model executed on them on chain
    Invoke(invoke::InvokeArgs),
    /// Claim an output, backed by a bond
    Claim(claim::ClaimArgs),
    /// Have a claim executed on chain, which settles it
    Challenge(challenge::ChallengeArgs),
    /// Stake against a claim, so that only execution makes it hold
    Contest(settle::ClaimIdArgs),
    /// Settle a claim whose window has closed
    Finalize(settle::ClaimIdArgs),
    /// Record the hash of a proof: claimed, not verified on chain
    Record(record::RecordArgs),
    /// Withdraw what is yours
    Withdraw(withdraw::WithdrawArgs),
    /// Offer a model to somebody, or accept one
    Transfer(transfer::TransferArgs),
    /// Set a model's price, bond, licence, description or shares, or end it
    Set(set::SetArgs),
    /// Show what the registry's owner may and has announced; the owner's actions
    Govern(govern::GovernArgs),
}

/// Rows for a version of a model.
#[derive(Debug, Args)]
pub struct RowsArgs {
    /// The model's number
    pub id: u64,
    /// Rows (.npy, .json, .csv), in natural units; X.npy:7 is one row, counted from 0
    #[arg(short, long, value_name = "FILE[:ROW]")]
    pub input: Source,
    #[command(flatten)]
    pub read: ReadArgs,
    /// Which rows of the file: `all`, or numbers and ranges such as 0,3,5-9
    #[arg(long, default_value = "all")]
    pub rows: RowSelection,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
}

/// Runs a command; its exit code.
///
/// # Errors
/// Whatever went wrong.
pub fn run(command: &RegistryCommand, output: &Output) -> Result<u8> {
    match command {
        RegistryCommand::Deploy(args) => deploy::run(args, output),
        RegistryCommand::Publish(args) => publish::run(args, output),
        RegistryCommand::List(args) => list::run(args, output),
        RegistryCommand::Show(args) => show::run(args, output),
        RegistryCommand::Pull(args) => pull::run(args, output),
        RegistryCommand::Verify(args) => verify::run(args, output),
        RegistryCommand::Call(args) => call::run(args, output),
        RegistryCommand::Invoke(args) => invoke::run(args, output),
        RegistryCommand::Claim(args) => claim::run(args, output),
        RegistryCommand::Challenge(args) => challenge::run(args, output),
        RegistryCommand::Contest(args) => settle::contest(args, output),
        RegistryCommand::Finalize(args) => settle::finalize(args, output),
        RegistryCommand::Record(args) => record::run(args, output),
        RegistryCommand::Withdraw(args) => withdraw::run(args, output),
        RegistryCommand::Transfer(args) => transfer::run(args, output),
        RegistryCommand::Set(args) => set::run(args, output),
        RegistryCommand::Govern(args) => govern::run(args, output),
    }
}
