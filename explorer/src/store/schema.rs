//! The tables.

use rusqlite::Connection;

use super::{hex, set, text, Identity, Result};

/// The version of the tables' layout; an index of another version is emptied and read again from the chain.
const VERSION: &str = "3";

/// Raw events, and how far the index is.
const SOURCE: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS blocks (
    number INTEGER PRIMARY KEY, hash TEXT NOT NULL, time INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS events (
    block INTEGER NOT NULL, position INTEGER NOT NULL, tx TEXT NOT NULL, name TEXT NOT NULL,
    keys TEXT NOT NULL, data TEXT NOT NULL, claim_id INTEGER, problem TEXT,
    PRIMARY KEY (block, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS events_of_claim ON events (claim_id) WHERE claim_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_unreadable ON events (block) WHERE problem IS NOT NULL;
";

/// Answers that never change, by hash.
const CACHE: &str = "
CREATE TABLE IF NOT EXISTS receipts (
    tx TEXT PRIMARY KEY, gas_l2 INTEGER NOT NULL, fee TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS schemas (hash TEXT PRIMARY KEY, felts TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS descriptions (
    hash TEXT PRIMARY KEY, source TEXT NOT NULL, bytes BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS failed_fetches (
    hash TEXT NOT NULL, uri TEXT NOT NULL, problem TEXT NOT NULL, differs INTEGER NOT NULL,
    failures INTEGER NOT NULL, retry_at INTEGER NOT NULL,
    PRIMARY KEY (hash, uri)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS summaries (
    metadata_hash TEXT PRIMARY KEY, agreement REAL, summary TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS classes (
    class_hash TEXT PRIMARY KEY, system_calls TEXT NOT NULL, abi TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS checks (
    model_id INTEGER NOT NULL, version INTEGER NOT NULL, program_hash TEXT NOT NULL,
    input_hash TEXT NOT NULL, output_hash TEXT NOT NULL, proven_bits INTEGER NOT NULL,
    tied INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (model_id, version, program_hash, input_hash, output_hash, proven_bits)
) STRICT;
CREATE INDEX IF NOT EXISTS checks_of_version ON checks (model_id, version, tied);
";

/// Computed from the events.
const DERIVED: &str = "
CREATE TABLE IF NOT EXISTS models (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, family TEXT NOT NULL,
    task TEXT NOT NULL, licence TEXT NOT NULL, owner TEXT NOT NULL, offered_to TEXT,
    price TEXT NOT NULL, bond TEXT NOT NULL, deprecated INTEGER NOT NULL DEFAULT 0,
    n_versions INTEGER NOT NULL DEFAULT 0, n_calls INTEGER NOT NULL DEFAULT 0,
    n_settled INTEGER NOT NULL DEFAULT 0, n_claims INTEGER NOT NULL DEFAULT 0,
    n_proofs INTEGER NOT NULL DEFAULT 0, revenue TEXT NOT NULL,
    shares TEXT NOT NULL DEFAULT '[]', search TEXT NOT NULL, metadata_hash TEXT NOT NULL DEFAULT '',
    registered_at INTEGER NOT NULL, active_at INTEGER NOT NULL, tx TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS models_by_name ON models (name COLLATE NOCASE);
CREATE INDEX IF NOT EXISTS models_by_calls ON models (n_calls);
CREATE TABLE IF NOT EXISTS versions (
    model_id INTEGER NOT NULL, version INTEGER NOT NULL, contract TEXT NOT NULL,
    class_hash TEXT NOT NULL, model_hash TEXT NOT NULL, program_hash TEXT NOT NULL,
    schema_hash TEXT NOT NULL, metadata_uri TEXT NOT NULL, metadata_hash TEXT NOT NULL,
    published_at INTEGER NOT NULL, block INTEGER NOT NULL, tx TEXT NOT NULL,
    deprecated INTEGER NOT NULL DEFAULT 0, n_calls INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, model_id INTEGER NOT NULL, version INTEGER NOT NULL,
    caller TEXT NOT NULL, price TEXT NOT NULL, input_hash TEXT NOT NULL, output TEXT NOT NULL,
    time INTEGER NOT NULL, block INTEGER NOT NULL, tx TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS calls_of_model ON calls (model_id, id);
CREATE INDEX IF NOT EXISTS calls_of_tx ON calls (tx);
CREATE INDEX IF NOT EXISTS calls_of_caller ON calls (model_id, caller);
CREATE TABLE IF NOT EXISTS usage (
    model_id INTEGER NOT NULL, hour INTEGER NOT NULL, calls INTEGER NOT NULL, revenue TEXT NOT NULL,
    PRIMARY KEY (model_id, hour)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS claims (
    id INTEGER PRIMARY KEY, model_id INTEGER NOT NULL, version INTEGER NOT NULL,
    status TEXT NOT NULL, claimant TEXT NOT NULL, contester TEXT, challenger TEXT,
    bond TEXT NOT NULL, reward TEXT NOT NULL, burnt TEXT NOT NULL,
    refused INTEGER NOT NULL DEFAULT 0, claimed_at INTEGER NOT NULL, deadline INTEGER NOT NULL,
    settled_at INTEGER, input_hash TEXT NOT NULL, executed_output_hash TEXT,
    input TEXT NOT NULL DEFAULT '[]', output TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS claims_of_model ON claims (model_id, id);
CREATE INDEX IF NOT EXISTS claims_by_status ON claims (status, id);
CREATE TABLE IF NOT EXISTS proofs (
    id INTEGER PRIMARY KEY, model_id INTEGER NOT NULL, version INTEGER NOT NULL,
    recorder TEXT NOT NULL, proof_hash TEXT NOT NULL, input_hash TEXT NOT NULL,
    output_hash TEXT NOT NULL, security_bits INTEGER NOT NULL, format_version INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL, tx TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS proofs_of_model ON proofs (model_id, id);
CREATE INDEX IF NOT EXISTS proofs_by_hash ON proofs (proof_hash);
CREATE TABLE IF NOT EXISTS credits (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, amount TEXT NOT NULL,
    withdrawn INTEGER NOT NULL, block INTEGER NOT NULL, tx TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS credits_of_account ON credits (account, id);
CREATE INDEX IF NOT EXISTS models_of_owner ON models (owner);
";

/// Tables that are computed from the events.
const DERIVED_TABLES: [&str; 7] =
    ["models", "versions", "calls", "usage", "claims", "proofs", "credits"];
/// Everything else that an index holds.
const OTHER_TABLES: [&str; 11] = [
    "meta",
    "blocks",
    "events",
    "receipts",
    "schemas",
    "descriptions",
    "classes",
    "failed_fetches",
    "summaries",
    "agreements",
    "checks",
];

/// Creates the tables; those of another version or registry are dropped first.
pub fn prepare(connection: &mut Connection, identity: &Identity) -> Result<()> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let registry = hex(&identity.registry);
    let wanted = [("version", VERSION), ("chain", &identity.chain), ("registry", &registry)];
    let has_meta: u64 = transaction.query_row(
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'meta'",
        [],
        |row| row.get(0),
    )?;
    let mut same = has_meta > 0;
    for (key, value) in wanted {
        same = same && text(&transaction, key)?.as_deref() == Some(value);
    }
    if !same {
        for table in DERIVED_TABLES.iter().chain(&OTHER_TABLES) {
            transaction.execute_batch(&format!("DROP TABLE IF EXISTS {table};"))?;
        }
    }
    transaction.execute_batch(&[SOURCE, CACHE, DERIVED].concat())?;
    for (key, value) in wanted {
        set(&transaction, key, value)?;
    }
    transaction.commit()?;
    Ok(())
}

/// Empties events and the tables computed from them.
pub fn clear(connection: &Connection) -> Result<()> {
    clear_derived(connection)?;
    connection.execute_batch(
        "DELETE FROM events; DELETE FROM blocks; DELETE FROM receipts; DELETE FROM descriptions; DELETE FROM failed_fetches;
         DELETE FROM meta WHERE key = 'cursor';",
    )?;
    Ok(())
}

/// Empties the tables that are computed from events.
pub fn clear_derived(connection: &Connection) -> Result<()> {
    for table in DERIVED_TABLES {
        connection.execute_batch(&format!("DELETE FROM {table};"))?;
    }
    Ok(())
}
