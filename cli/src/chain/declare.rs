//! A class onto the network.

use anyhow::Result;
use nilometer_package::numbers::thousands;
use nilometer_starknet::{Class, Sender};
use serde::Serialize;

use super::{hex, SendArgs, Session, Transaction};
use crate::output::Message;
use crate::progress::Progress;
use crate::table::fields;

/// A declaration.
#[derive(Serialize)]
pub struct Declared {
    /// The class.
    pub class_hash: String,
    /// The hash of its CASM.
    pub compiled_class_hash: String,
    /// Whether it was declared before: that is success too.
    pub already_declared: bool,
    /// The transaction, if one was needed.
    pub tx_hash: Option<String>,
    /// L2 gas of it.
    pub gas_l2: u64,
    /// The whole transaction.
    pub transaction: Option<Transaction>,
}

/// Declares a class, or estimates what that costs.
///
/// # Errors
/// The network refuses it, the account cannot pay, or the node fails.
pub fn declare(
    session: &Session,
    sender: &Sender,
    class: &Class,
    args: SendArgs,
) -> Result<Declared> {
    let progress = Progress::spinner("declaring the class: estimating the fee");
    let estimate = session.wait(sender.estimate_declare(class))?;
    let transaction = match estimate {
        None => None,
        Some(estimate) if args.dry_run => Some(Transaction::planned(&estimate)),
        Some(estimate) => {
            progress.say("declaring the class: sending, and waiting for the block");
            let receipt = session.wait(sender.declare(class))?;
            receipt.map(|receipt| Transaction::sent(session.network, &estimate, &receipt))
        }
    };
    Ok(Declared {
        class_hash: hex(&class.class_hash),
        compiled_class_hash: hex(&class.compiled_class_hash),
        already_declared: estimate.is_none(),
        tx_hash: transaction.as_ref().and_then(|transaction| transaction.tx_hash.clone()),
        gas_l2: transaction.as_ref().map_or(0, |transaction| transaction.gas_l2),
        transaction,
    })
}

impl Declared {
    /// One line for people.
    pub fn line(&self) -> String {
        match &self.transaction {
            None => format!("{} (declared before)", self.class_hash),
            Some(transaction) if transaction.dry_run => {
                format!(
                    "{} (would be declared for {} L2 gas)",
                    self.class_hash,
                    thousands(self.gas_l2)
                )
            }
            Some(_) => {
                format!("{} (declared for {} L2 gas)", self.class_hash, thousands(self.gas_l2))
            }
        }
    }
}

impl Message for Declared {
    fn text(&self) -> String {
        let mut list = vec![("class", self.line())];
        list.extend(self.transaction.iter().flat_map(Transaction::fields));
        fields(list)
    }
}
