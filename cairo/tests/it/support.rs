//! The toolchain, found once, and short cuts from source to run.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use nilometer_cairo::{
    CompileError, Compiled, Program, Run, RunError, RunOptions, Sources, Toolchain,
    ToolchainOptions,
};
use starknet_types_core::felt::Felt;

pub fn toolchain() -> &'static Toolchain {
    static FOUND: OnceLock<Toolchain> = OnceLock::new();
    FOUND.get_or_init(|| {
        Toolchain::locate(&ToolchainOptions::default(), &|_| {})
            .unwrap_or_else(|error| panic!("{error}\nhelp: {}", error.help()))
    })
}

/// One crate, `model`, whose `lib.cairo` is `source`.
pub fn sources(folder: &Path, source: &str) -> Sources {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("lib.cairo"), source).unwrap();
    Sources {
        crates: BTreeMap::from([("model".to_owned(), folder.to_owned())]),
        main: vec!["model".to_owned()],
    }
}

pub fn compile(
    source: &str,
    functions: &[&str],
    contracts: &[&str],
) -> Result<Compiled, CompileError> {
    let folder = tempfile::tempdir().unwrap();
    toolchain().compile(&sources(folder.path(), source), functions, contracts)
}

pub fn sierra(source: &str) -> Vec<u8> {
    compile(source, &["model::main"], &[]).unwrap().sierra.unwrap()
}

pub fn program(source: &str) -> Program {
    Program::from_sierra(&sierra(source), "model::main").unwrap()
}

pub fn felts(values: &[i128]) -> Vec<Felt> {
    values.iter().map(|value| Felt::from(*value)).collect()
}

/// Runs with trace and memory.
pub fn run(program: &Program, input: &[Felt]) -> Result<Run, RunError> {
    program.run(input, &RunOptions { trace: true, ..RunOptions::default() })
}

/// Compiles `main` with the given body and gives its output.
pub fn output_of(body: &str, input: &[Felt]) -> Vec<Felt> {
    run(&program(&main(body)), input).unwrap().output
}

/// A `main` with a body that reads `input` and appends to `output`.
pub fn main(body: &str) -> String {
    format!("fn main(mut input: Span<felt252>, ref output: Array<felt252>) {{\n{body}\n}}\n")
}

/// Adds its first two inputs.
pub const ADD: &str = "\
fn main(mut input: Span<felt252>, ref output: Array<felt252>) {
    let pair = input.multi_pop_front::<2>().unwrap();
    let [a, b] = (*pair).unbox();
    output.append(a + b);
}
";

/// A contract whose `double` has this body, with more items beside it.
pub fn class_with(body: &str, items: &str) -> Vec<u8> {
    let source = format!(
        "{items}\n#[starknet::interface]\n\
        pub trait IDouble<T> {{ fn double(self: @T, x: felt252) -> felt252; }}\n\
        #[starknet::contract]\n\
        pub mod double {{\n\
            #[storage] struct Storage {{}}\n\
            #[abi(embed_v0)]\n\
            impl Double of super::IDouble<ContractState> {{\n\
                fn double(self: @ContractState, x: felt252) -> felt252 {{ {body} }}\n\
            }}\n\
        }}\n"
    );
    compile(&source, &[], &["model::double"]).unwrap().contracts.remove(0)
}
