//! A gate that keeps what a model says of rows: a stand-in for a vault, a game or a market.

use super::registry::Claim;

/// What the gate answers to.
#[starknet::interface]
pub trait IGate<T> {
    /// Pays for a row from the gate's own tokens, has the model executed on it, and keeps its first result.
    ///
    /// Requirements: the gate has the price in the fee token; the model accepts the row ('wrong input length',
    /// 'input out of range').
    fn decide(ref self: T, row: Span<felt252>) -> felt252;

    /// Keeps the first result of a row of a claim about the gate's model.
    ///
    /// Requirements: the claim was upheld by execution, or became final while the gate takes final claims;
    /// `row` and `output` are what was claimed.
    fn decide_by_claim(
        ref self: T,
        claim_id: u64,
        claim: Claim,
        index: u32,
        row: Span<felt252>,
        output: Span<felt252>
    ) -> felt252;

    /// What was decided last.
    fn last(self: @T) -> felt252;

    /// How often something was decided.
    fn n_decisions(self: @T) -> u64;
}

#[starknet::contract]
mod Gate {
    use consumer::registry::{
        Claim, IERC20Dispatcher, IERC20DispatcherTrait, IModelConsumerDispatcher,
        IModelConsumerDispatcherTrait, Status
    };
    use core::poseidon::poseidon_hash_span;
    use starknet::ContractAddress;
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};

    #[storage]
    struct Storage {
        registry: ContractAddress,
        fee_token: ContractAddress,
        model_id: u64,
        version: u32,
        max_price: u128,
        takes_final: bool,
        last: felt252,
        n_decisions: u64,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Decided: Decided,
    }

    /// The model said something of a row. `executed`: the chain computed it; else nobody objected to a claim.
    #[derive(Drop, starknet::Event)]
    struct Decided {
        result: felt252,
        executed: bool,
    }

    /// The version is pinned: a new one may answer otherwise.
    ///
    /// `takes_final`: whether claims that were never executed count.
    #[constructor]
    fn constructor(
        ref self: ContractState,
        registry: ContractAddress,
        fee_token: ContractAddress,
        model_id: u64,
        version: u32,
        max_price: u128,
        takes_final: bool
    ) {
        self.registry.write(registry);
        self.fee_token.write(fee_token);
        self.model_id.write(model_id);
        self.version.write(version);
        self.max_price.write(max_price);
        self.takes_final.write(takes_final);
    }

    #[abi(embed_v0)]
    impl GateImpl of super::IGate<ContractState> {
        fn decide(ref self: ContractState, row: Span<felt252>) -> felt252 {
            let registry = IModelConsumerDispatcher { contract_address: self.registry.read() };
            let token = IERC20Dispatcher { contract_address: self.fee_token.read() };
            let max_price = self.max_price.read();
            token.approve(registry.contract_address, max_price.into());
            // Call the registry, never the model's own contract: only this pays, and is recorded.
            let output = registry
                .call(self.model_id.read(), self.version.read(), row, max_price);
            // The price may have been lower than what was approved.
            token.approve(registry.contract_address, 0);
            self.keep(*output[0], true)
        }

        fn decide_by_claim(
            ref self: ContractState,
            claim_id: u64,
            claim: Claim,
            index: u32,
            row: Span<felt252>,
            output: Span<felt252>
        ) -> felt252 {
            assert(claim.model_id == self.model_id.read(), 'another model');
            assert(claim.version == self.version.read(), 'another version');
            let claimed = *claim.rows[index];
            assert(claimed.input_hash == poseidon_hash_span(row), 'another row');
            assert(claimed.output_hash == poseidon_hash_span(output), 'another output');
            let registry = IModelConsumerDispatcher { contract_address: self.registry.read() };
            // Panics if this is not the claim with this number.
            let executed = match registry.check_claim(claim_id, claim) {
                Status::Upheld => true,
                Status::Final => {
                    assert(self.takes_final.read(), 'claimed, not executed');
                    false
                },
                _ => core::panic_with_felt252('claim has not stood'),
            };
            self.keep(*output[0], executed)
        }

        fn last(self: @ContractState) -> felt252 {
            self.last.read()
        }

        fn n_decisions(self: @ContractState) -> u64 {
            self.n_decisions.read()
        }
    }

    #[generate_trait]
    impl InternalImpl of InternalTrait {
        fn keep(ref self: ContractState, result: felt252, executed: bool) -> felt252 {
            self.last.write(result);
            self.n_decisions.write(self.n_decisions.read() + 1);
            self.emit(Decided { result, executed });
            result
        }
    }
}
