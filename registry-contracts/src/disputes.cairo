//! Claims with bonds, and records of proofs.
//!
//! A claimant says what a version of a model answers to a row, and backs it with a bond. Only
//! execution refutes a claim, and anybody may bring it while the window is open:
//!
//! | execution | what the claim becomes | the claimant's bond | the contester's bond |
//! |---|---|---|---|
//! | gives the claimed results | upheld | back | to the claimant, less what is burnt |
//! | gives other results, or refuses the row by name | refuted | to the challenger, less what is burnt | back |
//! | fails otherwise | as it was | as it was | as it was |
//! | is not brought, and nobody contests | final | back | - |
//! | is not brought, and somebody contests | void | back, less what is burnt | back, less what is burnt |
//!
//! *A failure is no answer.* A model that is given too little gas fails although it would answer, and
//! the challenger chooses the gas: if any failure refuted, honest bonds could be stolen. So only
//! the two refusals that the model interface names count, and they depend on the row alone.
//!
//! *A model that cannot be executed makes nothing final.* A model that fails for every challenger (it burns
//! all gas, say) would let its claims pass unchallenged. Contesting stops that: it stakes as
//! much again, and then only execution makes the claim hold. If nobody brings it, the claim is void.
//!
//! *A part of every lost bond is burnt.* Otherwise a liar about to be caught would challenge themselves
//! from another account, and lying would cost nothing.

