//! The contract. It has no owner and cannot be changed.

#[starknet::contract]
pub mod ModelVerifier {
    use core::hash::HashStateTrait;
    use core::poseidon::PoseidonTrait;
    use starknet::storage::{StorageMapReadAccess, StorageMapWriteAccess, Map};
    use super::super::errors;
    use super::super::interface::{Claim, Fact, Felts, IModelVerifier, Key};
    use super::super::statement;
    use super::super::verify;

    #[storage]
    struct Storage {
        /// Whether a fact, by its hash, was verified.
        verified: Map<felt252, bool>,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        Verified: Verified,
    }

    /// A proof was verified.
    #[derive(Drop, starknet::Event)]
    struct Verified {
        #[key]
        key: felt252,
        #[key]
        input_hash: felt252,
        output_hash: felt252,
        security_bits: u32,
    }

    #[abi(embed_v0)]
    impl ModelVerifierImpl of IModelVerifier<ContractState> {
        /// What a valid proof proves; writes nothing.
        ///
        /// Requirements: the proof is valid.
        fn check(
            self: @ContractState, key: Key, claim: Claim, security_bits: u32, proof: Felts
        ) -> Fact {
            verify::verify(@key, @claim, security_bits, proof.felts)
        }

        /// As `check`, and remembers it.
        ///
        /// Requirements: the proof is valid.
        ///
        /// Emits `Verified`.
        fn verify(
            ref self: ContractState, key: Key, claim: Claim, security_bits: u32, proof: Felts
        ) -> Fact {
            let fact = verify::verify(@key, @claim, security_bits, proof.felts);
            self.verified.write(hash(@fact), true);
            let Fact { key, input_hash, output_hash, security_bits } = fact;
            self.emit(Verified { key, input_hash, output_hash, security_bits });
            fact
        }

        /// Whether `verify` was called with a valid proof of this.
        fn is_verified(self: @ContractState, fact: Fact) -> bool {
            self.verified.read(hash(@fact))
        }

        /// Panics if `is_verified` is false.
        fn assert_verified(self: @ContractState, fact: Fact) {
            assert(self.verified.read(hash(@fact)), errors::NOT_VERIFIED);
        }

        /// The hash that names a key.
        fn key_hash(self: @ContractState, key: Key) -> felt252 {
            statement::key_hash(@key)
        }
    }

    fn hash(fact: @Fact) -> felt252 {
        PoseidonTrait::new()
            .update(*fact.key)
            .update(*fact.input_hash)
            .update(*fact.output_hash)
            .update((*fact.security_bits).into())
            .finalize()
    }
}
