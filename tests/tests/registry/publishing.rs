//! Models, versions, terms and who owns them.

use nilometer_starknet::types::{Change, NewModel, NewVersion, Share};
use nilometer_starknet::{registry, Event, Felt};
use nilometer_tests::chain::{
    block_on, model, text, World, ALICE, BOB, CAROL, DELAY, MIN_BOND, OWNER, PUBLISHER,
};

#[test]
fn models_are_published_and_kept() {
    block_on(async {
        let mut world = World::start().await;
        a_model_is_registered(&world).await;
        contracts_are_asked_who_they_are(&world).await;
        texts_have_bounds(&world).await;
        world.renew().await;
        versions_are_added(&world).await;
        only_the_models_owner(&world).await;
        terms_change(&world).await;
        shares_add_up(&world).await;
        world.renew().await;
        deprecation_is_forever(&world).await;
        world.renew().await;
        a_model_changes_hands_in_two_steps(&world).await;
        world.renew().await;
        lists_have_pages(&world).await;
    });
}

async fn a_model_is_registered(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (new, first) = (model(7, 300), world.rogue());
    let receipt = world.run(PUBLISHER, registry.register(&new, &first)).await;
    let events = world.events(&receipt);
    let [Event::ModelRegistered { model_id: 1, owner, name, kind, licence, price: 7, bond: 300 }, Event::VersionPublished {
        model_id: 1,
        version: 1,
        contract,
        class_hash,
        model_hash,
        program_hash,
        schema_hash,
        metadata_uri,
        metadata_hash,
        challenge_gas: 0,
    }] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((*owner, name, *kind), (world.address(PUBLISHER), &new.name, new.kind));
    assert_eq!(*licence, new.licence);
    assert_eq!(*class_hash, first.class_hash);
    assert_eq!((*model_hash, *program_hash), (first.model_hash, first.program_hash));
    assert_eq!((metadata_uri, *metadata_hash), (&first.metadata_uri, first.metadata_hash));
    assert_eq!(chain.class_hash_at(*contract).await.unwrap(), first.class_hash);

    let kept = registry.model(chain, 1).await.unwrap();
    assert_eq!((kept.id, kept.owner, kept.offered_to), (1, *owner, Felt::ZERO));
    assert_eq!((&kept.name, kept.kind, kept.licence), (&new.name, new.kind, new.licence));
    assert_eq!((kept.price, kept.bond, kept.deprecated), (7, 300, false));
    assert_eq!((kept.n_versions, kept.n_calls, kept.revenue), (1, 0, 0));
    let version = registry.version(chain, 1, 1).await.unwrap();
    assert_eq!((version.contract, version.class_hash), (*contract, first.class_hash));
    assert_eq!((version.model_hash, version.program_hash), (*model_hash, *program_hash));
    assert_eq!((version.schema_hash, version.metadata_hash), (*schema_hash, *metadata_hash));
    assert_eq!((version.metadata_uri, version.deprecated), (first.metadata_uri, false));
    assert!(version.published_at > 0);
    assert_eq!(registry::schema(chain, *contract).await.unwrap().len(), 3);
    // Contracts can ask what they talk to.
    let src5 = "0x3f918d17e5ee77373b56385708f855659a07f75997f365cf87748628532a055";
    let known = [(Felt::from_hex(src5).unwrap(), Felt::ONE), (registry::CONSUMER_ID, Felt::ONE)];
    for (id, answer) in known.into_iter().chain([(Felt::from(7), Felt::ZERO)]) {
        let call = registry::call(registry.address, "supports_interface", vec![id]);
        assert_eq!(chain.call(&call).await.unwrap(), [answer]);
    }
    let totals = registry.totals(chain).await.unwrap();
    assert_eq!((totals.n_models, totals.n_calls, totals.held), (1, 0, 0));
}

async fn contracts_are_asked_who_they_are(world: &World) {
    let register = |version: &NewVersion| world.registry.register(&model(0, 0), version);
    let rogue = world.rogue();
    let wrong_hash = NewVersion { model_hash: text("other"), ..rogue.clone() };
    world.fails(PUBLISHER, register(&wrong_hash), "contract is another model").await;
    let stranger = NewVersion { class_hash: world.classes.stranger.class_hash, ..rogue.clone() };
    world.fails(PUBLISHER, register(&stranger), "unknown model interface").await;
    let none = NewVersion { class_hash: Felt::ZERO, ..rogue.clone() };
    world.fails(PUBLISHER, register(&none), "zero class hash").await;
    let undeclared = NewVersion { class_hash: Felt::from(123), ..rogue.clone() };
    assert!(world.try_run(PUBLISHER, register(&undeclared)).await.is_err());
    let token = NewVersion { class_hash: world.classes.token.class_hash, ..rogue };
    assert!(world.try_run(PUBLISHER, register(&token)).await.is_err());
    assert_eq!(world.registry.totals(&world.node.chain).await.unwrap().n_models, 1);
}

