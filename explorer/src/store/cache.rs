//! Answers of the node that never change, and checks of proofs: receipts, schemas, classes.

use std::time::{SystemTime, UNIX_EPOCH};

use nilometer_starknet::Felt;
use nilometer_transpiler::schema::Schema;
use rusqlite::{params, Connection, OptionalExtension};

use super::{hex, Reader, Result, Store};
use crate::view::{CheckedHere, Entry};

/// Checks of proofs beyond this number are deleted, the oldest first.
const MAX_CHECKS: u32 = 100_000;

/// The gas and fee of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// L2 gas.
    pub gas_l2: u64,
    /// The fee, in the smallest unit of STRK.
    pub fee: u128,
}

/// What is read from a class. Its hash commits to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractFacts {
    /// What lets it use more than the row, such as system calls; empty for a class that knows only the row.
    pub system_calls: Vec<String>,
    /// Its ABI as JSON.
    pub abi: String,
}

/// A run that a proof was checked of and found valid. Which file it was does not matter: the same run may have many.
#[derive(Clone, Copy, Debug)]
pub struct KeptCheck<'a> {
    /// The model that it was checked for.
    pub model_id: u64,
    /// The version.
    pub version: u32,
    /// The version's program.
    pub program_hash: &'a str,
    /// Poseidon hash of the row.
    pub input_hash: &'a str,
    /// Poseidon hash of the results.
    pub output_hash: &'a str,
    /// Bits of security that are proven.
    pub proven_bits: u32,
    /// Whether the version's contract gave the same results for this row.
    pub tied: bool,
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

/// A schema that a contract has returned, and that has this hash.
pub(super) fn schema(connection: &Connection, hash: &str) -> Result<Option<Schema>> {
    let mut statement = connection.prepare_cached("SELECT felts FROM schemas WHERE hash = ?1")?;
    let text: Option<String> = statement.query_row([hash], |row| row.get(0)).optional()?;
    let list: Option<Vec<String>> = text.and_then(|text| serde_json::from_str(&text).ok());
    let felts: Option<Vec<Felt>> =
        list.and_then(|list| list.iter().map(|felt| Felt::from_hex(felt).ok()).collect());
    Ok(felts.and_then(|felts| Schema::from_felts(&felts).ok()))
}

