//! Proof files about models. See `docs/proof-format.md`.
//!
//! Reading checks the form only: nothing in a file can be trusted before [`super::check`] has accepted it.

use nilometer_air::cairo::MAGIC;
pub use nilometer_stark::Level;
use nilometer_tensor_air::{Key, AIR_NAME, AIR_VERSION};
use nilometer_transpiler::schema::Schema;
use starknet_types_core::felt::Felt;
use thiserror::Error;

use super::claim::{canonical, Claim, DataSet, Rows};
use super::key::MAX_KEYS;
use super::reader::{write_integer, Reader, Short};

/// The version of the format; version 1 is for proofs of programs.
pub const FORMAT_VERSION: u16 = 2;
/// The most bytes of a file.
pub const MAX_FILE_LEN: usize = 1 << 30;
/// The most rows of a claim.
pub const MAX_ROWS: usize = 1 << 24;
/// The most bytes of a label.
const MAX_LABEL: usize = 1 << 12;

const ENCODED: u8 = 0;
const DATA: u8 = 1;
const LABELLED_DATA: u8 = 2;

/// A proof file's parts.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelProofFile {
    /// The level of security that all proofs have.
    pub level: Level,
    /// The hashes of all keys of the model.
    pub key_hashes: Vec<[u8; 32]>,
    /// The keys that proofs of this file are made with, by their place among the hashes.
    pub keys: Vec<(usize, Key)>,
    /// Rows and results.
    pub claim: Claim,
    /// The proofs, in the order of the rows.
    pub proofs: Vec<Segment>,
}

/// A proof about some consecutive rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The key's place among the hashes.
    pub key: usize,
    /// How many rows of the claim it is about. Where the key is for more, the last of them is repeated.
    pub rows: usize,
    /// The proof.
    pub proof: Vec<u8>,
}

/// Bytes that are not a proof file about a model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelFileError {
    /// The first bytes are others.
    #[error("this is not a Nilometer proof file")]
    Magic,
    /// Another version of the format.
    #[error(
        "the proof file has format version {found}; proofs of models have version {FORMAT_VERSION}"
    )]
    Version {
        /// The file's.
        found: u16,
    },
    /// A proof of another AIR.
    #[error("the proof is of `{found}`; this program checks `{AIR_NAME}` version {AIR_VERSION}")]
    Air {
        /// The file's.
        found: String,
    },
    /// Too long.
    #[error("the proof file has {actual} bytes, at most {MAX_FILE_LEN} are read")]
    TooLong {
        /// Its bytes.
        actual: usize,
    },
    /// It ends too early, or a number is not in its shortest form.
    #[error("the proof file is cut short or damaged")]
    Damaged,
    /// A part is not what it has to be.
    #[error("the proof file is malformed: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
}

impl From<Short> for ModelFileError {
    fn from(Short: Short) -> Self {
        Self::Damaged
    }
}

fn wrong<T>(reason: impl Into<String>) -> Result<T, ModelFileError> {
    Err(ModelFileError::Malformed { reason: reason.into() })
}

/// The version of a proof file's format; none if it is no proof file.
pub fn version(bytes: &[u8]) -> Option<u16> {
    let mut reader = Reader::new(bytes);
    (reader.take(MAGIC.len()) == Ok(&MAGIC)).then(|| reader.u16().ok())?
}