async fn texts_have_bounds(world: &World) {
    let named = |name: String| NewModel { name, ..model(0, 0) };
    let register = |model: &NewModel| world.registry.register(model, &world.rogue());
    let reason = "text empty or too long";
    world.fails(PUBLISHER, register(&named(String::new())), reason).await;
    world.fails(PUBLISHER, register(&named("x".repeat(65))), reason).await;
    world.run(PUBLISHER, register(&named("x".repeat(64)))).await;
    let at = |uri: String| NewVersion { metadata_uri: uri, ..world.rogue() };
    let long = world.registry.publish(2, &at("x".repeat(1025)));
    world.fails(PUBLISHER, long, reason).await;
    world.run(PUBLISHER, world.registry.publish(2, &at("x".repeat(1024)))).await;
    let version = world.registry.version(&world.node.chain, 2, 2).await.unwrap();
    assert_eq!(version.metadata_uri, "x".repeat(1024));
}

async fn versions_are_added(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, first) = world.publish(0, 0).await;
    let event = world.event(PUBLISHER, registry.publish(id, &world.rogue())).await;
    let Event::VersionPublished { version: 2, contract, .. } = event else { panic!("{event:?}") };
    assert_ne!(contract, first, "each version has a contract of its own");
    // Whoever registers the class again can be seen to have copied it.
    let class_hash = world.rogue().class_hash;
    let (copy, _) = world.publish(0, 0).await;
    assert_ne!(copy, id);
    assert_eq!(registry.first_model_of(chain, class_hash).await.unwrap(), id);
    assert_eq!(registry.first_model_of(chain, Felt::from(99)).await.unwrap(), 0);
    let uri = "https://example.org/model";
    let hash = (u128::MAX, 5_u128);
    let hash = nilometer_starknet::types::digest_number(std::array::from_fn(|i| {
        (hash.1 + i as u128) as u8
    }));
    let event = world.event(PUBLISHER, registry.set_metadata(id, 2, uri, hash)).await;
    let (metadata_uri, metadata_hash) = (uri.to_owned(), hash);
    let expected = Event::MetadataChanged { model_id: id, version: 2, metadata_uri, metadata_hash };
    assert_eq!(event, expected);
    let versions = registry.versions(chain, id, 1, 50).await.unwrap();
    assert_eq!(versions.len(), 2);
    assert_eq!((versions[1].metadata_uri.as_str(), versions[1].metadata_hash), (uri, hash));
    assert_eq!((versions[0].contract, versions[1].contract), (first, contract));
    assert_eq!(registry.versions(chain, id, 2, 50).await.unwrap(), versions[1..]);
    assert_eq!(registry.versions(chain, id, 3, 50).await.unwrap(), []);
    for version in [0, 3] {
        let call = registry.set_metadata(id, version, uri, hash);
        world.fails(PUBLISHER, call, "no such version").await;
        world.fails(PUBLISHER, registry.deprecate_version(id, version), "no such version").await;
        assert!(registry.version(chain, id, version).await.is_err());
    }
}

async fn only_the_models_owner(world: &World) {
    let registry = world.registry;
    let share = Share { holder: world.address(BOB), basis_points: 10_000 };
    let calls = |id: u64| {
        [
            registry.announce(id, &Change::Deprecate),
            registry.publish(id, &world.rogue()),
            registry.set_terms(id, 0, 0),
            registry.set_licence(id, text("MIT")),
            registry.set_metadata(id, 1, "", 0_u64.into()),
            registry.set_shares(id, &[share]),
            registry.deprecate_version(id, 1),
            registry.deprecate(id),
            registry.offer_model(id, world.address(BOB)),
        ]
    };
    // Not even the registry's owner may.
    for who in [BOB, OWNER] {
        for call in calls(1) {
            world.fails(who, call, "not the owner").await;
        }
    }
    for id in [0, 3, u64::MAX] {
        for call in calls(id) {
            world.fails(PUBLISHER, call, "no such model").await;
        }
        world.fails(PUBLISHER, registry.accept_model(id, Felt::ZERO), "no such model").await;
        world.fails(PUBLISHER, registry.distribute(id), "no such model").await;
        world.fails(PUBLISHER, registry.call(id, 1, &[], 0), "no such model").await;
        assert!(registry.model(&world.node.chain, id).await.is_err());
    }
}

