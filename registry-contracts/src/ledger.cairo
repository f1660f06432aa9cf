//! The fee token: what came in, who it belongs to, what goes out.
//!
//! Every unit that the registry takes is booked in `held` until it leaves, so `held` is what the
//! registry owes plus what was burnt. Nothing is ever sent to anybody but by their own withdrawal.
//! Burnt units stay in the contract for ever: sending them to somebody would make somebody a winner.

#[starknet::component]
pub mod LedgerComponent {
    use core::num::traits::Zero;
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess,
        StoragePointerWriteAccess
    };
    use starknet::{ContractAddress, get_caller_address, get_contract_address};
    use super::super::errors;
    use super::super::interface::{IERC20Dispatcher, IERC20DispatcherTrait};

    #[storage]
    pub struct Storage {
        pub fee_token: ContractAddress,
        pub balances: Map<ContractAddress, u128>,
        pub held: u128,
        pub burnt: u128,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    pub enum Event {
        Credited: Credited,
        Withdrawn: Withdrawn,
    }

    /// An account can withdraw so much more.
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

        /// Pays the caller everything that is theirs.
        fn pay_out(ref self: ComponentState<TContractState>) -> u128 {
            let account = get_caller_address();
            let amount = self.balances.read(account);
            assert(amount != 0, errors::NOTHING_TO_WITHDRAW);
            self.balances.write(account, 0);
            self.held.write(self.held.read() - amount);
            let token = IERC20Dispatcher { contract_address: self.fee_token.read() };
            let this = get_contract_address();
            let before = token.balance_of(this);
            assert(token.transfer(account, amount.into()), errors::TOKEN_REFUSED);
            assert(token.balance_of(this) + amount.into() == before, errors::TOKEN_AMOUNT);
            self.emit(Withdrawn { account, amount });
            amount
        }
    }
}
