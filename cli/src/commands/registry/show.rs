//! `nilo registry show`: all about a model.

use anyhow::Result;
use clap::Args;
use nilometer_cairo::contract::system_calls;
use nilometer_starknet::codec::short_string;
use nilometer_starknet::types::{digest_text, Claim, Model, ProofRecord, Share, Status, Version};
use serde::Serialize;

use crate::chain::amount::Amount;
use crate::chain::{hex, ChainArgs, Session};
use crate::output::{Message, Output};
use crate::table::{fields, table};
use nilometer_package::numbers::thousands;

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
    /// Claims about the model, the newest of the registry's last thousand.
    claims: Vec<ShownClaim>,
    /// Records of proofs, of the registry's last thousand; the registry has verified none.
    proofs: Vec<ShownProof>,
}

#[derive(Serialize)]
struct ShownProof {
    proof_id: u64,
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
}

#[derive(Serialize)]
struct ShownClaim {
    claim_id: u64,
    #[serde(flatten)]
    claim: Claim,
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
            let class_hash = session.wait(chain.class_hash_at(registered.contract))?;
            let class = session.wait(chain.class(class_hash))?;
            versions.push(ShownVersion {
                version,
                class_unchanged: class_hash == registered.class_hash,
                system_calls: system_calls(&serde_json::to_vec(&class)?)?,
                registered,
            });
        }
    }
    let shares = session.wait(registry.shares(chain, args.id))?;
    let totals = session.wait(registry.totals(chain))?;
    let n_claims = totals.n_claims;
    let mut claims = Vec::new();
    let mut first = n_claims.saturating_sub(1_000) + 1;
    while first <= n_claims {
        let page = session.wait(registry.claims(chain, first, 50))?;
        if page.is_empty() {
            break;
        }
        let numbered = page.into_iter().zip(first..);
        let mine = numbered.filter(|(claim, _)| claim.model_id == args.id);
        let shown: Vec<ShownClaim> =
            mine.map(|(claim, claim_id)| ShownClaim { claim_id, claim }).collect();
        first += 50;
        claims.extend(shown);
    }
    let mut proofs = Vec::new();
    let mut first = totals.n_proofs.saturating_sub(1_000) + 1;
    while first <= totals.n_proofs {
        let page = session.wait(registry.proofs(chain, first, 50))?;
        if page.is_empty() {
            break;
        }
        let numbered = page.into_iter().zip(first..);
        let mine = numbered.filter(|(record, _)| record.model_id == args.id);
        proofs.extend(mine.map(|(record, proof_id)| ShownProof { proof_id, record }));
        first += 50;
    }
    output.result(&Shown { model, versions, shares, claims, proofs })?;
    Ok(0)
}

impl ShownVersion {
    fn code(&self) -> String {
        if !self.class_unchanged {
            return "the contract has another class than the registered one: do not use it"
                .to_owned();
        }
        match self.system_calls.as_slice() {
            [] => "no system calls: it cannot change, and knows only the row".to_owned(),
            calls => {
                format!("makes system calls ({}): it can answer as it likes", calls.join(", "))
            }
        }
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
            ("price", format!("{} a row", Amount(model.price))),
            ("bond", format!("{} at least", Amount(model.bond))),
            ("calls", format!("{}, revenue {}", thousands(model.n_calls), Amount(model.revenue))),
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
                let status: Status = shown.claim.status;
                vec![
                    shown.claim_id.to_string(),
                    shown.claim.version.to_string(),
                    Amount(shown.claim.bond).to_string(),
                    status.text().to_owned(),
                ]
            };
            let header = [">claim", ">version", ">bond", "status"];
            text += &format!("\n{}", table(&header, self.claims.iter().map(claim)));
        }
        if !self.proofs.is_empty() {
            let proof = |shown: &ShownProof| {
                vec![
                    shown.proof_id.to_string(),
                    shown.record.version.to_string(),
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
