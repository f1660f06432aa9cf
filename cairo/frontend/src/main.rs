//! The bundled Cairo front end: Cairo source in, Sierra programs and Starknet contract classes out.
//!
//! Input: one JSON request on standard input ([`Request`]). Output: the files that the request
//! names; nothing on standard output. Diagnostics and errors go to standard error, with exit code 1
//! for source that does not compile and 2 for a request that cannot be carried out.
//!
//! This binary must stay free of policy: which corelib, which crates and which functions are the
//! caller's business. It never reads the environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{bail, Context, Result};
use cairo_lang_compiler::db::RootDatabase;
use cairo_lang_compiler::diagnostics::DiagnosticsReporter;
use cairo_lang_compiler::CompilerConfig;
use cairo_lang_defs::db::DefsGroup;
use cairo_lang_defs::ids::TopLevelLanguageElementId;
use cairo_lang_diagnostics::ToOption;
use cairo_lang_filesystem::db::{
    init_dev_corelib, CrateConfiguration, CrateSettings, Edition, FilesGroup, FilesGroupEx,
};
use cairo_lang_filesystem::ids::{CrateId, CrateLongId, Directory};
use cairo_lang_lowering::ids::ConcreteFunctionWithBodyId;
use cairo_lang_sierra::program::Program;
use cairo_lang_sierra_generator::db::SierraGenGroup;
use cairo_lang_sierra_generator::replace_ids::{
    replace_sierra_ids_in_program, DebugReplacer, SierraIdReplacer,
};
use cairo_lang_starknet::compile::compile_contract_in_prepared_db;
use cairo_lang_starknet::starknet_plugin_suite;
use cairo_lang_utils::Intern;
use serde::Deserialize;