impl ModelProofFile {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT_VERSION.to_le_bytes());
        bytes.push(AIR_NAME.len() as u8);
        bytes.extend(AIR_NAME.bytes());
        bytes.extend((AIR_VERSION as u32).to_le_bytes());
        bytes.push(self.level.bits() as u8);
        bytes.push(self.key_hashes.len() as u8);
        bytes.extend(self.key_hashes.iter().flatten());
        bytes.push(self.keys.len() as u8);
        for (place, key) in &self.keys {
            let key = key.to_bytes();
            bytes.push(*place as u8);
            bytes.extend((key.len() as u32).to_le_bytes());
            bytes.extend(key);
        }
        bytes.extend((self.claim.rows.len() as u32).to_le_bytes());
        match &self.claim.rows {
            Rows::Encoded(rows) => {
                bytes.push(ENCODED);
                rows.iter().flatten().for_each(|value| write_integer(&mut bytes, *value));
            }
            Rows::Data(data) => {
                bytes.push(if data.labels.is_some() { LABELLED_DATA } else { DATA });
                for value in data.rows.iter().flatten() {
                    bytes.extend(canonical(*value).to_le_bytes());
                }
                for label in data.labels.iter().flatten() {
                    bytes.extend((label.len() as u16).to_le_bytes());
                    bytes.extend(label.as_bytes());
                }
            }
        }
        let outputs = self.claim.outputs.iter().flatten();
        outputs.for_each(|value| write_integer(&mut bytes, *value));
        bytes.extend((self.proofs.len() as u32).to_le_bytes());
        for segment in &self.proofs {
            bytes.push(segment.key as u8);
            bytes.extend((segment.rows as u32).to_le_bytes());
            bytes.extend((segment.proof.len() as u32).to_le_bytes());
            bytes.extend(&segment.proof);
        }
        bytes
    }

    /// Reads a file.
    ///
    /// # Errors
    /// See [`ModelFileError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelFileError> {
        if bytes.len() > MAX_FILE_LEN {
            return Err(ModelFileError::TooLong { actual: bytes.len() });
        }
        let mut reader = Reader::new(bytes);
        if reader.take(MAGIC.len()) != Ok(&MAGIC) {
            return Err(ModelFileError::Magic);
        }
        let found = reader.u16()?;
        if found != FORMAT_VERSION {
            return Err(ModelFileError::Version { found });
        }
        let name_len = reader.byte()?.into();
        let name = reader.take(name_len)?;
        let air_version = reader.u32()?;
        if name != AIR_NAME.as_bytes() || u64::from(air_version) != AIR_VERSION {
            let found = format!("{} version {air_version}", name.escape_ascii());
            return Err(ModelFileError::Air { found });
        }
        let bits = reader.byte()?;
        let Ok(level) = Level::from_bits(bits.into()) else {
            return wrong(format!("there is no security level of {bits} bits"));
        };
        let (key_hashes, keys) = read_keys(&mut reader)?;
        let schema = schema(&keys[0].1)?;
        let claim = read_claim(&mut reader, &schema)?;
        let proofs = read_proofs(&mut reader, &keys, claim.rows.len())?;
        if !reader.is_at_end() {
            return wrong(format!("{} bytes follow it", reader.remaining()));
        }
        Ok(Self { level, key_hashes, keys, claim, proofs })
    }

    /// How rows and results are to be read.
    ///
    /// # Errors
    /// The key's schema is malformed.
    pub fn schema(&self) -> Result<Schema, ModelFileError> {
        schema(&self.keys[0].1)
    }
}

fn schema(key: &Key) -> Result<Schema, ModelFileError> {
    let felts: Vec<Felt> =
        key.schema.iter().map(|felt| Felt::from_bytes_be(&felt.to_be_bytes())).collect();
    Schema::from_felts(&felts).or_else(|error| wrong(error.to_string()))
}

type Keys = (Vec<[u8; 32]>, Vec<(usize, Key)>);

fn read_keys(reader: &mut Reader<'_>) -> Result<Keys, ModelFileError> {
    let n_hashes = usize::from(reader.byte()?);
    if !(1..=MAX_KEYS).contains(&n_hashes) {
        return wrong(format!("a model with {n_hashes} keys"));
    }
    let hashes = (0..n_hashes).map(|_| reader.array()).collect::<Result<Vec<[u8; 32]>, _>>()?;
    let n_keys = usize::from(reader.byte()?);
    if !(1..=n_hashes).contains(&n_keys) {
        return wrong(format!("{n_keys} of {n_hashes} keys"));
    }
    let mut keys: Vec<(usize, Key)> = Vec::with_capacity(n_keys);
    for _ in 0..n_keys {
        let place = usize::from(reader.byte()?);
        let len = reader.u32()? as usize;
        let key = match Key::from_bytes(reader.take(len)?) {
            Ok(key) => key,
            Err(error) => return wrong(error.to_string()),
        };
        if place >= n_hashes || keys.last().is_some_and(|(last, _)| *last >= place) {
            return wrong("its keys are not in order");
        }
        if key.hash() != hashes[place] {
            return wrong("a key has another hash than it says");
        }
        if keys.first().is_some_and(|(_, first)| first.schema != key.schema) {
            return wrong("its keys are of different models");
        }
        keys.push((place, key));
    }
    Ok((hashes, keys))
}

