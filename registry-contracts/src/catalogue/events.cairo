//! What the catalogue tells indexers.

use starknet::{ClassHash, ContractAddress};
use super::super::types::{Change, Share};

/// There is a new model; its first version follows.
#[derive(Drop, starknet::Event)]
pub struct ModelRegistered {
    #[key]
    pub model_id: u64,
    #[key]
    pub owner: ContractAddress,
    pub name: ByteArray,
    pub kind: felt252,
    pub licence: felt252,
    pub price: u128,
    pub bond: u128,
}

/// There is a new version.
#[derive(Drop, starknet::Event)]
pub struct VersionPublished {
    #[key]
    pub model_id: u64,
    #[key]
    pub version: u32,
    pub contract: ContractAddress,
    pub class_hash: ClassHash,
    pub model_hash: felt252,
    pub program_hash: felt252,
    pub schema_hash: felt252,
    pub metadata_uri: ByteArray,
    pub metadata_hash: u256,
    pub challenge_gas: u64,
}

/// The owner will change the model, from then on and for as long again.
#[derive(Drop, starknet::Event)]
pub struct ChangeAnnounced {
    #[key]
    pub model_id: u64,
    pub ready_at: u64,
    pub change: Change,
}

/// Calls and claims have another price and smallest bond.
#[derive(Drop, starknet::Event)]
pub struct TermsChanged {
    #[key]
    pub model_id: u64,
    pub price: u128,
    pub bond: u128,
}

/// The model has another licence.
#[derive(Drop, starknet::Event)]
pub struct LicenceChanged {
    #[key]
    pub model_id: u64,
    pub licence: felt252,
}

/// A version's description has moved or changed.
#[derive(Drop, starknet::Event)]
pub struct MetadataChanged {
    #[key]
    pub model_id: u64,
    #[key]
    pub version: u32,
    pub metadata_uri: ByteArray,
    pub metadata_hash: u256,
}

/// Revenue is shared differently from now on; no shares: the owner gets it all.
#[derive(Drop, starknet::Event)]
pub struct SharesChanged {
    #[key]
    pub model_id: u64,
    pub shares: Span<Share>,
}

/// A version takes no new calls or claims.
#[derive(Drop, starknet::Event)]
pub struct VersionDeprecated {
    #[key]
    pub model_id: u64,
    #[key]
    pub version: u32,
}

/// A model takes no new versions, calls or claims.
#[derive(Drop, starknet::Event)]
pub struct ModelDeprecated {
    #[key]
    pub model_id: u64,
}

/// A model was offered to somebody; zero withdraws the offer.
#[derive(Drop, starknet::Event)]
pub struct ModelOffered {
    #[key]
    pub model_id: u64,
    #[key]
    pub to: ContractAddress,
}

/// A model has another owner.
#[derive(Drop, starknet::Event)]
pub struct ModelTransferred {
    #[key]
    pub model_id: u64,
    #[key]
    pub from: ContractAddress,
    #[key]
    pub to: ContractAddress,
}
