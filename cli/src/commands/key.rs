//! `nilo key`: the key that proofs of a model are checked with.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_package::check::AboutError;
use nilometer_package::folder::write_whole;
use nilometer_package::model_proof::commit;
use nilometer_package::model_proof::key::{Digest, KeySet};
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::{pipeline, Package};
use serde::Serialize;

use super::prove::Target;
use crate::model_file;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo key`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo key package
  nilo key package --onnx model.onnx
  nilo key package --target starknet

The key is made again from the package's quantised model; with --onnx, from the ONNX file and the package's recipe.
Anyone who has the ONNX file and the recipe gets the same key. `nilo verify PROOF --key KEY` needs nothing else.")]
pub struct KeyArgs {
    /// The package, or what `nilo pack --for-verifier` wrote
    pub package: PathBuf,
    /// Make the key from this ONNX file, by the package's recipe
    #[arg(long, value_name = "MODEL.onnx")]
    pub onnx: Option<PathBuf>,
    /// Whose key: a machine's, or that of contracts on Starknet
    #[arg(long, value_enum, default_value_t)]
    pub target: Target,
    /// Write the keys themselves to this file
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The command's result.
#[derive(Serialize)]
struct KeyResult {
    key: Digest,
    model_hash: String,
    /// From what it was made: `model` or `onnx`.
    made_from: &'static str,
    /// The hash that contracts compute of the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    contract_key: Option<String>,
    /// Keys of proofs, by the rows of input that each is about.
    keys: Vec<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    bytes: usize,
}

#[derive(Serialize)]
struct Part {
    inputs: usize,
    /// Rows of the trace.
    rows: usize,
    hash: String,
}

/// Shows the key.
///
/// # Errors
/// The package is damaged or has another key, or its model is too long for a proof.
pub fn run(args: &KeyArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let (graph, made_from) = match &args.onnx {
        None => (package.model()?, "model"),
        Some(onnx) => {
            let graph = pipeline::requantise(&model_file::read(onnx)?, &package.recipe()?);
            (graph.with_context(|| onnx.display().to_string())?, "onnx")
        }
    };
    let for_contract = args.target == Target::Starknet;
    let keys = if for_contract { commit::starknet_keys(&graph)? } else { commit::keys(&graph)? };
    let key = keys.model_key();
    // The manifest has the key for machines.
    let stated = package.manifest.key.filter(|_| !for_contract);
    if let Some(stated) = stated.filter(|stated| *stated != key) {
        let (expected, actual) = (stated.to_string(), key.to_string());
        return Err(AboutError::Rebuilt { what: "key", expected, actual }.into());
    }
    let file = keys.to_bytes();
    if let Some(path) = &args.output {
        write_whole(path, &file)?;
    }
    output.result(&KeyResult {
        key,
        model_hash: format!("{:#x}", graph.model_hash()),
        made_from,
        contract_key: parts(&keys).pop().filter(|_| for_contract).map(|part| part.hash),
        keys: parts(&keys),
        output: args.output.as_ref().map(|path| path.display().to_string()),
        bytes: file.len(),
    })?;
    Ok(0)
}

fn parts(keys: &KeySet) -> Vec<Part> {
    let part = |key: &nilometer_tensor_air::Key| Part {
        inputs: key.batch,
        rows: key.n_rows,
        hash: format!("0x{}", hex::encode(key.hash())),
    };
    keys.keys().iter().map(part).collect()
}

impl Message for KeyResult {
    fn text(&self) -> String {
        let source = match self.made_from {
            "onnx" => "the ONNX file and the package's recipe",
            _ => "the package's model",
        };
        let parts = self.keys.iter().map(|part| {
            format!("{} of input in {} of trace", thousands(part.inputs), thousands(part.rows))
        });
        let mut rows = vec![
            ("key", self.key.to_string()),
            ("made from", source.to_owned()),
            ("model", self.model_hash.clone()),
            ("rows", parts.collect::<Vec<_>>().join("; ")),
        ];
        if let Some(contract_key) = &self.contract_key {
            rows.push(("contract key", contract_key.clone()));
        }
        if let Some(output) = &self.output {
            rows.push(("written", format!("{output} ({})", bytes(self.bytes))));
        }
        fields(rows)
    }
}
