//! Decision trees: every test, missing values, aggregates, element types, tables of versions 1, 3, 5.

use nilometer_transpiler::eval::{evaluate, EvalError};
use nilometer_transpiler::graph::{DType, Op, Test, TreeNode};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::{AttributeProto, TensorProto};

use crate::support::*;

/// One regression tree: a branch on feature 0 at 0.5, true → 1, false → 2.
fn stump(mode: &str) -> Vec<AttributeProto> {
    vec![
        int_list("nodes_treeids", &[0, 0, 0]),
        int_list("nodes_nodeids", &[0, 1, 2]),
        int_list("nodes_featureids", &[0, 0, 0]),
        text_list("nodes_modes", &[mode, "LEAF", "LEAF"]),
        float_list("nodes_values", &[0.5, 0.0, 0.0]),
        int_list("nodes_truenodeids", &[1, 0, 0]),
        int_list("nodes_falsenodeids", &[2, 0, 0]),
        int_list("target_treeids", &[0, 0]),
        int_list("target_nodeids", &[1, 2]),
        int_list("target_ids", &[0, 0]),
        float_list("target_weights", &[1.0, 2.0]),
    ]
}

fn regressor(from: DataType, attributes: Vec<AttributeProto>) -> Model {
    let model = model(17, 3).input("x", from, &[-1, 2]);
    model.ml_node("TreeEnsembleRegressor", &["x"], &["y"], attributes).output("y")
}

fn float_regressor(attributes: Vec<AttributeProto>) -> Model {
    regressor(DataType::Float, attributes)
}

#[test]
fn every_test_on_either_side_of_the_threshold() {
    let sides = [0.25, 0.5, 0.75];
    for (mode, holds) in [
        ("BRANCH_LEQ", [true, true, false]),
        ("BRANCH_LT", [true, false, false]),
        ("BRANCH_GTE", [false, true, true]),
        ("BRANCH_GT", [false, false, true]),
        ("BRANCH_EQ", [false, true, false]),
        ("BRANCH_NEQ", [true, false, true]),
    ] {
        let model = float_regressor(stump(mode));
        for (side, holds) in sides.iter().zip(holds) {
            let weight = if holds { 1.0 } else { 2.0 };
            assert_eq!(model.run(&[*side, 9.0])[0], [weight], "{mode} {side}");
        }
    }
}

#[test]
fn missing_values_take_the_side_that_tracks_them() {
    let missing = |mode: &str, tracks: &[i64]| {
        let mut attributes = stump(mode);
        if !tracks.is_empty() {
            attributes.push(int_list("nodes_missing_value_tracks_true", tracks));
        }
        float_regressor(attributes).run(&[f64::NAN, 0.0])[0][0]
    };
    assert_eq!(missing("BRANCH_LEQ", &[]), 2.0);
    assert_eq!(missing("BRANCH_LEQ", &[0, 0, 0]), 2.0);
    assert_eq!(missing("BRANCH_LEQ", &[1, 0, 0]), 1.0);
    assert_eq!(missing("BRANCH_EQ", &[]), 2.0);
    // NaN differs from every number.
    assert_eq!(missing("BRANCH_NEQ", &[]), 1.0);
}

#[test]
fn missing_values_only_reach_trees() {
    let model = float_model(2).node("Relu", &["x"], &["h"], vec![]);
    let model =
        model.ml_node("TreeEnsembleRegressor", &["h"], &["y"], stump("BRANCH_LEQ")).output("y");
    let found = evaluate(&model.import(), &[f64::NAN, 0.0]);
    assert!(matches!(found, Err(EvalError::NonFinite { index: 0, .. })));
    let shown = float_regressor(stump("BRANCH_LEQ")).output("x");
    let found = evaluate(&shown.import(), &[0.0, f64::NAN]);
    assert!(matches!(found, Err(EvalError::NonFinite { index: 1, .. })));
    let scaled = float_model(2).ml_node("Scaler", &["x"], &["h"], vec![]);
    let scaled = scaled.ml_node("TreeEnsembleRegressor", &["h"], &["y"], stump("BRANCH_LEQ"));
    assert_eq!(scaled.output("y").run(&[f64::NAN, 0.0])[0], [2.0]);
    let infinite = evaluate(&float_regressor(stump("BRANCH_LEQ")).import(), &[f64::INFINITY, 0.0]);
    assert!(matches!(infinite, Err(EvalError::NonFinite { .. })));
}

