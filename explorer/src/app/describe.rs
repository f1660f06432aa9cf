//! Where descriptions come from: folders, the cache, and what the chain names.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use nilometer_package::description::{agreement, FILE, MAX_BYTES};
use nilometer_package::sha256;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::{Answer, App};
use crate::described::Described;
use crate::fetch;
use crate::store::{CachedDescription, Store};
use crate::view::{DescriptionState, VersionView};

/// Descriptions that are kept in memory, with their programs.
const MAX_KEPT: usize = 32;
/// Fetches at the same time, and those that wait.
const MAX_FETCHES: usize = 4;
const MAX_WAITING: usize = 64;
/// How long a page waits for a fetch, before it says that one is under way.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How long a failure is believed.
const RETRY_PASSING: u64 = 300;
const RETRY_LASTING: u64 = 86_400;
/// What is said of bytes that have another hash, which is no failure to fetch them.
const DIFFERS: &str = "its hash differs";
/// How often folders are looked through.
const RESCAN: Duration = Duration::from_secs(30);
/// Folders of packages have at most so many.
const MAX_PACKAGES: usize = 10_000;

/// What is known of descriptions.
#[derive(Debug)]
pub(super) struct Descriptions {
    kept: Mutex<VecDeque<(Key, Arc<Described>)>>,
    under_way: Mutex<HashSet<String>>,
    slots: Semaphore,
    /// Files in folders of packages: when they were changed, and their hash.
    files: Mutex<HashMap<PathBuf, (SystemTime, u64, String)>>,
}

/// What a reading depends on.
type Key = [String; 4];

