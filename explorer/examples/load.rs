//! How long the list page takes under load: `cargo run --release -p nilometer-explorer --example load`.
//!
//! A thousand made-up models, requests at a fixed rate however long answers take (an open loop), and the slowest
//! hundredth. Server and visitors share the machine. Fails beyond the bound.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/common/events.rs"]
#[allow(dead_code)]
mod events;

use std::time::{Duration, Instant};

use nilometer_explorer::store::{Block, Identity, Incoming, RawEvent, Store};
use nilometer_explorer::{pages, server, App, Options};
use nilometer_starknet::{Chain, Felt};
use tokio::time::{interval, MissedTickBehavior};

const MODELS: u64 = 1_000;
const REQUESTS_PER_SECOND: u64 = 200;
const SECONDS: u64 = 20;
const BOUND: Duration = Duration::from_millis(100);

fn index(folder: &std::path::Path) -> Store {
    let identity = Identity { chain: "SN_TEST".to_owned(), registry: Felt::ONE };
    let store = Store::open(&folder.join("index.sqlite"), &identity).unwrap();
    let kinds = ["mlp_classifier", "tree_classifier", "linear_regressor", "tree_regressor"];
    let mut incoming = Incoming::default();
    let mut call_id = 0;
    for id in 1..=MODELS {
        incoming.blocks.push(Block {
            number: id,
            hash: format!("{id:#x}"),
            time: 1_700_000_000 + id * 600,
        });
        let kind = kinds[id as usize % kinds.len()];
        let name = format!("model_{id}_of_many");
        let mut emitted = vec![
            events::registered(
                id,
                id % 97,
                &name,
                kind,
                "MIT",
                u128::from(id % 3) * 10_u128.pow(16),
            ),
            events::published(
                id,
                1,
                Felt::from(5u64),
                "https://example.com/description.json",
                [7; 32],
            ),
        ];
        for _ in 0..id % 23 {
            call_id += 1;
            emitted.push(events::called(id, call_id % 31, call_id, 10_u128.pow(16), &[1, 2, 3]));
        }
        emitted.push(events::claimed(id, id, 0xd, 100, &[9]));
        emitted.push(events::proof_recorded(id, id, 0xf));
        let at = |event: events::Emitted| RawEvent {
            block: id,
            tx_hash: Felt::from(id),
            keys: event.keys,
            data: event.data,
        };
        incoming.events.extend(emitted.into_iter().map(at));
    }
    let start = Instant::now();
    store.advance(None, &incoming).unwrap();
    println!("{} events indexed in {:.2?}", incoming.events.len(), start.elapsed());
    store
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let folder = tempfile::tempdir().unwrap();
    let store = index(folder.path());
    let chain = Chain::assume("http://127.0.0.1:9", Felt::from_bytes_be_slice(b"SN_TEST")).unwrap();
    let options = Options { requests_per_second: 1_000_000, ..Options::default() };
    let app = App::new(chain, Felt::ONE, store, options);
    let router = server::router(&app, pages::router(app.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(server::serve(
        listener,
        router,
        server::Proxies::default(),
        std::future::pending(),
    ));

    // As browsers ask: different pages, orders, searches; compressed; never from a cache.
    let queries = [
        "",
        "?page=2",
        "?page=17",
        "?sort=name",
        "?sort=revenue",
        "?sort=calls&page=3",
        "?q=many",
        "?q=model_77",
        "?kind=tree&price=paid",
        "?trust=executed&sort=active",
        "?licence=MIT&per_page=100",
    ];
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut tick = interval(Duration::from_nanos(1_000_000_000 / REQUESTS_PER_SECOND));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut requests = Vec::new();
    for number in 0..REQUESTS_PER_SECOND * SECONDS {
        let due = tick.tick().await;
        let query = queries[number as usize % queries.len()];
        let request = client.get(format!("{url}/{query}")).header("accept-encoding", "gzip");
        requests.push(tokio::spawn(async move {
            let response = request.send().await.unwrap();
            let is_ok = response.status() == 200;
            let length = response.bytes().await.unwrap().len();
            // From when it was due, so that a server that stalls does not slow its clock.
            (is_ok, length, due.elapsed())
        }));
    }
    let (mut times, mut bytes, mut failures) = (Vec::new(), 0, 0);
    for request in requests {
        let (is_ok, length, time) = request.await.unwrap();
        times.push(time);
        bytes += length;
        failures += u64::from(!is_ok);
    }
    times.sort_unstable();
    let share = |hundredths: usize| times[(times.len() - 1) * hundredths / 100];
    println!(
        "{} requests at {REQUESTS_PER_SECOND} per second, {MODELS} models: p50 {:.2?}, p90 {:.2?}, p99 {:.2?}, slowest {:.2?}; {} bytes per page, {failures} failures",
        times.len(), share(50), share(90), share(99), share(100), bytes / times.len()
    );
    assert_eq!(failures, 0, "every request is answered");
    assert!(share(99) <= BOUND, "the slowest hundredth takes longer than {BOUND:?}");
}
