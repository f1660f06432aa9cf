//! `nilo contract build`: a package's contract compiled again from its sources, or the contracts of any Cairo package, and
//! measured.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{bail, Context, Result};
use clap::Args;
use nilometer_cairo::contract::{MAX_BYTECODE_LEN, MAX_CLASS_LEN};
use nilometer_cairo::{Sources, Toolchain};
use nilometer_transpiler::emit::RUNTIME_NAME;
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::chain::class::{self, Built};
use crate::chain::hex;
use crate::chain::scarb::{CairoPackage, SCARB};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::progress::Progress;
use crate::table::fields;
use nilometer_package::folder::MANIFEST;
use nilometer_package::numbers::{bytes, thousands};
use nilometer_package::runtime;
use nilometer_package::Package;

/// Arguments of `nilo contract build`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo contract build package
  nilo contract build my-contract --contract Vault

Classes of a Cairo package are written to its target/dev, as Scarb names them.")]
pub struct BuildArgs {
    /// The package, or any Cairo package: a folder with a Scarb.toml
    pub package: PathBuf,
    /// Only this contract of a Cairo package, by its name or full path
    #[arg(long, value_name = "NAME")]
    pub contract: Option<String>,
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

/// The result for any Cairo package.
#[derive(Serialize)]
struct BuiltPackage {
    package: String,
    contracts: Vec<BuiltClass>,
    /// What the compiler warns of.
    warnings: String,
}

/// A contract of a Cairo package.
#[derive(Serialize)]
struct BuiltClass {
    path: String,
    class_hash: String,
    compiled_class_hash: String,
    sierra_version: String,
    bytecode_felts: usize,
    class_bytes: usize,
    within_limits: bool,
    /// Where the class was written.
    file: PathBuf,
}

/// Compiles.
///
/// # Errors
/// The package is damaged or has no contract, its sources do not compile, or they compile to another class.
pub fn run(args: &BuildArgs, output: &Output) -> Result<u8> {
    if !args.package.join(MANIFEST).exists() && args.package.join(SCARB).exists() {
        return run_any(args, output);
    }
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

/// Compiles the contracts of any Cairo package.
fn run_any(args: &BuildArgs, output: &Output) -> Result<u8> {
    let package = CairoPackage::open(&args.package)?;
    let paths = match &args.contract {
        Some(contract) => vec![package.choose(Some(contract))?],
        None if package.contracts.is_empty() => vec![package.choose(None)?],
        None => package.contracts.clone(),
    };
    let (built, warnings) = package.compile(&paths, &args.toolchain)?;
    let folder = args.package.join("target").join("dev");
    fs::create_dir_all(&folder).with_context(|| format!("cannot write {}", folder.display()))?;
    let mut contracts = Vec::new();
    for (path, (built, json)) in paths.into_iter().zip(built) {
        let name = path.rsplit("::").next().unwrap_or_default();
        let file = folder.join(format!("{}_{name}.contract_class.json", package.name));
        write_whole(&folder, &file, &json)?;
        contracts.push(BuiltClass {
            path,
            class_hash: hex(&built.class.class_hash),
            compiled_class_hash: hex(&built.class.compiled_class_hash),
            sierra_version: built.sierra_version,
            bytecode_felts: built.compiled.bytecode_len,
            class_bytes: built.compiled.class_len,
            within_limits: built.compiled.is_within_limits(),
            file,
        });
    }
    output.result(&BuiltPackage { package: package.name, contracts, warnings })?;
    Ok(0)
}

/// Writes a file beside its place, and renames it.
fn write_whole(folder: &Path, file: &Path, bytes: &[u8]) -> Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    let mut temporary = tempfile::NamedTempFile::new_in(folder).with_context(cannot)?;
    temporary.write_all(bytes).with_context(cannot)?;
    temporary.persist(file).with_context(cannot)?;
    Ok(())
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

impl Message for BuiltPackage {
    fn text(&self) -> String {
        let mut text = String::new();
        for contract in &self.contracts {
            text += &fields([
                ("contract", contract.path.clone()),
                ("class hash", contract.class_hash.clone()),
                ("compiled", contract.compiled_class_hash.clone()),
                ("Sierra", contract.sierra_version.clone()),
                (
                    "size",
                    size(contract.bytecode_felts, contract.class_bytes, contract.within_limits),
                ),
                ("file", contract.file.display().to_string()),
            ]);
        }
        text + &self.warnings
    }
}

fn size(bytecode: usize, class: usize, within_limits: bool) -> String {
    let fits = if within_limits { "fits" } else { "does not fit: it cannot be declared" };
    format!(
        "{} of {} felts of bytecode, class of {} of {}: {fits}",
        thousands(bytecode),
        thousands(MAX_BYTECODE_LEN),
        bytes(class),
        bytes(MAX_CLASS_LEN)
    )
}

impl Message for BuiltContract {
    fn text(&self) -> String {
        fields([
            ("model hash", self.model_hash.clone()),
            ("class hash", self.class_hash.clone()),
            ("compiled", self.compiled_class_hash.clone()),
            ("size", size(self.bytecode_felts, self.class_bytes, self.within_limits)),
            ("sources", "compile to the class in the package".to_owned()),
        ])
    }
}
