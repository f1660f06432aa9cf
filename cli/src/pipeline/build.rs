//! Compiles a package's sources and keeps what comes out.

use std::collections::BTreeMap;

use anyhow::{bail, Context, Result};
use nilometer_cairo::contract::{MAX_BYTECODE_LEN, MAX_CLASS_LEN};
use nilometer_cairo::{compile_contract, Program, Sources, Toolchain};
use nilometer_transpiler::emit::RUNTIME_NAME;

use crate::package::{ContractSize, Staging, BUILD, PROGRAM};
use crate::runtime;

/// A compiled package.
pub struct Built {
    /// The program.
    pub program: Program,
    /// The contract, measured.
    pub contract: ContractSize,
}

/// Compiles the sources in `staging` and writes the results beside them.
///
/// # Errors
/// The sources do not compile, or a file cannot be written.
pub fn compile(toolchain: &Toolchain, staging: &Staging, name: &str) -> Result<Built> {
    let folder = staging.folder();
    let crates = BTreeMap::from([
        (name.to_owned(), folder.join("src")),
        (RUNTIME_NAME.to_owned(), folder.join(runtime::FOLDER).join("src")),
    ]);
    let sources = Sources { crates, main: vec![name.to_owned()] };
    let entry = format!("{name}::program::main");
    let contract = format!("{name}::contract::Model");
    let compiled = toolchain.compile(&sources, &[&entry], &[&contract])?;
    let (Some(sierra), [class]) = (compiled.sierra, compiled.contracts.as_slice()) else {
        bail!("the Cairo front end made no program or no contract");
    };
    let program = Program::from_sierra(&sierra, &entry)?;
    let compiled = compile_contract(class).context("the contract")?;
    let contract = ContractSize {
        bytecode_felts: compiled.bytecode_len,
        max_bytecode_felts: MAX_BYTECODE_LEN,
        class_bytes: compiled.class_len,
        max_class_bytes: MAX_CLASS_LEN,
        within_limits: compiled.is_within_limits(),
        compiled_class_hash: format!("{:#x}", compiled.compiled_class_hash),
    };
    for (file, bytes) in [
        ("program.sierra.json", sierra.as_slice()),
        (PROGRAM, program.to_json().as_slice()),
        ("contract_class.json", class.as_slice()),
        ("contract.casm.json", compiled.casm.as_slice()),
    ] {
        staging.write(&format!("{BUILD}/{file}"), bytes)?;
    }
    Ok(Built { program, contract })
}
