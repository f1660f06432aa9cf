//! How much one address may ask for.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{header, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::Json;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::app::Options;
use crate::view::ApiError;

/// Addresses that were quiet are forgotten after so many requests.
const SWEEP: u64 = 10_000;

/// Buckets of tokens, one of each kind an address.
#[derive(Clone, Debug)]
pub struct Limits {
    requests: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    uploads: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    count: Arc<AtomicU64>,
}

impl Limits {
    /// The operator's limits.
    pub fn new(options: &Options) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let a_second = at_least_one(options.requests_a_second);
        let a_minute = at_least_one(options.uploads_a_minute);
        let burst = a_second.saturating_mul(NonZeroU32::MIN.saturating_add(3));
        Self {
            requests: Arc::new(RateLimiter::keyed(Quota::per_second(a_second).allow_burst(burst))),
            uploads: Arc::new(RateLimiter::keyed(Quota::per_minute(a_minute))),
            count: Arc::default(),
        }
    }
}

/// Whoever has a network of version 6 has as many addresses as they like.
pub(super) fn bucket(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

/// Answers, or says that it is too much.
pub async fn limit(State(limits): State<Limits>, request: Request, next: Next) -> Response {
    // Without an address (in tests), all share one bucket.
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = address.map_or(IpAddr::from([0, 0, 0, 0]), |info| bucket(info.0.ip()));
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
    let error = ApiError {
        error: "too_many_requests".to_owned(),
        message: "too many requests from your address: wait a little".to_owned(),
    };
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(error)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_version_6_share_a_bucket() {
        let of = |text: &str| bucket(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:3::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
