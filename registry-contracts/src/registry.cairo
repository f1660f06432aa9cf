//! The contract: access rules, and what the parts do together.

#[starknet::contract]
pub mod ModelRegistry {
    use core::poseidon::poseidon_hash_span;
    use starknet::storage::{
        StorageMapReadAccess, StoragePointerReadAccess, StoragePointerWriteAccess
    };
    use starknet::syscalls::call_contract_syscall;
    use starknet::{
        ClassHash, ContractAddress, SyscallResult, SyscallResultTrait, get_block_timestamp,
        get_caller_address
    };
    use super::super::catalogue::CatalogueComponent;
    use super::super::catalogue::CatalogueComponent::CatalogueTrait;
    use super::super::disputes::DisputesComponent;
    use super::super::disputes::DisputesComponent::{DisputesTrait, Execution, Settlement};
    use super::super::errors;
    use super::super::governance::GovernanceComponent;
    use super::super::governance::GovernanceComponent::GovernanceTrait;
    use super::super::interface::{IModelRegistry, MAX_BATCH, MAX_INPUT, MAX_OUTPUT, MAX_PAGE};
    use super::super::ledger::LedgerComponent;
    use super::super::ledger::LedgerComponent::LedgerTrait;
    use super::super::types::{
        Action, Claim, Model, NewModel, NewVersion, ProofRecord, Scheduled, Settings, Share, Totals,
        Version
    };

    component!(path: GovernanceComponent, storage: governance, event: GovernanceEvent);
    component!(path: LedgerComponent, storage: ledger, event: LedgerEvent);
    component!(path: CatalogueComponent, storage: catalogue, event: CatalogueEvent);
    component!(path: DisputesComponent, storage: disputes, event: DisputesEvent);

    #[storage]
    struct Storage {
        #[substorage(v0)]
        governance: GovernanceComponent::Storage,
        #[substorage(v0)]
        ledger: LedgerComponent::Storage,
        #[substorage(v0)]
        catalogue: CatalogueComponent::Storage,
        #[substorage(v0)]
        disputes: DisputesComponent::Storage,
        n_calls: u64,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    enum Event {
        #[flat]
        GovernanceEvent: GovernanceComponent::Event,
        #[flat]
        LedgerEvent: LedgerComponent::Event,
        #[flat]
        CatalogueEvent: CatalogueComponent::Event,
        #[flat]
        DisputesEvent: DisputesComponent::Event,
        Called: Called,
    }

    /// A row was paid for and executed.
    #[derive(Drop, starknet::Event)]
    struct Called {
        #[key]
        model_id: u64,
        #[key]
        caller: ContractAddress,
        version: u32,
        call_id: u64,
        price: u128,
        input_hash: felt252,
        output: Span<felt252>,
    }

    /// Deploys a registry.
    ///
    /// `delay` is at least twice `window`: whoever dislikes an announced upgrade can settle even a
    /// claim that is contested at the last moment before it comes.
    ///
    /// Requirements: no zero address, window or bond; `delay >= 2 · window`.
    ///
    /// Emits `RegistryTransferred`.
    #[constructor]
    fn constructor(
        ref self: ContractState,
        owner: ContractAddress,
        fee_token: ContractAddress,
        window: u64,
        delay: u64,
        min_bond: u128
    ) {
        assert(delay / 2 >= window, errors::BAD_SETTINGS);
        self.governance.initialize(owner, delay);
        self.ledger.initialize(fee_token);
        self.disputes.initialize(window, min_bond);
    }

    #[abi(embed_v0)]
    impl ModelRegistryImpl of IModelRegistry<ContractState> {
        /// Registers a model with its first version, whose contract the registry deploys; its number.
        ///
        /// Requirements: not paused; texts within bounds; the contract answers with the model's hash
        /// and a known interface.
        ///
        /// Emits `ModelRegistered` and `VersionPublished`.
        fn register(ref self: ContractState, model: NewModel, first: NewVersion) -> u64 {
            self.governance.enter();
            self.governance.assert_running();
            let model_id = self.catalogue.register(model);
            self.catalogue.publish(model_id, first);
            self.governance.leave();
            model_id
        }

