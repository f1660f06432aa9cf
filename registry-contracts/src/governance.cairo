//! What the registry's owner can do, and how long before users see it.
//!
//! A pause or an upgrade is announced, and can be carried out after the delay; after as long again the
//! announcement lapses: notice is worth nothing if it can be given years ahead. It can be cancelled at any
//! time. A pause stops new models, calls and claims. It never stops challenges, settlements or
//! withdrawals, so the owner cannot hold anybody's money. Unpausing takes effect at once.

#[starknet::component]
pub mod GovernanceComponent {
    use core::num::traits::Zero;
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};
    use starknet::syscalls::replace_class_syscall;
    use starknet::{
        ClassHash, ContractAddress, SyscallResultTrait, get_block_timestamp, get_caller_address
    };
    use super::super::errors;
    use super::super::types::{Action, Scheduled};

    #[storage]
    pub struct Storage {
        pub owner: ContractAddress,
        pub offered_owner: ContractAddress,
        pub delay: u64,
        pub paused: bool,
        pub action: Action,
        pub ready_at: u64,
        pub entered: bool,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    pub enum Event {
        ActionScheduled: ActionScheduled,
        ActionCancelled: ActionCancelled,
        Paused: Paused,
        Unpaused: Unpaused,
        Upgraded: Upgraded,
        RegistryOffered: RegistryOffered,
        RegistryTransferred: RegistryTransferred,
    }

    /// A pause or an upgrade was announced.
    #[derive(Drop, starknet::Event)]
    pub struct ActionScheduled {
        pub action: Action,
        pub ready_at: u64,
    }

    /// The announced action will not happen.
    #[derive(Drop, starknet::Event)]
    pub struct ActionCancelled {
        pub action: Action,
    }

    /// New models, calls and claims are refused from now on.
    #[derive(Drop, starknet::Event)]
    pub struct Paused {}

    /// Everything is accepted again.
    #[derive(Drop, starknet::Event)]
    pub struct Unpaused {}

    /// The registry has another class.
    #[derive(Drop, starknet::Event)]
    pub struct Upgraded {
        pub class_hash: ClassHash,
    }

    /// The registry was offered to somebody; zero withdraws the offer.
    #[derive(Drop, starknet::Event)]
    pub struct RegistryOffered {
        #[key]
        pub to: ContractAddress,
    }

    /// The registry has another owner.
    #[derive(Drop, starknet::Event)]
    pub struct RegistryTransferred {
        #[key]
        pub from: ContractAddress,
        #[key]
        pub to: ContractAddress,
    }

    #[generate_trait]
    pub impl GovernanceImpl<
        TContractState, +HasComponent<TContractState>
    > of GovernanceTrait<TContractState> {
        fn initialize(ref self: ComponentState<TContractState>, owner: ContractAddress, delay: u64) {
            assert(owner.is_non_zero(), errors::ZERO_ADDRESS);
            self.owner.write(owner);
            self.delay.write(delay);
            self.emit(RegistryTransferred { from: Zero::zero(), to: owner });
        }

        fn assert_owner(self: @ComponentState<TContractState>) {
            assert(get_caller_address() == self.owner.read(), errors::NOT_OWNER);
        }

        fn assert_running(self: @ComponentState<TContractState>) {
            assert(!self.paused.read(), errors::PAUSED);
        }

        /// Locks the contract: models and tokens that it calls cannot call it back.
        fn enter(ref self: ComponentState<TContractState>) {
            assert(!self.entered.read(), errors::REENTRANT);
            self.entered.write(true);
        }

        fn leave(ref self: ComponentState<TContractState>) {
            self.entered.write(false);
        }

        fn assert_not_entered(self: @ComponentState<TContractState>) {
            assert(!self.entered.read(), errors::REENTRANT);
        }

        fn schedule(ref self: ComponentState<TContractState>, action: Action) {
            self.assert_owner();
            let now = get_block_timestamp();
            let announced = self.announced();
            assert(
                announced.action == Action::None || now >= announced.lapses_at,
                errors::ALREADY_SCHEDULED
            );
            let ready_at = now + self.delay.read();
            self.action.write(action);
            self.ready_at.write(ready_at);
            self.emit(ActionScheduled { action, ready_at });
        }

        fn cancel(ref self: ComponentState<TContractState>) {
            self.assert_owner();
            let action = self.action.read();
            assert(action != Action::None, errors::NOT_SCHEDULED);
            self.clear();
            self.emit(ActionCancelled { action });
        }

        fn pause(ref self: ComponentState<TContractState>) {
            self.take(Action::Pause);
            self.paused.write(true);
            self.emit(Paused {});
        }

        fn unpause(ref self: ComponentState<TContractState>) {
            self.assert_owner();
            assert(self.paused.read(), errors::NOT_PAUSED);
            self.paused.write(false);
            self.emit(Unpaused {});
        }

        fn upgrade(ref self: ComponentState<TContractState>, class_hash: ClassHash) {
            self.take(Action::Upgrade(class_hash));
            replace_class_syscall(class_hash).unwrap_syscall();
            self.emit(Upgraded { class_hash });
        }

        fn offer(ref self: ComponentState<TContractState>, to: ContractAddress) {
            self.assert_owner();
            self.offered_owner.write(to);
            self.emit(RegistryOffered { to });
        }

        fn accept(ref self: ComponentState<TContractState>) {
            let to = get_caller_address();
            assert(to.is_non_zero() && to == self.offered_owner.read(), errors::NOT_OFFERED);
            let from = self.owner.read();
            self.offered_owner.write(Zero::zero());
            self.owner.write(to);
            self.emit(RegistryTransferred { from, to });
        }

        fn announced(self: @ComponentState<TContractState>) -> Scheduled {
            let ready_at = self.ready_at.read();
            let lapses_at = if ready_at == 0 {
                0
            } else {
                ready_at + self.delay.read()
            };
            Scheduled { action: self.action.read(), ready_at, lapses_at }
        }
    }

    #[generate_trait]
    impl PrivateImpl<
        TContractState, +HasComponent<TContractState>
    > of PrivateTrait<TContractState> {
        /// Uses up the announcement of exactly this action.
        fn take(ref self: ComponentState<TContractState>, action: Action) {
            self.assert_owner();
            let announced = self.announced();
            assert(announced.action == action, errors::NOT_SCHEDULED);
            let now = get_block_timestamp();
            assert(now >= announced.ready_at, errors::TOO_EARLY);
            assert(now < announced.lapses_at, errors::LAPSED);
            self.clear();
        }

        fn clear(ref self: ComponentState<TContractState>) {
            self.action.write(Action::None);
            self.ready_at.write(0);
        }
    }
}
