//! `nilo registry invoke`: pays for rows and has the model executed on them on chain.

use anyhow::{bail, Result};
use clap::Args;
use nilometer_starknet::registry::approve;
use nilometer_starknet::{Event, Felt};
use serde::Serialize;

use super::RowsArgs;
use crate::chain::amount::Amount;
use crate::chain::lookup::{events, find};
use crate::chain::prediction::{Contract, Predictions};
use crate::chain::{transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// The most rows of a transaction.
const MAX_ROWS: usize = 64;

/// Arguments of `nilo registry invoke`.
#[derive(Debug, Args)]
pub struct InvokeArgs {
    #[command(flatten)]
    pub of: RowsArgs,
    /// Pay at most so much for a row [default: the price as it is now]
    #[arg(long, value_name = "AMOUNT")]
    pub max_price: Option<Amount>,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Invoked {
    model_id: u64,
    version: u32,
    /// `executed`: the chain computed it.
    evidence: Option<&'static str>,
    #[serde(flatten)]
    predictions: Option<Predictions>,
    paid: Amount,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Pays and executes.
///
/// # Errors
/// There is no such model, a row or the price is refused, the account cannot pay, or the node fails.
pub fn run(args: &InvokeArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let (model, version, record) = find(&session, registry, args.of.id, args.of.version)?;
    let contract = Contract::open(&session, &record)?;
    let rows = contract.encode(&args.of.input, &args.of.rows, &args.of.read.reader(output))?;
    if rows.is_empty() || rows.len() > MAX_ROWS {
        return Err(UsageError(format!(
            "{} rows: a transaction takes 1 to {MAX_ROWS}; choose with `--rows`",
            rows.len()
        ))
        .into());
    }
    let sender = session.sender()?;
    let max_price = args.max_price.map_or(model.price, |amount| amount.0);
    // More than was agreed to is never approved.
    let total = model.price.min(max_price).checked_mul(rows.len() as u128);
    let total = total.ok_or_else(|| UsageError("the rows cost more than 2^128".to_owned()))?;
    let mut calls = Vec::new();
    if total > 0 {
        let settings = session.wait(registry.settings(&session.chain))?;
        calls.push(approve(settings.fee_token, registry.address, total));
    }
    calls.push(match rows.as_slice() {
        [row] => registry.call(args.of.id, version, &row.felts, max_price),
        rows => {
            let inputs: Vec<Vec<Felt>> = rows.iter().map(|row| row.felts.clone()).collect();
            registry.call_batch(args.of.id, version, &inputs, max_price)
        }
    });
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "calling the model")?;
    let (mut predictions, mut paid) = (None, 0);
    if let Some(receipt) = receipt {
        let mut outputs = Vec::new();
        for event in events(registry, &receipt)? {
            if let Event::Called { price, output, .. } = event {
                paid += price;
                outputs.push(output);
            }
        }
        if outputs.len() != rows.len() {
            bail!("the registry told of {} calls, not of {}", outputs.len(), rows.len());
        }
        predictions = Some(contract.interpret(&rows, &outputs)?);
    }
    output.result(&Invoked {
        model_id: args.of.id,
        version,
        evidence: predictions.is_some().then_some("executed"),
        predictions,
        paid: Amount(paid),
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    })?;
    Ok(0)
}

impl Message for Invoked {
    fn text(&self) -> String {
        let mut text = self.predictions.as_ref().map(Predictions::text).unwrap_or_default();
        let mut list = Vec::new();
        if self.evidence.is_some() {
            list.push(("evidence", "executed on chain".to_owned()));
            list.push(("paid", self.paid.to_string()));
        }
        list.extend(self.transaction.fields());
        text += &fields(list);
        text
    }
}
