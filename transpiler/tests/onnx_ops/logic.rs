//! Comparisons, logic, choices, and operators of any number of operands.

use crate::support::*;

fn compared(op: &str, inputs: &[&str]) -> Model {
    use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
    let model = float_model(3).init(floats("c", &[3], &[1.0, 1.0, 1.0]));
    let model = model.init(floats("d", &[3], &[1.0, 2.0, 3.0]));
    let model = model.node("Neg", &["x"], &["z"], vec![]);
    let model = model.node(op, inputs, &["t"], vec![]);
    model.node("Cast", &["t"], &["y"], vec![int("to", DataType::Float as i64)]).output("y")
}

#[test]
fn comparisons_are_strict_or_not() {
    let row = [0.5, 1.0, 2.0];
    for (op, constant, each, reversed, pair) in [
        ("Greater", [0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 1.0]),
        ("GreaterOrEqual", [0.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]),
        ("Less", [1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]),
        ("LessOrEqual", [1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0], [0.0, 0.0, 0.0]),
        ("Equal", [0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]),
    ] {
        compared(op, &["x", "c"]).gives(&row, &constant);
        compared(op, &["x", "d"]).gives(&row, &each);
        compared(op, &["c", "x"]).gives(&row, &reversed);
        compared(op, &["x", "z"]).gives(&row, &pair);
        compared(op, &["x", "c"]).agrees_with_tract(&[1, 3]);
        compared(op, &["x", "z"]).agrees_with_tract(&[1, 3]);
    }
}

#[test]
fn logic_of_truth_values() {
    use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
    let joined = |op: &str, inputs: &[&str]| {
        let model = float_model(2).init(floats("c", &[1], &[0.0]));
        let model = model.init(floats("d", &[1], &[1.0]));
        let model = model.node("Greater", &["x", "c"], &["a"], vec![]);
        let model = model.node("Less", &["x", "d"], &["b"], vec![]);
        let model = model.node("IsNaN", &["x"], &["n"], vec![]);
        let model = model.node(op, inputs, &["t"], vec![]);
        model.node("Cast", &["t"], &["y"], vec![int("to", DataType::Float as i64)]).output("y")
    };
    for (op, inside, outside) in [("And", 1.0, 0.0), ("Or", 1.0, 1.0), ("Xor", 0.0, 1.0)] {
        joined(op, &["a", "b"]).gives(&[0.5, 3.0], &[inside, outside]);
    }
    joined("Not", &["a"]).gives(&[0.5, -3.0], &[0.0, 1.0]);
    // Features are numbers.
    joined("And", &["n", "b"]).gives(&[0.5, 3.0], &[0.0, 0.0]);
    joined("Or", &["n", "b"]).gives(&[0.5, 3.0], &[1.0, 0.0]);
    joined("IsInf", &["x"]).gives(&[0.5, 3.0], &[0.0, 0.0]);
}

#[test]
fn where_chooses_exactly() {
    let chosen = |condition: &str, one: &str, other: &str| {
        let model = float_model(3).init(floats("c", &[1], &[0.0]));
        let model = model.init(floats("zero", &[], &[0.0]));
        let model = model.init(floats("d", &[3], &[7.0, 8.0, 9.0]));
        let model = model.init(ints("fixed", &[3], &[1, 0, 1]));
        let model = model.node("Greater", &["x", "c"], &["positive"], vec![]);
        let model = model.node("IsNaN", &["x"], &["missing"], vec![]);
        let model = model.node("Exp", &["x"], &["e"], vec![]);
        model.node("Where", &[condition, one, other], &["y"], vec![]).output("y")
    };
    let row = [0.1, -2.0, 3.0];
    chosen("positive", "x", "d").gives(&row, &[0.1, 8.0, 3.0]);
    chosen("positive", "d", "x").gives(&row, &[7.0, -2.0, 9.0]);
    chosen("positive", "zero", "d").gives(&row, &[0.0, 8.0, 0.0]);
    chosen("positive", "e", "x").gives(&row, &[1.105_171, -2.0, 20.085_537]);
    chosen("missing", "zero", "x").gives(&row, &row);
    chosen("fixed", "x", "d").gives(&row, &[0.1, 8.0, 3.0]);
    // The very floats.
    assert_eq!(chosen("positive", "x", "d").run(&row)[0][0], f64::from(0.1f32));
}

#[test]
fn any_number_of_operands() {
    let many = |op: &str| {
        let model = float_model(3).init(floats("c", &[], &[1.0]));
        let model = model.init(floats("d", &[1, 3], &[0.0, 5.0, -5.0]));
        model.node(op, &["x", "c", "d"], &["y"], vec![]).output("y")
    };
    let row = [3.0, -1.0, 0.5];
    many("Sum").gives(&row, &[4.0, 5.0, -3.5]);
    many("Mean").gives(&row, &[4.0 / 3.0, 5.0 / 3.0, -3.5 / 3.0]);
    many("Max").gives(&row, &[3.0, 5.0, 1.0]);
    many("Min").gives(&row, &[0.0, -1.0, -5.0]);
    let one = float_model(3).node("Sum", &["x"], &["y"], vec![]).output("y");
    one.gives(&row, &row);
    let rows = float_model(2).node("Neg", &["x"], &["z"], vec![]);
    rows.node("Max", &["x", "z"], &["y"], vec![]).output("y").gives(&[-3.0, 2.0], &[3.0, 2.0]);
}
