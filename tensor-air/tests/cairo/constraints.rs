//! The constraints at one point.

use nilometer_stark::{Air, Columns, Frame, Kind};
use nilometer_tensor_air::air::MIN_ROWS;
use nilometer_tensor_air::constraints::{eval, next_columns, Constants, CONSTRAINTS, N_DERIVED};
use nilometer_tensor_air::{Felt, Instance, ModelAir};
use winter_math::FieldElement;

use crate::expression::{statements, Expression};
use crate::{fill, literal, WIDTHS};

fn inputs(prefix: &str, count: usize) -> Vec<Expression> {
    (0..count).map(|i| Expression::input(format!("{prefix}{i}"))).collect()
}

/// The contract's file.
pub fn generate() -> String {
    let instance = Instance {
        n_rows: MIN_ROWS,
        inputs: vec![vec![Felt::ZERO]],
        outputs: vec![vec![Felt::ZERO]],
    };
    let shape = ModelAir::new(instance).unwrap().shape().clone();
    let next = next_columns();
    assert_eq!(shape.next, next);
    assert_eq!((next.preprocessed.len(), next.main.len()), (0, 0));
    let zero = <Expression as nilometer_stark::Value>::constant(Felt::ZERO);
    let mut next_aux = vec![zero; WIDTHS[2]];
    for (i, column) in next.aux.iter().enumerate() {
        next_aux[*column] = Expression::input(format!("n{i}"));
    }
    let row = Columns {
        preprocessed: inputs("p", WIDTHS[0]),
        main: inputs("m", WIDTHS[1]),
        aux: inputs("a", WIDTHS[2]),
    };
    let next =
        Columns { preprocessed: vec![zero; WIDTHS[0]], main: vec![zero; WIDTHS[1]], aux: next_aux };
    let frame = Frame { row: row.as_slices(), next: next.as_slices() };
    // Of `Constants`, only the places of limbs depend on the rows.
    let marked = Constants::with_places(marks());
    let challenges = ["bus", "value", "rho", "tau"].map(Expression::input);
    let mut derived = vec![Expression::input("last_sum")];
    derived.extend((1..N_DERIVED).map(|i| Expression::input(format!("rho_{i}"))));
    let mut out = vec![zero; CONSTRAINTS.len()];
    eval(&marked, &frame, &challenges, &derived, &mut out);

    let powers: String =
        (2..N_DERIVED).map(|i| format!("    let rho_{i} = rho_{} * rho;\n", i - 1)).collect();
    let named: Vec<_> =
        out.into_iter().enumerate().map(|(i, value)| (format!("c{i}"), value)).collect();
    let mut text = statements(&named);
    for (i, place) in marks().into_iter().enumerate() {
        let mark = literal(place);
        assert!(text.contains(&mark), "place {i}");
        text = text.replace(&mark, &format!("place_{}", i + 1));
    }
    for (i, info) in CONSTRAINTS.iter().enumerate() {
        let statement = format!("    let c{i} =");
        assert!(text.contains(&statement));
        text = text.replace(&statement, &format!("    // {}\n{statement}", info.name));
    }
    let kind = |kind: Kind| match kind {
        Kind::Every => "every",
        Kind::Transition => "transition",
        Kind::First => "first",
        Kind::Last => "last",
    };
    let mut sum = String::new();
    for (i, info) in CONSTRAINTS.iter().enumerate().rev() {
        let term = format!("c{i} * {}", kind(info.kind));
        sum += &match i == CONSTRAINTS.len() - 1 {
            true => format!("    let sum = {term};\n"),
            false => format!("    let sum = sum * alpha + {term};\n"),
        };
    }
    let names = |prefix: &str, count: usize| {
        (0..count).map(|i| format!("{prefix}{i}")).collect::<Vec<_>>().join(", ")
    };
    let row = [("p", WIDTHS[0]), ("m", WIDTHS[1]), ("a", WIDTHS[2])]
        .map(|(prefix, count)| names(prefix, count));
    fill(
        include_str!("constraints.cairo.txt"),
        &[
            ("width", WIDTHS.iter().sum::<usize>().to_string()),
            ("n_next", shape.next.aux.len().to_string()),
            ("row", row.join(",\n        ")),
            ("next", names("n", shape.next.aux.len())),
            ("powers", powers),
            ("constraints", text),
            ("sum", sum),
        ],
    )
}

/// Stand for the places of limbs; no other constant has these values.
fn marks() -> [Felt; 3] {
    [1_u64, 2, 3].map(|i| Felt::from(0x6d61_726b_6564_0000 + i))
}
