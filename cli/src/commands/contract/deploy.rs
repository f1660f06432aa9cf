//! `nilo contract deploy`: a package's contract, without a registry.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::chain::{class, ChainArgs, Deployment, SendArgs, Session, Transaction};
use crate::output::{Message, Output};
use crate::table::fields;
use nilometer_package::Package;

/// Arguments of `nilo contract deploy`.
#[derive(Debug, Args)]
pub struct DeployArgs {
    /// The package
    pub package: PathBuf,
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
    let package = Package::open(&args.package)?;
    let class = class::package(&package)?.class;
    let session = Session::open(&args.chain)?;
    let sender = session.sender()?;
    let doing = "deploying the contract";
    output.result(&Deployment::new(&session, &sender, &class, &[], args.send, doing)?)?;
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
