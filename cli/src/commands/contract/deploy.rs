//! `nilo contract deploy`: a contract, without a registry.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use nilometer_starknet::Felt;

use crate::args::ToolchainArgs;
use crate::chain::{class, parse_felt, ChainArgs, Deployment, SendArgs, Session, Transaction};
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo contract deploy`.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The package, any Cairo package, or a class as JSON
    pub package: PathBuf,
    /// The contract of a Cairo package, by its name or full path [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub contract: Option<String>,
    /// What the constructor takes, as serialised felts
    #[arg(long, value_name = "FELT,…", value_delimiter = ',', value_parser = parse_felt)]
    pub constructor: Vec<Felt>,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// Deploys.
///
/// # Errors
/// The package has no contract, the network refuses it, the account cannot pay, or the node fails.
pub fn run(args: &DeployArgs, output: &Output) -> Result<u8> {
    let class = class::load(&args.package, args.contract.as_deref(), &args.toolchain)?.class;
    let session = Session::open(&args.chain)?;
    let sender = session.sender()?;
    let doing = "deploying the contract";
    output.result(&Deployment::new(
        &session,
        &sender,
        &class,
        &args.constructor,
        args.send,
        doing,
    )?)?;
    Ok(0)
}

impl Message for Deployment {
    fn text(&self) -> String {
        let mut list = vec![("class", self.declaration.line())];
        list.extend(self.address.clone().map(|address| ("address", address)));
        list.extend(self.transaction.iter().flat_map(Transaction::fields));
        fields(list)
    }
}
