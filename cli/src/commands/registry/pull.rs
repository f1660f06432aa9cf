//! `nilo registry pull`: a model's class from the chain, checked against what is registered.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_cairo::contract::{compile_sierra, system_calls};
use nilometer_starknet::{registry, ChainError};
use serde::Serialize;
use serde_json::json;

use crate::chain::lookup::find;
use crate::chain::prediction::schema;
use crate::chain::{hex, ChainArgs, Session};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::scratch::Scratch;

/// Arguments of `nilo registry pull`.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// The model's number
    pub id: u64,
    /// The folder to write; it must not be there
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// The version [default: the newest]
    #[arg(long, value_name = "N")]
    pub version: Option<u32>,
    #[command(flatten)]
    pub chain: ChainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct Pulled {
    model_id: u64,
    version: u32,
    folder: String,
    class_hash: String,
    compiled_class_hash: String,
    model_hash: String,
    bytecode_felts: usize,
    class_bytes: usize,
    system_calls: Vec<String>,
    /// Everything that was held against something else.
    checked: [&'static str; 3],
}

/// Pulls.
///
/// # Errors
/// There is no such model, what the chain has is not what is registered, or the folder cannot be written.
pub fn run(args: &PullArgs, output: &Output) -> Result<u8> {
    let destination = std::path::absolute(&args.output).context("the output folder")?;
    if destination.symlink_metadata().is_ok() {
        let shown = args.output.display();
        return Err(UsageError(format!("{shown} is there already: choose another folder")).into());
    }
    let session = Session::open(&args.chain)?;
    let at = session.registry()?;
    let chain = &session.chain;
    let (model, number, version) = find(&session, at, args.id, args.version)?;
    let wrong = |reason: String| ChainError::Decode { what: "the model on chain", reason };
    let class_hash = session.wait(chain.class_hash_at(version.contract))?;
    if class_hash != version.class_hash {
        return Err(wrong(format!(
            "its contract has class {class_hash:#x}, {:#x} is registered",
            version.class_hash
        ))
        .into());
    }
    // The class's hash is computed here, from what the node sends.
    let class = session.wait_for("fetching the class", chain.class(class_hash))?;
    let answer =
        session.wait(chain.call(&registry::call(version.contract, "model_hash", vec![])))?;
    if answer != [version.model_hash] {
        return Err(wrong("its contract names another model hash".to_owned()).into());
    }
    let schema = schema(&session, &version)?;
    let json_class = serde_json::to_vec(&class)?;
    let compiled = compile_sierra(&json_class)?;
    let calls = system_calls(&json_class)?;

    let parent = destination.parent().context("the root folder is no place for a model")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot write {}", parent.display()))?;
    let scratch =
        Scratch::new_in(parent, ".nilo-pull-").context("cannot write beside the folder")?;
    let folder = scratch.path().join("model");
    fs::create_dir(&folder).context("cannot write a temporary folder")?;
    let record = json!({ "model": model, "version": number, "registered": version });
    let pretty = |value: &serde_json::Value| serde_json::to_vec_pretty(value);
    for (name, bytes) in [
        ("class.json", json_class),
        ("casm.json", compiled.casm.clone()),
        ("schema.json", pretty(&serde_json::to_value(&schema)?)?),
        ("registered.json", pretty(&record)?),
    ] {
        fs::write(folder.join(name), bytes).with_context(|| format!("cannot write {name}"))?;
    }
    fs::rename(&folder, &destination)
        .with_context(|| format!("cannot write {}", args.output.display()))?;
    output.result(&Pulled {
        model_id: args.id,
        version: number,
        folder: args.output.display().to_string(),
        class_hash: hex(&class_hash),
        compiled_class_hash: hex(&compiled.compiled_class_hash),
        model_hash: hex(&version.model_hash),
        bytecode_felts: compiled.bytecode_len,
        class_bytes: compiled.class_len,
        system_calls: calls,
        checked: ["class_hash", "model_hash", "schema_hash"],
    })?;
    Ok(0)
}

impl Message for Pulled {
    fn text(&self) -> String {
        let code = match self.system_calls.as_slice() {
            [] => "no system calls".to_owned(),
            calls => format!("system calls: {}", calls.join(", ")),
        };
        fields([
            ("model", format!("{}, version {}", self.model_id, self.version)),
            ("class hash", format!("{} (computed from the class, as registered)", self.class_hash)),
            ("compiled", self.compiled_class_hash.clone()),
            ("model hash", self.model_hash.clone()),
            (
                "size",
                format!(
                    "{} felts of bytecode, class of {}",
                    thousands(self.bytecode_felts),
                    bytes(self.class_bytes)
                ),
            ),
            ("code", code),
            ("written", self.folder.clone()),
        ])
    }
}
