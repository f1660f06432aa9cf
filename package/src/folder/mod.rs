//! Packages on disk: what `nilo transpile` writes and the other commands read.
//!
//! ```text
//! Scarb.toml, src/       the Cairo package; runtime/ is what it imports
//! build/                 compiled: program (Sierra and CASM) and contract class (Sierra and CASM)
//! model.onnx             the model it was made from
//! model.json             the quantised graph, whose hash is the model's identity
//! key.bin                the keys that proofs of the model are checked with
//! schema.json            how rows and results are encoded
//! nilometer.json         the manifest
//! report.json, report.md the accuracy report
//! recipe.json            precision, ranges and shapes: how to make it again from the ONNX file alone
//! example.json           a row to try
//! README.md              the model card
//! description.json       card, report, schema, graph and program in one: what the registry has the hash of
//! ```

mod manifest;
mod open;
mod pack;
mod write;

use std::path::PathBuf;

use thiserror::Error;

pub use manifest::{CalibrationFile, ContractSize, Manifest, OnnxFile, Settings, FORMAT};
pub use open::Package;
pub use pack::pack;
pub use write::{write_whole, Staging};

/// The manifest's name.
pub const MANIFEST: &str = "nilometer.json";
/// The quantised graph.
pub const MODEL: &str = "model.json";
/// The ONNX file.
pub const ONNX: &str = "model.onnx";
/// A row to try.
pub const EXAMPLE: &str = "example.json";
/// The folder of compiled files.
pub const BUILD: &str = "build";
/// The program, in [`BUILD`].
pub const PROGRAM: &str = "program.json";
/// The contract class, in [`BUILD`].
pub const CONTRACT: &str = "contract_class.json";
/// The model card.
pub const CARD: &str = "README.md";

/// What the registry has the hash of.
pub const DESCRIPTION: &str = crate::description::FILE;

/// All that a package holds at its top.
const ENTRIES: [&str; 15] = [
    BUILD,
    DESCRIPTION,
    EXAMPLE,
    MANIFEST,
    MODEL,
    ONNX,
    CARD,
    crate::model_proof::key::FILE,
    crate::recipe::FILE,
    "Scarb.toml",
    "report.json",
    "report.md",
    "runtime",
    "schema.json",
    "src",
];
/// What Scarb and people leave in a package; it goes when the package is replaced.
const TOLERATED: [&str; 3] = ["Scarb.lock", "target", ".gitignore"];

/// A folder that cannot be used as a package.
#[derive(Debug, Error)]
pub enum PackageError {
    /// The folder has no manifest.
    #[error("{} is not a Nilometer package: it has no {MANIFEST}", .folder.display())]
    NotAPackage {
        /// The folder.
        folder: PathBuf,
    },
    /// The package does not say how it was made.
    #[error("{} has no recipe.json: it cannot be made again from its ONNX file alone", .folder.display())]
    NoRecipe {
        /// The package.
        folder: PathBuf,
    },
    /// The package was made by another version.
    #[error("{} has the format {actual:?}, this version reads {FORMAT:?}", .folder.display())]
    Format {
        /// The package.
        folder: PathBuf,
        /// Its format.
        actual: String,
    },
    /// A file of the package is damaged.
    #[error("{}: {reason}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file is not the one that the manifest names.
    #[error("{} has the hash {actual}, the manifest says {expected}", .file.display())]
    Hash {
        /// The file.
        file: PathBuf,
        /// Its hash.
        actual: String,
        /// The manifest's.
        expected: String,
    },
    /// The output folder holds something else.
    #[error("{} is there already and is not a Nilometer package: it has {found:?}", .folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
        /// What was found in it.
        found: String,
    },
    /// The output folder is the root.
    #[error("the root folder is no place for a package")]
    Root,
    /// The output folder cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

impl PackageError {
    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::NotAPackage { .. } => "make one with `nilo transpile MODEL.onnx -o DIR`",
            Self::NoRecipe { .. } => "an older version made it, or the file was left out: ask its maker for a package that has one",
            Self::Format { .. } | Self::File { .. } => "transpile the model again",
            Self::Hash { .. } => {
                "the package was changed after it was made: transpile the model again"
            }
            Self::Occupied { .. } => "choose another folder with `-o DIR`, or remove it yourself",
            Self::Root | Self::Write { .. } => "choose a place that you can write with `-o`",
        };
        Some(help.to_owned())
    }
}
