//! The pinned Cairo front end and core library: found, or made on first use.
//!
//! Program and class hashes must be the same for everyone, so the compiler that is bundled with
//! Nilometer is the one that compiles, whatever else is installed. The front end is built from
//! sources that are embedded here; the core library is carved out of one file of one pinned npm
//! package and checked file by file. Both live in the user's cache:
//!
//! ```text
//! <cache>/frontend/<sources>/nilometer-frontend    the front end, by hash of its sources
//! <cache>/corelib/<manifest>/lib.cairo             the core library, by hash of its manifest
//! <cache>/build/                                   what the build needs; may be deleted
//! <cache>/lock                                     held while something is being made
//! ```
//!
//! Nothing is made by two processes at once, and everything appears by rename, whole.

mod cache;
mod command;
mod corelib;
mod doctor;
mod error;
mod frontend;
mod package;

use std::path::{Path, PathBuf};

pub use doctor::{doctor, Check, Status};
pub use error::ToolchainError;

use cache::Cache;

/// Version of the Cairo front end, source to Sierra.
pub const FRONT_END_VERSION: &str = "2.8.2";
/// Version of the Cairo back end, Sierra to CASM: the one that Starknet's nodes compile with.
pub const BACK_END_VERSION: &str = "2.19.4";

/// Names the folder of a core library to use in place of the pinned one.
pub const CORELIB_VARIABLE: &str = "CORELIB_PATH";
/// Names the cache folder.
pub const CACHE_VARIABLE: &str = "NILOMETER_CACHE";

/// Where to look for the toolchain.
#[derive(Clone, Debug, Default)]
pub struct ToolchainOptions {
    /// A core library in place of the pinned one; `CORELIB_PATH` if not set. Hashes of programs
    /// and classes depend on it.
    pub corelib: Option<PathBuf>,
    /// The cache folder; `NILOMETER_CACHE` if not set, else a folder in the user's cache.
    pub cache: Option<PathBuf>,
    /// Use no network: fail if something would have to be downloaded.
    pub offline: bool,
}

/// What [`Toolchain::locate`] is doing; nothing is reported if all is in place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolchainStep {
    /// Another process is making the toolchain.
    Waiting,
    /// The front end is being built, which takes minutes.
    BuildFrontEnd,
    /// A line that cargo writes about it.
    BuildOutput {
        /// The line.
        line: String,
        /// Crates whose compilation has begun.
        crates: usize,
        /// Crates to compile, about: some are for other systems.
        of: usize,
    },
    /// A file of the core library in the cache is not what it should be; it is made again.
    CoreLibraryDamaged {
        /// The file.
        file: PathBuf,
    },
    /// The package that holds the core library is being downloaded.
    DownloadCoreLibrary {
        /// The package and its version.
        package: String,
    },
    /// The core library is being unpacked.
    UnpackCoreLibrary,
}

/// A front end and a core library that are ready to compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    front_end: PathBuf,
    core_library: PathBuf,
    pinned: bool,
}

impl Toolchain {
    /// Finds the toolchain, or makes what is missing, telling `progress` what it does.
    ///
    /// # Errors
    ///
    /// [`ToolchainError`]; its `help` says how to fix it.
    pub fn locate(
        options: &ToolchainOptions,
        progress: &dyn Fn(ToolchainStep),
    ) -> Result<Self, ToolchainError> {
        let cache = Cache::open(options)?;
        let front_end = frontend::locate(&cache, options.offline, progress)?;
        let (core_library, pinned) = match corelib::chosen(options) {
            Some(folder) => corelib::check_chosen(folder)?,
            None => (corelib::locate(&cache, options.offline, progress)?, true),
        };
        Ok(Self { front_end, core_library, pinned })
    }

    /// The front end's executable.
    pub fn front_end(&self) -> &Path {
        &self.front_end
    }

    /// The folder of the core library.
    pub fn core_library(&self) -> &Path {
        &self.core_library
    }

    /// Whether the core library is the pinned one, file by file; if not, hashes of programs and
    /// classes may differ from everyone else's.
    pub fn is_pinned(&self) -> bool {
        self.pinned
    }
}
