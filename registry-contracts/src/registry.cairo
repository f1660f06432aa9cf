//! The contract: access rules, and what the parts do together.

#[starknet::contract]
pub mod ModelRegistry {
    use core::poseidon::poseidon_hash_span;
    use starknet::storage::{
        StorageMapReadAccess, StoragePointerReadAccess, StoragePointerWriteAccess
    };
    use starknet::syscalls::call_contract_syscall;
    use starknet::{
        ClassHash, ContractAddress, SyscallResult, SyscallResultTrait, get_caller_address
    };
    use super::super::catalogue::CatalogueComponent;
    use super::super::catalogue::CatalogueComponent::CatalogueTrait;
    use super::super::disputes::DisputesComponent;
    use super::super::disputes::DisputesComponent::{DisputesTrait, Execution, Settlement};
    use super::super::errors;
    use super::super::governance::GovernanceComponent;
    use super::super::governance::GovernanceComponent::GovernanceTrait;
    use super::super::interface::{
        CONSUMER_ID, IModelRegistry, ISRC5, MAX_BATCH, MAX_INPUT, MAX_OUTPUT, MAX_PAGE, SRC5_ID
    };
    use super::super::ledger::LedgerComponent;
    use super::super::ledger::LedgerComponent::LedgerTrait;
    use super::super::types::{
        Action, Change, Claim, ClaimState, Model, NewModel, NewVersion, ProofRecord, Rules,
        Scheduled, Settings, Share, Status, Totals, Version
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
    /// `delay` is at least three times the window: after an upgrade is announced, there is time for a claim to be
    /// made, contested at the last moment, and settled, all under the old code.
    ///
    /// Requirements: no zero address or bond; a window of an hour or more; `delay >= 3 · window`.
    ///
    /// Emits `RegistryTransferred`.
    #[constructor]
    fn constructor(
        ref self: ContractState,
        owner: ContractAddress,
        fee_token: ContractAddress,
        window: u64,
        delay: u64,
        min_bond: u128,
        gas_price: u128
    ) {
        self.governance.initialize(owner, delay, Rules { window, min_bond, gas_price });
        self.ledger.initialize(fee_token);
    }

    #[abi(embed_v0)]
    impl SRC5Impl of ISRC5<ContractState> {
        fn supports_interface(self: @ContractState, interface_id: felt252) -> bool {
            interface_id == SRC5_ID || interface_id == CONSUMER_ID
        }
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

        /// Announces a change that others could be hurt by. It can be made after the delay, and lapses after
        /// as long again.
        ///
        /// Requirements: the caller owns the model.
        ///
        /// Emits `ChangeAnnounced`.
        fn announce(ref self: ContractState, model_id: u64, change: Change) {
            self.assert_model_owner(model_id);
            self.catalogue.announce(model_id, change, self.governance.delay.read());
        }

        /// Sets the price of calls and the smallest bond of claims, in units of the fee token.
        ///
        /// Requirements: the caller owns the model; a higher price was announced.
        ///
        /// Emits `TermsChanged`.
        fn set_terms(ref self: ContractState, model_id: u64, price: u128, bond: u128) {
            self.assert_model_owner(model_id);
            if price > self.catalogue.price(model_id) {
                self.take_notice(model_id, Change::Price(price));
            }
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
        /// Requirements: the caller owns the model; if there are holders, the new shares were announced;
        /// shares are positive, of different holders, and 10,000 basis points together.
        ///
        /// Emits `Credited` for each holder until now, and `SharesChanged`.
        fn set_shares(ref self: ContractState, model_id: u64, shares: Span<Share>) {
            self.assert_model_owner(model_id);
            if self.catalogue.has_holders(model_id) {
                self.take_notice(model_id, Change::Shares(shares));
            }
            self.credit_holders(model_id);
            self.catalogue.set_shares(model_id, shares);
        }

        /// Ends a version: no new calls, no new claims. Open claims are settled as ever.
        ///
        /// Requirements: the caller owns the model; it was announced; the version is not deprecated.
        ///
        /// Emits `VersionDeprecated`.
        fn deprecate_version(ref self: ContractState, model_id: u64, version: u32) {
            self.assert_model_owner(model_id);
            self.catalogue.assert_version(model_id, version);
            self.take_notice(model_id, Change::DeprecateVersion(version));
            self.catalogue.deprecate_version(model_id, version);
        }

        /// Ends a model: no new versions, calls or claims.
        ///
        /// Requirements: the caller owns the model, which is not deprecated; it was announced.
        ///
        /// Emits `ModelDeprecated`.
        fn deprecate(ref self: ContractState, model_id: u64) {
            self.assert_model_owner(model_id);
            self.take_notice(model_id, Change::Deprecate);
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

        /// Takes a model that was offered, as it was agreed to. What it has earned is the holders' until now.
        ///
        /// Requirements: the model was offered to the caller; `terms_hash` is what the view of this name answers:
        /// owner, licence, terms, shares and what is deprecated are as the caller has seen them.
        ///
        /// Emits `Credited` for each holder until now, and `ModelTransferred`.
        fn accept_model(ref self: ContractState, model_id: u64, terms_hash: felt252) {
            self.governance.assert_not_entered();
            self.catalogue.assert_model(model_id);
            self.catalogue.assert_offered(model_id);
            assert(self.catalogue.terms_hash(model_id) == terms_hash, errors::TERMS);
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
        /// Requirements: not paused; neither model nor version is deprecated; the bond is at least
        /// `least_bond`, and the registry may take it from the caller.
        ///
        /// Emits `Claimed`, and `ClaimInput` for each 256 felts of the row.
        fn claim(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            input: Span<felt252>,
            output: Span<felt252>,
            bond: u128
        ) -> u64 {
            let (inputs, outputs) = (array![input].span(), array![output].span());
            self.claim_rows(model_id, version, inputs, outputs, bond)
        }

        /// Claims what the model answers to several rows, under one bond; the claim's number. One false row
        /// refutes the whole claim.
        ///
        /// Requirements: as for `claim`; 1 to 64 rows, and as many results.
        ///
        /// Emits `Claimed`, `ClaimRow` for each row after the first, and `ClaimInput` for each 256 felts of a row.
        fn claim_batch(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            inputs: Span<Span<felt252>>,
            outputs: Span<Span<felt252>>,
            bond: u128
        ) -> u64 {
            self.claim_rows(model_id, version, inputs, outputs, bond)
        }

        /// Executes the model on a row of a claim and settles the claim; whether the row holds.
        ///
        /// It costs nothing but the execution. It can be done until the claim is finalised, also after its
        /// window.
        ///
        /// Requirements: `claim` is the claim as it is now, open or contested; `input` is its row `row`;
        /// the model answers, or refuses the row by name; of several rows, one that holds is the contested one.
        ///
        /// Emits `Refuted`, `Upheld` or `RowUpheld`, and `Credited` for each account that gets something.
        fn challenge(
            ref self: ContractState, claim_id: u64, claim: Claim, row: u32, input: Span<felt252>
        ) -> bool {
            self.governance.enter();
            let is_contested = self.disputes.assert_live(claim_id, @claim);
            assert(row < claim.rows.len(), errors::NO_ROW);
            let claimed = *claim.rows[row];
            assert(poseidon_hash_span(input) == claimed.input_hash, errors::WRONG_INPUT);
            let contract = self.catalogue.contract_of(claim.model_id, claim.version);
            let execution = execute_disputed(contract, input);
            let window = self.governance.rules.read().window;
            let (holds, settlement) = self
                .disputes
                .judge(claim_id, claim, row, is_contested, execution, window);
            self.settle(settlement);
            self.governance.leave();
            holds
        }

        /// Stakes the least bond against a row of a claim; only execution makes the claim hold then. The
        /// window starts again.
        ///
        /// For models that cannot be executed: challenging is cheaper wherever it works.
        ///
        /// Requirements: `claim` is the claim as it is now, and open; it has such a row; the registry may take
        /// `claim.stake` from the caller.
        ///
        /// Emits `Contested`.
        fn contest(ref self: ContractState, claim_id: u64, claim: Claim, row: u32) {
            self.governance.enter();
            let window = self.governance.rules.read().window;
            let stake = self.disputes.contest(claim_id, claim, row, window);
            self.ledger.collect(stake);
            self.governance.leave();
        }

        /// Settles a claim whose window has closed: final if nobody contested, else void.
        ///
        /// Requirements: `claim` is the claim as it is now, open or contested; its window is closed.
        ///
        /// Emits `Finalized` or `Voided`, and `Credited` for each account that gets something back.
        fn finalize(ref self: ContractState, claim_id: u64, claim: Claim) {
            self.governance.assert_not_entered();
            let settlement = self.disputes.close(claim_id, claim);
            self.settle(settlement);
        }

        /// Records that the caller says to have a proof; its number. Nothing here verifies it, and nothing but
        /// the event is kept.
        ///
        /// Requirements: not paused; there is such a version; a hash and a security level are given.
        ///
        /// Emits `ProofRecorded`.
        fn record_proof(
            ref self: ContractState, model_id: u64, version: u32, proof: ProofRecord
        ) -> u64 {
            self.governance.assert_running();
            self.catalogue.assert_version(model_id, version);
            self.disputes.record_proof(model_id, version, proof)
        }

        /// Credits a model's holders with what it has earned. Anyone may do it.
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
            self.withdraw_for(get_caller_address())
        }

        /// Pays an account everything that is its own; how much. Anyone may do it, for holders that cannot call
        /// the registry themselves. Never paused.
        ///
        /// Requirements: something is the account's.
        ///
        /// Emits `Withdrawn`.
        fn withdraw_for(ref self: ContractState, account: ContractAddress) -> u128 {
            self.governance.enter();
            let amount = self.ledger.pay_out(account);
            self.governance.leave();
            amount
        }

        /// Sends the burnt parts of lost bonds to an address that nobody has; how much. Anyone may do it: no later
        /// code of the registry can reach them then. Never paused.
        ///
        /// Requirements: something is burnt and not yet swept.
        ///
        /// Emits `Swept`.
        fn sweep(ref self: ContractState) -> u128 {
            self.governance.enter();
            let amount = self.ledger.sweep();
            self.governance.leave();
            amount
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

        /// Announces other rules. Claims that exist keep theirs.
        ///
        /// Requirements: the caller owns the registry; nothing else is announced, or it has lapsed; the rules
        /// are such as the constructor takes.
        ///
        /// Emits `ActionScheduled`.
        fn schedule_rules(ref self: ContractState, rules: Rules) {
            self.governance.schedule(Action::SetRules(rules));
        }

        /// Takes back what was announced.
        ///
        /// Requirements: the caller owns the registry; something is announced.
        ///
        /// Emits `ActionCancelled`.
        fn cancel_scheduled(ref self: ContractState) {
            self.governance.cancel();
        }

        /// Pauses at once, for three days at most: no new models, versions, calls, claims or proof records.
        ///
        /// Requirements: the caller owns the registry; two weeks have passed since the last pause ended, or would
        /// have ended by itself.
        ///
        /// Emits `Paused`.
        fn pause(ref self: ContractState) {
            self.governance.pause();
        }

        /// Ends a pause before its time.
        ///
        /// Requirements: the caller owns the registry, which is paused.
        ///
        /// Emits `Unpaused`.
        fn unpause(ref self: ContractState) {
            self.governance.unpause();
        }

        /// Replaces the registry's class.
        ///
        /// Requirements: the caller owns the registry; it was announced with this class, the delay is over, and
        /// the announcement has not lapsed; not from within a call.
        ///
        /// Emits `Upgraded`.
        fn upgrade(ref self: ContractState, class_hash: ClassHash) {
            self.governance.assert_not_entered();
            self.governance.upgrade(class_hash);
        }

        /// Changes the rules for new claims.
        ///
        /// Requirements: the caller owns the registry; they were announced, the delay is over, and the
        /// announcement has not lapsed; not from within a call.
        ///
        /// Emits `RulesChanged`.
        fn set_rules(ref self: ContractState, rules: Rules) {
            self.governance.assert_not_entered();
            self.governance.set_rules(rules);
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

        /// The registry's settings, and whether it is paused.
        fn settings(self: @ContractState) -> Settings {
            let Rules { window, min_bond, gas_price } = self.governance.rules.read();
            Settings {
                owner: self.governance.owner.read(),
                fee_token: self.ledger.fee_token.read(),
                window,
                delay: self.governance.delay.read(),
                min_bond,
                gas_price,
                paused: self.governance.is_paused(),
                paused_until: self.governance.pause_ends_at.read(),
                can_pause_from: self.governance.can_pause_from(),
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
                swept: self.ledger.swept.read(),
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
            model.bond = self.bond_of(model_id, model.n_versions);
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

        /// A hash of everything that a buyer of the model agrees to: owner, licence, price, bond, shares, which
        /// versions take calls, and whether the model is deprecated.
        ///
        /// Requirements: the model exists.
        fn terms_hash(self: @ContractState, model_id: u64) -> felt252 {
            self.catalogue.terms_hash(model_id)
        }

        /// From when on an announced change can be made; 0 if it was not announced. It lapses a delay later.
        ///
        /// Requirements: the model exists.
        fn announced_at(self: @ContractState, model_id: u64, change: Change) -> u64 {
            self.catalogue.announced_at(model_id, change)
        }

        /// The model that a class was first registered for; 0 if for none. Others with this class are copies.
        fn first_model_of(self: @ContractState, class_hash: ClassHash) -> u64 {
            self.catalogue.first_models.read(class_hash)
        }

        /// The least bond of a claim about a version: the registry's minimum, the model's, and four times what
        /// its challenge costs, whichever is largest.
        ///
        /// Requirements: the version exists.
        fn least_bond(self: @ContractState, model_id: u64, version: u32) -> u128 {
            self.catalogue.assert_version(model_id, version);
            self.bond_of(model_id, version)
        }

        /// At most 50 claims from number `first` (at least 1) on: status and hash.
        fn claims(self: @ContractState, first: u64, count: u32) -> Array<ClaimState> {
            let mut page = array![];
            let (mut id, end) = bounds(first, count, self.disputes.n_claims.read());
            while id < end {
                page.append(self.disputes.get(id));
                id += 1;
            };
            page
        }

        /// Status and hash of a claim.
        ///
        /// Requirements: it exists.
        fn claim_state(self: @ContractState, claim_id: u64) -> ClaimState {
            self.disputes.get(claim_id)
        }

        /// The status of a claim.
        ///
        /// Requirements: `claim` is the claim with this number, as it is now.
        fn check_claim(self: @ContractState, claim_id: u64, claim: Claim) -> Status {
            self.disputes.check(claim_id, @claim)
        }

        /// What an account can withdraw.
        fn balance_of(self: @ContractState, account: ContractAddress) -> u128 {
            self.ledger.balances.read(account)
        }
    }

    #[generate_trait]
    impl InternalImpl of InternalTrait {
        /// The owner of a model cannot use a model's or the token's code to change it in the middle of a call.
        fn assert_model_owner(self: @ContractState, model_id: u64) {
            self.governance.assert_not_entered();
            self.catalogue.assert_owner(model_id);
        }

        fn bond_of(self: @ContractState, model_id: u64, version: u32) -> u128 {
            let Rules { min_bond, gas_price, .. } = self.governance.rules.read();
            core::cmp::max(self.catalogue.least_bond(model_id, version, gas_price), min_bond)
        }

        fn take_notice(ref self: ContractState, model_id: u64, change: Change) {
            self.catalogue.take_notice(model_id, change, self.governance.delay.read());
        }

        fn claim_rows(
            ref self: ContractState,
            model_id: u64,
            version: u32,
            inputs: Span<Span<felt252>>,
            outputs: Span<Span<felt252>>,
            bond: u128
        ) -> u64 {
            self.governance.enter();
            self.governance.assert_running();
            self.catalogue.in_use(model_id, version);
            let n_rows = inputs.len();
            assert(
                n_rows != 0 && n_rows <= MAX_BATCH && n_rows == outputs.len(), errors::BAD_BATCH
            );
            for input in inputs {
                assert((*input).len() <= MAX_INPUT, errors::TOO_LONG);
            };
            for output in outputs {
                assert((*output).len() <= MAX_OUTPUT, errors::TOO_LONG);
            };
            let Rules { window, min_bond, gas_price } = self.governance.rules.read();
            let stake = core::cmp::max(
                self.catalogue.least_bond(model_id, version, gas_price), min_bond
            );
            assert(bond >= stake, errors::BOND);
            let claim_id = self
                .disputes
                .open(model_id, version, inputs, outputs, bond, stake, window);
            self.ledger.collect(bond);
            self.governance.leave();
            claim_id
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

    /// Asks a model, whose code anyone may have written: what it returns is not decoded yet.
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
    /// `disputes` for why. What is not a list of felts counts as an answer, and never as the claimed one.
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
