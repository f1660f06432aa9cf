//! What a contract that uses models needs to know of Nilometer's registry: copy this file.

use starknet::ContractAddress;

/// The registry, as its callers see it. SNIP-5 number: `supports_interface` of the registry knows it.
#[starknet::interface]
pub trait IModelConsumer<T> {
    /// Pays for a row and executes the model on it; the results. `max_price` bounds what is paid.
    fn call(
        ref self: T, model_id: u64, version: u32, input: Span<felt252>, max_price: u128
    ) -> Span<felt252>;
    /// The same for several rows. All or nothing.
    fn call_batch(
        ref self: T, model_id: u64, version: u32, inputs: Span<Span<felt252>>, max_price: u128
    ) -> Span<Span<felt252>>;
    /// The status of a claim. Panics if `claim` is not the claim with this number, as it is now.
    fn check_claim(self: @T, claim_id: u64, claim: Claim) -> Status;
}

/// What has become of a claim.
#[derive(Copy, Drop, Serde, PartialEq)]
pub enum Status {
    /// There is no such claim.
    None,
    /// It can be challenged and contested.
    Open,
    /// Somebody has staked against it; it can be challenged.
    Contested,
    /// Execution gave another answer.
    Refuted,
    /// Execution gave the claimed answer.
    Upheld,
    /// Nobody objected while the window was open: claimed, not executed.
    Final,
    /// It was contested and never executed: it says nothing.
    Void,
}

/// A row of a claim: Poseidon hashes of the row and of the claimed results.
#[derive(Copy, Drop, Serde)]
pub struct ClaimedRow {
    pub input_hash: felt252,
    pub output_hash: felt252,
}

/// A claim. The registry stores its hash only; its events tell the rest.
#[derive(Copy, Drop, Serde)]
pub struct Claim {
    pub model_id: u64,
    pub version: u32,
    pub claimant: ContractAddress,
    pub bond: u128,
    pub stake: u128,
    pub deadline: u64,
    pub contester: ContractAddress,
    pub contested_row: u32,
    pub rows: Span<ClaimedRow>,
}

/// What is needed of the fee token.
#[starknet::interface]
pub trait IERC20<T> {
    fn approve(ref self: T, spender: ContractAddress, amount: u256) -> bool;
}
