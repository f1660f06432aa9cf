//! A class becomes a contract: declared if it is not, then deployed.

use anyhow::{Context, Result};
use nilometer_starknet::registry::{deploy, deployed};
use nilometer_starknet::{Class, Felt, Sender};
use serde::Serialize;

use super::declare::{declare, Declared};
use super::{hex, transaction, SendArgs, Session, Transaction};

/// A contract that was deployed, or would be.
#[derive(Serialize)]
pub struct Deployment {
    /// Where it is; none if nothing was sent.
    pub address: Option<String>,
    /// Its class.
    pub class_hash: String,
    /// The deployment.
    pub tx_hash: Option<String>,
    /// L2 gas of the deployment.
    pub gas_l2: u64,
    /// What became of the class.
    pub declaration: Declared,
    /// The deployment, whole.
    pub transaction: Option<Transaction>,
}

impl Deployment {
    /// Declares and deploys, or estimates what that costs.
    ///
    /// # Errors
    /// The network refuses the class, the constructor refuses, the account cannot pay, or the node fails.
    pub fn new(
        session: &Session,
        sender: &Sender,
        class: &Class,
        constructor: &[Felt],
        args: SendArgs,
        doing: &str,
    ) -> Result<Self> {
        let mut result = Self {
            address: None,
            class_hash: hex(&class.class_hash),
            tx_hash: None,
            gas_l2: 0,
            declaration: declare(session, sender, class, args)?,
            transaction: None,
        };
        // What is not declared cannot even be estimated.
        if result.declaration.already_declared || !args.dry_run {
            let salt = session.wait(sender.nonce())?;
            let calls = vec![deploy(class.class_hash, salt, constructor)];
            let (transaction, receipt) = transaction::send(session, sender, calls, args, doing)?;
            if let Some(receipt) = receipt {
                let address = deployed(&receipt).context("the deployment names no address")?;
                result.address = Some(hex(&address));
            }
            result.tx_hash.clone_from(&transaction.tx_hash);
            result.gas_l2 = transaction.gas_l2;
            result.transaction = Some(transaction);
        }
        Ok(result)
    }
}
