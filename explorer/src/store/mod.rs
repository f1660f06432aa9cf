//! The index: the registry's events in SQLite.
//!
//! Raw events are kept, and all other tables are computed from them: after a reorganisation they are computed again from
//! the remaining events. One transaction takes the index from one block to a later one, so it is consistent whenever
//! the process dies.

mod accounts;
mod apply;
mod cache;
mod descriptions;
mod evidence;
mod models;
mod schema;
mod tables;
mod usage;
mod write;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nilometer_starknet::Felt;
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use thiserror::Error;

pub use cache::{entries, ContractFacts, KeptCheck, Receipt};
pub use descriptions::{FailedFetch, Stored};
pub use write::{Block, Incoming, RawEvent};

use crate::view::{Amount, TotalsView};

/// Connections that are kept for readers.
const MAX_IDLE_READERS: usize = 8;
/// How long a write of another process is waited for.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An index that cannot be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    /// SQLite fails.
    #[error("the index: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The index cannot be opened.
    #[error("the index {}: {reason}", .path.display())]
    Open {
        /// Its file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another process has written to the index meanwhile.
    #[error("another process has moved the index from block {expected:?} to {actual:?}")]
    Moved {
        /// Where this process had left it.
        expected: Option<u64>,
        /// Where it is.
        actual: Option<u64>,
    },
}

/// A result of the index.
pub type Result<T> = std::result::Result<T, StoreError>;

/// What an index is about: another chain or registry is another index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The chain's id.
    pub chain: String,
    /// The registry's address.
    pub registry: Felt,
}

/// How far the index is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The newest block that is in it.
    pub block: Option<Block>,
    /// Rises with every change.
    pub revision: u64,
    /// How often blocks were removed after a reorganisation.
    pub rollbacks: u64,
    /// Events that could not be read.
    pub unreadable: u64,
    /// Counts and sums.
    pub totals: TotalsView,
}

/// Reads the index. Its functions block: call them from a thread that may.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    revision: AtomicU64,
}

/// Reads and writes the index. Its functions block: call them from a thread that may.
#[derive(Debug)]
pub struct Store {
    reader: Reader,
    writer: Mutex<Connection>,
}

impl Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl Store {
    /// Opens an index, or creates it. The index of another registry, chain or format is emptied first.
    ///
    /// # Errors
    /// The file cannot be opened, or is not an index.
    pub fn open(path: &Path, identity: &Identity) -> Result<Self> {
        let failed = |reason: String| StoreError::Open { path: path.to_owned(), reason };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
        }
        let mut writer = Connection::open(path).map_err(|error| failed(error.to_string()))?;
        writer.busy_timeout(BUSY_TIMEOUT)?;
        writer
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
            .map_err(|error| failed(error.to_string()))?;
        schema::prepare(&mut writer, identity)?;
        let revision = AtomicU64::new(number(&writer, "revision")?);
        let reader = Reader { path: path.to_owned(), idle: Mutex::default(), revision };
        Ok(Self { reader, writer: Mutex::new(writer) })
    }

    /// Empties the index, which is then read again from the chain.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn reset(&self) -> Result<()> {
        self.write(|transaction| {
            schema::clear(transaction)?;
            Ok(())
        })
    }

    /// Writes all or nothing, and makes a new revision.
    fn write<T>(&self, write: impl FnOnce(&rusqlite::Transaction<'_>) -> Result<T>) -> Result<T> {
        let mut connection = lock(&self.writer);
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let result = write(&transaction)?;
        let revision = number(&transaction, "revision")? + 1;
        set(&transaction, "revision", &revision.to_string())?;
        transaction.commit()?;
        self.reader.revision.store(revision, Ordering::Release);
        Ok(result)
    }
}

impl Reader {
    /// Rises with every change; what was read at one revision is the same while it lasts.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// The newest block that is in the index.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn cursor(&self) -> Result<Option<Block>> {
        self.read(cursor)
    }

    /// How far the index is.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn progress(&self) -> Result<Progress> {
        self.read(|connection| {
            let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u64>(0));
            let mut burnt = 0u128;
            let mut statement =
                connection.prepare_cached("SELECT burnt FROM claims WHERE burnt > '0'")?;
            for part in statement.query_map([], |row| amount(row, 0))? {
                burnt = burnt.saturating_add(part?.0);
            }
            let mut revenue = 0u128;
            let mut statement =
                connection.prepare_cached("SELECT revenue FROM models WHERE n_calls > 0")?;
            for part in statement.query_map([], |row| amount(row, 0))? {
                revenue = revenue.saturating_add(part?.0);
            }
            Ok(Progress {
                block: cursor(connection)?,
                revision: number(connection, "revision")?,
                rollbacks: number(connection, "rollbacks")?,
                unreadable: count("SELECT COUNT(*) FROM events WHERE problem IS NOT NULL")?,
                totals: TotalsView {
                    models: count("SELECT COUNT(*) FROM models")?,
                    versions: count("SELECT COUNT(*) FROM versions")?,
                    calls: count("SELECT COUNT(*) FROM calls")?,
                    claims: count("SELECT COUNT(*) FROM claims")?,
                    open_claims: count(
                        "SELECT COUNT(*) FROM claims WHERE status IN ('open', 'contested')",
                    )?,
                    proofs: count("SELECT COUNT(*) FROM proofs")?,
                    revenue: Amount(revenue),
                    burnt: Amount(burnt),
                },
            })
        })
    }

    /// Reads at one state of the index.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let connection = Connection::open_with_flags(&self.path, flags)?;
                connection.busy_timeout(BUSY_TIMEOUT)?;
                connection.set_prepared_statement_cache_capacity(64);
                connection
            }
        };
        let result = {
            let transaction = connection.unchecked_transaction()?;
            read(&transaction)
        };
        let mut idle = lock(&self.idle);
        if idle.len() < MAX_IDLE_READERS {
            idle.push(connection);
        }
        result
    }
}

/// What the index in a file is about; none if the file is not an index.
pub fn identity_of(path: &Path) -> Option<Identity> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    let chain = text(&connection, "chain").ok()??;
    let registry = Felt::from_hex(&text(&connection, "registry").ok()??).ok()?;
    Some(Identity { chain, registry })
}

/// A panic elsewhere leaves connections as SQLite has them: whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A number of the table `meta`.
fn number(connection: &Connection, key: &str) -> Result<u64> {
    Ok(text(connection, key)?.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn text(connection: &Connection, key: &str) -> Result<Option<String>> {
    let mut statement = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

fn set(connection: &Connection, key: &str, value: &str) -> Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute([key, value])?;
    Ok(())
}

/// The newest block that is in the index.
fn cursor(connection: &Connection) -> Result<Option<Block>> {
    let Some(number) = text(connection, "cursor")?.and_then(|text| text.parse::<u64>().ok()) else {
        return Ok(None);
    };
    let sql = "SELECT number, hash, time FROM blocks WHERE number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([number], write::block).optional()?)
}

/// An amount as text that sorts as its number.
fn amount_text(amount: u128) -> String {
    format!("{amount:039}")
}

fn amount(row: &rusqlite::Row<'_>, index: usize) -> rusqlite::Result<Amount> {
    let text: String = row.get(index)?;
    Ok(Amount(text.parse().unwrap_or(0)))
}

/// The spelling of felts in the index and on pages.
pub(crate) fn hex(felt: &Felt) -> String {
    format!("{felt:#x}")
}
