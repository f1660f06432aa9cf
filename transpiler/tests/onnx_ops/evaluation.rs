//! The float evaluator: what it takes, and the precision that it computes in.

use nilometer_transpiler::eval::{
    apply_unary, evaluate, evaluate_all, missing_features, probit, sigmoid, EvalError,
};
use nilometer_transpiler::graph::{DType, Unary};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;

use crate::support::*;

#[test]
fn rows_that_are_not_taken() {
    let graph = float_model(2).node("Relu", &["x"], &["y"], vec![]).output("y").import();
    assert_eq!(evaluate(&graph, &[1.0]), Err(EvalError::Length { expected: 2, actual: 1 }));
    assert_eq!(evaluate(&graph, &[1.0; 3]), Err(EvalError::Length { expected: 2, actual: 3 }));
    // 1e39 is finite, but no f32.
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e39] {
        let found = evaluate(&graph, &[0.0, value]);
        assert!(matches!(found, Err(EvalError::NonFinite { index: 1, .. })), "{value}");
    }
    assert_eq!(missing_features(&graph), [false, false]);
    let text = evaluate(&graph, &[0.0, 1e39]).unwrap_err().to_string();
    assert!(text.starts_with("feature 1 is 1"), "{text}");
}

#[test]
fn every_value_is_shown() {
    let model = float_model(2).node("Neg", &["x"], &["h"], vec![]);
    let graph = model.node("Relu", &["h"], &["y"], vec![]).output("y").import();
    let values = evaluate_all(&graph, &[1.0, -2.0]).unwrap();
    assert_eq!(values, [vec![1.0, -2.0], vec![-1.0, 2.0], vec![0.0, 2.0]]);
}

#[test]
fn results_are_rounded_to_the_models_type() {
    let third = |data_type, constant| {
        let model = model(17, 1).input("x", data_type, &[-1, 1]).init(constant);
        model.node("Div", &["x", "c"], &["y"], vec![]).output("y").run(&[1.0])[0][0]
    };
    assert_eq!(third(DataType::Float, floats("c", &[], &[3.0])), f64::from(1.0_f32 / 3.0));
    assert_eq!(third(DataType::Double, doubles("c", &[], &[3.0])), 1.0 / 3.0);
}

#[test]
fn a_double_model_sums_in_double_precision() {
    let model = model(17, 1).input("x", DataType::Double, &[-1, 3]);
    let model = model.init(doubles("w", &[3, 1], &[1e16, 1.0, -1e16]));
    let model = model.node("MatMul", &["x", "w"], &["y"], vec![]).output("y");
    assert_eq!(model.run(&[1.0, 3.0, 1.0])[0], [4.0]);
    let graph = model.import();
    assert_eq!(graph.dtypes(), [DType::F64, DType::F64]);
    assert_eq!(graph.parameter_count(), 4);
}

#[test]
fn layers_of_every_width_agree_with_sums() {
    // More and fewer outputs than are summed side by side.
    for n_outputs in 1..10 {
        let weights = noises(n_outputs, 5 * n_outputs as usize);
        let model = float_model(5).init(floats("w", &[n_outputs as i64, 5], &weights));
        let model = model.node("Gemm", &["x", "w"], &["y"], vec![int("transB", 1)]).output("y");
        let row: Vec<f64> = noises(99, 5).iter().map(|&x| x.into()).collect();
        let dot = |weights: &[f32]| weights.iter().zip(&row).map(|(&w, x)| f64::from(w) * x).sum();
        let expected: Vec<f64> = weights.chunks(5).map(dot).collect();
        model.gives(&row, &expected);
    }
}

#[test]
fn functions_hold_at_the_ends() {
    assert_eq!((sigmoid(-1e4), sigmoid(0.0), sigmoid(1e4)), (0.0, 0.5, 1.0));
    assert_eq!(probit(0.5), 0.0);
    assert!((probit(0.975) - 1.96).abs() < 1e-2 && (probit(0.025) + 1.96).abs() < 1e-2);
    assert_eq!(apply_unary(Unary::Clip { min: f64::NEG_INFINITY, max: 1.0 }, -9.0), -9.0);
    assert_eq!(apply_unary(Unary::Truncate, -1.9), -1.0);
}