/// Two leaves-only trees with two targets: 3 and 5 for target 0, -1 for target 1 in the first only.
fn two_trees(extra: Vec<AttributeProto>) -> Vec<AttributeProto> {
    let tables = vec![
        int_list("nodes_treeids", &[0, 1]),
        int_list("nodes_nodeids", &[0, 0]),
        int_list("nodes_featureids", &[0, 0]),
        text_list("nodes_modes", &["LEAF", "LEAF"]),
        float_list("nodes_values", &[0.0, 0.0]),
        int_list("nodes_truenodeids", &[0, 0]),
        int_list("nodes_falsenodeids", &[0, 0]),
        int_list("target_treeids", &[0, 0, 1]),
        int_list("target_nodeids", &[0, 0, 0]),
        int_list("target_ids", &[1, 0, 0]),
        float_list("target_weights", &[-1.0, 3.0, 5.0]),
        int("n_targets", 2),
    ];
    [tables, extra].concat()
}

#[test]
fn aggregates_over_the_trees_that_name_a_target() {
    let of = |function: &str, base: &[f32]| {
        let extra = vec![text("aggregate_function", function), float_list("base_values", base)];
        float_regressor(two_trees(extra)).run(&[0.0, 0.0])[0].clone()
    };
    assert_eq!(float_regressor(two_trees(vec![])).run(&[0.0, 0.0])[0], [8.0, -1.0]);
    assert_eq!(of("SUM", &[10.0, 20.0]), [18.0, 19.0]);
    assert_eq!(of("AVERAGE", &[]), [4.0, -0.5]);
    assert_eq!(of("AVERAGE", &[10.0, 20.0]), [14.0, 19.5]);
    assert_eq!(of("MIN", &[]), [3.0, -1.0]);
    assert_eq!(of("MIN", &[10.0, 20.0]), [13.0, 19.0]);
    assert_eq!(of("MAX", &[]), [5.0, -1.0]);
}

#[test]
fn post_transforms_of_several_targets() {
    let of = |transform: &str| {
        float_regressor(two_trees(vec![text("post_transform", transform)])).run(&[0.0, 0.0])[0]
            .clone()
    };
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    assert_close(&of("NONE"), &[8.0, -1.0]);
    assert_close(&of("LOGISTIC"), &[sigmoid(8.0), sigmoid(-1.0)]);
    assert_close(&of("SOFTMAX"), &[sigmoid(9.0), sigmoid(-9.0)]);
    assert_close(&of("SOFTMAX_ZERO"), &[sigmoid(9.0), sigmoid(-9.0)]);
    // Zeros are left out of the sum.
    let extra =
        vec![text("post_transform", "SOFTMAX_ZERO"), float_list("base_values", &[0.0, 1.0])];
    assert_close(&float_regressor(two_trees(extra)).run(&[0.0, 0.0])[0], &[1.0, 0.0]);
    // The quantile function, by onnxruntime's approximation: exact to a fraction of a percent.
    let extra = vec![
        text("post_transform", "PROBIT"),
        text("aggregate_function", "AVERAGE"),
        float_list("base_values", &[-3.2, 1.0]),
    ];
    let found = float_regressor(two_trees(extra)).run(&[0.0, 0.0])[0].clone();
    for (found, exact) in found.iter().zip([0.8416212, 0.0]) {
        assert!((found - exact).abs() < 3e-3, "{found} for {exact}");
    }
}

#[test]
fn a_single_target_takes_no_post_transform_but_probit() {
    let of = |transform: &str| {
        let attributes = [stump("BRANCH_LEQ"), vec![text("post_transform", transform)]].concat();
        float_regressor(attributes).run(&[0.0, 0.0])[0].clone()
    };
    assert_eq!(of("LOGISTIC"), [1.0]);
    assert_eq!(of("SOFTMAX"), [1.0]);
}

