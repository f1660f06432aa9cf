//! `nilo registry set`: a model's terms, and its end.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_starknet::codec::to_short_string;
use nilometer_starknet::types::{digest_number, Model, Share};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::chain::amount::Amount;
use crate::chain::{hex, parse_felt, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry set`.
#[derive(Debug, Args)]
#[group(id = "change", required = true, multiple = true,
    args = ["price", "bond", "licence", "metadata_uri", "share", "no_shares", "deprecate_version", "deprecate"])]
pub struct SetArgs {
    /// The model's number
    pub id: u64,
    /// Price of a row
    #[arg(long, value_name = "AMOUNT")]
    pub price: Option<Amount>,
    /// The smallest bond of a claim
    #[arg(long, value_name = "AMOUNT")]
    pub bond: Option<Amount>,
    /// SPDX identifier of the licence
    #[arg(long, value_name = "SPDX")]
    pub licence: Option<String>,
    /// Where the newest version's description is now
    #[arg(long, value_name = "URI", requires = "metadata")]
    pub metadata_uri: Option<String>,
    /// The description, of which the hash is registered
    #[arg(long, value_name = "FILE", requires = "metadata_uri")]
    pub metadata: Option<PathBuf>,
    /// A holder's part of the revenue, such as 0x123=25%; given again for each holder, 100% together
    #[arg(long, value_name = "ADDRESS=SHARE", value_parser = share)]
    pub share: Vec<Share>,
    /// The owner gets all revenue again
    #[arg(long, conflicts_with = "share")]
    pub no_shares: bool,
    /// End a version for ever: no new calls or claims
    #[arg(long, value_name = "N")]
    pub deprecate_version: Option<u32>,
    /// End the model for ever: no new versions, calls or claims
    #[arg(long)]
    pub deprecate: bool,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Changed {
    #[serde(flatten)]
    model: Model,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// Changes.
///
/// # Errors
/// The account does not own the model, cannot pay, or the node fails.
pub fn run(args: &SetArgs, output: &Output) -> Result<u8> {
    let licence = args.licence.as_deref().map(|text| {
        let wrong = || UsageError(format!("{text:?} is not at most 31 ASCII characters"));
        to_short_string(text).ok_or_else(wrong)
    });
    let licence = licence.transpose()?;
    let digest = args.metadata.as_deref().map(|file| {
        let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        anyhow::Ok(Sha256::digest(bytes).into())
    });
    let digest = digest.transpose()?;
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let sender = session.sender()?;
    let model = session.wait(registry.model(&session.chain, args.id))?;
    let mut calls = Vec::new();
    if args.price.is_some() || args.bond.is_some() {
        let price = args.price.map_or(model.price, |price| price.0);
        let bond = args.bond.map_or(model.bond, |bond| bond.0);
        calls.push(registry.set_terms(args.id, price, bond));
    }
    calls.extend(licence.map(|licence| registry.set_licence(args.id, licence)));
    if let (Some(uri), Some(digest)) = (&args.metadata_uri, digest) {
        let hash = digest_number(digest);
        calls.push(registry.set_metadata(args.id, model.n_versions, uri, hash));
    }
    if !args.share.is_empty() || args.no_shares {
        calls.push(registry.set_shares(args.id, &args.share));
    }
    calls.extend(args.deprecate_version.map(|n| registry.deprecate_version(args.id, n)));
    calls.extend(args.deprecate.then(|| registry.deprecate(args.id)));
    let (transaction, _) =
        transaction::send(&session, &sender, calls, args.send, "changing the model")?;
    let model = session.wait(registry.model(&session.chain, args.id))?;
    let (tx_hash, gas_l2) = (transaction.tx_hash.clone(), transaction.gas_l2);
    output.result(&Changed { model, tx_hash, gas_l2, transaction })?;
    Ok(0)
}

/// `0x123=25%`.
fn share(text: &str) -> Result<Share, String> {
    let wrong = || format!("{text:?} is no holder and share, such as 0x123=25% or 0x123=33.34%");
    let (holder, share) = text.split_once('=').ok_or_else(wrong)?;
    let (whole, part) = share
        .strip_suffix('%')
        .ok_or_else(wrong)?
        .split_once('.')
        .unwrap_or((share.trim_end_matches('%'), ""));
    let digits = format!("{whole}{part:0<2}");
    let valid = part.len() <= 2 && !whole.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let basis_points = valid.then(|| digits.parse().ok()).flatten().ok_or_else(wrong)?;
    Ok(Share { holder: parse_felt(holder)?, basis_points })
}

impl Message for Changed {
    fn text(&self) -> String {
        let model = &self.model;
        let mut list = vec![
            ("model", format!("{} {}", model.id, model.name)),
            ("owner", hex(&model.owner)),
            ("price", format!("{} a row", Amount(model.price))),
            ("bond", format!("{} at least", Amount(model.bond))),
        ];
        if model.deprecated {
            list.push(("deprecated", "no new versions, calls or claims".to_owned()));
        }
        list.extend(self.transaction.fields());
        fields(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_holders_and_percentages() {
        let read = |text| share(text).map(|share| share.basis_points);
        assert_eq!(read("0x1=25%"), Ok(2_500));
        assert_eq!(read("0x1=33.3%"), Ok(3_330));
        assert_eq!(read("0x1=0.01%"), Ok(1));
        for wrong in ["0x1", "0x1=25", "x=25%", "0x1=%", "0x1=1.234%", "0x1=-1%", "0x1=999%"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
