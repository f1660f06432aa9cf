//! Rate limits per address.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{header, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::api::Failure;
use super::proxies::{bucket, Proxies};
use crate::app::Options;
use crate::view::{ApiError, ErrorKind};

/// Addresses that were quiet are forgotten after so many requests.
const SWEEP: u64 = 10_000;

/// Two token buckets for each address: all requests, and those that send something.
#[derive(Clone, Debug)]
pub struct Limits {
    requests: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    uploads: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    count: Arc<AtomicU64>,
    proxies: Proxies,
}

impl Limits {
    /// The operator's limits.
    pub fn new(options: &Options) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let per_second = at_least_one(options.requests_per_second);
        let per_minute = at_least_one(options.uploads_per_minute);
        let burst = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(3));
        Self {
            requests: Arc::new(RateLimiter::keyed(
                Quota::per_second(per_second).allow_burst(burst),
            )),
            uploads: Arc::new(RateLimiter::keyed(Quota::per_minute(per_minute))),
            count: Arc::default(),
            proxies: options.proxies.clone(),
        }
    }
}

/// Answers, or refuses a client that asks too much.
pub async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    let address = bucket(limits.proxies.client(&request));
    if limits.count.fetch_add(1, Ordering::Relaxed) % SWEEP == SWEEP - 1 {
        limits.requests.retain_recent();
        limits.uploads.retain_recent();
    }
    let is_upload = *request.method() == Method::POST;
    let fits = limits.requests.check_key(&address).is_ok()
        && (!is_upload || limits.uploads.check_key(&address).is_ok());
    if fits {
        return next.run(request).await;
    }
    let message = "too many requests from your address: wait a little";
    let error = ApiError::new(ErrorKind::TooManyRequests, message);
    let mut response = Failure::from(error).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
