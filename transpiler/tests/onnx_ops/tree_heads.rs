//! TreeEnsembleClassifier: labels and scores in every case that onnxruntime tells apart.

use nilometer_transpiler::graph::Labels;
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::AttributeProto;
use nilometer_transpiler::onnx::ImportError;

use crate::support::*;

/// One stump (x0 ≤ 0: node 1, else node 2) with these `(node, class, weight)` votes.
fn classifier(votes: &[(i64, i64, f32)], extra: Vec<AttributeProto>) -> Model {
    let column = |pick: fn(&(i64, i64, f32)) -> i64| votes.iter().map(pick).collect::<Vec<i64>>();
    let weights: Vec<f32> = votes.iter().map(|vote| vote.2).collect();
    let tables = vec![
        int_list("nodes_treeids", &[0, 0, 0]),
        int_list("nodes_nodeids", &[0, 1, 2]),
        int_list("nodes_featureids", &[0, 0, 0]),
        text_list("nodes_modes", &["BRANCH_LEQ", "LEAF", "LEAF"]),
        float_list("nodes_values", &[0.0, 0.0, 0.0]),
        int_list("nodes_truenodeids", &[1, 0, 0]),
        int_list("nodes_falsenodeids", &[2, 0, 0]),
        int_list("class_treeids", &column(|_| 0)),
        int_list("class_nodeids", &column(|vote| vote.0)),
        int_list("class_ids", &column(|vote| vote.1)),
        float_list("class_weights", &weights),
    ];
    let model = model(17, 1).input("x", DataType::Float, &[-1, 1]);
    let attributes = [tables, extra].concat();
    let model = model.ml_node("TreeEnsembleClassifier", &["x"], &["label", "scores"], attributes);
    model.output("scores").output("label")
}

fn labels(labels: &[i64]) -> AttributeProto {
    int_list("classlabels_int64s", labels)
}

fn expect(model: &Model, x: f64, scores: &[f64], label: &str) {
    model.gives(&[x], scores);
    assert_eq!(model.label(&[x], 1), label);
}

const LEFT: f64 = -1.0;
const RIGHT: f64 = 1.0;

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

#[test]
fn many_classes_take_the_largest_sum() {
    let votes = [(1, 0, 0.2), (1, 1, 0.5), (1, 2, 0.3), (2, 0, 0.4), (2, 1, 0.2), (2, 2, 0.4)];
    let model = classifier(&votes, vec![labels(&[7, 8, 9])]);
    expect(&model, LEFT, &[0.2, 0.5, 0.3], "8");
    // The first of equals.
    expect(&model, RIGHT, &[0.4, 0.2, 0.4], "7");
    let based =
        classifier(&votes, vec![labels(&[7, 8, 9]), float_list("base_values", &[0.0, 0.0, 1.0])]);
    expect(&based, LEFT, &[0.2, 0.5, 1.3], "9");
    let softmax = classifier(&votes, vec![labels(&[7, 8, 9]), text("post_transform", "SOFTMAX")]);
    expect(&softmax, LEFT, &[0.289433, 0.390694, 0.319873], "8");
    let logistic = classifier(&votes, vec![labels(&[7, 8, 9]), text("post_transform", "LOGISTIC")]);
    expect(&logistic, LEFT, &[0.2, 0.5, 0.3].map(sigmoid), "8");
    let named = classifier(&votes, vec![text_list("classlabels_strings", &["a", "b", "c"])]);
    expect(&named, LEFT, &[0.2, 0.5, 0.3], "b");
}

#[test]
fn classes_without_votes_are_passed_over() {
    // Class 1 is never voted for: with negative sums it is not chosen although its sum is 0.
    let votes = [(1, 0, -0.5), (1, 2, -0.25), (2, 0, -0.1), (2, 2, -0.2)];
    let model = classifier(&votes, vec![labels(&[7, 8, 9])]);
    expect(&model, LEFT, &[-0.5, 0.0, -0.25], "9");
    expect(&model, RIGHT, &[-0.1, 0.0, -0.2], "7");
    assert_eq!(model.labels(1), Labels::Ints(vec![7, 9]));
    // A base value counts as a vote.
    let based = classifier(&votes, vec![labels(&[7, 8, 9]), float_list("base_values", &[0.0; 3])]);
    expect(&based, LEFT, &[-0.5, 0.0, -0.25], "8");
}

#[test]
fn classes_that_some_leaves_leave_out() {
    // Probabilities without the zeros: the largest sum is positive, so nothing is left open.
    let sparse = [(1, 0, 1.0), (2, 1, 0.5), (2, 2, 0.5)];
    let model = classifier(&sparse, vec![labels(&[7, 8, 9])]);
    expect(&model, LEFT, &[1.0, 0.0, 0.0], "7");
    expect(&model, RIGHT, &[0.0, 0.5, 0.5], "8");
    let negative = [(1, 0, -1.0), (2, 1, 0.5), (2, 2, 0.5)];
    let model = classifier(&negative, vec![labels(&[7, 8, 9])]);
    assert_eq!(model.unsupported(), ["some classes have no score on some ways through the trees"]);
}

