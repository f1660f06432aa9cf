//! Descriptions: where they come from, who reads them, what is kept.
//!
//! A description is its publisher's file, up to 32 MB. One task at a time looks for a given description; everybody else
//! waits for that task, and a page never waits longer than [`PATIENCE`]. See [`reading`] for the bounds on memory and
//! time, [`fetching`] for the bounds on fetches.

mod fetching;
mod keep;
mod packages;
mod reading;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use super::{Answer, App};
use crate::described::Described;
use crate::view::{ApiError, DescriptionState, VersionView};
use fetching::Fetches;
use keep::Kept;
use packages::Packages;
use reading::Reading;

/// Descriptions that are looked for at the same time, those that wait included.
const MAX_WAITING: usize = 64;
/// How long a page waits for a description before it says that one is under way.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A description that was read, with its card as HTML.
#[derive(Clone, Debug)]
pub struct Readable {
    /// What was read. Graph, schema and program may be missing from a description that was let go to save memory.
    pub described: Arc<Described>,
    /// The card, sanitised.
    pub card: Option<Arc<str>>,
}

impl Readable {
    fn absent(version: &VersionView, state: DescriptionState, reason: Option<String>) -> Self {
        let described = Arc::new(Described::absent(version, state, reason));
        Self { described, card: None }
    }
}

/// What a reading depends on: the hashes that parts are compared with, and the address.
type Key = [String; 5];

fn key(version: &VersionView) -> Key {
    [
        version.metadata_hash.clone(),
        version.model_hash.clone(),
        version.schema_hash.clone(),
        version.program_hash.clone(),
        version.metadata_uri.clone(),
    ]
}

/// What a search ends with; none while it goes on.
type Outcome = Option<Result<Readable, ApiError>>;

/// What is known of descriptions.
#[derive(Debug, Default)]
pub(super) struct Descriptions {
    kept: Kept,
    searches: Mutex<HashMap<Key, watch::Receiver<Outcome>>>,
    reading: Reading,
    fetches: Fetches,
    packages: Packages,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends a search, even when its task panics.
struct Search {
    app: App,
    key: Key,
}

impl Drop for Search {
    fn drop(&mut self) {
        lock(&self.app.0.described.searches).remove(&self.key);
    }
}

impl App {
    /// A version's description, as far as it is known now; looks for it if it is not.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn description(&self, version: &VersionView) -> Answer<Arc<Described>> {
        Ok(self.readable(version).await?.described)
    }

    /// The same with its card as HTML.
    pub(super) async fn readable(&self, version: &VersionView) -> Answer<Readable> {
        let key = key(version);
        if let Some(whole) = self.0.described.kept.whole(&key) {
            return Ok(whole);
        }
        let found = match self.search(&key, version) {
            Some(mut search) => {
                let done = timeout(PATIENCE, search.wait_for(Option::is_some)).await;
                match done {
                    Ok(Ok(outcome)) => outcome.clone(),
                    // It goes on, or it has panicked.
                    Ok(Err(_)) | Err(_) => None,
                }
            }
            None => None,
        };
        match found {
            Some(Ok(found)) if found.described.view.state != DescriptionState::Pending => Ok(found),
            Some(Err(error)) => Err(error),
            // Until it is read again, a page shows what it showed before.
            pending => Ok(self.0.described.kept.shown(&key).unwrap_or_else(|| match pending {
                Some(Ok(pending)) => pending,
                _ => Readable::absent(version, DescriptionState::Pending, None),
            })),
        }
    }

    /// Joins the search for a description, or starts it; none if too many are under way.
    fn search(&self, key: &Key, version: &VersionView) -> Option<watch::Receiver<Outcome>> {
        let mut searches = lock(&self.0.described.searches);
        if let Some(search) = searches.get(key) {
            return Some(search.clone());
        }
        if searches.len() >= MAX_WAITING {
            return None;
        }
        let (told, search) = watch::channel(None);
        searches.insert(key.clone(), search.clone());
        let (entry, version) = (Search { app: self.clone(), key: key.clone() }, version.clone());
        tokio::spawn(async move {
            let found = entry.app.find(&entry.key, &version).await;
            told.send_replace(Some(found));
            drop(entry);
        });
        Some(search)
    }

    /// Finds a description and reads it.
    async fn find(&self, key: &Key, version: &VersionView) -> Answer<Readable> {
        let hash = version.metadata_hash.clone();
        let mut stored = self.read(move |index| index.stored_description(&hash)).await?;
        if stored.is_none() {
            stored = self.in_packages(&version.metadata_hash).await?;
        }
        let stored = match stored {
            Some(stored) => stored,
            None => match self.fetched(version).await? {
                Ok(stored) => stored,
                Err((state, reason)) => return Ok(Readable::absent(version, state, reason)),
            },
        };
        self.read_stored(key, version, stored).await
    }
}
