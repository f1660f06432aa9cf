//! Classes: the registry's own, a package's, and what a class on chain can do.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{bail, Context, Result};
use nilometer_cairo::purity::{is_metered, purity, sierra_version, Purity};
use nilometer_cairo::{compile_contract, CompiledContract, RunOptions, Sources, Toolchain};
use nilometer_starknet::{Chain, Class, Felt};

use super::scarb::{CairoPackage, SCARB};
use super::Session;
use crate::args::ToolchainArgs;
use crate::failure::UsageError;
use crate::progress::Progress;
use nilometer_package::folder::{PackageError, MANIFEST};
use nilometer_package::{gas, vm, Package};

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
    /// The version of its Sierra.
    pub sierra_version: String,
}

impl Built {
    /// Compiles a class to CASM and computes its hashes.
    ///
    /// # Errors
    /// The bytes are no class, or one that Starknet does not take.
    pub fn new(json: Vec<u8>) -> Result<Self> {
        let compiled = compile_contract(&json)?;
        let class = Class::new(&json, compiled.compiled_class_hash)?;
        let (major, minor, patch) = sierra_version(&json)?;
        Ok(Self { class, compiled, sierra_version: format!("{major}.{minor}.{patch}") })
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
    let Some(json) = compiled.contracts.pop() else { bail!("the Cairo front end made no class") };
    assert_unmetered(&json)?;
    Built::new(json)
}

/// Whatever a registry calls sees the gas that is left, if the registry is metered in gas: a challenger could choose
/// the verdict by the gas that they send.
///
/// # Errors
/// The class is of Sierra 1.7 or later.
pub fn assert_unmetered(json: &[u8]) -> Result<()> {
    let version = sierra_version(json)?;
    if is_metered(version) {
        let (major, minor, patch) = version;
        bail!("the registry was compiled to Sierra {major}.{minor}.{patch}, which is metered in gas: 1.6 or earlier is needed");
    }
    Ok(())
}

/// What a contract's class on chain can know, and the class's hash.
///
/// # Errors
/// There is no such contract, its class is malformed, or the node fails.
pub fn of_contract(session: &Session, contract: Felt) -> Result<(Felt, Purity)> {
    let chain: &Chain = &session.chain;
    let class_hash = session.wait(chain.class_hash_at(contract))?;
    let class = session.wait(chain.class(class_hash))?;
    Ok((class_hash, purity(&serde_json::to_vec(&class)?)?))
}

/// What is known of a class, as one line.
pub fn known(purity: &Purity) -> String {
    if purity.is_pure() {
        return "knows only the row: no system calls, no branch on gas; it cannot change"
            .to_owned();
    }
    format!("may answer as it likes: it uses {}", purity.impurities.join(", "))
}

/// The contract of a folder or file: a Nilometer package's, one of a Cairo package, or a class as JSON.
///
/// # Errors
/// There is none, it is not clear which is meant, or it does not compile.
pub fn load(path: &Path, contract: Option<&str>, toolchain: &ToolchainArgs) -> Result<Built> {
    if path.is_file() {
        let json =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        return Built::new(json);
    }
    if path.join(MANIFEST).exists() || !path.join(SCARB).exists() {
        return package(&Package::open(path)?);
    }
    let cairo = CairoPackage::open(path)?;
    let chosen = cairo.choose(contract)?;
    let (mut built, _) = cairo.compile(&[chosen], toolchain)?;
    match built.pop() {
        Some((built, _)) => Ok(built),
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
        let size = &package.manifest.contract;
        return Err(UsageError(format!("the package has no contract: {size}")).into());
    };
    if !package.manifest.contract.within_limits {
        let size = &package.manifest.contract;
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

/// L2 gas of a challenge of a package's example row, from a run of its program.
///
/// # Errors
/// The package is damaged.
pub fn challenge_gas(package: &Package) -> Result<u64> {
    let (graph, program) = package.model_and_program()?;
    let options = RunOptions { max_steps: Some(vm::MAX_STEPS), trace: false };
    let (run, _) = vm::run_whole(&program, &graph, &package.example()?, &options)?;
    let shapes = package.manifest.shapes();
    let model = gas::contract_l2_gas(&graph, shapes, run.steps as u64, &run.builtins);
    Ok(gas::challenge_l2_gas(model, graph.input_len() + graph.output_len()))
}
