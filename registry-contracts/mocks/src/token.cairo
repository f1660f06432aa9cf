//! An ERC-20 whose manners can be set.

use starknet::ContractAddress;

/// What only the tests' token has.
#[starknet::interface]
pub trait IMockToken<TContractState> {
    fn mint(ref self: TContractState, to: ContractAddress, amount: u256);
    fn set_manners(ref self: TContractState, manners: felt252, model_id: u64);
}

#[starknet::contract]
mod Token {
    use nilometer_registry::interface::{
        IERC20, IModelRegistryDispatcher, IModelRegistryDispatcherTrait
    };
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess,
        StoragePointerWriteAccess
    };
    use starknet::{ContractAddress, get_caller_address};

    #[storage]
    struct Storage {
        balances: Map<ContractAddress, u256>,
        allowances: Map<(ContractAddress, ContractAddress), u256>,
        manners: felt252,
        model_id: u64,
    }

    #[abi(embed_v0)]
    impl MockTokenImpl of super::IMockToken<ContractState> {
        fn mint(ref self: ContractState, to: ContractAddress, amount: u256) {
            self.balances.write(to, self.balances.read(to) + amount);
        }

        /// 'false': transfers do nothing and say so. 'fee': one unit of each transfer is lost. 'call',
        /// 'withdraw', 'finalize': each transfer calls the registry back. 0: good manners.
        fn set_manners(ref self: ContractState, manners: felt252, model_id: u64) {
            self.manners.write(manners);
            self.model_id.write(model_id);
        }
    }

    #[abi(embed_v0)]
    impl ERC20Impl of IERC20<ContractState> {
        fn balance_of(self: @ContractState, account: ContractAddress) -> u256 {
            self.balances.read(account)
        }

        fn allowance(
            self: @ContractState, owner: ContractAddress, spender: ContractAddress
        ) -> u256 {
            self.allowances.read((owner, spender))
        }

        fn transfer(ref self: ContractState, recipient: ContractAddress, amount: u256) -> bool {
            self.move(get_caller_address(), recipient, amount)
        }

        fn transfer_from(
            ref self: ContractState,
            sender: ContractAddress,
            recipient: ContractAddress,
            amount: u256
        ) -> bool {
            let spender = get_caller_address();
            let left = self.allowances.read((sender, spender));
            assert(left >= amount, 'allowance too small');
            self.allowances.write((sender, spender), left - amount);
            self.move(sender, recipient, amount)
        }

        fn approve(ref self: ContractState, spender: ContractAddress, amount: u256) -> bool {
            self.allowances.write((get_caller_address(), spender), amount);
            true
        }
    }

    #[generate_trait]
    impl InternalImpl of InternalTrait {
        fn move(
            ref self: ContractState, from: ContractAddress, to: ContractAddress, amount: u256
        ) -> bool {
            let manners = self.manners.read();
            if manners == 'false' {
                return false;
            }
            let registry = IModelRegistryDispatcher { contract_address: get_caller_address() };
            let model_id = self.model_id.read();
            if manners == 'call' {
                registry.call(model_id, 1, array![1].span(), 0);
            } else if manners == 'withdraw' {
                registry.withdraw();
            } else if manners == 'finalize' {
                registry.finalize(1, super::super::some_claim());
            } else if manners == 'distribute' {
                registry.distribute(model_id);
            }
            let balance = self.balances.read(from);
            assert(balance >= amount, 'balance too small');
            self.balances.write(from, balance - amount);
            let arrives = if manners == 'fee' {
                amount - 1
            } else {
                amount
            };
            self.balances.write(to, self.balances.read(to) + arrives);
            true
        }
    }
}
