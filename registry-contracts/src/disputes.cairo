//! Claims with bonds.
//!
//! A claimant says what a version of a model answers to one or several rows, and backs all of it with
//! one bond. Only execution refutes a claim, and anyone can bring it until the claim is finalised:
//!
//! | execution of a row | what the claim becomes | the claimant's bond | the contester's stake |
//! |---|---|---|---|
//! | gives the claimed results, the only row | upheld | back | to the claimant, less what is burnt |
//! | gives the claimed results, the contested one of several rows | open again, for a new window | stays | to the claimant, less what is burnt |
//! | gives the claimed results, another one of several rows | as it was | stays | stays |
//! | gives other results, or refuses the row by name | refuted | to the challenger, less what is burnt | back |
//! | fails otherwise | as it was | stays | stays |
//! | is not brought, and nobody contests | final | back | - |
//! | is not brought, and somebody contests | void | back, less the burnt part of the stake | back, less what is burnt |
//!
//! *A failure is not an answer.* A model that is given too little gas fails although it would answer, and
//! the challenger chooses the gas: if any failure refuted, honest bonds could be stolen. So only
//! the two refusals that the model interface names count, and they depend on the row alone.
//!
//! *A claim about a model that cannot be executed does not become final against objections.* A model that
//! fails for every challenger (it burns all gas, say) would let its claims pass unchallenged. Contesting
//! stops that: it stakes the least bond, and then only execution makes the claim hold. If nobody brings
//! it, the claim is void. The stake does not follow the claimant's bond: a claimant could
//! otherwise deter everyone with a large one.
//!
//! *A window is a lower bound.* A claim can be challenged until somebody finalises it: if the network stands still
//! for a whole window, lies do not become final by that.
//!
//! *One of several rows that holds settles nothing*: a liar would have a true row challenged to settle the
//! false ones. Where it was contested, the window starts again, so that the other rows can be contested.
//!
//! *Half of every lost bond is burnt.* Otherwise a liar about to be caught would challenge themselves
//! from another account, and lying would cost nothing.
//!
//! *The claim is passed, and only its hash is stored*, in one slot with its status: that is what
//! makes claiming cheaper than calling. The account that settles finds the claim in the events.

