//! What can be wrong with the toolchain, and how to fix it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no toolchain.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ToolchainError {
    /// The system names no cache folder.
    #[error("the system has no cache folder for this user")]
    NoCacheFolder,
    /// A file or folder cannot be used.
    #[error("cannot {action} {}: {source}", .path.display())]
    File {
        /// What was tried: `read`, `write`, ….
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A command is not installed or cannot be run.
    #[error("cannot run `{command}`: {source}")]
    CommandMissing {
        /// The command line.
        command: String,
        /// How to get it.
        help: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// A command failed.
    #[error("`{command}` failed ({status}){}", tail(.stderr))]
    CommandFailed {
        /// The command line.
        command: String,
        /// Its exit status.
        status: String,
        /// The last lines of its standard error.
        stderr: String,
        /// What to try.
        help: &'static str,
    },
    /// Something is missing that would have to be downloaded, which was forbidden.
    #[error("{what} is not in the cache, and downloads are off")]
    Offline {
        /// What is missing.
        what: &'static str,
    },
    /// A download or a file is not the pinned one.
    #[error("{what} has SHA-256 {actual}, pinned is {expected}")]
    Digest {
        /// What was checked.
        what: String,
        /// The pinned digest.
        expected: String,
        /// What was found.
        actual: String,
    },
    /// The downloaded package does not hold what it should.
    #[error("the package {package} is not as expected: {reason}")]
    Package {
        /// The package and its version.
        package: String,
        /// What is wrong.
        reason: String,
    },
    /// The folder that was given holds no core library.
    #[error("no Cairo core library in {}: it has no `lib.cairo`", .folder.display())]
    NoCoreLibrary {
        /// The folder.
        folder: PathBuf,
    },
}

impl ToolchainError {
    /// What to do about it.
    pub fn help(&self) -> &str {
        match self {
            Self::NoCacheFolder => "set NILOMETER_CACHE to a folder that you can write",
            Self::File { .. } => "check the permissions, or set NILOMETER_CACHE to another folder",
            Self::CommandMissing { help, .. } | Self::CommandFailed { help, .. } => help,
            Self::Offline { .. } => "run it once with network, or set CORELIB_PATH",
            Self::Digest { .. } | Self::Package { .. } => {
                "try again; if it stays so, the download was tampered with: do not use it"
            }
            Self::NoCoreLibrary { .. } => {
                "give the folder that holds lib.cairo, or unset CORELIB_PATH to use the pinned one"
            }
        }
    }

    pub(super) fn file(action: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self::File { action, path: path.into(), source }
    }
}

fn tail(stderr: &str) -> String {
    if stderr.is_empty() {
        String::new()
    } else {
        format!(":\n{stderr}")
    }
}
