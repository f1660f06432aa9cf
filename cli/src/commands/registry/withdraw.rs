//! `nilo registry withdraw`: what is yours.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::{Event, Felt};
use serde::Serialize;

use crate::chain::amount::Amount;
use crate::chain::lookup::events;
use crate::chain::{hex, parse_felt, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry withdraw`.
#[derive(Debug, Args)]
pub struct WithdrawArgs {
    /// Credit the holders of this model with what it has earned first; may be given again
    #[arg(long, value_name = "ID")]
    pub model: Vec<u64>,
    /// Pay this account what is its own, instead of yours
    #[arg(long = "for", value_name = "ADDRESS", value_parser = parse_felt)]
    pub recipient: Option<Felt>,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Withdrawn {
    account: String,
    amount: Amount,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Withdraws.
///
/// # Errors
/// Nothing is there, the account cannot pay the fee, or the node fails.
pub fn run(args: &WithdrawArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let sender = session.sender()?;
    let account = args.recipient.unwrap_or_else(|| sender.address());
    let balance = session.wait(registry.balance_of(&session.chain, account))?;
    if balance == 0 && args.model.is_empty() {
        return Err(UsageError(
            "nothing is credited to this account; `--model ID` credits what a model has earned first"
                .to_owned(),
        )
        .into());
    }
    let mut calls: Vec<_> = args.model.iter().map(|&id| registry.distribute(id)).collect();
    calls.push(match args.recipient {
        Some(account) => registry.withdraw_for(account),
        None => registry.withdraw(),
    });
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "withdrawing")?;
    let mut amount = 0;
    if let Some(receipt) = receipt {
        for event in events(registry, &receipt)? {
            if let Event::Withdrawn { amount: withdrawn, .. } = event {
                amount = withdrawn;
            }
        }
    }
    output.result(&Withdrawn {
        account: hex(&account),
        amount: Amount(amount),
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    })?;
    Ok(0)
}

impl Message for Withdrawn {
    fn text(&self) -> String {
        let mut list = vec![("account", self.account.clone())];
        if !self.transaction.dry_run {
            list.push(("withdrawn", self.amount.to_string()));
        }
        list.extend(self.transaction.fields());
        fields(list)
    }
}
