//! Writing packages whole or not at all.
//!
//! A package grows in a temporary folder beside its destination and takes its place by one rename. An
//! older package changes places with the new one, in one step where the system can do that.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{PackageError, ENTRIES, MANIFEST, TOLERATED};
use crate::scratch::Scratch;

/// A package under construction.
#[derive(Debug)]
pub struct Staging {
    scratch: Scratch,
    destination: PathBuf,
}

impl Staging {
    /// Prepares to write `destination`.
    ///
    /// # Errors
    /// The destination is something else than an older package, or cannot be written.
    pub fn new(destination: &Path) -> Result<Self, PackageError> {
        let destination = resolve(destination)?;
        check_free(&destination)?;
        let (Some(parent), Some(name)) = (destination.parent(), destination.file_name()) else {
            return Err(PackageError::Root);
        };
        let failed = |source| PackageError::Write { path: destination.clone(), source };
        fs::create_dir_all(parent).map_err(failed)?;
        let prefix = format!(".{}.part-", name.to_string_lossy());
        let scratch = Scratch::new_in(parent, &prefix).map_err(failed)?;
        let staging = Self { scratch, destination: destination.clone() };
        fs::create_dir(staging.folder()).map_err(failed)?;
        Ok(staging)
    }

    /// Where the package grows.
    pub fn folder(&self) -> PathBuf {
        self.scratch.path().join("package")
    }

    /// Adds a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), PackageError> {
        let file = self.folder().join(path);
        let failed = |source| PackageError::Write { path: self.destination.join(path), source };
        if let Some(parent) = file.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&file, bytes).map_err(failed)
    }

    /// Puts the package in its place.
    ///
    /// # Errors
    /// The destination has become something else, or cannot be replaced; it is as it was then.
    pub fn finish(self) -> Result<(), PackageError> {
        check_free(&self.destination)?;
        let failed = |source| PackageError::Write { path: self.destination.clone(), source };
        let new = self.folder();
        if self.destination.symlink_metadata().is_err() {
            return fs::rename(&new, &self.destination).map_err(failed);
        }
        if exchange(&new, &self.destination).is_ok() {
            // The older package is now in the scratch folder and goes with it.
            return Ok(());
        }
        let old = self.scratch.path().join("old");
        fs::rename(&self.destination, &old).map_err(failed)?;
        fs::rename(&new, &self.destination)
            .or_else(|error| {
                fs::rename(&old, &self.destination)?;
                Err(error)
            })
            .map_err(failed)?;
        Ok(())
    }
}

/// The destination without links or dots; it need not exist.
fn resolve(destination: &Path) -> Result<PathBuf, PackageError> {
    match destination.canonicalize() {
        Ok(path) => Ok(path),
        Err(_) => std::path::absolute(destination)
            .map_err(|source| PackageError::Write { path: destination.to_owned(), source }),
    }
}

/// Whether nothing is lost when `destination` is replaced.
fn check_free(destination: &Path) -> Result<(), PackageError> {
    let occupied = |found: &str| PackageError::Occupied {
        folder: destination.to_owned(),
        found: found.to_owned(),
    };
    let entries = match fs::read_dir(destination) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(_) if destination.is_file() => return Err(occupied("a file")),
        Err(source) => {
            return Err(PackageError::Write { path: destination.to_owned(), source });
        }
    };
    let names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let is_package = names.iter().any(|name| name == MANIFEST);
    let foreign = |name: &&String| {
        !is_package || !(ENTRIES.contains(&name.as_str()) || TOLERATED.contains(&name.as_str()))
    };
    match names.iter().filter(foreign).min() {
        Some(name) => Err(occupied(name)),
        None => Ok(()),
    }
}

#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{renameat_with, RenameFlags, CWD};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Writes a file whole or not at all.
///
/// # Errors
/// It cannot be written; what stood there stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PackageError> {
    let failed = |source| PackageError::Write { path: path.to_owned(), source };
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut file = tempfile::Builder::new()
        .prefix(".nilo-")
        .permissions(permissions())
        .tempfile_in(parent)
        .map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map(|_| ()).map_err(|error| failed(error.error))
}

/// A new file's, as the user's mask leaves them.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proof");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(write_whole(folder.path(), b"x").is_err());
        assert!(write_whole(&folder.path().join("missing/proof"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
