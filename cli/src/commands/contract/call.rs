//! `nilo contract call` and `invoke`: any entry point of any contract, with felts.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::codec::short_string;
use nilometer_starknet::{registry, Felt};
use serde::Serialize;

use crate::chain::{hex, parse_felt, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::output::{Message, Output};
use crate::table::fields;

/// Which entry point, with what.
#[derive(Debug, Args)]
pub struct EntryArgs {
    /// The contract's address
    #[arg(value_parser = parse_felt)]
    pub address: Felt,
    /// The entry point
    pub function: String,
    /// Its arguments as felts, serialised: decimal, or hexadecimal with 0x; `nilo encode` makes those of rows
    #[arg(value_parser = parse_felt, allow_negative_numbers = true)]
    pub calldata: Vec<Felt>,
}

/// Arguments of `nilo contract call`.
#[derive(Debug, Args)]
pub struct CallArgs {
    #[command(flatten)]
    pub entry: EntryArgs,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// Arguments of `nilo contract invoke`.
#[derive(Debug, Args)]
pub struct InvokeArgs {
    #[command(flatten)]
    pub entry: EntryArgs,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// A view's answer.
#[derive(Serialize)]
struct Called {
    result: Vec<String>,
    /// Each felt as the text that it spells, if it spells one.
    texts: Vec<Option<String>>,
}

/// An event in an invocation's receipt.
#[derive(Serialize)]
struct Emitted {
    from: String,
    keys: Vec<String>,
    data: Vec<String>,
}

/// An invocation.
#[derive(Serialize)]
struct Invoked {
    events: Vec<Emitted>,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Calls a view.
///
/// # Errors
/// There is no such contract or entry point, it refuses, or the node fails.
pub fn call(args: &CallArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let EntryArgs { address, function, calldata } = &args.entry;
    let call = registry::call(*address, function, calldata.clone());
    let answer = session.wait(session.chain.call(&call))?;
    output.result(&Called {
        result: answer.iter().map(hex).collect(),
        texts: answer.iter().map(short_string).collect(),
    })?;
    Ok(0)
}

/// Calls in a transaction.
///
/// # Errors
/// There is no such contract or entry point, it refuses, the account cannot pay, or the node fails.
pub fn invoke(args: &InvokeArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let sender = session.sender()?;
    let EntryArgs { address, function, calldata } = &args.entry;
    let calls = vec![registry::call(*address, function, calldata.clone())];
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "calling the contract")?;
    let felts = |felts: &[Felt]| felts.iter().map(hex).collect();
    let events = receipt.map(|receipt| receipt.events).unwrap_or_default();
    let events = events.iter().map(|(from, keys, data)| Emitted {
        from: hex(from),
        keys: felts(keys),
        data: felts(data),
    });
    output.result(&Invoked {
        events: events.collect(),
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    })?;
    Ok(0)
}

impl Message for Called {
    fn text(&self) -> String {
        let mut text = String::new();
        for (felt, spelled) in self.result.iter().zip(&self.texts) {
            text += felt;
            if let Some(spelled) = spelled.as_ref().filter(|spelled| spelled.len() > 1) {
                text += &format!(" ({spelled})");
            }
            text.push('\n');
        }
        text
    }
}

impl Message for Invoked {
    fn text(&self) -> String {
        fields(self.transaction.fields())
    }
}
