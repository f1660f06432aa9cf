//! Temporary folders that go when they are dropped, and when the process is told to end.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io, thread};

static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes every temporary folder that there is: for a handler that then ends the process. Other threads may
/// still be writing to them; new ones wait forever.
pub fn remove_all_and(then: impl FnOnce()) {
    let folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
    for folder in folders.iter() {
        remove(folder);
    }
    then();
}

/// A temporary folder that goes when it is dropped, and with [`remove_all_and`].
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// There until it is dropped.
    folder: Option<tempfile::TempDir>,
}

impl Scratch {
    /// Makes one in `parent`.
    ///
    /// # Errors
    /// If the folder cannot be made.
    pub fn new_in(parent: &Path, prefix: &str) -> io::Result<Self> {
        // Under the lock, so that there is no folder that the handler does not know of.
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
        let path = folder.path().to_owned();
        folders.push(path.clone());
        Ok(Self { path, folder: Some(folder) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The handler knows of the folder until it is gone: it ends the process, maybe in between.
        drop(self.folder.take());
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        folders.retain(|folder| *folder != self.path);
    }
}

/// Removes a folder that another thread may still be writing to.
fn remove(folder: &Path) {
    for _ in 0..20 {
        if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
