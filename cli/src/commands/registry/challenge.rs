//! `nilo registry challenge`: has a claim executed on chain, which settles it.

use anyhow::{bail, Result};
use clap::Args;
use nilometer_starknet::registry::{predict, ClaimRecord};
use nilometer_starknet::types::Status;
use nilometer_starknet::Event;
use serde::Serialize;

use crate::chain::amount::Amount;
use crate::chain::lookup::events;
use crate::chain::{transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry challenge`.
#[derive(Debug, Args)]
pub struct ChallengeArgs {
    /// The claim's number
    pub claim_id: u64,
    /// The row that is executed, counted from 0 [default: the first that the model answers otherwise]
    #[arg(long, value_name = "N")]
    pub row: Option<usize>,
    /// Send even where the node says that the claim holds, which pays the challenger nothing
    #[arg(long)]
    pub even_if_true: bool,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Challenged {
    claim_id: u64,
    /// The row that is executed.
    row: usize,
    /// Whether the claim holds, as the node says before anything is sent; none if the model refuses or fails.
    holds: Option<bool>,
    /// What execution on chain has made of it.
    upheld: Option<bool>,
    status: Option<Status>,
    /// What the challenger can withdraw.
    reward: Amount,
    burnt: Amount,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Challenges.
///
/// # Errors
/// There is no such open claim, it holds and `--even-if-true` is missing, the account cannot pay, or the node fails.
pub fn run(args: &ChallengeArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let chain = &session.chain;
    let reading = registry.claim_record(chain, args.claim_id);
    let ClaimRecord { claim, status, inputs, outputs } =
        session.wait_for("reading the claim", reading)?;
    if !matches!(status, Status::Open | Status::Contested) {
        return Err(UsageError(format!("claim {} is {}", args.claim_id, status.text())).into());
    }
    let n_rows = inputs.len();
    if let Some(row) = args.row.filter(|row| *row >= n_rows) {
        return Err(UsageError(format!(
            "the claim has {n_rows} rows, numbered from 0; there is no row {row}"
        ))
        .into());
    }
    let version = session.wait(registry.version(chain, claim.model_id, claim.version))?;
    let rows = args.row.map_or(0..n_rows, |row| row..row + 1);
    // The contested row, if none is false: executing it settles the contest.
    let contested = (status == Status::Contested).then_some(claim.contested_row as usize);
    let (mut row, mut holds) = (args.row.or(contested).unwrap_or(0), Some(true));
    for index in rows {
        let answer = session.wait(predict(chain, version.contract, &inputs[index])).ok();
        let is_true = answer.map(|answer| answer == outputs[index]);
        if is_true != Some(true) {
            (row, holds) = (index, is_true);
            break;
        }
    }
    if holds == Some(true) && !args.even_if_true {
        return Err(UsageError(format!(
            "claim {} holds, so a challenge pays nothing; `--even-if-true` settles it all the same",
            args.claim_id
        ))
        .into());
    }
    let sender = session.sender()?;
    // Rows are at most 64.
    let calls = vec![registry.challenge(args.claim_id, &claim, row as u32, &inputs[row])];
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "challenging")?;
    let mut result = Challenged {
        claim_id: args.claim_id,
        row,
        holds,
        upheld: None,
        status: None,
        reward: Amount(0),
        burnt: Amount(0),
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    };
    if let Some(receipt) = receipt {
        for event in events(registry, &receipt)? {
            match event {
                Event::Refuted { reward, burnt, .. } => {
                    (result.upheld, result.status) = (Some(false), Some(Status::Refuted));
                    (result.reward, result.burnt) = (Amount(reward), Amount(burnt));
                }
                Event::Upheld { burnt, .. } => {
                    (result.upheld, result.status) = (Some(true), Some(Status::Upheld));
                    result.burnt = Amount(burnt);
                }
                Event::RowUpheld { burnt, .. } => {
                    (result.upheld, result.status) = (Some(true), Some(Status::Open));
                    result.burnt = Amount(burnt);
                }
                _ => {}
            }
        }
        if result.status.is_none() {
            bail!("the registry's events name no outcome");
        }
    }
    output.result(&result)?;
    Ok(0)
}

impl Message for Challenged {
    fn text(&self) -> String {
        let mut list = vec![("claim", self.claim_id.to_string())];
        list.extend(self.status.map(|status| ("outcome", status.text().to_owned())));
        if self.upheld == Some(false) {
            list.push(("reward", format!("{}: `nilo registry withdraw`", self.reward)));
            list.push(("burnt", self.burnt.to_string()));
        }
        list.extend(self.transaction.fields());
        fields(list)
    }
}
