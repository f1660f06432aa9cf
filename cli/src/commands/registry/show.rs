//! `nilo registry show`: all about a model.

use anyhow::Result;
use clap::Args;
use nilometer_cairo::purity::Purity;
use nilometer_starknet::codec::short_string;
use nilometer_starknet::types::{digest_text, Model, ProofRecord, Share, Status, Version};
use nilometer_starknet::{registry as selectors, ChainError, Event, Felt, Registry};
use serde::Serialize;

use crate::chain::amount::Amount;
use crate::chain::{class, hex, ChainArgs, Session};
use crate::output::{Message, Output};
use crate::table::{fields, table};
use nilometer_package::numbers::thousands;

/// The most claims, and records of proofs, that are shown.
const MAX_CLAIMS: usize = 1_000;

/// Arguments of `nilo registry show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The model's number
    pub id: u64,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    model: Model,
    versions: Vec<ShownVersion>,
    shares: Vec<Share>,
    /// What a buyer of the model agrees to.
    terms_hash: String,
    /// Claims about the model, at most the newest thousand.
    claims: Vec<ShownClaim>,
    /// Records of proofs, at most the newest thousand; the registry has verified none.
    proofs: Vec<ShownProof>,
}

#[derive(Serialize)]
struct ShownProof {
    proof_id: u64,
    version: u32,
    #[serde(flatten)]
    record: ProofRecord,
}

#[derive(Serialize)]
struct ShownVersion {
    version: u32,
    #[serde(flatten)]
    registered: Version,
    /// Whether the contract on chain still has the registered class.
    class_unchanged: bool,
    /// System calls that the class makes: a model needs none, and one that makes any can answer as it likes.
    system_calls: Vec<String>,
    /// What keeps the class from knowing only the row: empty if nothing does.
    impurities: Vec<String>,
    /// The model that the class was first registered for; another one means that this is a copy.
    first_model: u64,
    /// The least bond of a claim about the version.
    least_bond: Amount,
}

#[derive(Serialize)]
struct ShownClaim {
    claim_id: u64,
    version: u32,
    claimant: String,
    bond: Amount,
    n_rows: u32,
    status: Status,
}

/// Shows.
///
/// # Errors
/// There is no such model, or the node fails.
pub fn run(args: &ShowArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let chain = &session.chain;
    let model = session.wait(registry.model(chain, args.id))?;
    let mut versions = Vec::new();
    while versions.len() < model.n_versions as usize {
        let first = versions.len() as u32 + 1;
        let page = session.wait(registry.versions(chain, args.id, first, 50))?;
        if page.is_empty() {
            break;
        }
        for registered in page {
            let version = versions.len() as u32 + 1;
            let (class_hash, known) = class::of_contract(&session, registered.contract)?;
            let first_model = registry.first_model_of(chain, registered.class_hash);
            versions.push(ShownVersion {
                version,
                class_unchanged: class_hash == registered.class_hash,
                system_calls: known.system_calls,
                impurities: known.impurities,
                first_model: session.wait(first_model)?,
                least_bond: Amount(session.wait(registry.least_bond(chain, args.id, version))?),
                registered,
            });
        }
    }
    let shares = session.wait(registry.shares(chain, args.id))?;
    let terms_hash = hex(&session.wait(registry.terms_hash(chain, args.id))?);
    let claims = claims(&session, registry, args.id)?;
    let proofs = proofs(&session, registry, args.id)?;
    output.result(&Shown { model, versions, shares, terms_hash, claims, proofs })?;
    Ok(0)
}

/// The newest records of proofs of a model, from the registry's events.
fn proofs(session: &Session, registry: Registry, model_id: u64) -> Result<Vec<ShownProof>> {
    let recorded = selectors::call(Felt::ZERO, "ProofRecorded", vec![]).selector;
    let keys = vec![vec![recorded], vec![], vec![model_id.into()]];
    let events = session.wait(session.chain.events(registry.address, keys, 0, None))?;
    let newest = events.len().saturating_sub(MAX_CLAIMS);
    let mut shown = Vec::new();
    for (keys, data) in &events[newest..] {
        let Some(Event::ProofRecorded {
            proof_id,
            version,
            proof_hash,
            input_hash,
            output_hash,
            security_bits,
            format_version,
            ..
        }) = Event::read(keys, data)?
        else {
            continue;
        };
        let record =
            ProofRecord { proof_hash, input_hash, output_hash, security_bits, format_version };
        shown.push(ShownProof { proof_id, version, record });
    }
    Ok(shown)
}

