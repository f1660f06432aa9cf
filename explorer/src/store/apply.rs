//! Applies events to the tables.

use nilometer_starknet::codec::short_string;
use nilometer_starknet::types::digest_text;
use nilometer_starknet::{Event, Felt};
use rusqlite::{params, Connection};
use serde_json::json;

use super::tables::{Settled, Tables};
use super::write::storable;
use super::{amount_text, hex, StoreError};

/// The position of an event.
pub struct Place {
    /// Its block.
    pub block: u64,
    /// The block's time.
    pub time: u64,
    /// Its transaction.
    pub tx: String,
}

/// Why an event was not applied.
pub enum ApplyError {
    /// The index fails.
    Index(StoreError),
    /// The event contradicts the state.
    Event(&'static str),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error.into())
    }
}

pub(super) type Result<T = ()> = std::result::Result<T, ApplyError>;

/// Texts on chain are bounded by the registry's class; another class may not bound them.
pub(super) const MAX_TEXT: usize = 2_048;
/// Felts of one event's list.
const MAX_FELTS: usize = 4_096;

pub(super) const NO_MODEL: ApplyError = ApplyError::Event("there is no such model");
pub(super) const NO_CLAIM: ApplyError = ApplyError::Event("there is no such claim");
pub(super) const DUPLICATE: ApplyError = ApplyError::Event("its number was there before");
pub(super) const TOO_LONG: ApplyError = ApplyError::Event("it is too long");
const TOO_LARGE: ApplyError = ApplyError::Event("its number is too large");

/// The claim that an event is about.
pub fn claim_of(event: &Event) -> Option<u64> {
    match event {
        Event::Claimed { claim_id, .. }
        | Event::Contested { claim_id, .. }
        | Event::Refuted { claim_id, .. }
        | Event::Upheld { claim_id, .. }
        | Event::Finalized { claim_id }
        | Event::Voided { claim_id, .. } => Some(*claim_id),
        _ => None,
    }
}

