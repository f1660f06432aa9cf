//! Classes: the registry's own, a package's, and what a class on chain can do.

use std::collections::BTreeMap;

use anyhow::{bail, Context, Result};
use nilometer_cairo::{compile_contract, CompiledContract, Sources, Toolchain};
use nilometer_starknet::Class;

use crate::args::ToolchainArgs;
use crate::failure::UsageError;
use crate::progress::Progress;
use nilometer_package::folder::PackageError;
use nilometer_package::Package;

/// The registry's package, as it was when this binary was built.
const REGISTRY: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/registry_files.rs"));

/// The Cairo package's name.
const REGISTRY_NAME: &str = "nilometer_registry";

/// A class and its CASM.
pub struct Built {
    /// Ready to be declared.
    pub class: Class,
    /// The CASM, measured.
    pub compiled: CompiledContract,
}

impl Built {
    /// Compiles a class to CASM and computes its hashes.
    ///
    /// # Errors
    /// The bytes are no class, or one that Starknet does not take.
    pub fn new(json: Vec<u8>) -> Result<Self> {
        let compiled = compile_contract(&json)?;
        let class = Class::new(&json, compiled.compiled_class_hash)?;
        Ok(Self { class, compiled })
    }
}

/// Compiles the registry.
///
/// # Errors
/// The toolchain cannot be made, or a temporary folder cannot be written.
pub fn registry(toolchain: &ToolchainArgs) -> Result<Built> {
    let progress = Progress::spinner("compiling the registry");
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    for (path, text) in REGISTRY.iter().filter(|(path, _)| path.starts_with("src/")) {
        let file = folder.path().join(path);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).context("cannot write a temporary folder")?;
        }
        std::fs::write(&file, text).context("cannot write a temporary folder")?;
    }
    let toolchain = Toolchain::locate(&toolchain.options(), &|step| progress.toolchain(step))?;
    let sources = Sources {
        crates: BTreeMap::from([(REGISTRY_NAME.to_owned(), folder.path().join("src"))]),
        main: vec![REGISTRY_NAME.to_owned()],
    };
    let contract = format!("{REGISTRY_NAME}::registry::ModelRegistry");
    let mut compiled = toolchain.compile(&sources, &[], &[&contract])?;
    match compiled.contracts.pop() {
        Some(json) => Built::new(json),
        None => bail!("the Cairo front end made no class"),
    }
}

/// A package's contract, held against its manifest.
///
/// # Errors
/// The package has none, or another than its manifest says.
pub fn package(package: &Package) -> Result<Built> {
    let _progress = Progress::spinner("reading the package's contract");
    let Some(expected) = &package.manifest.contract.compiled_class_hash else {
        let size = crate::commands::transpile::contract(&package.manifest.contract);
        return Err(UsageError(format!("the package has no contract: {size}")).into());
    };
    if !package.manifest.contract.within_limits {
        let size = crate::commands::transpile::contract(&package.manifest.contract);
        return Err(UsageError(format!("the package's contract is too large: {size}")).into());
    }
    let (file, json) = package.contract_class()?;
    let built = Built::new(json)?;
    let actual = format!("{:#x}", built.compiled.compiled_class_hash);
    if actual != *expected {
        return Err(PackageError::Hash { file, actual, expected: expected.clone() }.into());
    }
    Ok(built)
}