        /// Publishes a new version; its number.
        ///
        /// Requirements: as for `register`; the caller owns the model, which is not deprecated.
        ///
        /// Emits `VersionPublished`.
        fn publish(ref self: ContractState, model_id: u64, version: NewVersion) -> u32 {
            self.governance.enter();
            self.governance.assert_running();
            self.catalogue.assert_owner(model_id);
            let number = self.catalogue.publish(model_id, version);
            self.governance.leave();
            number
        }

        /// Sets the price of calls and the smallest bond of claims, in units of the fee token.
        ///
        /// Requirements: the caller owns the model.
        ///
        /// Emits `TermsChanged`.
        fn set_terms(ref self: ContractState, model_id: u64, price: u128, bond: u128) {
            self.assert_model_owner(model_id);
            self.catalogue.set_terms(model_id, price, bond);
        }

        /// Sets the licence.
        ///
        /// Requirements: the caller owns the model.
        ///
        /// Emits `LicenceChanged`.
        fn set_licence(ref self: ContractState, model_id: u64, licence: felt252) {
            self.assert_model_owner(model_id);
            self.catalogue.set_licence(model_id, licence);
        }

        /// Sets where a version's description is, and its SHA-256.
        ///
        /// Requirements: the caller owns the model; the URI has at most 1,024 bytes.
        ///
        /// Emits `MetadataChanged`.
        fn set_metadata(
            ref self: ContractState, model_id: u64, version: u32, uri: ByteArray, hash: u256
        ) {
            self.assert_model_owner(model_id);
            self.catalogue.set_metadata(model_id, version, uri, hash);
        }

        /// Shares what the model will earn among at most 16 holders; without shares the owner gets it. What
        /// it has earned goes to the holders until now.
        ///
        /// Requirements: the caller owns the model; shares are positive, of different holders, and
        /// 10,000 basis points together.
        ///
        /// Emits `Credited` for each holder until now, and `SharesChanged`.
        fn set_shares(ref self: ContractState, model_id: u64, shares: Span<Share>) {
            self.assert_model_owner(model_id);
            self.credit_holders(model_id);
            self.catalogue.set_shares(model_id, shares);
        }

        /// Ends a version: no new calls, no new claims. Open claims are settled as ever.
        ///
        /// Requirements: the caller owns the model; the version is not deprecated.
        ///
        /// Emits `VersionDeprecated`.
        fn deprecate_version(ref self: ContractState, model_id: u64, version: u32) {
            self.assert_model_owner(model_id);
            self.catalogue.deprecate_version(model_id, version);
        }

        /// Ends a model: no new versions, calls or claims.
        ///
        /// Requirements: the caller owns the model, which is not deprecated.
        ///
        /// Emits `ModelDeprecated`.
        fn deprecate(ref self: ContractState, model_id: u64) {
            self.assert_model_owner(model_id);
            self.catalogue.deprecate(model_id);
        }

        /// Offers a model to `to`, or to nobody if `to` is zero.
        ///
        /// Requirements: the caller owns the model.
        ///
        /// Emits `ModelOffered`.
        fn offer_model(ref self: ContractState, model_id: u64, to: ContractAddress) {
            self.assert_model_owner(model_id);
            self.catalogue.offer(model_id, to);
        }

        /// Takes a model that was offered. What it has earned is the holders' until now.
        ///
        /// Requirements: the model was offered to the caller.
        ///
        /// Emits `Credited` for each holder until now, and `ModelTransferred`.
        fn accept_model(ref self: ContractState, model_id: u64) {
            self.governance.assert_not_entered();
            self.catalogue.assert_model(model_id);
            self.catalogue.assert_offered(model_id);
            self.credit_holders(model_id);
            self.catalogue.accept(model_id);
        }

