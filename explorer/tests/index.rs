//! The index against a node whose answers a test chooses.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::time::Duration;

use common::events::{
    called, claim_input, claimed, credited, finalized, proof_recorded, published, published_as,
    refuted, registered, terms_changed, withdrawn,
};
use common::{blocks, Emitted, Stub};
use nilometer_explorer::index::{IndexError, Step};
use nilometer_explorer::store::KeptCheck;
use nilometer_explorer::view::{ClaimStatus, ListQuery, Trust};
use nilometer_explorer::App;
use nilometer_starknet::Felt;

fn publish(id: u64, name: &str) -> Vec<Emitted> {
    vec![
        registered(id, 0xa1, name, "mlp_classifier", "MIT", 10),
        published(id, 1, Felt::from(5u64), "", [7; 32]),
    ]
}

/// A registry with a life.
fn life() -> Vec<Vec<Emitted>> {
    vec![
        vec![],
        publish(1, "iris"),
        vec![called(1, 0xb, 1, 10, &[1, -2]), called(1, 0xc, 2, 10, &[3])],
        publish(2, "digits"),
        vec![claimed(1, 1, 0xd, 100, &[9]), claim_input(1, 0, &[4, 5]), claim_input(1, 2, &[6])],
        vec![refuted(1, 0xe, 80, 20)],
        vec![claimed(2, 1, 0xd, 100, &[9]), proof_recorded(1, 1, 0xf)],
        vec![finalized(2), terms_changed(2, 99)],
    ]
}

async fn follow(app: &App) -> Vec<Step> {
    let follower = app.follower();
    let mut steps = Vec::new();
    loop {
        steps.push(follower.step().await.unwrap());
        if steps.last() == Some(&Step::Idle) {
            return steps;
        }
    }
}

/// Everything that the index shows, for comparison.
fn shown(app: &App) -> String {
    let store = app.store();
    let query = ListQuery { deprecated: "yes".to_owned(), ..ListQuery::default() };
    let mut progress = store.progress().unwrap();
    (progress.revision, progress.rollbacks) = (0, 0);
    let models = store.models(&query).unwrap();
    let details: Vec<_> = (1..=4).map(|id| store.model(id).unwrap()).collect();
    let claims: Vec<_> = (1..=4).map(|id| store.claim(id).unwrap()).collect();
    let proofs = store.proofs(None, 1, 100).unwrap();
    let calls: Vec<_> = (1..=4).map(|id| store.calls(id, 1, 100).unwrap()).collect();
    let usage: Vec<_> = (1..=4).map(|id| store.usage(id).unwrap()).collect();
    format!("{progress:#?}{models:#?}{details:#?}{claims:#?}{proofs:#?}{calls:#?}{usage:#?}")
}

async fn fresh(stub: &Stub) -> String {
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    shown(&app)
}

#[tokio::test]
async fn events_become_models_calls_claims_and_proofs() {
    let stub = Stub::start(blocks(1, life())).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    assert_eq!(follow(&app).await, [Step::Forward, Step::Idle]);
    let store = app.store();
    let model = store.model(1).unwrap().unwrap();
    assert_eq!(model.summary.name, "iris");
    assert_eq!((model.summary.family.as_str(), model.summary.task.as_str()), ("mlp", "classifier"));
    assert_eq!((model.summary.activity.calls, model.summary.revenue.0), (2, 20));
    assert_eq!(model.summary.activity.of(Trust::Executed), 3);
    assert_eq!(model.summary.activity.of(Trust::Claimed), 2);
    assert_eq!(model.summary.activity.of(Trust::Proved), 0);
    assert_eq!(store.model(2).unwrap().unwrap().summary.price.0, 99);
    let claim = store.claim(1).unwrap().unwrap();
    assert_eq!((claim.status, claim.trust), (ClaimStatus::Refuted, Trust::Executed));
    assert_eq!(claim.input_int, ["4", "5", "6"]);
    assert_eq!((claim.reward.0, claim.burnt.0), (80, 20));
    let names: Vec<_> = claim.events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["Claimed", "Refuted"]);
    let claim = store.claim(2).unwrap().unwrap();
    assert_eq!((claim.status, claim.trust), (ClaimStatus::Final, Trust::Claimed));
    assert_eq!(store.proofs(Some(1), 1, 10).unwrap().items[0].trust, Trust::Claimed);
    let usage = store.usage(1).unwrap();
    assert_eq!((usage.calls, usage.revenue.0, usage.callers), (2, 20, 2));
    assert_eq!(usage.points.iter().map(|point| point.calls).sum::<u64>(), 2);
}

