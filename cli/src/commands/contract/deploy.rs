//! `nilo contract deploy`: a package's contract, without a registry.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_starknet::registry::{deploy, deployed};
use serde::Serialize;

use super::declare::{declare, Declared};
use crate::chain::{class, hex, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::output::{Message, Output};
use crate::package::Package;
use crate::table::fields;

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

/// The command's result.
#[derive(Serialize)]
struct DeployedContract {
    address: Option<String>,
    class_hash: String,
    tx_hash: Option<String>,
    gas_l2: u64,
    declaration: Declared,
    transaction: Option<Transaction>,
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
    let declaration = declare(&session, &sender, &class, args.send)?;
    let mut result = DeployedContract {
        address: None,
        class_hash: hex(&class.class_hash),
        tx_hash: None,
        gas_l2: 0,
        declaration,
        transaction: None,
    };
    // What is not declared cannot even be estimated.
    if result.declaration.already_declared || !args.send.dry_run {
        let salt = session.wait(sender.nonce())?;
        let calls = vec![deploy(class.class_hash, salt, &[])];
        let (transaction, receipt) =
            transaction::send(&session, &sender, calls, args.send, "deploying the contract")?;
        if let Some(receipt) = receipt {
            let address = deployed(&receipt).context("the deployer told no address")?;
            result.address = Some(hex(&address));
        }
        result.tx_hash.clone_from(&transaction.tx_hash);
        result.gas_l2 = transaction.gas_l2;
        result.transaction = Some(transaction);
    }
    output.result(&result)?;
    Ok(0)
}

impl Message for DeployedContract {
    fn text(&self) -> String {
        let mut list = vec![("class", self.declaration.line())];
        list.extend(self.address.clone().map(|address| ("address", address)));
        list.extend(self.transaction.iter().flat_map(Transaction::fields));
        fields(list)
    }
}
