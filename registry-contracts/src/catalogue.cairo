//! Models, versions, terms, revenue and who owns what.
//!
//! A version is deployed by the registry from a class, and never changes: a caller or claimant names
//! the version and so knows the contract. What a model earns is counted on the model and credited to
//! its holders by [`distribute`], which runs before anything that changes who they are.
//!
//! Changes that others could be hurt by (a higher price, other shares, the end of a version or of the model)
//! are announced, and take effect after the registry's delay; an announcement lapses after as long again.

/// What the catalogue tells indexers.
pub mod events;
/// What calls read and write, a storage slot each.
pub mod packing;

#[starknet::component]
pub mod CatalogueComponent {
    use core::num::traits::Zero;
    use core::num::traits::SaturatingAdd;
    use core::poseidon::poseidon_hash_span;
    use starknet::storage::{
        Map, StorageMapReadAccess, StorageMapWriteAccess, StoragePathEntry,
        StoragePointerReadAccess, StoragePointerWriteAccess
    };
    use starknet::syscalls::deploy_syscall;
    use starknet::{
        ClassHash, ContractAddress, SyscallResultTrait, get_block_timestamp, get_caller_address
    };
    use super::events::{
        ChangeAnnounced, LicenceChanged, MetadataChanged, ModelDeprecated, ModelOffered, ModelRegistered,
        ModelTransferred, SharesChanged, TermsChanged, VersionDeprecated, VersionPublished
    };
    use super::packing::{Activity, Terms};
    use super::super::errors;
    use super::super::interface::{IModelDispatcher, IModelDispatcherTrait, MODEL_INTERFACE};
    use super::super::types::{Change, Model, NewModel, NewVersion, Share, Version};

    const MAX_NAME: u32 = 64;
    const MAX_URI: u32 = 1024;
    const MAX_SHARES: u32 = 16;
    /// All of a model's revenue, in hundredths of a per cent.
    const WHOLE: u32 = 10_000;
    /// L2 gas that any challenge takes, whatever the publisher says that it has measured.
    const MIN_CHALLENGE_GAS: u64 = 3_000_000;
    /// How many times the cost of a challenge the least bond is. A challenger gets half of the bond, so this
    /// pays them twice what they spend.
    const BOND_FACTOR: u128 = 4;

    /// A model, field by field: a call reads four of them and writes one.
    #[starknet::storage_node]
    pub struct Entry {
        pub owner: ContractAddress,
        pub offered_to: ContractAddress,
        pub name: ByteArray,
        pub kind: felt252,
        pub licence: felt252,
        pub terms: Terms,
        pub bond: u128,
        pub activity: Activity,
        /// Revenue that was credited to holders.
        pub distributed: u128,
        pub registered_at: u64,
        pub versions: Map<u32, Version>,
        /// The contracts of versions that take calls and claims; zero where they do not.
        pub in_use: Map<u32, ContractAddress>,
        /// L2 gas of a challenge, where it is above the least.
        pub challenge_gas: Map<u32, u64>,
        pub shares: Map<u32, Share>,
        pub n_shares: u32,
    }

    #[storage]
    pub struct Storage {
        pub entries: Map<u64, Entry>,
        pub n_models: u64,
        /// The model that a class was first registered for.
        pub first_models: Map<ClassHash, u64>,
        /// When announced changes can be made, by hash of model and change.
        pub notices: Map<felt252, u64>,
    }

    #[event]
    #[derive(Drop, starknet::Event)]
    pub enum Event {
        ModelRegistered: ModelRegistered,
        VersionPublished: VersionPublished,
        ChangeAnnounced: ChangeAnnounced,
        TermsChanged: TermsChanged,
        LicenceChanged: LicenceChanged,
        MetadataChanged: MetadataChanged,
        SharesChanged: SharesChanged,
        VersionDeprecated: VersionDeprecated,
        ModelDeprecated: ModelDeprecated,
        ModelOffered: ModelOffered,
        ModelTransferred: ModelTransferred,
    }

