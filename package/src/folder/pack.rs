//! What a verifier needs of a package, and nothing else: a small folder, or one file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::open::damaged;
use super::{Package, PackageError, Staging, BUILD, MANIFEST, MODEL, PROGRAM};
use crate::model_proof::key;
use crate::{recipe, Error};

/// The format of the one file.
const FORMAT: &str = "nilometer-verifier-v1";
/// The largest file that is read.
const MAX_BYTES: u64 = 1 << 30;

/// Files of a package in one JSON object; each keeps its bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Bundle {
    format: String,
    files: BTreeMap<String, Box<RawValue>>,
    /// Files that are not JSON, as hexadecimal text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    binary: BTreeMap<String, String>,
}

impl Bundle {
    /// Reads the file; anyone may have written it.
    pub(super) fn read(path: &Path) -> Result<Self, PackageError> {
        let bytes = fs::metadata(path).map_err(|error| damaged(path, &error))?.len();
        if bytes > MAX_BYTES {
            return Err(damaged(
                path,
                &format!("it has {bytes} bytes, {MAX_BYTES} are read at most"),
            ));
        }
        Self::parse(path, &fs::read(path).map_err(|error| damaged(path, &error))?)
    }

    /// Reads the bytes of the file that is called `path`.
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, PackageError> {
        match serde_json::from_slice::<Self>(bytes) {
            Ok(bundle) if bundle.format == FORMAT => Ok(bundle),
            _ => Err(PackageError::NotAPackage { folder: path.to_owned() }),
        }
    }

    /// A file's bytes.
    pub(super) fn file(&self, name: &str) -> Option<Vec<u8>> {
        match self.files.get(name) {
            Some(value) => Some(value.get().as_bytes().to_vec()),
            None => hex::decode(self.binary.get(name)?).ok(),
        }
    }
}

/// Writes the files of `package` that checking a proof reads, and those alone: to a folder, or to one file where
/// `destination` ends in `.json`. The names of what was written, and how many bytes it is.
///
/// # Errors
/// The package is damaged, or the destination cannot be written.
pub fn pack(package: &Package, destination: &Path) -> Result<(Vec<String>, u64), Error> {
    // A pack that does not verify would only be noticed by the one who gets it.
    package.model_and_program()?;
    let mut files = BTreeMap::new();
    for name in [MANIFEST.to_owned(), MODEL.to_owned(), format!("{BUILD}/{PROGRAM}")] {
        files.insert(name.clone(), package.read(&name)?.1);
    }
    for name in [recipe::FILE, key::FILE] {
        if let Ok((_, bytes)) = package.read(name) {
            files.insert(name.to_owned(), bytes);
        }
    }
    let names = files.keys().cloned().collect();
    if destination.extension().is_none_or(|extension| extension != "json") {
        let staging = Staging::new(destination)?;
        for (name, bytes) in &files {
            staging.write(name, bytes)?;
        }
        staging.finish()?;
        return Ok((names, files.values().map(|bytes| bytes.len() as u64).sum()));
    }
    let binary = files.remove(key::FILE).map(|bytes| (key::FILE.to_owned(), hex::encode(bytes)));
    let value = |(name, bytes): (String, Vec<u8>)| -> Result<_, serde_json::Error> {
        Ok((name, serde_json::from_slice(&bytes)?))
    };
    let files = files.into_iter().map(value).collect::<Result<_, _>>()?;
    let bundle = Bundle { format: FORMAT.to_owned(), files, binary: binary.into_iter().collect() };
    let mut bytes = serde_json::to_vec(&bundle)?;
    bytes.push(b'\n');
    super::write_whole(destination, &bytes)?;
    Ok((names, bytes.len() as u64))
}
