//! What views return and entry points take.

use starknet::{ClassHash, ContractAddress};

/// The registry's settings.
#[derive(Copy, Drop, Serde, Debug)]
pub struct Settings {
    /// The registry's owner.
    pub owner: ContractAddress,
    /// The ERC-20 in which calls and bonds are paid.
    pub fee_token: ContractAddress,
    /// Seconds during which a claim cannot be finalised.
    pub window: u64,
    /// Seconds of notice before an upgrade, other rules, a higher price, other shares or a deprecation.
    pub delay: u64,
    /// The smallest bond of any claim.
    pub min_bond: u128,
    /// Units of the fee token per L2 gas, for the least bonds of versions.
    pub gas_price: u128,
    /// Whether new models, calls and claims are refused now.
    pub paused: bool,
    /// When the last pause ends or ended: seconds since the epoch; 0 if there was none.
    pub paused_until: u64,
    /// From when on the owner can pause again: seconds since the epoch.
    pub can_pause_from: u64,
}

/// What the registry's owner can change under notice.
#[derive(Copy, Drop, Serde, Debug, PartialEq, starknet::Store)]
pub struct Rules {
    /// Seconds during which a claim cannot be finalised.
    pub window: u64,
    /// The smallest bond of any claim.
    pub min_bond: u128,
    /// Units of the fee token per L2 gas, for the least bonds of versions.
    pub gas_price: u128,
}

/// What the registry's owner has announced.
#[derive(Copy, Drop, Serde, Debug, PartialEq, starknet::Store)]
pub enum Action {
    /// Nothing.
    #[default]
    None,
    /// To replace the registry's class.
    Upgrade: ClassHash,
    /// To change the rules; claims that exist keep theirs.
    SetRules: Rules,
}

/// An announced action and when it can be carried out.
#[derive(Copy, Drop, Serde, Debug)]
pub struct Scheduled {
    /// The action.
    pub action: Action,
    /// From when on: seconds since the epoch; 0 if nothing is announced.
    pub ready_at: u64,
    /// Until when, exclusive: an announcement that is never carried out expires.
    pub lapses_at: u64,
}

/// A change to a model that its owner has to announce, because others rely on how it is now.
#[derive(Copy, Drop, Serde)]
pub enum Change {
    /// A higher price of a call.
    Price: u128,
    /// Other shares, while there are holders.
    Shares: Span<Share>,
    /// The end of a version.
    DeprecateVersion: u32,
    /// The end of the model.
    Deprecate,
}

/// What an owner registers.
#[derive(Drop, Serde, Clone)]
pub struct NewModel {
    /// The name of the model's package, which is part of its class: 1 to 64 bytes.
    pub name: ByteArray,
    /// What kind of model it is, such as 'mlp_classifier'.
    pub kind: felt252,
    /// SPDX identifier of its licence.
    pub licence: felt252,
    /// Price of a call in units of the fee token.
    pub price: u128,
    /// Smallest bond of a claim about it.
    pub bond: u128,
}

/// What an owner publishes as a version.
#[derive(Drop, Serde, Clone)]
pub struct NewVersion {
    /// The class of the model's contract, declared before.
    pub class_hash: ClassHash,
    /// Poseidon hash of the quantised graph; the contract must answer with it.
    pub model_hash: felt252,
    /// Hash of the provable program that computes the same integers.
    pub program_hash: felt252,
    /// Where the model's description is: at most 1,024 bytes, may be empty.
    pub metadata_uri: ByteArray,
    /// SHA-256 of the description.
    pub metadata_hash: u256,
    /// L2 gas of a challenge, as the publisher has measured it: the least bond of claims follows from it.
    pub challenge_gas: u64,
}

/// A model, as a list shows it.
#[derive(Drop, Serde, Clone)]
pub struct Model {
    /// Its number, from 1.
    pub id: u64,
    /// Who sets its terms and gets what it earns.
    pub owner: ContractAddress,
    /// To whom it was offered; zero if to nobody.
    pub offered_to: ContractAddress,
    /// The package's name.
    pub name: ByteArray,
    /// What kind of model it is.
    pub kind: felt252,
    /// SPDX identifier of its licence.
    pub licence: felt252,
    /// Price of a call.
    pub price: u128,
    /// Smallest bond of a claim about it, the registry's own minimum included.
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
    pub revenue: u128,
    /// Revenue that was not yet credited to holders.
    pub undistributed: u128,
    /// Seconds since the epoch.
    pub registered_at: u64,
}