impl Default for Descriptions {
    fn default() -> Self {
        Self {
            kept: Mutex::default(),
            under_way: Mutex::default(),
            slots: Semaphore::new(MAX_FETCHES),
            files: Mutex::default(),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl App {
    /// A version's description, as far as it is known now; looks for it if it is not.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn description(&self, version: &VersionView) -> Answer<Arc<Described>> {
        let key = [
            version.metadata_hash.clone(),
            version.model_hash.clone(),
            version.schema_hash.clone(),
            version.program_hash.clone(),
        ];
        let known =
            lock(&self.0.described.kept).iter().find(|(k, _)| *k == key).map(|(_, d)| d.clone());
        if let Some(known) = known {
            return Ok(known);
        }
        let hash = version.metadata_hash.clone();
        let mut cached = self.read(move |store| store.description(&hash)).await?;
        if cached.as_ref().is_none_or(|cached| cached.bytes.is_none()) {
            if let Some(found) = self.in_packages(&version.metadata_hash).await? {
                cached = Some(found);
            }
        }
        let bytes = match cached {
            Some(CachedDescription { bytes: Some(bytes), source, .. }) => Some((bytes, source)),
            Some(cached) if !is_stale(&cached, version) => {
                let refused = cached.problem.as_deref().is_some_and(|why| why.ends_with(DIFFERS));
                let state =
                    if refused { DescriptionState::Refused } else { DescriptionState::Missing };
                return Ok(Arc::new(Described::absent(version, state, cached.problem)));
            }
            _ => match self.look_for(version).await? {
                Ok(found) => Some(found),
                Err(described) => return Ok(described),
            },
        };
        let Some((bytes, source)) = bytes else {
            return Ok(Arc::new(Described::absent(version, DescriptionState::Missing, None)));
        };
        let wanted = version.clone();
        let read = move || Described::read(&wanted, &bytes, &source);
        let described = match tokio::task::spawn_blocking(read).await {
            Ok(described) => Arc::new(described),
            // Whatever broke the reader is in the bytes.
            Err(_) => {
                let reason = Some("it cannot be read".to_owned());
                Arc::new(Described::absent(version, DescriptionState::Refused, reason))
            }
        };
        let mut kept = lock(&self.0.described.kept);
        kept.retain(|(k, _)| *k != key);
        kept.push_front((key, described.clone()));
        kept.truncate(MAX_KEPT);
        drop(kept);
        Ok(described)
    }

    /// Fetches what the chain names; the bytes, or what to say meanwhile.
    async fn look_for(
        &self,
        version: &VersionView,
    ) -> Answer<Result<(Vec<u8>, String), Arc<Described>>> {
        let absent = |state, reason: Option<&str>| {
            Ok(Err(Arc::new(Described::absent(version, state, reason.map(str::to_owned)))))
        };
        if version.metadata_uri.is_empty() {
            return absent(
                DescriptionState::Missing,
                Some("the chain has its hash, and does not say where it is"),
            );
        }
        if !self.0.options.fetches {
            return absent(
                DescriptionState::Missing,
                Some("this explorer does not fetch descriptions"),
            );
        }
        if let Err(error) = fetch::target(&version.metadata_uri, &self.0.options.fetch) {
            return absent(DescriptionState::Missing, Some(&error.to_string()));
        }
        let is_new = {
            let mut under_way = lock(&self.0.described.under_way);
            if under_way.len() >= MAX_WAITING {
                return absent(DescriptionState::Pending, None);
            }
            under_way.insert(version.metadata_hash.clone())
        };
        if !is_new {
            return absent(DescriptionState::Pending, None);
        }
        let (app, wanted) = (self.clone(), version.clone());
        let task = tokio::spawn(async move {
            let done = app.fetch_one(&wanted).await;
            lock(&app.0.described.under_way).remove(&wanted.metadata_hash);
            done
        });
        match timeout(PATIENCE, task).await {
            Ok(Ok(Ok(CachedDescription { bytes: Some(bytes), source, .. }))) => {
                Ok(Ok((bytes, source)))
            }
            Ok(Ok(Ok(cached))) => absent(DescriptionState::Missing, cached.problem.as_deref()),
            Ok(Ok(Err(error))) => Err(error),
            Ok(Err(_)) | Err(_) => absent(DescriptionState::Pending, None),
        }
    }

    async fn fetch_one(&self, version: &VersionView) -> Answer<CachedDescription> {
        let _slot = self.0.described.slots.acquire().await;
        let fetched = fetch::fetch(&version.metadata_uri, &self.0.options.fetch).await;
        let mut cached = CachedDescription {
            bytes: None,
            uri: version.metadata_uri.clone(),
            source: String::new(),
            problem: None,
            tried_at: crate::index::now(),
        };
        let mut share = None;
        match fetched {
            Ok((bytes, host)) if sha256(&bytes) == version.metadata_hash => {
                share = agreement(&bytes);
                (cached.bytes, cached.source) = (Some(bytes), host);
            }
            Ok((_, host)) => {
                cached.problem =
                    Some(format!("what {host} has is not what was registered: {DIFFERS}"));
            }
            Err(error) => {
                // Lasting failures are asked again as well, later.
                if !error.is_passing() {
                    cached.tried_at += RETRY_LASTING - RETRY_PASSING;
                }
                cached.problem = Some(error.to_string());
            }
        }
        let (hash, keep) = (version.metadata_hash.clone(), cached.clone());
        self.read(move |store| store.keep_description(&hash, &keep, share)).await?;
        Ok(cached)
    }

    /// A description in a folder of packages.
    async fn in_packages(&self, hash: &str) -> Answer<Option<CachedDescription>> {
        let found = {
            let files = lock(&self.0.described.files);
            files.iter().find(|(_, (_, _, h))| h == hash).map(|(path, _)| path.clone())
        };
        let Some(path) = found else { return Ok(None) };
        let hash = hash.to_owned();
        self.read(move |store| Ok(import(store, &path, &hash))).await
    }

    /// Takes descriptions from folders of packages whose hashes are registered, again and again.
    pub(super) async fn import_packages_for_ever(&self) {
        if self.0.options.packages.is_empty() {
            return;
        }
        let mut revision = None;
        loop {
            let app = self.clone();
            let done = tokio::task::spawn_blocking(move || app.import_packages()).await;
            if let Ok(Err(error)) = done {
                tracing::warn!(%error, "packages");
            }
            // Until something is new on chain, folders are looked through seldom.
            let start = tokio::time::Instant::now();
            while revision == Some(self.0.store.revision()) && start.elapsed() < RESCAN {
                sleep(Duration::from_millis(500)).await;
            }
            revision = Some(self.0.store.revision());
            sleep(Duration::from_millis(200)).await;
        }
    }

    /// Takes descriptions from folders of packages whose hashes are registered.
    fn import_packages(&self) -> Result<(), crate::store::StoreError> {
        let Self(inner) = self;
        let mut files = HashMap::new();
        for path in inner.options.packages.iter().flat_map(|folder| candidates(folder)) {
            let Ok(meta) = path.metadata() else { continue };
            let stamp = (meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len());
            if !meta.is_file() || meta.len() > MAX_BYTES as u64 || files.len() == MAX_PACKAGES {
                continue;
            }
            let known = lock(&inner.described.files).get(&path).cloned();
            let known =
                known.filter(|(time, len, _)| (*time, *len) == stamp).map(|(_, _, hash)| hash);
            let Some(hash) = known.or_else(|| std::fs::read(&path).ok().map(|b| sha256(&b))) else {
                continue;
            };
            files.insert(path, (stamp.0, stamp.1, hash));
        }
        *lock(&inner.described.files) = files.clone();
        let unseen = inner.store.unseen_descriptions(1_000)?;
        for (path, (_, _, hash)) in files {
            if unseen.iter().any(|(wanted, _)| *wanted == hash) {
                import(&inner.store, &path, &hash);
            }
        }
        Ok(())
    }
}

/// Descriptions and cards of a package, or of the packages in a folder.
fn candidates(folder: &Path) -> Vec<PathBuf> {
    let mut folders = vec![folder.to_owned()];
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    folders
        .extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()).take(MAX_PACKAGES));
    folders.iter().flat_map(|folder| [FILE, "README.md"].map(|name| folder.join(name))).collect()
}

/// Takes a description from a file that has, or had, this hash.
fn import(store: &Store, path: &Path, hash: &str) -> Option<CachedDescription> {
    let bytes = std::fs::read(path).ok()?;
    if bytes.len() > MAX_BYTES || sha256(&bytes) != hash {
        return None;
    }
    let share = agreement(&bytes);
    let cached = CachedDescription {
        bytes: Some(bytes),
        uri: String::new(),
        source: "a folder of the explorer".to_owned(),
        problem: None,
        tried_at: crate::index::now(),
    };
    // What cannot be kept is read again.
    let _ = store.keep_description(hash, &cached, share);
    Some(cached)
}

/// Whether a failure should be tried again: the URI is another, or it is long ago.
fn is_stale(cached: &CachedDescription, version: &VersionView) -> bool {
    cached.uri != version.metadata_uri
        || crate::index::now() >= cached.tried_at.saturating_add(RETRY_PASSING)
}
