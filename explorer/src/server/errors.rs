//! Errors of the API are JSON, whichever layer they come from.

use axum::extract::Request;
use axum::http::{header, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::api::Failure;
use crate::view::{ApiError, ErrorKind};

/// Replaces the text of an error that the router, a time limit or a panic has made.
pub async fn as_json(request: Request, next: Next) -> Response {
    let is_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let content_type = response.headers().get(header::CONTENT_TYPE);
    if !is_api || !is_error || content_type.is_some_and(|value| value == "application/json") {
        return response;
    }
    let kind = ErrorKind::of(status);
    let message = match kind {
        ErrorKind::MethodNotAllowed => "this path does not have this method",
        ErrorKind::BadRequest => "the request cannot be read",
        ErrorKind::TooLarge => "the request is too large",
        ErrorKind::UnsupportedType => "the body has a type that is not read",
        ErrorKind::Timeout => "the answer takes too long",
        ErrorKind::NotFound => "there is no such path in the API",
        _ => "something is wrong here",
    };
    let mut replaced = Failure::from(ApiError::new(kind, message)).into_response();
    *replaced.status_mut() = status;
    // Which methods a path has is said in a header.
    for (name, value) in response.headers() {
        if !matches!(
            *name,
            header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONTENT_ENCODING
        ) {
            replaced.headers_mut().insert(name.clone(), HeaderValue::clone(value));
        }
    }
    replaced
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::StatusCode;
    use axum::routing::get;
    use axum::{middleware, Router};
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn every_error_of_the_api_is_json() {
        let router = Router::new()
            .route("/api/v1/slow", get(|| async { StatusCode::GATEWAY_TIMEOUT }))
            .route("/api/v1/panic", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "oops") }))
            .route("/page", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "oops") }))
            .layer(middleware::from_fn(as_json));
        let ask = |method: &str, path: &str| {
            let request = Request::builder().method(method).uri(path);
            router.clone().oneshot(request.body(Body::empty()).unwrap())
        };
        for (method, path, word) in [
            ("GET", "/api/v1/slow", "timeout"),
            ("GET", "/api/v1/panic", "internal"),
            ("GET", "/api/v1/none", "not_found"),
            ("DELETE", "/api/v1/slow", "method_not_allowed"),
        ] {
            let response = ask(method, path).await.unwrap();
            let bytes = axum::body::to_bytes(response.into_body(), 1_000).await.unwrap();
            let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            assert_eq!(body["error"], word, "{path}");
        }
        assert!(ask("DELETE", "/api/v1/slow").await.unwrap().headers().contains_key("allow"));
        let page = ask("GET", "/page").await.unwrap();
        assert_ne!(page.headers()[header::CONTENT_TYPE], "application/json");
    }
}
