//! `nilo pack`: what somebody else needs of a package.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use nilometer_package::{folder, numbers, Package};
use serde::Serialize;

use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo pack`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo pack --for-verifier package -o verifier
  nilo pack --for-verifier package -o verifier.json

`nilo verify --model` takes both. The folder or file has the model and the program, no ONNX file and no rows; a proof
itself discloses the whole row that it is about.")]
pub struct PackArgs {
    /// The package
    #[arg(long, value_name = "PACKAGE")]
    pub for_verifier: PathBuf,
    /// Where it goes: a folder, or one file that ends in .json
    #[arg(short, long, value_name = "DIR|FILE")]
    pub output: PathBuf,
}

/// The command's result.
#[derive(Serialize)]
struct Packed {
    output: String,
    files: Vec<String>,
    bytes: u64,
    model_hash: String,
    program_hash: String,
}

/// Packs.
///
/// # Errors
/// The package is damaged, or the destination cannot be written.
pub fn run(args: &PackArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.for_verifier)?;
    let (files, bytes) = folder::pack(&package, &args.output)?;
    output.result(&Packed {
        output: args.output.display().to_string(),
        files,
        bytes,
        model_hash: package.manifest.model_hash,
        program_hash: package.manifest.program_hash,
    })?;
    Ok(0)
}

impl Message for Packed {
    fn text(&self) -> String {
        let size = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        fields([
            ("written", format!("{} ({})", self.output, numbers::bytes(size))),
            ("files", self.files.join(", ")),
            ("model hash", self.model_hash.clone()),
            ("program hash", self.program_hash.clone()),
        ])
    }
}
