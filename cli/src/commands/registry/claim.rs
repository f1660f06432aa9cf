//! `nilo registry claim`: states an output and backs it with a bond.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::registry::{approve, predict};
use nilometer_starknet::{Event, Felt};
use serde::Serialize;

use crate::chain::amount::Amount;
use crate::chain::date::date;
use crate::chain::lookup::{events, find};
use crate::chain::prediction::{Contract, Predictions};
use crate::chain::{class, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::input::{ReadArgs, RowSelection, Source};
use crate::output::{Message, Output};
use crate::table::fields;

/// The most rows of a claim.
const MAX_ROWS: usize = 64;

/// Arguments of `nilo registry claim`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo registry claim 1 --input rows.npy:0
  nilo registry claim 1 --input rows.npy --rows 0-9
  nilo registry claim 1 --input rows.npy:0 --values setosa,0.98,0.01,0.01
  nilo registry claim 1 --input rows.npy:0 --results 0,2006,21,21

A claim of several rows has one bond, which is lost if any of them is false.")]
pub struct ClaimArgs {
    /// The model's number
    pub id: u64,
    /// The row (.npy, .json, .csv), in natural units, such as X.npy:7
    #[arg(short, long, value_name = "FILE[:ROW]")]
    pub input: Source,
    #[command(flatten)]
    pub read: ReadArgs,
    /// Which rows of the file are claimed under one bond, at most 64: `all`, or numbers and ranges such as 0,3,5-9
    /// [default: the only row]
    #[arg(long, conflicts_with_all = ["values", "results"])]
    pub rows: Option<RowSelection>,
    /// What is claimed, in natural units: a number for each result, a class's name for a label
    /// [default: what the model answers]
    #[arg(long, value_name = "X,X,…", value_delimiter = ',', allow_hyphen_values = true)]
    pub values: Option<Vec<String>>,
    /// What is claimed, as the model's integers
    #[arg(
        long,
        value_name = "N,N,…",
        value_delimiter = ',',
        allow_hyphen_values = true,
        conflicts_with = "values"
    )]
    pub results: Option<Vec<i128>>,
    /// The bond [default: the smallest that the model takes]
    #[arg(long, value_name = "AMOUNT")]
    pub bond: Option<Amount>,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    /// Claim although the model's class can know more than the row, so that it may answer otherwise when challenged
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
    /// From when on it can be finalised: seconds since the epoch.
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
    let (_, version, record) = find(&session, registry, args.id, args.version)?;
    let contract = Contract::open(&session, &record)?;
    let reader = args.read.reader(output);
    let rows = match &args.rows {
        Some(rows) => contract.encode(&args.input, rows, &reader)?,
        None => vec![contract.encode_one(&args.input, &reader)?],
    };
    if rows.is_empty() || rows.len() > MAX_ROWS {
        let n_rows = rows.len();
        return Err(UsageError(format!("{n_rows} rows: a claim takes 1 to {MAX_ROWS}")).into());
    }
    let (class_hash, purity) = class::of_contract(&session, record.contract)?;
    if !args.trust_class && class_hash != record.class_hash {
        return Err(UsageError(
            "the contract has another class than the registered one; `--trust-class` claims all the same"
                .to_owned(),
        )
        .into());
    }
    if !args.trust_class && !purity.is_pure() {
        return Err(UsageError(format!(
            "the model's class {}, so you may lose the bond of a true claim; `--trust-class` claims all the same",
            class::known(&purity)
        ))
        .into());
    }
    let given = match (&args.values, &args.results) {
        (Some(values), _) => Some(contract.results(values)?),
        (None, Some(results)) => Some(results.iter().map(|&result| Felt::from(result)).collect()),
        (None, None) => None,
    };
    let mut answers = Vec::new();
    for row in &rows {
        answers.push(match session.wait(predict(chain, contract.address, &row.felts)) {
            Ok(answer) => Some(answer),
            // The claimant may claim what the model refutes, and is warned.
            Err(_) if given.is_some() => None,
            Err(error) => return Err(error),
        });
    }
    let claimed: Vec<Vec<Felt>> = match given {
        Some(results) => vec![results],
        None => answers.iter().flatten().cloned().collect(),
    };
    let predictions = contract.interpret(&rows, &claimed)?;
    let sender = session.sender()?;
    let least = session.wait(registry.least_bond(chain, args.id, version))?;
    let bond = args.bond.map_or(least, |bond| bond.0);
    let settings = session.wait(registry.settings(chain))?;
    let call = match (rows.as_slice(), claimed.as_slice()) {
        ([row], [results]) => registry.claim(args.id, version, &row.felts, results, bond),
        (rows, claimed) => {
            let inputs: Vec<Vec<Felt>> = rows.iter().map(|row| row.felts.clone()).collect();
            registry.claim_batch(args.id, version, &inputs, claimed, bond)
        }
    };
    let calls = vec![approve(settings.fee_token, registry.address, bond), call];
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
        matches_model: answers
            .into_iter()
            .collect::<Option<Vec<_>>>()
            .map(|answers| answers == claimed),
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
                format!(
                    "{id}, can be challenged until it is finalised, from {} on",
                    date(deadline)
                ),
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
