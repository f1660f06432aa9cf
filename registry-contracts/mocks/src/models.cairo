//! Models that lie, fail, burn gas and call back.

use starknet::ContractAddress;

/// What only the tests' model has.
#[starknet::interface]
pub trait IRogue<TContractState> {
    fn set_manners(ref self: TContractState, manners: felt252, registry: ContractAddress);
}

/// Answers a row with its sum, unless it was told otherwise.
#[starknet::contract]
mod Rogue {
    use nilometer_registry::interface::{
        IModel, IModelRegistryDispatcher, IModelRegistryDispatcherTrait, MODEL_INTERFACE
    };
    use starknet::ContractAddress;
    use starknet::storage::{StoragePointerReadAccess, StoragePointerWriteAccess};

    #[storage]
    struct Storage {
        manners: felt252,
        registry: ContractAddress,
    }

    #[abi(embed_v0)]
    impl RogueImpl of super::IRogue<ContractState> {
        fn set_manners(ref self: ContractState, manners: felt252, registry: ContractAddress) {
            self.manners.write(manners);
            self.registry.write(registry);
        }
    }

    #[abi(embed_v0)]
    impl ModelImpl of IModel<ContractState> {
        fn predict(self: @ContractState, input: Span<felt252>) -> Span<felt252> {
            let manners = self.manners.read();
            if manners == 'fail' {
                core::panic_with_felt252('model failed')
            }
            if manners == 'refuse' {
                core::panic_with_felt252('input out of range')
            }
            if manners == 'lie' {
                return array!['lie'].span();
            }
            if manners == 'long' {
                let mut output = array![];
                while output.len() != 257 {
                    output.append(0);
                };
                return output.span();
            }
            if manners == 'burn' {
                let mut forever = 1;
                while forever != 0 {
                    forever += 1;
                };
            }
            if manners == 'work' {
                // An honest model that takes its time.
                let mut left: u32 = 3000;
                while left != 0 {
                    left -= 1;
                };
            }
            let registry = IModelRegistryDispatcher { contract_address: self.registry.read() };
            if manners == 'call' {
                registry.call(1, 1, input, 0);
            } else if manners == 'withdraw' {
                registry.withdraw();
            } else if manners == 'challenge' {
                registry.challenge(1, super::super::some_claim(), 0, input);
            }
            let mut sum = 0;
            for felt in input {
                sum += *felt;
            };
            array![sum].span()
        }

        fn model_hash(self: @ContractState) -> felt252 {
            'rogue'
        }

        fn schema(self: @ContractState) -> Span<felt252> {
            array![1, 2, 3].span()
        }

        fn version(self: @ContractState) -> felt252 {
            MODEL_INTERFACE
        }
    }
}

/// Answers a row with its first felt, and with 5 if there is too little gas for work that it does not do. The class
/// makes no system calls; where it is metered in gas, its answer depends on who asks.
#[starknet::contract]
mod Miser {
    use core::gas::withdraw_gas;
    use nilometer_registry::interface::{IModel, MODEL_INTERFACE};

    #[storage]
    struct Storage {}

    #[abi(embed_v0)]
    impl ModelImpl of IModel<ContractState> {
        fn predict(self: @ContractState, input: Span<felt252>) -> Span<felt252> {
            let (x, work) = (*input[0], *input[1]);
            let answer = if *input[2] == 0 {
                with_millions(x, work)
            } else {
                with_more(x, work)
            };
            array![answer].span()
        }

        fn model_hash(self: @ContractState) -> felt252 {
            'miser'
        }

        fn schema(self: @ContractState) -> Span<felt252> {
            array![1, 2, 3].span()
        }

        fn version(self: @ContractState) -> felt252 {
            MODEL_INTERFACE
        }
    }

    /// Asks for tens of millions of units of gas: each function calls the one before ten times.
    #[inline(never)]
    fn with_millions(x: felt252, work: felt252) -> felt252 {
        match withdraw_gas() {
            Option::Some(()) => if work == 1 {
                hundred_thousand(x)
            } else {
                x
            },
            Option::None => 5,
        }
    }

    /// Asks for ten times as much: more than a call from outside has, and less than what a 2.8 registry gives.
    #[inline(never)]
    fn with_more(x: felt252, work: felt252) -> felt252 {
        match withdraw_gas() {
            Option::Some(()) => if work == 1 {
                million(x)
            } else {
                x
            },
            Option::None => 5,
        }
    }

    #[inline(never)]
    fn ten(x: felt252) -> felt252 {
        // Without this the compiler counts how far all the calls move its stack, and refuses.
        core::internal::revoke_ap_tracking();
        let x = core::pedersen::pedersen(core::pedersen::pedersen(x, 1), 2);
        let x = core::pedersen::pedersen(core::pedersen::pedersen(x, 3), 4);
        let x = core::pedersen::pedersen(core::pedersen::pedersen(x, 5), 6);
        let x = core::pedersen::pedersen(core::pedersen::pedersen(x, 7), 8);
        core::pedersen::pedersen(core::pedersen::pedersen(x, 9), 10)
    }

    #[inline(never)]
    fn hundred(x: felt252) -> felt252 {
        ten(ten(ten(ten(ten(ten(ten(ten(ten(ten(x))))))))))
    }

    #[inline(never)]
    fn thousand(x: felt252) -> felt252 {
        let x = hundred(hundred(hundred(hundred(hundred(x)))));
        hundred(hundred(hundred(hundred(hundred(x)))))
    }

    #[inline(never)]
    fn ten_thousand(x: felt252) -> felt252 {
        let x = thousand(thousand(thousand(thousand(thousand(x)))));
        thousand(thousand(thousand(thousand(thousand(x)))))
    }

    #[inline(never)]
    fn hundred_thousand(x: felt252) -> felt252 {
        let x = ten_thousand(ten_thousand(ten_thousand(ten_thousand(ten_thousand(x)))));
        ten_thousand(ten_thousand(ten_thousand(ten_thousand(ten_thousand(x)))))
    }

    #[inline(never)]
    fn million(x: felt252) -> felt252 {
        let x = hundred_thousand(hundred_thousand(hundred_thousand(hundred_thousand(x))));
        let x = hundred_thousand(hundred_thousand(hundred_thousand(x)));
        hundred_thousand(hundred_thousand(hundred_thousand(x)))
    }
}

/// Answers with what is not a list of felts.
#[starknet::contract]
mod Garbage {
    use nilometer_registry::interface::MODEL_INTERFACE;

    #[storage]
    struct Storage {}

    #[external(v0)]
    fn predict(self: @ContractState, input: Span<felt252>) -> (felt252, felt252) {
        (7, 1)
    }

    #[external(v0)]
    fn model_hash(self: @ContractState) -> felt252 {
        'garbage'
    }

    #[external(v0)]
    fn schema(self: @ContractState) -> Span<felt252> {
        array![].span()
    }

    #[external(v0)]
    fn version(self: @ContractState) -> felt252 {
        MODEL_INTERFACE
    }
}

/// A contract of another interface.
#[starknet::contract]
mod Stranger {
    #[storage]
    struct Storage {}

    #[external(v0)]
    fn version(self: @ContractState) -> felt252 {
        'something else'
    }
}
