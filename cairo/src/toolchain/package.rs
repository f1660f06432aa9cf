//! One file out of one pinned npm package.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;

use super::cache::sha256;
use super::corelib::Manifest;
use super::{command, ToolchainError};

/// The most bytes of a package that are read, packed and unpacked each.
const MAX_PACKAGE_LEN: u64 = 1 << 26;

pub(super) const NPM_HELP: &str = "install Node.js (which brings npm) and check the network, or \
    set CORELIB_PATH to a Cairo 2.8 core library";

/// The command that runs npm.
pub(super) fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Downloads the package into `folder` and gives the file that the manifest names; both checked.
pub(super) fn fetch(manifest: &Manifest, folder: &Path) -> Result<Vec<u8>, ToolchainError> {
    // `pack` downloads and runs nothing of the package.
    let mut command = npm();
    command.args(["pack", &manifest.spec(), "--ignore-scripts"]).current_dir(folder);
    command::run(&mut command, NPM_HELP, &mut |_| {})?;
    let tarball = tarball(manifest, folder)?;
    let bytes = File::open(&tarball)
        .and_then(read_bounded)
        .map_err(|source| ToolchainError::file("read", &tarball, source))?;
    check(&format!("the package {}", manifest.spec()), &bytes, &manifest.tarball_sha256)?;
    let member = unpack(manifest, &bytes)?;
    check(&manifest.member, &member, &manifest.member_sha256)?;
    Ok(member)
}

/// Compares bytes with their pinned digest.
pub(super) fn check(what: &str, bytes: &[u8], expected: &str) -> Result<(), ToolchainError> {
    let actual = sha256(bytes);
    if actual == expected {
        return Ok(());
    }
    Err(ToolchainError::Digest { what: what.to_owned(), expected: expected.to_owned(), actual })
}

/// The one archive that npm has written.
fn tarball(manifest: &Manifest, folder: &Path) -> Result<PathBuf, ToolchainError> {
    let files = folder
        .read_dir()
        .map_err(|source| ToolchainError::file("read", folder, source))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "tgz"));
    files.ok_or_else(|| unexpected(manifest, "npm has written no archive"))
}

fn unpack(manifest: &Manifest, tarball: &[u8]) -> Result<Vec<u8>, ToolchainError> {
    let broken = |error: std::io::Error| unexpected(manifest, error);
    let mut archive = tar::Archive::new(GzDecoder::new(tarball).take(MAX_PACKAGE_LEN));
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        let wanted = entry.path().is_ok_and(|path| path.as_os_str() == manifest.member.as_str());
        if wanted {
            return read_bounded(entry).map_err(broken);
        }
    }
    Err(unexpected(manifest, format_args!("it has no {}", manifest.member)))
}

fn read_bounded(reader: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_PACKAGE_LEN).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unexpected(manifest: &Manifest, reason: impl ToString) -> ToolchainError {
    ToolchainError::Package { package: manifest.spec(), reason: reason.to_string() }
}