#[test]
fn integers_are_compared_as_floats() {
    let tables = |values: &[f32]| {
        let mut attributes = stump("BRANCH_LEQ");
        attributes.retain(|attribute| attribute.name != "nodes_values");
        attributes.push(float_list("nodes_values", values));
        attributes
    };
    let model = model(17, 1).input("x", DataType::Int64, &[-1, 2]);
    let model = model.ml_node("TreeEnsembleClassifier", &["x"], &["label", "y"], {
        let classes = [
            int_list("class_treeids", &[0, 0]),
            int_list("class_nodeids", &[1, 2]),
            int_list("class_ids", &[0, 0]),
            float_list("class_weights", &[0.25, 0.75]),
            int_list("classlabels_int64s", &[0, 1]),
        ];
        [tables(&[16777216.0, 0.0, 0.0]), classes.to_vec()].concat()
    });
    let model = model.output("y");
    assert_eq!(model.run(&[16777216.0, 0.0])[0], [0.75, 0.25]);
    // 2^24 + 1 is not an f32: it rounds to 2^24.
    assert_eq!(model.run(&[16777217.0, 0.0])[0], [0.75, 0.25]);
    assert_eq!(model.run(&[16777218.0, 0.0])[0], [0.25, 0.75]);
    let graph = model.import();
    let fractional = evaluate(&graph, &[0.5, 0.0]);
    assert!(matches!(fractional, Err(EvalError::NotInteger { index: 0, .. })));
    assert!(matches!(evaluate(&graph, &[0.0, 1e19]), Err(EvalError::NotInteger { index: 1, .. })));
    assert!(matches!(evaluate(&graph, &[f64::NAN, 0.0]), Err(EvalError::NotInteger { .. })));
}

/// The stump with double thresholds and weights.
fn double_stump() -> Vec<AttributeProto> {
    let mut attributes = stump("BRANCH_LEQ");
    attributes.retain(|a| a.name != "nodes_values" && a.name != "target_weights");
    attributes.push(tensor("nodes_values_as_tensor", doubles("", &[3], &[0.1, 0.0, 0.0])));
    attributes.push(tensor("target_weights_as_tensor", doubles("", &[2], &[0.3, 0.7])));
    attributes
}

#[test]
fn double_thresholds_for_double_inputs() {
    let model = regressor(DataType::Double, double_stump());
    // The f32 nearest to 0.1 is above the double; the result is f32 all the same.
    assert_eq!(model.run(&[0.1, 0.0])[0], [f64::from(0.3_f32)]);
    assert_eq!(model.run(&[f64::from(0.1_f32), 0.0])[0], [f64::from(0.7_f32)]);
    let Op::Trees(ensemble) = &model.import().nodes[1].op.clone() else { panic!("no trees") };
    assert_eq!(ensemble.dtype, DType::F64);
    // Float thresholds are widened for a double input.
    let model = regressor(DataType::Double, stump("BRANCH_LEQ"));
    assert_eq!(model.run(&[0.5 + 1e-12, 0.0])[0], [2.0]);
    let mixed = regressor(DataType::Float, double_stump()).error().to_string();
    assert!(mixed
        .ends_with("attribute nodes_values_as_tensor: has another element type than the input"));
}

#[test]
fn trees_are_numbered_from_the_true_side() {
    // The table lists the nodes out of order.
    let attributes = vec![
        int_list("nodes_treeids", &[4, 4, 4, 4, 4]),
        int_list("nodes_nodeids", &[9, 3, 7, 1, 5]),
        int_list("nodes_featureids", &[1, 0, 0, 0, 0]),
        text_list("nodes_modes", &["BRANCH_LT", "LEAF", "LEAF", "BRANCH_GT", "LEAF"]),
        float_list("nodes_values", &[2.0, 0.0, 0.0, 3.0, 0.0]),
        int_list("nodes_truenodeids", &[1, 0, 0, 5, 0]),
        int_list("nodes_falsenodeids", &[3, 0, 0, 7, 0]),
        int_list("target_treeids", &[4, 4, 4]),
        int_list("target_nodeids", &[3, 5, 7]),
        int_list("target_ids", &[0, 0, 0]),
        float_list("target_weights", &[30.0, 50.0, 70.0]),
    ];
    let graph = float_regressor(attributes).import();
    let Op::Trees(ensemble) = &graph.nodes[1].op else { panic!("no trees") };
    let branch = |feature, test, on_true, on_false| TreeNode::Branch {
        feature,
        test,
        missing_is_true: false,
        on_true,
        on_false,
    };
    let expected = [
        branch(1, Test::Less(2.0), 1, 4),
        branch(0, Test::Greater(3.0), 2, 3),
        TreeNode::Leaf(vec![(0, 50.0)]),
        TreeNode::Leaf(vec![(0, 70.0)]),
        TreeNode::Leaf(vec![(0, 30.0)]),
    ];
    assert_eq!(ensemble.trees[0].nodes, expected);
}

