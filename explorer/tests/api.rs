//! The server as its visitors see it.

#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use axum::http::{header, Method, Request, StatusCode};
use axum::response::Response;
use axum::Router;
use common::events::{called, claimed, felts, published, registered};
use common::{blocks, schema, Stub};
use nilometer_explorer::index::Step;
use nilometer_explorer::{pages, server, App, Options, MAX_PROOF};
use nilometer_starknet::Felt;
use nilometer_transpiler::graph::DType;
use nilometer_transpiler::schema::{FeatureEncoding, InputRun, OutputSchema, Schema};
use serde_json::{json, Value};
use starknet_types_core::hash::{Poseidon, StarkHash};
use tower::ServiceExt;

struct Site {
    app: App,
    router: Router,
    stub: Stub,
    _folder: tempfile::TempDir,
}

async fn site_with(options: Options, metadata: [u8; 32]) -> Site {
    site_of(options, metadata, "", schema()).await
}

async fn site_of(options: Options, metadata: [u8; 32], uri: &str, schema: Vec<Felt>) -> Site {
    let hash = Poseidon::hash_array(&schema);
    let events = vec![
        vec![],
        vec![
            registered(1, 0xa1, "<script>alert(1)</script>", "mlp_classifier", "MIT", 10),
            published(1, 1, hash, uri, metadata),
        ],
        vec![registered(2, 0xa2, "iris", "tree_classifier", "Apache-2.0", 0)],
        vec![called(1, 0xb, 1, 10, &[4, -2]), claimed(1, 1, 0xd, 100, &[9, 9])],
    ];
    let stub = Stub::start(blocks(1, events)).await;
    stub.set(|chapter| {
        chapter.schema = schema;
        chapter.output = felts(&[3, -8]);
    });
    let folder = tempfile::tempdir().unwrap();
    let app = stub.app_with(folder.path(), options).await;
    let follower = app.follower();
    while follower.step().await.unwrap() != Step::Idle {}
    let router = server::router(&app, pages::router(app.clone()));
    Site { app, router, stub, _folder: folder }
}

async fn site() -> Site {
    site_with(
        Options { requests_per_second: 100_000, uploads_per_minute: 100_000, ..Options::default() },
        [7; 32],
    )
    .await
}

impl Site {
    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        read(response).await
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let headers = [("content-type", "application/json")];
        let response = self.send(Method::POST, path, &headers, body.to_string().into()).await;
        (response.status(), read(response).await)
    }

    async fn verify(&self, proof: Vec<u8>) -> (StatusCode, Value) {
        let path = "/api/v1/models/1/versions/1/verify";
        let response = self.send(Method::POST, path, &[], proof).await;
        (response.status(), read(response).await)
    }
}

async fn read(response: Response) -> Value {
    let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)))
}

#[tokio::test]
async fn lists_are_paged_sorted_filtered_and_searched() {
    let site = site().await;
    let ids = |query: &'static str| {
        let site = &site;
        async move {
            let page = site.json(&format!("/api/v1/models{query}")).await;
            let list = page["items"].as_array().unwrap();
            list.iter().map(|model| model["id"].as_u64().unwrap()).collect::<Vec<_>>()
        }
    };
    assert_eq!(ids("").await, [2, 1]);
    assert_eq!(ids("?sort=oldest").await, [1, 2]);
    assert_eq!(ids("?sort=calls").await, [1, 2]);
    assert_eq!(ids("?sort=price").await, [2, 1]);
    assert_eq!(ids("?per_page=1&page=2").await, [1]);
    assert_eq!(ids("?q=IRIS").await, [2]);
    assert_eq!(ids("?q=iris%20apache").await, [2]);
    assert_eq!(ids("?q=%25").await, [0u64; 0], "wildcards are words");
    assert_eq!(ids("?kind=tree").await, [2]);
    assert_eq!(ids("?kind=mlp_classifier").await, [1]);
    assert_eq!(ids("?licence=MIT").await, [1]);
    assert_eq!(ids("?owner=0x00a2").await, [2]);
    assert_eq!(ids("?price=free").await, [2]);
    assert_eq!(ids("?price=paid").await, [1]);
    assert_eq!(ids("?trust=executed").await, [1]);
    assert_eq!(ids("?trust=claimed").await, [1]);
    assert_eq!(ids("?trust=proved").await, [0u64; 0]);
    assert_eq!(ids("?licence=%27%20OR%201%3D1%20--").await, [0u64; 0]);
    assert_eq!(ids("?page=1000000").await, [0u64; 0], "beyond the last page there is nothing");
}