/// The newest claims about a model, from the registry's events, with what has become of them.
fn claims(session: &Session, registry: Registry, model_id: u64) -> Result<Vec<ShownClaim>> {
    let chain = &session.chain;
    let claimed = selectors::call(Felt::ZERO, "Claimed", vec![]).selector;
    let keys = vec![vec![claimed], vec![], vec![model_id.into()]];
    let events = session.wait(chain.events(registry.address, keys, 0, None))?;
    let newest = events.len().saturating_sub(MAX_CLAIMS);
    let mut shown = Vec::new();
    for (keys, data) in &events[newest..] {
        let event: Result<_, ChainError> = Event::read(keys, data);
        let Some(Event::Claimed { claim_id, claimant, version, bond, n_rows, .. }) = event? else {
            continue;
        };
        let status = session.wait(registry.claim_state(chain, claim_id))?.status;
        let (claimant, bond) = (hex(&claimant), Amount(bond));
        shown.push(ShownClaim { claim_id, version, claimant, bond, n_rows, status });
    }
    Ok(shown)
}

impl ShownVersion {
    fn first(&self, model_id: u64) -> String {
        if self.first_model == model_id {
            return "this one: nobody has registered the class before".to_owned();
        }
        format!("{}: this is a copy of its class", self.first_model)
    }

    fn code(&self) -> String {
        if !self.class_unchanged {
            return "the contract has another class than the registered one: do not use it"
                .to_owned();
        }
        let (system_calls, impurities) = (self.system_calls.clone(), self.impurities.clone());
        class::known(&Purity { system_calls, impurities })
    }
}

impl Message for Shown {
    fn text(&self) -> String {
        let model = &self.model;
        let felt = |felt| short_string(felt).unwrap_or_else(|| "-".to_owned());
        let deprecated = if model.deprecated { " (deprecated)" } else { "" };
        let mut text = fields([
            ("model", format!("{} {}{deprecated}", model.id, model.name)),
            ("kind", felt(&model.kind)),
            ("licence", felt(&model.licence)),
            ("owner", hex(&model.owner)),
            ("price", format!("{} per row", Amount(model.price))),
            ("bond", format!("{} at least", Amount(model.bond))),
            (
                "calls",
                format!(
                    "{}, of these {} by its owner; revenue {}",
                    thousands(model.n_calls),
                    thousands(model.n_own_calls),
                    Amount(model.revenue)
                ),
            ),
            ("terms hash", self.terms_hash.clone()),
        ]);
        for version in &self.versions {
            let registered = &version.registered;
            let deprecated = if registered.deprecated { " (deprecated)" } else { "" };
            text += &format!("\nversion {}{deprecated}\n", version.version);
            text += &fields([
                ("  contract", hex(&registered.contract)),
                ("  class hash", hex(&registered.class_hash)),
                ("  model hash", hex(&registered.model_hash)),
                ("  program hash", hex(&registered.program_hash)),
                ("  code", version.code()),
                ("  first model", version.first(model.id)),
                (
                    "  challenge",
                    format!(
                        "{} L2 gas, as its publisher says",
                        thousands(registered.challenge_gas)
                    ),
                ),
                ("  least bond", version.least_bond.to_string()),
                ("  metadata", registered.metadata_uri.clone()),
            ]);
        }
        if !self.shares.is_empty() {
            let share = |share: &Share| {
                vec![hex(&share.holder), format!("{:.2}%", f64::from(share.basis_points) / 100.0)]
            };
            text += &format!("\n{}", table(&["holder", ">share"], self.shares.iter().map(share)));
        }
        if !self.claims.is_empty() {
            let claim = |shown: &ShownClaim| {
                vec![
                    shown.claim_id.to_string(),
                    shown.version.to_string(),
                    shown.n_rows.to_string(),
                    shown.bond.to_string(),
                    shown.status.text().to_owned(),
                ]
            };
            let header = [">claim", ">version", ">rows", ">bond", "status"];
            text += &format!("\n{}", table(&header, self.claims.iter().map(claim)));
        }
        if !self.proofs.is_empty() {
            let proof = |shown: &ShownProof| {
                vec![
                    shown.proof_id.to_string(),
                    shown.version.to_string(),
                    shown.record.security_bits.to_string(),
                    digest_text(&shown.record.proof_hash),
                ]
            };
            let header = [">proof", ">version", ">bits", "SHA-256 of the file"];
            text += &format!(
                "\nclaimed, not verified by the registry:\n{}",
                table(&header, self.proofs.iter().map(proof))
            );
        }
        text
    }
}