        /// Pays for a row and executes the model on it; the results.
        ///
        /// Requirements: not paused; neither model nor version is deprecated; the price is at most
        /// `max_price`; the registry may take it from the caller; the model accepts the row.
        ///
        /// Emits `Called`.
        fn call(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            input: Span<felt252>,
            max_price: u128
        ) -> Span<felt252> {
            *self.call_rows(model_id, version, array![input].span(), max_price)[0]
        }

        /// Pays for several rows and executes the model on each; the results in order. All or nothing.
        ///
        /// Requirements: as for `call`, `max_price` being that of a row; 1 to 64 rows.
        ///
        /// Emits `Called` for each row.
        fn call_batch(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            inputs: Span<Span<felt252>>,
            max_price: u128
        ) -> Span<Span<felt252>> {
            self.call_rows(model_id, version, inputs, max_price)
        }

        /// Claims that the model answers `output` to `input`; the claim's number.
        ///
        /// The claimant vouches for the model's contract too: look at its class first.
        ///
        /// Requirements: not paused; neither model nor version is deprecated; the bond is at least the
        /// model's and the registry's minimum, and the registry may take it from the caller.
        ///
        /// Emits `Claimed` and `ClaimInput` for each 256 felts of the row.
        fn claim(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            input: Span<felt252>,
            output: Span<felt252>,
            bond: u128
        ) -> u64 {
            self.governance.enter();
            self.governance.assert_running();
            self.catalogue.in_use(model_id, version);
            assert(input.len() <= MAX_INPUT && output.len() <= MAX_OUTPUT, errors::TOO_LONG);
            let least = self.min_bond(model_id);
            assert(bond >= least, errors::BOND);
            let claim_id = self.disputes.open(model_id, version, input, output, bond);
            self.ledger.collect(bond);
            self.governance.leave();
            claim_id
        }

        /// Executes the model on a claim's row and settles the claim; whether it was upheld.
        ///
        /// It costs nothing but the execution: a claim that holds is only settled sooner.
        ///
        /// Requirements: the claim is open or contested, its window too; `input` is its row; the model
        /// answers, or refuses the row by name.
        ///
        /// Emits `Refuted` or `Upheld`, and `Credited` for whoever gets something.
        fn challenge(ref self: ContractState, claim_id: u64, input: Span<felt252>) -> bool {
            self.governance.enter();
            let claim = self.disputes.challengeable(claim_id);
            assert(poseidon_hash_span(input) == claim.input_hash, errors::WRONG_INPUT);
            let contract = self.catalogue.contract_of(claim.model_id, claim.version);
            let execution = execute_disputed(contract, input);
            let (upheld, settlement) = self.disputes.judge(claim_id, execution);
            self.settle(settlement);
            self.governance.leave();
            upheld
        }

        /// Stakes as much as the claimant against a claim; only execution makes it hold then. The
        /// window starts again.
        ///
        /// For models that cannot be executed: challenging is cheaper wherever it works.
        ///
        /// Requirements: the claim is open, its window too; the registry may take the bond.
        ///
        /// Emits `Contested`.
        fn contest(ref self: ContractState, claim_id: u64) {
            self.governance.enter();
            let bond = self.disputes.contest(claim_id);
            self.ledger.collect(bond);
            self.governance.leave();
        }

        /// Settles a claim whose window has closed: final if nobody contested, else void.
        ///
        /// Requirements: the claim is open or contested, its window is closed.
        ///
        /// Emits `Finalized` or `Voided`, and `Credited` for whoever gets something back.
        fn finalize(ref self: ContractState, claim_id: u64) {
            self.governance.assert_not_entered();
            let settlement = self.disputes.close(claim_id);
            self.settle(settlement);
        }

