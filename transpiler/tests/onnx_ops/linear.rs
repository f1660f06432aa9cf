//! LinearRegressor and LinearClassifier.

use nilometer_transpiler::graph::Labels;
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::AttributeProto;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

fn regressor(attributes: Vec<AttributeProto>) -> Model {
    float_model(2).ml_node("LinearRegressor", &["x"], &["y"], attributes).output("y")
}

#[test]
fn regressor_of_targets() {
    let two = vec![
        int("targets", 2),
        float_list("coefficients", &[1.0, 2.0, 3.0, 4.0]),
        float_list("intercepts", &[10.0, 20.0]),
    ];
    regressor(two.clone()).gives(&[1.0, 1.0], &[13.0, 27.0]);
    regressor(two.clone()).agrees_with_tract(&[1, 2]);
    let one = vec![float_list("coefficients", &[1.0, 2.0])];
    regressor(one.clone()).gives(&[1.0, 1.0], &[3.0]);
    // A single target takes no post-transform but PROBIT.
    regressor([one.clone(), vec![text("post_transform", "LOGISTIC")]].concat())
        .gives(&[1.0, 1.0], &[3.0]);
    let probit = [one, vec![text("post_transform", "PROBIT")]].concat();
    // By onnxruntime's approximation of the quantile function: the exact value is 0.67449.
    regressor(probit).gives(&[0.5, 0.125], &[0.6745743]);
    let logistic = [two.clone(), vec![text("post_transform", "LOGISTIC")]].concat();
    regressor(logistic).gives(&[-10.0, -1.0], &[0.11920292, 8.315280e-7]);
    let softmax = [two, vec![text("post_transform", "SOFTMAX")]].concat();
    regressor(softmax).gives(&[-5.0, 0.0], &[0.5, 0.5]);
}

#[test]
fn regressor_refuses() {
    let short = regressor(vec![int("targets", 2), float_list("coefficients", &[1.0, 2.0])]);
    assert!(matches!(short.error(), ImportError::AttributeLength { .. }));
    let zero = regressor(vec![int("targets", 0), float_list("coefficients", &[])]);
    assert!(matches!(zero.error(), ImportError::Attribute { .. }));
    let huge = regressor(vec![int("targets", i64::MAX), float_list("coefficients", &[1.0, 2.0])]);
    assert!(matches!(huge.error(), ImportError::AttributeLength { .. }));
    let nan = regressor(vec![float_list("coefficients", &[1.0, f32::NAN])]);
    assert!(matches!(nan.error(), ImportError::AttributeNonFinite { index: 1, .. }));
}

fn classifier(attributes: Vec<AttributeProto>) -> Model {
    let model = model(17, 1).input("x", DataType::Float, &[-1, 2]);
    model
        .ml_node("LinearClassifier", &["x"], &["label", "scores"], attributes)
        .output("scores")
        .output("label")
}

fn three(post_transform: &str) -> Model {
    classifier(vec![
        float_list("coefficients", &[1.0, 0.0, 0.0, 1.0, -1.0, -1.0]),
        float_list("intercepts", &[0.0, 0.5, 0.25]),
        int_list("classlabels_ints", &[7, 8, 9]),
        int("multi_class", 1),
        text("post_transform", post_transform),
    ])
}

#[test]
fn classifier_takes_the_largest_score() {
    let model = three("NONE");
    model.gives(&[1.0, 2.0], &[1.0, 2.5, -2.75]);
    assert_eq!(model.label(&[1.0, 2.0], 1), "8");
    assert_eq!(model.label(&[-1.0, -2.0], 1), "9");
    // The first of equals.
    assert_eq!(model.label(&[0.5, 0.0], 1), "7");
    three("SOFTMAX").gives(&[0.0, -0.5], &[0.24289825, 0.24289825, 0.51420351]);
    three("LOGISTIC").gives(&[0.0, -0.5], &[0.5, 0.5, 0.6791787]);
    for transform in ["NONE", "LOGISTIC", "SOFTMAX"] {
        three(transform).agrees_with_tract(&[1, 2]);
    }
}

fn binary(attributes: Vec<AttributeProto>) -> Model {
    let head = vec![float_list("coefficients", &[2.0, -1.0]), float_list("intercepts", &[0.5])];
    classifier([head, attributes].concat())
}

#[test]
fn classifier_with_one_row_of_coefficients() {
    let two = binary(vec![text_list("classlabels_strings", &["no", "yes"])]);
    two.gives(&[1.0, 2.0], &[0.5, 0.5]);
    two.gives(&[1.0, 1.0], &[-0.5, 1.5]);
    assert_eq!(two.label(&[1.0, 2.0], 1), "yes");
    assert_eq!(two.label(&[0.0, 0.5], 1), "no");
    // onnxruntime does not apply the post-transform to the two scores.
    let logistic =
        binary(vec![int_list("classlabels_ints", &[0, 1]), text("post_transform", "LOGISTIC")]);
    logistic.gives(&[1.0, 1.0], &[-0.5, 1.5]);
    // One label: the score alone, and 0 or 1.
    let one = binary(vec![int_list("classlabels_ints", &[3])]);
    one.gives(&[1.0, 1.0], &[1.5]);
    assert_eq!(one.labels(1), Labels::Ints(vec![0, 1]));
    let probit =
        binary(vec![int_list("classlabels_ints", &[0, 1]), text("post_transform", "PROBIT")]);
    assert_eq!(probit.unsupported().len(), 1);
}

#[test]
fn classifier_refuses() {
    let labels = int_list("classlabels_ints", &[0, 1]);
    let few = classifier(vec![
        float_list("coefficients", &[0.0; 6]),
        float_list("intercepts", &[0.0; 3]),
        labels.clone(),
    ]);
    assert!(matches!(few.error(), ImportError::AttributeLength { .. }));
    let none = classifier(vec![labels.clone()]);
    assert!(matches!(none.error(), ImportError::Attribute { .. }));
    let unknown = binary(vec![labels, text("post_transform", "SQUARE")]);
    assert!(matches!(unknown.error(), ImportError::Attribute { .. }));
}

#[test]
fn classifier_reads_integers() {
    let model = model(17, 1).input("x", DataType::Int64, &[-1, 2]);
    let attributes = vec![
        float_list("coefficients", &[1.0, 0.0, 0.0, 1.0]),
        float_list("intercepts", &[0.0, 0.0]),
        int_list("classlabels_ints", &[0, 1]),
    ];
    let model = model.ml_node("LinearClassifier", &["x"], &["label", "scores"], attributes);
    let model = model.output("scores").output("label");
    model.gives(&[3.0, 5.0], &[3.0, 5.0]);
    assert_eq!(model.label(&[3.0, 5.0], 1), "1");
}
