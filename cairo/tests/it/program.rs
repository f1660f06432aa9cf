use nilometer_cairo::program::{END_PC, HEADER_LEN};
use nilometer_cairo::{Builtin, Program, ProgramError};
use serde_json::{json, Value};

use crate::support::{main, program, sierra, ADD};

fn refusal(source: &str, function: &str) -> ProgramError {
    let compiled = crate::support::compile(source, &[function], &[]).unwrap();
    Program::from_sierra(&compiled.sierra.unwrap(), function).unwrap_err()
}

#[test]
fn the_same_source_is_the_same_program() {
    let first = program(ADD);
    assert_eq!(first, program(ADD));
    // Pinned: a change here changes the identity of every model.
    assert_eq!(
        format!("{:#x}", first.hash()),
        "0x458b9fa3fe090ead00068123b3d3ec77105d006ecfc5e4eac046e4b3b0e01b"
    );
    assert_eq!(first.code_len(), 58);
    assert_eq!(first.function(), "model::main");
    assert_eq!(first.builtins(), [Builtin::Output, Builtin::RangeCheck]);
    assert_eq!(format!("{:#x}", first.bytecode()[END_PC]), "0x10780017fff7fff");
}

#[test]
fn hashes_tell_programs_apart() {
    let one = program(&main("output.append(1);"));
    let two = program(&main("output.append(2);"));
    assert_eq!(one.code_len(), two.code_len());
    assert_ne!(one.hash(), two.hash());
}

#[test]
fn functions_are_found_by_full_path() {
    let error = Program::from_sierra(&sierra(ADD), "main").unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ProgramError::FunctionNotFound { .. }), "{text}");
    assert_eq!(text, "no function `main` in the Sierra program, which has model::main");
}

#[test]
fn other_signatures_are_refused() {
    let functions = [
        "() {}",
        "(x: felt252) -> felt252 { x }",
        "(input: Span<felt252>) -> Array<felt252> { array![*input[0]] }",
        "(input: Span<u8>, ref output: Array<felt252>) { output.append((*input[0]).into()); }",
        "(input: Span<felt252>, ref output: Array<u8>) { output.append(1); }",
        "(input: Array<felt252>, ref output: Array<felt252>) { output.append(*input[0]); }",
        "(input: Span<felt252>, ref output: Array<felt252>) -> felt252 { *input[0] }",
        "(x: felt252, input: Span<felt252>, ref output: Array<felt252>) { output.append(x); }",
    ];
    let named = |index: usize| format!("model::f{index}");
    let names: Vec<String> = (0..functions.len()).map(named).collect();
    let source: Vec<String> =
        functions.iter().enumerate().map(|(index, rest)| format!("fn f{index}{rest}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let compiled = crate::support::compile(&source.join("\n"), &names, &[]).unwrap();
    let sierra = compiled.sierra.unwrap();
    for (name, function) in names.iter().zip(functions) {
        let error = Program::from_sierra(&sierra, name).unwrap_err();
        assert!(matches!(error, ProgramError::Signature { .. }), "{function}\n{error}");
    }
}

#[test]
fn what_a_proof_does_not_have_is_refused() {
    let dictionary = "let mut d: Felt252Dict<felt252> = Default::default();\
        d.insert(1, 2); output.append(d.get(1));";
    let syscall = "output.append(starknet::get_contract_address().into());";
    let gas = "match core::gas::withdraw_gas() { Option::Some(()) => output.append(1), \
        Option::None => {} }";
    let imports = "use core::dict::{Felt252Dict, Felt252DictTrait}; use core::starknet;\n";
    for (body, name) in [(dictionary, "SegmentArena"), (syscall, "System"), (gas, "GasBuiltin")] {
        let error = refusal(&format!("{imports}{}", main(body)), "model::main");
        let text = error.to_string();
        assert!(text.contains(name), "{text}");
        assert!(matches!(error, ProgramError::Builtin { .. }), "{text}");
    }
}

#[test]
fn bytes_that_are_no_sierra_are_refused() {
    for bytes in [&b""[..], b"{}", b"null", b"\xff", b"{\"version\":2}"] {
        let error = Program::from_sierra(bytes, "model::main").unwrap_err();
        assert!(matches!(error, ProgramError::Sierra { .. }), "{error}");
    }
}

#[test]
fn files_round_trip() {
    let program = program(ADD);
    let bytes = program.to_json();
    let read = Program::from_json(&bytes).unwrap();
    assert_eq!(read, program);
    assert_eq!(read.to_json(), bytes);
    assert_eq!(read.hash(), program.hash());
}

/// The program file with one thing changed.
fn changed(change: impl Fn(&mut Value)) -> Result<Program, ProgramError> {
    let mut value: Value = serde_json::from_slice(&program(ADD).to_json()).unwrap();
    change(&mut value);
    Program::from_json(&serde_json::to_vec(&value).unwrap())
}

type Change<'a> = &'a dyn Fn(&mut Value);

#[test]
fn hostile_files_are_refused() {
    changed(|_| {}).unwrap();
    let n_words = program(ADD).code_len();
    let modulus = "0x800000000000011000000000000000000000000000000000000000000000001";
    let changes: [(&str, Change<'_>); 17] = [
        ("format", &|v| v["format"] = json!("nilometer-program-v2")),
        ("unknown field", &|v| v["more"] = json!(1)),
        ("missing field", &|v| v["bytecode"] = Value::Null),
        ("no builtins", &|v| v["builtins"] = json!([])),
        ("unknown builtin", &|v| v["builtins"] = json!(["output", "keccak"])),
        ("no output", &|v| v["builtins"] = json!(["range_check", "poseidon"])),
        ("order", &|v| v["builtins"] = json!(["output", "poseidon", "range_check"])),
        ("twice", &|v| v["builtins"] = json!(["output", "output"])),
        ("more than the header says", &|v| {
            v["builtins"] = json!(["output", "range_check", "poseidon"]);
        }),
        ("no code", &|v| v["bytecode"] = json!([])),
        ("header", &|v| v["bytecode"][HEADER_LEN - 1] = json!("0x1")),
        ("word is not a number", &|v| v["bytecode"][HEADER_LEN] = json!("0xg")),
        ("word is the modulus", &|v| v["bytecode"][HEADER_LEN] = json!(modulus)),
        ("word is not canonical", &|v| v["bytecode"][HEADER_LEN] = json!("0x01")),
        ("code offset", &|v| v["code_offset"] = json!(n_words + 1)),
        ("hint outside", &|v| v["hints"][0][0] = json!(n_words)),
        ("hints out of order", &|v| {
            let first = v["hints"][0].clone();
            v["hints"].as_array_mut().unwrap().push(first);
        }),
    ];
    for (name, change) in changes {
        let error = changed(change).expect_err(name);
        assert!(matches!(error, ProgramError::File { .. }), "{name}: {error}");
    }
    for bytes in [&b""[..], b"{}", b"[]", b"\xff\xff", &[b'['; 100_000]] {
        assert!(matches!(Program::from_json(bytes), Err(ProgramError::File { .. })));
    }
}

#[test]
fn damaged_files_never_panic() {
    let bytes = program(ADD).to_json();
    // A fixed xorshift: the same damage on every machine.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 8).unwrap() % bound
    };
    for _ in 0..2000 {
        let mut damaged = bytes.clone();
        let place = random(damaged.len());
        damaged[place] = b"0123456789abcdefx\"[]{}:,- "[random(26)];
        if random(8) == 0 {
            damaged.truncate(place);
        }
        let _ = Program::from_json(&damaged);
    }
}
