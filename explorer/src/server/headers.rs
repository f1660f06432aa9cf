//! Headers: what browsers may do with an answer, and how long it may be kept.

use axum::extract::{Request, State};
use axum::http::{header, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;

const SAFETY: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), payment=()",
    ),
];

/// Every answer, errors included, says what browsers may do with it.
pub async fn safety(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SAFETY {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Pages and answers carry a tag that changes with whatever they may show. A client that has the newest is told so, but
/// only where there is something: the answer is made first.
pub async fn caching(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_asset = path.starts_with("/assets/");
    if !matches!(*request.method(), Method::GET | Method::HEAD) || is_asset || path == "/healthz" {
        let mut response = next.run(request).await;
        let no_store = HeaderValue::from_static("no-store");
        response.headers_mut().entry(header::CACHE_CONTROL).or_insert(no_store);
        return response;
    }
    // Read before the answer is made: what changes meanwhile makes the tag old, not the answer.
    let tag = format!("\"{}-{}\"", app.boot(), app.tag());
    // What a node or a clock decides is not covered by the tag.
    let is_tagged = is_tagged(path);
    let is_same = is_tagged
        && request.headers().get_all(header::IF_NONE_MATCH).iter().any(|list| matches(list, &tag));
    let mut response = next.run(request).await;
    let cache = HeaderValue::from_static("no-cache");
    let Ok(weak) = HeaderValue::from_str(&format!("W/{tag}")) else { return response };
    if response.status() == StatusCode::OK && is_tagged {
        if is_same {
            let headers = [(header::ETAG, weak), (header::CACHE_CONTROL, cache)];
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        response.headers_mut().insert(header::ETAG, weak);
    }
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(cache);
    response
}

/// Whether a list of tags has this one. The comparison is weak (RFC 9110, 13.1.2): `W/` does not matter.
fn matches(list: &HeaderValue, tag: &str) -> bool {
    let list = list.to_str().unwrap_or_default();
    list.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == tag)
}

/// Whether what is shown at a path follows from the index alone.
fn is_tagged(path: &str) -> bool {
    let has_clock = path.contains("/claims") || path.contains("/disputes");
    let asks_node = ["/status", "/contract", "/schema", "/description", "/try", "/proofs", "/use"];
    let is_model = path.starts_with("/models/");
    let is_list = path == "/" || path.starts_with("/api/v1/");
    is_list && !has_clock && !is_model && !asks_node.iter().any(|end| path.ends_with(end))
        || path.ends_with("/usage")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_strong_tags_match() {
        let list = |text: &'static str| HeaderValue::from_static(text);
        for same in ["\"a-1\"", "W/\"a-1\"", "\"x\", W/\"a-1\"", "*"] {
            assert!(matches(&list(same), "\"a-1\""), "{same}");
        }
        for other in ["", "\"a-2\"", "a-1", "W/", "\"\""] {
            assert!(!matches(&list(other), "\"a-1\""), "{other}");
        }
    }

    #[test]
    fn only_what_follows_from_the_index_is_tagged() {
        for path in ["/", "/api/v1/models", "/api/v1/models/1", "/models/1/usage"] {
            assert!(is_tagged(path), "{path}");
        }
        for path in [
            "/models/1",
            "/claims",
            "/api/v1/status",
            "/api/v1/claims/1",
            "/api/v1/models/1/versions/1/contract",
        ] {
            assert!(!is_tagged(path), "{path}");
        }
    }
}
