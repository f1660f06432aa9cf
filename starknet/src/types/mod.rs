//! What the registry's views return and its entry points take. Texts are written by publishers: do not trust
//! them.

mod read;

use serde::{Serialize, Serializer};
use starknet_rust::core::types::{Felt, U256};
use starknet_types_core::hash::{Poseidon, StarkHash};

use crate::codec::{push_text, push_u256, short_string};

pub use read::Read;

/// A felt as hexadecimal.
pub(crate) fn hex<S: Serializer>(
    felt: &Felt,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{felt:#x}"))
}

/// A felt as the text that it spells, else as hexadecimal.
fn spelled<S: Serializer>(felt: &Felt, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match short_string(felt) {
        Some(text) => serializer.serialize_str(&text),
        None if *felt == Felt::ZERO => serializer.serialize_str(""),
        None => hex(felt, serializer),
    }
}

/// A hash of 256 bits as hexadecimal without prefix, as `sha256sum` writes it.
fn digest<S: Serializer>(hash: &U256, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(&digest_text(hash))
}

/// An amount as decimal text: JSON's numbers do not hold it.
pub(crate) fn decimal<S: Serializer>(
    amount: &u128,
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// A SHA-256 digest as hexadecimal.
pub fn digest_text(hash: &U256) -> String {
    format!("{:032x}{:032x}", hash.high(), hash.low())
}

/// The number that a SHA-256 digest is.
pub fn digest_number(bytes: [u8; 32]) -> U256 {
    let half = |range: std::ops::Range<usize>| {
        bytes[range].iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte))
    };
    U256::from_words(half(16..32), half(0..16))
}

/// The registry's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The registry's owner.
    #[serde(serialize_with = "hex")]
    pub owner: Felt,
    /// The ERC-20 in which calls and bonds are paid.
    #[serde(serialize_with = "hex")]
    pub fee_token: Felt,
    /// Seconds during which a claim cannot be finalised.
    pub window: u64,
    /// Seconds of notice before an upgrade, other rules, a higher price, other shares or a deprecation.
    pub delay: u64,
    /// The smallest bond of any claim.
    #[serde(serialize_with = "decimal")]
    pub min_bond: u128,
    /// Units of the fee token per L2 gas, for the least bonds of versions.
    #[serde(serialize_with = "decimal")]
    pub gas_price: u128,
    /// Whether new models, versions, calls and claims are refused now.
    pub paused: bool,
    /// When the last pause ends or would have ended by itself: seconds since the epoch; 0 if there was none.
    pub paused_until: u64,
    /// From when on the owner can pause: seconds since the epoch.
    pub can_pause_from: u64,
}

/// What the registry's owner can change under notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Seconds during which a claim cannot be finalised: an hour or more, and at most a third of the delay.
    pub window: u64,
    /// The smallest bond of any claim.
    #[serde(serialize_with = "decimal")]
    pub min_bond: u128,
    /// Units of the fee token per L2 gas: below 2^60.
    #[serde(serialize_with = "decimal")]
    pub gas_price: u128,
}

/// What the registry's owner has announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Action {
    /// Nothing.
    None,
    /// To replace the registry's class.
    Upgrade {
        /// The new class.
        #[serde(serialize_with = "hex")]
        class_hash: Felt,
    },
    /// To change the rules; claims that exist keep theirs.
    SetRules {
        /// The new rules.
        #[serde(flatten)]
        rules: Rules,
    },
}

/// A change to a model that its owner has to announce.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Change {
    /// A higher price of a call.
    Price {
        /// The new price.
        #[serde(serialize_with = "decimal")]
        price: u128,
    },
    /// Other shares, while there are holders.
    Shares {
        /// The new shares.
        shares: Vec<Share>,
    },
    /// The end of a version.
    DeprecateVersion {
        /// The version.
        version: u32,
    },
    /// The end of the model.
    Deprecate,
}

impl Change {
    pub(crate) fn push(&self, felts: &mut Vec<Felt>) {
        match self {
            Self::Price { price } => felts.extend([Felt::ZERO, Felt::from(*price)]),
            Self::Shares { shares } => {
                felts.push(Felt::ONE);
                push_shares(felts, shares);
            }
            Self::DeprecateVersion { version } => felts.extend([Felt::TWO, Felt::from(*version)]),
            Self::Deprecate => felts.push(Felt::THREE),
        }
    }
}

