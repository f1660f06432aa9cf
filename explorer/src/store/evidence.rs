//! Calls, claims and proofs.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use nilometer_starknet::Felt;
use nilometer_transpiler::schema::Schema;
use rusqlite::{params, Connection, OptionalExtension, Row};

use super::{amount, Reader, Result};
use crate::view::{
    CallView, CheckedHere, ClaimEvent, ClaimStatus, ClaimView, Decoded, Page, ProofView, Trust,
    MAX_PER_PAGE,
};
use nilometer_package::answer;

const CLAIM: &str =
    "c.id, c.model_id, COALESCE(m.name, ''), c.version, c.status, c.claimant, c.contester,
    c.challenger, c.bond, c.reward, c.burnt, c.refused, c.claimed_at, c.deadline, c.settled_at,
    c.input_hash, c.executed_output_hash, c.input, c.output, COALESCE(v.schema_hash, '')
    FROM claims c LEFT JOIN models m ON m.id = c.model_id
    LEFT JOIN versions v ON v.model_id = c.model_id AND v.version = c.version";

const PROOF: &str = "p.id, p.model_id, COALESCE(m.name, ''), p.version, p.recorder, p.proof_hash,
    p.input_hash, p.output_hash, p.security_bits, p.format_version, p.recorded_at, p.tx,
    k.at, k.proven_bits
    FROM proofs p LEFT JOIN models m ON m.id = p.model_id
    LEFT JOIN versions v ON v.model_id = p.model_id AND v.version = p.version
    LEFT JOIN checks k ON k.rowid = (SELECT c.rowid FROM checks c WHERE c.model_id = p.model_id
        AND c.version = p.version AND c.program_hash = v.program_hash
        AND c.input_hash = p.input_hash AND c.output_hash = p.output_hash AND c.tied = 1
        ORDER BY c.proven_bits DESC LIMIT 1)";

const CALL: &str =
    "c.id, c.model_id, c.version, c.caller, c.price, c.input_hash, c.output, c.time, c.block,
    c.tx, r.gas_l2 / (SELECT MAX(COUNT(*), 1) FROM calls o WHERE o.tx = c.tx),
    COALESCE(v.schema_hash, '')
    FROM calls c LEFT JOIN receipts r ON r.tx = c.tx
    LEFT JOIN versions v ON v.model_id = c.model_id AND v.version = c.version";

/// Schemas that were read, by hash, during one request.
#[derive(Default)]
struct Schemas(HashMap<String, Option<Schema>>);

impl Schemas {
    fn get(&mut self, connection: &Connection, hash: &str) -> Result<Option<&Schema>> {
        if !self.0.contains_key(hash) {
            let schema = super::cache::schema(connection, hash)?;
            self.0.insert(hash.to_owned(), schema);
        }
        Ok(self.0.get(hash).and_then(Option::as_ref))
    }
}

