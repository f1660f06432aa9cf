//! `nilo registry call`: asks a model on chain, without a transaction.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::registry::{predict, predict_call};
use serde::Serialize;

use super::RowsArgs;
use crate::chain::lookup::find;
use crate::chain::prediction::{Contract, Predictions};
use crate::chain::{ChainArgs, Session};
use crate::output::{Message, Output};
use crate::table::fields;
use nilometer_package::numbers::thousands;

/// Arguments of `nilo registry call`.
#[derive(Debug, Args)]
pub struct CallArgs {
    #[command(flatten)]
    pub of: RowsArgs,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Called {
    model_id: u64,
    version: u32,
    model_hash: String,
    #[serde(flatten)]
    predictions: Predictions,
    /// L2 gas that a transaction with the first row would use, the account's part included; none without an
    /// account to estimate with.
    gas_l2: Option<u64>,
}

/// Asks.
///
/// # Errors
/// There is no such model, a row is refused, or the node fails.
pub fn run(args: &CallArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let (_, number, version) = find(&session, registry, args.of.id, args.of.version)?;
    let contract = Contract::open(&session, &version)?;
    let rows = contract.encode(&args.of.input, &args.of.rows, &args.of.read.reader(output))?;
    let mut outputs = Vec::with_capacity(rows.len());
    for row in &rows {
        let answer = predict(&session.chain, contract.address, &row.felts);
        outputs.push(session.wait_for("asking the model", answer)?);
    }
    // Asking needs no account; knowing what it costs does.
    let gas_l2 = match (session.sender(), rows.first()) {
        (Ok(sender), Some(row)) => {
            let calls = vec![predict_call(contract.address, &row.felts)];
            Some(session.wait(sender.estimate(calls))?.gas_l2)
        }
        _ => None,
    };
    output.result(&Called {
        model_id: args.of.id,
        version: number,
        model_hash: crate::chain::hex(&version.model_hash),
        predictions: contract.interpret(&rows, &outputs)?,
        gas_l2,
    })?;
    Ok(0)
}

impl Message for Called {
    fn text(&self) -> String {
        let gas = match self.gas_l2 {
            Some(gas) => format!("{} L2 gas in a transaction (estimated)", thousands(gas)),
            None => "unknown: no account to estimate with".to_owned(),
        };
        let list = [
            ("gas", gas),
            ("evidence", "the node's word: `invoke` has it executed on chain".to_owned()),
        ];
        format!("{}{}", self.predictions.text(), fields(list))
    }
}