/// What to compile. Paths are read as they are; crate roots are the folders that hold `lib.cairo`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The folder of the Cairo core library (the one that holds its `lib.cairo`).
    corelib: PathBuf,
    /// Every crate but `core`, by name.
    crates: BTreeMap<String, PathBuf>,
    /// The crates whose diagnostics count and whose functions and contracts can be asked for.
    main: Vec<String>,
    /// Functions to compile into one Sierra program.
    #[serde(default)]
    program: Option<ProgramRequest>,
    /// Contracts to compile, each into a class of its own.
    #[serde(default)]
    contracts: Vec<ContractRequest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramRequest {
    /// Full paths of free functions, such as `model::main`.
    functions: Vec<String>,
    /// Where the Sierra program goes, as versioned JSON.
    output: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContractRequest {
    /// Full path of the contract's module.
    path: String,
    /// Where the contract class goes, as JSON.
    output: PathBuf,
}

fn main() -> ExitCode {
    // Lowering recurses over nested expressions and long blocks: give it room.
    let worker = std::thread::Builder::new().stack_size(1 << 30).spawn(run);
    match worker.expect("the operating system gives threads").join() {
        Ok(Ok(true)) => ExitCode::SUCCESS,
        Ok(Ok(false)) => ExitCode::from(1),
        Ok(Err(error)) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
        Err(_) => ExitCode::from(2),
    }
}

/// Carries out the request; false if the source has errors, which are on standard error by then.
fn run() -> Result<bool> {
    let request: Request =
        serde_json::from_reader(std::io::stdin().lock()).context("reading the request")?;
    let contracts = !request.contracts.is_empty();
    let (db, main) = database(&request, contracts)?;
    if !check(&db, &main) {
        return Ok(false);
    }
    for contract in &request.contracts {
        compile_contract(&db, &main, contract)?;
    }
    let Some(request_program) = &request.program else { return Ok(true) };
    let program = compile_program(&db, &main, request_program)?;
    // Programs are run whole by a prover: gas is the chain's, so only contracts withdraw it. Code
    // without loops withdraws none either way, and then what was lowered for the contracts serves the
    // program too.
    if contracts && withdraws_gas(&program) {
        drop(db);
        let (db, main) = database(&request, false)?;
        let program = compile_program(&db, &main, request_program)?;
        write_program(&db, request_program, &program)?;
    } else {
        write_program(&db, request_program, &program)?;
    }
    Ok(true)
}

/// Whether the program has code that only makes sense where gas is counted.
fn withdraws_gas(program: &Program) -> bool {
    program.libfunc_declarations.iter().any(|libfunc| {
        ["withdraw_gas", "withdraw_gas_all"].contains(&libfunc.long_id.generic_id.0.as_str())
    })
}

fn database(request: &Request, withdraw_gas: bool) -> Result<(RootDatabase, Vec<CrateId>)> {
    let mut builder = RootDatabase::builder();
    builder.with_plugin_suite(starknet_plugin_suite());
    if !withdraw_gas {
        builder.skip_auto_withdraw_gas();
    }
    let mut db = builder.build()?;
    init_dev_corelib(&mut db, request.corelib.clone());
    for (name, root) in &request.crates {
        let id = CrateLongId::Real(name.as_str().into()).intern(&db);
        let settings = CrateSettings { edition: Edition::V2024_07, ..CrateSettings::default() };
        db.set_crate_config(
            id,
            Some(CrateConfiguration { root: Directory::Real(root.clone()), settings }),
        );
    }
    let main = request
        .main
        .iter()
        .map(|name| {
            let id = CrateLongId::Real(name.as_str().into()).intern(&db);
            match db.crate_config(id) {
                Some(_) => Ok(id),
                None => bail!("main crate `{name}` is not among the crates"),
            }
        })
        .collect::<Result<_>>()?;
    Ok((db, main))
}

/// Prints the diagnostics of the main crates; true if there is no error among them.
fn check(db: &RootDatabase, main: &[CrateId]) -> bool {
    !DiagnosticsReporter::stderr().with_crates(main).allow_warnings().check(db)
}

fn compile_program(
    db: &RootDatabase,
    main: &[CrateId],
    request: &ProgramRequest,
) -> Result<Program> {
    let ids = request
        .functions
        .iter()
        .map(|path| find_function(db, main, path))
        .collect::<Result<Vec<_>>>()?;
    let program = db
        .get_sierra_program_for_functions(ids)
        .to_option()
        .context("the front end failed without a diagnostic")?;
    Ok(program.program.clone())
}

fn write_program(db: &RootDatabase, request: &ProgramRequest, program: &Program) -> Result<()> {
    write_json(&request.output, &named(db, program).into_artifact())
}

/// Programs with more types than this come without names of types and library functions.
const MAX_NAMED_TYPES: usize = 20_000;

/// The program with names for people beside its ids. Each element of a constant is a type of its own, and
/// a constant's type spells all of them out: in a program with much constant data the names would
/// be most of it, so there only the functions keep theirs.
fn named(db: &RootDatabase, program: &Program) -> Program {
    if program.type_declarations.len() <= MAX_NAMED_TYPES {
        return replace_sierra_ids_in_program(db, program);
    }
    let replacer = DebugReplacer { db };
    let mut program = program.clone();
    for function in &mut program.funcs {
        function.id = replacer.replace_function_id(&function.id);
    }
    program
}

fn find_function(
    db: &RootDatabase,
    main: &[CrateId],
    path: &str,
) -> Result<ConcreteFunctionWithBodyId> {
    for krate in main {
        for module in db.crate_modules(*krate).iter() {
            let Some(functions) = db.module_free_functions(*module).to_option() else { continue };
            for id in functions.keys() {
                if id.full_path(db) == path {
                    return ConcreteFunctionWithBodyId::from_no_generics_free(db, *id)
                        .with_context(|| format!("function `{path}` is generic"));
                }
            }
        }
    }
    bail!("no function `{path}` in the main crates")
}

fn compile_contract(db: &RootDatabase, main: &[CrateId], request: &ContractRequest) -> Result<()> {
    let config = CompilerConfig {
        diagnostics_reporter: DiagnosticsReporter::ignoring().with_crates(main).allow_warnings(),
        ..CompilerConfig::default()
    };
    let class = compile_contract_in_prepared_db(db, Some(&request.path), main.to_vec(), config)
        .with_context(|| format!("compiling contract `{}`", request.path))?;
    write_json(&request.output, &class)
}

fn write_json(path: &PathBuf, value: &impl serde::Serialize) -> Result<()> {
    let bytes = serde_json::to_vec(value)?;
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}
