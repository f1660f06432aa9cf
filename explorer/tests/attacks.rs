//! What hostile publishers and clients have tried. Each test does what an attack did; `examples/attacks.rs` measures the
//! same at full strength.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::Router;
use common::events::{published, registered};
use common::{blocks, Emitted, Stub};
use nilometer_explorer::fetch::FetchOptions;
use nilometer_explorer::index::Step;
use nilometer_explorer::{pages, server, App, Options};
use nilometer_starknet::Felt;
use serde_json::Value;
use tower::ServiceExt;

/// A publisher's host: files by name, and how often each was asked for.
#[derive(Clone, Default)]
struct Host {
    files: Arc<Mutex<HashMap<String, Bytes>>>,
    asked: Arc<AtomicUsize>,
}

impl Host {
    async fn start(&self) -> String {
        let serve = |State(host): State<Self>, Path(name): Path<String>| async move {
            host.asked.fetch_add(1, Ordering::SeqCst);
            let file = host.files.lock().unwrap().get(&name).cloned();
            file.map_or(StatusCode::NOT_FOUND.into_response(), IntoResponse::into_response)
        };
        let app = Router::new().route("/{name}", get(serve)).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        url
    }

    fn put(&self, name: &str, bytes: impl Into<Bytes>) -> [u8; 32] {
        let bytes = bytes.into();
        let digest = nilometer_package::sha256(&bytes);
        self.files.lock().unwrap().insert(name.to_owned(), bytes);
        let mut hash = [0; 32];
        hex::decode_to_slice(digest, &mut hash).unwrap();
        hash
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

struct Site {
    router: Router,
    _app: App,
    _stub: Stub,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn start(events: Vec<Emitted>) -> Self {
        let stub = Stub::start(blocks(1, vec![vec![], events])).await;
        let fetch = FetchOptions { allow_http: true, allow_private: true, ipfs_gateway: None };
        let options = Options { fetch, requests_per_second: 100_000, ..Options::default() };
        let folder = tempfile::tempdir().unwrap();
        let app = stub.app_with(folder.path(), options).await;
        let follower = app.follower();
        while follower.step().await.unwrap() != Step::Idle {}
        let router = server::router(&app, pages::router(app.clone()));
        Self { router, _app: app, _stub: stub, _folder: folder }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        (status, String::from_utf8_lossy(&bytes).into_owned())
    }

    async fn description(&self, id: u64) -> Value {
        let (_, text) = self.get(&format!("/api/v1/models/{id}/versions/1/description")).await;
        serde_json::from_str(&text).unwrap()
    }

    /// Asks until the description is no longer pending.
    async fn settled(&self, id: u64) -> Value {
        for _ in 0..600 {
            let view = self.description(id).await;
            if view["state"] != "pending" {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the description of model {id} stays pending");
    }
}

fn model(id: u64, uri: &str, hash: [u8; 32]) -> [Emitted; 2] {
    let name = format!("model_{id}");
    [
        registered(id, 0xa1, &name, "mlp_classifier", "MIT", 10),
        published(id, 1, Felt::from(5u64), uri, hash),
    ]
}

/// 16,000 columns, 30,000 rows of one cell.
fn table_card() -> String {
    let mut card = format!("{}\n{}\n", "|a".repeat(16_000), "|-".repeat(16_000));
    card.push_str(&"|\n".repeat(30_000));
    card
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_card_does_not_slow_the_list_down() {
    let host = Host::default();
    let url = host.start().await;
    let hash = host.put("card", table_card());
    let site = Arc::new(Site::start(model(1, &format!("{url}/card"), hash).to_vec()).await);
    assert_eq!(site.settled(1).await["state"], "card_only");
    // Twice the strength of the attack: 90 views per second, for two seconds.
    let attack = site.clone();
    let attacker = tokio::spawn(async move {
        let mut views = Vec::new();
        for _ in 0..180 {
            let site = attack.clone();
            views.push(tokio::spawn(async move { site.get("/models/1").await }));
            tokio::time::sleep(Duration::from_millis(11)).await;
        }
        for view in views {
            let (status, page) = view.await.unwrap();
            assert_eq!(status, StatusCode::OK);
            assert!(page.len() < 2 << 20, "{} bytes", page.len());
        }
    });
    let mut slowest = Duration::ZERO;
    while !attacker.is_finished() {
        let start = Instant::now();
        assert_eq!(site.get("/").await.0, StatusCode::OK);
        slowest = slowest.max(start.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    attacker.await.unwrap();
    // Milliseconds on an idle machine; half a minute if each view rendered the card.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
}

/// A description that is slow to read: a program of many words that has the wrong hash.
fn heavy(megabytes: usize, mark: usize) -> String {
    let words = "\"0x1\",".repeat(megabytes << 18);
    format!(
        r#"{{"format":"nilometer-description-v1","card":"heavy {mark}","report":null,"schema":null,"graph":null,
        "program":{{"format":"nilometer-program-v1","function":"f","builtins":["output"],"code_offset":0,
        "bytecode":[{words}"0x1"],"hints":[]}}}}"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_description_is_fetched_and_read_once_however_many_ask() {
    let host = Host::default();
    let url = host.start().await;
    let events = (1..=2).flat_map(|id| {
        let name = format!("heavy{id}");
        let hash = host.put(&name, heavy(1, id as usize));
        model(id, &format!("{url}/{name}"), hash)
    });
    let site = Arc::new(Site::start(events.collect()).await);
    let start = Instant::now();
    let asked = (0..40).map(|n| {
        let site = site.clone();
        tokio::spawn(async move { site.get(&format!("/models/{}", n % 2 + 1)).await.0 })
    });
    for answer in asked.collect::<Vec<_>>() {
        assert_eq!(answer.await.unwrap(), StatusCode::OK);
    }
    // A page waits for a second and a half.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    for id in 1..=2 {
        let view = site.settled(id).await;
        assert_eq!(view["state"], "available", "{view}");
        assert_eq!(view["card"], format!("heavy {id}"));
    }
    assert_eq!(host.asked(), 2, "each was fetched once");
}

#[tokio::test]
async fn a_description_that_takes_too_much_memory_is_refused_unread() {
    let host = Host::default();
    let url = host.start().await;
    // Four bytes that become a vector each.
    let hash = host.put("nested", format!("[{}[]]", "[],".repeat(3 << 20)));
    let site = Site::start(model(1, &format!("{url}/nested"), hash).to_vec()).await;
    let view = site.settled(1).await;
    assert_eq!(view["state"], "refused");
    assert!(view["reason"].as_str().unwrap().contains("memory"), "{view}");
    assert_eq!(site.get("/models/1").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_file_is_not_fetched_again_and_again() {
    let host = Host::default();
    let url = host.start().await;
    for name in ["a", "b"] {
        host.put(name, vec![b'x'; 1 << 20]);
    }
    // Two models with one hash and two addresses: a failure of one must not make the other one's forgotten.
    let events = [model(1, &format!("{url}/a"), [9; 32]), model(2, &format!("{url}/b"), [9; 32])];
    let site = Site::start(events.concat()).await;
    for n in 0..20 {
        site.get(&format!("/models/{}", n % 2 + 1)).await;
    }
    assert_eq!(host.asked(), 2);
    for id in [1, 2] {
        let view = site.description(id).await;
        assert_eq!(view["state"], "refused", "{view}");
        assert!(view["reason"].as_str().unwrap().contains("hash differs"), "{view}");
    }
}

#[tokio::test]
async fn many_models_of_one_host_do_not_make_a_cannon_of_the_explorer() {
    let host = Host::default();
    let url = host.start().await;
    let events = (1..=60u64).flat_map(|id| model(id, &format!("{url}/none{id}"), [id as u8; 32]));
    let site = Site::start(events.collect()).await;
    let start = Instant::now();
    for _ in 0..2 {
        for id in 1..=60 {
            site.get(&format!("/models/{id}")).await;
        }
    }
    // Ten at once, and one more every two seconds.
    let most = 12 + start.elapsed().as_secs() as usize / 2;
    assert!((5..=most).contains(&host.asked()), "{} of {most}", host.asked());
}