        /// Records that the caller says to have a proof; its number. Nothing here verifies it.
        ///
        /// Requirements: not paused; there is such a version; a hash and a security level are given.
        ///
        /// Emits `ProofRecorded`.
        fn record_proof(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            proof_hash: u256,
            input_hash: felt252,
            output_hash: felt252,
            security_bits: u16,
            format_version: u16
        ) -> u64 {
            self.governance.assert_running();
            self.catalogue.assert_version(model_id, version);
            let proof = ProofRecord {
                model_id,
                version,
                recorder: get_caller_address(),
                proof_hash,
                input_hash,
                output_hash,
                security_bits,
                format_version,
                recorded_at: get_block_timestamp(),
            };
            self.disputes.record_proof(proof)
        }

        /// Credits a model's holders with what it has earned. Anybody may do it.
        ///
        /// Requirements: there is such a model.
        ///
        /// Emits `Credited` for each holder.
        fn distribute(ref self: ContractState, model_id: u64) {
            self.governance.assert_not_entered();
            self.catalogue.assert_model(model_id);
            self.credit_holders(model_id);
        }

        /// Pays the caller everything that is theirs; how much. Never paused.
        ///
        /// Requirements: something is theirs.
        ///
        /// Emits `Withdrawn`.
        fn withdraw(ref self: ContractState) -> u128 {
            self.governance.enter();
            let amount = self.ledger.pay_out();
            self.governance.leave();
            amount
        }

        /// Announces a pause.
        ///
        /// Requirements: the caller owns the registry; nothing else is announced, or it has lapsed.
        ///
        /// Emits `ActionScheduled`.
        fn schedule_pause(ref self: ContractState) {
            self.governance.schedule(Action::Pause);
        }

        /// Announces an upgrade.
        ///
        /// Requirements: the caller owns the registry; nothing else is announced, or it has lapsed.
        ///
        /// Emits `ActionScheduled`.
        fn schedule_upgrade(ref self: ContractState, class_hash: ClassHash) {
            assert(class_hash != 0.try_into().unwrap(), errors::ZERO_CLASS);
            self.governance.schedule(Action::Upgrade(class_hash));
        }

        /// Takes back what was announced.
        ///
        /// Requirements: the caller owns the registry; something is announced.
        ///
        /// Emits `ActionCancelled`.
        fn cancel_scheduled(ref self: ContractState) {
            self.governance.cancel();
        }

        /// Pauses: no new models, versions, calls, claims or proof records.
        ///
        /// Requirements: the caller owns the registry; announced, the delay is over, and it has not lapsed.
        ///
        /// Emits `Paused`.
        fn pause(ref self: ContractState) {
            self.governance.pause();
        }

        /// Ends a pause at once.
        ///
        /// Requirements: the caller owns the registry, which is paused.
        ///
        /// Emits `Unpaused`.
        fn unpause(ref self: ContractState) {
            self.governance.unpause();
        }

        /// Replaces the registry's class.
        ///
        /// Requirements: the caller owns the registry; announced with this class, the delay is over, and it has not lapsed;
        /// not from within a call.
        ///
        /// Emits `Upgraded`.
        fn upgrade(ref self: ContractState, class_hash: ClassHash) {
            self.governance.assert_not_entered();
            self.governance.upgrade(class_hash);
        }

        /// Offers the registry to `to`, or to nobody if `to` is zero.
        ///
        /// Requirements: the caller owns the registry.
        ///
        /// Emits `RegistryOffered`.
        fn offer_registry(ref self: ContractState, to: ContractAddress) {
            self.governance.offer(to);
        }

        /// Takes the registry.
        ///
        /// Requirements: it was offered to the caller.
        ///
        /// Emits `RegistryTransferred`.
        fn accept_registry(ref self: ContractState) {
            self.governance.accept();
        }

