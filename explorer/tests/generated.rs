//! Requests that schemathesis generates from the OpenAPI document: no server errors, and nothing undocumented.
//! `scripts/schemathesis` installs it; `SCHEMATHESIS` names its binary, and without that the test is skipped loudly.

#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod common;

use std::process::Stdio;

use common::events::{called, claimed, felts, proof_recorded, published, registered};
use common::{blocks, schema, Stub};
use nilometer_explorer::index::Step;
use nilometer_explorer::{pages, server, Options};
use starknet_types_core::hash::{Poseidon, StarkHash};
use tokio::net::TcpListener;
use tokio::process::Command;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance";

#[tokio::test(flavor = "multi_thread")]
async fn generated_requests_are_answered_as_documented() {
    let Some(schemathesis) = std::env::var_os("SCHEMATHESIS").filter(|path| !path.is_empty())
    else {
        eprintln!("SKIPPED: no SCHEMATHESIS; run SCHEMATHESIS=$(scripts/schemathesis) first");
        return;
    };
    let schema = schema();
    let hash = Poseidon::hash_array(&schema);
    let events = vec![
        vec![],
        vec![
            registered(1, 0xa1, "iris", "tree_classifier", "MIT", 10),
            published(1, 1, hash, "", [7; 32]),
        ],
        vec![called(1, 0xb, 1, 10, &[4, -2]), claimed(1, 1, 0xd, 100, &[9, 9])],
        vec![proof_recorded(1, 1, 0xf)],
    ];
    let stub = Stub::start(blocks(1, events)).await;
    stub.set(|chapter| {
        chapter.schema = schema;
        chapter.output = felts(&[3, -8]);
    });
    let folder = tempfile::tempdir().unwrap();
    let options =
        Options { requests_per_second: 100_000, uploads_per_minute: 100_000, ..Options::default() };
    let app = stub.app_with(folder.path(), options).await;
    let follower = app.follower();
    while follower.step().await.unwrap() != Step::Idle {}
    let router = server::router(&app, pages::router(app.clone()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(server::serve(
        listener,
        router,
        server::Proxies::default(),
        std::future::pending(),
    ));

    let run = Command::new(schemathesis)
        .args(["run", &format!("{url}/api/v1/openapi.json"), "--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--seed", "1"])
        .args(["--suppress-health-check", "all", "--request-timeout", "20", "--max-time", "120"])
        .args(["--no-color", "--generation-database", "none", "--warnings", "off"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let run =
        tokio::time::timeout(std::time::Duration::from_secs(400), run).await.unwrap().unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(text.contains("openapi.json"), "{text}");
}
