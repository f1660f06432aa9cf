//! Initialisers and tensor attributes.

use nilometer_transpiler::onnx::limits::MAX_RANK;
use nilometer_transpiler::onnx::pb::tensor_proto::{DataLocation, DataType};
use nilometer_transpiler::onnx::pb::{SparseTensorProto, StringStringEntryProto, TensorProto};
use nilometer_transpiler::onnx::{ImportError, TensorError};

use crate::support::*;

fn using(tensor: TensorProto) -> Model {
    float_model(2).init(tensor).node("Add", &["x", "w"], &["y"], vec![]).output("y")
}

fn refused(tensor: TensorProto) -> TensorError {
    match using(tensor).error() {
        ImportError::Tensor { name, source } => {
            assert_eq!(name, "w");
            source
        }
        error => panic!("{error}"),
    }
}

#[test]
fn dimensions_out_of_range() {
    let of = |dims: &[i64]| refused(floats("w", dims, &[1.0, 2.0]));
    assert_eq!(of(&[1, -2]), TensorError::NegativeDim { axis: 1, dim: -2 });
    let dims = vec![i64::MAX, i64::MAX];
    assert_eq!(of(&dims), TensorError::DimsOverflow { dims: dims.clone() });
    assert_eq!(of(&[1 << 40]), TensorError::DataLength { expected: 1 << 40, actual: 2 });
    assert_eq!(of(&[1; 1000]), TensorError::Rank { rank: 1000, limit: MAX_RANK });
    assert_eq!(of(&[2, 0, 1 << 40]), TensorError::EmptyAxis { dims: vec![2, 0, 1 << 40] });
}

#[test]
fn data_that_does_not_fill_the_dimensions() {
    assert_eq!(
        refused(floats("w", &[3], &[1.0, 2.0])),
        TensorError::DataLength { expected: 3, actual: 2 }
    );
    let raw = |raw_data: Vec<u8>| TensorProto { raw_data, ..floats("w", &[2], &[]) };
    assert_eq!(refused(raw(vec![0; 7])), TensorError::RawLength { bytes: 7, size: 4 });
    assert_eq!(refused(raw(vec![0; 4])), TensorError::DataLength { expected: 2, actual: 1 });
    using(raw(vec![0; 8])).gives(&[1.0, 2.0], &[1.0, 2.0]);
    assert_eq!(refused(floats("w", &[2], &[])), TensorError::DataLength { expected: 2, actual: 0 });
}

#[test]
fn data_elsewhere() {
    let entry = StringStringEntryProto { key: "location".into(), value: "../weights.bin".into() };
    let mut tensor = floats("w", &[2], &[]);
    tensor.external_data.push(entry);
    let location = "../weights.bin".to_string();
    assert_eq!(refused(tensor), TensorError::External { location });
    let mut tensor = floats("w", &[2], &[1.0, 2.0]);
    tensor.data_location = Some(DataLocation::External as i32);
    assert_eq!(refused(tensor), TensorError::External { location: String::new() });
}

#[test]
fn numbers_that_are_none() {
    for value in [f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(
            refused(floats("w", &[2], &[0.0, value])),
            TensorError::NonFinite { index: 1, value: value.into() }
        );
    }
    let error = refused(floats("w", &[2], &[f32::NAN, 0.0]));
    assert!(matches!(error, TensorError::NonFinite { index: 0, value } if value.is_nan()));
    let text = using(floats("w", &[2], &[f32::NAN, 0.0])).error().to_string();
    assert_eq!(text, "tensor \"w\": element 0 is NaN, wants a finite number");
}

#[test]
fn element_types_that_are_not_taken() {
    let typed = |data_type: i32| TensorProto { data_type, ..floats("w", &[2], &[1.0, 2.0]) };
    for (data_type, actual) in [
        (DataType::Complex64 as i32, "COMPLEX64"),
        (DataType::Undefined as i32, "UNDEFINED"),
        (999, "number 999"),
        (-1, "number -1"),
    ] {
        let reasons = using(typed(data_type)).unsupported();
        assert_eq!(reasons.len(), 1);
        let reason = format!("tensor \"w\": the element type is {actual}, wants ");
        assert!(reasons[0].starts_with(&reason), "{}", reasons[0]);
    }
    // All of them are told, and what else is unsupported.
    let odd = |name: &str| TensorProto {
        data_type: DataType::Complex64 as i32,
        ..floats(name, &[2], &[1.0, 2.0])
    };
    let model = float_model(2).init(odd("a")).init(odd("b"));
    let model = model.node("Add", &["x", "a"], &["y"], vec![]);
    let model = model.node("Mul", &["x", "b"], &["z"], vec![]).output("y").output("z");
    let model = model.node("Cosh", &["x"], &["c"], vec![]).output("c");
    assert_eq!(model.unsupported().len(), 3);
}

#[test]
fn sparse_tensors() {
    let mut model = float_model(2).node("Add", &["x", "w"], &["y"], vec![]).output("y");
    let values = Some(floats("w", &[2], &[1.0, 2.0]));
    model
        .graph()
        .sparse_initializer
        .push(SparseTensorProto { values, ..SparseTensorProto::default() });
    assert_eq!(model.unsupported().len(), 1);
}

#[test]
fn text_that_is_none() {
    let mut classes = texts("classes", &[2], &["a", "b"]);
    classes.string_data[1] = vec![0xff, 0xfe];
    let model = float_model(2).node("ArgMax", &["x"], &["i"], vec![int("axis", 1)]).init(classes);
    let model = model.node("Gather", &["classes", "i"], &["y"], vec![]).output("y");
    let ImportError::Tensor { name, source } = model.error() else { panic!("other error") };
    assert_eq!((name.as_str(), source), ("classes", TensorError::NotText { index: 1 }));
}

#[test]
fn tensor_attributes_are_named_by_their_node() {
    let attributes = vec![tensor("value", floats("", &[3], &[1.0]))];
    let model = float_model(2).node("Constant", &[], &["c"], attributes);
    let model = model.node("Add", &["x", "c"], &["y"], vec![]).output("y");
    let ImportError::Tensor { name, .. } = model.error() else { panic!("other error") };
    assert_eq!(name, "c_node.value");
}
