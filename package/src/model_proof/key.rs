//! A model's keys, and the hash that names them all.
//!
//! Preprocessed columns depend on how many rows of input a proof is about. So a model has two keys: one for single
//! rows, and one for as many rows as make a proof of a data set cheap. The model's key is the hash of both.

use nilometer_tensor_air::Key;
use thiserror::Error;

use super::reader::{Reader, Short};

/// The file's name in packages.
pub const FILE: &str = "key.bin";
/// The first bytes of the file.
const MAGIC: &[u8; 8] = b"\x89NILOKY\n";
/// The most keys of a model.
pub const MAX_KEYS: usize = 2;

/// A BLAKE3 hash of keys or of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest([u8; 32]);

/// Text that is not such a hash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:.80?} is not a hash: 0x and up to 64 hexadecimal digits are wanted")]
pub struct NotADigest {
    text: String,
}

impl Digest {
    /// The hash of what was fed to the hasher.
    pub(super) fn of(hasher: &blake3::Hasher) -> Self {
        Self(*hasher.finalize().as_bytes())
    }

    /// Its bytes, the highest first.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl std::str::FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let wrong = || NotADigest { text: text.to_owned() };
        let digits = text.strip_prefix("0x").ok_or_else(wrong)?;
        if digits.is_empty() || digits.len() > 64 {
            return Err(wrong());
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(format!("{digits:0>64}"), &mut bytes).map_err(|_| wrong())?;
        Ok(Self(bytes))
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The model's key: the hash of the hashes of its keys.
pub fn model_key(hashes: &[[u8; 32]]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key("nilometer model keys v1");
    hasher.update(&(hashes.len() as u64).to_le_bytes());
    for hash in hashes {
        hasher.update(hash);
    }
    Digest::of(&hasher)
}

/// The keys of a model: for proofs of one row, and for proofs of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Bytes that are not keys of a model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not a file of verification keys: {reason}")]
pub struct KeySetError {
    reason: String,
}

impl From<Short> for KeySetError {
    fn from(Short: Short) -> Self {
        Self { reason: "it is cut short".to_owned() }
    }
}

impl KeySet {
    /// The keys of a model; the first is for single rows.
    pub(super) fn new(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// The keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Each key's hash.
    pub fn hashes(&self) -> Vec<[u8; 32]> {
        self.keys.iter().map(Key::hash).collect()
    }

    /// The model's key.
    pub fn model_key(&self) -> Digest {
        model_key(&self.hashes())
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(self.keys.len() as u8);
        for key in &self.keys {
            let key = key.to_bytes();
            bytes.extend((key.len() as u32).to_le_bytes());
            bytes.extend(key);
        }
        bytes
    }

    /// Reads the file.
    ///
    /// # Errors
    /// It is not what [`Self::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeySetError> {
        let wrong = |reason: &str| KeySetError { reason: reason.to_owned() };
        let mut reader = Reader::new(bytes);
        if reader.take(MAGIC.len())? != MAGIC {
            return Err(wrong("it begins with other bytes"));
        }
        let n_keys = usize::from(reader.byte()?);
        if !(1..=MAX_KEYS).contains(&n_keys) {
            return Err(wrong("it has too many keys, or none"));
        }
        let mut keys = Vec::with_capacity(n_keys);
        for _ in 0..n_keys {
            let len = reader.u32()? as usize;
            let key = Key::from_bytes(reader.take(len)?);
            keys.push(key.map_err(|error| wrong(error.reason))?);
        }
        if !reader.is_at_end() {
            return Err(wrong("it has bytes too many"));
        }
        Ok(Self { keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_they_are_written() {
        let digest = model_key(&[[1; 32]]);
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("0x1".parse::<Digest>().unwrap().bytes()[31], 1);
        assert_ne!(digest, model_key(&[[1; 32], [1; 32]]));
        for wrong in ["", "0x", "12", "0xg", &format!("0x{}", "0".repeat(65))] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }
}
