//! `nilo registry challenge`: has a claim executed on chain, which settles it.

use anyhow::{bail, Result};
use clap::Args;
use nilometer_starknet::registry::predict;
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
    let claim = session.wait(registry.get_claim(chain, args.claim_id))?;
    if !matches!(claim.status, Status::Open | Status::Contested) {
        return Err(
            UsageError(format!("claim {} is {}", args.claim_id, claim.status.text())).into()
        );
    }
    let text = session
        .wait_for("reading the claim's row", registry.claim_text(chain, args.claim_id, &claim))?;
    let version = session.wait(registry.version(chain, claim.model_id, claim.version))?;
    let answer = session.wait(predict(chain, version.contract, &text.input));
    let holds = answer.ok().map(|answer| answer == text.output);
    if holds == Some(true) && !args.even_if_true {
        return Err(UsageError(format!(
            "claim {} holds, so a challenge pays nothing; `--even-if-true` settles it all the same",
            args.claim_id
        ))
        .into());
    }
    let sender = session.sender()?;
    let calls = vec![registry.challenge(args.claim_id, &text.input)];
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "challenging")?;
    let mut result = Challenged {
        claim_id: args.claim_id,
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
                _ => {}
            }
        }
        if result.status.is_none() {
            bail!("the registry told of no outcome");
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