/// A list of shares.
pub(crate) fn push_shares(felts: &mut Vec<Felt>, shares: &[Share]) {
    felts.push(shares.len().into());
    felts.extend(shares.iter().flat_map(|share| [share.holder, share.basis_points.into()]));
}

/// An announced action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scheduled {
    /// The action.
    pub action: Action,
    /// From when on: seconds since the epoch; 0 if nothing is announced.
    pub ready_at: u64,
    /// Until when, exclusive.
    pub lapses_at: u64,
}

/// What an owner registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewModel {
    /// The name of the model's package.
    pub name: String,
    /// What kind of model it is, a short string.
    pub kind: Felt,
    /// SPDX identifier of its licence, a short string.
    pub licence: Felt,
    /// Price of a call in units of the fee token.
    pub price: u128,
    /// Smallest bond of a claim about it.
    pub bond: u128,
}

/// What an owner publishes as a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// The class of the model's contract, declared before.
    pub class_hash: Felt,
    /// Poseidon hash of the quantised graph.
    pub model_hash: Felt,
    /// Hash of the provable program.
    pub program_hash: Felt,
    /// Where the model's description is; may be empty.
    pub metadata_uri: String,
    /// SHA-256 of the description.
    pub metadata_hash: U256,
    /// L2 gas of a challenge, as the publisher has measured it: the least bond of claims follows from it.
    pub challenge_gas: u64,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// Its number, from 1.
    pub id: u64,
    /// Who sets its terms and gets what it earns.
    #[serde(serialize_with = "hex")]
    pub owner: Felt,
    /// To whom it was offered; zero if to nobody.
    #[serde(serialize_with = "hex")]
    pub offered_to: Felt,
    /// The package's name.
    pub name: String,
    /// What kind of model it is.
    #[serde(serialize_with = "spelled")]
    pub kind: Felt,
    /// SPDX identifier of its licence.
    #[serde(serialize_with = "spelled")]
    pub licence: Felt,
    /// Price of a call.
    #[serde(serialize_with = "decimal")]
    pub price: u128,
    /// Smallest bond of a claim about it.
    #[serde(serialize_with = "decimal")]
    pub bond: u128,
    /// Whether all versions are deprecated.
    pub deprecated: bool,
    /// How many versions there are; the newest has this number.
    pub n_versions: u32,
    /// Rows that were paid for and executed.
    pub n_calls: u64,
    /// Of these, rows that the model's owner called.
    pub n_own_calls: u32,
    /// Everything that callers have paid.
    #[serde(serialize_with = "decimal")]
    pub revenue: u128,
    /// Revenue that was not yet credited to holders.
    #[serde(serialize_with = "decimal")]
    pub undistributed: u128,
    /// Seconds since the epoch.
    pub registered_at: u64,
}

/// A version of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// The contract that computes the model.
    #[serde(serialize_with = "hex")]
    pub contract: Felt,
    /// Its class, as it was deployed.
    #[serde(serialize_with = "hex")]
    pub class_hash: Felt,
    /// Poseidon hash of the quantised graph.
    #[serde(serialize_with = "hex")]
    pub model_hash: Felt,
    /// Hash of the provable program.
    #[serde(serialize_with = "hex")]
    pub program_hash: Felt,
    /// Poseidon hash of the contract's schema.
    #[serde(serialize_with = "hex")]
    pub schema_hash: Felt,
    /// Where the description is.
    pub metadata_uri: String,
    /// SHA-256 of the description.
    #[serde(serialize_with = "digest")]
    pub metadata_hash: U256,
    /// Seconds since the epoch.
    pub published_at: u64,
    /// Whether it takes no new calls or claims.
    pub deprecated: bool,
    /// L2 gas of a challenge, as the publisher says that it was measured.
    pub challenge_gas: u64,
}

/// A holder's part of a model's revenue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Who gets it.
    #[serde(serialize_with = "hex")]
    pub holder: Felt,
    /// Hundredths of a per cent.
    pub basis_points: u16,
}

/// What has become of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can be challenged and contested.
    Open,
    /// Somebody has staked against it; it can be challenged.
    Contested,
    /// Execution gave another answer; the bond is lost.
    Refuted,
    /// Execution gave the claimed answer.
    Upheld,
    /// Nobody objected while the window was open.
    Final,
    /// It was contested and nobody had it executed: it says nothing.
    Void,
}

