//! Whether a file proves its claim under a key: nothing else is needed.

use std::time::Instant;

use nilometer_stark::{Blake3, Params, Poseidon, Target};
use nilometer_tensor_air::key::felt;
use nilometer_tensor_air::{verify, Felt, Instance, Key, ModelVerifyError};
use nilometer_transpiler::schema::Schema;
use rayon::prelude::*;
use thiserror::Error;

use super::claim::{Accuracy, Rows};
use super::file::{ModelFileError, ModelProofFile, Segment};
use super::key::{model_key, Digest};
use crate::Error;

/// Why a file proves nothing.
#[derive(Debug, Error)]
pub enum ModelProofError {
    /// The file is not one.
    #[error(transparent)]
    File(#[from] ModelFileError),
    /// A proof of another model.
    #[error("the proof is about the model with the key {actual}, not {expected}")]
    Key {
        /// The caller's.
        expected: Digest,
        /// The file's.
        actual: Digest,
    },
    /// Less security than is wanted.
    #[error("the proof has {actual} proven bits of security, {expected} are wanted")]
    Level {
        /// The caller's.
        expected: u32,
        /// The file's.
        actual: u32,
    },
    /// A proof does not hold.
    #[error("proof {index}: {source}")]
    Proof {
        /// Which of the file's, counted from 0.
        index: usize,
        /// Why.
        source: ModelVerifyError,
    },
    /// The model has no label to compare with.
    #[error("the model gives no label, so no share of correct labels can be proved")]
    NoLabel,
    /// What was proved is not what the reference computes: a defect.
    #[error("the proof is about other integers than the model's; this is a defect")]
    Inconsistent,
}

impl ModelProofError {
    /// What to do about it.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::Key { .. } => Some("give the key of the model that was proved"),
            Self::Level { .. } => {
                Some("ask for a stronger proof, or say with `--security` that you take less")
            }
            Self::File(ModelFileError::Version { .. } | ModelFileError::Air { .. }) => {
                Some("use the version of Nilometer that made the proof, or prove again")
            }
            _ => None,
        }
    }
}

/// A file whose proofs hold.
#[derive(Debug)]
pub struct CheckedModel {
    /// The key of the model that the proofs are about.
    pub key: Digest,
    /// How rows and results are to be read: as the key says.
    pub schema: Schema,
    /// What is proved.
    pub file: ModelProofFile,
    /// The rows as the model's integers.
    pub inputs: Vec<Vec<i128>>,
    /// How many rows of a data set get their label.
    pub accuracy: Option<Accuracy>,
    /// The data set's hash.
    pub data_hash: Option<Digest>,
    /// Rows of the longest trace.
    pub trace_rows: usize,
    /// The proven bits of security.
    pub bits: u32,
    /// The parameters of the longest proof.
    pub params: Params,
    /// Checking the proofs, in milliseconds.
    pub verify_ms: f64,
}

/// Checks that a file proves its claim about the model with this key.
///
/// # Errors
/// It does not: [`Error::ModelProof`]; or the model does not take a row of the data set.
pub fn check(bytes: &[u8], key: Digest, least_bits: u32) -> Result<CheckedModel, Error> {
    let start = Instant::now();
    let file = ModelProofFile::from_bytes(bytes).map_err(ModelProofError::from)?;
    let actual = model_key(&file.key_hashes);
    if actual != key {
        return Err(ModelProofError::Key { expected: key, actual }.into());
    }
    if file.level.bits() < least_bits {
        let (expected, actual) = (least_bits, file.level.bits());
        return Err(ModelProofError::Level { expected, actual }.into());
    }
    let schema = file.schema().map_err(ModelProofError::from)?;
    let inputs = file.claim.rows.encoded(&schema)?;
    let starts = file.proofs.iter().scan(0, |next, proof| {
        let first = *next;
        *next += proof.rows;
        Some(first)
    });
    let segments: Vec<(usize, usize, &Segment)> =
        starts.zip(&file.proofs).enumerate().map(|(i, (first, proof))| (i, first, proof)).collect();
    segments.par_iter().try_for_each(|&(index, first, segment)| {
        let rows = first..first + segment.rows;
        check_segment(&file, segment, &inputs[rows.clone()], &file.claim.outputs[rows])
            .map_err(|source| ModelProofError::Proof { index, source })
    })?;
    let (accuracy, data_hash) = match &file.claim.rows {
        Rows::Encoded(_) => (None, None),
        Rows::Data(data) => (data.accuracy(&schema, &file.claim.outputs)?, Some(data.hash())),
    };
    let trace_rows = file.keys.iter().map(|(_, key)| key.n_rows).max().unwrap_or(0);
    let target = file.keys[0].1.target;
    let bits = file.level.bits();
    let params = Params::new(file.level, target, trace_rows);
    let verify_ms = start.elapsed().as_secs_f64() * 1e3;
    Ok(CheckedModel {
        key,
        schema,
        inputs,
        accuracy,
        data_hash,
        trace_rows,
        bits,
        params,
        verify_ms,
        file,
    })
}

fn check_segment(
    file: &ModelProofFile,
    segment: &Segment,
    inputs: &[Vec<i128>],
    outputs: &[Vec<i128>],
) -> Result<(), ModelVerifyError> {
    // Reading the file has found the key of each proof.
    let Some((_, key)) = file.keys.iter().find(|(place, _)| *place == segment.key) else {
        let (what, actual, expected) = ("keys", 0, 1);
        return Err(ModelVerifyError::Form { what, actual, expected });
    };
    let instance = instance(key, inputs, outputs);
    match key.target {
        Target::Native => verify::<Blake3>(key, instance, file.level, &segment.proof),
        Target::Starknet => verify::<Poseidon>(key, instance, file.level, &segment.proof),
    }
}

/// What a proof with this key is about: the rows, the last of them as often as the key has room for.
pub(super) fn instance(key: &Key, inputs: &[Vec<i128>], outputs: &[Vec<i128>]) -> Instance {
    let padded = |rows: &[Vec<i128>]| -> Vec<Vec<Felt>> {
        let felts = |row: &Vec<i128>| row.iter().map(|value| felt(*value)).collect();
        let last = rows.last();
        let more = key.batch.saturating_sub(rows.len());
        rows.iter().chain(last.into_iter().cycle().take(more)).map(felts).collect()
    };
    Instance { n_rows: key.n_rows, inputs: padded(inputs), outputs: padded(outputs) }
}
