//! The core library: carved out of a pinned package, checked at every use.
//!
//! It is on no crate registry. One file of one npm package holds every file of it whole, one
//! after another; the manifest says where each one is and what its digest is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Deserialize;

use super::cache::{create_folder, rename, sha256, short, variable, write, Cache};
use super::{package, ToolchainError, ToolchainOptions, ToolchainStep, CORELIB_VARIABLE};

const MANIFEST: &str = include_str!("../../corelib-manifest.json");

/// The file that makes a folder a core library.
const ROOT_FILE: &str = "lib.cairo";

/// What the core library is made of.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) package: String,
    pub(super) version: String,
    pub(super) tarball_sha256: String,
    pub(super) member: String,
    pub(super) member_sha256: String,
    files: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    path: String,
    offset: usize,
    length: usize,
    sha256: String,
}

impl Manifest {
    /// The package and its version, as npm writes it.
    pub(super) fn spec(&self) -> String {
        format!("{}@{}", self.package, self.version)
    }
}

pub(super) fn manifest() -> &'static Manifest {
    static PARSED: OnceLock<Manifest> = OnceLock::new();
    #[expect(clippy::expect_used, reason = "embedded, and a test reads it")]
    PARSED.get_or_init(|| serde_json::from_str(MANIFEST).expect("the embedded manifest is valid"))
}

/// The core library that the caller chose in place of the pinned one.
pub(super) fn chosen(options: &ToolchainOptions) -> Option<PathBuf> {
    options.corelib.clone().or_else(|| variable(CORELIB_VARIABLE))
}

/// A chosen core library's folder, and whether it is the pinned one all the same.
pub(super) fn check_chosen(folder: PathBuf) -> Result<(PathBuf, bool), ToolchainError> {
    let source = folder.join("src");
    let found = [&folder, &source].into_iter().find(|folder| folder.join(ROOT_FILE).is_file());
    match found {
        Some(found) => {
            let found = std::path::absolute(found)
                .map_err(|error| ToolchainError::file("find", found, error))?;
            let pinned = damage(&found).is_none();
            Ok((found, pinned))
        }
        None => Err(ToolchainError::NoCoreLibrary { folder }),
    }
}

/// Where the pinned core library is, existing or not.
pub(super) fn path(cache: &Cache) -> PathBuf {
    cache.folder(&["corelib", short(&sha256(MANIFEST.as_bytes()))])
}

/// The pinned core library, made if it is not there or damaged.
pub(super) fn locate(
    cache: &Cache,
    offline: bool,
    progress: &dyn Fn(ToolchainStep),
) -> Result<PathBuf, ToolchainError> {
    let folder = path(cache);
    if damage(&folder).is_none() {
        return Ok(folder);
    }
    let _lock = cache.lock(progress)?;
    let Some(damage) = damage(&folder) else { return Ok(folder) };
    if offline {
        return Err(damage.into_error());
    }
    if folder.exists() {
        progress(ToolchainStep::CoreLibraryDamaged { file: damage.file });
    }
    make(cache, &folder, progress)?;
    Ok(folder)
}

/// The first file that is not as the manifest has it.
pub(super) struct Damage {
    pub(super) file: PathBuf,
    expected: &'static str,
    /// Its digest; `None` if it cannot be read.
    actual: Option<String>,
}

impl Damage {
    fn into_error(self) -> ToolchainError {
        match self.actual {
            None => ToolchainError::Offline { what: "the Cairo core library" },
            Some(actual) => ToolchainError::Digest {
                what: self.file.display().to_string(),
                expected: self.expected.to_owned(),
                actual,
            },
        }
    }
}

pub(super) fn damage(folder: &Path) -> Option<Damage> {
    manifest().files.iter().find_map(|entry| {
        let file = folder.join(&entry.path);
        let actual = fs::read(&file).ok().map(|bytes| sha256(&bytes));
        (actual.as_deref() != Some(&entry.sha256)).then_some(Damage {
            file,
            expected: &entry.sha256,
            actual,
        })
    })
}

fn make(
    cache: &Cache,
    folder: &Path,
    progress: &dyn Fn(ToolchainStep),
) -> Result<(), ToolchainError> {
    let manifest = manifest();
    progress(ToolchainStep::DownloadCoreLibrary { package: manifest.spec() });
    let temporary = |parent: &Path| {
        tempfile::Builder::new()
            .prefix(".new-")
            .tempdir_in(parent)
            .map_err(|source| ToolchainError::file("write", parent, source))
    };
    let download = temporary(cache.root())?;
    let member = package::fetch(manifest, download.path())?;

    progress(ToolchainStep::UnpackCoreLibrary);
    // Beside its final place, so that a rename suffices.
    let parent = cache.folder(&["corelib"]);
    create_folder(&parent)?;
    let new = temporary(&parent)?;
    let content = new.path().join("new");
    carve(manifest, &member, &content)?;
    if folder.exists() {
        rename(folder, &new.path().join("old"))?;
    }
    rename(&content, folder)
}

/// Writes every file of the core library out of the package's file.
fn carve(manifest: &Manifest, member: &[u8], folder: &Path) -> Result<(), ToolchainError> {
    for entry in &manifest.files {
        let end = entry.offset.checked_add(entry.length);
        let bytes = end.and_then(|end| member.get(entry.offset..end)).ok_or_else(|| {
            ToolchainError::Package {
                package: manifest.spec(),
                reason: format!("{} ends before {}", manifest.member, entry.path),
            }
        })?;
        package::check(&entry.path, bytes, &entry.sha256)?;
        let file = folder.join(&entry.path);
        file.parent().map_or(Ok(()), create_folder)?;
        write(&file, bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use super::*;

    #[test]
    fn manifest_names_files_inside_the_folder_once() {
        let files = &manifest().files;
        assert!(files.iter().any(|entry| entry.path == ROOT_FILE));
        for entry in files {
            let parts: Vec<_> = Path::new(&entry.path).components().collect();
            assert!(
                parts.iter().all(|part| matches!(part, Component::Normal(_))),
                "{}",
                entry.path
            );
            assert_eq!(entry.sha256.len(), 64);
        }
        let mut paths: Vec<_> = files.iter().map(|entry| &entry.path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), files.len());
    }

    #[test]
    fn carving_checks_bounds_and_digests() {
        let manifest = |offset, digest: &str| Manifest {
            package: "p".into(),
            version: "1".into(),
            tarball_sha256: String::new(),
            member: "m".into(),
            member_sha256: String::new(),
            files: vec![Entry {
                path: "a/lib.cairo".into(),
                offset,
                length: 3,
                sha256: digest.into(),
            }],
        };
        let folder = tempfile::tempdir().unwrap();
        let digest = sha256(b"bcd");
        carve(&manifest(1, &digest), b"abcde", folder.path()).unwrap();
        assert_eq!(fs::read(folder.path().join("a/lib.cairo")).unwrap(), b"bcd");

        let wrong = carve(&manifest(2, &digest), b"abcde", folder.path()).unwrap_err();
        assert!(matches!(wrong, ToolchainError::Digest { .. }), "{wrong}");
        for offset in [3, usize::MAX] {
            let short = carve(&manifest(offset, &digest), b"abcde", folder.path()).unwrap_err();
            assert!(matches!(short, ToolchainError::Package { .. }), "{short}");
        }
    }
}