    #[generate_trait]
    pub impl CatalogueImpl<
        TContractState, +HasComponent<TContractState>
    > of CatalogueTrait<TContractState> {
        fn register(ref self: ComponentState<TContractState>, model: NewModel) -> u64 {
            let length = model.name.len();
            assert(length > 0 && length <= MAX_NAME, errors::BAD_TEXT);
            let model_id = self.n_models.read() + 1;
            self.n_models.write(model_id);
            let NewModel { name, kind, licence, price, bond } = model;
            let owner = get_caller_address();
            let entry = self.entries.entry(model_id);
            entry.owner.write(owner);
            entry.name.write(name.clone());
            entry.kind.write(kind);
            entry.licence.write(licence);
            entry.terms.write(Terms { price, n_versions: 0, deprecated: false });
            entry.bond.write(bond);
            entry.registered_at.write(get_block_timestamp());
            self.emit(ModelRegistered { model_id, owner, name, kind, licence, price, bond });
            model_id
        }

        /// Deploys a version's contract and asks it who it is.
        fn publish(
            ref self: ComponentState<TContractState>, model_id: u64, version: NewVersion
        ) -> u32 {
            let entry = self.entries.entry(model_id);
            let mut terms = entry.terms.read();
            assert(!terms.deprecated, errors::DEPRECATED);
            let NewVersion {
                class_hash, model_hash, program_hash, metadata_uri, metadata_hash, challenge_gas
            } =
                version;
            assert(class_hash.is_non_zero(), errors::ZERO_CLASS);
            assert(metadata_uri.len() <= MAX_URI, errors::BAD_TEXT);
            terms.n_versions += 1;
            let number = terms.n_versions;
            entry.terms.write(terms);
            let salt = poseidon_hash_span(array![model_id.into(), number.into()].span());
            let (contract, _) = deploy_syscall(class_hash, salt, array![].span(), false)
                .unwrap_syscall();
            let model = IModelDispatcher { contract_address: contract };
            assert(model.version() == MODEL_INTERFACE, errors::WRONG_INTERFACE);
            assert(model.model_hash() == model_hash, errors::WRONG_MODEL);
            let schema_hash = poseidon_hash_span(model.schema());
            let record = Version {
                contract,
                class_hash,
                model_hash,
                program_hash,
                schema_hash,
                metadata_uri: metadata_uri.clone(),
                metadata_hash,
                published_at: get_block_timestamp(),
                deprecated: false,
                challenge_gas,
            };
            entry.versions.entry(number).write(record);
            entry.in_use.entry(number).write(contract);
            if challenge_gas > MIN_CHALLENGE_GAS {
                entry.challenge_gas.entry(number).write(challenge_gas);
            }
            if self.first_models.read(class_hash) == 0 {
                self.first_models.write(class_hash, model_id);
            }
            self
                .emit(
                    VersionPublished {
                        model_id,
                        version: number,
                        contract,
                        class_hash,
                        model_hash,
                        program_hash,
                        schema_hash,
                        metadata_uri,
                        metadata_hash,
                        challenge_gas,
                    }
                );
            number
        }

        /// Announces a change. Announcing it once more starts the delay again.
        fn announce(
            ref self: ComponentState<TContractState>, model_id: u64, change: Change, delay: u64
        ) {
            let ready_at = get_block_timestamp() + delay;
            self.notices.write(notice_key(model_id, change), ready_at);
            self.emit(ChangeAnnounced { model_id, ready_at, change });
        }

        /// Uses up the announcement of exactly this change.
        fn take_notice(
            ref self: ComponentState<TContractState>, model_id: u64, change: Change, delay: u64
        ) {
            let key = notice_key(model_id, change);
            let ready_at = self.notices.read(key);
            assert(ready_at != 0, errors::NOT_ANNOUNCED);
            let now = get_block_timestamp();
            assert(now >= ready_at, errors::TOO_EARLY);
            assert(now < ready_at + delay, errors::LAPSED);
            self.notices.write(key, 0);
        }

        fn announced_at(
            self: @ComponentState<TContractState>, model_id: u64, change: Change
        ) -> u64 {
            self.assert_model(model_id);
            self.notices.read(notice_key(model_id, change))
        }

        fn price(self: @ComponentState<TContractState>, model_id: u64) -> u128 {
            self.entries.entry(model_id).terms.read().price
        }

        fn has_holders(self: @ComponentState<TContractState>, model_id: u64) -> bool {
            self.entries.entry(model_id).n_shares.read() != 0
        }

        /// The least bond of a claim, before the registry's own minimum.
        fn least_bond(
            self: @ComponentState<TContractState>, model_id: u64, version: u32, gas_price: u128
        ) -> u128 {
            let entry = self.entries.entry(model_id);
            let gas = core::cmp::max(entry.challenge_gas.entry(version).read(), MIN_CHALLENGE_GAS);
            core::cmp::max(entry.bond.read(), gas.into() * gas_price * BOND_FACTOR)
        }

        /// Everything that a buyer of the model agrees to.
        fn terms_hash(self: @ComponentState<TContractState>, model_id: u64) -> felt252 {
            self.assert_model(model_id);
            let entry = self.entries.entry(model_id);
            let Terms { price, n_versions, deprecated } = entry.terms.read();
            let mut felts = array![entry.owner.read().into(), entry.licence.read()];
            (price, entry.bond.read(), deprecated, n_versions).serialize(ref felts);
            let mut number = 1;
            while number <= n_versions {
                felts.append(entry.in_use.entry(number).read().into());
                number += 1;
            };
            self.list_shares(model_id).serialize(ref felts);
            poseidon_hash_span(felts.span())
        }

        fn set_terms(
            ref self: ComponentState<TContractState>, model_id: u64, price: u128, bond: u128
        ) {
            let entry = self.entries.entry(model_id);
            let terms = entry.terms.read();
            entry.terms.write(Terms { price, ..terms });
            entry.bond.write(bond);
            self.emit(TermsChanged { model_id, price, bond });
        }

        fn set_licence(
            ref self: ComponentState<TContractState>, model_id: u64, licence: felt252
        ) {
            self.entries.entry(model_id).licence.write(licence);
            self.emit(LicenceChanged { model_id, licence });
        }

        fn set_metadata(
            ref self: ComponentState<TContractState>,
            model_id: u64,
            version: u32,
            uri: ByteArray,
            hash: u256
        ) {
            assert(uri.len() <= MAX_URI, errors::BAD_TEXT);
            self.assert_version(model_id, version);
            let entry = self.entries.entry(model_id).versions.entry(version);
            let mut record = entry.read();
            record.metadata_uri = uri.clone();
            record.metadata_hash = hash;
            entry.write(record);
            self
                .emit(
                    MetadataChanged { model_id, version, metadata_uri: uri, metadata_hash: hash }
                );
        }

        /// Shares what the model will earn; the caller has distributed what it has earned.
        fn set_shares(
            ref self: ComponentState<TContractState>, model_id: u64, shares: Span<Share>
        ) {
            let n_shares = shares.len();
            assert(n_shares <= MAX_SHARES, errors::BAD_SHARES);
            let entry = self.entries.entry(model_id);
            let mut sum: u32 = 0;
            let mut index = 0;
            while index != n_shares {
                let share = *shares[index];
                assert(share.holder.is_non_zero(), errors::ZERO_ADDRESS);
                assert(share.basis_points != 0, errors::BAD_SHARES);
                let mut other = 0;
                while other != index {
                    assert(*shares[other].holder != share.holder, errors::BAD_SHARES);
                    other += 1;
                };
                sum += share.basis_points.into();
                entry.shares.entry(index).write(share);
                index += 1;
            };
            assert(n_shares == 0 || sum == WHOLE, errors::BAD_SHARES);
            entry.n_shares.write(n_shares);
            self.emit(SharesChanged { model_id, shares });
        }

        fn deprecate_version(
            ref self: ComponentState<TContractState>, model_id: u64, version: u32
        ) {
            self.assert_version(model_id, version);
            let entry = self.entries.entry(model_id).versions.entry(version);
            let mut record = entry.read();
            assert(!record.deprecated, errors::DEPRECATED);
            record.deprecated = true;
            entry.write(record);
            self.entries.entry(model_id).in_use.entry(version).write(Zero::zero());
            self.emit(VersionDeprecated { model_id, version });
        }

        fn deprecate(ref self: ComponentState<TContractState>, model_id: u64) {
            let entry = self.entries.entry(model_id);
            let terms = entry.terms.read();
            assert(!terms.deprecated, errors::DEPRECATED);
            entry.terms.write(Terms { deprecated: true, ..terms });
            self.emit(ModelDeprecated { model_id });
        }

        fn offer(
            ref self: ComponentState<TContractState>, model_id: u64, to: ContractAddress
        ) {
            self.entries.entry(model_id).offered_to.write(to);
            self.emit(ModelOffered { model_id, to });
        }

        /// The caller becomes the owner; what the model has earned was distributed.
        fn accept(ref self: ComponentState<TContractState>, model_id: u64) {
            let to = get_caller_address();
            let entry = self.entries.entry(model_id);
            let from = entry.owner.read();
            entry.offered_to.write(Zero::zero());
            entry.owner.write(to);
            self.emit(ModelTransferred { model_id, from, to });
        }

        /// Books `n_calls` paid calls.
        fn earn(
            ref self: ComponentState<TContractState>, model_id: u64, n_calls: u32, amount: u128
        ) {
            let entry = self.entries.entry(model_id);
            let mut activity = entry.activity.read();
            activity.undistributed += amount;
            activity.n_calls += n_calls.into();
            if get_caller_address() == entry.owner.read() {
                activity.n_own_calls = activity.n_own_calls.saturating_add(n_calls);
            }
            entry.activity.write(activity);
        }

        /// What each holder is to be credited with; nothing is left on the model. What does not divide
        /// evenly is the first holder's.
        fn take_undistributed(
            ref self: ComponentState<TContractState>, model_id: u64
        ) -> Span<(ContractAddress, u128)> {
            let entry = self.entries.entry(model_id);
            let activity = entry.activity.read();
            let amount = activity.undistributed;
            if amount == 0 {
                return array![].span();
            }
            entry.activity.write(Activity { undistributed: 0, ..activity });
            // A statistic: it must not stop anyone's money.
            entry.distributed.write(entry.distributed.read().saturating_add(amount));
            let n_shares = entry.n_shares.read();
            if n_shares == 0 {
                return array![(entry.owner.read(), amount)].span();
            }
            let mut parts = array![];
            let mut rest = amount;
            let mut index = 1;
            while index != n_shares {
                let share = entry.shares.entry(index).read();
                let part = portion(amount, share.basis_points.into());
                rest -= part;
                parts.append((share.holder, part));
                index += 1;
            };
            parts.append((entry.shares.entry(0).read().holder, rest));
            parts.span()
        }

        fn assert_owner(self: @ComponentState<TContractState>, model_id: u64) {
            self.assert_model(model_id);
            let owner = self.entries.entry(model_id).owner.read();
            assert(get_caller_address() == owner, errors::NOT_OWNER);
        }

        fn assert_offered(self: @ComponentState<TContractState>, model_id: u64) {
            let caller = get_caller_address();
            let offered_to = self.entries.entry(model_id).offered_to.read();
            assert(caller.is_non_zero() && caller == offered_to, errors::NOT_OFFERED);
        }

        fn assert_model(self: @ComponentState<TContractState>, model_id: u64) {
            assert(model_id != 0 && model_id <= self.n_models.read(), errors::NO_MODEL);
        }

        fn assert_version(self: @ComponentState<TContractState>, model_id: u64, version: u32) {
            self.assert_model(model_id);
            let n_versions = self.entries.entry(model_id).terms.read().n_versions;
            assert(version != 0 && version <= n_versions, errors::NO_VERSION);
        }

        /// The contract of a version that takes new calls and claims, and the price of a call.
        fn in_use(
            self: @ComponentState<TContractState>, model_id: u64, version: u32
        ) -> (ContractAddress, u128) {
            let entry = self.entries.entry(model_id);
            let terms = entry.terms.read();
            if version == 0 || version > terms.n_versions {
                // Says which of the two is missing.
                self.assert_version(model_id, version);
            }
            let contract = entry.in_use.entry(version).read();
            assert(!terms.deprecated && contract.is_non_zero(), errors::DEPRECATED);
            (contract, terms.price)
        }

        fn contract_of(
            self: @ComponentState<TContractState>, model_id: u64, version: u32
        ) -> ContractAddress {
            self.entries.entry(model_id).versions.entry(version).contract.read()
        }

        fn describe(self: @ComponentState<TContractState>, id: u64) -> Model {
            self.assert_model(id);
            let entry = self.entries.entry(id);
            let Terms { price, n_versions, deprecated } = entry.terms.read();
            let Activity { undistributed, n_calls, n_own_calls } = entry.activity.read();
            Model {
                id,
                owner: entry.owner.read(),
                offered_to: entry.offered_to.read(),
                name: entry.name.read(),
                kind: entry.kind.read(),
                licence: entry.licence.read(),
                price,
                bond: entry.bond.read(),
                deprecated,
                n_versions,
                n_calls,
                n_own_calls,
                revenue: entry.distributed.read().saturating_add(undistributed),
                undistributed,
                registered_at: entry.registered_at.read(),
            }
        }

        fn version(
            self: @ComponentState<TContractState>, model_id: u64, version: u32
        ) -> Version {
            self.assert_version(model_id, version);
            self.entries.entry(model_id).versions.entry(version).read()
        }

        fn list_shares(self: @ComponentState<TContractState>, model_id: u64) -> Array<Share> {
            self.assert_model(model_id);
            let entry = self.entries.entry(model_id);
            let n_shares = entry.n_shares.read();
            let mut shares = array![];
            let mut index = 0;
            while index != n_shares {
                shares.append(entry.shares.entry(index).read());
                index += 1;
            };
            shares
        }
    }

    fn notice_key(model_id: u64, change: Change) -> felt252 {
        let mut felts = array![model_id.into()];
        change.serialize(ref felts);
        poseidon_hash_span(felts.span())
    }

    /// `amount · basis_points / 10,000`, rounded down; the product does not overflow.
    fn portion(amount: u128, basis_points: u128) -> u128 {
        let whole: u128 = WHOLE.into();
        amount / whole * basis_points + amount % whole * basis_points / whole
    }
}