        /// What the registry was deployed with, and whether it is paused.
        fn settings(self: @ContractState) -> Settings {
            Settings {
                owner: self.governance.owner.read(),
                fee_token: self.ledger.fee_token.read(),
                window: self.disputes.window.read(),
                delay: self.governance.delay.read(),
                min_bond: self.disputes.min_bond.read(),
                paused: self.governance.paused.read(),
            }
        }

        /// What the owner has announced.
        fn scheduled(self: @ContractState) -> Scheduled {
            self.governance.announced()
        }

        /// To whom the registry was offered; zero if to nobody.
        fn offered_registry(self: @ContractState) -> ContractAddress {
            self.governance.offered_owner.read()
        }

        /// Counts and sums.
        fn totals(self: @ContractState) -> Totals {
            Totals {
                n_models: self.catalogue.n_models.read(),
                n_calls: self.n_calls.read(),
                n_claims: self.disputes.n_claims.read(),
                n_proofs: self.disputes.n_proofs.read(),
                held: self.ledger.held.read(),
                burnt: self.ledger.burnt.read(),
            }
        }

        /// At most 50 models from number `first` (at least 1) on.
        fn models(self: @ContractState, first: u64, count: u32) -> Array<Model> {
            let mut page = array![];
            let (mut id, end) = bounds(first, count, self.catalogue.n_models.read());
            while id < end {
                page.append(self.model(id));
                id += 1;
            };
            page
        }

        /// A model.
        ///
        /// Requirements: it exists.
        fn model(self: @ContractState, model_id: u64) -> Model {
            let mut model = self.catalogue.describe(model_id);
            model.bond = self.min_bond(model_id);
            model
        }

        /// At most 50 versions of a model from number `first` (at least 1) on.
        ///
        /// Requirements: the model exists.
        fn versions(
            self: @ContractState, model_id: u64, first: u32, count: u32
        ) -> Array<Version> {
            let n_versions = self.catalogue.describe(model_id).n_versions;
            let mut page = array![];
            let (mut number, end) = bounds(first.into(), count, n_versions.into());
            while number < end {
                // Numbers of versions are below 2^32.
                page.append(self.catalogue.version(model_id, number.try_into().unwrap()));
                number += 1;
            };
            page
        }

        /// A version.
        ///
        /// Requirements: it exists.
        fn model_version(self: @ContractState, model_id: u64, version: u32) -> Version {
            self.catalogue.version(model_id, version)
        }

        /// How a model's revenue is shared; empty: the owner gets it all.
        ///
        /// Requirements: the model exists.
        fn shares(self: @ContractState, model_id: u64) -> Array<Share> {
            self.catalogue.list_shares(model_id)
        }

        /// At most 50 claims from number `first` (at least 1) on.
        fn claims(self: @ContractState, first: u64, count: u32) -> Array<Claim> {
            let mut page = array![];
            let (mut id, end) = bounds(first, count, self.disputes.n_claims.read());
            while id < end {
                page.append(self.disputes.get(id));
                id += 1;
            };
            page
        }

        /// A claim.
        ///
        /// Requirements: it exists.
        fn get_claim(self: @ContractState, claim_id: u64) -> Claim {
            self.disputes.get(claim_id)
        }

        /// At most 50 proof records from number `first` (at least 1) on: claimed, not verified.
        fn proofs(self: @ContractState, first: u64, count: u32) -> Array<ProofRecord> {
            let mut page = array![];
            let (mut id, end) = bounds(first, count, self.disputes.n_proofs.read());
            while id < end {
                page.append(self.disputes.proofs.read(id));
                id += 1;
            };
            page
        }

        /// What an account can withdraw.
        fn balance_of(self: @ContractState, account: ContractAddress) -> u128 {
            self.ledger.balances.read(account)
        }
    }

    #[generate_trait]
    impl InternalImpl of InternalTrait {
        /// Who owns a model cannot use a model's or the token's code to change it in the middle of a call.
        fn assert_model_owner(self: @ContractState, model_id: u64) {
            self.governance.assert_not_entered();
            self.catalogue.assert_owner(model_id);
        }

