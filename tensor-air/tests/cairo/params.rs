//! Numbers of protocol and AIR, and the parameters of proofs.

use std::fmt::Write;

use nilometer_stark::hash::{DRAW, GRIND, QUERY};
use nilometer_stark::{
    short_string, Air, Hash, Level, Params, Poseidon, Target, PROTOCOL, PROTOCOL_VERSION,
};
use nilometer_tensor_air::air::{MAX_ROWS, MIN_ROWS};
use nilometer_tensor_air::constraints::{CONSTRAINTS, N_FRACTIONS};
use nilometer_tensor_air::key::{target_number, KEY_TAG};
use nilometer_tensor_air::layout::{limb_bits, number, CELLS};
use nilometer_tensor_air::{Felt, Instance, ModelAir, AIR_NAME, AIR_VERSION};
use winter_math::{FieldElement, StarkField};

use crate::{fill, literal, WIDTHS};

/// The contract's file.
pub fn generate() -> String {
    let instance =
        Instance { n_rows: MIN_ROWS, inputs: vec![vec![Felt::ZERO]], outputs: vec![vec![]] };
    let air = ModelAir::new(instance).unwrap();
    let shape = air.shape();
    let felt = |value: usize| literal(Felt::from(value as u64));
    let n_values =
        WIDTHS.iter().sum::<usize>() + shape.next.as_array().iter().map(|l| l.len()).sum::<usize>();
    // What the transcript's header says after the number of rows, up to the degree of the argument.
    let mut of_shape: Vec<String> = WIDTHS.map(felt).into();
    for next in shape.next.as_array() {
        of_shape.push(felt(next.len()));
        of_shape.extend(next.iter().copied().map(felt));
    }
    of_shape.extend([CONSTRAINTS.len(), shape.n_challenges].map(felt));
    let after_degree = [shape.n_derived, shape.exempt_rows].map(felt);

    let eighth_root = Felt::get_root_of_unity(3).inverse();
    let roots = [eighth_root, eighth_root.square(), eighth_root.square() * eighth_root];
    let tag = |tag: u64| literal(Felt::from(tag));
    fill(
        include_str!("params.cairo.txt"),
        &[
            ("protocol", format!("'{PROTOCOL}'")),
            ("protocol_version", PROTOCOL_VERSION.to_string()),
            ("hash", Poseidon::ID.to_string()),
            ("air_name", format!("'{AIR_NAME}'")),
            ("air_version", AIR_VERSION.to_string()),
            ("key_tag", format!("'{KEY_TAG}'")),
            ("key_target", target_number(Target::Starknet).to_string()),
            ("draw", tag(DRAW)),
            ("query", tag(QUERY)),
            ("grind", tag(GRIND)),
            ("n_values", n_values.to_string()),
            ("n_fractions", N_FRACTIONS.to_string()),
            ("cells", CELLS.to_string()),
            ("input_number", number::INPUT.to_string()),
            ("output_number", number::OUTPUT.to_string()),
            ("offset", literal(Felt::GENERATOR)),
            ("root_1", literal(roots[0])),
            ("root_2", literal(roots[1])),
            ("root_3", literal(roots[2])),
            ("eighth", literal(Felt::from(8_u64).inverse())),
            ("header_target", "1".to_owned()),
            ("shape", of_shape.join(", ")),
            ("after_degree", after_degree.join(", ")),
            ("table", table()),
        ],
    )
}

/// A case for each number of rows and level.
fn table() -> String {
    let mut text = String::new();
    for log2 in MIN_ROWS.ilog2()..=MAX_ROWS.ilog2() {
        let n_rows = 1 << log2;
        for level in Level::ALL {
            let params = Params::new(level, Target::Starknet, n_rows);
            assert!(params.folds_log2().iter().all(|fold| *fold == 3), "the contract folds by 8");
            assert_eq!(params.remainder_len() % 32, 0, "it evaluates 32 coefficients at a time");
            assert!(params.grinding_bits() < 64 && params.n_queries() < 1 << 16);
            let generator = Felt::get_root_of_unity(log2);
            let domain = params.domain_size();
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "    if n_rows == {n_rows} && security_bits == {} {{
        return Option::Some(
            Params {{
                n_rows,
                n_rows_log2: {log2},
                blowup: {},
                n_queries: {},
                grinding_bits: {},
                work: {},
                remainder_len: {},
                n_layers: {},
                domain_size: {domain},
                trace_generator: {},
                last_row: {},
                domain_generator: {},
                limb_place: {},
            }}
        );
    }}
",
                level.bits(),
                params.blowup(),
                params.n_queries(),
                params.grinding_bits(),
                1_u64 << params.grinding_bits(),
                params.remainder_len(),
                params.folds_log2().len(),
                literal(generator),
                literal(generator.inverse()),
                literal(Felt::get_root_of_unity(domain.ilog2())),
                1_u64 << limb_bits(n_rows),
            );
        }
    }
    text
}

#[test]
fn names_are_short_strings() {
    // Cairo's literals in quotes are the same numbers.
    assert_eq!(short_string("ab"), Felt::from(0x6162_u64));
    assert!([PROTOCOL, AIR_NAME, KEY_TAG].iter().all(|name| name.len() <= 31 && name.is_ascii()));
}