fn read_claim(reader: &mut Reader<'_>, schema: &Schema) -> Result<Claim, ModelFileError> {
    let n_rows = reader.u32()? as usize;
    if !(1..=MAX_ROWS).contains(&n_rows) {
        return wrong(format!("a claim about {n_rows} rows"));
    }
    let features: usize = schema.inputs.iter().map(|run| run.count).sum();
    let results: usize = schema.outputs.iter().map(|output| output.len).sum();
    // Each number takes at least one byte: nothing is allocated for what is not there.
    let least = n_rows.checked_mul(features.max(1) + results);
    if least.is_none_or(|least| least > reader.remaining()) {
        return Err(ModelFileError::Damaged);
    }
    let integers = |reader: &mut Reader<'_>, n: usize| -> Result<Vec<Vec<i128>>, Short> {
        (0..n_rows).map(|_| (0..n).map(|_| reader.integer()).collect()).collect()
    };
    let form = reader.byte()?;
    let rows = match form {
        ENCODED => Rows::Encoded(integers(reader, features)?),
        DATA | LABELLED_DATA => {
            let number = |reader: &mut Reader<'_>| -> Result<f64, ModelFileError> {
                let number = f64::from_le_bytes(reader.array()?);
                match number.to_bits() == canonical(number).to_bits() {
                    true => Ok(number),
                    false => wrong("a number has another form than the one it is written in"),
                }
            };
            let row = |reader: &mut Reader<'_>| (0..features).map(|_| number(reader)).collect();
            let rows = (0..n_rows).map(|_| row(reader)).collect::<Result<_, _>>()?;
            let labels = (form == LABELLED_DATA)
                .then(|| (0..n_rows).map(|_| label(reader)).collect::<Result<_, _>>())
                .transpose()?;
            Rows::Data(DataSet { rows, labels })
        }
        form => return wrong(format!("a claim of form {form}")),
    };
    let outputs = integers(reader, results)?;
    Ok(Claim { rows, outputs })
}

fn label(reader: &mut Reader<'_>) -> Result<String, ModelFileError> {
    let len = usize::from(reader.u16()?);
    if len > MAX_LABEL {
        return wrong("a label is too long");
    }
    match std::str::from_utf8(reader.take(len)?) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => wrong("a label is not UTF-8"),
    }
}

fn read_proofs(
    reader: &mut Reader<'_>,
    keys: &[(usize, Key)],
    n_rows: usize,
) -> Result<Vec<Segment>, ModelFileError> {
    let n_proofs = reader.u32()? as usize;
    if !(1..=n_rows).contains(&n_proofs) {
        return wrong(format!("{n_proofs} proofs about {n_rows} rows"));
    }
    let mut proofs = Vec::new();
    let mut covered = 0;
    for _ in 0..n_proofs {
        let (place, rows, len) = (reader.byte()?.into(), reader.u32()?, reader.u32()?);
        let rows = rows as usize;
        let Some((_, key)) = keys.iter().find(|(other, _)| *other == place) else {
            return wrong("a proof names a key that is not there");
        };
        covered += rows;
        if rows == 0 || rows > key.batch || covered > n_rows {
            return wrong(format!("a proof about {rows} rows, its key is for {}", key.batch));
        }
        proofs.push(Segment { key: place, rows, proof: reader.take(len as usize)?.to_vec() });
    }
    let is_used = |(place, _): &(usize, Key)| proofs.iter().any(|proof| proof.key == *place);
    if covered != n_rows || !keys.iter().all(is_used) {
        return wrong(format!("its proofs are about {covered} of {n_rows} rows"));
    }
    Ok(proofs)
}