#[tokio::test]
async fn lists_refuse_what_they_cannot_read() {
    let site = site().await;
    let lists =
        ["models", "claims", "proofs", "models/1/claims", "models/1/proofs", "models/1/calls"];
    for list in lists {
        for query in
            ["page=0", "page=-1", "page=x", "page=1000001", "per_page=0", "per_page=101", "page="]
        {
            let path = format!("/api/v1/{list}?{query}");
            let response = site.get(&path).await;
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{path}");
            assert_eq!(read(response).await["error"], "bad_request", "{path}");
        }
        let empty = site.json(&format!("/api/v1/{list}?page=1000000&per_page=100")).await;
        assert_eq!((&empty["items"], &empty["page"]), (&json!([]), &json!(1_000_000)), "{list}");
    }
    let long = format!("q={}", "x".repeat(201));
    let words = "q=a+b+c+d+e+f+g+h+i";
    for query in
        ["q=%00%ff", "q=%00", "q=%ff", "q=iris%00", &long, words, "sort=x", "trust=x", "price=1"]
    {
        let response = site.get(&format!("/api/v1/models?{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
    }
    // A page takes what it can read, and a search that cannot be read finds nothing.
    for query in ["q=%00%ff", "q=%00", words, &long] {
        let page = read(site.get(&format!("/?{query}")).await).await;
        assert!(page.as_str().unwrap().contains("0 models"), "{query}");
    }
    assert_eq!(site.get("/?page=0&per_page=x&sort=x").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_error_of_the_api_is_json() {
    let site = site().await;
    let json_type = [("content-type", "application/json")];
    let predict = "/api/v1/models/1/versions/1/predict";
    type Case<'a> = (Method, &'a str, &'a [(&'a str, &'a str)], &'a str, u16, &'a str);
    let cases: [Case<'_>; 9] = [
        (Method::DELETE, "/api/v1/models", &[], "", 405, "method_not_allowed"),
        (Method::GET, predict, &[], "", 405, "method_not_allowed"),
        (Method::POST, predict, &[], "{}", 415, "unsupported_type"),
        (Method::POST, predict, &json_type, "{", 400, "bad_request"),
        (Method::POST, predict, &json_type, "{\"input\": [1e999, 1]}", 400, "bad_request"),
        (Method::GET, "/api/v1/models/%ff", &[], "", 400, "bad_request"),
        (Method::GET, "/api/v1/claims?status=x", &[], "", 400, "bad_request"),
        (Method::GET, "/api/v1/accounts/x", &[], "", 400, "bad_request"),
        (Method::GET, "/api/v2/models", &[], "", 404, "not_found"),
    ];
    for (method, path, headers, body, status, word) in cases {
        let what = format!("{method} {path}");
        let response = site.send(method, path, headers, body.into()).await;
        assert_eq!(response.status().as_u16(), status, "{what}");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json", "{what}");
        assert_eq!(read(response).await["error"], word, "{what}");
    }
}

#[tokio::test]
async fn numbers_that_the_model_cannot_hold_are_refused() {
    // A row of a tree model: any float32.
    let run = |dtype, lo, hi| InputRun {
        count: 1,
        encoding: FeatureEncoding::Ordered { dtype, missing: false },
        lo,
        hi,
    };
    let output = OutputSchema {
        name: "label".to_owned(),
        len: 1,
        scale_log2: 0,
        is_label: false,
        classes: None,
    };
    // Between the keys of the infinities.
    let schema = Schema {
        inputs: vec![run(DType::F32, 0x007f_ffff, 0xff80_0000)],
        features: vec![],
        outputs: vec![output],
    };
    let site = site_of(
        Options { uploads_per_minute: 1_000, ..Options::default() },
        [7; 32],
        "",
        schema.to_felts(),
    )
    .await;
    site.stub.set(|chapter| chapter.output = felts(&[1]));
    let path = "/api/v1/models/1/versions/1/predict";
    let (status, answer) = site.post(path, json!({ "input": [3.0e38] })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    for huge in [1e308, -1e308, 3.5e38] {
        let (status, answer) = site.post(path, json!({ "input": [huge] })).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{huge}: {answer}");
        assert!(
            answer["message"].as_str().unwrap().contains("too large for a float32"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn named_proxies_say_who_asks() {
    let networks = vec!["127.0.0.1/32".parse().unwrap()];
    let options = Options {
        requests_per_second: 1,
        proxies: server::Proxies::new(networks),
        ..Options::default()
    };
    let site = site_with(options, [7; 32]).await;
    let ask = |peer: &'static str, forwarded: String| {
        let router = site.router.clone();
        async move {
            let mut request =
                Request::builder().uri("/healthz").header("x-forwarded-for", forwarded);
            let peer: std::net::SocketAddr = peer.parse().unwrap();
            request = request.extension(axum::extract::ConnectInfo(peer));
            router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
        }
    };
    for n in 0..20 {
        assert_eq!(ask("127.0.0.1:9", format!("198.51.100.{n}")).await, StatusCode::OK, "{n}");
    }
    let mut refused = 0;
    for n in 0..20 {
        let status = ask("203.0.113.9:9", format!("198.51.100.{n}")).await;
        refused += usize::from(status == StatusCode::TOO_MANY_REQUESTS);
    }
    assert!(refused >= 14, "a client that is not a named proxy counts as itself: {refused}");
}

#[tokio::test]
async fn a_restarted_chain_is_said_and_the_last_state_stays() {
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let site = site_with(options, [7; 32]).await;
    let _tasks = site.app.start();
    site.stub.set(|chapter| {
        chapter.blocks = blocks(9, vec![vec![], vec![]]);
        chapter.has_registry = false;
    });
    for _ in 0..200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let status = site.json("/api/v1/status").await;
        if status["trouble"]["kind"] == "restarted" {
            assert_eq!(status["totals"]["models"], 2);
            let page = read(site.get("/").await).await;
            let page = page.as_str().unwrap();
            assert!(page.contains("chain was restarted"), "{page}");
            assert!(!page.contains("unreachable") && page.contains("2 models"), "{page}");
            return;
        }
    }
    panic!("it was never said: {}", site.json("/api/v1/status").await);
}

#[tokio::test]
async fn every_route_answers_and_every_answer_is_safe() {
    let site = site().await;
    let paths = [
        "/healthz",
        "/",
        "/about",
        "/claims",
        "/claims/1",
        "/models/1",
        "/models/1/versions",
        "/models/1/versions/1",
        "/models/1/try",
        "/models/1/proofs",
        "/models/1/disputes",
        "/models/1/usage",
        "/models/1/contract",
        "/models/1/use",
        "/api/v1/status",
        "/api/v1/models",
        "/api/v1/facets",
        "/api/v1/models/1",
        "/api/v1/models/1/versions",
        "/api/v1/models/1/versions/1",
        "/api/v1/models/1/versions/1/description",
        "/api/v1/models/1/versions/1/schema",
        "/api/v1/models/1/versions/1/contract",
        "/api/v1/models/1/claims",
        "/api/v1/models/1/proofs",
        "/api/v1/models/1/calls",
        "/api/v1/models/1/usage",
        "/api/v1/claims",
        "/api/v1/claims/1",
        "/api/v1/proofs",
        "/api/v1/accounts/0xa1",
        "/accounts/0xa1",
        "/api/v1/openapi.json",
    ];
    let missing = [
        "/nothing",
        "/models/9",
        "/models/x",
        "/claims/9",
        "/models/1/versions/9",
        "/api/v1/nothing",
        "/api/v1/models/9",
        "/api/v1/models/-1",
        "/api/v1/models/18446744073709551615",
        "/api/v1/claims/x",
        "/api/v1/models/1/versions/4294967296",
        "/assets/../../etc/passwd",
        "/accounts/x",
    ];
    let all = paths.iter().map(|path| (path, true)).chain(missing.iter().map(|path| (path, false)));
    for (path, is_there) in all {
        let response = site.get(path).await;
        let expected = if is_there { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(response.status(), expected, "{path}");
        let headers = response.headers().clone();
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{path}");
        assert!(headers.contains_key(header::CACHE_CONTROL) || !is_there, "{path}");
        let body = read(response).await;
        if !path.starts_with("/api") {
            assert!(!body.to_string().contains("<script>alert"), "{path}");
        } else if !is_there {
            assert_eq!(body["error"], "not_found", "{path}");
        }
    }
}

#[tokio::test]
async fn the_document_describes_exactly_the_routes() {
    let site = site().await;
    let document = site.json("/api/v1/openapi.json").await;
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.insert(format!("{method} {path}"));
        }
    }
    // The routes, as the router's source names them.
    let source = include_str!("../src/server/api.rs")
        .replace("&format!(\"{version}", "\"/models/{id}/versions/{version}");
    let source = source.replace("route(version,", "route(\"/models/{id}/versions/{version}\",");
    let mut routed = BTreeSet::new();
    for part in source.split(".route(").skip(1) {
        let path = part.split('"').nth(1).unwrap();
        let rest = &part[part.find(path).unwrap() + path.len()..];
        let is_post =
            rest.find("post(").unwrap_or(usize::MAX) < rest.find("get(").unwrap_or(usize::MAX);
        routed.insert(format!("{} /api/v1{path}", if is_post { "post" } else { "get" }));
    }
    // The document does not describe itself.
    assert!(routed.remove("get /api/v1/openapi.json"));
    assert_eq!(documented, routed);
    assert!(routed.len() > 15, "{routed:?}");
    for entry in &documented {
        let (method, path) = entry.split_once(' ').unwrap();
        let path = path.replace("{id}", "1").replace("{version}", "1");
        let method: Method = method.to_uppercase().parse().unwrap();
        let response = site.send(method, &path, &[], Vec::new()).await;
        assert_ne!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{entry}");
        let body = read(response).await;
        assert_ne!(body["message"], "there is no such path in the API", "{entry}");
    }
    assert!(document["components"]["schemas"]["Verification"]["properties"]["valid"].is_object());
}

#[tokio::test]
async fn rows_are_asked_about_in_natural_units() {
    let site = site().await;
    let path = "/api/v1/models/1/versions/1/predict";
    let (status, answer) = site.post(path, json!({ "input": [1.5, -2] })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(answer["input_int"], json!(["6", "-8"]));
    assert_eq!(answer["outputs"][0]["values"], json!([1.5, -4.0]));
    assert_eq!(answer["outputs"][0]["integers"], json!(["3", "-8"]));
    assert_eq!(answer["label"], "0");
    for bad in [
        json!({ "input": [1] }),
        json!({ "input": [1, 99] }),
        json!({ "input": [1, null] }),
        json!([]),
        json!({ "input": "x" }),
    ] {
        let (status, answer) = site.post(path, bad.clone()).await;
        assert_eq!(
            (status, &answer["error"]),
            (StatusCode::BAD_REQUEST, &json!("bad_request")),
            "{bad}"
        );
    }
    let (status, answer) = site.post(path, json!({ "input": vec![1; 60_000] })).await;
    assert_eq!((status, &answer["error"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
    site.stub.set(|chapter| chapter.dead = true);
    let (status, answer) = site.post(path, json!({ "input": [1, 2] })).await;
    assert_eq!((status, &answer["error"]), (StatusCode::BAD_GATEWAY, &json!("node")));
    assert!(answer["message"].as_str().unwrap().contains("no Starknet node answers"), "{answer}");
}

#[tokio::test]
async fn a_contract_with_another_schema_is_not_used() {
    let site = site().await;
    site.stub.set(|chapter| chapter.schema.push(Felt::ONE));
    let (status, answer) =
        site.post("/api/v1/models/1/versions/1/predict", json!({ "input": [1, 2] })).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(answer["message"].as_str().unwrap().contains("another hash"), "{answer}");
}

#[tokio::test]
async fn proofs_need_the_program_and_have_a_limit() {
    let site = site().await;
    let (status, answer) = site.verify(b"garbage".to_vec()).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "without its description, nothing can be checked");
    assert!(answer["message"].as_str().unwrap().contains("description"), "{answer}");
    let (status, answer) = site.verify(vec![0; MAX_PROOF + 1]).await;
    assert_eq!((status, &answer["error"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
}

#[tokio::test]
async fn tags_change_with_what_is_shown() {
    let site = site().await;
    for path in ["/", "/api/v1/models", "/api/v1/models/1", "/models/1/usage"] {
        // A first visit may let the index learn a schema.
        site.get(path).await;
        let tag = site.get(path).await.headers()[header::ETAG].to_str().unwrap().to_owned();
        let same = site.send(Method::GET, path, &[("if-none-match", &tag)], Vec::new()).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(same.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        let other = site.send(Method::GET, path, &[("if-none-match", "W/\"x\"")], Vec::new()).await;
        assert_eq!(other.status(), StatusCode::OK, "{path}");
        // The comparison is weak.
        let strong = tag.trim_start_matches("W/");
        let same = site.send(Method::GET, path, &[("if-none-match", strong)], Vec::new()).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "{path}");
        // A page that does not exist has not stayed the same.
        for missing in
            ["/api/v1/models/99", "/api/v1/nothing", "/models/99/usage", "/api/v1/models?page=x"]
        {
            for tag in [&tag, "*"] {
                let headers = [("if-none-match", tag)];
                let answer = site.send(Method::GET, missing, &headers, Vec::new()).await;
                assert!(answer.status().is_client_error(), "{missing}");
            }
        }
    }
    let before = site.app.tag();
    site.stub.set(|chapter| {
        let mut block = chapter.blocks[3].clone();
        (block.hash, block.events) = (77, vec![called(1, 0xb, 2, 10, &[4, -2])]);
        chapter.blocks.push(block);
    });
    assert_eq!(site.app.follower().step().await.unwrap(), Step::Forward);
    assert_ne!(site.app.tag(), before);
    assert!(!site.get("/claims").await.headers().contains_key(header::ETAG), "deadlines pass");
}

#[tokio::test]
async fn those_who_ask_too_much_wait() {
    let options = Options { requests_per_second: 5, uploads_per_minute: 3, ..Options::default() };
    let site = site_with(options, [7; 32]).await;
    let mut refused = 0;
    for _ in 0..40 {
        let response = site.get("/healthz").await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(response.headers().contains_key(header::RETRY_AFTER));
            refused += 1;
        }
    }
    assert!((10..=20).contains(&refused), "{refused}");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(site.verify(Vec::new()).await.0);
    }
    assert_eq!(statuses[3], StatusCode::TOO_MANY_REQUESTS, "{statuses:?}");
    assert_ne!(statuses[2], StatusCode::TOO_MANY_REQUESTS, "{statuses:?}");
}

#[tokio::test]
async fn descriptions_come_from_folders_and_only_with_the_right_hash() {
    let card = b"# The card\n\nof the model";
    let digest = nilometer_package::sha256(card);
    let mut hash = [0; 32];
    hex::decode_to_slice(&digest, &mut hash).unwrap();
    let packages = tempfile::tempdir().unwrap();
    let options = Options {
        packages: vec![packages.path().to_owned()],
        poll: Duration::from_millis(20),
        ..Options::default()
    };
    let site = site_with(options, hash).await;
    let path = "/api/v1/models/1/versions/1/description";
    assert_eq!(site.json(path).await["state"], "missing");
    let folder = packages.path().join("model");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("README.md"), b"# Another card").unwrap();
    let _tasks = site.app.start();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(site.json(path).await["state"], "missing");
    std::fs::write(folder.join("README.md"), card).unwrap();
    site.stub.set(|chapter| {
        let mut block = chapter.blocks[3].clone();
        (block.hash, block.events) = (78, vec![called(1, 0xb, 2, 10, &[4, -2])]);
        chapter.blocks.push(block);
    });
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let description = site.json(path).await;
        if description["state"] == "card_only" {
            assert_eq!(description["card"], "# The card\n\nof the model");
            assert_eq!(description["checks"][0]["passed"], true);
            return;
        }
    }
    panic!("the card never came");
}

#[tokio::test]
async fn results_are_read_by_the_schema_that_the_contract_has() {
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let site = site_with(options, [7; 32]).await;
    let plain = site.json("/api/v1/models/1/calls").await;
    assert_eq!(plain["items"][0]["outputs"][0]["integers"], json!(["4", "-2"]));
    assert_eq!(plain["items"][0]["outputs"][0]["values"], json!([]));
    let _tasks = site.app.start();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let calls = site.json("/api/v1/models/1/calls").await;
        let output = &calls["items"][0]["outputs"][0];
        if output["name"] == "scores" {
            assert_eq!(output["values"], json!([2.0, -1.0]));
            return;
        }
    }
    panic!("the schema was never asked for");
}
