//! Rows of all trees.

use std::fmt::Write;

use nilometer_tensor_air::constraints::next_columns;

use crate::{fill, WIDTHS};

/// The contract's file.
pub fn generate() -> String {
    let width: usize = WIDTHS.iter().sum();
    let cells: Vec<String> = (0..width).map(|i| format!("c{i}")).collect();
    let next_aux = next_columns().aux;
    let before = WIDTHS[0] + WIDTHS[1];
    let next: Vec<String> = next_aux.iter().map(|column| format!("c{}", before + column)).collect();
    let next_values: Vec<String> = (0..next.len()).map(|i| format!("n{i}")).collect();
    let mut leaves = String::new();
    let mut rest = &cells[..];
    for (tree, width) in ["preprocessed", "main", "aux", "quotient"].iter().zip(WIDTHS) {
        let (row, others) = rest.split_at(width);
        rest = others;
        leaf(&mut leaves, tree, row);
    }
    let coefficients: Vec<String> = (0..32).map(|i| format!("c{i}")).collect();
    fill(
        include_str!("rows.cairo.txt"),
        &[
            ("width", width.to_string()),
            ("n_next", next.len().to_string()),
            ("cells", cells.join(", ")),
            ("next_cells", next_values.join(", ")),
            ("leaves", leaves),
            ("sum", horner("sum", &cells, "gamma", None)),
            ("next_sum", horner("next", &next, "gamma", None)),
            ("next_values_sum", horner("next", &next_values, "gamma", None)),
            ("gamma_to_width", power("gamma", width)),
            ("coefficients", coefficients.join(", ")),
            ("horner", horner("sum", &coefficients, "x", Some("sum"))),
        ],
    )
}

/// The Poseidon hash of a row.
fn leaf(text: &mut String, name: &str, row: &[String]) {
    // Writing to a string cannot fail.
    let mut state = ["".to_owned(), "".to_owned(), "0".to_owned()];
    let _ = writeln!(text, "    // The leaf of the {name} columns.");
    for (i, pair) in row.chunks(2).enumerate() {
        let plus = |state: &str, term: &str| match i {
            0 => term.to_owned(),
            _ => format!("{state} + {term}"),
        };
        let first = plus(&state[0], &pair[0]);
        let second = plus(&state[1], pair.get(1).map_or("1", |felt| felt));
        let result = match pair.len() {
            1 => format!("({name}, _, _)"),
            _ => "(s0, s1, s2)".to_owned(),
        };
        let _ = writeln!(
            text,
            "    let {result} = hades_permutation({first}, {second}, {});",
            state[2]
        );
        state = ["s0", "s1", "s2"].map(str::to_owned);
    }
    if row.len().is_multiple_of(2) {
        let _ = writeln!(text, "    let ({name}, _, _) = hades_permutation(s0 + 1, s1, s2);");
    }
}

/// Statements that evaluate a polynomial by its coefficients from the lowest; above them stands what was summed
/// before.
fn horner(name: &str, coefficients: &[String], x: &str, before: Option<&str>) -> String {
    let mut text = String::new();
    let mut above = before.map(str::to_owned);
    for coefficient in coefficients.iter().rev() {
        let value = match &above {
            Some(above) => format!("{above} * {x} + {coefficient}"),
            None => coefficient.clone(),
        };
        text += &format!("    let {name} = {value};\n");
        above = Some(name.to_owned());
    }
    text
}

/// Statements that compute a power, `power`.
fn power(base: &str, exponent: usize) -> String {
    let mut text = format!("    let power = {base};\n");
    let bits = exponent.ilog2();
    for bit in (0..bits).rev() {
        text += "    let power = power * power;\n";
        if exponent >> bit & 1 == 1 {
            text += &format!("    let power = power * {base};\n");
        }
    }
    text
}
