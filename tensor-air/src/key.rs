//! Verification keys.

use nilometer_stark::{short_string, Felt, Hash, Poseidon, Target};
use thiserror::Error;

use crate::air::{AIR_NAME, AIR_VERSION, MAX_ROWS, MIN_ROWS};

/// What the hash of a key with Poseidon's commitments begins with.
pub const KEY_TAG: &str = "nilometer-model-key";
/// The most felts of a schema.
const MAX_SCHEMA: usize = 1 << 22;

/// What a verifier has to know of a model: enough to check a proof, to refuse rows outside of the declared
/// range, and to read integers in natural units. Its hash names the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Rows of the trace.
    pub n_rows: usize,
    /// Rows of the input that one proof is about.
    pub batch: usize,
    /// The hash function of commitments: [`nilometer_stark::Hash::ID`].
    pub hash: u64,
    /// Who checks the proof: how far the columns are extended depends on it.
    pub target: Target,
    /// The root of the preprocessed columns.
    pub root: [u8; 32],
    /// How rows and results are to be read, and which rows are accepted: the schema's felts.
    pub schema: Vec<Felt>,
}

/// Bytes that are not a key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("not a verification key: {reason}")]
pub struct KeyError {
    /// What is wrong.
    pub reason: &'static str,
}

impl Key {
    /// The canonical encoding: every part of variable length behind its length.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(128 + 32 * self.schema.len());
        let text = |bytes: &mut Vec<u8>, text: &str| {
            bytes.push(text.len() as u8);
            bytes.extend_from_slice(text.as_bytes());
        };
        text(&mut bytes, AIR_NAME);
        bytes.extend_from_slice(&AIR_VERSION.to_le_bytes());
        let counts = [self.n_rows, self.batch, self.schema.len()].map(|count| count as u64);
        for number in [self.hash, target_number(self.target)].into_iter().chain(counts) {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.root);
        for felt in &self.schema {
            bytes.extend_from_slice(&felt.to_be_bytes());
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] writes, and nothing else.
    ///
    /// # Errors
    /// Another AIR or version, another length, numbers that no key has.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let wrong = |reason| KeyError { reason };
        let mut rest = bytes;
        let mut take = |n: usize| {
            let (these, others) = rest.split_at_checked(n).ok_or(wrong("it is cut short"))?;
            rest = others;
            Ok(these)
        };
        let number = |bytes: &[u8]| {
            bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte))
        };
        let len = take(1)?[0].into();
        if take(len)? != AIR_NAME.as_bytes() || number(take(8)?) != AIR_VERSION {
            return Err(wrong("it is of another constraint system"));
        }
        let [hash, target] = [number(take(8)?), number(take(8)?)];
        let target = Target::ALL.into_iter().find(|other| target_number(*other) == target);
        let target = target.ok_or(wrong("it is for an unknown target"))?;
        let [n_rows, batch, n_schema] = [number(take(8)?), number(take(8)?), number(take(8)?)];
        let root = take(32)?.try_into().map_err(|_| wrong("it is cut short"))?;
        let rows = MIN_ROWS as u64..=MAX_ROWS as u64;
        if !n_rows.is_power_of_two() || !rows.contains(&n_rows) {
            return Err(wrong("its rows are not a power of two in range"));
        }
        if batch == 0 || batch > n_rows || n_schema > MAX_SCHEMA as u64 {
            return Err(wrong("it has a count out of range"));
        }
        let schema = (0..n_schema)
            .map(|_| {
                let felt = take(32)?.try_into().map_err(|_| wrong("it is cut short"))?;
                Felt::from_be_bytes(&felt).ok_or(wrong("an element is not below the modulus"))
            })
            .collect::<Result<_, _>>()?;
        if !rest.is_empty() {
            return Err(wrong("it has bytes too many"));
        }
        let (n_rows, batch) = (n_rows as usize, batch as usize);
        Ok(Self { n_rows, batch, hash, target, root, schema })
    }

    /// The key's name: a BLAKE3 hash of its encoding, behind a prefix for this use. With Poseidon's commitments,
    /// which contracts check, it is a felt, big-endian: [`Self::felt_hash`].
    pub fn hash(&self) -> [u8; 32] {
        if let Some(felt) = self.felt_hash() {
            return felt.to_be_bytes();
        }
        let mut hasher = blake3::Hasher::new_derive_key("nilometer model key v1");
        *hasher.update(&self.to_bytes()).finalize().as_bytes()
    }
}

impl Key {
    /// The name of a key with Poseidon's commitments as contracts compute it: the Poseidon hash of a tag, the
    /// AIR's name and version, all numbers, the root, the schema's part about inputs behind its length, and the
    /// hash of the schema's other felts. Nothing for other keys, or if the root is not a felt.
    pub fn felt_hash(&self) -> Option<Felt> {
        if self.hash != Poseidon::ID {
            return None;
        }
        let (inputs, rest) = self.schema_parts();
        let counts = [self.n_rows, self.batch].map(|count| Felt::from(count as u64));
        let mut felts = vec![
            short_string(KEY_TAG),
            short_string(AIR_NAME),
            Felt::from(AIR_VERSION),
            Felt::from(self.hash),
            Felt::from(target_number(self.target)),
        ];
        felts.extend(counts);
        felts.push(Poseidon::from_bytes(&self.root)?);
        felts.push(Felt::from(inputs.len() as u64));
        felts.extend(inputs);
        felts.push(Poseidon::leaf(rest));
        Some(Poseidon::leaf(&felts))
    }

