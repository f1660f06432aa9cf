//! Trees as exporters really write them: infinite thresholds, shared children, repeated and absent weights.
//! The numbers are onnxruntime 1.32's.

use nilometer_transpiler::graph::{Op, Test, TreeNode};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::{AttributeProto, TensorProto};
use nilometer_transpiler::passes;
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};
use nilometer_transpiler::quant::QuantGraph;

use crate::support::*;

/// `(node, feature, mode, threshold, true, false)` of one tree.
type Row = (i64, i64, &'static str, f32, i64, i64);
/// `(node, target, weight)`
type Weight = (i64, i64, f32);

const LEAF: &str = "LEAF";

fn attributes(side: &str, rows: &[Row], weights: &[Weight]) -> Vec<AttributeProto> {
    let ints = |pick: fn(&Row) -> i64| rows.iter().map(pick).collect::<Vec<_>>();
    let modes: Vec<&str> = rows.iter().map(|row| row.2).collect();
    let values: Vec<f32> = rows.iter().map(|row| row.3).collect();
    let of = |name: &str| format!("{side}_{name}");
    vec![
        int_list("nodes_treeids", &vec![0; rows.len()]),
        int_list("nodes_nodeids", &ints(|row| row.0)),
        int_list("nodes_featureids", &ints(|row| row.1)),
        text_list("nodes_modes", &modes),
        float_list("nodes_values", &values),
        int_list("nodes_truenodeids", &ints(|row| row.4)),
        int_list("nodes_falsenodeids", &ints(|row| row.5)),
        int_list(&of("treeids"), &vec![0; weights.len()]),
        int_list(&of("nodeids"), &weights.iter().map(|w| w.0).collect::<Vec<_>>()),
        int_list(&of("ids"), &weights.iter().map(|w| w.1).collect::<Vec<_>>()),
        float_list(&of("weights"), &weights.iter().map(|w| w.2).collect::<Vec<_>>()),
    ]
}

fn regressor(rows: &[Row], weights: &[Weight], extra: Vec<AttributeProto>) -> Model {
    let mut attributes = attributes("target", rows, weights);
    attributes.extend(extra);
    let model = model(17, 3).input("x", DataType::Float, &[-1, 2]);
    model.ml_node("TreeEnsembleRegressor", &["x"], &["y"], attributes).output("y")
}

/// Branches and two leaves, of the weights 1 and 2.
fn stump(mode: &'static str, threshold: f32) -> [Row; 3] {
    [(0, 0, mode, threshold, 1, 2), (1, 0, LEAF, 0.0, 0, 0), (2, 0, LEAF, 0.0, 0, 0)]
}

fn exact(model: &Model) -> QuantGraph {
    let rows = vec![vec![0.0, 0.0], vec![1.0, 1.0], vec![3.0, 2.0]];
    let graph = passes::simplify(model.import());
    plan(&graph, Some(&Calibration { rows }), &PlanOptions::default()).unwrap().graph
}

#[test]
fn an_infinite_threshold_asks_whether_a_value_is_there() {
    const INF: f64 = f64::INFINITY;
    // For 0, a missing value, infinity and minus infinity, without a flag and with one.
    for (mode, threshold, plain, flagged) in [
        ("BRANCH_LEQ", f32::INFINITY, [1, 2, 1, 1], [1, 1, 1, 1]),
        ("BRANCH_LEQ", f32::NEG_INFINITY, [2, 2, 2, 1], [2, 1, 2, 1]),
        ("BRANCH_LT", f32::INFINITY, [1, 2, 2, 1], [1, 1, 2, 1]),
        ("BRANCH_LT", f32::NEG_INFINITY, [2, 2, 2, 2], [2, 1, 2, 2]),
        ("BRANCH_GT", f32::INFINITY, [2, 2, 2, 2], [2, 1, 2, 2]),
        ("BRANCH_GT", f32::NEG_INFINITY, [1, 2, 1, 2], [1, 1, 1, 2]),
        ("BRANCH_GTE", f32::INFINITY, [2, 2, 1, 2], [2, 1, 1, 2]),
        ("BRANCH_GTE", f32::NEG_INFINITY, [1, 2, 1, 1], [1, 1, 1, 1]),
        ("BRANCH_EQ", f32::INFINITY, [2, 2, 1, 2], [2, 1, 1, 2]),
        ("BRANCH_NEQ", f32::INFINITY, [1, 1, 2, 1], [1, 1, 2, 1]),
    ] {
        for (flag, expected) in [(0, plain), (1, flagged)] {
            let tracks = int_list("nodes_missing_value_tracks_true", &[flag, 0, 0]);
            let model =
                regressor(&stump(mode, threshold), &[(1, 0, 1.0), (2, 0, 2.0)], vec![tracks]);
            let integers = exact(&model);
            for (x, expected) in [0.0, f64::NAN, INF, -INF].into_iter().zip(expected) {
                let about = format!("{mode} {threshold}, flag {flag}: {x}");
                if !x.is_infinite() {
                    assert_eq!(model.run(&[x, 0.0])[0], [f64::from(expected)], "{about}");
                }
                let found = integers.predict(&[x, 0.0]).unwrap().outputs;
                assert_eq!(found, [[f64::from(expected)]], "{about}, as integers");
            }
        }
    }
}

#[test]
fn an_infinite_threshold_behind_fixed_point_features() {
    for (threshold, expected) in [(f32::INFINITY, 1.0), (f32::NEG_INFINITY, 2.0)] {
        let rows = stump("BRANCH_LEQ", threshold);
        let model = regressor(&rows, &[(1, 0, 1.0), (2, 0, 2.0)], vec![]);
        let graph = passes::simplify(model.import());
        let options = PlanOptions {
            features: nilometer_transpiler::quant::FeatureMode::Fixed,
            ..PlanOptions::default()
        };
        let rows = vec![vec![-1.0, 0.0], vec![1.0, 0.0]];
        let graph = plan(&graph, Some(&Calibration { rows }), &options).unwrap().graph;
        assert_eq!(graph.predict(&[0.5, 0.0]).unwrap().outputs, [[expected]]);
    }
}

#[test]
fn missing_values_without_flags_take_the_false_side() {
    // CatBoost: `x > t`, and no `nodes_missing_value_tracks_true` at all.
    let model = regressor(&stump("BRANCH_GT", 0.5), &[(1, 0, 1.0), (2, 0, 2.0)], vec![]);
    assert_eq!(model.run(&[f64::NAN, 0.0])[0], [2.0]);
    let integers = exact(&model);
    for (x, expected) in [(f64::NAN, 2.0), (0.0, 2.0), (1.0, 1.0)] {
        assert_eq!(integers.predict(&[x, 0.0]).unwrap().outputs, [[expected]], "{x}");
    }
}

/// LightGBM's `x in {1, 3, 7}` as exporters unfold it.
const CATEGORIES: [Row; 5] = [
    (0, 0, "BRANCH_EQ", 1.0, 1, 2),
    (1, 0, LEAF, 0.0, 0, 0),
    (2, 0, "BRANCH_EQ", 3.0, 1, 3),
    (3, 0, "BRANCH_EQ", 7.0, 1, 4),
    (4, 0, LEAF, 0.0, 0, 0),
];

#[test]
fn a_chain_of_categories_is_one_test() {
    let model = regressor(&CATEGORIES, &[(1, 0, 1.0), (4, 0, 5.0)], vec![]);
    let graph = model.import();
    let ensemble = graph.nodes.iter().find_map(|node| match &node.op {
        Op::Trees(ensemble) => Some(ensemble),
        _ => None,
    });
    let nodes = &ensemble.unwrap().trees[0].nodes;
    assert_eq!(nodes.len(), 3);
    let TreeNode::Branch { test, .. } = &nodes[0] else { panic!("a leaf") };
    assert_eq!(test, &Test::Member(vec![1.0, 3.0, 7.0]));
    let integers = exact(&model);
    for (x, expected) in
        [(1.0, 1.0), (3.0, 1.0), (7.0, 1.0), (2.0, 5.0), (0.0, 5.0), (f64::NAN, 5.0)]
    {
        assert_eq!(model.run(&[x, 0.0])[0], [expected], "{x}");
        assert_eq!(integers.predict(&[x, 0.0]).unwrap().outputs, [[expected]], "{x}");
    }
}

#[test]
fn a_flag_on_any_test_of_the_chain_takes_missing_values() {
    let tracks = int_list("nodes_missing_value_tracks_true", &[0, 0, 0, 1, 0]);
    let model = regressor(&CATEGORIES, &[(1, 0, 1.0), (4, 0, 5.0)], vec![tracks]);
    assert_eq!(model.run(&[f64::NAN, 0.0])[0], [1.0]);
    assert_eq!(exact(&model).predict(&[f64::NAN, 0.0]).unwrap().outputs, [[1.0]]);
}

#[test]
fn a_subtree_with_two_parents_is_copied() {
    let rows = [
        (0, 0, "BRANCH_LEQ", 0.5, 1, 2),
        (1, 1, "BRANCH_LEQ", 0.5, 3, 4),
        (2, 1, "BRANCH_LEQ", 2.5, 1, 4),
        (3, 0, LEAF, 0.0, 0, 0),
        (4, 0, LEAF, 0.0, 0, 0),
    ];
    let model = regressor(&rows, &[(3, 0, 1.0), (4, 0, 5.0)], vec![]);
    for (row, expected) in
        [([0.0, 0.0], 1.0), ([0.0, 1.0], 5.0), ([1.0, 0.0], 1.0), ([1.0, 3.0], 5.0)]
    {
        assert_eq!(model.run(&row)[0], [expected], "{row:?}");
    }
}

#[test]
fn version_5_chains_are_joined_too() {
    let bytes = |data: &[i32]| TensorProto {
        dims: vec![data.len() as i64],
        data_type: DataType::Uint8 as i32,
        int32_data: data.to_vec(),
        ..TensorProto::default()
    };
    let attributes = vec![
        int_list("tree_roots", &[0]),
        tensor("nodes_modes", bytes(&[4, 4])),
        int_list("nodes_featureids", &[0, 0]),
        tensor("nodes_splits", floats("", &[2], &[1.0, 3.0])),
        int_list("nodes_truenodeids", &[0, 0]),
        int_list("nodes_trueleafs", &[1, 1]),
        int_list("nodes_falsenodeids", &[1, 1]),
        int_list("nodes_falseleafs", &[0, 1]),
        int_list("leaf_targetids", &[0, 0]),
        tensor("leaf_weights", floats("", &[2], &[1.0, 5.0])),
        int("n_targets", 1),
    ];
    let model = model(22, 5).input("x", DataType::Float, &[-1, 2]);
    let model = model.ml_node("TreeEnsemble", &["x"], &["y"], attributes).output("y");
    let graph = model.import();
    let joined = |node: &TreeNode| matches!(node, TreeNode::Branch { test: Test::Member(_), .. });
    assert!(graph.nodes.iter().any(|node| match &node.op {
        Op::Trees(ensemble) => ensemble.trees[0].nodes.iter().any(joined),
        _ => false,
    }));
    for (x, expected) in [(1.0, 1.0), (3.0, 1.0), (2.0, 5.0)] {
        assert_eq!(model.run(&[x, 0.0])[0], [expected], "{x}");
    }
}

#[test]
fn repeated_weights_count_as_onnxruntime_counts_them() {
    let rows = stump("BRANCH_LEQ", 0.5);
    let repeated = [(1, 0, 1.0), (1, 0, 2.0), (2, 0, 5.0)];
    // With one target only the first weight of a leaf counts.
    let one = regressor(&rows, &repeated, vec![]);
    assert_eq!(one.run(&[0.0, 0.0])[0], [1.0]);
    assert_eq!(one.run(&[1.0, 0.0])[0], [5.0]);
    for (aggregate, expected) in [("SUM", 3.0), ("AVERAGE", 3.0), ("MIN", 1.0), ("MAX", 2.0)] {
        let weights = [repeated.as_slice(), &[(1, 1, 7.0)]].concat();
        let extra = vec![int("n_targets", 2), text("aggregate_function", aggregate)];
        let two = regressor(&rows, &weights, extra);
        assert_eq!(two.run(&[0.0, 0.0])[0], [expected, 7.0], "{aggregate}");
    }
}

#[test]
fn base_values_of_several_targets_need_a_weight() {
    let base = |numbers: &[f32]| vec![int("n_targets", 2), float_list("base_values", numbers)];
    let rows = stump("BRANCH_LEQ", 0.5);
    // No leaf names target 1: it is 0, whatever its base value.
    let model = regressor(&rows, &[(1, 0, 1.0), (2, 0, 5.0)], base(&[10.0, 20.0]));
    assert_eq!(model.run(&[0.0, 0.0])[0], [11.0, 0.0]);
    assert_eq!(exact(&model).predict(&[1.0, 0.0]).unwrap().outputs, [[15.0, 0.0]]);
    // One way names it and another does not.
    let model = regressor(&rows, &[(1, 0, 1.0), (2, 0, 3.0), (2, 1, 5.0)], base(&[10.0, 20.0]));
    let reason = "target 1 has a base value, and no weight on some ways through the trees";
    assert_eq!(model.unsupported(), [reason]);
    let model = regressor(&rows, &[(1, 0, 1.0), (2, 0, 3.0), (2, 1, 5.0)], base(&[10.0, 0.0]));
    assert_eq!(model.run(&[0.0, 0.0])[0], [11.0, 0.0]);
    assert_eq!(model.run(&[1.0, 0.0])[0], [13.0, 5.0]);
}

#[test]
fn a_leaf_without_a_weight_counts_0() {
    let rows = stump("BRANCH_LEQ", 0.5);
    let one = regressor(&rows, &[(1, 0, 1.0)], vec![float_list("base_values", &[10.0])]);
    assert_eq!(one.run(&[0.0, 0.0])[0], [11.0]);
    assert_eq!(one.run(&[1.0, 0.0])[0], [10.0]);
    assert_eq!(exact(&one).predict(&[1.0, 0.0]).unwrap().outputs, [[10.0]]);
    let two = regressor(&rows, &[(1, 0, 1.0)], vec![int("n_targets", 2)]);
    assert_eq!(exact(&two).predict(&[1.0, 0.0]).unwrap().outputs, [[0.0, 0.0]]);
}
