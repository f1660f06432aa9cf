//! The traits of the registry, of models and of the fee token.

use starknet::{ClassHash, ContractAddress};
use super::types::{
    Change, Claim, ClaimState, Model, NewModel, NewVersion, ProofRecord, Rules, Scheduled, Settings,
    Share, Status, Totals, Version
};

/// What a model's `version` must answer.
pub const MODEL_INTERFACE: felt252 = 'nilometer-model-v1';
/// The most entries of a page.
pub const MAX_PAGE: u32 = 50;
/// The most felts of a row.
pub const MAX_INPUT: u32 = 4096;
/// The most felts of a result: an event holds no more.
pub const MAX_OUTPUT: u32 = 256;
/// The most rows of a batch.
pub const MAX_BATCH: u32 = 64;

/// The parts of ERC-20 that the registry uses.
#[starknet::interface]
pub trait IERC20<TContractState> {
    fn balance_of(self: @TContractState, account: ContractAddress) -> u256;
    fn allowance(self: @TContractState, owner: ContractAddress, spender: ContractAddress) -> u256;
    fn transfer(ref self: TContractState, recipient: ContractAddress, amount: u256) -> bool;
    fn transfer_from(
        ref self: TContractState, sender: ContractAddress, recipient: ContractAddress, amount: u256
    ) -> bool;
    fn approve(ref self: TContractState, spender: ContractAddress, amount: u256) -> bool;
}

/// What contracts that use models need: the interface with the number [`CONSUMER_ID`]. `check_claim` returns
/// the status of a claim and panics if the claim that is passed is not the one with this number.
#[starknet::interface]
pub trait IModelConsumer<TContractState> {
    fn call(
        ref self: TContractState,
        model_id: u64,
        version: u32,
        input: Span<felt252>,
        max_price: u128
    ) -> Span<felt252>;
    fn call_batch(
        ref self: TContractState,
        model_id: u64,
        version: u32,
        inputs: Span<Span<felt252>>,
        max_price: u128
    ) -> Span<Span<felt252>>;
    fn check_claim(self: @TContractState, claim_id: u64, claim: Claim) -> Status;
}

/// What interfaces a contract has (SNIP-5).
#[starknet::interface]
pub trait ISRC5<TContractState> {
    fn supports_interface(self: @TContractState, interface_id: felt252) -> bool;
}

/// The number of SNIP-5 itself.
pub const SRC5_ID: felt252 = 0x3f918d17e5ee77373b56385708f855659a07f75997f365cf87748628532a055;
/// The number of [`IModelConsumer`], computed as SNIP-5 says.
pub const CONSUMER_ID: felt252 = 0x20ee71e17ef90ae4369477667e7541b1e6da1c913b62fe929b8e915c7c1777e;

/// What every model answers to.
#[starknet::interface]
pub trait IModel<TContractState> {
    fn predict(self: @TContractState, input: Span<felt252>) -> Span<felt252>;
    fn model_hash(self: @TContractState) -> felt252;
    fn schema(self: @TContractState) -> Span<felt252>;
    fn version(self: @TContractState) -> felt252;
}

/// Everything that the registry answers to.
#[starknet::interface]
pub trait IModelRegistry<TContractState> {
    // Publishing.
    fn register(ref self: TContractState, model: NewModel, first: NewVersion) -> u64;
    fn publish(ref self: TContractState, model_id: u64, version: NewVersion) -> u32;
    fn announce(ref self: TContractState, model_id: u64, change: Change);
    fn set_terms(ref self: TContractState, model_id: u64, price: u128, bond: u128);
    fn set_licence(ref self: TContractState, model_id: u64, licence: felt252);
    fn set_metadata(
        ref self: TContractState, model_id: u64, version: u32, uri: ByteArray, hash: u256
    );
    fn set_shares(ref self: TContractState, model_id: u64, shares: Span<Share>);
    fn deprecate_version(ref self: TContractState, model_id: u64, version: u32);
    fn deprecate(ref self: TContractState, model_id: u64);
    fn offer_model(ref self: TContractState, model_id: u64, to: ContractAddress);
    fn accept_model(ref self: TContractState, model_id: u64, terms_hash: felt252);

    // Using.
    fn call(
        ref self: TContractState,
        model_id: u64,
        version: u32,
        input: Span<felt252>,
        max_price: u128
    ) -> Span<felt252>;
    fn call_batch(
        ref self: TContractState,
        model_id: u64,
        version: u32,
        inputs: Span<Span<felt252>>,
        max_price: u128
    ) -> Span<Span<felt252>>;

    // Disputing.
    fn claim(
        ref self: TContractState,
        model_id: u64,
        version: u32,
        input: Span<felt252>,
        output: Span<felt252>,
        bond: u128
    ) -> u64;
    fn claim_batch(
        ref self: TContractState,
        model_id: u64,
        version: u32,
        inputs: Span<Span<felt252>>,
        outputs: Span<Span<felt252>>,
        bond: u128
    ) -> u64;
    fn challenge(
        ref self: TContractState, claim_id: u64, claim: Claim, row: u32, input: Span<felt252>
    ) -> bool;
    fn contest(ref self: TContractState, claim_id: u64, claim: Claim, row: u32);
    fn finalize(ref self: TContractState, claim_id: u64, claim: Claim);
    fn record_proof(
        ref self: TContractState, model_id: u64, version: u32, proof: ProofRecord
    ) -> u64;

    // Money.
    fn distribute(ref self: TContractState, model_id: u64);
    fn withdraw(ref self: TContractState) -> u128;
    fn withdraw_for(ref self: TContractState, account: ContractAddress) -> u128;
    fn sweep(ref self: TContractState) -> u128;

    // The registry's owner.
    fn schedule_upgrade(ref self: TContractState, class_hash: ClassHash);
    fn schedule_rules(ref self: TContractState, rules: Rules);
    fn cancel_scheduled(ref self: TContractState);
    fn pause(ref self: TContractState);
    fn unpause(ref self: TContractState);
    fn upgrade(ref self: TContractState, class_hash: ClassHash);
    fn set_rules(ref self: TContractState, rules: Rules);
    fn offer_registry(ref self: TContractState, to: ContractAddress);
    fn accept_registry(ref self: TContractState);

    // Views.
    fn settings(self: @TContractState) -> Settings;
    fn scheduled(self: @TContractState) -> Scheduled;
    fn offered_registry(self: @TContractState) -> ContractAddress;
    fn totals(self: @TContractState) -> Totals;
    fn models(self: @TContractState, first: u64, count: u32) -> Array<Model>;
    fn model(self: @TContractState, model_id: u64) -> Model;
    fn versions(
        self: @TContractState, model_id: u64, first: u32, count: u32
    ) -> Array<Version>;
    fn model_version(self: @TContractState, model_id: u64, version: u32) -> Version;
    fn shares(self: @TContractState, model_id: u64) -> Array<Share>;
    fn terms_hash(self: @TContractState, model_id: u64) -> felt252;
    fn announced_at(self: @TContractState, model_id: u64, change: Change) -> u64;
    fn first_model_of(self: @TContractState, class_hash: ClassHash) -> u64;
    fn least_bond(self: @TContractState, model_id: u64, version: u32) -> u128;
    fn claims(self: @TContractState, first: u64, count: u32) -> Array<ClaimState>;
    fn claim_state(self: @TContractState, claim_id: u64) -> ClaimState;
    fn check_claim(self: @TContractState, claim_id: u64, claim: Claim) -> Status;
    fn balance_of(self: @TContractState, account: ContractAddress) -> u128;
}
