//! `nilo registry contest` and `finalize`: what a claim needs besides a challenge.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::registry::approve;
use nilometer_starknet::types::Status;
use serde::Serialize;

use crate::chain::{transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry finalize`.
#[derive(Debug, Args)]
pub struct ClaimIdArgs {
    /// The claim's number
    pub claim_id: u64,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// Arguments of `nilo registry contest`.
#[derive(Debug, Args)]
pub struct ContestArgs {
    /// The row that is contested, counted from 0
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub row: u32,
    #[command(flatten)]
    pub of: ClaimIdArgs,
}

/// The result of both.
#[derive(Serialize)]
struct Settled {
    claim_id: u64,
    status: Status,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Stakes against a row of a claim.
///
/// # Errors
/// There is no such open claim or row, the account cannot pay, or the node fails.
pub fn contest(args: &ContestArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.of.chain)?;
    let registry = session.registry()?;
    let reading = registry.claim_record(&session.chain, args.of.claim_id);
    let claim = session.wait_for("reading the claim", reading)?.claim;
    let n_rows = claim.rows.len();
    if args.row as usize >= n_rows {
        let row = args.row;
        return Err(UsageError(format!(
            "the claim has {n_rows} rows, numbered from 0; there is no row {row}"
        ))
        .into());
    }
    let settings = session.wait(registry.settings(&session.chain))?;
    let calls = vec![
        approve(settings.fee_token, registry.address, claim.stake),
        registry.contest(args.of.claim_id, &claim, args.row),
    ];
    send(&session, &args.of, calls, "contesting", output)
}

/// Settles a claim whose window has closed.
///
/// # Errors
/// There is no such claim, its window is open, it is settled, the account cannot pay, or the node fails.
pub fn finalize(args: &ClaimIdArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let reading = registry.claim_record(&session.chain, args.claim_id);
    let claim = session.wait_for("reading the claim", reading)?.claim;
    let calls = vec![registry.finalize(args.claim_id, &claim)];
    send(&session, args, calls, "settling the claim", output)
}

fn send(
    session: &Session,
    args: &ClaimIdArgs,
    calls: Vec<nilometer_starknet::Call>,
    doing: &str,
    output: &Output,
) -> Result<u8> {
    let sender = session.sender()?;
    let (transaction, _) = transaction::send(session, &sender, calls, args.send, doing)?;
    let registry = session.registry()?;
    let claim = session.wait(registry.claim_state(&session.chain, args.claim_id))?;
    output.result(&Settled {
        claim_id: args.claim_id,
        status: claim.status,
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    })?;
    Ok(0)
}

impl Message for Settled {
    fn text(&self) -> String {
        let mut list =
            vec![("claim", self.claim_id.to_string()), ("status", self.status.text().to_owned())];
        list.extend(self.transaction.fields());
        fields(list)
    }
}
