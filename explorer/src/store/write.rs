//! From one block to a later one, and back.

use nilometer_starknet::{Event, Felt};
use rusqlite::{params, Connection, OptionalExtension, Row};

use super::{apply, cursor, hex, number, schema, set, Reader, Result, Store, StoreError};

/// Blocks without events of the registry are kept for so many blocks; reorganisations are shorter.
const RECENT: u64 = 1_024;

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its number.
    pub number: u64,
    /// Its hash.
    pub hash: String,
    /// Its time.
    pub time: u64,
}

/// An event as the node returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// In which block.
    pub block: u64,
    /// In which transaction.
    pub tx_hash: Felt,
    /// Its keys.
    pub keys: Vec<Felt>,
    /// Its data.
    pub data: Vec<Felt>,
}

/// Blocks and events that are added to the index.
#[derive(Clone, Debug, Default)]
pub struct Incoming {
    /// Blocks with events, and the last one, whether it has any or not.
    pub blocks: Vec<Block>,
    /// The events of all blocks after the index's newest one, in order.
    pub events: Vec<RawEvent>,
}

pub(super) fn block(row: &Row<'_>) -> rusqlite::Result<Block> {
    Ok(Block { number: row.get(0)?, hash: row.get(1)?, time: row.get(2)? })
}

/// SQLite's integers are signed.
pub(super) fn storable(time: u64) -> u64 {
    time.min(i64::MAX as u64)
}

impl Store {
    /// Takes the index from block `from` (none: from the start) to the last of `incoming`.
    ///
    /// # Errors
    /// The index is not at `from` any more, or SQLite fails; it is as it was then.
    pub fn advance(&self, from: Option<u64>, incoming: &Incoming) -> Result<()> {
        self.write(|transaction| {
            let actual = cursor(transaction)?.map(|block| block.number);
            if actual != from {
                return Err(StoreError::Moved { expected: from, actual });
            }
            let Some(last) = incoming.blocks.iter().map(|block| block.number).max() else {
                return Ok(());
            };
            for block in &incoming.blocks {
                let sql = "INSERT OR REPLACE INTO blocks (number, hash, time) VALUES (?1, ?2, ?3)";
                let values = params![block.number, block.hash, storable(block.time)];
                transaction.prepare_cached(sql)?.execute(values)?;
            }
            let mut position = (0, 0);
            for event in &incoming.events {
                position = if position.0 == event.block {
                    (event.block, position.1 + 1)
                } else {
                    (event.block, 0)
                };
                keep(transaction, event, position.1)?;
                ingest(transaction, event, position.1)?;
            }
            let sql = "DELETE FROM blocks WHERE number < ?1
                       AND number NOT IN (SELECT DISTINCT block FROM events WHERE block < ?1)";
            // Now and then is enough.
            if last % 64 == 0 {
                transaction.execute(sql, [last.saturating_sub(RECENT)])?;
            }
            set(transaction, "cursor", &last.to_string())
        })
    }

    /// Removes all blocks after `ancestor`; all of them without one.
    ///
    /// # Errors
    /// SQLite fails; the index is as it was then.
    pub fn roll_back(&self, ancestor: Option<u64>) -> Result<()> {
        self.write(|transaction| {
            match ancestor {
                Some(number) => {
                    transaction.execute("DELETE FROM events WHERE block > ?1", [number])?;
                    transaction.execute("DELETE FROM blocks WHERE number > ?1", [number])?;
                    set(transaction, "cursor", &number.to_string())?;
                }
                None => schema::clear(transaction)?,
            }
            let rollbacks = number(transaction, "rollbacks")? + 1;
            set(transaction, "rollbacks", &rollbacks.to_string())?;
            replay(transaction)
        })
    }
}

impl Reader {
    /// Blocks that are in the index, the newest first, from `below` down.
    ///
    /// # Errors
    /// SQLite fails.
    pub fn blocks_down_from(&self, below: u64, count: u32) -> Result<Vec<Block>> {
        self.read(|connection| {
            let sql = "SELECT number, hash, time FROM blocks WHERE number <= ?1
                       ORDER BY number DESC LIMIT ?2";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map(params![storable(below), count], block)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn felts(list: &[Felt]) -> String {
    let list: Vec<String> = list.iter().map(hex).collect();
    serde_json::to_string(&list).unwrap_or_default()
}

fn read_felts(text: &str) -> Vec<Felt> {
    let list: Vec<String> = serde_json::from_str(text).unwrap_or_default();
    list.iter().map(|felt| Felt::from_hex(felt).unwrap_or_default()).collect()
}

/// Stores a raw event.
fn keep(connection: &Connection, event: &RawEvent, position: u64) -> Result<()> {
    let sql = "INSERT INTO events (block, position, tx, name, keys, data)
               VALUES (?1, ?2, ?3, '', ?4, ?5)";
    let values =
        params![event.block, position, hex(&event.tx_hash), felts(&event.keys), felts(&event.data)];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Applies an event to the tables; a malformed one is noted and left out.
fn ingest(connection: &Connection, event: &RawEvent, position: u64) -> Result<()> {
    let sql = "SELECT time FROM blocks WHERE number = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let time: u64 = statement.query_row([event.block], |row| row.get(0)).optional()?.unwrap_or(0);
    let (name, claim_id, problem) = match Event::read(&event.keys, &event.data) {
        // The registry's class may have been upgraded to one with more events.
        Ok(None) => ("", None, None),
        Err(error) => ("", None, Some(error.to_string())),
        Ok(Some(read)) => {
            let place = apply::Place { block: event.block, time, tx: hex(&event.tx_hash) };
            // An event that contradicts the state changes nothing.
            connection.prepare_cached("SAVEPOINT event")?.execute([])?;
            let applied = apply::apply(connection, &place, &read);
            if applied.is_err() {
                connection.prepare_cached("ROLLBACK TO event")?.execute([])?;
            }
            connection.prepare_cached("RELEASE event")?.execute([])?;
            match applied {
                Ok(()) => (read.name(), apply::claim_of(&read), None),
                Err(apply::ApplyError::Index(error)) => return Err(error),
                Err(apply::ApplyError::Event(reason)) => {
                    (read.name(), None, Some(reason.to_owned()))
                }
            }
        }
    };
    let sql = "UPDATE events SET name = ?3, claim_id = ?4, problem = ?5
               WHERE block = ?1 AND position = ?2";
    let values = params![event.block, position, name, claim_id, problem];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Computes the tables again from the events.
fn replay(connection: &Connection) -> Result<()> {
    schema::clear_derived(connection)?;
    let sql = "SELECT block, position, tx, keys, data FROM events
               WHERE (block, position) > (?1, ?2) ORDER BY block, position LIMIT 1000";
    let mut after = (-1i64, -1i64);
    loop {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map([after.0, after.1], |row| {
            let tx: String = row.get(2)?;
            let event = RawEvent {
                block: row.get(0)?,
                tx_hash: Felt::from_hex(&tx).unwrap_or_default(),
                keys: read_felts(&row.get::<_, String>(3)?),
                data: read_felts(&row.get::<_, String>(4)?),
            };
            Ok((event, row.get::<_, u64>(1)?))
        })?;
        let batch = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        let Some((last, position)) = batch.last() else { return Ok(()) };
        after = (last.block as i64, *position as i64);
        for (event, position) in &batch {
            ingest(connection, event, *position)?;
        }
    }
}
