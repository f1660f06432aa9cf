//! What an event changes.

use nilometer_starknet::codec::short_string;
use nilometer_starknet::types::digest_text;
use nilometer_starknet::{Event, Felt};
use rusqlite::{params, Connection, OptionalExtension};
use serde_json::json;

use super::write::storable;
use super::{amount_text, hex, StoreError};

/// Where an event stands.
pub struct Place {
    /// Its block.
    pub block: u64,
    /// When that was made.
    pub time: u64,
    /// Its transaction.
    pub tx: String,
}

/// An event that changes nothing.
pub enum ApplyError {
    /// The index fails.
    Index(StoreError),
    /// The event says what cannot be.
    Event(&'static str),
}

impl From<rusqlite::Error> for ApplyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Index(error.into())
    }
}

type Result<T = ()> = std::result::Result<T, ApplyError>;

/// Texts on chain are bounded by the registry's class; another class may not bound them.
const MAX_TEXT: usize = 2_048;
/// Felts of one event's list.
const MAX_FELTS: usize = 4_096;

const NO_MODEL: ApplyError = ApplyError::Event("there is no such model");
const NO_CLAIM: ApplyError = ApplyError::Event("there is no such claim");
const DUPLICATE: ApplyError = ApplyError::Event("its number was there before");
const TOO_LONG: ApplyError = ApplyError::Event("it is too long");
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

/// Changes the tables.
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
        Event::ClaimInput { claim_id, offset, part } => index.claim_input(*claim_id, *offset, part),
        Event::Contested { claim_id, contester, deadline } => {
            let sql = "UPDATE claims SET status = 'contested', contester = ?2, deadline = ?3 WHERE id = ?1";
            let values = params![id(*claim_id)?, hex(contester), storable(*deadline)];
            index.one(sql, values, NO_CLAIM)
        }
        Event::Refuted { claim_id, challenger, reward, burnt, refused, output_hash } => {
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

/// How a claim ended.
struct Settled<'a> {
    claim_id: u64,
    status: &'static str,
    challenger: Option<&'a Felt>,
    reward: u128,
    burnt: u128,
}

impl Settled<'_> {
    fn silent(claim_id: u64, status: &'static str, burnt: u128) -> Self {
        Self { claim_id, status, challenger: None, reward: 0, burnt }
    }
}

struct Tables<'a> {
    connection: &'a Connection,
    at: &'a Place,
}

impl Tables<'_> {
    /// Changes exactly one row.
    fn one(&self, sql: &str, values: &[&dyn rusqlite::ToSql], none: ApplyError) -> Result {
        match self.connection.prepare_cached(sql)?.execute(values)? {
            0 => Err(none),
            _ => Ok(()),
        }
    }

    fn publish(&self, event: &Event) -> Result {
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
    fn newest_metadata(&self, model_id: u64) -> Result {
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

    fn call(&self, event: &Event) -> Result {
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

    fn credit(&self, account: &Felt, amount: u128, withdrawn: bool) -> Result {
        let sql = "INSERT INTO credits (account, amount, withdrawn, block, tx)
                   VALUES (?1, ?2, ?3, ?4, ?5)";
        let amount = amount_text(amount);
        let values = params![hex(account), amount, withdrawn, self.at.block, self.at.tx];
        self.one(sql, values, DUPLICATE)
    }

    fn claim(&self, event: &Event) -> Result {
        let Event::Claimed {
            claim_id,
            model_id,
            claimant,
            version,
            bond,
            deadline,
            input_hash,
            output,
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

    /// Parts come in order; any other is none of this registry's.
    fn claim_input(&self, claim_id: u64, offset: u32, part: &[Felt]) -> Result {
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

    fn settle(&self, settled: &Settled<'_>) -> Result {
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

    fn proof(&self, event: &Event) -> Result {
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

/// A number that SQLite holds.
fn id(number: u64) -> Result<u64> {
    i64::try_from(number).map(|_| number).map_err(|_| TOO_LARGE)
}

fn list(felts: &[Felt]) -> Result<String> {
    if felts.len() > MAX_FELTS {
        return Err(TOO_LONG);
    }
    let felts: Vec<String> = felts.iter().map(hex).collect();
    Ok(serde_json::to_string(&felts).unwrap_or_default())
}

/// The text that a felt spells; nothing for zero, hexadecimal for what is no text.
fn spelled(felt: &Felt) -> String {
    match short_string(felt) {
        Some(text) => text,
        None if *felt == Felt::ZERO => String::new(),
        None => hex(felt),
    }
}
