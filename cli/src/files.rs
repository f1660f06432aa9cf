//! Files that several commands read.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// The bytes of a model file.
///
/// # Errors
/// The file cannot be read.
pub fn read_model(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
