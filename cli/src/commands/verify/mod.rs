//! `nilo verify`: whether a proof shows what a model gives for a row, or what its program gave.

mod expected;
mod links;
mod model;
mod program;
#[cfg(feature = "chain")]
mod registry;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use nilometer_air::cairo::Security;
use nilometer_package::check::AboutError;
use nilometer_package::model_proof::file;
use nilometer_package::model_proof::key::Digest;
use nilometer_package::pipeline::{self, Rebuilt};
use nilometer_package::Package;
use starknet_types_core::felt::Felt;

use crate::args::{ToolchainArgs, DEFAULT_SECURITY};
use crate::felt::{hex, parse_felt};
use crate::input::{ReadArgs, Source};
use crate::model_file;
use crate::output::Output;
use crate::progress::Stages;

/// Arguments of `nilo verify`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo verify row0.proof --key 0x12…
  nilo verify row0.proof --key 0x12… --input rows.npy:0 --output-int 0,3,1
  nilo verify accuracy.proof --key 0x12… --data X.npy --labels y.npy
  nilo verify row0.proof --model package
  nilo verify row0.proof --model package --input rows.npy:0 --output 0,1,0
  nilo verify row0.proof --model package --model-hash 0x12… --program-hash 0x34…
  nilo verify row0.proof --model package --rebuild model.onnx

Without --input and --output, what the proof is about is shown, and it is verified to be so. A proof is checked
against what you bring, never against anything that the proof file says of itself. A proof of a model needs the
model's key alone; with --model, the key is made again from the package's model and compared. A proof of a program's
run needs the package: it is checked against its program, then the package's model is evaluated on the proved row and
compared with the proved output; that the program is the model on every other row is known only after --rebuild.")]
pub struct VerifyArgs {
    /// The proof
    pub proof: PathBuf,
    /// The package of the model, or what `nilo pack --for-verifier` wrote
    #[arg(short, long, value_name = "DIR|FILE", required_unless_present = "key")]
    pub model: Option<PathBuf>,
    /// The key of the model (`nilo key`): all that checking a proof of a model needs
    #[arg(short, long, value_name = "KEY")]
    pub key: Option<Digest>,
    /// The row that the proof must be about (.npy, .json, .csv), in natural units
    #[arg(short, long, value_name = "FILE[:ROW]")]
    pub input: Option<Source>,
    /// The data set that the proof must be about
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub data: Option<PathBuf>,
    /// The labels of that data set
    #[arg(long, value_name = "FILE", requires = "data")]
    pub labels: Option<PathBuf>,
    #[command(flatten)]
    pub read: ReadArgs,
    /// The output that the proof must be about, in natural units as `nilo run` prints them: a file, or numbers
    /// such as 0.25,0.75
    #[arg(short, long, value_name = "FILE[:ROW]|NUMBERS", allow_hyphen_values = true)]
    pub output: Option<String>,
    /// The output that the proof must be about, as the exact integers that `nilo run` prints
    #[arg(long, value_name = "FILE[:ROW]|INTEGERS", allow_hyphen_values = true)]
    pub output_int: Option<String>,
    /// The least security that is accepted: 96, 100 or 128 bits, all proven
    #[arg(long, value_name = "LEVEL", default_value = DEFAULT_SECURITY)]
    pub security: Security,
    /// The model hash that is expected
    #[arg(long, value_name = "HASH", value_parser = parse_felt)]
    pub model_hash: Option<Felt>,
    /// The program hash that is expected
    #[arg(long, value_name = "HASH", value_parser = parse_felt)]
    pub program_hash: Option<Felt>,
    /// Transpile this ONNX file as the package says, and compare model and program
    #[arg(long, value_name = "MODEL.onnx", requires = "model")]
    pub rebuild: Option<PathBuf>,
    /// Show the whole row, and every feature that differs
    #[arg(long)]
    pub full: bool,
    /// The model's number in the registry: its hashes are taken from the chain
    #[cfg(feature = "chain")]
    #[arg(long, value_name = "N")]
    pub id: Option<u64>,
    /// The version in the registry [default: the newest]
    #[cfg(feature = "chain")]
    #[arg(long, value_name = "N", requires = "id")]
    pub version: Option<u32>,
    #[cfg(feature = "chain")]
    #[command(flatten)]
    pub chain: crate::chain::ChainArgs,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// Verifies.
///
/// # Errors
/// The proof is invalid or about something else, or a file cannot be read.
pub fn run(args: &VerifyArgs, output: &Output) -> Result<u8> {
    let bytes = std::fs::read(&args.proof)
        .with_context(|| format!("cannot read {}", args.proof.display()))?;
    match file::version(&bytes) {
        Some(file::FORMAT_VERSION) => model::run(args, &bytes, output),
        _ => program::run(args, &bytes, output),
    }
}

/// Fails unless a hash is the expected one, if one is expected.
fn expect(what: &'static str, expected: Option<Felt>, actual: &str) -> Result<(), AboutError> {
    match expected.map(|expected| hex(&expected)).filter(|expected| expected != actual) {
        Some(expected) => Err(AboutError::Expected { what, expected, actual: actual.to_owned() }),
        None => Ok(()),
    }
}

/// Transpiles the ONNX file as the package says, and compares.
fn rebuild(onnx: &Path, package: &Package, args: &VerifyArgs, output: &Output) -> Result<Rebuilt> {
    let recipe = package.recipe()?;
    let rebuilt = pipeline::rebuild(
        &model_file::read(onnx)?,
        &recipe,
        &args.toolchain.options(),
        &Stages::new(|_| ()),
    )
    .with_context(|| onnx.display().to_string())?;
    let manifest = &package.manifest;
    let key = |key: Option<Digest>| key.map(|key| key.to_string());
    // Packages of older versions have no key.
    let made = manifest.key.and(rebuilt.key);
    for (what, expected, actual) in [
        ("model hash", Some(manifest.model_hash.clone()), Some(rebuilt.model_hash.clone())),
        ("program hash", Some(manifest.program_hash.clone()), Some(rebuilt.program_hash.clone())),
        ("key", key(manifest.key), key(made)),
    ] {
        if expected != actual {
            let none = || "none".to_owned();
            let (expected, actual) = (expected.unwrap_or_else(none), actual.unwrap_or_else(none));
            return Err(AboutError::Rebuilt { what, expected, actual }.into());
        }
    }
    if !rebuilt.pinned_core_library {
        output.warn("the core library is not the pinned one: equal hashes say that this machine's library gives them");
    }
    Ok(rebuilt)
}
