//! Compiles a package's sources and keeps what comes out.

use std::collections::BTreeMap;

use nilometer_cairo::contract::{MAX_BYTECODE_LEN, MAX_CLASS_LEN, MAX_SIERRA_LEN};
use nilometer_cairo::{compile_contract, Program, Sources, Toolchain};
use nilometer_transpiler::emit::RUNTIME_NAME;

use crate::folder::{ContractSize, Staging, BUILD, CONTRACT, PROGRAM};
use crate::{runtime, Context as _, Error};

/// A compiled package.
pub struct Built {
    /// The program.
    pub program: Program,
    /// The program's file.
    pub program_json: Vec<u8>,
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
) -> Result<Built, Error> {
    let entry = format!("{name}::program::main");
    let contract = contract_path(name);
    let contracts: &[&str] = if with_contract { &[&contract] } else { &[] };
    let compiled = toolchain.compile(&sources(staging, name), &[&entry], contracts)?;
    let Some(sierra) = compiled.sierra else {
        return Err(Error::NotCompiled("program"));
    };
    let program = Program::from_sierra(&sierra, &entry)?;
    staging.write(&format!("{BUILD}/program.sierra.json"), &sierra)?;
    let program_json = program.to_json();
    staging.write(&format!("{BUILD}/{PROGRAM}"), &program_json)?;
    let contract = match compiled.contracts.first() {
        Some(class) => measure(staging, class)?,
        None => ContractSize {
            bytecode_felts: program.code_len(),
            max_bytecode_felts: MAX_BYTECODE_LEN,
            class_bytes: None,
            max_class_bytes: MAX_CLASS_LEN,
            sierra_felts: None,
            max_sierra_felts: MAX_SIERRA_LEN,
            within_limits: false,
            compiled_class_hash: None,
        },
    };
    Ok(Built { program, program_json, contract })
}

/// Compiles the contract alone, in place of the one that is there.
///
/// # Errors
/// As for [`compile`].
pub fn contract(
    toolchain: &Toolchain,
    staging: &Staging,
    name: &str,
) -> Result<ContractSize, Error> {
    let compiled = toolchain.compile(&sources(staging, name), &[], &[&contract_path(name)])?;
    match compiled.contracts.first() {
        Some(class) => measure(staging, class),
        None => Err(Error::NotCompiled("class")),
    }
}

fn contract_path(name: &str) -> String {
    format!("{name}::contract::Model")
}

fn sources(staging: &Staging, name: &str) -> Sources {
    let folder = staging.folder();
    let crates = BTreeMap::from([
        (name.to_owned(), folder.join("src")),
        (RUNTIME_NAME.to_owned(), folder.join(runtime::FOLDER).join("src")),
    ]);
    Sources { crates, main: vec![name.to_owned()] }
}

/// Writes a class and its CASM, and measures them.
fn measure(staging: &Staging, class: &[u8]) -> Result<ContractSize, Error> {
    let compiled = compile_contract(class).context("the contract")?;
    staging.write(&format!("{BUILD}/{CONTRACT}"), class)?;
    staging.write(&format!("{BUILD}/contract.casm.json"), &compiled.casm)?;
    Ok(ContractSize {
        bytecode_felts: compiled.bytecode_len,
        max_bytecode_felts: MAX_BYTECODE_LEN,
        class_bytes: Some(compiled.class_len),
        max_class_bytes: MAX_CLASS_LEN,
        sierra_felts: Some(compiled.sierra_len),
        max_sierra_felts: MAX_SIERRA_LEN,
        within_limits: compiled.is_within_limits(),
        compiled_class_hash: Some(format!("{:#x}", compiled.compiled_class_hash)),
    })
}
