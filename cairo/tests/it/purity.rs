//! What a class can know: honest classes are pure, and every way out of it is seen.

use cairo_lang_sierra::program::{GenericArg, Program};
use cairo_lang_starknet_classes::contract_class::ContractClass;
use nilometer_cairo::purity::{is_metered, purity, sierra_version};
use num_bigint::BigInt;

use crate::support::class_with;

/// A loop, a refusal, an array and 128-bit arithmetic: what models do, and what asks for gas.
fn honest() -> Vec<u8> {
    let items = "fn sum(mut left: Span<felt252>) -> felt252 {\n\
            let mut total = 0;\n\
            while let Option::Some(x) = left.pop_front() { total += *x; };\n\
            total\n\
        }\n\
        fn checked(x: felt252) -> u128 {\n\
            let x: u128 = x.try_into().expect('input out of range');\n\
            assert(x < 1000, 'input out of range');\n\
            (x * 3 + 7) / 2\n\
        }";
    class_with("super::sum(array![super::checked(x).into(), x].span())", items)
}

/// The class with another program, of the same Sierra version.
fn changed(class: &[u8], change: impl FnOnce(&mut Program)) -> Vec<u8> {
    let class: ContractClass = serde_json::from_slice(class).unwrap();
    let mut program = class.extract_sierra_program(false).unwrap().program;
    change(&mut program);
    let entry_points = class.entry_points_by_type.clone();
    let mut other = ContractClass::new(&program, entry_points, None, Default::default()).unwrap();
    other.sierra_program[..6].clone_from_slice(&class.sierra_program[..6]);
    serde_json::to_vec(&other).unwrap()
}

fn impurities(class: &[u8]) -> Vec<String> {
    let purity = purity(class).unwrap();
    assert_eq!(purity.is_pure(), purity.impurities.is_empty());
    purity.impurities
}

#[test]
fn honest_classes_are_pure() {
    for class in [class_with("2 * x", ""), honest()] {
        assert_eq!(impurities(&class), Vec::<String>::new());
        // The program survives the change of nothing.
        assert_eq!(impurities(&changed(&class, |_| {})), Vec::<String>::new());
        let version = sierra_version(&class).unwrap();
        assert!(!is_metered(version), "{version:?}");
    }
    assert!(purity(b"{}").is_err());
}

#[test]
fn system_calls_are_found() {
    let class = class_with("x + starknet::get_block_timestamp().into()", "");
    let purity = purity(&class).unwrap();
    let is_info = |name: &String| name.starts_with("get_execution_info");
    assert!(purity.system_calls.iter().any(is_info), "{purity:?}");
    assert!(purity.impurities.iter().any(is_info), "{purity:?}");
}

#[test]
fn what_is_not_on_the_list_is_refused() {
    // A later compiler's branch on the gas that is left: no system call, and audited.
    for name in ["gas_reserve_create", "coupon_buy", "ec_state_init", "of_tomorrow"] {
        let class = changed(&honest(), |program| {
            let mut libfuncs = program.libfunc_declarations.iter_mut();
            let libfunc = libfuncs.find(|f| f.long_id.generic_id.0 == "u128_safe_divmod").unwrap();
            libfunc.long_id.generic_id.0 = name.into();
        });
        let purity = purity(&class).unwrap();
        assert_eq!((purity.impurities, purity.system_calls), (vec![name.to_owned()], vec![]));
    }
}

#[test]
fn metered_classes_are_refused() {
    let honest: serde_json::Value = serde_json::from_slice(&honest()).unwrap();
    let relabelled = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut class = honest.clone();
        change(&mut class);
        serde_json::to_vec(&class).unwrap()
    };
    for (minor, metered) in [(6, false), (7, true), (8, true), (9, true)] {
        let class = relabelled(&|class| class["sierra_program"][1] = format!("0x{minor:x}").into());
        assert_eq!(is_metered(sierra_version(&class).unwrap()), metered);
        let found = impurities(&class);
        assert_eq!(found.iter().any(|why| why.contains("metered in gas")), metered, "{found:?}");
    }
    // Some nodes go by the version of the class instead.
    let class = relabelled(&|class| class["contract_class_version"] = "1.8.0".into());
    assert_eq!(impurities(&class), ["class version \"1.8.0\""]);
}

#[test]
fn gas_that_becomes_an_answer_is_seen() {
    let items = "#[inline(never)]\n\
        fn asked(x: felt252) -> felt252 {\n\
            match core::gas::withdraw_gas() { Option::Some(()) => x, Option::None => 5 }\n\
        }";
    let found = impurities(&class_with("super::asked(x)", items));
    assert_eq!(found, ["withdraw_gas that does not panic"]);
    // Nor may it become a refusal, which counts as an answer in a dispute.
    let items = "#[inline(never)]\n\
        fn asked(x: felt252) -> felt252 {\n\
            core::gas::withdraw_gas().expect('input out of range'); x\n\
        }";
    let found = impurities(&class_with("super::asked(x)", items));
    assert_eq!(found, ["withdraw_gas that does not panic"]);
    // With the compiler's own message it may.
    let items = "#[inline(never)]\n\
        fn asked(x: felt252) -> felt252 {\n\
            core::gas::withdraw_gas().expect('Out of gas'); x\n\
        }";
    assert_eq!(impurities(&class_with("super::asked(x)", items)), Vec::<String>::new());
}

/// A type whose second variant is a pair that ends with a list.
fn panic_enum(program: &Program) -> GenericArg {
    let types = || program.type_declarations.iter();
    let last = |arg: Option<&GenericArg>| match arg {
        Some(GenericArg::Type(id)) => types().find(|declared| declared.id == *id),
        _ => None,
    };
    let is_panic = |args: &[GenericArg]| {
        let payload =
            last(args.last()).and_then(|payload| last(payload.long_id.generic_args.last()));
        payload.is_some_and(|list| list.long_id.generic_id.0 == "Array")
    };
    let enums = types().filter(|declared| declared.long_id.generic_id.0 == "Enum");
    let mut panics = enums.filter(|declared| is_panic(&declared.long_id.generic_args));
    GenericArg::Type(panics.next().unwrap().id.clone())
}

#[test]
fn panics_that_are_caught_are_seen() {
    // Every panic enum is made as its first variant instead: what would panic answers.
    let class = changed(&honest(), |program| {
        for libfunc in &mut program.libfunc_declarations {
            let is_panic = |args: &[GenericArg]| matches!(args, [_, GenericArg::Value(variant)] if *variant == BigInt::from(1));
            if libfunc.long_id.generic_id.0 == "enum_init"
                && is_panic(&libfunc.long_id.generic_args)
            {
                libfunc.long_id.generic_args[1] = GenericArg::Value(BigInt::from(0));
            }
        }
    });
    let found = impurities(&class);
    assert!(found.contains(&"a panic that is caught".to_owned()), "{found:?}");
    assert!(found.iter().any(|why| why.starts_with("withdraw_gas")), "{found:?}");
    // A panic that is dropped is not a panic any more.
    let class = changed(&honest(), |program| {
        let panic = panic_enum(program);
        let mut drops = program.libfunc_declarations.iter_mut();
        let dropped = drops.find(|libfunc| libfunc.long_id.generic_id.0 == "drop").unwrap();
        dropped.long_id.generic_args = vec![panic];
    });
    assert!(impurities(&class).contains(&"a panic that is kept or dropped".to_owned()));
}
