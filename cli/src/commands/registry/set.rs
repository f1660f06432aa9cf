//! `nilo registry set`: a model's terms, and its end.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_starknet::codec::to_short_string;
use nilometer_starknet::types::{digest_number, Change, Model, Share};
use nilometer_starknet::Event;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::chain::amount::Amount;
use crate::chain::date::date;
use crate::chain::lookup::events;
use crate::chain::{hex, parse_felt, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry set`.
#[derive(Debug, Args)]
#[command(
    after_help = "A higher price, other shares while there are holders, and the end of a version or of the model are announced
first: run the command once to announce the change, and again after the registry's delay to make it."
)]
#[group(id = "change", required = true, multiple = true,
    args = ["price", "bond", "licence", "metadata_uri", "share", "no_shares", "deprecate_version", "deprecate"])]
pub struct SetArgs {
    /// The model's number
    pub id: u64,
    /// Price of a row; a higher one is announced first
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
    /// A holder's part of the revenue, such as 0x123=25%; given again for each holder, 100% together. Announced first
    /// while there are holders
    #[arg(long, value_name = "ADDRESS=SHARE", value_parser = share)]
    pub share: Vec<Share>,
    /// The owner gets all revenue again
    #[arg(long, conflicts_with = "share")]
    pub no_shares: bool,
    /// End a version forever: no new calls or claims; announced first
    #[arg(long, value_name = "N")]
    pub deprecate_version: Option<u32>,
    /// End the model forever: no new versions, calls or claims; announced first
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
    /// Changes that were announced and not made yet.
    announced: Vec<Announced>,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Transaction,
}

/// A change that was announced.
#[derive(Serialize)]
struct Announced {
    #[serde(flatten)]
    change: Change,
    /// From when on it can be made: seconds since the epoch; none if nothing was sent.
    ready_at: Option<u64>,
}

/// Announces or makes the changes.
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
    let chain = &session.chain;
    let now = session.wait(chain.timestamp())?;
    let delay = session.wait(registry.settings(chain))?.delay;
    let mut calls = Vec::new();
    let mut announced = Vec::new();
    // Whether the change has to be announced now; it is made otherwise.
    let mut announce = |change: Change| -> Result<bool> {
        let ready_at = session.wait(registry.announced_at(chain, args.id, &change))?;
        if ready_at == 0 || now >= ready_at.saturating_add(delay) {
            announced.push(change);
            return Ok(true);
        }
        if now < ready_at {
            return Err(UsageError(format!(
                "the change was announced and can be made from {} on",
                date(ready_at)
            ))
            .into());
        }
        Ok(false)
    };
    if args.price.is_some() || args.bond.is_some() {
        let price = args.price.map_or(model.price, |price| price.0);
        let bond = args.bond.map_or(model.bond, |bond| bond.0);
        if price > model.price && announce(Change::Price { price })? {
            // The bond need not wait for the price.
            if args.bond.is_some() {
                calls.push(registry.set_terms(args.id, model.price, bond));
            }
        } else {
            calls.push(registry.set_terms(args.id, price, bond));
        }
    }
    calls.extend(licence.map(|licence| registry.set_licence(args.id, licence)));
    if let (Some(uri), Some(digest)) = (&args.metadata_uri, digest) {
        let hash = digest_number(digest);
        calls.push(registry.set_metadata(args.id, model.n_versions, uri, hash));
    }
    if !args.share.is_empty() || args.no_shares {
        let has_holders = !session.wait(registry.shares(chain, args.id))?.is_empty();
        if !has_holders || !announce(Change::Shares { shares: args.share.clone() })? {
            calls.push(registry.set_shares(args.id, &args.share));
        }
    }
    if let Some(version) = args.deprecate_version {
        if !announce(Change::DeprecateVersion { version })? {
            calls.push(registry.deprecate_version(args.id, version));
        }
    }
    if args.deprecate && !announce(Change::Deprecate)? {
        calls.push(registry.deprecate(args.id));
    }
    calls.extend(announced.iter().map(|change| registry.announce(args.id, change)));
    let (transaction, receipt) =
        transaction::send(&session, &sender, calls, args.send, "changing the model")?;
    let mut ready = Vec::new();
    if let Some(receipt) = receipt {
        for event in events(registry, &receipt)? {
            if let Event::ChangeAnnounced { ready_at, .. } = event {
                ready.push(ready_at);
            }
        }
    }
    let announced = announced.into_iter().enumerate();
    let announced = announced
        .map(|(place, change)| Announced { change, ready_at: ready.get(place).copied() })
        .collect();
    let model = session.wait(registry.model(&session.chain, args.id))?;
    let (tx_hash, gas_l2) = (transaction.tx_hash.clone(), transaction.gas_l2);
    output.result(&Changed { model, announced, tx_hash, gas_l2, transaction })?;
    Ok(0)
}

/// `0x123=25%`.
fn share(text: &str) -> Result<Share, String> {
    let wrong =
        || format!("{text:?} is not a holder and a share, such as 0x123=25% or 0x123=33.34%");
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
            ("price", format!("{} per row", Amount(model.price))),
            ("bond", format!("{} at least", Amount(model.bond))),
        ];
        for Announced { change, ready_at } in &self.announced {
            let what = match change {
                Change::Price { price } => format!("a price of {} per row", Amount(*price)),
                Change::Shares { .. } => "other shares".to_owned(),
                Change::DeprecateVersion { version } => format!("the end of version {version}"),
                Change::Deprecate => "the end of the model".to_owned(),
            };
            let from = ready_at.map(|at| format!(": run this again from {} on", date(at)));
            list.push(("announced", what + &from.unwrap_or_default()));
        }
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