        fn min_bond(self: @ContractState, model_id: u64) -> u128 {
            core::cmp::max(self.catalogue.bond(model_id), self.disputes.min_bond.read())
        }

        fn call_rows(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            inputs: Span<Span<felt252>>,
            max_price: u128
        ) -> Span<Span<felt252>> {
            self.governance.enter();
            self.governance.assert_running();
            let n_rows = inputs.len();
            assert(n_rows != 0 && n_rows <= MAX_BATCH, errors::BAD_BATCH);
            let (contract, price) = self.catalogue.in_use(model_id, version);
            assert(price <= max_price, errors::PRICE);
            let total = price * n_rows.into();
            self.catalogue.earn(model_id, n_rows, total);
            let mut call_id = self.n_calls.read();
            self.n_calls.write(call_id + n_rows.into());
            self.ledger.collect(total);
            let caller = get_caller_address();
            let mut outputs = array![];
            for input in inputs {
                let input = *input;
                assert(input.len() <= MAX_INPUT, errors::TOO_LONG);
                let answer = predict(contract, input).unwrap_syscall();
                let output = results(answer).expect(errors::MALFORMED);
                assert(output.len() <= MAX_OUTPUT, errors::TOO_LONG);
                call_id += 1;
                let input_hash = poseidon_hash_span(input);
                self.emit(Called { model_id, caller, version, call_id, price, input_hash, output });
                outputs.append(output);
            };
            self.governance.leave();
            outputs.span()
        }

        fn credit_holders(ref self: ContractState, model_id: u64) {
            for part in self.catalogue.take_undistributed(model_id) {
                let (holder, amount) = *part;
                self.ledger.credit(holder, amount);
            };
        }

        fn settle(ref self: ContractState, settlement: Settlement) {
            let (account, amount) = settlement.first;
            self.ledger.credit(account, amount);
            let (account, amount) = settlement.second;
            self.ledger.credit(account, amount);
            self.ledger.burn(settlement.burnt);
        }
    }

    /// Asks a model, whose code is anybody's: what it returns is not looked at yet.
    fn predict(contract: ContractAddress, input: Span<felt252>) -> SyscallResult<Span<felt252>> {
        let mut calldata = array![];
        input.serialize(ref calldata);
        call_contract_syscall(contract, selector!("predict"), calldata.span())
    }

    /// The results in a model's answer, if it is a list of felts and nothing else.
    fn results(mut answer: Span<felt252>) -> Option<Span<felt252>> {
        let length = *answer.pop_front()?;
        if length == answer.len().into() {
            Option::Some(answer)
        } else {
            Option::None
        }
    }

    /// Executes a model on a disputed row.
    ///
    /// A failure counts only where it is one of the refusals that the model interface names: see
    /// `disputes` for why. What is no list of felts is an answer, and never the claimed one.
    fn execute_disputed(contract: ContractAddress, input: Span<felt252>) -> Execution {
        match predict(contract, input) {
            Result::Ok(answer) => match results(answer) {
                Option::Some(output) => Execution::Answer(poseidon_hash_span(output)),
                Option::None => Execution::Refusal,
            },
            Result::Err(panic) => {
                let reason = *panic[0];
                assert(
                    reason == 'wrong input length' || reason == 'input out of range',
                    errors::INCONCLUSIVE
                );
                Execution::Refusal
            }
        }
    }

    /// The numbers of a page: from `first`, at most 50, below the end.
    fn bounds(first: u64, count: u32, n: u64) -> (u64, u64) {
        let first = core::cmp::max(first, 1);
        if first > n {
            return (1, 1);
        }
        let count: u64 = core::cmp::min(count, MAX_PAGE).into();
        (first, core::cmp::min(first - 1 + count, n) + 1)
    }
}
