//! The fee token: what came in, who it belongs to, what goes out.
//!
//! Every unit that the registry takes is booked in `held` until it leaves, so `held` is what the
//! registry owes plus what is burnt and not yet swept. An account's balance only ever goes to that
//! account. Burnt units are nobody's: anyone can sweep them to an address that nobody has, so that no later
//! code of the registry can give them to somebody either.

#[starknet::component]
pub mod LedgerComponent {
    use core::num::traits::{SaturatingAdd, Zero};
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess,
        StoragePointerWriteAccess
    };
    use starknet::{ContractAddress, get_caller_address, get_contract_address};
    use super::super::errors;
    use super::super::interface::{IERC20Dispatcher, IERC20DispatcherTrait};

    /// Where burnt units go. Addresses of contracts are hashes, so nobody can have this one.
    const OUT_OF_REACH: felt252 = 0xdead;

    #[storage]
    pub struct Storage {
        pub fee_token: ContractAddress,
        pub balances: Map<ContractAddress, u128>,
        pub held: u128,
        pub burnt: u128,
        pub swept: u128,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    pub enum Event {
        Credited: Credited,
        Withdrawn: Withdrawn,
        Swept: Swept,
    }

    /// An account can withdraw this much more.
    #[derive(Drop, starknet::Event)]
    pub struct Credited {
        #[key]
        pub account: ContractAddress,
        pub amount: u128,
    }

    /// An account has withdrawn everything that it could.
    #[derive(Drop, starknet::Event)]
    pub struct Withdrawn {
        #[key]
        pub account: ContractAddress,
        pub amount: u128,
    }

    /// Burnt units were sent out of reach.
    #[derive(Drop, starknet::Event)]
    pub struct Swept {
        pub amount: u128,
    }

    #[generate_trait]
    pub impl LedgerImpl<
        TContractState, +HasComponent<TContractState>
    > of LedgerTrait<TContractState> {
        fn initialize(ref self: ComponentState<TContractState>, fee_token: ContractAddress) {
            assert(fee_token.is_non_zero(), errors::ZERO_ADDRESS);
            self.fee_token.write(fee_token);
        }

        /// Takes exactly `amount` from the caller; tokens that keep a part back are refused.
        fn collect(ref self: ComponentState<TContractState>, amount: u128) {
            if amount == 0 {
                return;
            }
            self.held.write(self.held.read() + amount);
            let token = IERC20Dispatcher { contract_address: self.fee_token.read() };
            let (from, this) = (get_caller_address(), get_contract_address());
            let before = token.balance_of(this);
            assert(token.transfer_from(from, this, amount.into()), errors::TOKEN_REFUSED);
            assert(token.balance_of(this) == before + amount.into(), errors::TOKEN_AMOUNT);
        }

        /// Books a part of what is held as an account's.
        fn credit(
            ref self: ComponentState<TContractState>, account: ContractAddress, amount: u128
        ) {
            if amount == 0 {
                return;
            }
            self.balances.write(account, self.balances.read(account) + amount);
            self.emit(Credited { account, amount });
        }

        /// Books a part of what is held as nobody's.
        fn burn(ref self: ComponentState<TContractState>, amount: u128) {
            self.burnt.write(self.burnt.read() + amount);
        }

        /// Pays an account everything that is its own.
        fn pay_out(
            ref self: ComponentState<TContractState>, account: ContractAddress
        ) -> u128 {
            let amount = self.balances.read(account);
            assert(amount != 0, errors::NOTHING_TO_WITHDRAW);
            self.balances.write(account, 0);
            self.send(account, amount);
            self.emit(Withdrawn { account, amount });
            amount
        }

        /// Sends what is burnt out of reach.
        fn sweep(ref self: ComponentState<TContractState>) -> u128 {
            let amount = self.burnt.read();
            assert(amount != 0, errors::NOTHING_TO_SWEEP);
            self.burnt.write(0);
            // A statistic: it must not stop anything.
            self.swept.write(self.swept.read().saturating_add(amount));
            self.send(OUT_OF_REACH.try_into().unwrap(), amount);
            self.emit(Swept { amount });
            amount
        }
    }

    #[generate_trait]
    impl PrivateImpl<
        TContractState, +HasComponent<TContractState>
    > of PrivateTrait<TContractState> {
        /// Sends exactly `amount` of what is held.
        fn send(
            ref self: ComponentState<TContractState>, to: ContractAddress, amount: u128
        ) {
            self.held.write(self.held.read() - amount);
            let token = IERC20Dispatcher { contract_address: self.fee_token.read() };
            let this = get_contract_address();
            let before = token.balance_of(this);
            assert(token.transfer(to, amount.into()), errors::TOKEN_REFUSED);
            assert(token.balance_of(this) + amount.into() == before, errors::TOKEN_AMOUNT);
        }
    }
}