async fn terms_change(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    // Callers are told of a higher price in advance.
    let change = Change::Price { price: u128::MAX };
    let raise = || registry.set_terms(1, u128::MAX, 1);
    world.fails(PUBLISHER, raise(), "change not announced").await;
    let event = world.event(PUBLISHER, registry.announce(1, &change)).await;
    let Event::ChangeAnnounced { model_id: 1, ready_at, change: announced } = event else {
        panic!("{event:?}")
    };
    assert_eq!(announced, change);
    assert_eq!(registry.announced_at(chain, 1, &change).await.unwrap(), ready_at);
    world.fails(PUBLISHER, raise(), "too early").await;
    world.node.pass(2 * DELAY).await;
    world.fails(PUBLISHER, raise(), "announcement has lapsed").await;
    world.announce(1, &change).await;
    world.fails(PUBLISHER, registry.set_terms(1, 5, 1), "change not announced").await;
    let event = world.event(PUBLISHER, raise()).await;
    assert_eq!(event, Event::TermsChanged { model_id: 1, price: u128::MAX, bond: 1 });
    let model = registry.model(chain, 1).await.unwrap();
    assert_eq!((model.price, model.bond), (u128::MAX, MIN_BOND), "the registry's minimum holds");
    assert_eq!(registry.announced_at(chain, 1, &change).await.unwrap(), 0, "used up");
    // A lower one helps everybody at once.
    world.run(PUBLISHER, registry.set_terms(1, 5, 1)).await;
    world.fails(PUBLISHER, raise(), "change not announced").await;
    let licence = text("Apache-2.0");
    let event = world.event(PUBLISHER, registry.set_licence(1, licence)).await;
    assert_eq!(event, Event::LicenceChanged { model_id: 1, licence });
    assert_eq!(registry.model(chain, 1).await.unwrap().licence, licence);
}

async fn shares_add_up(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let share = |who: usize, basis_points| Share { holder: world.address(who), basis_points };
    let reason = "bad shares";
    for wrong in [
        vec![share(BOB, 9_999)],
        vec![share(BOB, 10_001)],
        vec![share(BOB, 10_000), share(ALICE, 0)],
        vec![share(BOB, 5_000), share(BOB, 5_000)],
        vec![share(BOB, 5_000), share(ALICE, 5_001)],
    ] {
        world.fails(PUBLISHER, registry.set_shares(1, &wrong), reason).await;
    }
    let zero = Share { holder: Felt::ZERO, basis_points: 10_000 };
    world.fails(PUBLISHER, registry.set_shares(1, &[zero]), "zero address").await;
    let many = |n: u16| {
        let holders = (0..n).map(|i| Share {
            holder: Felt::from(1_000 + i),
            basis_points: if i == 0 { 10_001 - n } else { 1 },
        });
        holders.collect::<Vec<_>>()
    };
    world.fails(PUBLISHER, registry.set_shares(1, &many(17)), reason).await;
    world.run(PUBLISHER, registry.set_shares(1, &many(16))).await;
    assert_eq!(registry.shares(chain, 1).await.unwrap(), many(16));
    // Holders are told in advance of what changes their shares.
    let shares = vec![share(ALICE, 2_500), share(BOB, 7_500)];
    let set = || registry.set_shares(1, &shares);
    world.fails(PUBLISHER, set(), "change not announced").await;
    world.announce(1, &Change::Shares { shares: shares.clone() }).await;
    world.fails(PUBLISHER, registry.set_shares(1, &shares[1..]), "change not announced").await;
    let event = world.event(PUBLISHER, set()).await;
    assert_eq!(event, Event::SharesChanged { model_id: 1, shares: shares.clone() });
    assert_eq!(registry.shares(chain, 1).await.unwrap(), shares);
    world.announce(1, &Change::Shares { shares: vec![] }).await;
    world.run(PUBLISHER, registry.set_shares(1, &[])).await;
    assert_eq!(registry.shares(chain, 1).await.unwrap(), []);
}

async fn deprecation_is_forever(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(0, 0).await;
    world.run(PUBLISHER, registry.publish(id, &world.rogue())).await;
    let row = [Felt::ONE];
    let end = || registry.deprecate_version(id, 1);
    world.fails(PUBLISHER, end(), "change not announced").await;
    let change = Change::DeprecateVersion { version: 1 };
    world.run(PUBLISHER, registry.announce(id, &change)).await;
    world.fails(PUBLISHER, end(), "too early").await;
    world.run(ALICE, registry.claim(id, 1, &row, &[Felt::TWO], MIN_BOND)).await;
    world.node.pass(DELAY).await;
    let event = world.event(PUBLISHER, end()).await;
    assert_eq!(event, Event::VersionDeprecated { model_id: id, version: 1 });
    let reason = "model is deprecated";
    world.announce(id, &change).await;
    world.fails(PUBLISHER, registry.deprecate_version(id, 1), reason).await;
    world.fails(ALICE, registry.call(id, 1, &row, 0), reason).await;
    world.fails(ALICE, registry.claim(id, 1, &row, &row, MIN_BOND), reason).await;
    world.run(ALICE, registry.call(id, 2, &row, 0)).await;
    assert!(registry.version(chain, id, 1).await.unwrap().deprecated);
    world.fails(PUBLISHER, registry.deprecate(id), "change not announced").await;
    world.announce(id, &Change::Deprecate).await;
    let event = world.event(PUBLISHER, registry.deprecate(id)).await;
    assert_eq!(event, Event::ModelDeprecated { model_id: id });
    world.announce(id, &Change::Deprecate).await;
    world.fails(PUBLISHER, registry.deprecate(id), reason).await;
    world.fails(PUBLISHER, registry.publish(id, &world.rogue()), reason).await;
    world.fails(ALICE, registry.call(id, 2, &row, 0), reason).await;
    assert!(registry.model(chain, id).await.unwrap().deprecated);
    // What was claimed before is settled as ever.
    let challenge = world.challenge(1, &row).await;
    world.run(BOB, challenge).await;
}

