//! Concat, Gather, Slice, ArrayFeatureExtractor on computed rows.

use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

const ROW: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];

fn image() -> Model {
    model(17, 1).input("x", DataType::Float, &[-1, 2, 3])
}

#[test]
fn concat_along_inner_and_outer_axes() {
    let joined = |axis| {
        let model = image().node("Neg", &["x"], &["n"], vec![]);
        model.node("Concat", &["x", "n"], &["y"], vec![int("axis", axis)]).output("y")
    };
    let mut rows = ROW.to_vec();
    rows.extend(ROW.map(|x| -x));
    joined(1).gives(&ROW, &rows);
    let interleaved = [1.0, 2.0, 3.0, -1.0, -2.0, -3.0, 4.0, 5.0, 6.0, -4.0, -5.0, -6.0];
    joined(2).gives(&ROW, &interleaved);
    joined(-1).gives(&ROW, &interleaved);
    joined(1).agrees_with_tract(&[1, 2, 3]);
    joined(2).agrees_with_tract(&[1, 2, 3]);
    assert_eq!(joined(0).unsupported(), ["adds rows to the batch"]);
}

#[test]
fn concat_with_a_constant() {
    let model = float_model(2).init(floats("c", &[1, 1], &[9.0]));
    let model = model.node("Concat", &["c", "x", "c"], &["y"], vec![int("axis", 1)]).output("y");
    model.gives(&[1.0, 2.0], &[9.0, 1.0, 2.0, 9.0]);
    let wrong = float_model(2).init(floats("c", &[2], &[9.0, 9.0]));
    let wrong = wrong.node("Concat", &["c", "x"], &["y"], vec![int("axis", 1)]).output("y");
    assert!(matches!(wrong.error(), ImportError::Shape { .. }));
    let bare = float_model(2).node("Concat", &["x"], &["y"], vec![]).output("y");
    assert!(matches!(bare.error(), ImportError::Attribute { .. }));
}

#[test]
fn gather_along_axes() {
    let picked = |axis, dims: &[i64], indices: &[i64]| {
        let model = image().init(ints("i", dims, indices));
        model.node("Gather", &["x", "i"], &["y"], vec![int("axis", axis)]).output("y")
    };
    picked(2, &[2], &[2, 0]).gives(&ROW, &[3.0, 1.0, 6.0, 4.0]);
    picked(1, &[], &[-1]).gives(&ROW, &[4.0, 5.0, 6.0]);
    picked(2, &[2], &[2, 0]).agrees_with_tract(&[1, 2, 3]);
    picked(1, &[1, 2], &[1, 0]).agrees_with_tract(&[1, 2, 3]);
    assert_eq!(picked(0, &[1], &[0]).unsupported(), ["picks rows of the batch"]);
    assert!(matches!(picked(2, &[1], &[3]).error(), ImportError::Shape { .. }));
    assert!(matches!(picked(2, &[1], &[-4]).error(), ImportError::Shape { .. }));
}

fn sliced(starts: &[i64], ends: &[i64], axes: &[i64], steps: &[i64]) -> Model {
    let list = |name: &str, values: &[i64]| ints(name, &[values.len() as i64], values);
    let model = image().init(list("starts", starts)).init(list("ends", ends));
    let model = model.init(list("axes", axes)).init(list("steps", steps));
    model.node("Slice", &["x", "starts", "ends", "axes", "steps"], &["y"], vec![]).output("y")
}

#[test]
fn slice_forwards_and_backwards() {
    sliced(&[1], &[3], &[2], &[1]).gives(&ROW, &[2.0, 3.0, 5.0, 6.0]);
    sliced(&[-2], &[i64::MAX], &[2], &[1]).gives(&ROW, &[2.0, 3.0, 5.0, 6.0]);
    sliced(&[0, 0], &[1, 9], &[1, 2], &[1, 2]).gives(&ROW, &[1.0, 3.0]);
    sliced(&[-1], &[i64::MIN], &[2], &[-1]).gives(&ROW, &[3.0, 2.0, 1.0, 6.0, 5.0, 4.0]);
    sliced(&[2], &[0], &[-1], &[-2]).gives(&ROW, &[3.0, 6.0]);
    sliced(&[0], &[i64::MAX], &[2], &[i64::MAX]).gives(&ROW, &[1.0, 4.0]);
    sliced(&[0], &[i64::MAX], &[0], &[1]).gives(&ROW, &ROW);
    sliced(&[1], &[3], &[2], &[1]).agrees_with_tract(&[1, 2, 3]);
    sliced(&[-1], &[i64::MIN], &[2], &[-1]).agrees_with_tract(&[1, 2, 3]);
}

#[test]
fn slice_refuses() {
    assert_eq!(sliced(&[1], &[2], &[0], &[1]).unsupported(), ["slices the rows of the batch"]);
    for (starts, ends, axes, steps) in [
        ([2].as_slice(), [2].as_slice(), [2].as_slice(), [1].as_slice()),
        (&[0], &[2], &[2], &[0]),
        (&[0, 0], &[2, 2], &[2, -1], &[1, 1]),
        (&[0, 0], &[2, 2], &[2], &[1]),
        (&[0], &[2], &[3], &[1]),
    ] {
        let error = sliced(starts, ends, axes, steps).error();
        assert!(matches!(error, ImportError::Shape { .. }), "{starts:?} {error}");
    }
}

#[test]
fn slice_by_attributes_before_opset_10() {
    let model = model(9, 1).input("x", DataType::Float, &[-1, 4]);
    let attributes =
        vec![int_list("starts", &[1]), int_list("ends", &[-1]), int_list("axes", &[1])];
    let model = model.node("Slice", &["x"], &["y"], attributes).output("y");
    model.gives(&[1.0, 2.0, 3.0, 4.0], &[2.0, 3.0]);
    model.agrees_with_tract(&[1, 4]);
}

#[test]
fn array_feature_extractor_picks_features() {
    let model = float_model(4).init(ints("i", &[1, 2], &[3, 0]));
    let model = model.ml_node("ArrayFeatureExtractor", &["x", "i"], &["y"], vec![]).output("y");
    model.gives(&[1.0, 2.0, 3.0, 4.0], &[4.0, 1.0]);
    let empty = float_model(4).init(ints("i", &[0], &[]));
    let empty = empty.ml_node("ArrayFeatureExtractor", &["x", "i"], &["y"], vec![]).output("y");
    assert!(matches!(empty.error(), ImportError::Shape { .. }));
}
