//! Descriptions that were found, and fetches that failed.

use std::io::{self, Read};

use rusqlite::blob::ZeroBlob;
use rusqlite::{params, Connection, OptionalExtension};

use super::{Reader, Result, Store};

/// All descriptions together have at most so many bytes.
const MAX_STORED: u64 = 8 << 30;

/// A description that is in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its bytes, at most `description::MAX_BYTES`.
    pub length: usize,
    /// Where it came from: a host, or words for a folder.
    pub source: String,
}

/// Why a description could not be fetched from an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedFetch {
    /// The reason, for people.
    pub problem: String,
    /// Whether something was there that has another hash.
    pub differs: bool,
    /// Failures in a row.
    pub failures: u32,
    /// When it may be tried again, in seconds since the epoch.
    pub retry_at: u64,
}

fn row_of(connection: &Connection, hash: &str) -> Result<Option<(i64, Stored)>> {
    let sql = "SELECT rowid, LENGTH(bytes), source FROM descriptions WHERE hash = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row([hash], |row| {
        Ok((row.get(0)?, Stored { length: row.get(1)?, source: row.get(2)? }))
    });
    Ok(found.optional()?)
}

impl Reader {
    /// How long the description with this SHA-256 is, without reading it.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn stored_description(&self, hash: &str) -> Result<Option<Stored>> {
        self.read(|connection| Ok(row_of(connection, hash)?.map(|(_, stored)| stored)))
    }

    /// The bytes of the description with this SHA-256.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn description(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        self.read(|connection| {
            let Some((row, stored)) = row_of(connection, hash)? else { return Ok(None) };
            // Read in parts: as a column SQLite would hold a second copy.
            let mut blob = connection.blob_open("main", "descriptions", "bytes", row, true)?;
            let mut bytes = Vec::with_capacity(stored.length);
            match blob.read_to_end(&mut bytes) {
                Ok(_) => Ok(Some(bytes)),
                Err(_) => Ok(None),
            }
        })
    }

    /// Folds over the parts of the description with this SHA-256, without holding it in memory.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn fold_description<T>(
        &self,
        hash: &str,
        start: T,
        fold: impl Fn(T, &[u8]) -> T,
    ) -> Result<Option<T>> {
        self.read(|connection| {
            let Some((row, _)) = row_of(connection, hash)? else { return Ok(None) };
            let mut blob = connection.blob_open("main", "descriptions", "bytes", row, true)?;
            let (mut sum, mut part) = (start, vec![0; 64 << 10]);
            while let Ok(length) = blob.read(&mut part) {
                if length == 0 {
                    return Ok(Some(sum));
                }
                sum = fold(sum, &part[..length]);
            }
            Ok(None)
        })
    }

    /// The last failure to fetch a description from an address.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn failed_fetch(&self, hash: &str, uri: &str) -> Result<Option<FailedFetch>> {
        self.read(|connection| {
            let sql = "SELECT problem, differs, failures, retry_at FROM failed_fetches
                       WHERE hash = ?1 AND uri = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row([hash, uri], |row| {
                Ok(FailedFetch {
                    problem: row.get(0)?,
                    differs: row.get(1)?,
                    failures: row.get(2)?,
                    retry_at: row.get(3)?,
                })
            });
            Ok(found.optional()?)
        })
    }

    /// Hashes of descriptions that are not in the index, the newest versions first.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn missing_descriptions(&self, count: u32) -> Result<Vec<String>> {
        self.read(|connection| {
            let sql = "SELECT DISTINCT v.metadata_hash FROM versions v
                       LEFT JOIN descriptions d ON d.hash = v.metadata_hash
                       WHERE d.hash IS NULL ORDER BY v.block DESC LIMIT ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([count], |row| row.get(0))?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

impl Store {
    /// Keeps a description whose hash was checked; whether there was room for it.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn keep_description(
        &self,
        hash: &str,
        bytes: &mut dyn Read,
        length: usize,
        source: &str,
    ) -> Result<bool> {
        self.write(|transaction| {
            let sql = "SELECT COALESCE(SUM(LENGTH(bytes)), 0) FROM descriptions WHERE hash <> ?1";
            let stored: u64 = transaction.query_row(sql, [hash], |row| row.get(0))?;
            if stored.saturating_add(length as u64) > MAX_STORED {
                return Ok(false);
            }
            // The blob is the last column: SQLite makes no copy of zeros in memory then.
            let sql =
                "INSERT OR REPLACE INTO descriptions (hash, source, bytes) VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![hash, source, ZeroBlob(length as u64)])?;
            let row = transaction.last_insert_rowid();
            let mut blob = transaction.blob_open("main", "descriptions", "bytes", row, false)?;
            io::copy(bytes, &mut blob).map_err(|_| rusqlite::Error::BlobSizeError)?;
            drop(blob);
            transaction.execute("DELETE FROM failed_fetches WHERE hash = ?1", [hash])?;
            Ok(true)
        })
    }

    /// Keeps what lists show of a description; it follows from the description, so it is written once.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn keep_summary(
        &self,
        hash: &str,
        agreement: Option<f64>,
        summary: Option<&str>,
    ) -> Result<()> {
        let agreement = agreement.filter(|share| (0.0..=1.0).contains(share));
        let known = self.reader.read(|connection| {
            let sql = "SELECT 1 FROM summaries WHERE metadata_hash = ?1";
            Ok(connection.prepare_cached(sql)?.exists([hash])?)
        })?;
        if known {
            return Ok(());
        }
        self.write(|transaction| {
            let sql = "INSERT OR REPLACE INTO summaries (metadata_hash, agreement, summary)
                       VALUES (?1, ?2, ?3)";
            transaction.execute(sql, params![hash, agreement, summary])?;
            Ok(())
        })
    }

    /// Keeps that a description could not be fetched from an address.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn keep_failed_fetch(&self, hash: &str, uri: &str, failed: &FailedFetch) -> Result<()> {
        self.write(|transaction| {
            let sql = "INSERT OR REPLACE INTO failed_fetches
                       (hash, uri, problem, differs, failures, retry_at)
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let FailedFetch { problem, differs, failures, retry_at } = failed;
            transaction.execute(sql, params![hash, uri, problem, differs, failures, retry_at])?;
            Ok(())
        })
    }
}