#[tokio::test]
async fn an_index_that_was_killed_goes_on_where_it_stopped() {
    let all = blocks(1, life());
    let stub = Stub::start(all.clone()).await;
    let whole = fresh(&stub).await;
    // Dropped after every single block, and opened again.
    let folder = tempfile::tempdir().unwrap();
    for length in 1..=all.len() {
        stub.set(|chapter| chapter.blocks = all[..length].to_vec());
        let app = stub.app(folder.path()).await;
        follow(&app).await;
        assert_eq!(app.store().cursor().unwrap().unwrap().number, length as u64 - 1);
    }
    assert_eq!(shown(&stub.app(folder.path()).await), whole);
}

#[tokio::test]
async fn a_transaction_that_was_not_committed_leaves_nothing() {
    let stub = Stub::start(blocks(1, life())).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    let whole = shown(&app);
    // As if the process had died in the middle: another connection writes and never commits.
    let copy = tempfile::tempdir().unwrap();
    let writer = rusqlite::Connection::open(folder.path().join("index.sqlite")).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM models; DELETE FROM events;").unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap().flatten() {
        // SQLite rebuilds the shared memory from the log.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    let revived = stub.app(copy.path()).await;
    follow(&revived).await;
    assert_eq!(shown(&revived), whole);
}