#[starknet::component]
pub mod DisputesComponent {
    use core::num::traits::Zero;
    use core::poseidon::poseidon_hash_span;
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePointerReadAccess,
        StoragePointerWriteAccess
    };
    use starknet::storage_access::StorePacking;
    use starknet::{ContractAddress, get_block_timestamp, get_caller_address};
    use super::super::errors;
    use super::super::types::{Claim, ClaimState, ClaimedRow, ProofRecord, Status};

    /// The part of a lost bond that nobody gets: one in so many, rounded up.
    const BURNT_PART: u128 = 2;
    /// Felts of the row in one event.
    const PART: u32 = 256;

    #[storage]
    pub struct Storage {
        pub claims: Map<u64, ClaimState>,
        pub n_claims: u64,
        pub n_proofs: u64,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    pub enum Event {
        Claimed: Claimed,
        ClaimRow: ClaimRow,
        ClaimInput: ClaimInput,
        Contested: Contested,
        RowUpheld: RowUpheld,
        Refuted: Refuted,
        Upheld: Upheld,
        Finalized: Finalized,
        Voided: Voided,
        ProofRecorded: ProofRecorded,
    }

    /// There is a new claim; its rows follow. Hash and results are those of row 0.
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
        pub stake: u128,
        pub deadline: u64,
        pub n_rows: u32,
        pub input_hash: felt252,
        pub output: Span<felt252>,
    }

    /// The claimed results of a row after the first.
    #[derive(Drop, starknet::Event)]
    pub struct ClaimRow {
        #[key]
        pub claim_id: u64,
        pub row: u32,
        pub output: Span<felt252>,
    }

    /// Felts of a claimed row, from `offset` on.
    #[derive(Drop, starknet::Event)]
    pub struct ClaimInput {
        #[key]
        pub claim_id: u64,
        pub row: u32,
        pub offset: u32,
        pub part: Span<felt252>,
    }

    /// Somebody has staked against a row of the claim.
    #[derive(Drop, starknet::Event)]
    pub struct Contested {
        #[key]
        pub claim_id: u64,
        #[key]
        pub contester: ContractAddress,
        pub row: u32,
        pub deadline: u64,
    }

    /// The contested one of several rows holds; the claim is open again.
    #[derive(Drop, starknet::Event)]
    pub struct RowUpheld {
        #[key]
        pub claim_id: u64,
        #[key]
        pub challenger: ContractAddress,
        pub row: u32,
        pub deadline: u64,
        pub reward: u128,
        pub burnt: u128,
    }

    /// Execution gave another answer. `refused`: the model refuses the row; `output_hash` is 0 then.
    #[derive(Drop, starknet::Event)]
    pub struct Refuted {
        #[key]
        pub claim_id: u64,
        #[key]
        pub challenger: ContractAddress,
        pub row: u32,
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

    /// Who gets how much of the bonds.
    #[derive(Copy, Drop)]
    pub struct Settlement {
        /// The first receiver.
        pub first: (ContractAddress, u128),
        /// The second receiver; the amount is zero if there is none.
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
        /// Opens a claim; its number. Inputs and outputs are equally many, at least one.
        fn open(
            ref self: ComponentState<TContractState>,
            model_id: u64,
            version: u32,
            inputs: Span<Span<felt252>>,
            outputs: Span<Span<felt252>>,
            bond: u128,
            stake: u128,
            window: u64
        ) -> u64 {
            let claimant = get_caller_address();
            let claim_id = self.n_claims.read() + 1;
            self.n_claims.write(claim_id);
            let deadline = get_block_timestamp() + window;
            let n_rows = inputs.len();
            let mut rows = array![];
            let mut row = 0;
            while row != n_rows {
                let (input, output) = (*inputs[row], *outputs[row]);
                let input_hash = poseidon_hash_span(input);
                rows.append(ClaimedRow { input_hash, output_hash: poseidon_hash_span(output) });
                if row == 0 {
                    self
                        .emit(
                            Claimed {
                                claim_id,
                                model_id,
                                claimant,
                                version,
                                bond,
                                stake,
                                deadline,
                                n_rows,
                                input_hash,
                                output,
                            }
                        );
                } else {
                    self.emit(ClaimRow { claim_id, row, output });
                }
                let length = input.len();
                let mut offset = 0;
                while offset != length {
                    let part = core::cmp::min(PART, length - offset);
                    let felts = input.slice(offset, part);
                    self.emit(ClaimInput { claim_id, row, offset, part: felts });
                    offset += part;
                };
                row += 1;
            };
            let claim = Claim {
                model_id,
                version,
                claimant,
                bond,
                stake,
                deadline,
                contester: Zero::zero(),
                contested_row: 0,
                rows: rows.span(),
            };
            self.keep(claim_id, Status::Open, @claim);
            claim_id
        }

        /// Checks that a claim can still be challenged; whether it is contested.
        fn assert_live(
            self: @ComponentState<TContractState>, claim_id: u64, claim: @Claim
        ) -> bool {
            let status = self.check(claim_id, claim);
            assert(status == Status::Open || status == Status::Contested, errors::SETTLED);
            status == Status::Contested
        }

        /// Stakes against a row of a claim: the amount to collect.
        fn contest(
            ref self: ComponentState<TContractState>,
            claim_id: u64,
            mut claim: Claim,
            row: u32,
            window: u64
        ) -> u128 {
            assert(!self.assert_live(claim_id, @claim), errors::CONTESTED);
            assert(row < claim.rows.len(), errors::NO_ROW);
            claim.contester = get_caller_address();
            claim.contested_row = row;
            claim.deadline = get_block_timestamp() + window;
            self.keep(claim_id, Status::Contested, @claim);
            let Claim { contester, deadline, .. } = claim;
            self.emit(Contested { claim_id, contester, row, deadline });
            claim.stake
        }

        /// Settles a claim by what the execution of a row gave; whether the row holds. The claim was checked by
        /// `assert_live`, and the contract is locked since then.
        fn judge(
            ref self: ComponentState<TContractState>,
            claim_id: u64,
            mut claim: Claim,
            row: u32,
            is_contested: bool,
            execution: Execution,
            window: u64
        ) -> (bool, Settlement) {
            let challenger = get_caller_address();
            let contested = if is_contested {
                claim.stake
            } else {
                0
            };
            let (refused, output_hash) = match execution {
                Execution::Answer(hash) => (false, hash),
                Execution::Refusal => (true, 0),
            };
            let nobody: (ContractAddress, u128) = (Zero::zero(), 0);
            if refused || output_hash != *claim.rows[row].output_hash {
                self.keep(claim_id, Status::Refuted, @claim);
                let burnt = burnt_part(claim.bond);
                let reward = claim.bond - burnt;
                self
                    .emit(
                        Refuted { claim_id, challenger, row, reward, burnt, refused, output_hash }
                    );
                let second = (claim.contester, contested);
                return (false, Settlement { first: (challenger, reward), second, burnt });
            }
            let burnt = burnt_part(contested);
            let reward = contested - burnt;
            if claim.rows.len() == 1 {
                self.keep(claim_id, Status::Upheld, @claim);
                self.emit(Upheld { claim_id, challenger, reward, burnt });
                let first = (claim.claimant, claim.bond + reward);
                return (true, Settlement { first, second: nobody, burnt });
            }
            assert(is_contested && row == claim.contested_row, errors::ROW_HOLDS);
            claim.contester = Zero::zero();
            claim.contested_row = 0;
            claim.deadline = get_block_timestamp() + window;
            self.keep(claim_id, Status::Open, @claim);
            let deadline = claim.deadline;
            self.emit(RowUpheld { claim_id, challenger, row, deadline, reward, burnt });
            (true, Settlement { first: (claim.claimant, reward), second: nobody, burnt })
        }

        /// Settles a claim whose window has closed.
        fn close(
            ref self: ComponentState<TContractState>, claim_id: u64, claim: Claim
        ) -> Settlement {
            let is_contested = self.assert_live(claim_id, @claim);
            assert(get_block_timestamp() >= claim.deadline, errors::WINDOW_OPEN);
            if !is_contested {
                self.keep(claim_id, Status::Final, @claim);
                self.emit(Finalized { claim_id });
                let first = (claim.claimant, claim.bond);
                return Settlement { first, second: (Zero::zero(), 0), burnt: 0 };
            }
            self.keep(claim_id, Status::Void, @claim);
            // Both lose as much, whatever the claimant's bond is.
            let lost = burnt_part(claim.stake);
            self.emit(Voided { claim_id, burnt: lost + lost });
            Settlement {
                first: (claim.claimant, claim.bond - lost),
                second: (claim.contester, claim.stake - lost),
                burnt: lost + lost,
            }
        }

        fn record_proof(
            ref self: ComponentState<TContractState>,
            model_id: u64,
            version: u32,
            proof: ProofRecord
        ) -> u64 {
            let ProofRecord { proof_hash, input_hash, output_hash, security_bits, format_version } =
                proof;
            assert(proof_hash != 0 && security_bits != 0, errors::BAD_PROOF);
            let proof_id = self.n_proofs.read() + 1;
            self.n_proofs.write(proof_id);
            let recorder = get_caller_address();
            self
                .emit(
                    ProofRecorded {
                        proof_id,
                        model_id,
                        recorder,
                        version,
                        proof_hash,
                        input_hash,
                        output_hash,
                        security_bits,
                        format_version,
                    }
                );
            proof_id
        }

        fn get(self: @ComponentState<TContractState>, claim_id: u64) -> ClaimState {
            let state = self.claims.read(claim_id);
            assert(state.status != Status::None, errors::NO_CLAIM);
            state
        }

        /// The status of a claim; the claim that is passed must be that claim as it is now.
        fn check(
            self: @ComponentState<TContractState>, claim_id: u64, claim: @Claim
        ) -> Status {
            let state = self.get(claim_id);
            assert(state.commitment == commitment(claim), errors::WRONG_CLAIM);
            state.status
        }
    }

    #[generate_trait]
    impl PrivateImpl<
        TContractState, +HasComponent<TContractState>
    > of PrivateTrait<TContractState> {
        fn keep(
            ref self: ComponentState<TContractState>, claim_id: u64, status: Status, claim: @Claim
        ) {
            self.claims.write(claim_id, ClaimState { status, commitment: commitment(claim) });
        }
    }

    /// 2^120: what is kept of the high half of a hash.
    const HIGH_END: u128 = 0x1000000000000000000000000000000;
    const SHIFT: felt252 = 0x100000000000000000000000000000000;

    /// The low 248 bits of the Poseidon hash of the serialised claim.
    fn commitment(claim: @Claim) -> felt252 {
        let mut felts = array![];
        claim.serialize(ref felts);
        let u256 { low, high } = poseidon_hash_span(felts.span()).into();
        low.into() + (high % HIGH_END).into() * SHIFT
    }

    /// The status above the commitment.
    impl ClaimStatePacking of StorePacking<ClaimState, felt252> {
        fn pack(value: ClaimState) -> felt252 {
            let status: felt252 = match value.status {
                Status::None => 0,
                Status::Open => 1,
                Status::Contested => 2,
                Status::Refuted => 3,
                Status::Upheld => 4,
                Status::Final => 5,
                Status::Void => 6,
            };
            value.commitment + status * HIGH_END.into() * SHIFT
        }

        fn unpack(value: felt252) -> ClaimState {
            let u256 { low, high } = value.into();
            let status: felt252 = (high / HIGH_END).into();
            let status = match status {
                0 => Status::None,
                1 => Status::Open,
                2 => Status::Contested,
                3 => Status::Refuted,
                4 => Status::Upheld,
                5 => Status::Final,
                _ => Status::Void,
            };
            ClaimState { status, commitment: low.into() + (high % HIGH_END).into() * SHIFT }
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
