//! Compiles a package's sources and keeps what comes out.

use std::collections::BTreeMap;

use anyhow::{bail, Context, Result};
use nilometer_cairo::contract::{MAX_BYTECODE_LEN, MAX_CLASS_LEN, MAX_SIERRA_LEN};
use nilometer_cairo::{compile_contract, Program, Sources, Toolchain};
use nilometer_transpiler::emit::RUNTIME_NAME;

use crate::package::{ContractSize, Staging, BUILD, CONTRACT, PROGRAM};
use crate::runtime;

/// A compiled package.
pub struct Built {
    /// The program.
    pub program: Program,
    /// The contract, measured.
    pub contract: ContractSize,
}

/// Compiles the sources in `staging` and writes the results beside them. Without a contract the program's
/// own size stands for the contract's, which is larger.
///
/// # Errors
/// The sources do not compile, or a file cannot be written.
pub fn compile(
    toolchain: &Toolchain,
    staging: &Staging,
    name: &str,
    with_contract: bool,
) -> Result<Built> {
    let folder = staging.folder();
    let crates = BTreeMap::from([
        (name.to_owned(), folder.join("src")),
        (RUNTIME_NAME.to_owned(), folder.join(runtime::FOLDER).join("src")),
    ]);
    let sources = Sources { crates, main: vec![name.to_owned()] };
    let entry = format!("{name}::program::main");
    let contract = format!("{name}::contract::Model");
    let contracts: &[&str] = if with_contract { &[&contract] } else { &[] };
    let compiled = toolchain.compile(&sources, &[&entry], contracts)?;
    let Some(sierra) = compiled.sierra else {
        bail!("the Cairo front end made no program");
    };
    let program = Program::from_sierra(&sierra, &entry)?;
    let write = |file: &str, bytes: &[u8]| staging.write(&format!("{BUILD}/{file}"), bytes);
    write("program.sierra.json", &sierra)?;
    write(PROGRAM, &program.to_json())?;
    let mut contract = ContractSize {
        bytecode_felts: program.code_len(),
        max_bytecode_felts: MAX_BYTECODE_LEN,
        class_bytes: None,
        max_class_bytes: MAX_CLASS_LEN,
        sierra_felts: None,
        max_sierra_felts: MAX_SIERRA_LEN,
        within_limits: false,
        compiled_class_hash: None,
    };
    if let Some(class) = compiled.contracts.first() {
        let compiled = compile_contract(class).context("the contract")?;
        write(CONTRACT, class)?;
        write("contract.casm.json", &compiled.casm)?;
        contract.bytecode_felts = compiled.bytecode_len;
        contract.class_bytes = Some(compiled.class_len);
        contract.sierra_felts = Some(compiled.sierra_len);
        contract.within_limits = compiled.is_within_limits();
        contract.compiled_class_hash = Some(format!("{:#x}", compiled.compiled_class_hash));
    }
    Ok(Built { program, contract })
}
