//! Checking a proof against a key.

use nilometer_stark::{Hash, Level, Params, VerifyError};
use thiserror::Error;

use crate::key::{signed, KeyError};
use crate::{Instance, InstanceError, Key, ModelAir};

/// Why a proof about a model is refused; any of these means that nothing is proved.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ModelVerifyError {
    /// The key is for commitments of another hash function.
    #[error("the key is for hash function {key}, not {expected}")]
    Hash {
        /// The key's.
        key: u64,
        /// The one that was asked for.
        expected: u64,
    },
    /// The claim has another form than the key's proofs.
    #[error("the claim has {actual} {what}, proofs of this key have {expected}")]
    Form {
        /// What is counted.
        what: &'static str,
        /// How many the claim has.
        actual: usize,
        /// How many it must have.
        expected: usize,
    },
    /// An input outside of its declared range.
    #[error("row {row}, feature {feature}: the integer is outside of the declared range")]
    Range {
        /// The row.
        row: usize,
        /// The feature.
        feature: usize,
    },
    /// The key is malformed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The claim is none.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The proof does not prove it.
    #[error(transparent)]
    Proof(#[from] VerifyError),
}

/// Checks that the model of `key` gives the instance's results on its rows, and that it accepts these rows.
///
/// # Errors
/// See [`ModelVerifyError`].
pub fn verify<H: Hash>(
    key: &Key,
    instance: Instance,
    level: Level,
    proof: &[u8],
) -> Result<(), ModelVerifyError> {
    if key.hash != H::ID {
        return Err(ModelVerifyError::Hash { key: key.hash, expected: H::ID });
    }
    let ranges = key.ranges()?;
    if ranges.is_empty() {
        return Err(KeyError { reason: "it is of a model without features" }.into());
    }
    let form = |what, actual, expected| match actual == expected {
        true => Ok(()),
        false => Err(ModelVerifyError::Form { what, actual, expected }),
    };
    form("rows of trace", instance.n_rows, key.n_rows)?;
    form("rows of input", instance.inputs.len(), key.batch)?;
    for (row, input) in instance.inputs.iter().enumerate() {
        form("features", input.len(), ranges.len())?;
        for (feature, (value, &(lo, hi))) in input.iter().zip(&ranges).enumerate() {
            if !signed(*value).is_some_and(|value| lo <= value && value <= hi) {
                return Err(ModelVerifyError::Range { row, feature });
            }
        }
    }
    let air = ModelAir::new(instance)?;
    let malformed = KeyError { reason: "its root is not a digest" };
    let root = H::from_bytes(&key.root).ok_or(malformed)?;
    let params = Params::new(level, key.target, key.n_rows);
    Ok(nilometer_stark::verify::<H, _>(&air, &root, &params, proof)?)
}
