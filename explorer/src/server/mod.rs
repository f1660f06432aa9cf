//! HTTP: the API, the pages, and what stands before both: connections, limits, headers, caching.

mod api;
mod connections;
mod errors;
mod headers;
mod limits;
mod openapi;
mod progress;
mod proxies;
mod query;
mod room;

use std::time::Duration;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{middleware, Router};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::app::App;

pub use connections::serve;
pub use openapi::document;
pub use proxies::Proxies;

/// The longest that any request takes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(45);

/// All routes; `pages` are those for people.
pub fn router(app: &App, pages: Router) -> Router {
    let limits = limits::Limits::new(app.options());
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .nest("/api/v1", api::router(app.clone()))
        .merge(pages)
        .layer(middleware::from_fn_with_state(app.clone(), headers::caching))
        .layer(CompressionLayer::new().gzip(true))
        .layer(CatchPanicLayer::custom(|_: Box<dyn std::any::Any + Send>| -> Response {
            (StatusCode::INTERNAL_SERVER_ERROR, "Something is wrong here.\n").into_response()
        }))
        .layer(TimeoutLayer::with_status_code(StatusCode::GATEWAY_TIMEOUT, REQUEST_TIMEOUT))
        .layer(middleware::from_fn_with_state(limits, limits::limit))
        .layer(middleware::from_fn(errors::as_json))
        .layer(middleware::from_fn(headers::safety))
}
