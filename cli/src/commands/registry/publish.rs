//! `nilo registry publish`: a package becomes a model, or a version of one.

use std::fs;
use std::path::PathBuf;

use anyhow::{bail, Context, Result};
use clap::Args;
use nilometer_starknet::codec::to_short_string;
use nilometer_starknet::types::{digest_number, NewModel, NewVersion};
use nilometer_starknet::{Event, Felt};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::chain::amount::Amount;
use crate::chain::declare::{declare, Declared};
use crate::chain::lookup::events;
use crate::chain::{class, hex, transaction, ChainArgs, SendArgs, Session, Transaction};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;
use nilometer_package::numbers::thousands;
use nilometer_package::Package;

/// Arguments of `nilo registry publish`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo registry publish package --price 0.01STRK --licence MIT
  nilo registry publish package --model 7")]
pub struct PublishArgs {
    /// The package
    pub package: PathBuf,
    /// Publish a new version of this model of yours [default: a new model]
    #[arg(long, value_name = "ID", conflicts_with_all = ["price", "bond", "licence"])]
    pub model: Option<u64>,
    /// Price of a row: smallest units of the fee token, or an amount such as 0.01STRK
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub price: Amount,
    /// The smallest bond of a claim about it, if above the registry's
    #[arg(long, value_name = "AMOUNT", default_value = "0")]
    pub bond: Amount,
    /// SPDX identifier of the model's licence, at most 31 characters
    #[arg(long, value_name = "SPDX", default_value = "")]
    pub licence: String,
    /// Where the model's description is or will be
    #[arg(long, value_name = "URI", default_value = "")]
    pub metadata_uri: String,
    /// The description, of which the hash is registered [default: the package's]
    #[arg(long, value_name = "FILE")]
    pub metadata: Option<PathBuf>,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Published {
    model_id: Option<u64>,
    version: Option<u32>,
    contract: Option<String>,
    class_hash: String,
    model_hash: String,
    program_hash: String,
    metadata_hash: String,
    /// L2 gas of a challenge: the least bond of claims follows from it.
    challenge_gas_l2: u64,
    tx_hash: Option<String>,
    gas_l2: u64,
    price: Option<Amount>,
    declaration: Declared,
    transaction: Option<Transaction>,
}

/// Publishes.
///
/// # Errors
/// The package has no contract or does not fit, the registry refuses, the account cannot pay, or the node fails.
pub fn run(args: &PublishArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let manifest = &package.manifest;
    let class = class::package(&package)?.class;
    let card = match &args.metadata {
        Some(file) => fs::read(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => package.description()?,
    };
    let digest: [u8; 32] = Sha256::digest(&card).into();
    let felt = |text: &str| Felt::from_hex(text).with_context(|| format!("the hash {text:?}"));
    let version = NewVersion {
        class_hash: class.class_hash,
        model_hash: felt(&manifest.model_hash)?,
        program_hash: felt(&manifest.program_hash)?,
        metadata_uri: args.metadata_uri.clone(),
        metadata_hash: digest_number(digest),
        challenge_gas: class::challenge_gas(&package)?,
    };
    let short = |what: &str, text: &str| {
        let wrong = || UsageError(format!("{what}: {text:?} is not at most 31 ASCII characters"));
        to_short_string(text).ok_or_else(wrong)
    };
    let model = NewModel {
        name: manifest.name.clone(),
        kind: short("the model's kind", &manifest.kind)?,
        licence: short("--licence", &args.licence)?,
        price: args.price.0,
        bond: args.bond.0,
    };
    if model.name.len() > 64 || args.metadata_uri.len() > 1024 {
        return Err(UsageError(
            "a name has at most 64 bytes, a URI 1,024: transpile with `--name`, or shorten the URI"
                .to_owned(),
        )
        .into());
    }
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    // Says what is wrong with the registry before a class is paid for.
    session.wait(registry.settings(&session.chain))?;
    let sender = session.sender()?;
    let declaration = declare(&session, &sender, &class, args.send)?;
    let mut result = Published {
        model_id: args.model,
        version: None,
        contract: None,
        class_hash: hex(&class.class_hash),
        model_hash: manifest.model_hash.clone(),
        program_hash: manifest.program_hash.clone(),
        metadata_hash: hex::encode(digest),
        challenge_gas_l2: version.challenge_gas,
        tx_hash: None,
        gas_l2: 0,
        price: args.model.is_none().then_some(args.price),
        declaration,
        transaction: None,
    };
    // What is not declared cannot even be estimated.
    if result.declaration.already_declared || !args.send.dry_run {
        let call = match args.model {
            Some(model_id) => registry.publish(model_id, &version),
            None => registry.register(&model, &version),
        };
        let (transaction, receipt) =
            transaction::send(&session, &sender, vec![call], args.send, "publishing")?;
        if let Some(receipt) = receipt {
            let events = events(registry, &receipt)?;
            let published = events.iter().find_map(|event| match event {
                Event::VersionPublished { model_id, version, contract, .. } => {
                    Some((*model_id, *version, *contract))
                }
                _ => None,
            });
            let Some((model_id, version, contract)) = published else {
                bail!("the registry's events name no version");
            };
            result.model_id = Some(model_id);
            result.version = Some(version);
            result.contract = Some(hex(&contract));
        }
        result.tx_hash.clone_from(&transaction.tx_hash);
        result.gas_l2 = transaction.gas_l2;
        result.transaction = Some(transaction);
    }
    output.result(&result)?;
    Ok(0)
}

impl Message for Published {
    fn text(&self) -> String {
        let mut list = Vec::new();
        if let (Some(id), Some(version)) = (self.model_id, self.version) {
            list.push(("model", format!("{}, version {version}", thousands(id))));
        }
        list.extend(self.contract.clone().map(|contract| ("contract", contract)));
        list.extend([
            ("class", self.declaration.line()),
            ("model hash", self.model_hash.clone()),
            ("program hash", self.program_hash.clone()),
            ("metadata", format!("SHA-256 {}", self.metadata_hash)),
        ]);
        list.extend(self.price.map(|price| ("price", format!("{price} per row"))));
        list.extend(self.transaction.iter().flat_map(Transaction::fields));
        fields(list)
    }
}
