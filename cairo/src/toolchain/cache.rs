//! The cache folder and its lock.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{ToolchainError, ToolchainOptions, ToolchainStep, CACHE_VARIABLE};

/// The cache folder.
pub(super) struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Where the cache is, existing or not.
    pub(super) fn open(options: &ToolchainOptions) -> Result<Self, ToolchainError> {
        let named = options.cache.clone().or_else(|| variable(CACHE_VARIABLE));
        let root = match named {
            Some(root) => root,
            None => dirs::cache_dir().ok_or(ToolchainError::NoCacheFolder)?.join("nilometer"),
        };
        let root = std::path::absolute(&root)
            .map_err(|source| ToolchainError::file("find", root, source))?;
        Ok(Self { root })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// A folder in the cache.
    pub(super) fn folder(&self, parts: &[&str]) -> PathBuf {
        parts.iter().fold(self.root.clone(), |path, part| path.join(part))
    }

    /// Waits until no other process is making anything; released when the file is dropped.
    pub(super) fn lock(&self, progress: &dyn Fn(ToolchainStep)) -> Result<File, ToolchainError> {
        create_folder(&self.root)?;
        let path = self.root.join("lock");
        let failed = |source| ToolchainError::file("lock", &path, source);
        let mut open = File::options();
        let file = open.create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                progress(ToolchainStep::Waiting);
                file.lock().map_err(failed)?;
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        Ok(file)
    }
}

/// A path in an environment variable; empty counts as unset.
pub(super) fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

pub(super) fn create_folder(path: &Path) -> Result<(), ToolchainError> {
    fs::create_dir_all(path).map_err(|source| ToolchainError::file("create", path, source))
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), ToolchainError> {
    fs::write(path, bytes).map_err(|source| ToolchainError::file("write", path, source))
}

/// Makes `from` appear as `to`, whole or not at all.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), ToolchainError> {
    fs::rename(from, to).map_err(|source| ToolchainError::file("write", to, source))
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Enough of a digest to name a folder.
pub(super) fn short(digest: &str) -> &str {
    &digest[..16]
}
