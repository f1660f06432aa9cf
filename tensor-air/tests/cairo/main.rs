//! The parts of `verifier-contract` that are generated from this crate's constraints and layout, and from the
//! parameters of `nilometer-stark`.
//!
//! The test compares the files in the tree with what is generated. `UPDATE=1` writes them instead.

#![allow(clippy::unwrap_used)]

mod constraints;
mod expression;
mod params;
mod rows;

use std::path::Path;

use nilometer_tensor_air::Felt;

/// Columns of each tree: preprocessed, main, auxiliary, quotient.
const WIDTHS: [usize; 4] = {
    use nilometer_tensor_air::layout::{aux, main, pre};
    // The largest degree of a constraint is 3.
    [pre::WIDTH_ALL, main::WIDTH, aux::WIDTH, 2]
};

/// A template with its places filled: `{{name}}`.
fn fill(template: &str, places: &[(&str, String)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in places {
        let place = format!("{{{{{name}}}}}");
        assert!(text.contains(&place), "{name}");
        text = text.replace(&place, value);
    }
    assert!(!text.contains("{{"), "a place is left");
    text
}

/// An element as Cairo writes it: the representative next to zero.
fn literal(felt: Felt) -> String {
    let negative = -felt;
    match (felt.to_u64(), negative.to_u64()) {
        (Some(number), _) => number.to_string(),
        (None, Some(number)) => format!("-{number}"),
        _ => felt.to_string(),
    }
}

#[test]
fn generated_files_are_those_of_the_tree() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verifier-contract/src/generated");
    let files = [
        ("constraints.cairo", constraints::generate()),
        ("params.cairo", params::generate()),
        ("rows.cairo", rows::generate()),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, text).unwrap();
        } else {
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(found == text, "{name} is not what is generated: run this test with UPDATE=1");
        }
    }
}