impl Status {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Open => "open: claimed, and can be challenged",
            Self::Contested => "contested: only execution makes it hold",
            Self::Refuted => "refuted by execution on chain",
            Self::Upheld => "upheld by execution on chain",
            Self::Final => "final: claimed, and nobody objected in time",
            Self::Void => "void: contested, and never executed",
        }
    }
}

/// A row of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimedRow {
    /// Poseidon hash of the row.
    #[serde(serialize_with = "hex")]
    pub input_hash: Felt,
    /// Poseidon hash of the claimed results.
    #[serde(serialize_with = "hex")]
    pub output_hash: Felt,
}

/// A claim about a model's outputs. The registry stores its hash only; its events tell the rest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The model.
    pub model_id: u64,
    /// Its version.
    pub version: u32,
    /// Who claims.
    #[serde(serialize_with = "hex")]
    pub claimant: Felt,
    /// What the claimant loses if a row is refuted.
    #[serde(serialize_with = "decimal")]
    pub bond: u128,
    /// What a contester stakes: the least bond when the claim was made.
    #[serde(serialize_with = "decimal")]
    pub stake: u128,
    /// From when on it can be finalised: seconds since the epoch.
    pub deadline: u64,
    /// Who has contested; zero if nobody.
    #[serde(serialize_with = "hex")]
    pub contester: Felt,
    /// The row that was contested, counted from 0.
    pub contested_row: u32,
    /// The rows, at least one. One false row refutes the whole claim.
    pub rows: Vec<ClaimedRow>,
}

impl Claim {
    /// The claim as entry points take it.
    pub fn push(&self, felts: &mut Vec<Felt>) {
        felts.extend([Felt::from(self.model_id), Felt::from(self.version), self.claimant]);
        felts.extend([Felt::from(self.bond), Felt::from(self.stake), Felt::from(self.deadline)]);
        felts.extend([self.contester, Felt::from(self.contested_row), self.rows.len().into()]);
        felts.extend(self.rows.iter().flat_map(|row| [row.input_hash, row.output_hash]));
    }

    /// What the registry stores of it: the low 248 bits of the Poseidon hash of the serialised claim.
    pub fn commitment(&self) -> Felt {
        let mut felts = Vec::new();
        self.push(&mut felts);
        let bytes = Poseidon::hash_array(&felts).to_bytes_be();
        Felt::from_bytes_be_slice(&bytes[1..])
    }
}

/// What the registry stores of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClaimState {
    /// What has become of it.
    pub status: Status,
    /// [`Claim::commitment`] of the claim as it is now.
    #[serde(serialize_with = "hex")]
    pub commitment: Felt,
}

/// A proof that somebody says to have: claimed, not verified by the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProofRecord {
    /// SHA-256 of the proof file.
    #[serde(serialize_with = "digest")]
    pub proof_hash: U256,
    /// Poseidon hash of the row.
    #[serde(serialize_with = "hex")]
    pub input_hash: Felt,
    /// Poseidon hash of the results.
    #[serde(serialize_with = "hex")]
    pub output_hash: Felt,
    /// The proof's security in bits, as claimed.
    pub security_bits: u16,
    /// The version of the proof file's format.
    pub format_version: u16,
}

/// Counts and sums over the whole registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Models.
    pub n_models: u64,
    /// Rows that were paid for and executed.
    pub n_calls: u64,
    /// Claims.
    pub n_claims: u64,
    /// Proof records.
    pub n_proofs: u64,
    /// What the registry owes, and what is burnt and not yet swept.
    #[serde(serialize_with = "decimal")]
    pub held: u128,
    /// Parts of lost bonds that nobody gets, and that nobody has swept yet.
    #[serde(serialize_with = "decimal")]
    pub burnt: u128,
    /// Burnt units that were sent out of reach.
    #[serde(serialize_with = "decimal")]
    pub swept: u128,
}

impl NewModel {
    pub(crate) fn push(&self, felts: &mut Vec<Felt>) {
        push_text(felts, &self.name);
        felts.extend([self.kind, self.licence, Felt::from(self.price), Felt::from(self.bond)]);
    }
}

impl NewVersion {
    pub(crate) fn push(&self, felts: &mut Vec<Felt>) {
        felts.extend([self.class_hash, self.model_hash, self.program_hash]);
        push_text(felts, &self.metadata_uri);
        push_u256(felts, self.metadata_hash);
        felts.push(self.challenge_gas.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_their_bytes() {
        let bytes: [u8; 32] = std::array::from_fn(|i| i as u8);
        let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest_text(&digest_number(bytes)), text);
    }
}
