//! Functions of one element, Softmax and ArgMax.

use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

fn one(op: &str, attributes: Vec<nilometer_transpiler::onnx::pb::AttributeProto>) -> Model {
    float_model(3).node(op, &["x"], &["y"], attributes).output("y")
}

#[test]
fn functions_of_one_element() {
    let row = [-1.5, 0.0, 2.0];
    one("Relu", vec![]).gives(&row, &[0.0, 0.0, 2.0]);
    one("Abs", vec![]).gives(&row, &[1.5, 0.0, 2.0]);
    one("Neg", vec![]).gives(&row, &[1.5, 0.0, -2.0]);
    one("Exp", vec![]).gives(&row, &[0.22313, 1.0, 7.389056]);
    one("Tanh", vec![]).gives(&row, &[-0.9051483, 0.0, 0.9640276]);
    one("Sigmoid", vec![]).gives(&row, &[0.18242552, 0.5, 0.880797]);
    one("Sqrt", vec![]).gives(&[0.25, 0.0, 9.0], &[0.5, 0.0, 3.0]);
    one("LeakyRelu", vec![]).gives(&row, &[-0.015, 0.0, 2.0]);
    one("LeakyRelu", vec![float("alpha", 0.5)]).gives(&row, &[-0.75, 0.0, 2.0]);
    one("Identity", vec![]).gives(&row, &row);
}

#[test]
fn functions_agree_with_tract() {
    for op in ["Relu", "Abs", "Neg", "Exp", "Tanh", "Sigmoid", "LeakyRelu", "Identity", "Softmax"] {
        one(op, vec![]).agrees_with_tract(&[1, 3]);
    }
    one("LeakyRelu", vec![float("alpha", 0.3)]).agrees_with_tract(&[1, 3]);
}

#[test]
fn clip_takes_attributes_then_inputs() {
    let old = |attributes| {
        let model = model(6, 1).input("x", DataType::Float, &[-1, 3]);
        model.node("Clip", &["x"], &["y"], attributes).output("y")
    };
    let row = [-5.0, 0.25, 5.0];
    old(vec![]).gives(&row, &row);
    old(vec![float("min", -1.0), float("max", 2.0)]).gives(&row, &[-1.0, 0.25, 2.0]);
    old(vec![float("max", f32::INFINITY), float("min", 0.0)]).gives(&row, &[0.0, 0.25, 5.0]);

    let new = |inputs: &[&str]| {
        let model = float_model(3).init(floats("low", &[], &[-1.0]));
        let model = model.init(floats("high", &[1], &[2.0]));
        model.node("Clip", inputs, &["y"], vec![]).output("y")
    };
    new(&["x"]).gives(&row, &row);
    new(&["x", "low"]).gives(&row, &[-1.0, 0.25, 5.0]);
    new(&["x", "", "high"]).gives(&row, &[-5.0, 0.25, 2.0]);
    new(&["x", "low", "high"]).gives(&row, &[-1.0, 0.25, 2.0]);
    new(&["x", "low"]).agrees_with_tract(&[1, 3]);
    let open = float_model(3).init(floats("open", &[], &[f32::NEG_INFINITY]));
    let open = open.node("Clip", &["x", "open"], &["y"], vec![]).output("y");
    open.gives(&row, &row);
    let nan = float_model(3).init(floats("nan", &[], &[f32::NAN]));
    let nan = nan.node("Clip", &["x", "nan"], &["y"], vec![]).output("y");
    assert!(matches!(nan.error(), ImportError::Shape { .. }));
}

#[test]
fn softmax_of_a_row() {
    let expected = [0.09003057, 0.24472848, 0.66524094];
    one("Softmax", vec![]).gives(&[1.0, 2.0, 3.0], &expected);
    // Large scores do not overflow.
    one("Softmax", vec![int("axis", 1)]).gives(&[1001.0, 1002.0, 1003.0], &expected);
    assert_eq!(one("Softmax", vec![int("axis", 0)]).unsupported().len(), 1);
}

#[test]
fn softmax_flattens_before_opset_13() {
    let over = |opset, axis| {
        let model = model(opset, 1).input("x", DataType::Float, &[-1, 2, 2]);
        model.node("Softmax", &["x"], &["y"], vec![int("axis", axis)]).output("y")
    };
    // Axes from 1 on are one distribution before opset 13; from then on two of two elements.
    over(11, 1).gives(&[1.0; 4], &[0.25; 4]);
    over(11, 1).agrees_with_tract(&[1, 2, 2]);
    over(13, 1).gives(&[1.0; 4], &[0.5; 4]);
    over(13, 1).agrees_with_tract(&[1, 2, 2]);
    over(11, 2).agrees_with_tract(&[1, 2, 2]);
}

#[test]
fn arg_max_takes_the_first_or_the_last_of_equals() {
    let arg_max = |attributes| one("ArgMax", attributes);
    let row = [3.0, 7.0, 7.0];
    arg_max(vec![int("axis", 1)]).gives(&row, &[1.0]);
    let last = vec![int("axis", -1), int("select_last_index", 1), int("keepdims", 0)];
    arg_max(last).gives(&row, &[2.0]);
    arg_max(vec![int("axis", 1)]).agrees_with_tract(&[1, 3]);
    assert_eq!(arg_max(vec![]).unsupported(), ["reduces over the rows of the batch"]);
    assert_eq!(arg_max(vec![int("axis", 1)]).label(&row, 0), "1");
}

#[test]
fn dropout_passes_through() {
    one("Dropout", vec![]).gives(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]);
    let masked = float_model(3).node("Dropout", &["x"], &["y", "mask"], vec![]);
    masked.output("y").gives(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]);
    let shown = float_model(3).node("Dropout", &["x"], &["y", "mask"], vec![]).output("mask");
    assert_eq!(shown.unsupported(), ["its optional output 1 is used"]);
}

#[test]
fn integers_are_not_computed_with() {
    let model = model(17, 1).input("x", DataType::Int64, &[-1, 2]);
    let model = model.node("Neg", &["x"], &["y"], vec![]).output("y");
    assert_eq!(model.unsupported(), ["computes with integers; cast the input to float first"]);
}