impl Reader {
    /// The schema with this hash, if it is stored.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn schema(&self, hash: &str) -> Result<Option<Schema>> {
        self.read(|connection| schema(connection, hash))
    }

    /// Schemas that are not stored: their hashes, and contracts that should have them.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn missing_schemas(&self, count: u32) -> Result<Vec<(String, Felt)>> {
        self.read(|connection| {
            let sql = "SELECT v.schema_hash, v.contract FROM versions v
                       LEFT JOIN schemas s ON s.hash = v.schema_hash
                       WHERE s.hash IS NULL ORDER BY v.block DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([count], |row| {
                let contract: String = row.get(1)?;
                Ok((row.get(0)?, Felt::from_hex(&contract).unwrap_or_default()))
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// Transactions with calls of which the receipt is not known, the newest first.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn missing_receipts(&self, count: u32) -> Result<Vec<Felt>> {
        self.read(|connection| {
            let sql = "SELECT c.tx FROM calls c LEFT JOIN receipts r ON r.tx = c.tx
                       WHERE r.tx IS NULL GROUP BY c.tx ORDER BY MAX(c.id) DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([count], |row| row.get::<_, String>(0))?;
            let texts = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(texts.iter().filter_map(|text| Felt::from_hex(text).ok()).collect())
        })
    }

    /// What is stored of a class.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn class(&self, class_hash: &str) -> Result<Option<ContractFacts>> {
        self.read(|connection| {
            let sql = "SELECT system_calls, abi FROM classes WHERE class_hash = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row([class_hash], |row| {
                let calls: String = row.get(0)?;
                let system_calls = serde_json::from_str(&calls).unwrap_or_default();
                Ok(ContractFacts { system_calls, abi: row.get(1)? })
            });
            Ok(found.optional()?)
        })
    }

    /// Numbers of a version's records of this proof with this row and these results.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn records_of(
        &self,
        (model_id, version): (u64, u32),
        proof_hash: &str,
        input_hash: &str,
        output_hash: &str,
    ) -> Result<Vec<u64>> {
        self.read(|connection| {
            let sql = "SELECT id FROM proofs WHERE proof_hash = ?1 AND input_hash = ?2
                       AND output_hash = ?3 AND model_id = ?4 AND version = ?5 ORDER BY id LIMIT 100";
            let mut statement = connection.prepare_cached(sql)?;
            let values = params![
                proof_hash,
                input_hash,
                output_hash,
                super::write::storable(model_id),
                version
            ];
            let rows = statement.query_map(values, |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

impl Store {
    /// Keeps a schema whose hash was checked.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn keep_schema(&self, hash: &str, felts: &[Felt]) -> Result<()> {
        let list: Vec<String> = felts.iter().map(hex).collect();
        let text = serde_json::to_string(&list).unwrap_or_default();
        self.write(|transaction| {
            let sql = "INSERT OR REPLACE INTO schemas (hash, felts) VALUES (?1, ?2)";
            transaction.execute(sql, params![hash, text])?;
            Ok(())
        })
    }

    /// Keeps receipts.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn keep_receipts(&self, receipts: &[(Felt, Receipt)]) -> Result<()> {
        self.write(|transaction| {
            for (tx, receipt) in receipts {
                let sql = "INSERT OR REPLACE INTO receipts (tx, gas_l2, fee) VALUES (?1, ?2, ?3)";
                let gas = super::write::storable(receipt.gas_l2).min(1 << 40);
                transaction.execute(sql, params![hex(tx), gas, receipt.fee.to_string()])?;
            }
            Ok(())
        })
    }

    /// Stores what was read from a class.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn keep_class(&self, class_hash: &str, facts: &ContractFacts) -> Result<()> {
        let calls = serde_json::to_string(&facts.system_calls).unwrap_or_default();
        self.write(|transaction| {
            let sql = "INSERT OR REPLACE INTO classes (class_hash, system_calls, abi) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![class_hash, calls, facts.abi])?;
            Ok(())
        })
    }

    /// Keeps that a proof of this version was checked and found valid. Only with `tied`, when the version's contract
    /// gave the proved results for the proved row, does it count as evidence.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn keep_check(&self, check: &KeptCheck<'_>) -> Result<CheckedHere> {
        let at = now();
        let KeptCheck { model_id, version, program_hash, .. } = *check;
        let KeptCheck { input_hash, output_hash, proven_bits, tied, .. } = *check;
        self.write(|transaction| {
            // A later check without an answer of the node does not take away an earlier one with it.
            let sql =
                "INSERT INTO checks (model_id, version, program_hash, input_hash, output_hash,
                       proven_bits, tied, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                       ON CONFLICT (model_id, version, program_hash, input_hash, output_hash,
                       proven_bits) DO UPDATE SET
                       at = excluded.at, tied = MAX(tied, excluded.tied)";
            let values = params![
                super::write::storable(model_id),
                version,
                program_hash,
                input_hash,
                output_hash,
                proven_bits,
                tied,
                at
            ];
            transaction.execute(sql, values)?;
            let sql = "DELETE FROM checks WHERE rowid IN
                       (SELECT rowid FROM checks ORDER BY at DESC, rowid DESC LIMIT -1 OFFSET ?1)";
            transaction.execute(sql, [MAX_CHECKS])?;
            Ok(())
        })?;
        Ok(CheckedHere { at, proven_bits })
    }
}

/// The entry points of an ABI, which is its publisher's text.
pub fn entries(abi: &str) -> Vec<Entry> {
    let Ok(serde_json::Value::Array(items)) = serde_json::from_str(abi) else { return Vec::new() };
    let mut entries = Vec::new();
    for item in &items {
        let nested = item["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        for function in std::iter::once(item).chain(nested).filter(|f| f["type"] == "function") {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let list = |value: &serde_json::Value, names: bool| {
                let of = |item: &serde_json::Value| match names {
                    true => format!("{}: {}", text(&item["name"]), text(&item["type"])),
                    false => text(&item["type"]),
                };
                value.as_array().map(|list| list.iter().take(64).map(of).collect())
            };
            entries.push(Entry {
                name: text(&function["name"]),
                inputs: list(&function["inputs"], true).unwrap_or_default(),
                outputs: list(&function["outputs"], false).unwrap_or_default(),
                is_view: function["state_mutability"] == "view",
            });
            if entries.len() == 256 {
                return entries;
            }
        }
    }
    entries
}
