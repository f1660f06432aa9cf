//! Descriptions in the operator's folders of packages.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use nilometer_package::description::{glance, Glance, FILE, MAX_BYTES};
use nilometer_package::sha256;
use tokio::time::sleep;

use super::lock;
use crate::app::{Answer, App};
use crate::markdown;
use crate::store::{Store, StoreError, Stored};

/// How often folders are looked through.
const RESCAN: Duration = Duration::from_secs(30);
/// Folders of packages have at most so many.
const MAX_PACKAGES: usize = 10_000;
/// Where these descriptions come from, for people.
const SOURCE: &str = "a folder of the explorer";

/// Files in folders of packages.
#[derive(Debug, Default)]
pub(super) struct Packages(Mutex<HashMap<PathBuf, Seen>>);

/// A file as it was when it was last read.
#[derive(Clone, Debug)]
struct Seen {
    changed: SystemTime,
    length: u64,
    hash: String,
}

impl App {
    /// A description in a folder of packages, which is then in the index.
    pub(super) async fn in_packages(&self, hash: &str) -> Answer<Option<Stored>> {
        let found = {
            let files = lock(&self.0.described.packages.0);
            files.iter().find(|(_, seen)| seen.hash == hash).map(|(path, _)| path.clone())
        };
        let Some(path) = found else { return Ok(None) };
        let hash = hash.to_owned();
        self.write(move |store| import(store, &path, &hash)).await
    }

    /// Takes descriptions from folders of packages whose hashes are registered, again and again.
    pub(in crate::app) async fn watch_packages(&self) {
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
            // Until something is new on chain, folders are looked through rarely.
            let start = tokio::time::Instant::now();
            while revision == Some(self.0.store.revision()) && start.elapsed() < RESCAN {
                sleep(Duration::from_millis(500)).await;
            }
            revision = Some(self.0.store.revision());
            sleep(Duration::from_millis(200)).await;
        }
    }

    fn import_packages(&self) -> Result<(), StoreError> {
        let Self(inner) = self;
        let mut files: HashMap<PathBuf, Seen> = HashMap::new();
        for path in inner.options.packages.iter().flat_map(|folder| candidates(folder)) {
            let Ok(meta) = path.metadata() else { continue };
            let (changed, length) = (meta.modified().unwrap_or(SystemTime::UNIX_EPOCH), meta.len());
            if !meta.is_file() || length > MAX_BYTES as u64 || files.len() == MAX_PACKAGES {
                continue;
            }
            let known = lock(&inner.described.packages.0).get(&path).cloned();
            let known = known.filter(|seen| (seen.changed, seen.length) == (changed, length));
            let hash = match known {
                Some(seen) => seen.hash,
                None => match std::fs::read(&path) {
                    Ok(bytes) => sha256(&bytes),
                    Err(_) => continue,
                },
            };
            files.insert(path, Seen { changed, length, hash });
        }
        *lock(&inner.described.packages.0) = files.clone();
        let missing = inner.store.missing_descriptions(1_000)?;
        for (path, seen) in files {
            if missing.contains(&seen.hash) {
                import(&inner.store, &path, &seen.hash)?;
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

/// Stores the description in a file that had this hash when it was last read; none if it has changed since.
fn import(store: &Store, path: &Path, hash: &str) -> Result<Option<Stored>, StoreError> {
    let Ok(bytes) = std::fs::read(path) else { return Ok(None) };
    if bytes.len() > MAX_BYTES || sha256(&bytes) != hash {
        return Ok(None);
    }
    let kept = store.keep_description(hash, &mut bytes.as_slice(), bytes.len(), SOURCE)?;
    let Glance { agreement, card } = glance(&bytes);
    store.keep_summary(hash, agreement, card.as_deref().and_then(markdown::summary).as_deref())?;
    Ok(kept.then(|| Stored { length: bytes.len(), source: SOURCE.to_owned() }))
}
