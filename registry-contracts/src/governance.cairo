//! What the registry's owner can do, and how long before users see it.
//!
//! An upgrade or a change of the rules is announced, and can be carried out after the delay. It lapses
//! after as long again, so that notice cannot be given years ahead. It can be cancelled at any time.
//!
//! A pause takes effect at once, because what it is for does not wait. It ends by itself after three
//! days, and the next one can start two weeks after that, so the owner cannot keep the registry
//! paused. It stops new models, versions, calls and claims, never challenges, settlements or withdrawals:
//! the owner cannot hold anyone's money.

#[starknet::component]
pub mod GovernanceComponent {
    use core::num::traits::Zero;
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};
    use starknet::syscalls::replace_class_syscall;
    use starknet::{
        ClassHash, ContractAddress, SyscallResultTrait, get_block_timestamp, get_caller_address
    };
    use super::super::errors;
    use super::super::types::{Action, Rules, Scheduled};

    /// Seconds after which a pause ends by itself.
    const PAUSE: u64 = 259_200;
    /// Seconds between the end of a pause and the next one.
    const COOLDOWN: u64 = 1_209_600;
    /// The shortest window: an hour.
    const MIN_WINDOW: u64 = 3_600;
    /// Longer delays could overflow clocks: some 35,000 years.
    const DELAY_END: u64 = 0x10000000000;
    /// Prices of gas below this times any 64-bit amount of gas fit 128 bits with room to spare.
    const GAS_PRICE_END: u128 = 0x1000000000000000;

    #[storage]
    pub struct Storage {
        pub owner: ContractAddress,
        pub offered_owner: ContractAddress,
        pub delay: u64,
        pub rules: Rules,
        /// When the last pause ends by itself.
        pub pause_ends_at: u64,
        /// Whether it was ended before that.
        pub unpaused: bool,
        pub action: Action,
        pub ready_at: u64,
        pub entered: bool,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    pub enum Event {
        ActionScheduled: ActionScheduled,
        ActionCancelled: ActionCancelled,
        RulesChanged: RulesChanged,
        Paused: Paused,
        Unpaused: Unpaused,
        Upgraded: Upgraded,
        RegistryOffered: RegistryOffered,
        RegistryTransferred: RegistryTransferred,
    }

    /// An upgrade or a change of the rules was announced.
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

    /// Claims made from now on have other rules.
    #[derive(Drop, starknet::Event)]
    pub struct RulesChanged {
        pub rules: Rules,
    }

    /// New models, versions, calls and claims are refused until then.
    #[derive(Drop, starknet::Event)]
    pub struct Paused {
        pub until: u64,
    }

    /// The pause has ended before its time.
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
        fn initialize(
            ref self: ComponentState<TContractState>,
            owner: ContractAddress,
            delay: u64,
            rules: Rules
        ) {
            assert(owner.is_non_zero(), errors::ZERO_ADDRESS);
            self.owner.write(owner);
            self.delay.write(delay);
            self.check(rules);
            self.rules.write(rules);
            self.emit(RegistryTransferred { from: Zero::zero(), to: owner });
        }

        fn assert_owner(self: @ComponentState<TContractState>) {
            assert(get_caller_address() == self.owner.read(), errors::NOT_OWNER);
        }

        fn is_paused(self: @ComponentState<TContractState>) -> bool {
            let ends_at = self.pause_ends_at.read();
            ends_at != 0 && get_block_timestamp() < ends_at && !self.unpaused.read()
        }

        fn assert_running(self: @ComponentState<TContractState>) {
            assert(!self.is_paused(), errors::PAUSED);
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
            if let Action::SetRules(rules) = action {
                self.check(rules);
            }
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
            self.assert_owner();
            let now = get_block_timestamp();
            assert(now >= self.can_pause_from(), errors::PAUSED_LATELY);
            let until = now + PAUSE;
            self.pause_ends_at.write(until);
            self.unpaused.write(false);
            self.emit(Paused { until });
        }

        fn unpause(ref self: ComponentState<TContractState>) {
            self.assert_owner();
            assert(self.is_paused(), errors::NOT_PAUSED);
            self.unpaused.write(true);
            self.emit(Unpaused {});
        }

        /// The cooldown counts from where the last pause would have ended by itself: ending one early
        /// does not bring the next one nearer.
        fn can_pause_from(self: @ComponentState<TContractState>) -> u64 {
            let ends_at = self.pause_ends_at.read();
            if ends_at == 0 {
                0
            } else {
                ends_at + COOLDOWN
            }
        }

        fn upgrade(ref self: ComponentState<TContractState>, class_hash: ClassHash) {
            self.take(Action::Upgrade(class_hash));
            replace_class_syscall(class_hash).unwrap_syscall();
            self.emit(Upgraded { class_hash });
        }

        fn set_rules(ref self: ComponentState<TContractState>, rules: Rules) {
            self.take(Action::SetRules(rules));
            self.rules.write(rules);
            self.emit(RulesChanged { rules });
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
        /// A claim that is made when an upgrade is announced, and contested at the last moment of its
        /// window, still has a whole window of the old code: hence three.
        fn check(self: @ComponentState<TContractState>, rules: Rules) {
            let Rules { window, min_bond, gas_price } = rules;
            let delay = self.delay.read();
            let valid = window >= MIN_WINDOW
                && delay / 3 >= window
                && delay < DELAY_END
                && min_bond != 0
                && gas_price < GAS_PRICE_END;
            assert(valid, errors::BAD_SETTINGS);
        }

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
