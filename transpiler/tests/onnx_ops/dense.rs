//! Gemm, MatMul, arithmetic with broadcasting, BatchNormalization.

use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

const W: [f32; 6] = [1.0, 2.0, 3.0, -1.0, 0.5, 0.25];

#[test]
fn gemm_scales_and_transposes() {
    let gemm = |dims: &[i64], inputs: &[&str], attributes| {
        let model =
            float_model(3).init(floats("w", dims, &W)).init(floats("c", &[2], &[10.0, 20.0]));
        model.node("Gemm", inputs, &["y"], attributes).output("y")
    };
    let row = [1.0, 2.0, 4.0];
    gemm(&[3, 2], &["x", "w", "c"], vec![]).gives(&row, &[19.0, 21.0]);
    gemm(&[3, 2], &["x", "w"], vec![]).gives(&row, &[9.0, 1.0]);
    let turned = vec![int("transB", 1), float("alpha", 2.0), float("beta", 0.5)];
    gemm(&[2, 3], &["x", "w", "c"], turned.clone()).gives(&row, &[39.0, 12.0]);
    gemm(&[3, 2], &["x", "w", "c"], vec![]).agrees_with_tract(&[1, 3]);
    gemm(&[2, 3], &["x", "w", "c"], turned).agrees_with_tract(&[1, 3]);
    assert!(matches!(gemm(&[2, 3], &["x", "w"], vec![]).error(), ImportError::Shape { .. }));
}

#[test]
fn gemm_broadcasts_its_bias() {
    let with_bias = |dims: &[i64], data: &[f32]| {
        let model = float_model(3).init(floats("w", &[3, 2], &W)).init(floats("c", dims, data));
        model.node("Gemm", &["x", "w", "c"], &["y"], vec![]).output("y")
    };
    with_bias(&[], &[1.0]).gives(&[0.0; 3], &[1.0, 1.0]);
    with_bias(&[1, 1], &[1.0]).gives(&[0.0; 3], &[1.0, 1.0]);
    with_bias(&[1, 2], &[1.0, 2.0]).gives(&[0.0; 3], &[1.0, 2.0]);
    assert!(matches!(with_bias(&[3], &[0.0; 3]).error(), ImportError::Shape { .. }));
    // One bias for each of two rows: rows would differ.
    assert_eq!(with_bias(&[2, 1], &[0.0; 2]).unsupported().len(), 1);
}

#[test]
fn gemm_of_a_transposed_row() {
    let model = model(17, 1).input("x", DataType::Float, &[-1, 3]);
    let model = model.init(floats("w", &[3, 2], &W)).node("Transpose", &["x"], &["t"], vec![]);
    let model = model.node("Gemm", &["t", "w"], &["y"], vec![int("transA", 1)]).output("y");
    model.gives(&[1.0, 2.0, 4.0], &[9.0, 1.0]);
}

#[test]
fn mat_mul_on_either_side() {
    let right = |dims: &[i64], data: &[f32]| {
        let model = float_model(3).init(floats("w", dims, data));
        model.node("MatMul", &["x", "w"], &["y"], vec![]).output("y")
    };
    let row = [1.0, 2.0, 4.0];
    right(&[3, 2], &W).gives(&row, &[9.0, 1.0]);
    right(&[3, 2], &W).agrees_with_tract(&[1, 3]);
    right(&[1, 3, 2], &W).gives(&row, &[9.0, 1.0]);
    right(&[3], &[1.0, 1.0, 1.0]).gives(&row, &[7.0]);
    assert_eq!(right(&[2, 3, 1], &W).unsupported(), ["B is a stack of matrices, [2, 3, 1]"]);

    let left = model(17, 1).input("x", DataType::Float, &[3]).init(floats("w", &[2, 3], &W));
    let left = left.node("MatMul", &["w", "x"], &["y"], vec![]).output("y");
    left.gives(&row, &[17.0, 1.0]);
    left.agrees_with_tract(&[3]);
    let square = float_model(3).node("MatMul", &["x", "x"], &["y"], vec![]).output("y");
    assert_eq!(square.unsupported(), ["multiplies two computed values"]);
}

#[test]
fn mat_mul_keeps_inner_axes_of_length_one() {
    let model =
        model(17, 1).input("x", DataType::Float, &[-1, 1, 3]).init(floats("w", &[3, 2], &W));
    let model = model.node("MatMul", &["x", "w"], &["h"], vec![]);
    let model = model.node("Flatten", &["h"], &["y"], vec![]).output("y");
    model.gives(&[1.0, 2.0, 4.0], &[9.0, 1.0]);
    model.agrees_with_tract(&[1, 1, 3]);
}