#[tokio::test]
async fn a_reorganised_chain_is_followed() {
    let before = blocks(1, life());
    let stub = Stub::start(before.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    for common in (0..before.len()).rev() {
        // From block `common` on, another chain.
        let mut events = life();
        events.truncate(common);
        events.push(publish(3, "another"));
        events.extend([vec![called(3, 0xb, 1, 5, &[1])], vec![]]);
        let mut after = blocks(2 + common as u64, events);
        after[..common].clone_from_slice(&before[..common]);
        stub.set(|chapter| chapter.blocks = after);
        let steps = follow(&app).await;
        assert!(steps.contains(&Step::Back), "{common}: {steps:?}");
        assert_eq!(shown(&app), fresh(&stub).await, "{common}");
        // And back again.
        stub.set(|chapter| chapter.blocks.clone_from(&before));
        follow(&app).await;
        assert_eq!(shown(&app), fresh(&stub).await, "{common}");
    }
}

#[tokio::test]
async fn a_restarted_chain_is_a_new_one() {
    let stub = Stub::start(blocks(1, life())).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    stub.set(|chapter| {
        chapter.blocks = blocks(9, vec![vec![], vec![]]);
        chapter.has_registry = false;
    });
    let error = app.follower().step().await.unwrap_err();
    assert!(matches!(error, IndexError::Restarted { .. }), "{error}");
    assert_eq!(app.store().progress().unwrap().totals.models, 2, "what was known stays");
    stub.set(|chapter| {
        chapter.blocks = blocks(9, vec![vec![], vec![], publish(1, "again")]);
        chapter.has_registry = true;
    });
    assert_eq!(follow(&app).await, [Step::Back, Step::Forward, Step::Idle]);
    assert_eq!(app.store().model(1).unwrap().unwrap().summary.name, "again");
    assert_eq!(app.store().progress().unwrap().rollbacks, 1);
}

#[tokio::test]
async fn a_node_that_lags_takes_nothing_back() {
    let all = blocks(1, life());
    let stub = Stub::start(all.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    let whole = shown(&app);
    stub.set(|chapter| chapter.blocks.truncate(5));
    assert_eq!(follow(&app).await, [Step::Idle]);
    assert_eq!(shown(&app), whole);
}

#[tokio::test]
async fn a_chain_that_changes_while_it_is_read_is_read_again() {
    let one = blocks(1, life());
    let mut events = life();
    events.truncate(3);
    events.extend([vec![], publish(3, "another"), vec![]]);
    let mut other = blocks(2, events);
    other[..3].clone_from_slice(&one[..3]);
    for after in 1..40 {
        let stub = Stub::start(one[..5].to_vec()).await;
        let folder = tempfile::tempdir().unwrap();
        let app = stub.app(folder.path()).await;
        follow(&app).await;
        stub.set(|chapter| {
            chapter.blocks.clone_from(&one);
            chapter.swap_after = Some((chapter.requests + after, other.clone()));
        });
        // The chain changes after each possible request; the index must end as if it had never seen the first chain.
        for _ in 0..20 {
            match app.follower().step().await {
                Ok(_) | Err(IndexError::Changing { .. }) => {}
                Err(error) => panic!("{after}: {error}"),
            }
        }
        stub.set(|chapter| {
            chapter.blocks.clone_from(&other);
            chapter.swap_after = None;
        });
        follow(&app).await;
        assert_eq!(shown(&app), fresh(&stub).await, "{after}");
    }
}

#[tokio::test]
async fn a_dead_node_is_told_and_waited_for() {
    let stub = Stub::start(blocks(1, life())).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    stub.set(|chapter| chapter.dead = true);
    let _tasks = app.start();
    let trouble = until(&app, |status| status.trouble.is_some()).await;
    assert!(!trouble.is_live());
    assert_eq!(trouble.totals.models, 2, "what was known is still shown");
    stub.set(|chapter| chapter.dead = false);
    let status = until(&app, |status| status.trouble.is_none()).await;
    assert!(status.is_live());
    // Another network at the same address is not followed.
    stub.set(|chapter| chapter.dead = true);
    until(&app, |status| status.trouble.is_some()).await;
    stub.set(|chapter| {
        chapter.dead = false;
        chapter.chain_id = "0x123".to_owned();
        chapter.blocks = blocks(9, vec![vec![]]);
    });
    let is_other = |status: &nilometer_explorer::view::Status| {
        status.trouble.as_ref().is_some_and(|trouble| trouble.reason.contains("network"))
    };
    assert_eq!(until(&app, is_other).await.totals.models, 2);
}

async fn until(
    app: &App,
    is_so: impl Fn(&nilometer_explorer::view::Status) -> bool,
) -> nilometer_explorer::view::Status {
    for _ in 0..500 {
        let status = app.status().await.unwrap();
        if is_so(&status) {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it never is: {:?}", app.status().await);
}

#[tokio::test]
async fn malformed_events_are_counted_and_skipped() {
    let mut events = life();
    let mut cut = called(1, 0xb, 3, 10, &[1]);
    cut.data.truncate(2);
    let mut lies = called(1, 0xb, 4, 10, &[1]);
    lies.data[4] = Felt::from(1_000_000u64);
    let nobody = called(77, 0xb, 5, 10, &[1]);
    let twice = registered(1, 0xa2, "twice", "x", "y", 0);
    let mut huge = finalized(2);
    huge.keys[1] = Felt::from(u64::MAX);
    let unknown = Emitted { keys: vec![Felt::from(1u64)], data: vec![] };
    let empty = Emitted { keys: vec![], data: vec![] };
    events.push(vec![cut, lies, nobody, twice, huge, unknown, empty]);
    let stub = Stub::start(blocks(1, events)).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    let progress = app.store().progress().unwrap();
    assert_eq!(progress.unreadable, 5);
    assert_eq!((progress.totals.calls, progress.totals.models), (2, 2));
    assert_eq!(app.store().model(1).unwrap().unwrap().summary.name, "iris");
}

#[tokio::test]
async fn long_ranges_are_halved_for_nodes_that_refuse_them() {
    let stub = Stub::start(blocks(1, life())).await;
    let whole = fresh(&stub).await;
    stub.set(|chapter| chapter.max_range = 2);
    assert_eq!(fresh(&stub).await, whole);
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let stub = Stub::start(blocks(1, life())).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    stub.set(|chapter| chapter.padding = (64 << 20) + 1);
    let error = app.follower().step().await.unwrap_err();
    assert!(error.to_string().contains("more than"), "{error}");
}

#[tokio::test]
async fn an_index_of_another_registry_is_not_used() {
    let stub = Stub::start(blocks(1, life())).await;
    let folder = tempfile::tempdir().unwrap();
    follow(&stub.app(folder.path()).await).await;
    let identity = nilometer_explorer::store::Identity {
        chain: "SN_OTHER".to_owned(),
        registry: Felt::from(common::REGISTRY),
    };
    let path = folder.path().join("index.sqlite");
    let store = nilometer_explorer::store::Store::open(&path, &identity).unwrap();
    assert_eq!(store.progress().unwrap().totals.models, 0);
}

#[tokio::test]
async fn reindexing_gives_the_same() {
    let stub = Stub::start(blocks(1, life())).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    let whole = shown(&app);
    app.store().reset().unwrap();
    assert_ne!(shown(&app), whole);
    follow(&app).await;
    assert_eq!(shown(&app), whole);
}

#[tokio::test]
async fn a_clone_does_not_inherit_proofs() {
    let events = vec![
        vec![registered(1, 0xa1, "honest", "mlp", "MIT", 1), published_as(1, 1, 0x77, "", [7; 32])],
        // The same program hash, stated by somebody else; and the honest model's own second version.
        vec![registered(2, 0xa2, "clone", "mlp", "MIT", 1), published_as(2, 1, 0x77, "", [7; 32])],
        vec![
            published_as(1, 2, 0x78, "", [7; 32]),
            proof_recorded(1, 1, 0xf),
            proof_recorded(2, 2, 0xf),
        ],
    ];
    let stub = Stub::start(blocks(1, events)).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    let store = app.store();
    // The hash and the row of the records.
    let recorded = store.proofs(Some(1), 1, 1).unwrap().items.remove(0);
    let check = KeptCheck {
        model_id: 1,
        version: 1,
        program_hash: "0x77",
        input_hash: &recorded.input_hash,
        output_hash: &recorded.output_hash,
        proven_bits: 100,
        tied: false,
    };
    let proved = |id| store.model(id).unwrap().unwrap().summary.activity.of(Trust::Proved);
    let proofs_of = |id| store.proofs(Some(id), 1, 10).unwrap().items[0].trust;
    let listed = || {
        let query = ListQuery { trust: "proved".to_owned(), ..ListQuery::default() };
        store.models(&query).unwrap().items.iter().map(|model| model.id).collect::<Vec<_>>()
    };
    store.keep_check(&check).unwrap();
    assert_eq!((proved(1), listed()), (0, vec![]), "the contract was not asked");
    store.keep_check(&KeptCheck { tied: true, ..check }).unwrap();
    assert_eq!((proved(1), proved(2), listed()), (1, 0, vec![1]));
    assert_eq!((proofs_of(1), proofs_of(2)), (Trust::Proved, Trust::Claimed));
    store.keep_check(&KeptCheck { tied: false, ..check }).unwrap();
    assert_eq!(proved(1), 1, "a later check without an answer of the node takes nothing away");
    // Another file that proves the same run, with more bits.
    store.keep_check(&KeptCheck { tied: true, proven_bits: 110, ..check }).unwrap();
    assert_eq!(proved(1), 1, "a run that was proved twice counts once");
    let records = store.proofs(Some(1), 1, 10).unwrap().items;
    assert_eq!(records.len(), 1, "a record is shown once");
    assert_eq!(records[0].checked.as_ref().unwrap().proven_bits, 110);
    // A version whose program is another one has no proofs by this check.
    store.keep_check(&KeptCheck { version: 2, tied: true, ..check }).unwrap();
    assert_eq!(proved(1), 1);
}

#[tokio::test]
async fn credits_and_withdrawals_are_shown() {
    let mut events = life();
    events.push(vec![
        credited(0xa1, 100),
        credited(0xa1, 20),
        withdrawn(0xa1, 100),
        credited(0xe, 80),
    ]);
    let stub = Stub::start(blocks(1, events)).await;
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app(folder.path()).await;
    follow(&app).await;
    let account = app.store().account("0xa1", 1, 2).unwrap();
    assert_eq!((account.credited.0, account.withdrawn.0, account.balance.0), (120, 100, 20));
    assert_eq!((account.models, account.credits.total, account.credits.items.len()), (2, 3, 2));
    assert!(account.credits.items[0].withdrawn && account.credits.items[0].at > 1_700_000_000);
    assert_eq!(app.store().account("0x1", 1, 2).unwrap().credits.total, 0);
}
