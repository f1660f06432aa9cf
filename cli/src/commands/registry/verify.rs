//! `nilo registry verify`: whether a model's class is what an ONNX file and these settings compile to.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_cairo::purity::purity;
use nilometer_package::scratch::Scratch;
use nilometer_package::{description, pipeline, Package};
use nilometer_starknet::ChainError;
use serde::Serialize;

use crate::chain::lookup::find;
use crate::chain::{class, hex, ChainArgs, Session};
use crate::failure::NotReproduced;
use crate::model_file;
use crate::output::{Message, Output};
use crate::progress::Stages;
use crate::settings::SettingsArgs;
use crate::table::fields;

/// Arguments of `nilo registry verify`.
#[derive(Debug, Args)]
#[command(after_help = "Example:
  nilo registry verify 1 --onnx model.onnx --package package
  nilo registry verify 1 --onnx model.onnx --package description.json
  nilo registry verify 1 --onnx model.onnx --calibration rows.npy

The package, or the description that the registry has the hash of, says how the model was made: precision, declared
ranges, shapes. Nothing in it is trusted, because the hashes that come out are compared with the chain's. Without it
the settings must be those that the publisher transpiled with, calibration rows included.")]
pub struct VerifyArgs {
    /// The model's number
    pub id: u64,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    #[command(flatten)]
    pub settings: SettingsArgs,
    /// The ONNX file
    #[arg(long, value_name = "MODEL.onnx")]
    pub onnx: PathBuf,
    /// The package or its description.json: how the model was made is read from it, in place of the options
    #[arg(long, value_name = "DIR|FILE", conflicts_with_all = ["calibration", "bits", "input_range", "labels_only", "name", "shape"])]
    pub package: Option<PathBuf>,
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
    let found = match &args.package {
        Some(package) => by_recipe(args, package)?,
        None => by_options(args, &model.name, output)?,
    };
    let class_hash = Compared::new(hex(&version.class_hash), found.class_hash);
    let contract_class_hash = Compared::new(hex(&version.class_hash), hex(&contract_class));
    let known = purity(&serde_json::to_vec(&on_chain)?)?;
    let result = Verified {
        model_id: args.id,
        version: number,
        valid: class_hash.equal && contract_class_hash.equal,
        class_hash,
        model_hash: Compared::new(hex(&version.model_hash), found.model_hash),
        program_hash: Compared::new(hex(&version.program_hash), found.program_hash),
        contract_class_hash,
        system_calls: known.system_calls,
        impurities: known.impurities,
    };
    // A program hash is only the publisher's word; the class is what runs.
    let valid = result.valid && result.model_hash.equal && result.program_hash.equal;
    if !valid {
        let text = result.text();
        if !result.contract_class_hash.equal {
            let reason = "its contract has another class than the registered one".to_owned();
            let error = ChainError::Decode { what: "the model on chain", reason };
            return Err(anyhow::Error::new(error).context(text.trim_end().to_owned()));
        }
        let by = match args.package {
            Some(_) => "its recipe",
            None => "these settings",
        };
        return Err(anyhow::Error::new(NotReproduced {
            by,
            with_rows: args.settings.calibration.is_some() || args.package.is_some(),
        })
        .context(text.trim_end().to_owned()));
    }
    output.result(&result)?;
    Ok(0)
}

/// The hashes that came of the ONNX file.
struct Found {
    class_hash: String,
    model_hash: String,
    program_hash: String,
}

/// By what the package says: no rows are needed.
fn by_recipe(args: &VerifyArgs, package: &Path) -> Result<Found> {
    let is_description = package.file_name().is_some_and(|name| name == description::FILE);
    let recipe = if is_description {
        let bytes =
            std::fs::read(package).with_context(|| format!("cannot read {}", package.display()))?;
        description::recipe(&bytes)
            .with_context(|| format!("{} does not say how the model was made", package.display()))?
    } else {
        Package::open(package)?.recipe()?
    };
    let onnx = model_file::read(&args.onnx)?;
    let rebuilt = pipeline::rebuild(
        &onnx,
        &recipe,
        &args.settings.toolchain.options(),
        &Stages::new(|_| ()),
    )?;
    let json = rebuilt.class.context("this model is too large for a contract")?;
    Ok(Found {
        class_hash: hex(&class::Built::new(json)?.class.class_hash),
        model_hash: rebuilt.model_hash,
        program_hash: rebuilt.program_hash,
    })
}

/// By the settings on the command line; `name` is the registered one, which is part of the class.
fn by_options(args: &VerifyArgs, name: &str, output: &Output) -> Result<Found> {
    let scratch = Scratch::new_in(&std::env::temp_dir(), "nilo-verify-")
        .context("cannot make a temporary folder")?;
    let folder = scratch.path().join("package");
    let mut job = args.settings.job(&args.onnx, output)?;
    if args.settings.name.is_none() {
        job.name = name.to_owned();
    }
    let manifest = pipeline::transpile(&job, &folder, &Stages::new(|_| ()))?.manifest;
    let built = class::package(&Package::open(&folder)?)?;
    Ok(Found {
        class_hash: hex(&built.class.class_hash),
        model_hash: manifest.model_hash,
        program_hash: manifest.program_hash,
    })
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
