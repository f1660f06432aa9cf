//! `nilo registry transfer`: a model changes hands, in two steps.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::Felt;
use serde::Serialize;

use crate::chain::{hex, parse_felt, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry transfer`.
#[derive(Debug, Args)]
#[group(id = "step", required = true, args = ["to", "accept", "cancel"])]
pub struct TransferArgs {
    /// The model's number
    pub id: u64,
    /// Offer the model to this address, which has to accept it
    #[arg(long, value_name = "ADDRESS", value_parser = parse_felt)]
    pub to: Option<Felt>,
    /// Accept a model that was offered to you
    #[arg(long)]
    pub accept: bool,
    /// With `--accept`: the hash of the terms that you agree to, as `nilo registry show` prints it; the transfer fails
    /// if they have changed [default: the terms as they are now]
    #[arg(long, value_name = "HASH", value_parser = parse_felt, requires = "accept")]
    pub terms: Option<Felt>,
    /// Take the offer back
    #[arg(long)]
    pub cancel: bool,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Transferred {
    model_id: u64,
    /// The terms that the buyer agrees to, as they were before.
    terms_hash: String,
    owner: String,
    offered_to: Option<String>,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Offers or accepts.
///
/// # Errors
/// The account may not, cannot pay, or the node fails.
pub fn run(args: &TransferArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let sender = session.sender()?;
    let terms = match args.terms {
        Some(terms) => terms,
        None => session.wait(registry.terms_hash(&session.chain, args.id))?,
    };
    let call = match args.to {
        _ if args.accept => registry.accept_model(args.id, terms),
        to => registry.offer_model(args.id, to.unwrap_or_default()),
    };
    let (transaction, _) =
        transaction::send(&session, &sender, vec![call], args.send, "transferring the model")?;
    let model = session.wait(registry.model(&session.chain, args.id))?;
    output.result(&Transferred {
        model_id: args.id,
        terms_hash: hex(&terms),
        owner: hex(&model.owner),
        offered_to: (model.offered_to != Felt::ZERO).then(|| hex(&model.offered_to)),
        tx_hash: transaction.tx_hash.clone(),
        gas_l2: transaction.gas_l2,
        transaction,
    })?;
    Ok(0)
}

impl Message for Transferred {
    fn text(&self) -> String {
        let mut list = vec![
            ("model", self.model_id.to_string()),
            ("owner", self.owner.clone()),
            ("terms", self.terms_hash.clone()),
        ];
        if let Some(to) = &self.offered_to {
            list.push(("offered to", format!("{to}, who has to accept")));
        }
        list.extend(self.transaction.fields());
        fields(list)
    }
}
