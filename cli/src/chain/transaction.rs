//! Sending: estimate, then send, then wait; or only the first.

use anyhow::Result;
use nilometer_starknet::{Call, Fee, Network, Receipt, Sender};
use serde::Serialize;

use super::amount::Amount;
use super::{hex, SendArgs, Session};
use crate::progress::Progress;
use nilometer_package::numbers::thousands;

/// A transaction, as commands show it.
#[derive(Clone, Debug, Serialize)]
pub struct Transaction {
    /// Whether nothing was sent.
    pub dry_run: bool,
    /// Its hash, if it was sent.
    pub tx_hash: Option<String>,
    /// L2 gas that it used; would use, if nothing was sent.
    pub gas_l2: u64,
    /// L1 data gas.
    pub gas_l1_data: u64,
    /// The fee in the smallest unit of STRK.
    pub fee: Amount,
    /// The fee that was estimated before.
    pub estimated_fee: Amount,
    /// A page about it.
    pub page: Option<String>,
}

impl Transaction {
    /// A transaction that was sent.
    pub fn sent(network: Network, estimate: &Fee, receipt: &Receipt) -> Self {
        Self {
            dry_run: false,
            tx_hash: Some(hex(&receipt.tx_hash)),
            page: network.transaction_page(receipt.tx_hash),
            ..Self::estimated(&receipt.fee, estimate)
        }
    }

    /// A transaction that was only estimated.
    pub fn planned(estimate: &Fee) -> Self {
        Self::estimated(estimate, estimate)
    }

    fn estimated(fee: &Fee, estimate: &Fee) -> Self {
        Self {
            dry_run: true,
            tx_hash: None,
            gas_l2: fee.gas_l2,
            gas_l1_data: fee.gas_l1_data,
            fee: Amount(fee.fri),
            estimated_fee: Amount(estimate.fri),
            page: None,
        }
    }

    /// Lines for people.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let gas = format!("{} L2, {} L1 data", thousands(self.gas_l2), thousands(self.gas_l1_data));
        if self.dry_run {
            return vec![
                ("gas", format!("{gas} (estimated)")),
                ("fee", format!("{} (estimated); nothing was sent", self.fee)),
            ];
        }
        let estimated = format!("{} ({} estimated)", self.fee, self.estimated_fee);
        let mut fields = vec![
            ("transaction", self.tx_hash.clone().unwrap_or_default()),
            ("gas", gas),
            ("fee", estimated),
        ];
        fields.extend(self.page.clone().map(|page| ("page", page)));
        fields
    }
}

/// Estimates the fee and, unless that is all that is wanted, sends the calls in one transaction and waits.
///
/// # Errors
/// A contract refuses, the account cannot pay, or the node fails.
pub fn send(
    session: &Session,
    sender: &Sender,
    calls: Vec<Call>,
    args: SendArgs,
    doing: &str,
) -> Result<(Transaction, Option<Receipt>)> {
    let progress = Progress::spinner(&format!("{doing}: estimating the fee"));
    let estimate = session.wait(sender.estimate(calls.clone()))?;
    if args.dry_run {
        return Ok((Transaction::planned(&estimate), None));
    }
    progress.say(&format!("{doing}: sending, for about {}", Amount(estimate.fri)));
    let tx_hash = session.wait(sender.send(calls))?;
    progress.say(&format!("{doing}: waiting for {tx_hash:#x}"));
    let receipt = session.wait(session.chain.wait(tx_hash))?;
    Ok((Transaction::sent(session.network, &estimate, &receipt), Some(receipt)))
}
