//! `nilo registry claim`: states an output and backs it with a bond.

use anyhow::{bail, Result};
use clap::Args;
use nilometer_cairo::contract::system_calls;
use nilometer_starknet::registry::{approve, predict};
use nilometer_starknet::{Event, Felt};
use serde::Serialize;

use crate::chain::amount::Amount;
use crate::chain::lookup::{events, find};
use crate::chain::prediction::{Contract, Predictions};
use crate::chain::{transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::input::{ReadArgs, Source};
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry claim`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo registry claim 1 --input rows.npy:0
  nilo registry claim 1 --input rows.npy:0 --results -17,4,2048")]
pub struct ClaimArgs {
    /// The model's number
    pub id: u64,
    /// The row (.npy, .json, .csv), in natural units, such as X.npy:7
    #[arg(short, long, value_name = "FILE[:ROW]")]
    pub input: Source,
    #[command(flatten)]
    pub read: ReadArgs,
    /// The integers that are claimed [default: what the model answers]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',', allow_hyphen_values = true)]
    pub results: Option<Vec<i128>>,
    /// The bond [default: the smallest that the model takes]
    #[arg(long, value_name = "AMOUNT")]
    pub bond: Option<Amount>,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    /// Claim although the model's class makes system calls, so that it may answer otherwise when challenged
    #[arg(long)]
    pub trust_class: bool,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Claimed {
    claim_id: Option<u64>,
    model_id: u64,
    version: u32,
    /// `claimed`: nobody has computed it on chain.
    evidence: &'static str,
    #[serde(flatten)]
    predictions: Predictions,
    /// Whether the claim is what the model answers, as the node says.
    matches_model: Option<bool>,
    bond: Amount,
    /// Seconds since the epoch, exclusive.
    deadline: Option<u64>,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Claims.
///
/// # Errors
/// There is no such model, its class is not to be trusted, the row is refused, the account cannot pay, or the node fails.
pub fn run(args: &ClaimArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let chain = &session.chain;
    let (model, version, record) = find(&session, registry, args.id, args.version)?;
    let contract = Contract::open(&session, &record)?;
    let row = contract.encode_one(&args.input, &args.read.reader(output))?;
    let class_hash = session.wait(chain.class_hash_at(record.contract))?;
    let class = session.wait(chain.class(class_hash))?;
    let calls = system_calls(&serde_json::to_vec(&class)?)?;
    if !args.trust_class && (class_hash != record.class_hash || !calls.is_empty()) {
        return Err(UsageError(format!(
            "the model's class makes system calls ({}), so it may answer otherwise when you are challenged; `--trust-class` claims all the same",
            calls.join(", ")
        ))
        .into());
    }
    let answer = match session.wait(predict(chain, contract.address, &row.felts)) {
        Ok(answer) => Some(answer),
        // A claim that the model refutes is the claimant's own affair.
        Err(_) if args.results.is_some() => None,
        Err(error) => return Err(error),
    };
    let claimed: Vec<Felt> = match (&args.results, &answer) {
        (Some(results), _) => results.iter().map(|&result| Felt::from(result)).collect(),
        (None, Some(answer)) => answer.clone(),
        (None, None) => bail!("the model gave no answer"),
    };
    let predictions =
        contract.interpret(std::slice::from_ref(&row), std::slice::from_ref(&claimed))?;
    let sender = session.sender()?;
    let bond = args.bond.map_or(model.bond, |bond| bond.0);
    let settings = session.wait(registry.settings(chain))?;
    let calls = vec![
        approve(settings.fee_token, registry.address, bond),
        registry.claim(args.id, version, &row.felts, &claimed, bond),
    ];
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "claiming")?;
    let (mut claim_id, mut deadline) = (None, None);
    if let Some(receipt) = receipt {
        for event in events(registry, &receipt)? {
            if let Event::Claimed { claim_id: id, deadline: until, .. } = event {
                (claim_id, deadline) = (Some(id), Some(until));
            }
        }
    }
    output.result(&Claimed {
        claim_id,
        model_id: args.id,
        version,
        evidence: "claimed",
        predictions,
        matches_model: answer.map(|answer| answer == claimed),
        bond: Amount(bond),
        deadline,
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    })?;
    Ok(0)
}

impl Message for Claimed {
    fn text(&self) -> String {
        let mut text = self.predictions.text();
        let mut list = Vec::new();
        if let (Some(id), Some(deadline)) = (self.claim_id, self.deadline) {
            list.push((
                "claim",
                format!("{id}, can be challenged until {deadline} (seconds since 1970)"),
            ));
        }
        list.push(("evidence", "claimed: nothing was executed on chain".to_owned()));
        if self.matches_model != Some(true) {
            list.push((
                "warning",
                "the model answers otherwise: a challenge takes the bond".to_owned(),
            ));
        }
        list.push(("bond", self.bond.to_string()));
        list.extend(self.transaction.fields());
        text += &fields(list);
        text
    }
}