/// Applies an event.
///
/// # Errors
/// The event says what cannot be, and has changed nothing; or the index fails.
pub fn apply(connection: &Connection, at: &Place, event: &Event) -> Result {
    let index = Tables { connection, at };
    match event {
        Event::ModelRegistered { model_id, owner, name, kind, licence, price, bond } => {
            let (kind, licence) = (spelled(kind), spelled(licence));
            if name.len() > MAX_TEXT {
                return Err(TOO_LONG);
            }
            let search = format!("{name} {kind} {licence} {}", hex(owner)).to_lowercase();
            let sql =
                "INSERT OR IGNORE INTO models (id, name, kind, family, task, licence, owner, price,
                       bond, revenue, search, registered_at, active_at, tx)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?13)";
            let (family, task) = kind.split_once('_').unwrap_or((kind.as_str(), ""));
            let values = params![
                id(*model_id)?,
                name,
                kind,
                family,
                task,
                licence,
                hex(owner),
                amount_text(*price),
                amount_text(*bond),
                amount_text(0),
                search,
                storable(at.time),
                at.tx
            ];
            index.one(sql, values, DUPLICATE)
        }
        Event::VersionPublished { .. } => index.publish(event),
        Event::TermsChanged { model_id, price, bond } => {
            let values = params![id(*model_id)?, amount_text(*price), amount_text(*bond)];
            index.one("UPDATE models SET price = ?2, bond = ?3 WHERE id = ?1", values, NO_MODEL)
        }
        Event::LicenceChanged { model_id, licence } => {
            let values = params![id(*model_id)?, spelled(licence)];
            index.one("UPDATE models SET licence = ?2 WHERE id = ?1", values, NO_MODEL)
        }
        Event::MetadataChanged { model_id, version, metadata_uri, metadata_hash } => {
            if metadata_uri.len() > MAX_TEXT {
                return Err(TOO_LONG);
            }
            let hash = digest_text(metadata_hash);
            let sql = "UPDATE versions SET metadata_uri = ?3, metadata_hash = ?4
                       WHERE model_id = ?1 AND version = ?2";
            index.one(sql, params![id(*model_id)?, version, metadata_uri, hash], NO_MODEL)?;
            index.newest_metadata(*model_id)
        }
        Event::SharesChanged { model_id, shares } => {
            if shares.len() > MAX_FELTS {
                return Err(TOO_LONG);
            }
            let list: Vec<_> = shares
                .iter()
                .map(|share| json!([hex(&share.holder), share.basis_points]))
                .collect();
            let values = params![id(*model_id)?, json!(list).to_string()];
            index.one("UPDATE models SET shares = ?2 WHERE id = ?1", values, NO_MODEL)
        }
        Event::VersionDeprecated { model_id, version } => {
            let sql = "UPDATE versions SET deprecated = 1 WHERE model_id = ?1 AND version = ?2";
            index.one(sql, params![id(*model_id)?, version], NO_MODEL)
        }
        Event::ModelDeprecated { model_id } => {
            let sql = "UPDATE models SET deprecated = 1 WHERE id = ?1";
            index.one(sql, params![id(*model_id)?], NO_MODEL)
        }
        Event::ModelOffered { model_id, to } => {
            let to = (*to != Felt::ZERO).then(|| hex(to));
            let sql = "UPDATE models SET offered_to = ?2 WHERE id = ?1";
            index.one(sql, params![id(*model_id)?, to], NO_MODEL)
        }
        Event::ModelTransferred { model_id, to, .. } => {
            let sql =
                "UPDATE models SET owner = ?2, offered_to = NULL, search = search || ' ' || ?2
                       WHERE id = ?1";
            index.one(sql, params![id(*model_id)?, hex(to)], NO_MODEL)
        }
        Event::Called { .. } => index.call(event),
        Event::Credited { account, amount } => index.credit(account, *amount, false),
        Event::Withdrawn { account, amount } => index.credit(account, *amount, true),
        Event::Claimed { .. } => index.claim(event),
        // A claim of several rows is shown by its first.
        Event::ClaimInput { claim_id, row: 0, offset, part } => {
            index.claim_input(*claim_id, *offset, part)
        }
        Event::Contested { claim_id, contester, deadline, .. } => {
            let sql = "UPDATE claims SET status = 'contested', contester = ?2, deadline = ?3 WHERE id = ?1";
            let values = params![id(*claim_id)?, hex(contester), storable(*deadline)];
            index.one(sql, values, NO_CLAIM)
        }
        Event::Refuted { claim_id, challenger, reward, burnt, refused, output_hash, .. } => {
            let settled = Settled {
                claim_id: *claim_id,
                status: "refuted",
                challenger: Some(challenger),
                reward: *reward,
                burnt: *burnt,
            };
            index.settle(&settled)?;
            let hash = (!*refused).then(|| hex(output_hash));
            let sql = "UPDATE claims SET refused = ?2, executed_output_hash = ?3 WHERE id = ?1";
            index.one(sql, params![id(*claim_id)?, refused, hash], NO_CLAIM)
        }
        Event::RowUpheld { claim_id, deadline, .. } => {
            let sql =
                "UPDATE claims SET status = 'open', contester = NULL, deadline = ?2 WHERE id = ?1";
            index.one(sql, params![id(*claim_id)?, storable(*deadline)], NO_CLAIM)
        }
        Event::Upheld { claim_id, challenger, reward, burnt } => index.settle(&Settled {
            claim_id: *claim_id,
            status: "upheld",
            challenger: Some(challenger),
            reward: *reward,
            burnt: *burnt,
        }),
        Event::Finalized { claim_id } => index.settle(&Settled::silent(*claim_id, "final", 0)),
        Event::Voided { claim_id, burnt } => {
            index.settle(&Settled::silent(*claim_id, "void", *burnt))
        }
        Event::ProofRecorded { .. } => index.proof(event),
        // The registry's own state is read from it.
        _ => Ok(()),
    }
}

/// A number that SQLite holds.
pub(super) fn id(number: u64) -> Result<u64> {
    i64::try_from(number).map(|_| number).map_err(|_| TOO_LARGE)
}

/// Felts as JSON.
pub(super) fn list(felts: &[Felt]) -> Result<String> {
    if felts.len() > MAX_FELTS {
        return Err(TOO_LONG);
    }
    let felts: Vec<String> = felts.iter().map(hex).collect();
    Ok(serde_json::to_string(&felts).unwrap_or_default())
}

/// The text that a felt spells; empty for zero, hexadecimal if it is not text.
fn spelled(felt: &Felt) -> String {
    match short_string(felt) {
        Some(text) => text,
        None if *felt == Felt::ZERO => String::new(),
        None => hex(felt),
    }
}