    /// The schema's part about inputs, and the rest; a malformed schema is all in the first part.
    pub(crate) fn schema_parts(&self) -> (&[Felt], &[Felt]) {
        let n_runs = self.schema.get(1).and_then(|felt| felt.to_u64());
        let length = n_runs.and_then(|n| usize::try_from(n).ok()?.checked_mul(5)?.checked_add(2));
        let split = length.filter(|length| *length <= self.schema.len());
        self.schema.split_at(split.unwrap_or(self.schema.len()))
    }
}

/// The number of a target in a key.
pub const fn target_number(target: Target) -> u64 {
    match target {
        Target::Native => 1,
        Target::Starknet => 2,
    }
}

impl Key {
    /// The declared range of each feature, from the schema's first part: a version (1 or 2), the number of runs, and for
    /// each run how many features it has, two felts about their encoding, and the range.
    ///
    /// # Errors
    /// The schema is of another form.
    pub fn ranges(&self) -> Result<Vec<(i128, i128)>, KeyError> {
        let wrong = || KeyError { reason: "its schema is malformed" };
        let [version, n_runs, rest @ ..] = self.schema.as_slice() else { return Err(wrong()) };
        let count = |felt: &Felt| felt.to_u64().filter(|n| *n <= MAX_SCHEMA as u64);
        // Version 2 says more of features after the runs.
        let known = [1_u64, 2].map(Felt::from).contains(version);
        let n_runs = count(n_runs).filter(|_| known).ok_or_else(wrong)?;
        let runs = rest.get(..5 * n_runs as usize).ok_or_else(wrong)?;
        let mut ranges = Vec::new();
        for run in runs.chunks_exact(5) {
            let n = count(&run[0]).ok_or_else(wrong)? as usize;
            let (lo, hi) = signed(run[3]).zip(signed(run[4])).ok_or_else(wrong)?;
            if ranges.len() + n > MAX_SCHEMA {
                return Err(wrong());
            }
            ranges.extend(std::iter::repeat_n((lo, hi), n));
        }
        Ok(ranges)
    }
}

/// The element that stands for an integer; [`signed`] reads it back.
pub fn felt(value: i128) -> Felt {
    let magnitude = Felt::from(value.unsigned_abs());
    if value < 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// The integer that an element stands for, if its magnitude is below `2^127`.
pub fn signed(value: Felt) -> Option<i128> {
    let narrow = |value: Felt| match value.to_limbs() {
        [low, high, 0, 0] if high < 1 << 63 => Some(i128::from(low) | i128::from(high) << 64),
        _ => None,
    };
    narrow(value).or_else(|| narrow(-value).map(|value| -value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            n_rows: 1024,
            batch: 1,
            root: [7; 32],
            hash: 1,
            target: Target::Native,
            schema: vec![Felt::from(1_u64), Felt::from(9_u64)],
        }
    }

    #[test]
    fn every_part_is_in_the_hash_and_comes_back() {
        let all = [
            key(),
            Key { n_rows: 2048, ..key() },
            Key { batch: 2, ..key() },
            Key { root: [8; 32], ..key() },
            Key { hash: 2, ..key() },
            Key { target: Target::Starknet, ..key() },
            Key { schema: vec![Felt::from(1_u64)], ..key() },
            Key { schema: vec![Felt::from(9_u64), Felt::from(1_u64)], ..key() },
        ];
        for (i, a) in all.iter().enumerate() {
            assert_eq!(Key::from_bytes(&a.to_bytes()).as_ref(), Ok(a));
            for b in &all[..i] {
                assert_ne!(a.hash(), b.hash());
            }
        }
    }

    #[test]
    fn keys_for_contracts_are_told_apart_by_a_felt() {
        let felt = |n: u64| Felt::from(n);
        let schema = vec![felt(1), felt(1), felt(2), felt(0), felt(4), felt(0), felt(9), felt(8)];
        let starknet = Target::Starknet;
        let key = Key { hash: 2, target: starknet, schema: schema.clone(), ..key() };
        let mut longer = schema.clone();
        longer.push(felt(0));
        let mut other_range = schema.clone();
        other_range[6] = felt(10);
        let all = [
            key.clone(),
            Key { n_rows: 512, ..key.clone() },
            Key { batch: 2, ..key.clone() },
            Key { root: [6; 32], ..key.clone() },
            Key { target: Target::Native, ..key.clone() },
            Key { schema: longer, ..key.clone() },
            Key { schema: other_range, ..key.clone() },
            Key { schema: schema[..7].to_vec(), ..key.clone() },
            Key { schema: schema[..6].to_vec(), ..key.clone() },
            Key { schema: Vec::new(), ..key.clone() },
        ];
        for (i, a) in all.iter().enumerate() {
            assert_eq!(a.hash(), a.felt_hash().unwrap().to_be_bytes());
            for b in &all[..i] {
                assert_ne!(a.hash(), b.hash());
            }
        }
        assert_eq!(Key { hash: 1, ..key.clone() }.felt_hash(), None);
        assert_eq!(Key { root: [0xff; 32], ..key }.felt_hash(), None);
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = key().to_bytes();
        for len in 0..bytes.len() {
            assert!(Key::from_bytes(&bytes[..len]).is_err(), "{len}");
        }
        assert!(Key::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
        for i in 0..bytes.len() {
            for bit in 0..8 {
                let mut other = bytes.clone();
                other[i] ^= 1 << bit;
                // Another key or none; never this one.
                assert_ne!(Key::from_bytes(&other), Ok(key()), "byte {i}");
            }
        }
    }
}
