//! The Cairo runtime that packages import, as it was when this binary was built.

/// The runtime's files, by path relative to its folder.
pub const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/runtime_files.rs"));

/// The folder of the runtime in a package.
pub const FOLDER: &str = "runtime";
