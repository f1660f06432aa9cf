//! Constant, ConstantOfShape, Cast, and shape arithmetic on integers.

use nilometer_transpiler::graph::{Labels, OutputKind};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::AttributeProto;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

/// `x` plus a constant.
fn plus(attribute: AttributeProto) -> Model {
    let model = float_model(2).node("Constant", &[], &["c"], vec![attribute]);
    model.node("Add", &["x", "c"], &["y"], vec![]).output("y")
}

#[test]
fn constants_in_all_forms() {
    plus(tensor("value", floats("", &[2], &[1.0, 2.0]))).gives(&[0.0, 0.0], &[1.0, 2.0]);
    plus(float("value_float", 3.0)).gives(&[0.0, 0.0], &[3.0, 3.0]);
    plus(float_list("value_floats", &[4.0, 5.0])).gives(&[0.0, 0.0], &[4.0, 5.0]);
    plus(tensor("value", floats("", &[2], &[1.0, 2.0]))).agrees_with_tract(&[1, 2]);
    assert!(matches!(plus(int("value_int", 3)).error(), ImportError::Shape { .. }));
    assert!(matches!(plus(int("no_value", 3)).error(), ImportError::Attribute { .. }));
    let infinite = plus(float_list("value_floats", &[f32::INFINITY, 0.0]));
    assert!(matches!(infinite.error(), ImportError::AttributeNonFinite { index: 0, .. }));
}

#[test]
fn a_constant_may_be_an_open_bound() {
    let model =
        float_model(2).node("Constant", &[], &["c"], vec![float("value_float", f32::INFINITY)]);
    let model = model.node("Clip", &["x", "", "c"], &["y"], vec![]).output("y");
    model.gives(&[-1.0, 1e30], &[-1.0, 1e30]);
}

#[test]
fn constant_of_shape_fills() {
    let filled = |dims: &[i64], attributes| {
        let model = float_model(2).init(ints("s", &[dims.len() as i64], dims));
        let model = model.node("ConstantOfShape", &["s"], &["c"], attributes);
        model.node("Add", &["x", "c"], &["y"], vec![]).output("y")
    };
    filled(&[1, 2], vec![]).gives(&[1.0, 2.0], &[1.0, 2.0]);
    let seven = vec![tensor("value", floats("", &[1], &[7.0]))];
    filled(&[2], seven.clone()).gives(&[1.0, 2.0], &[8.0, 9.0]);
    filled(&[2], seven).agrees_with_tract(&[1, 2]);
    assert!(matches!(filled(&[-1], vec![]).error(), ImportError::Shape { .. }));
    assert!(matches!(filled(&[1 << 40], vec![]).error(), ImportError::TooLarge { .. }));
    assert!(matches!(filled(&[1 << 40; 3], vec![]).error(), ImportError::TooLarge { .. }));
    assert!(matches!(filled(&[0, 1 << 40], vec![]).error(), ImportError::Shape { .. }));
}

#[test]
fn integers_are_folded() {
    // Reshape to [batch, (7 - 1) / 2 · 2].
    let model = model(17, 1).input("x", DataType::Float, &[-1, 2, 3]);
    let model = model.init(ints("seven", &[1], &[7])).init(ints("one", &[], &[1]));
    let model = model.init(ints("two", &[1], &[2])).init(ints("batch", &[1], &[-1]));
    let model = model.node("Sub", &["seven", "one"], &["six"], vec![]);
    let model = model.node("Div", &["six", "two"], &["three"], vec![]);
    let model = model.node("Mul", &["three", "two"], &["n"], vec![]);
    let model = model.node("Cast", &["n"], &["n64"], vec![int("to", DataType::Int64 as i64)]);
    let model = model.node("Concat", &["batch", "n64"], &["target"], vec![int("axis", 0)]);
    let model = model.node("Reshape", &["x", "target"], &["y"], vec![]).output("y");
    model.gives(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(model.import().nodes.len(), 1);

    let by_zero = float_model(1).init(ints("a", &[1], &[1])).init(ints("b", &[1], &[0]));
    let by_zero = by_zero.node("Div", &["a", "b"], &["c"], vec![]);
    let by_zero = by_zero.node("Reshape", &["x", "c"], &["y"], vec![]).output("y");
    assert!(matches!(by_zero.error(), ImportError::Shape { .. }));
}

#[test]
fn casts_of_rows() {
    let cast = |from, to: DataType| {
        let model = model(17, 1).input("x", from, &[-1, 3]);
        model.node("Cast", &["x"], &["y"], vec![int("to", to as i64)]).output("y")
    };
    let row = [-1.75, 0.0, 2.5];
    cast(DataType::Float, DataType::Int64).gives(&row, &[-1.0, 0.0, 2.0]);
    cast(DataType::Float, DataType::Bool).gives(&row, &[1.0, 0.0, 1.0]);
    cast(DataType::Float, DataType::Double).gives(&row, &row);
    cast(DataType::Int64, DataType::Float).gives(&[1.0, 16777217.0, 3.0], &[1.0, 16777216.0, 3.0]);
    let rounded = cast(DataType::Double, DataType::Float).run(&[0.1, 0.2, 0.3]);
    assert_eq!(rounded[0], [0.1_f32, 0.2, 0.3].map(f64::from));
    cast(DataType::Float, DataType::Int64).agrees_with_tract(&[1, 3]);
    cast(DataType::Float, DataType::Float16).gives(&row, &row);
    assert_eq!(cast(DataType::Float, DataType::String).unsupported(), ["casts to STRING"]);
}

#[test]
fn double_arithmetic_after_a_cast_stays_double() {
    // skl2onnx divides in double precision, then casts back, to give scikit-learn's bits.
    let double = DataType::Double as i64;
    let model = float_model(1).node("Cast", &["x"], &["d"], vec![int("to", double)]);
    let model = model.init(doubles("c", &[1], &[3.0]));
    let model = model.node("Div", &["d", "c"], &["q"], vec![]);
    let model = model.node("Mul", &["q", "c"], &["y"], vec![]).output("y");
    assert_eq!(model.run(&[0.1])[0], [f64::from(0.1_f32) / 3.0 * 3.0]);
}

#[test]
fn casts_of_labels() {
    let model = float_model(2).node("ArgMax", &["x"], &["i"], vec![int("axis", 1)]);
    let model =
        model.node("Cast", &["i"], &["y"], vec![int("to", DataType::String as i64)]).output("y");
    assert_eq!(model.labels(0), Labels::Strings(vec!["0".into(), "1".into()]));
    let float = float_model(2).node("ArgMax", &["x"], &["i"], vec![int("axis", 1)]);
    let float = float.node("Cast", &["i"], &["y"], vec![int("to", 1)]).output("y");
    assert_eq!(float.labels(0), Labels::Ints(vec![0, 1]));
}

#[test]
fn an_output_may_be_constant() {
    let model = float_model(2).init(floats("c", &[2], &[1.0, 2.0])).output("c");
    model.gives(&[5.0, 5.0], &[1.0, 2.0]);
    assert_eq!(model.import().outputs[0].kind, OutputKind::Numbers { classes: None });
    let text = float_model(2).init(texts("c", &[1], &["a"])).output("c");
    assert!(matches!(text.error(), ImportError::Output { .. }));
}