/// A version of a model. Only the description and `deprecated` can change.
#[derive(Drop, Serde, Clone, starknet::Store)]
pub struct Version {
    /// The contract that computes the model.
    pub contract: ContractAddress,
    /// Its class, as it was deployed.
    pub class_hash: ClassHash,
    /// Poseidon hash of the quantised graph.
    pub model_hash: felt252,
    /// Hash of the provable program.
    pub program_hash: felt252,
    /// Poseidon hash of the contract's `schema`.
    pub schema_hash: felt252,
    /// Where the description is.
    pub metadata_uri: ByteArray,
    /// SHA-256 of the description.
    pub metadata_hash: u256,
    /// Seconds since the epoch.
    pub published_at: u64,
    /// Whether it takes no new calls or claims.
    pub deprecated: bool,
    /// L2 gas of a challenge, as the publisher has measured it.
    pub challenge_gas: u64,
}

/// A holder's part of a model's revenue.
#[derive(Copy, Drop, Serde, starknet::Store)]
pub struct Share {
    /// Who gets it.
    pub holder: ContractAddress,
    /// Hundredths of a per cent.
    pub basis_points: u16,
}

/// What has become of a claim.
#[derive(Copy, Drop, Serde, PartialEq, Debug)]
pub enum Status {
    /// There is no such claim.
    None,
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

/// A row of a claim.
#[derive(Copy, Drop, Serde, PartialEq, Debug)]
pub struct ClaimedRow {
    /// Poseidon hash of the row.
    pub input_hash: felt252,
    /// Poseidon hash of the claimed results.
    pub output_hash: felt252,
}

/// A claim about a model's outputs.
///
/// The registry stores its hash only: the account that settles it passes it, and finds it in the events.
#[derive(Copy, Drop, Serde)]
pub struct Claim {
    /// The model.
    pub model_id: u64,
    /// Its version.
    pub version: u32,
    /// Who claims.
    pub claimant: ContractAddress,
    /// What the claimant loses if a row is refuted.
    pub bond: u128,
    /// What a contester stakes: the least bond when the claim was made.
    pub stake: u128,
    /// From when on it can be finalised: seconds since the epoch.
    pub deadline: u64,
    /// Who has contested; zero if nobody.
    pub contester: ContractAddress,
    /// The row that was contested, counted from 0; 0 if none.
    pub contested_row: u32,
    /// The rows, at least one. One false row refutes the whole claim.
    pub rows: Span<ClaimedRow>,
}

/// What the registry stores of a claim.
#[derive(Copy, Drop, Serde, PartialEq, Debug)]
pub struct ClaimState {
    /// What has become of it.
    pub status: Status,
    /// The low 248 bits of the Poseidon hash of the serialised claim.
    pub commitment: felt252,
}

/// A proof that somebody says to have. Nothing here has verified it, and nothing but its event is kept.
#[derive(Copy, Drop, Serde)]
pub struct ProofRecord {
    /// SHA-256 of the proof file.
    pub proof_hash: u256,
    /// Poseidon hash of the row.
    pub input_hash: felt252,
    /// Poseidon hash of the results.
    pub output_hash: felt252,
    /// The proof's security in bits, as claimed.
    pub security_bits: u16,
    /// The version of the proof file's format.
    pub format_version: u16,
}

/// Counts and sums over the whole registry.
#[derive(Copy, Drop, Serde)]
pub struct Totals {
    /// Models.
    pub n_models: u64,
    /// Rows that were paid for and executed.
    pub n_calls: u64,
    /// Claims.
    pub n_claims: u64,
    /// Proof records.
    pub n_proofs: u64,
    /// What the registry owes, and what is burnt and not yet swept: its balance of the fee token is never below.
    pub held: u128,
    /// Parts of lost bonds that nobody gets, and that nobody has swept yet.
    pub burnt: u128,
    /// Burnt units that were sent out of reach.
    pub swept: u128,
}
