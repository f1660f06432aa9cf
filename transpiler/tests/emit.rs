//! The generated Cairo, branch by branch: what each operation becomes in both shapes.

#![allow(clippy::unwrap_used, reason = "a test")]

use nilometer_transpiler::emit::{emit, EmitError, PackageMeta, Shape};
use nilometer_transpiler::graph::{
    Aggregate, DType, Graph, Input, Labels, Node, Op, Output, OutputKind, Test, Tree, TreeEnsemble,
    TreeNode, Unary,
};
use nilometer_transpiler::quant::{lower, FeatureMode, InputSpec, Precision, QuantGraph};

fn meta() -> PackageMeta {
    PackageMeta { name: "model".into(), model_hash: "0x1".into() }
}

/// A chain of operations over `len` features in [-2, 2], quantised at `bits`.
fn chain(len: usize, ops: Vec<(Op, usize)>, bits: u32) -> QuantGraph {
    let mut nodes = vec![Node { name: "x".into(), op: Op::Input, inputs: vec![], len }];
    for (op, len) in ops {
        let inputs = vec![nodes.len() - 1];
        nodes.push(Node { name: format!("n{}", nodes.len()), op, inputs, len });
    }
    let value = nodes.len() - 1;
    let kind = match nodes[value].op {
        Op::ArgMax { .. } => OutputKind::Label(Labels::Ints(vec![0, 1])),
        _ => OutputKind::Numbers { classes: None },
    };
    let layers = nodes.iter().filter(|node| matches!(node.op, Op::Dense { .. })).count();
    let observed = vec![0.0; nodes.len()];
    let graph = Graph {
        name: "chain".into(),
        input: Input { name: "x".into(), len, dtype: DType::F32, features: vec![] },
        nodes,
        outputs: vec![Output { name: "y".into(), value, kind }],
    };
    let range = vec![(-2.0, 2.0); len];
    let spec = InputSpec { declared: range.clone(), typical: range, features: FeatureMode::Exact };
    lower(&graph, &spec, &Precision::uniform(bits, layers), &observed).unwrap()
}

fn dense(rows: usize, columns: usize) -> (Op, usize) {
    let weights = (0..rows * columns).map(|i| (i % 7) as f64 / 4.0 - 0.75).collect();
    (Op::Dense { weights, bias: vec![0.25; rows] }, rows)
}

/// The model's module.
fn source(graph: &QuantGraph, shape: Shape) -> String {
    emit(graph, &meta(), shape.into()).unwrap().files["src/model.cairo"].clone()
}

/// The unrolled function's body: what the operation becomes.
fn body(graph: &QuantGraph) -> String {
    let text = source(graph, Shape::Unrolled);
    text[text.rfind("fn infer").unwrap()..].to_owned()
}

#[test]
fn one_row_is_a_plain_sum() {
    insta::assert_snapshot!(body(&chain(2, vec![dense(1, 2)], 4)));
}

#[test]
fn rows_share_a_felt_and_are_split() {
    insta::assert_snapshot!(body(&chain(9, vec![dense(3, 9)], 4)));
}

#[test]
fn relu_is_a_constraint_of_the_lane() {
    let ops = vec![dense(3, 9), (Op::Unary(Unary::Relu), 3)];
    insta::assert_snapshot!(body(&chain(9, ops, 4)));
}

#[test]
fn relu_and_rescale_are_one_branch() {
    let ops = vec![dense(3, 9), (Op::Unary(Unary::Relu), 3), dense(1, 3)];
    insta::assert_snapshot!(body(&chain(9, ops, 4)));
}

#[test]
fn clip_tests_only_the_sides_that_can_be_passed() {
    let inside = (Op::Unary(Unary::Clip { min: -1.0, max: 7.0 }), 1);
    insta::assert_snapshot!(body(&chain(1, vec![inside], 6)));
}

#[test]
fn a_leaky_slope_is_an_integer() {
    insta::assert_snapshot!(body(&chain(
        1,
        vec![(Op::Unary(Unary::LeakyRelu { alpha: 0.125 }), 1)],
        6
    )));
}

#[test]
fn tables_are_constants() {
    insta::assert_snapshot!(source(
        &chain(1, vec![(Op::Unary(Unary::Tanh), 1)], 4),
        Shape::Unrolled
    ));
}

#[test]
fn the_largest_is_found_by_challenges() {
    let ops = vec![dense(3, 9), (Op::ArgMax { select_last: false }, 1)];
    insta::assert_snapshot!(body(&chain(9, ops, 4)));
}

fn stump(test: Test, targets: usize) -> QuantGraph {
    let leaf = |x: f64| TreeNode::Leaf((0..targets).map(|t| (t, x + t as f64)).collect());
    let branch =
        TreeNode::Branch { feature: 1, test, missing_is_true: false, on_true: 1, on_false: 2 };
    let trees = TreeEnsemble {
        trees: vec![Tree { nodes: vec![branch, leaf(0.5), leaf(-0.25)] }],
        n_targets: targets,
        base: vec![0.0; targets],
        aggregate: Aggregate::Sum,
        dtype: DType::F32,
    };
    chain(2, vec![(Op::Trees(trees), targets)], 4)
}

#[test]
fn a_branch_is_a_constraint_of_the_key() {
    insta::assert_snapshot!(body(&stump(Test::Less(0.5), 1)));
}

#[test]
fn an_equality_is_a_comparison_of_felts() {
    insta::assert_snapshot!(body(&stump(Test::NotEqual(0.5), 1)));
}

#[test]
fn votes_for_several_targets_are_packed() {
    insta::assert_snapshot!(body(&stump(Test::LessOrEqual(0.5), 3)));
}

#[test]
fn looped_layers_stream_packed_weights() {
    let ops = vec![dense(3, 9), (Op::Unary(Unary::Relu), 3), dense(2, 3)];
    insta::assert_snapshot!(source(&chain(9, ops, 4), Shape::Looped));
}

#[test]
fn looped_trees_are_tables_of_nodes() {
    insta::assert_snapshot!(source(&stump(Test::LessOrEqual(0.5), 3), Shape::Looped));
}

#[test]
fn the_package_around_the_model() {
    let package = emit(&chain(2, vec![dense(1, 2)], 4), &meta(), Shape::Unrolled.into()).unwrap();
    assert_eq!(
        package.files.keys().collect::<Vec<_>>(),
        [
            "Scarb.toml",
            "src/contract.cairo",
            "src/lib.cairo",
            "src/model.cairo",
            "src/program.cairo"
        ]
    );
    insta::assert_snapshot!(package.files["Scarb.toml"]);
    insta::assert_snapshot!(package.files["src/contract.cairo"]);
}

#[test]
fn bad_package_names_are_refused() {
    for name in ["", "1st", "Model", "my-model", "a b", "é", "i64", "core", "match"] {
        let meta = PackageMeta { name: name.into(), ..meta() };
        let error =
            emit(&chain(2, vec![dense(1, 2)], 4), &meta, Shape::Unrolled.into()).unwrap_err();
        assert_eq!(error, EmitError::PackageName { name: name.into() });
    }
}

#[test]
fn names_from_the_file_cannot_break_out_of_comments() {
    let mut graph = chain(9, vec![dense(3, 9)], 4);
    graph.nodes[1].name = "evil\n} fn steal() { */ \u{202e}".into();
    let text = source(&graph, Shape::Unrolled);
    assert!(text.contains("// dense: evilfnsteal/"), "{text}");
}
