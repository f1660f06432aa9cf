//! Which addresses are fetched from, and the bounds of a fetch.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Read;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{header, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::Router;
use nilometer_explorer::fetch::{self, is_public, target, FetchError, FetchOptions, Fetched};
use tokio::sync::Semaphore;

async fn fetch(uri: &str, options: &FetchOptions) -> Result<Vec<u8>, FetchError> {
    let Fetched { mut file, length, digest, .. } =
        fetch::fetch(uri, options, &Semaphore::new(1)).await?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).unwrap();
    assert_eq!((length, digest), (bytes.len(), nilometer_package::sha256(&bytes)));
    Ok(bytes)
}

#[test]
fn only_public_addresses_are_public() {
    let inside = [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2001:20::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];
    for address in inside {
        assert!(!is_public(address.parse::<IpAddr>().unwrap()), "{address}");
    }
    for address in
        ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.32.0.1", "2606:4700::1111"]
    {
        assert!(is_public(address.parse::<IpAddr>().unwrap()), "{address}");
    }
}

#[test]
fn only_some_addresses_are_fetched_from() {
    let options = FetchOptions::default();
    let refused = [
        "",
        "x",
        "http://example.com/x",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "data:,x",
        "javascript:alert(1)",
        "ipfs://Qm123",
        "https://user:pass@example.com/",
        "gopher://example.com",
    ];
    for uri in refused {
        assert!(target(uri, &options).is_err(), "{uri}");
    }
    assert!(target(&format!("https://example.com/{}", "x".repeat(3_000)), &options).is_err());
    assert!(target("https://example.com/x.json", &options).is_ok());
    let http = FetchOptions { allow_http: true, ..FetchOptions::default() };
    assert!(target("http://example.com/x", &http).is_ok());
    let gateway = Some("http://127.0.0.1:8080/".parse().unwrap());
    let options = FetchOptions { ipfs_gateway: gateway, ..FetchOptions::default() };
    let url = target("ipfs://bafy123/description.json", &options).unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1:8080/ipfs/bafy123/description.json");
    for uri in ["ipfs://../admin", "ipfs://a/../../x", "ipfs://", "ipfs://a?b", "ipfs://a@b"] {
        assert!(target(uri, &options).is_err(), "{uri}");
    }
}

/// A server that counts how often it is asked.
async fn server() -> (String, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    async fn ok(State(count): State<Arc<AtomicU32>>) -> &'static str {
        count.fetch_add(1, Ordering::SeqCst);
        "secret"
    }
    async fn redirect(to: &'static str) -> Response {
        (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
    }
    async fn endless() -> Body {
        let chunk = vec![0u8; 1 << 20];
        Body::from_stream(futures::stream::repeat_with(move || {
            Ok::<_, std::convert::Infallible>(chunk.clone())
        }))
    }
    async fn slow() -> Body {
        Body::from_stream(futures::stream::unfold((), |()| async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            Some((Ok::<_, std::convert::Infallible>("x"), ()))
        }))
    }
    let app = Router::new()
        .route("/ok", get(ok))
        .route("/loop", get(|| redirect("/loop")))
        .route("/once", get(|| redirect("/ok")))
        .route("/file", get(|| redirect("file:///etc/passwd")))
        .route("/endless", get(endless))
        .route("/slow", get(slow))
        .route("/ipfs/cid", get(|| redirect("/ok")))
        .route("/ipfs/direct", get(ok))
        .with_state(count.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (format!("http://{address}"), count)
}

#[tokio::test]
async fn this_machine_is_never_asked() {
    let (url, count) = server().await;
    let port = url.rsplit(':').next().unwrap();
    let options = FetchOptions { allow_http: true, ..FetchOptions::default() };
    let names = [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f.1",
    ];
    for name in names {
        let error = fetch(&format!("http://{name}:{port}/ok"), &options).await.unwrap_err();
        let refused = matches!(error, FetchError::Private { .. } | FetchError::Host { .. });
        assert!(refused, "{name}: {error}");
    }
    // The operator has named the gateway, not where it redirects to.
    let gateway = Some(url.parse().unwrap());
    let options = FetchOptions { ipfs_gateway: gateway, ..options };
    assert!(matches!(fetch("ipfs://cid", &options).await, Err(FetchError::Private { .. })));
    assert_eq!(count.load(Ordering::SeqCst), 0, "nothing was ever asked for");
    assert_eq!(fetch("ipfs://direct", &options).await.unwrap(), b"secret");
}

#[tokio::test]
async fn fetches_are_bounded() {
    let (url, _) = server().await;
    let options = FetchOptions { allow_http: true, allow_private: true, ..FetchOptions::default() };
    let get = |path: &str| {
        let (uri, options) = (format!("{url}{path}"), options.clone());
        async move { fetch(&uri, &options).await }
    };
    assert_eq!(get("/once").await.unwrap(), b"secret");
    assert!(matches!(get("/loop").await, Err(FetchError::Redirects)));
    assert!(matches!(get("/file").await, Err(FetchError::Uri { .. })));
    assert!(matches!(get("/none").await, Err(FetchError::Status { status: 404 })));
    assert!(matches!(get("/endless").await, Err(FetchError::TooLong)));
    assert!(matches!(get("/slow").await, Err(FetchError::Timeout | FetchError::Http { .. })));
}
