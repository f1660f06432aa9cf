use nilometer_cairo::CompileError;

use crate::support::{compile, main, sources, toolchain, ADD};

const CONTRACT: &str = "\
#[starknet::interface]
pub trait IDouble<T> { fn double(self: @T, x: felt252) -> felt252; }
#[starknet::contract]
pub mod double {
    #[storage]
    struct Storage {}
    #[abi(embed_v0)]
    impl Double of super::IDouble<ContractState> {
        fn double(self: @ContractState, x: felt252) -> felt252 {
            assert(x != 0, 'zero');
            2 * x
        }
    }
}
";

#[test]
fn same_bytes_from_any_folder() {
    let source = format!("{ADD}{CONTRACT}");
    let parent = tempfile::tempdir().unwrap();
    let [first, second] = ["first/src", "elsewhere/much/deeper"].map(|folder| {
        let sources = sources(&parent.path().join(folder), &source);
        toolchain().compile(&sources, &["model::main"], &["model::double"]).unwrap()
    });
    assert_eq!(first, second);
    let sierra = String::from_utf8(first.sierra.unwrap()).unwrap();
    let class = String::from_utf8(first.contracts[0].clone()).unwrap();
    let folders = [parent.path(), toolchain().core_library(), toolchain().front_end()];
    for folder in folders.map(|folder| folder.to_str().unwrap()) {
        assert!(!sierra.contains(folder) && !class.contains(folder), "{folder}");
    }
}

#[test]
fn relative_folders_are_found() {
    let folder = tempfile::tempdir_in(".").unwrap();
    let relative = std::path::Path::new(folder.path().file_name().unwrap());
    assert!(relative.is_relative());
    toolchain().compile(&sources(relative, ADD), &["model::main"], &[]).unwrap();
}

#[test]
fn crates_may_use_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let main = main("output.append(helper::three() + *input.pop_front().unwrap());");
    let mut all = sources(&folder.path().join("model"), &main);
    let helper = sources(&folder.path().join("helper"), "pub fn three() -> felt252 { 3 }");
    all.crates.insert("helper".to_owned(), helper.crates["model"].clone());
    toolchain().compile(&all, &["model::main"], &[]).unwrap();
}

#[test]
fn errors_in_the_source_are_shown() {
    let error = compile(&main("output.append(unknown);"), &["model::main"], &[]).unwrap_err();
    let CompileError::Diagnostics(text) = &error else { panic!("{error}") };
    assert!(text.contains("error"), "{text}");
    assert!(text.contains("unknown") && text.contains("lib.cairo:2:15"), "{text}");
}

#[test]
fn warnings_do_not_stop() {
    let compiled = compile(&main("let unused = 1;"), &["model::main"], &[]).unwrap();
    assert!(compiled.warnings.contains("warning"), "{}", compiled.warnings);
}

#[test]
fn what_is_not_there_is_named() {
    let error = compile(ADD, &["model::other"], &[]).unwrap_err();
    let CompileError::Request { message } = &error else { panic!("{error}") };
    assert_eq!(message, "no function `model::other` in the main crates");
    let error = compile(ADD, &[], &["model::other"]).unwrap_err();
    assert!(matches!(error, CompileError::Request { .. }), "{error}");
}

#[test]
fn nothing_asked_is_nothing_made() {
    let compiled = compile(ADD, &[], &[]).unwrap();
    assert_eq!((compiled.sierra, compiled.contracts), (None, vec![]));
}

#[test]
fn a_missing_crate_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let mut sources = sources(folder.path(), ADD);
    sources.main.push("other".to_owned());
    let error = toolchain().compile(&sources, &["model::main"], &[]).unwrap_err();
    assert!(matches!(error, CompileError::Request { .. }), "{error}");
}
