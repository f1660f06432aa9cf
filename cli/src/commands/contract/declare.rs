//! `nilo contract declare`: a contract's class onto the network.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::args::ToolchainArgs;
use crate::chain::declare::declare;
use crate::chain::{class, ChainArgs, SendArgs, Session};
use crate::output::Output;

/// Arguments of `nilo contract declare`.
#[derive(Debug, Args)]
pub struct DeclareArgs {
    /// The package, any Cairo package, or a class as JSON
    pub package: PathBuf,
    /// The contract of a Cairo package, by its name or full path [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub contract: Option<String>,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// Declares.
///
/// # Errors
/// The package has no contract, the network refuses it, the account cannot pay, or the node fails.
pub fn run(args: &DeclareArgs, output: &Output) -> Result<u8> {
    let class = class::load(&args.package, args.contract.as_deref(), &args.toolchain)?.class;
    let session = Session::open(&args.chain)?;
    let sender = session.sender()?;
    output.result(&declare(&session, &sender, &class, args.send)?)?;
    Ok(0)
}
