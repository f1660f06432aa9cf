//! Ctrl-C: no temporary folder stays behind, and nothing half-written ever stands where a result goes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fs, io, process, thread};

/// What shells expect of a process that Ctrl-C ended.
pub const EXIT_CODE: u8 = 130;

/// How long the command may take to end by itself, which cleans up best.
const GRACE: Duration = Duration::from_millis(300);

static HAPPENED: AtomicBool = AtomicBool::new(false);
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Handles Ctrl-C and requests to terminate from now on.
pub fn install() {
    let handler = || {
        HAPPENED.store(true, Ordering::SeqCst);
        thread::sleep(GRACE);
        for folder in FOLDERS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            remove(folder);
        }
        process::exit(EXIT_CODE.into());
    };
    // Without a handler the process still ends; only temporary folders would stay.
    let _ = ctrlc::set_handler(handler);
}

/// Whether the user has interrupted.
pub fn happened() -> bool {
    HAPPENED.load(Ordering::SeqCst)
}

/// A temporary folder that goes when it is dropped, and on Ctrl-C.
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