fn felts(text: &str) -> Vec<Felt> {
    let list: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    list.iter().map(|felt| Felt::from_hex(felt).unwrap_or_default()).collect()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// A claim without its row and results, and these with the schema's hash.
fn claim(row: &Row<'_>) -> rusqlite::Result<(ClaimView, Vec<Felt>, Vec<Felt>, String)> {
    let status: String = row.get(4)?;
    let status = ClaimStatus::parse(&status).unwrap_or(ClaimStatus::Void);
    let deadline: u64 = row.get(13)?;
    let view = ClaimView {
        id: row.get(0)?,
        model_id: row.get(1)?,
        model_name: row.get(2)?,
        version: row.get(3)?,
        status,
        trust: status.trust(),
        claimant: row.get(5)?,
        contester: row.get(6)?,
        challenger: row.get(7)?,
        bond: amount(row, 8)?,
        reward: amount(row, 9)?,
        burnt: amount(row, 10)?,
        refused: row.get(11)?,
        claimed_at: row.get(12)?,
        deadline,
        expired: now() >= deadline,
        settled_at: row.get(14)?,
        input_hash: row.get(15)?,
        executed_output_hash: row.get(16)?,
        input_int: Vec::new(),
        input: Vec::new(),
        outputs: Vec::new(),
        label: None,
        events: Vec::new(),
    };
    let (input, output): (String, String) = (row.get(17)?, row.get(18)?);
    Ok((view, felts(&input), felts(&output), row.get(19)?))
}

fn proof(row: &Row<'_>) -> rusqlite::Result<ProofView> {
    let checked = match row.get::<_, Option<u64>>(12)? {
        Some(at) => Some(CheckedHere { at, proven_bits: row.get(13)? }),
        None => None,
    };
    Ok(ProofView {
        id: row.get(0)?,
        model_id: row.get(1)?,
        model_name: row.get(2)?,
        version: row.get(3)?,
        recorder: row.get(4)?,
        proof_hash: row.get(5)?,
        input_hash: row.get(6)?,
        output_hash: row.get(7)?,
        security_bits: row.get(8)?,
        format_version: row.get(9)?,
        recorded_at: row.get(10)?,
        tx_hash: row.get(11)?,
        trust: if checked.is_some() { Trust::Proved } else { Trust::Claimed },
        checked,
    })
}

fn call(row: &Row<'_>) -> rusqlite::Result<(CallView, Vec<Felt>, String)> {
    let view = CallView {
        id: row.get(0)?,
        model_id: row.get(1)?,
        version: row.get(2)?,
        caller: row.get(3)?,
        price: amount(row, 4)?,
        input_hash: row.get(5)?,
        outputs: Vec::new(),
        label: None,
        at: row.get(7)?,
        block: row.get(8)?,
        tx_hash: row.get(9)?,
        gas_l2: row.get(10)?,
        trust: Trust::Executed,
    };
    let output: String = row.get(6)?;
    Ok((view, felts(&output), row.get(11)?))
}

impl Reader {
    /// A page of claims, the newest first; of one model, of one status.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn claims(
        &self,
        model_id: Option<u64>,
        status: Option<ClaimStatus>,
        page: u32,
        per_page: u32,
    ) -> Result<Page<ClaimView>> {
        let (page, per_page) = (page.max(1), per_page.clamp(1, MAX_PER_PAGE));
        let model_id = model_id.map(super::write::storable);
        let status = status.map(ClaimStatus::word);
        let filter = "WHERE (?1 IS NULL OR c.model_id = ?1) AND (?2 IS NULL OR c.status = ?2)";
        self.read(|connection| {
            let sql = format!("SELECT COUNT(*) FROM claims c {filter}");
            let mut statement = connection.prepare_cached(&sql)?;
            let total = statement.query_row(params![model_id, status], |row| row.get(0))?;
            let sql = format!("SELECT {CLAIM} {filter} ORDER BY c.id DESC LIMIT ?3 OFFSET ?4");
            let mut statement = connection.prepare_cached(&sql)?;
            let offset = u64::from(page - 1) * u64::from(per_page);
            let rows = statement.query_map(params![model_id, status, per_page, offset], claim)?;
            let mut schemas = Schemas::default();
            let mut items = Vec::new();
            for row in rows {
                let (view, input, output, hash) = row?;
                items.push(filled(view, &input, &output, schemas.get(connection, &hash)?));
            }
            Ok(Page { items, total, page, per_page })
        })
    }

    /// A claim with what happened to it.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn claim(&self, id: u64) -> Result<Option<ClaimView>> {
        let Ok(id) = i64::try_from(id) else { return Ok(None) };
        self.read(|connection| {
            let sql = format!("SELECT {CLAIM} WHERE c.id = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let found = statement.query_row([id], claim).optional()?;
            let Some((view, input, output, hash)) = found else { return Ok(None) };
            let mut schemas = Schemas::default();
            let mut view = filled(view, &input, &output, schemas.get(connection, &hash)?);
            let sql = "SELECT e.name, e.block, e.tx, COALESCE(b.time, 0) FROM events e
                       LEFT JOIN blocks b ON b.number = e.block
                       WHERE e.claim_id = ?1 ORDER BY e.block, e.position LIMIT 16";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([id], |row| {
                let name: String = row.get(0)?;
                let by = match name.as_str() {
                    "Claimed" => Some(view.claimant.clone()),
                    "Contested" => view.contester.clone(),
                    "Refuted" | "Upheld" => view.challenger.clone(),
                    _ => None,
                };
                Ok(ClaimEvent {
                    name,
                    by,
                    block: row.get(1)?,
                    tx_hash: row.get(2)?,
                    at: row.get(3)?,
                })
            })?;
            let events = rows.collect::<rusqlite::Result<_>>()?;
            view.events = events;
            Ok(Some(view))
        })
    }

    /// A page of proof records, the newest first; of one model.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn proofs(
        &self,
        model_id: Option<u64>,
        page: u32,
        per_page: u32,
    ) -> Result<Page<ProofView>> {
        let (page, per_page) = (page.max(1), per_page.clamp(1, MAX_PER_PAGE));
        let model_id = model_id.map(super::write::storable);
        let filter = "WHERE (?1 IS NULL OR p.model_id = ?1)";
        self.read(|connection| {
            let sql = format!("SELECT COUNT(*) FROM proofs p {filter}");
            let mut statement = connection.prepare_cached(&sql)?;
            let total = statement.query_row(params![model_id], |row| row.get(0))?;
            let sql = format!("SELECT {PROOF} {filter} ORDER BY p.id DESC LIMIT ?2 OFFSET ?3");
            let mut statement = connection.prepare_cached(&sql)?;
            let offset = u64::from(page - 1) * u64::from(per_page);
            let rows = statement.query_map(params![model_id, per_page, offset], proof)?;
            let items = rows.collect::<rusqlite::Result<_>>()?;
            Ok(Page { items, total, page, per_page })
        })
    }

    /// A page of a model's paid calls, the newest first.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn calls(&self, model_id: u64, page: u32, per_page: u32) -> Result<Page<CallView>> {
        let (page, per_page) = (page.max(1), per_page.clamp(1, MAX_PER_PAGE));
        let model_id = super::write::storable(model_id);
        self.read(|connection| {
            let sql = "SELECT COUNT(*) FROM calls WHERE model_id = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let total = statement.query_row([model_id], |row| row.get(0))?;
            let sql = format!(
                "SELECT {CALL} WHERE c.model_id = ?1 ORDER BY c.id DESC LIMIT ?2 OFFSET ?3"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let offset = u64::from(page - 1) * u64::from(per_page);
            let rows = statement.query_map(params![model_id, per_page, offset], call)?;
            let mut schemas = Schemas::default();
            let mut items = Vec::new();
            for row in rows {
                let (mut view, output, hash) = row?;
                let Decoded { outputs, label } =
                    Decoded::of(schemas.get(connection, &hash)?, &output);
                (view.outputs, view.label) = (outputs, label);
                items.push(view);
            }
            Ok(Page { items, total, page, per_page })
        })
    }
}

fn filled(
    mut view: ClaimView,
    input: &[Felt],
    output: &[Felt],
    schema: Option<&Schema>,
) -> ClaimView {
    let Decoded { outputs, label } = Decoded::of(schema, output);
    (view.outputs, view.label) = (outputs, label);
    view.input_int = answer::integers(input);
    view.input = answer::natural(schema, input);
    view
}
