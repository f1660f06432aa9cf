use nilometer_cairo::contract::{MAX_BYTECODE_LEN, MAX_CLASS_LEN, MAX_SIERRA_LEN};
use nilometer_cairo::{compile_contract, ContractError};

use crate::support::class_with;

fn class(body: &str) -> Vec<u8> {
    class_with(body, "")
}

#[test]
fn a_contract_compiles_within_the_limits() {
    let class = class("2 * x");
    let compiled = compile_contract(&class).unwrap();
    assert_eq!(compiled, compile_contract(&class).unwrap());
    assert!((100..1000).contains(&compiled.bytecode_len), "{}", compiled.bytecode_len);
    assert!(compiled.class_len < class.len(), "debug information is not declared");
    assert!(compiled.is_within_limits());
    let casm: serde_json::Value = serde_json::from_slice(&compiled.casm).unwrap();
    assert_eq!(casm["bytecode"].as_array().unwrap().len(), compiled.bytecode_len);
    assert_eq!(casm["compiler_version"], nilometer_cairo::toolchain::BACK_END_VERSION);
}

#[test]
fn limits_are_the_networks() {
    assert_eq!((MAX_BYTECODE_LEN, MAX_CLASS_LEN), (81_920, 4_089_446));
    let mut compiled = compile_contract(&class("2 * x")).unwrap();
    compiled.bytecode_len = MAX_BYTECODE_LEN + 1;
    assert!(!compiled.is_within_limits());
    compiled.bytecode_len = MAX_BYTECODE_LEN;
    assert!(compiled.is_within_limits());
    compiled.sierra_len = MAX_SIERRA_LEN + 1;
    assert!(!compiled.is_within_limits());
}

#[test]
fn what_is_not_audited_is_refused() {
    let error = compile_contract(&class("println!(\"{x}\"); x")).unwrap_err();
    let ContractError::NotAllowed { reason } = &error else { panic!("{error}") };
    assert!(reason.contains("print"), "{reason}");
}

#[test]
fn bytes_that_are_no_class_are_refused() {
    for bytes in [&b""[..], b"{}", b"\xff", b"[1,2]"] {
        let error = compile_contract(bytes).unwrap_err();
        assert!(matches!(error, ContractError::Class { .. }), "{error}");
    }
}
