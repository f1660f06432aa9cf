//! Events that change several tables.

use nilometer_starknet::types::digest_text;
use nilometer_starknet::{Event, Felt};
use rusqlite::{params, Connection, OptionalExtension};

use super::apply::{
    id, list, ApplyError, Place, Result, DUPLICATE, MAX_TEXT, NO_CLAIM, NO_MODEL, TOO_LONG,
};
use super::write::storable;
use super::{amount_text, hex};

/// How a claim ended.
pub(super) struct Settled<'a> {
    pub claim_id: u64,
    pub status: &'static str,
    pub challenger: Option<&'a Felt>,
    pub reward: u128,
    pub burnt: u128,
}

impl Settled<'_> {
    pub fn silent(claim_id: u64, status: &'static str, burnt: u128) -> Self {
        Self { claim_id, status, challenger: None, reward: 0, burnt }
    }
}

pub(super) struct Tables<'a> {
    pub connection: &'a Connection,
    pub at: &'a Place,
}

impl Tables<'_> {
    /// Changes exactly one row.
    pub fn one(&self, sql: &str, values: &[&dyn rusqlite::ToSql], none: ApplyError) -> Result {
        match self.connection.prepare_cached(sql)?.execute(values)? {
            0 => Err(none),
            _ => Ok(()),
        }
    }

    pub fn publish(&self, event: &Event) -> Result {
        let Event::VersionPublished {
            model_id,
            version,
            contract,
            class_hash,
            model_hash,
            program_hash,
            schema_hash,
            metadata_uri,
            metadata_hash,
            ..
        } = event
        else {
            return Ok(());
        };
        if metadata_uri.len() > MAX_TEXT {
            return Err(TOO_LONG);
        }
        let model_id = id(*model_id)?;
        self.model_exists(model_id)?;
        let sql =
            "INSERT OR IGNORE INTO versions (model_id, version, contract, class_hash, model_hash,
                   program_hash, schema_hash, metadata_uri, metadata_hash, published_at, block, tx)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        let values = params![
            model_id,
            version,
            hex(contract),
            hex(class_hash),
            hex(model_hash),
            hex(program_hash),
            hex(schema_hash),
            metadata_uri,
            digest_text(metadata_hash),
            storable(self.at.time),
            self.at.block,
            self.at.tx
        ];
        self.one(sql, values, DUPLICATE)?;
        let hashes = [contract, class_hash, model_hash, program_hash].map(hex).join(" ");
        let sql = "UPDATE models SET n_versions = MAX(n_versions, ?2), active_at = ?3,
                   search = search || ' ' || ?4 WHERE id = ?1";
        self.one(sql, params![model_id, version, storable(self.at.time), hashes], NO_MODEL)?;
        self.newest_metadata(model_id)
    }

    /// The newest version's description is what lists show of a model.
    pub fn newest_metadata(&self, model_id: u64) -> Result {
        let sql = "UPDATE models SET metadata_hash = COALESCE((SELECT metadata_hash FROM versions
                   WHERE model_id = models.id ORDER BY version DESC LIMIT 1), '') WHERE id = ?1";
        self.one(sql, params![model_id], NO_MODEL)
    }

    fn model_exists(&self, model_id: u64) -> Result {
        let sql = "SELECT 1 FROM models WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        if statement.exists([model_id])? {
            return Ok(());
        }
        Err(NO_MODEL)
    }

    pub fn call(&self, event: &Event) -> Result {
        let Event::Called { model_id, caller, version, call_id, price, input_hash, output } = event
        else {
            return Ok(());
        };
        let model_id = id(*model_id)?;
        self.model_exists(model_id)?;
        let time = storable(self.at.time);
        let sql =
            "INSERT OR IGNORE INTO calls (id, model_id, version, caller, price, input_hash, output,
                   time, block, tx) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let values = params![
            id(*call_id)?,
            model_id,
            version,
            hex(caller),
            amount_text(*price),
            hex(input_hash),
            list(output)?,
            time,
            self.at.block,
            self.at.tx
        ];
        self.one(sql, values, DUPLICATE)?;
        let sql = "UPDATE models SET n_calls = n_calls + 1, active_at = ?2 WHERE id = ?1";
        self.one(sql, params![model_id, time], NO_MODEL)?;
        let sql = "UPDATE versions SET n_calls = n_calls + 1 WHERE model_id = ?1 AND version = ?2";
        self.connection.prepare_cached(sql)?.execute(params![model_id, version])?;
        self.earn(model_id, *price, time / 3_600)
    }

    /// SQLite has no integers of 128 bits.
    fn earn(&self, model_id: u64, price: u128, hour: u64) -> Result {
        let sum = |old: Option<String>| {
            let old: u128 = old.and_then(|text| text.parse().ok()).unwrap_or(0);
            amount_text(old.saturating_add(price))
        };
        let sql = "SELECT revenue FROM models WHERE id = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let old = statement.query_row([model_id], |row| row.get(0)).optional()?;
        let sql = "UPDATE models SET revenue = ?2 WHERE id = ?1";
        self.one(sql, params![model_id, sum(old)], NO_MODEL)?;
        let sql = "SELECT revenue FROM usage WHERE model_id = ?1 AND hour = ?2";
        let mut statement = self.connection.prepare_cached(sql)?;
        let old = statement.query_row([model_id, hour], |row| row.get(0)).optional()?;
        let sql = "INSERT INTO usage (model_id, hour, calls, revenue) VALUES (?1, ?2, 1, ?3)
                   ON CONFLICT (model_id, hour)
                   DO UPDATE SET calls = calls + 1, revenue = excluded.revenue";
        self.one(sql, params![model_id, hour, sum(old)], NO_MODEL)
    }

    pub fn credit(&self, account: &Felt, amount: u128, withdrawn: bool) -> Result {
        let sql = "INSERT INTO credits (account, amount, withdrawn, block, tx)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let amount = amount_text(amount);
        let values = params![hex(account), amount, withdrawn, self.at.block, self.at.tx];
        self.one(sql, values, DUPLICATE)
    }

    pub fn claim(&self, event: &Event) -> Result {
        let Event::Claimed {
            claim_id,
            model_id,
            claimant,
            version,
            bond,
            deadline,
            input_hash,
            output,
            ..
        } = event
        else {
            return Ok(());
        };
        let model_id = id(*model_id)?;
        self.model_exists(model_id)?;
        let sql =
            "INSERT OR IGNORE INTO claims (id, model_id, version, status, claimant, bond, reward,
                   burnt, claimed_at, deadline, input_hash, output)
                   VALUES (?1, ?2, ?3, 'open', ?4, ?5, ?6, ?6, ?7, ?8, ?9, ?10)";
        let time = storable(self.at.time);
        let values = params![
            id(*claim_id)?,
            model_id,
            version,
            hex(claimant),
            amount_text(*bond),
            amount_text(0),
            time,
            storable(*deadline),
            hex(input_hash),
            list(output)?
        ];
        self.one(sql, values, DUPLICATE)?;
        let sql = "UPDATE models SET n_claims = n_claims + 1, active_at = ?2 WHERE id = ?1";
        self.one(sql, params![model_id, time], NO_MODEL)
    }

    /// Parts come in order; other parts are refused.
    pub fn claim_input(&self, claim_id: u64, offset: u32, part: &[Felt]) -> Result {
        let claim_id = id(claim_id)?;
        let mut statement =
            self.connection.prepare_cached("SELECT input FROM claims WHERE id = ?1")?;
        let input: String =
            statement.query_row([claim_id], |row| row.get(0)).optional()?.ok_or(NO_CLAIM)?;
        let mut input: Vec<String> = serde_json::from_str(&input).unwrap_or_default();
        if offset as usize != input.len() || input.len() + part.len() > (1 << 20) {
            return Err(ApplyError::Event("its offset is not where the row ends"));
        }
        input.extend(part.iter().map(hex));
        let input = serde_json::to_string(&input).unwrap_or_default();
        self.one("UPDATE claims SET input = ?2 WHERE id = ?1", params![claim_id, input], NO_CLAIM)
    }

    pub fn settle(&self, settled: &Settled<'_>) -> Result {
        let claim_id = id(settled.claim_id)?;
        let sql = "UPDATE claims SET status = ?2, challenger = ?3, reward = ?4, burnt = ?5,
                   settled_at = ?6 WHERE id = ?1";
        let time = storable(self.at.time);
        let values = params![
            claim_id,
            settled.status,
            settled.challenger.map(hex),
            amount_text(settled.reward),
            amount_text(settled.burnt),
            time
        ];
        self.one(sql, values, NO_CLAIM)?;
        let executed = settled.challenger.is_some();
        let sql = "UPDATE models SET active_at = ?2, n_settled = n_settled + ?3
                   WHERE id = (SELECT model_id FROM claims WHERE id = ?1)";
        self.one(sql, params![claim_id, time, executed], NO_MODEL)
    }

    pub fn proof(&self, event: &Event) -> Result {
        let Event::ProofRecorded {
            proof_id,
            model_id,
            recorder,
            version,
            proof_hash,
            input_hash,
            output_hash,
            security_bits,
            format_version,
        } = event
        else {
            return Ok(());
        };
        let model_id = id(*model_id)?;
        self.model_exists(model_id)?;
        let sql =
            "INSERT OR IGNORE INTO proofs (id, model_id, version, recorder, proof_hash, input_hash,
                   output_hash, security_bits, format_version, recorded_at, tx)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let time = storable(self.at.time);
        let values = params![
            id(*proof_id)?,
            model_id,
            version,
            hex(recorder),
            digest_text(proof_hash),
            hex(input_hash),
            hex(output_hash),
            security_bits,
            format_version,
            time,
            self.at.tx
        ];
        self.one(sql, values, DUPLICATE)?;
        let sql = "UPDATE models SET n_proofs = n_proofs + 1, active_at = ?2 WHERE id = ?1";
        self.one(sql, params![model_id, time], NO_MODEL)
    }
}
