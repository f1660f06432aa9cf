//! Tree tables that make no trees.

use nilometer_transpiler::onnx::limits::{MAX_COPIED_TREE_NODES, MAX_TREE_DEPTH};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::{AttributeProto, TensorProto};
use nilometer_transpiler::onnx::{ImportError, TreeError};

use crate::support::*;

/// `(tree, node, feature, mode, true, false)`
type Row = (i64, i64, i64, &'static str, i64, i64);
const LEQ: &str = "BRANCH_LEQ";

/// A regressor of two features; every leaf has the weight 1 for target 0.
fn tables(rows: &[Row]) -> Vec<AttributeProto> {
    let column = |pick: fn(&Row) -> i64| rows.iter().map(pick).collect::<Vec<i64>>();
    let modes: Vec<&str> = rows.iter().map(|row| row.3).collect();
    let leaves: Vec<&Row> = rows.iter().filter(|row| row.3 == "LEAF").collect();
    let trees: Vec<i64> = leaves.iter().map(|row| row.0).collect();
    let ids: Vec<i64> = leaves.iter().map(|row| row.1).collect();
    vec![
        int_list("nodes_treeids", &column(|row| row.0)),
        int_list("nodes_nodeids", &column(|row| row.1)),
        int_list("nodes_featureids", &column(|row| row.2)),
        text_list("nodes_modes", &modes),
        float_list("nodes_values", &vec![0.5; rows.len()]),
        int_list("nodes_truenodeids", &column(|row| row.4)),
        int_list("nodes_falsenodeids", &column(|row| row.5)),
        int_list("target_treeids", &trees),
        int_list("target_nodeids", &ids),
        int_list("target_ids", &vec![0; leaves.len()]),
        float_list("target_weights", &vec![1.0; leaves.len()]),
    ]
}

fn model_of(attributes: Vec<AttributeProto>) -> Model {
    let model = float_model(2);
    model.ml_node("TreeEnsembleRegressor", &["x"], &["y"], attributes).output("y")
}

fn tree_error(model: &Model) -> TreeError {
    match model.error() {
        ImportError::Trees { source, .. } => source,
        error => panic!("{error}"),
    }
}

fn refused(rows: &[Row]) -> TreeError {
    tree_error(&model_of(tables(rows)))
}

const STUMP: [Row; 3] = [(0, 0, 1, LEQ, 1, 2), (0, 1, 0, "LEAF", 0, 0), (0, 2, 0, "LEAF", 0, 0)];

#[test]
fn children_that_are_not_there() {
    let error = refused(&[(0, 0, 1, LEQ, 1, 9), STUMP[1]]);
    assert_eq!(error, TreeError::MissingChild { tree: 0, node: 0, child: 9 });
    // A node of another tree is not a child.
    let other = (1, 2, 0, "LEAF", 0, 0);
    let error = refused(&[STUMP[0], STUMP[1], other]);
    assert_eq!(error, TreeError::MissingChild { tree: 0, node: 0, child: 2 });
    let error = refused(&[(0, 0, 1, LEQ, i64::MIN, 1), STUMP[1]]);
    assert_eq!(error, TreeError::MissingChild { tree: 0, node: 0, child: i64::MIN });
}

/// A ladder of branches whose two sides are one node: every rung doubles the copies.
fn ladder(rungs: i64) -> Vec<Row> {
    let rung = |node| (0, node, 0, LEQ, node + 1, node + 1);
    (0..rungs).map(rung).chain([(0, rungs, 0, "LEAF", 0, 0)]).collect()
}

#[test]
fn copies_of_shared_nodes_are_bounded() {
    model_of(tables(&ladder(10))).gives(&[0.0, 0.0], &[1.0]);
    let limit = 41 + MAX_COPIED_TREE_NODES;
    assert_eq!(refused(&ladder(40)), TreeError::TooLarge { tree: 0, limit });
}

#[test]
fn cycles() {
    let error = refused(&[(0, 0, 1, LEQ, 0, 1), STUMP[1]]);
    assert_eq!(error, TreeError::Cycle { tree: 0, node: 0, child: 0 });
    let error = refused(&[(0, 0, 1, LEQ, 1, 2), (0, 1, 0, LEQ, 2, 0), STUMP[2]]);
    assert_eq!(error, TreeError::Cycle { tree: 0, node: 1, child: 0 });
    let error =
        refused(&[(0, 0, 1, LEQ, 1, 2), (0, 1, 0, LEQ, 3, 1), STUMP[2], (0, 3, 0, "LEAF", 0, 0)]);
    assert_eq!(error, TreeError::Cycle { tree: 0, node: 1, child: 1 });
    // A circle of equality tests that share their true side.
    let test = |node, next| (0, node, 0, "BRANCH_EQ", 9, next);
    let error = refused(&[test(0, 1), test(1, 2), test(2, 1), (0, 9, 0, "LEAF", 0, 0)]);
    assert!(matches!(error, TreeError::Cycle { tree: 0, .. }), "{error}");
}

#[test]
fn nodes_that_nothing_leads_to() {
    let error = refused(&[STUMP[0], STUMP[1], STUMP[2], (0, 7, 0, "LEAF", 0, 0)]);
    assert_eq!(error, TreeError::Unreachable { tree: 0, node: 7 });
    // Two nodes that lead to each other.
    let island = [(0, 5, 0, LEQ, 6, 6), (0, 6, 0, LEQ, 5, 5)];
    let error = refused(&[STUMP.as_slice(), &island].concat());
    assert_eq!(error, TreeError::Unreachable { tree: 0, node: 5 });
}

#[test]
fn numbers_given_twice() {
    let error = refused(&[STUMP[0], STUMP[1], STUMP[1]]);
    assert_eq!(error, TreeError::DuplicateNode { tree: 0, node: 1 });
    let other = (1, 0, 0, "LEAF", 0, 0);
    let error = refused(&[STUMP[0], other, STUMP[1], STUMP[2]]);
    assert_eq!(error, TreeError::Split { tree: 0 });
}

#[test]
fn features_and_modes_out_of_range() {
    for feature in [2, -1, i64::MAX] {
        let error = refused(&[(0, 0, feature, LEQ, 1, 2), STUMP[1], STUMP[2]]);
        assert_eq!(error, TreeError::Feature { tree: 0, node: 0, feature, n_features: 2 });
    }
    let error = refused(&[(0, 0, 0, "BRANCH_MAYBE", 1, 2), STUMP[1], STUMP[2]]);
    assert_eq!(error, TreeError::Mode { tree: 0, node: 0, mode: "BRANCH_MAYBE".into() });
}

/// The stump with one attribute replaced.
fn stump_with(attribute: AttributeProto) -> Model {
    let mut attributes = tables(&STUMP);
    attributes.retain(|other| other.name != attribute.name);
    attributes.push(attribute);
    model_of(attributes)
}

#[test]
fn weights_out_of_place() {
    let error = tree_error(&stump_with(int_list("target_nodeids", &[1, 9])));
    assert_eq!(error, TreeError::MissingLeaf { tree: 0, node: 9 });
    for target in [1, -1, i64::MAX] {
        let error = tree_error(&stump_with(int_list("target_ids", &[target, 0])));
        assert_eq!(error, TreeError::Target { tree: 0, node: 1, target, n_targets: 1 });
    }
}

#[test]
fn arrays_of_different_lengths() {
    for name in [
        "nodes_treeids",
        "nodes_nodeids",
        "nodes_featureids",
        "nodes_truenodeids",
        "nodes_falsenodeids",
        "nodes_missing_value_tracks_true",
        "target_treeids",
        "target_nodeids",
        "target_ids",
    ] {
        let error = stump_with(int_list(name, &[0])).error();
        assert!(matches!(error, ImportError::AttributeLength { .. }), "{name}: {error}");
    }
    for name in ["nodes_values", "target_weights"] {
        let error = stump_with(float_list(name, &[0.0])).error();
        assert!(matches!(error, ImportError::AttributeLength { .. }), "{name}: {error}");
    }
    let error = stump_with(text_list("nodes_modes", &["LEAF"])).error();
    assert!(matches!(error, ImportError::AttributeLength { .. }), "{error}");
    let error = stump_with(float_list("base_values", &[0.0, 1.0])).error();
    assert!(matches!(error, ImportError::AttributeLength { .. }), "{error}");
}

#[test]
fn numbers_that_are_none() {
    let nan = stump_with(float_list("nodes_values", &[f32::NAN, 0.0, 0.0]));
    assert_eq!(tree_error(&nan), TreeError::Threshold { tree: 0, node: 0 });
    let infinite = stump_with(float_list("target_weights", &[0.0, f32::INFINITY]));
    assert!(matches!(infinite.error(), ImportError::AttributeNonFinite { index: 1, .. }));
}

#[test]
fn an_ensemble_without_trees() {
    assert_eq!(refused(&[]), TreeError::NoTree);
}

#[test]
fn targets_that_no_bytes_back() {
    let error = stump_with(int("n_targets", 1 << 40)).error();
    assert!(matches!(error, ImportError::TooLarge { .. }), "{error}");
    let error = stump_with(int("n_targets", -3)).error();
    assert!(matches!(error, ImportError::Attribute { .. }), "{error}");
}

/// A chain of branches, each with a leaf on the true side.
fn chain(depth: i64) -> Vec<Row> {
    let mut rows = Vec::new();
    for branch in 0..depth {
        rows.push((0, 2 * branch, 0, LEQ, 2 * branch + 1, 2 * branch + 2));
        rows.push((0, 2 * branch + 1, 0, "LEAF", 0, 0));
    }
    rows.push((0, 2 * depth, 0, "LEAF", 0, 0));
    rows
}

#[test]
fn depth_is_bounded() {
    let limit = MAX_TREE_DEPTH;
    model_of(tables(&chain(limit as i64))).gives(&[1.0, 0.0], &[1.0]);
    assert_eq!(refused(&chain(limit as i64 + 1)), TreeError::TooDeep { tree: 0, limit });
    assert_eq!(refused(&chain(200_000)), TreeError::TooDeep { tree: 0, limit });
}

fn bytes(data: &[i32]) -> TensorProto {
    TensorProto {
        dims: vec![data.len() as i64],
        data_type: DataType::Uint8 as i32,
        int32_data: data.to_vec(),
        ..TensorProto::default()
    }
}

/// Version 5 with two branches, the second on the first's false side, and two leaves.
fn version_5(replaced: AttributeProto) -> Model {
    let mut attributes = vec![
        int_list("tree_roots", &[0]),
        tensor("nodes_modes", bytes(&[0, 0])),
        int_list("nodes_featureids", &[0, 1]),
        tensor("nodes_splits", floats("", &[2], &[0.0, 0.0])),
        int_list("nodes_truenodeids", &[0, 0]),
        int_list("nodes_trueleafs", &[1, 1]),
        int_list("nodes_falsenodeids", &[1, 1]),
        int_list("nodes_falseleafs", &[0, 1]),
        int_list("leaf_targetids", &[0, 0]),
        tensor("leaf_weights", floats("", &[2], &[1.0, 2.0])),
    ];
    attributes.retain(|other| other.name != replaced.name);
    attributes.push(replaced);
    let model = model(22, 5).input("x", DataType::Float, &[-1, 2]);
    model.ml_node("TreeEnsemble", &["x"], &["y"], attributes).output("y")
}

#[test]
fn version_5_tables() {
    version_5(int("n_targets", 1)).gives(&[1.0, 1.0], &[2.0]);
    let of = |attribute| tree_error(&version_5(attribute));
    assert_eq!(of(int_list("tree_roots", &[])), TreeError::NoTree);
    assert_eq!(
        of(int_list("tree_roots", &[5])),
        TreeError::MissingChild { tree: 0, node: 5, child: 5 }
    );
    // Two trees with one root are two copies.
    version_5(int_list("tree_roots", &[0, 0])).gives(&[1.0, 1.0], &[4.0]);
    assert_eq!(
        of(tensor("nodes_splits", floats("", &[2], &[0.0, f32::NAN]))),
        TreeError::Threshold { tree: 0, node: 1 }
    );
    assert_eq!(of(int_list("tree_roots", &[1])), TreeError::Unreachable { tree: 0, node: 0 });
    assert_eq!(
        of(int_list("nodes_falsenodeids", &[0, 1])),
        TreeError::Cycle { tree: 0, node: 0, child: 0 }
    );
    assert_eq!(
        of(int_list("nodes_truenodeids", &[0, 7])),
        TreeError::MissingChild { tree: 0, node: 1, child: 7 }
    );
    assert_eq!(
        of(int_list("leaf_targetids", &[0, 1])),
        TreeError::Target { tree: 0, node: 1, target: 1, n_targets: 1 }
    );
    assert_eq!(
        of(int_list("nodes_featureids", &[0, 2])),
        TreeError::Feature { tree: 0, node: 1, feature: 2, n_features: 2 }
    );
    assert_eq!(
        of(tensor("nodes_modes", bytes(&[0, 7]))),
        TreeError::Mode { tree: 0, node: 1, mode: "7".into() }
    );
}

#[test]
fn version_5_attributes() {
    for attribute in [
        int_list("nodes_featureids", &[0]),
        int_list("nodes_truenodeids", &[0]),
        int_list("nodes_trueleafs", &[0]),
        int_list("nodes_falsenodeids", &[0]),
        int_list("nodes_falseleafs", &[0]),
        int_list("nodes_missing_value_tracks_true", &[0]),
        int_list("leaf_targetids", &[0]),
        tensor("nodes_splits", floats("", &[1], &[0.0])),
    ] {
        let name = attribute.name.clone();
        let error = version_5(attribute).error();
        assert!(matches!(error, ImportError::AttributeLength { .. }), "{name}: {error}");
    }
    for attribute in [
        tensor("nodes_splits", doubles("", &[2], &[0.0; 2])),
        tensor("nodes_modes", floats("", &[2], &[0.0; 2])),
        tensor("membership_values", floats("", &[1], &[0.0])),
        tensor("membership_values", doubles("", &[1], &[0.0])),
    ] {
        let name = attribute.name.clone();
        let error = version_5(attribute).error();
        assert!(matches!(error, ImportError::Attribute { .. }), "{name}: {error}");
    }
    // A membership node without a set.
    let error = version_5(tensor("nodes_modes", bytes(&[0, 6]))).error();
    assert!(matches!(error, ImportError::Attribute { .. }), "{error}");
}

#[test]
fn version_5_leaves_may_be_shared() {
    version_5(int_list("nodes_truenodeids", &[0, 1])).gives(&[1.0, -1.0], &[2.0]);
}
