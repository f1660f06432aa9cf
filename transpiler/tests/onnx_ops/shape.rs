//! Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Shape.

use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

fn image() -> Model {
    model(17, 1).input("x", DataType::Float, &[-1, 2, 3])
}

const ROW: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

#[test]
fn flatten_at_an_axis() {
    let flat = |axis| image().node("Flatten", &["x"], &["y"], vec![int("axis", axis)]).output("y");
    flat(1).gives(&ROW, &ROW);
    flat(1).agrees_with_tract(&[1, 2, 3]);
    assert_eq!(flat(2).unsupported(), ["mixes the batch with other axes of [batch, 2, 3]"]);
    assert_eq!(flat(0).unsupported().len(), 1);
    assert!(matches!(flat(4).error(), ImportError::Shape { .. }));
}

fn reshaped(dims: &[i64], target: &[i64]) -> Model {
    let model = model(17, 1).input("x", DataType::Float, dims);
    let model = model.init(ints("target", &[target.len() as i64], target));
    let model = model.node("Reshape", &["x", "target"], &["r"], vec![]);
    model.node("Relu", &["r"], &["y"], vec![]).output("y")
}

#[test]
fn reshape_finds_the_batch_axis() {
    for target in [&[-1, 6][..], &[0, 6], &[0, -1], &[0, 3, 2], &[-1, 1, 6], &[0, 0, 3, 1]] {
        reshaped(&[-1, 2, 3], target).gives(&ROW, &ROW);
    }
    // A batch of 4 rows may be spelled out; a batch of 1 is an axis like any other.
    reshaped(&[4, 2, 3], &[4, -1]).gives(&ROW, &ROW);
    reshaped(&[1, 2, 3], &[6]).gives(&ROW, &ROW);
    reshaped(&[1, 2, 3], &[2, -1]).gives(&ROW, &ROW);
    reshaped(&[1, 2, 3], &[2, -1]).agrees_with_tract(&[1, 2, 3]);
}

#[test]
fn reshape_refuses_to_mix_rows() {
    for target in [&[6, -1][..], &[3, -1, 2], &[-1], &[-1, 3]] {
        assert_eq!(
            reshaped(&[-1, 2, 3], target).unsupported(),
            ["moves elements of [batch, 2, 3] between the rows of the batch"],
            "{target:?}"
        );
    }
    for target in [&[5][..], &[-1, -1], &[-2, 3], &[1, 2, 3, 0, 0], &[4, -1]] {
        let error = reshaped(&[1, 2, 3], target).error();
        assert!(matches!(error, ImportError::Shape { .. }), "{target:?}: {error}");
    }
}

#[test]
fn reshape_by_the_shape_of_the_input() {
    // What exporters write for `x.view(x.size(0), -1)`.
    let model = image().init(ints("zero", &[], &[0])).init(ints("rest", &[1], &[-1]));
    let model = model.node("Shape", &["x"], &["shape"], vec![]);
    let model = model.node("Gather", &["shape", "zero"], &["rows"], vec![int("axis", 0)]);
    let model = model.init(ints("axes", &[1], &[0]));
    let model = model.node("Unsqueeze", &["rows", "axes"], &["row_list"], vec![]);
    let model = model.node("Concat", &["row_list", "rest"], &["target"], vec![int("axis", 0)]);
    let model = model.node("Reshape", &["x", "target"], &["y"], vec![]).output("y");
    model.gives(&ROW, &ROW);
    assert_eq!(model.import().nodes.len(), 1);
    let shown = image().node("Shape", &["x"], &["y"], vec![]).output("y");
    assert!(matches!(shown.error(), ImportError::Output { .. }));
}

#[test]
fn shape_of_some_axes() {
    // The features, 2 · 3, from opset 15's start.
    let model = image().node("Shape", &["x"], &["s"], vec![int("start", 1)]).output("s");
    model.gives(&ROW, &[2.0, 3.0]);
    let last =
        image().node("Shape", &["x"], &["s"], vec![int("start", -1), int("end", 9)]).output("s");
    last.gives(&ROW, &[3.0]);
}

#[test]
fn squeeze_and_unsqueeze_by_attribute_and_input() {
    let old = |op: &str, axes: &[i64]| {
        let model = model(11, 1).input("x", DataType::Float, &[-1, 1, 3]);
        model.node(op, &["x"], &["y"], vec![int_list("axes", axes)]).output("y")
    };
    let new = |op: &str, axes: &[i64]| {
        let model = model(13, 1).input("x", DataType::Float, &[-1, 1, 3]);
        let model = model.init(ints("axes", &[axes.len() as i64], axes));
        model.node(op, &["x", "axes"], &["y"], vec![]).output("y")
    };
    let row = [1.0, 2.0, 3.0];
    for of in [old, new] {
        of("Squeeze", &[1]).gives(&row, &row);
        of("Squeeze", &[-2]).agrees_with_tract(&[1, 1, 3]);
        of("Unsqueeze", &[0, 4]).gives(&row, &row);
        of("Unsqueeze", &[-1]).agrees_with_tract(&[1, 1, 3]);
        assert_eq!(of("Squeeze", &[0]).unsupported(), ["removes the batch axis"]);
        assert!(matches!(of("Squeeze", &[2]).error(), ImportError::Shape { .. }));
        assert!(matches!(of("Squeeze", &[3]).error(), ImportError::Shape { .. }));
        let many: Vec<i64> = (0..20).collect();
        assert!(matches!(of("Unsqueeze", &many).error(), ImportError::Shape { .. }));
        assert!(matches!(of("Unsqueeze", &[1, 1]).error(), ImportError::Shape { .. }));
    }
    // Without axes every axis of length 1 goes.
    let model = model(13, 1).input("x", DataType::Float, &[-1, 1, 3]);
    let model = model.node("Squeeze", &["x"], &["s"], vec![]).init(floats("w", &[3, 1], &[1.0; 3]));
    model.node("MatMul", &["s", "w"], &["y"], vec![]).output("y").gives(&row, &[6.0]);
}

#[test]
fn transpose_within_the_row() {
    let turned = |perm: &[i64]| {
        image().node("Transpose", &["x"], &["y"], vec![int_list("perm", perm)]).output("y")
    };
    turned(&[0, 2, 1]).gives(&ROW, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    turned(&[0, 2, 1]).agrees_with_tract(&[1, 2, 3]);
    // Moving the batch axis moves nothing within a row.
    turned(&[1, 0, 2]).gives(&ROW, &ROW);
    let reversed = image().node("Transpose", &["x"], &["y"], vec![]).output("y");
    reversed.gives(&ROW, &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    for perm in [&[0, 1][..], &[0, 1, 1], &[0, 1, 3], &[-1, 0, 1]] {
        assert!(matches!(turned(perm).error(), ImportError::Attribute { .. }), "{perm:?}");
    }
}
