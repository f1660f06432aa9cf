//! Limits per address: how often it may ask, and how many of its requests are worked on at the same time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{header, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::api::Failure;
use super::proxies::{bucket, Proxies};
use crate::app::Options;
use crate::view::{ApiError, ErrorKind};

/// Addresses that were quiet are forgotten after so many requests.
const SWEEP: u64 = 10_000;
/// Requests of one address that are worked on at the same time. An address that sends a burst within its rate waits
/// for itself; nobody else waits behind all of it.
const AT_ONCE: usize = 4;

/// Two token buckets for each address, one for all requests and one for those that send something; and its turns.
#[derive(Clone, Debug)]
pub struct Limits {
    requests: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    uploads: Arc<DefaultKeyedRateLimiter<IpAddr>>,
    turns: Turns,
    count: Arc<AtomicU64>,
    proxies: Proxies,
}

/// Whose requests are being worked on.
#[derive(Clone, Debug, Default)]
struct Turns(Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>);

impl Turns {
    /// Waits until the address has fewer requests under work than it may; the turn ends when it is dropped.
    async fn take(&self, address: IpAddr) -> Option<OwnedSemaphorePermit> {
        let own = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(address).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
        };
        // Nobody closes it.
        own.acquire_owned().await.ok()
    }

    /// Forgets addresses without requests.
    fn retain_recent(&self) {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, own| Arc::strong_count(own) > 1);
    }
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
            turns: Turns::default(),
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
        limits.turns.retain_recent();
    }
    let is_upload = *request.method() == Method::POST;
    let fits = limits.requests.check_key(&address).is_ok()
        && (!is_upload || limits.uploads.check_key(&address).is_ok());
    if fits {
        let _turn = limits.turns.take(address).await;
        return next.run(request).await;
    }
    let message = "too many requests from your address: wait a little";
    let error = ApiError::new(ErrorKind::TooManyRequests, message);
    let mut response = Failure::from(error).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    response
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use axum::body::Body;
    use axum::extract::ConnectInfo;
    use axum::routing::get;
    use axum::{middleware, Router};
    use tokio::time::{sleep, timeout, Instant};
    use tower::ServiceExt;

    use super::*;

    fn router() -> Router {
        let limits = Limits::new(&Options::default());
        let slow = || async {
            sleep(Duration::from_millis(100)).await;
            "done"
        };
        Router::new()
            .route("/", get(slow))
            .layer(middleware::from_fn_with_state(limits, super::limit))
    }

    async fn ask(router: Router, last: u8) -> Duration {
        let start = Instant::now();
        let mut request = Request::builder().uri("/").body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, last], 1))));
        let response = router.oneshot(request).await.unwrap();
        assert!(response.status().is_success());
        start.elapsed()
    }

    #[tokio::test]
    async fn a_burst_of_one_address_waits_for_itself_alone() {
        let router = router();
        let burst: Vec<_> =
            (0..5 * AT_ONCE).map(|_| tokio::spawn(ask(router.clone(), 7))).collect();
        sleep(Duration::from_millis(10)).await;
        let other = ask(router.clone(), 8).await;
        assert!(other < Duration::from_millis(190), "{other:?}");
        let mut longest = Duration::ZERO;
        for request in burst {
            longest = longest.max(timeout(Duration::from_secs(5), request).await.unwrap().unwrap());
        }
        assert!(longest >= Duration::from_millis(490), "{longest:?}");
    }

    #[tokio::test]
    async fn quiet_addresses_are_forgotten() {
        let turns = Turns::default();
        let held = turns.take([127, 0, 0, 1].into()).await;
        drop(turns.take([127, 0, 0, 2].into()).await);
        turns.retain_recent();
        assert_eq!(turns.0.lock().unwrap().len(), 1);
        drop(held);
        turns.retain_recent();
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
