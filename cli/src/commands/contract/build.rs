//! `nilo contract build`: a package's contract compiled again from its sources, and measured.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{bail, Result};
use clap::Args;
use nilometer_cairo::contract::{MAX_BYTECODE_LEN, MAX_CLASS_LEN};
use nilometer_cairo::{Sources, Toolchain};
use nilometer_transpiler::emit::RUNTIME_NAME;
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::chain::class::{self, Built};
use crate::chain::hex;
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::progress::Progress;
use crate::table::fields;
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::runtime;
use nilometer_package::Package;

/// Arguments of `nilo contract build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The package
    pub package: PathBuf,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// The command's result.
#[derive(Serialize)]
struct BuiltContract {
    model_hash: String,
    class_hash: String,
    compiled_class_hash: String,
    bytecode_felts: usize,
    class_bytes: usize,
    within_limits: bool,
    /// Whether the sources compile to the class that lies beside them.
    matches_package: bool,
}

/// Compiles.
///
/// # Errors
/// The package is damaged or has no contract, its sources do not compile, or they compile to another class.
pub fn run(args: &BuildArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let kept = class::package(&package)?;
    let built = compile(&package, args)?;
    if built.class.class_hash != kept.class.class_hash {
        return Err(UsageError(format!(
            "the package's sources compile to class {:#x}, the package has {:#x}: its sources were changed",
            built.class.class_hash, kept.class.class_hash
        ))
        .into());
    }
    output.result(&BuiltContract {
        model_hash: package.manifest.model_hash.clone(),
        class_hash: hex(&built.class.class_hash),
        compiled_class_hash: hex(&built.class.compiled_class_hash),
        bytecode_felts: built.compiled.bytecode_len,
        class_bytes: built.compiled.class_len,
        within_limits: built.compiled.is_within_limits(),
        matches_package: true,
    })?;
    Ok(0)
}

fn compile(package: &Package, args: &BuildArgs) -> Result<Built> {
    let progress = Progress::spinner("compiling the contract");
    let toolchain = Toolchain::locate(&args.toolchain.options(), &|step| progress.toolchain(step))?;
    let name = &package.manifest.name;
    let crates = BTreeMap::from([
        (name.clone(), args.package.join("src")),
        (RUNTIME_NAME.to_owned(), args.package.join(runtime::FOLDER).join("src")),
    ]);
    let sources = Sources { crates, main: vec![name.clone()] };
    // The program is compiled along, as transpiling does: the same request gives the same bytes.
    let (entry, contract) = (format!("{name}::program::main"), format!("{name}::contract::Model"));
    let mut compiled = toolchain.compile(&sources, &[&entry], &[&contract])?;
    match compiled.contracts.pop() {
        Some(json) => Built::new(json),
        None => bail!("the Cairo front end made no class"),
    }
}

impl Message for BuiltContract {
    fn text(&self) -> String {
        let fits = if self.within_limits { "fits" } else { "does not fit: it cannot be declared" };
        fields([
            ("model hash", self.model_hash.clone()),
            ("class hash", self.class_hash.clone()),
            ("compiled", self.compiled_class_hash.clone()),
            (
                "size",
                format!(
                    "{} of {} felts of bytecode, class of {} of {}: {fits}",
                    thousands(self.bytecode_felts),
                    thousands(MAX_BYTECODE_LEN),
                    bytes(self.class_bytes),
                    bytes(MAX_CLASS_LEN)
                ),
            ),
            ("sources", "compile to the class in the package".to_owned()),
        ])
    }
}