async fn a_model_changes_hands_in_two_steps(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    let (id, _) = world.publish(10, 0).await;
    world.run(ALICE, registry.call(id, 1, &[Felt::ONE], 10)).await;
    let (from, to) = (world.address(PUBLISHER), world.address(BOB));
    let event = world.event(PUBLISHER, registry.offer_model(id, to)).await;
    assert_eq!(event, Event::ModelOffered { model_id: id, to });
    assert_eq!(registry.model(chain, id).await.unwrap().offered_to, to);
    let terms = registry.terms_hash(chain, id).await.unwrap();
    let accept = || registry.accept_model(id, terms);
    world.fails(CAROL, accept(), "not the offered owner").await;
    world.run(PUBLISHER, registry.offer_model(id, Felt::ZERO)).await;
    world.fails(BOB, accept(), "not the offered owner").await;
    world.run(PUBLISHER, registry.offer_model(id, to)).await;
    // The buyer gets what the buyer has seen: nothing can be changed under their hands.
    let share = Share { holder: world.address(CAROL), basis_points: 10_000 };
    world.run(PUBLISHER, registry.set_shares(id, &[share])).await;
    world.fails(BOB, accept(), "terms have changed").await;
    world.announce(id, &Change::Shares { shares: vec![] }).await;
    world.run(PUBLISHER, registry.set_shares(id, &[])).await;
    let changes = [
        (registry.set_terms(id, 9, 0), registry.set_terms(id, 10, 0)),
        (registry.set_terms(id, 10, 5), registry.set_terms(id, 10, 0)),
        (registry.set_licence(id, text("GPL-3.0")), registry.set_licence(id, text("MIT"))),
    ];
    for (change, back) in changes {
        world.run(PUBLISHER, change).await;
        world.fails(BOB, accept(), "terms have changed").await;
        world.announce(id, &Change::Price { price: 10 }).await;
        world.run(PUBLISHER, back).await;
    }
    world.run(ALICE, registry.call(id, 1, &[Felt::ONE], 10)).await;
    let events = world.events(&world.run(BOB, accept()).await);
    let credited = Event::Credited { account: from, amount: 10 };
    let transferred = Event::ModelTransferred { model_id: id, from, to };
    assert_eq!(events, [credited, transferred], "what was earned is the seller's");
    world.run(ALICE, registry.call(id, 1, &[Felt::ONE], 10)).await;
    world.run(CAROL, registry.distribute(id)).await;
    assert_eq!((world.balance(PUBLISHER).await, world.balance(BOB).await), (20, 10));
    world.fails(PUBLISHER, registry.set_terms(id, 0, 0), "not the owner").await;
    world.run(BOB, registry.set_terms(id, 0, 0)).await;
}

async fn lists_have_pages(world: &World) {
    let (registry, chain) = (world.registry, &world.node.chain);
    assert_eq!(registry.models(chain, 0, 50).await.unwrap(), []);
    let calls: Vec<_> = (0..52).map(|_| registry.register(&model(0, 0), &world.rogue())).collect();
    world.node.accounts[PUBLISHER].execute(calls).await.unwrap();
    let ids = |first: u64, count: u32| async move {
        let page = registry.models(chain, first, count).await.unwrap();
        page.iter().map(|model| model.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(0, 3).await, [1, 2, 3]);
    assert_eq!(ids(1, 3).await, [1, 2, 3]);
    assert_eq!(ids(50, 10).await, [50, 51, 52]);
    assert!(ids(53, 10).await.is_empty());
    assert!(ids(1, 0).await.is_empty());
    assert_eq!(ids(1, u32::MAX).await.len(), 50, "a page has 50 at most");
    assert!(ids(u64::MAX, u32::MAX).await.is_empty());
}