#[test]
fn one_probability_of_two_classes() {
    let votes = [(1, 0, 0.25), (2, 0, 0.75)];
    let model = classifier(&votes, vec![labels(&[3, 4])]);
    expect(&model, LEFT, &[0.75, 0.25], "3");
    expect(&model, RIGHT, &[0.25, 0.75], "4");
    // At one half the negative class wins.
    let half = classifier(&[(1, 0, 0.5), (2, 0, 0.5)], vec![labels(&[3, 4])]);
    expect(&half, LEFT, &[0.5, 0.5], "3");
    // Without negative weights onnxruntime takes the sum for a probability and skips LOGISTIC.
    let logistic = classifier(&votes, vec![labels(&[3, 4]), text("post_transform", "LOGISTIC")]);
    expect(&logistic, LEFT, &[0.75, 0.25], "3");
}

#[test]
fn one_margin_of_two_classes() {
    let votes = [(1, 0, -0.25), (2, 0, 0.75)];
    let plain = classifier(&votes, vec![labels(&[0, 1])]);
    expect(&plain, LEFT, &[0.25, -0.25], "0");
    expect(&plain, RIGHT, &[-0.75, 0.75], "1");
    let logistic = vec![
        labels(&[0, 1]),
        text("post_transform", "LOGISTIC"),
        float_list("base_values", &[0.5]),
    ];
    let model = classifier(&votes, logistic);
    expect(&model, LEFT, &[sigmoid(-0.25), sigmoid(0.25)], "1");
    expect(&model, RIGHT, &[sigmoid(-1.25), sigmoid(1.25)], "1");
    // SOFTMAX is not applied to one sum.
    let softmax = classifier(&votes, vec![labels(&[0, 1]), text("post_transform", "SOFTMAX")]);
    expect(&softmax, RIGHT, &[-0.75, 0.75], "1");
    let probit = classifier(&votes, vec![labels(&[0, 1]), text("post_transform", "PROBIT")]);
    assert_eq!(probit.unsupported().len(), 1);
}

#[test]
fn two_base_values_make_two_sums() {
    let votes = [(1, 0, -0.25), (2, 0, 0.75)];
    let model = classifier(&votes, vec![labels(&[3, 4]), float_list("base_values", &[0.5, 0.125])]);
    expect(&model, LEFT, &[0.25, 0.125], "4");
    expect(&model, RIGHT, &[1.25, 0.125], "4");
    let softmax = text("post_transform", "SOFTMAX");
    let model =
        classifier(&votes, vec![labels(&[3, 4]), float_list("base_values", &[-1.0, 0.0]), softmax]);
    expect(&model, LEFT, &[sigmoid(-1.25), sigmoid(1.25)], "3");
}

#[test]
fn votes_for_the_second_class_only() {
    let votes = [(1, 1, 0.25), (2, 1, 0.75)];
    let model = classifier(&votes, vec![labels(&[3, 4])]);
    expect(&model, LEFT, &[0.0, 0.25], "3");
    expect(&model, RIGHT, &[0.0, 0.75], "4");
    let mixed = classifier(&[(1, 1, -0.25), (2, 1, 0.25)], vec![labels(&[3, 4])]);
    expect(&mixed, RIGHT, &[0.0, 0.25], "4");
    let two = classifier(&votes, vec![labels(&[3, 4]), float_list("base_values", &[0.0, 0.0])]);
    assert_eq!(two.unsupported().len(), 1);
}

#[test]
fn votes_for_both_of_two_classes() {
    // onnxruntime asks whether the second sum is above 0.
    let votes = [(1, 0, 0.75), (1, 1, 0.25), (2, 0, 1.0), (2, 1, 0.0)];
    let model = classifier(&votes, vec![labels(&[0, 1])]);
    expect(&model, LEFT, &[0.75, 0.25], "1");
    expect(&model, RIGHT, &[1.0, 0.0], "0");
    let named = classifier(&votes, vec![text_list("classlabels_strings", &["n", "p"])]);
    expect(&named, LEFT, &[0.75, 0.25], "p");
    let other = classifier(&votes, vec![labels(&[1, 2])]);
    assert_eq!(other.unsupported().len(), 1);
    let partial = classifier(&[(1, 0, 0.75), (1, 1, 0.25), (2, 0, 1.0)], vec![labels(&[0, 1])]);
    assert_eq!(partial.unsupported(), ["class 1 has no score on some ways through the trees"]);
}

#[test]
fn a_single_class_is_refused() {
    let model = classifier(&[(1, 0, 0.75), (2, 0, 0.25)], vec![labels(&[0])]);
    assert_eq!(model.unsupported(), ["has one class only"]);
    let based = classifier(
        &[(1, 0, 0.75), (2, 0, 0.25)],
        vec![labels(&[0, 1]), float_list("base_values", &[0.0; 3])],
    );
    assert!(matches!(based.error(), ImportError::AttributeLength { .. }));
}

#[test]
fn scores_of_a_double_model_are_floats() {
    let mut model = classifier(&[(1, 0, 0.1), (2, 0, 0.7)], vec![labels(&[0, 1])]);
    model.graph().input[0] = value_info("x", DataType::Double, &[-1, 1]);
    // The sum is the widened f32; its complement is taken in double precision, then rounded.
    let p = f64::from(0.1_f32);
    assert_eq!(model.run(&[LEFT])[0], [f64::from((1.0 - p) as f32), p]);
}
