//! Fetching descriptions from where the chain says that they are: rarely, and never the same failure again and again.
//!
//! Failures are kept by hash and address, each is retried later than the one before. One host is asked at most
//! [`PER_HOST`] times per minute, and for one model at most [`PER_MODEL`] times per hour.

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;

use crate::app::{Answer, App};
use crate::fetch::{self, Fetched};
use crate::index::now;
use crate::store::{FailedFetch, Store, Stored};
use crate::view::{DescriptionState, VersionView};

/// Fetches at the same time.
const MAX_FETCHES: usize = 4;
/// Fetches that wait.
const QUEUE: usize = 16;
/// Fetches from one host per minute, and at once.
const PER_HOST: NonZeroU32 = NonZeroU32::new(30).unwrap();
const HOST_BURST: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Fetches for one model per hour, and at once.
const PER_MODEL: NonZeroU32 = NonZeroU32::new(12).unwrap();
const MODEL_BURST: NonZeroU32 = NonZeroU32::new(4).unwrap();
/// How long the first failed fetch is cached before it is retried, in seconds; doubled by each further failure.
const FIRST_RETRY: u64 = 300;
const MAX_RETRY: u64 = 86_400;
/// Limiters forget hosts and models that were quiet when they know so many.
const SWEEP: usize = 10_000;

/// Who may fetch.
#[derive(Debug)]
pub(super) struct Fetches {
    slots: Semaphore,
    queue: Semaphore,
    /// One description of more than [`fetch::SMALL`] bytes is in memory at a time.
    large: Arc<Semaphore>,
    hosts: DefaultKeyedRateLimiter<String>,
    models: DefaultKeyedRateLimiter<u64>,
}

impl Default for Fetches {
    fn default() -> Self {
        Self {
            slots: Semaphore::new(MAX_FETCHES),
            queue: Semaphore::new(QUEUE),
            large: Arc::new(Semaphore::new(1)),
            hosts: RateLimiter::keyed(Quota::per_minute(PER_HOST).allow_burst(HOST_BURST)),
            models: RateLimiter::keyed(Quota::per_hour(PER_MODEL).allow_burst(MODEL_BURST)),
        }
    }
}

impl Fetches {
    /// Whether a host may be asked for a model now.
    fn admits(&self, host: &str, model_id: u64) -> bool {
        if self.hosts.len() > SWEEP {
            self.hosts.retain_recent();
        }
        if self.models.len() > SWEEP {
            self.models.retain_recent();
        }
        self.models.check_key(&model_id).is_ok() && self.hosts.check_key(&host.to_owned()).is_ok()
    }
}

/// Why there is no description.
type Absent = (DescriptionState, Option<String>);

fn missing(reason: impl ToString) -> Result<Stored, Absent> {
    Err((DescriptionState::Missing, Some(reason.to_string())))
}

impl App {
    /// Fetches what the chain names and stores it.
    pub(super) async fn fetched(&self, version: &VersionView) -> Answer<Result<Stored, Absent>> {
        let (hash, uri) = (version.metadata_hash.clone(), version.metadata_uri.clone());
        if uri.is_empty() {
            return Ok(missing("the chain has its hash, and does not say where it is"));
        }
        let options = self.options();
        if !options.fetches {
            return Ok(missing("this explorer does not fetch descriptions"));
        }
        let host = match fetch::target(&uri, &options.fetch) {
            // A gateway is the operator's own host, and serves everybody's files.
            Ok(url) if !uri.starts_with("ipfs:") => url.host_str().unwrap_or_default().to_owned(),
            Ok(_) => format!("ipfs of {}", version.model_id),
            Err(error) => return Ok(missing(error)),
        };
        let (wanted, address) = (hash.clone(), uri.clone());
        let failed = self.read(move |index| index.failed_fetch(&wanted, &address)).await?;
        if let Some(failed) = failed.as_ref().filter(|failed| now() < failed.retry_at) {
            let refused = DescriptionState::Refused;
            let state = if failed.differs { refused } else { DescriptionState::Missing };
            return Ok(Err((state, Some(failed.problem.clone()))));
        }
        let fetches = &self.0.described.fetches;
        if !fetches.admits(&host, version.model_id) {
            let reason = "this explorer has asked its host often enough for now";
            return Ok(Err((DescriptionState::Pending, Some(reason.to_owned()))));
        }
        let Ok(place) = fetches.queue.try_acquire() else {
            return Ok(Err((DescriptionState::Pending, None)));
        };
        let _slot = fetches.slots.acquire().await;
        drop(place);
        let fetched = fetch::fetch(&uri, &options.fetch, &fetches.large).await;
        let (problem, differs) = match fetched {
            Ok(file) => {
                let (wanted, host, length) = (hash.clone(), file.host.clone(), file.length);
                let kept = match file.digest == hash {
                    true => {
                        let keep = move |store: &Store| {
                            let Fetched { mut file, length, host, .. } = file;
                            store.keep_description(&wanted, &mut file, length, &host)
                        };
                        Some(self.write(keep).await?)
                    }
                    false => None,
                };
                match kept {
                    Some(true) => return Ok(Ok(Stored { length, source: host })),
                    Some(false) => ("this explorer has no room for it".to_owned(), false),
                    None => {
                        let what =
                            format!("what {host} has is not what was registered: its hash differs");
                        (what, true)
                    }
                }
            }
            Err(error) => (error.to_string(), false),
        };
        let failures = failed.map_or(0, |failed| failed.failures).saturating_add(1);
        let retry_at = now() + (FIRST_RETRY << (failures - 1).min(16)).min(MAX_RETRY);
        let failed = FailedFetch { problem: problem.clone(), differs, failures, retry_at };
        self.write(move |store| store.keep_failed_fetch(&hash, &uri, &failed)).await?;
        let refused = DescriptionState::Refused;
        let state = if differs { refused } else { DescriptionState::Missing };
        Ok(Err((state, Some(problem))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_model_are_asked_rarely() {
        let fetches = Fetches::default();
        let of_model = (0..100).filter(|n| fetches.admits(&format!("host{n}"), 1)).count();
        assert_eq!(of_model, MODEL_BURST.get() as usize);
        let of_host = (10..200).filter(|n| fetches.admits("one.example", *n)).count();
        assert_eq!(of_host, HOST_BURST.get() as usize);
        assert!(fetches.admits("other.example", 999), "others are not affected");
    }
}