fn bytes(data: &[i32]) -> TensorProto {
    TensorProto {
        dims: vec![data.len() as i64],
        data_type: DataType::Uint8 as i32,
        int32_data: data.to_vec(),
        ..TensorProto::default()
    }
}

/// Version 5: node 0 tests membership of {1, 3}, its false side is node 1: x1 < 0.
fn version_5(extra: Vec<AttributeProto>) -> Model {
    let tables = vec![
        int("n_targets", 2),
        int_list("tree_roots", &[0]),
        tensor("nodes_modes", bytes(&[6, 1])),
        int_list("nodes_featureids", &[0, 1]),
        tensor("nodes_splits", floats("", &[2], &[0.0, 0.0])),
        int_list("nodes_truenodeids", &[0, 1]),
        int_list("nodes_trueleafs", &[1, 1]),
        int_list("nodes_falsenodeids", &[1, 2]),
        int_list("nodes_falseleafs", &[0, 1]),
        int_list("leaf_targetids", &[0, 1, 1]),
        tensor("leaf_weights", floats("", &[3], &[1.0, 2.0, 4.0])),
        tensor("membership_values", floats("", &[3], &[1.0, 3.0, f32::NAN])),
    ];
    let attributes = [tables, extra].concat();
    let model = model(22, 5).input("x", DataType::Float, &[-1, 2]);
    model.ml_node("TreeEnsemble", &["x"], &["y"], attributes).output("y")
}

#[test]
fn version_5_with_membership() {
    let model = version_5(vec![]);
    model.gives(&[1.0, 0.0], &[1.0, 0.0]);
    model.gives(&[3.0, 0.0], &[1.0, 0.0]);
    model.gives(&[2.0, -1.0], &[0.0, 2.0]);
    model.gives(&[2.0, 1.0], &[0.0, 4.0]);
    // Missing: the member test is false, then x1 decides.
    assert_eq!(model.run(&[f64::NAN, 1.0])[0], [0.0, 4.0]);
    let tracked = version_5(vec![int_list("nodes_missing_value_tracks_true", &[1, 0])]);
    assert_eq!(tracked.run(&[f64::NAN, 1.0])[0], [1.0, 0.0]);
}

#[test]
fn version_5_numbers_its_attributes() {
    version_5(vec![int("aggregate_function", 0)]).gives(&[2.0, 1.0], &[0.0, 4.0]);
    version_5(vec![int("aggregate_function", 2)]).gives(&[2.0, 1.0], &[0.0, 4.0]);
    version_5(vec![int("aggregate_function", 3)]).gives(&[2.0, 1.0], &[0.0, 4.0]);
    version_5(vec![int("post_transform", 1)]).gives(&[2.0, 1.0], &[0.017986, 0.982014]);
    version_5(vec![int("post_transform", 2)]).gives(&[2.0, 1.0], &[0.5, 0.982014]);
    version_5(vec![int("post_transform", 3)]).gives(&[2.0, 1.0], &[0.0, 1.0]);
    for (attribute, value) in [("aggregate_function", 4), ("post_transform", 5), ("n_targets", 0)] {
        let mut model = version_5(vec![]);
        let node = &mut model.graph().node[0];
        node.attribute.retain(|a| a.name != attribute);
        node.attribute.push(int(attribute, value));
        assert!(model.error().to_string().contains(attribute));
    }
}