#[starknet::component]
pub mod DisputesComponent {
    use core::num::traits::Zero;
    use core::poseidon::poseidon_hash_span;
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess,
        StoragePointerWriteAccess
    };
    use starknet::{ContractAddress, get_block_timestamp, get_caller_address};
    use super::super::errors;
    use super::super::types::{Claim, ProofRecord, Status};

    /// The part of a lost bond that nobody gets: one in so many, rounded up.
    const BURNT_PART: u128 = 5;
    /// Felts of the row in one event.
    const PART: u32 = 256;

    #[storage]
    pub struct Storage {
        pub claims: Map<u64, Claim>,
        pub n_claims: u64,
        pub proofs: Map<u64, ProofRecord>,
        pub n_proofs: u64,
        pub window: u64,
        pub min_bond: u128,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    pub enum Event {
        Claimed: Claimed,
        ClaimInput: ClaimInput,
        Contested: Contested,
        Refuted: Refuted,
        Upheld: Upheld,
        Finalized: Finalized,
        Voided: Voided,
        ProofRecorded: ProofRecorded,
    }

    /// There is a new claim; its row follows in parts.
    #[derive(Drop, starknet::Event)]
    pub struct Claimed {
        #[key]
        pub claim_id: u64,
        #[key]
        pub model_id: u64,
        #[key]
        pub claimant: ContractAddress,
        pub version: u32,
        pub bond: u128,
        pub deadline: u64,
        pub input_hash: felt252,
        pub output: Span<felt252>,
    }

    /// Felts of a claim's row, from `offset` on.
    #[derive(Drop, starknet::Event)]
    pub struct ClaimInput {
        #[key]
        pub claim_id: u64,
        pub offset: u32,
        pub part: Span<felt252>,
    }

    /// Somebody has staked as much against the claim.
    #[derive(Drop, starknet::Event)]
    pub struct Contested {
        #[key]
        pub claim_id: u64,
        #[key]
        pub contester: ContractAddress,
        pub deadline: u64,
    }

    /// Execution gave another answer. `refused`: the model refuses the row; no `output` then.
    #[derive(Drop, starknet::Event)]
    pub struct Refuted {
        #[key]
        pub claim_id: u64,
        #[key]
        pub challenger: ContractAddress,
        pub reward: u128,
        pub burnt: u128,
        pub refused: bool,
        pub output_hash: felt252,
    }

    /// Execution gave the claimed answer.
    #[derive(Drop, starknet::Event)]
    pub struct Upheld {
        #[key]
        pub claim_id: u64,
        #[key]
        pub challenger: ContractAddress,
        pub reward: u128,
        pub burnt: u128,
    }

    /// Nobody objected in time.
    #[derive(Drop, starknet::Event)]
    pub struct Finalized {
        #[key]
        pub claim_id: u64,
    }

    /// The claim was contested, and nobody had it executed in time.
    #[derive(Drop, starknet::Event)]
    pub struct Voided {
        #[key]
        pub claim_id: u64,
        pub burnt: u128,
    }

    /// Somebody says to have a proof. Claimed, not verified.
    #[derive(Drop, starknet::Event)]
    pub struct ProofRecorded {
        #[key]
        pub proof_id: u64,
        #[key]
        pub model_id: u64,
        #[key]
        pub recorder: ContractAddress,
        pub version: u32,
        pub proof_hash: u256,
        pub input_hash: felt252,
        pub output_hash: felt252,
        pub security_bits: u16,
        pub format_version: u16,
    }

    /// What a settled claim does with the bonds.
    #[derive(Copy, Drop)]
    pub struct Settlement {
        /// Who gets how much.
        pub first: (ContractAddress, u128),
        /// Who gets how much; zero if there was no contester.
        pub second: (ContractAddress, u128),
        /// What nobody gets.
        pub burnt: u128,
    }

    /// What the model did with the claimed row.
    #[derive(Copy, Drop)]
    pub enum Execution {
        /// It gave an answer with this hash.
        Answer: felt252,
        /// It refused the row by name.
        Refusal,
    }

    #[generate_trait]
    pub impl DisputesImpl<
        TContractState, +HasComponent<TContractState>
    > of DisputesTrait<TContractState> {
        fn initialize(
            ref self: ComponentState<TContractState>, window: u64, min_bond: u128
        ) {
            assert(window != 0 && min_bond != 0, errors::BAD_SETTINGS);
            self.window.write(window);
            self.min_bond.write(min_bond);
        }

        fn open(
            ref self: ComponentState<TContractState>,
            model_id: u64,
            version: u32,
            input: Span<felt252>,
            output: Span<felt252>,
            bond: u128
        ) -> u64 {
            let claimant = get_caller_address();
            let claim_id = self.n_claims.read() + 1;
            self.n_claims.write(claim_id);
            let deadline = get_block_timestamp() + self.window.read();
            let input_hash = poseidon_hash_span(input);
            let claim = Claim {
                model_id,
                version,
                status: Status::Open,
                claimant,
                contester: Zero::zero(),
                bond,
                deadline,
                input_hash,
                output_hash: poseidon_hash_span(output),
            };
            self.claims.write(claim_id, claim);
            self
                .emit(
                    Claimed {
                        claim_id, model_id, claimant, version, bond, deadline, input_hash, output
                    }
                );
            let length = input.len();
            let mut offset = 0;
            while offset != length {
                let part = core::cmp::min(PART, length - offset);
                self.emit(ClaimInput { claim_id, offset, part: input.slice(offset, part) });
                offset += part;
            };
            claim_id
        }

        /// A claim that can still be challenged.
        fn challengeable(self: @ComponentState<TContractState>, claim_id: u64) -> Claim {
            let claim = self.get(claim_id);
            assert(
                claim.status == Status::Open || claim.status == Status::Contested, errors::SETTLED
            );
            assert(get_block_timestamp() < claim.deadline, errors::WINDOW_CLOSED);
            claim
        }

        /// Stakes against a claim: the amount to collect.
        fn contest(ref self: ComponentState<TContractState>, claim_id: u64) -> u128 {
            let mut claim = self.challengeable(claim_id);
            assert(claim.status == Status::Open, errors::CONTESTED);
            claim.status = Status::Contested;
            claim.contester = get_caller_address();
            claim.deadline = get_block_timestamp() + self.window.read();
            self.claims.write(claim_id, claim);
            let Claim { contester, deadline, .. } = claim;
            self.emit(Contested { claim_id, contester, deadline });
            claim.bond
        }

        /// Settles a claim by what its execution gave; whether it was upheld.
        fn judge(
            ref self: ComponentState<TContractState>, claim_id: u64, execution: Execution
        ) -> (bool, Settlement) {
            let mut claim = self.challengeable(claim_id);
            let challenger = get_caller_address();
            let bond = claim.bond;
            let contested = if claim.status == Status::Contested {
                bond
            } else {
                0
            };
            let (refused, output_hash) = match execution {
                Execution::Answer(hash) => (false, hash),
                Execution::Refusal => (true, 0),
            };
            if !refused && output_hash == claim.output_hash {
                claim.status = Status::Upheld;
                self.claims.write(claim_id, claim);
                let burnt = burnt_part(contested);
                let reward = contested - burnt;
                self.emit(Upheld { claim_id, challenger, reward, burnt });
                let first = (claim.claimant, bond + reward);
                return (true, Settlement { first, second: (Zero::zero(), 0), burnt });
            }
            claim.status = Status::Refuted;
            self.claims.write(claim_id, claim);
            let burnt = burnt_part(bond);
            let reward = bond - burnt;
            self.emit(Refuted { claim_id, challenger, reward, burnt, refused, output_hash });
            let second = (claim.contester, contested);
            (false, Settlement { first: (challenger, reward), second, burnt })
        }

        /// Settles a claim whose window has closed.
        fn close(ref self: ComponentState<TContractState>, claim_id: u64) -> Settlement {
            let mut claim = self.get(claim_id);
            let open = claim.status == Status::Open;
            assert(open || claim.status == Status::Contested, errors::SETTLED);
            assert(get_block_timestamp() >= claim.deadline, errors::WINDOW_OPEN);
            if open {
                claim.status = Status::Final;
                self.claims.write(claim_id, claim);
                self.emit(Finalized { claim_id });
                let first = (claim.claimant, claim.bond);
                return Settlement { first, second: (Zero::zero(), 0), burnt: 0 };
            }
            claim.status = Status::Void;
            self.claims.write(claim_id, claim);
            let lost = burnt_part(claim.bond);
            self.emit(Voided { claim_id, burnt: lost + lost });
            let left = claim.bond - lost;
            Settlement {
                first: (claim.claimant, left),
                second: (claim.contester, left),
                burnt: lost + lost,
            }
        }

        fn record_proof(
            ref self: ComponentState<TContractState>, proof: ProofRecord
        ) -> u64 {
            assert(proof.proof_hash != 0 && proof.security_bits != 0, errors::BAD_PROOF);
            let proof_id = self.n_proofs.read() + 1;
            self.n_proofs.write(proof_id);
            self.proofs.write(proof_id, proof);
            self
                .emit(
                    ProofRecorded {
                        proof_id,
                        model_id: proof.model_id,
                        recorder: proof.recorder,
                        version: proof.version,
                        proof_hash: proof.proof_hash,
                        input_hash: proof.input_hash,
                        output_hash: proof.output_hash,
                        security_bits: proof.security_bits,
                        format_version: proof.format_version,
                    }
                );
            proof_id
        }

        fn get(self: @ComponentState<TContractState>, claim_id: u64) -> Claim {
            let claim = self.claims.read(claim_id);
            assert(claim.status != Status::None, errors::NO_CLAIM);
            claim
        }
    }

    fn burnt_part(bond: u128) -> u128 {
        let part = bond / BURNT_PART;
        if bond % BURNT_PART == 0 {
            part
        } else {
            part + 1
        }
    }
}
