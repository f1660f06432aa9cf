//! `nilo registry verify`: whether a model's class is what an ONNX file and these settings compile to.

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_cairo::purity::purity;
use nilometer_starknet::ChainError;
use serde::Serialize;

use super::find;
use crate::chain::{class, hex, ChainArgs, Session};
use crate::commands::transpile::{self, TranspileArgs};
use crate::interrupt::Scratch;
use crate::output::{Message, Output};
use crate::package::Package;
use crate::pipeline::{self, Stages};
use crate::table::fields;

/// Arguments of `nilo registry verify`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  nilo registry verify 1 --onnx model.onnx --calibration rows.npy

The settings must be those that the publisher transpiled with: the package's nilometer.json has them.")]
pub struct VerifyArgs {
    /// The model's number
    pub id: u64,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    #[command(flatten)]
    pub settings: transpile::SettingsArgs,
    /// The ONNX file
    #[arg(long, value_name = "MODEL.onnx")]
    pub onnx: std::path::PathBuf,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Verified {
    model_id: u64,
    version: u32,
    valid: bool,
    class_hash: Compared,
    model_hash: Compared,
    program_hash: Compared,
    /// The class of the contract now.
    contract_class_hash: Compared,
    system_calls: Vec<String>,
    /// What keeps the class from knowing only the row: empty if nothing does.
    impurities: Vec<String>,
}

/// A hash beside the one that it should be.
#[derive(Serialize)]
struct Compared {
    registered: String,
    /// Of the ONNX file; of the chain for the contract's class.
    found: String,
    equal: bool,
}

impl Compared {
    fn new(registered: String, found: String) -> Self {
        Self { equal: registered == found, registered, found }
    }
}

/// Verifies; exit code 7 if the class is another.
///
/// # Errors
/// There is no such model, the ONNX file does not transpile, or the node fails.
pub fn run(args: &VerifyArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let (model, number, version) = find(&session, registry, args.id, args.version)?;
    let contract_class = session.wait(session.chain.class_hash_at(version.contract))?;
    let on_chain = session.wait(session.chain.class(contract_class))?;
    let scratch = Scratch::new_in(&std::env::temp_dir(), "nilo-verify-")
        .context("cannot make a temporary folder")?;
    let folder = scratch.path().join("package");
    let transpile_args = TranspileArgs {
        model: args.onnx.clone(),
        output: folder.clone(),
        settings: args.settings.clone(),
    };
    // The package's name is part of its class.
    let mut job = transpile::job(&transpile_args)?;
    if args.settings.name.is_none() {
        job.name.clone_from(&model.name);
    }
    let mut stages = Stages::new(|_| ());
    let transpiled = pipeline::transpile(&job, &folder, &mut stages)?;
    drop(stages);
    let package = Package::open(&folder)?;
    let built = class::package(&package)?;
    let manifest = transpiled.manifest;
    let known = purity(&serde_json::to_vec(&on_chain)?)?;
    let class_hash = Compared::new(hex(&version.class_hash), hex(&built.class.class_hash));
    let contract_class_hash = Compared::new(hex(&version.class_hash), hex(&contract_class));
    let result = Verified {
        model_id: args.id,
        version: number,
        valid: class_hash.equal && contract_class_hash.equal,
        class_hash,
        model_hash: Compared::new(hex(&version.model_hash), manifest.model_hash),
        program_hash: Compared::new(hex(&version.program_hash), manifest.program_hash),
        contract_class_hash,
        system_calls: known.system_calls,
        impurities: known.impurities,
    };
    // A program hash is only the publisher's word; the class is what runs.
    let valid = result.valid && result.model_hash.equal && result.program_hash.equal;
    if !valid {
        let text = result.text();
        let reason =
            "its class is not what this ONNX file and these settings compile to".to_owned();
        let error = ChainError::Decode { what: "the model on chain", reason };
        return Err(anyhow::Error::new(error).context(text.trim_end().to_owned()));
    }
    output.result(&result)?;
    Ok(0)
}

impl Message for Verified {
    fn text(&self) -> String {
        let compared = |compared: &Compared| {
            if compared.equal {
                compared.registered.clone()
            } else {
                format!("registered {}\nfound      {}", compared.registered, compared.found)
            }
        };
        let mut text = fields([
            ("class hash", compared(&self.class_hash)),
            ("model hash", compared(&self.model_hash)),
            ("program hash", compared(&self.program_hash)),
            ("contract", compared(&self.contract_class_hash)),
        ]);
        if self.valid {
            text += &format!(
                "\n{} the class on chain is what this ONNX file and these settings compile to\n",
                style("checked").green().bold()
            );
        }
        text
    }
}
