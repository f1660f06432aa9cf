//! The keys of a quantised model.

use nilometer_stark::{Blake3, Poseidon, Target};
use nilometer_tensor::{compile, CompileError, Compiled, ModelKey, ProofError};
use nilometer_tensor_air::Key;
use nilometer_transpiler::quant::QuantGraph;
use thiserror::Error;

use super::key::{KeySet, FILE};
use crate::folder::MODEL;
use crate::Error;

/// A key that is not that of the model.
#[derive(Debug, Error)]
#[error("{FILE} has other keys than the model in {MODEL}")]
pub struct OtherKeys;

/// The trace of a proof of many rows is as long as this, or twice as long as that of one row.
const BULK_ROWS: usize = 1 << 14;
/// The most rows of input in one proof.
const MAX_BATCH: usize = 1 << 12;

/// The model compiled for each of its keys: for one row, and for many where that is possible.
fn compiled(graph: &QuantGraph) -> Result<Vec<Compiled>, CompileError> {
    let single = compile(graph, 1)?;
    let bulk = bulk(graph, &single)?;
    Ok([Some(single), bulk].into_iter().flatten().collect())
}

/// The largest power of two of rows whose proof is not much longer than one of a single row must be.
fn bulk(graph: &QuantGraph, single: &Compiled) -> Result<Option<Compiled>, CompileError> {
    let most = BULK_ROWS.max(2 * single.n_rows());
    // A row of input more makes the trace longer by as much each time.
    let two = compile(graph, 2)?;
    let each = two.used_rows().saturating_sub(single.used_rows()).max(1);
    let room = 1 + most.saturating_sub(single.used_rows() + 1) / each;
    let mut batch = MAX_BATCH.min(1 << room.ilog2());
    while batch > 1 {
        let compiled = if batch == 2 { two.clone() } else { compile(graph, batch)? };
        if compiled.n_rows() <= most {
            return Ok(Some(compiled));
        }
        batch /= 2;
    }
    Ok(None)
}

fn commit(compiled: Compiled) -> Result<ModelKey<Blake3>, ProofError> {
    ModelKey::new(compiled, Target::Native)
}

/// The keys of a model. They follow from the quantised graph alone.
///
/// # Errors
/// The model is too long for a proof.
pub fn keys(graph: &QuantGraph) -> Result<KeySet, Error> {
    let mut keys = Vec::new();
    for compiled in compiled(graph)? {
        keys.push(commit(compiled)?.key().clone());
    }
    Ok(KeySet::new(keys))
}

/// The model, committed to for proofs with this key.
///
/// # Errors
/// [`OtherKeys`]: it is not the model's.
pub fn committed(graph: &QuantGraph, key: &Key) -> Result<ModelKey<Blake3>, Error> {
    let compiled = compile(graph, key.batch)?;
    if compiled.n_rows() != key.n_rows {
        return Err(OtherKeys.into());
    }
    let made = commit(compiled)?;
    match made.key() == key {
        true => Ok(made),
        false => Err(OtherKeys.into()),
    }
}

/// A model that was compiled for one row, committed to for proofs that a contract on Starknet checks. Its key is
/// another one than the model's other keys, and its hash is a felt.
///
/// # Errors
/// The columns do not fit the engine.
pub(super) fn for_starknet(compiled: Compiled) -> Result<ModelKey<Poseidon>, Error> {
    Ok(ModelKey::new(compiled, Target::Starknet)?)
}

/// The keys of a model for contracts: one.
///
/// # Errors
/// The model is too long for a proof.
pub fn starknet_keys(graph: &QuantGraph) -> Result<KeySet, Error> {
    Ok(KeySet::new(vec![for_starknet(compile(graph, 1)?)?.key().clone()]))
}