#[test]
fn arithmetic_with_constants_on_either_side() {
    let of = |op: &str, inputs: &[&str]| {
        let model =
            float_model(2).init(floats("c", &[2], &[2.0, 4.0])).init(floats("s", &[], &[8.0]));
        model.node(op, inputs, &["y"], vec![]).output("y")
    };
    let row = [1.0, -2.0];
    of("Add", &["x", "c"]).gives(&row, &[3.0, 2.0]);
    of("Sub", &["x", "c"]).gives(&row, &[-1.0, -6.0]);
    of("Sub", &["c", "x"]).gives(&row, &[1.0, 6.0]);
    of("Mul", &["s", "x"]).gives(&row, &[8.0, -16.0]);
    of("Div", &["x", "c"]).gives(&row, &[0.5, -0.5]);
    of("Div", &["s", "x"]).gives(&row, &[8.0, -4.0]);
    of("Mul", &["x", "x"]).gives(&row, &[1.0, 4.0]);
    for op in ["Add", "Sub", "Mul", "Div"] {
        of(op, &["x", "c"]).agrees_with_tract(&[1, 2]);
        of(op, &["s", "x"]).agrees_with_tract(&[1, 2]);
    }
}

#[test]
fn arithmetic_broadcasts_rows() {
    // A row of [batch, 2, 1] against a constant of [1, 3].
    let model = model(17, 1).input("x", DataType::Float, &[-1, 2, 1]);
    let model = model.init(floats("c", &[1, 3], &[1.0, 10.0, 100.0]));
    let model = model.node("Mul", &["x", "c"], &["y"], vec![]).output("y");
    model.gives(&[2.0, 3.0], &[2.0, 20.0, 200.0, 3.0, 30.0, 300.0]);
    model.agrees_with_tract(&[1, 2, 1]);
}

#[test]
fn arithmetic_refuses_what_mixes_rows() {
    let per_row = float_model(2).init(floats("c", &[3, 1], &[0.0; 3]));
    let per_row = per_row.node("Add", &["x", "c"], &["y"], vec![]).output("y");
    assert_eq!(per_row.unsupported(), ["a constant differs between the rows of the batch"]);
    let wrong = float_model(2).init(floats("c", &[3], &[0.0; 3]));
    let wrong = wrong.node("Add", &["x", "c"], &["y"], vec![]).output("y");
    assert!(matches!(wrong.error(), ImportError::Shape { .. }));
    let typed = float_model(2).init(doubles("c", &[2], &[0.0; 2]));
    let typed = typed.node("Add", &["x", "c"], &["y"], vec![]).output("y");
    assert!(matches!(typed.error(), ImportError::Shape { .. }));
}

#[test]
fn constants_are_folded() {
    let model = float_model(2).init(floats("a", &[2], &[1.0, 2.0])).init(floats("b", &[], &[3.0]));
    let model = model.node("Mul", &["a", "b"], &["c"], vec![]).node("Exp", &["c"], &["d"], vec![]);
    let model = model.node("Add", &["x", "d"], &["y"], vec![]).output("y");
    assert_eq!(model.import().nodes.len(), 2);
    model.gives(&[0.0, 0.0], &[3.0_f64.exp(), 6.0_f64.exp()]);
}

#[test]
fn batch_normalization_of_channels() {
    let of = |dims: &[i64], attributes| {
        let model = model(15, 1).input("x", DataType::Float, dims);
        let model =
            model.init(floats("scale", &[2], &[2.0, 0.5])).init(floats("b", &[2], &[1.0, -1.0]));
        let model =
            model.init(floats("mean", &[2], &[0.5, -0.5])).init(floats("var", &[2], &[4.0, 0.25]));
        let inputs = ["x", "scale", "b", "mean", "var"];
        model.node("BatchNormalization", &inputs, &["y"], attributes).output("y")
    };
    let exact = vec![float("epsilon", 0.0)];
    of(&[-1, 2], exact.clone()).gives(&[2.5, 0.5], &[3.0, 0.0]);
    of(&[-1, 2, 2], exact).gives(&[2.5, 0.5, 0.5, -0.5], &[3.0, 1.0, 0.0, -1.0]);
    of(&[-1, 2], vec![float("epsilon", 0.1)]).agrees_with_tract(&[1, 2]);
    of(&[-1, 2, 3], vec![]).agrees_with_tract(&[1, 2, 3]);
    assert_eq!(of(&[-1, 2], vec![int("training_mode", 1)]).unsupported().len(), 1);
    assert!(matches!(of(&[-1, 3], vec![]).error(), ImportError::Shape { .. }));
}
