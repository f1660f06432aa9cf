//! Every breach of a graph's invariants is found.

use nilometer_transpiler::graph::{
    Aggregate, Arithmetic, DType, Graph, GraphError, Input, Labels, Node, Op, Output, OutputKind,
    Test, Tree, TreeEnsemble, TreeNode, Unary,
};

fn node(op: Op, inputs: &[usize], len: usize) -> Node {
    Node { name: "n".into(), op, inputs: inputs.to_vec(), len }
}

/// A graph of an input of length 2 and these nodes; the last value is shown.
fn graph(nodes: Vec<Node>) -> Graph {
    let mut all = vec![node(Op::Input, &[], 2)];
    all.extend(nodes);
    let value = all.len() - 1;
    let kind = OutputKind::Numbers { classes: None };
    let input = Input { name: "x".into(), len: 2, dtype: DType::F32, features: vec![] };
    let outputs = vec![Output { name: "y".into(), value, kind }];
    Graph { name: String::new(), input, nodes: all, outputs }
}

fn breach(op: Op, inputs: &[usize], len: usize) -> GraphError {
    graph(vec![node(op, inputs, len)]).validate().unwrap_err()
}

fn length(what: &'static str, expected: usize, actual: usize) -> GraphError {
    GraphError::Length { node: 1, name: "n".into(), what, expected, actual }
}

fn index(what: &'static str, index: usize, limit: usize) -> GraphError {
    GraphError::Index { node: 1, name: "n".into(), what, index, limit }
}

fn non_finite(what: &'static str) -> GraphError {
    GraphError::NonFinite { node: 1, name: "n".into(), what }
}

#[test]
fn order_and_operands() {
    assert_eq!(graph(vec![]).validate(), Ok(()));
    assert_eq!(breach(Op::Input, &[], 2), GraphError::Input { node: 1, wanted: false });
    let mut empty = graph(vec![]);
    empty.nodes.clear();
    assert_eq!(empty.validate(), Err(GraphError::Input { node: 0, wanted: true }));
    assert_eq!(
        breach(Op::Softmax, &[0, 0], 2),
        GraphError::Operands { node: 1, name: "n".into(), expected: 1, actual: 2 }
    );
    assert!(matches!(breach(Op::Concat, &[], 0), GraphError::Operands { .. }));
    assert_eq!(
        breach(Op::Softmax, &[1], 2),
        GraphError::Order { node: 1, name: "n".into(), value: 1 }
    );
}

#[test]
fn lengths() {
    assert_eq!(breach(Op::Constant(vec![0.0]), &[], 2), length("constant", 2, 1));
    let dense = |weights, bias| Op::Dense { weights: vec![0.0; weights], bias: vec![0.0; bias] };
    assert_eq!(breach(dense(5, 3), &[0], 3), length("weights", 6, 5));
    assert_eq!(breach(dense(6, 2), &[0], 3), length("bias", 3, 2));
    let scaler = |offset, scale| Op::Scaler { offset: vec![0.0; offset], scale: vec![0.0; scale] };
    assert_eq!(breach(scaler(2, 2), &[0], 3), length("output", 2, 3));
    assert_eq!(breach(scaler(1, 2), &[0], 2), length("offset", 2, 1));
    assert_eq!(breach(scaler(2, 1), &[0], 2), length("scale", 2, 1));
    let op = Arithmetic::Add;
    let add = Op::WithConstant { op, constant: vec![0.0], constant_first: false };
    assert_eq!(breach(add, &[0], 2), length("constant", 2, 1));
    assert_eq!(breach(Op::Elementwise(op), &[0, 0], 1), length("left operand", 1, 2));
    assert_eq!(breach(Op::Unary(Unary::Relu), &[0], 1), length("output", 2, 1));
    assert_eq!(breach(Op::ArgMax { select_last: false }, &[0], 2), length("output", 1, 2));
    assert_eq!(breach(Op::Gather(vec![0]), &[0], 2), length("indices", 2, 1));
    assert_eq!(breach(Op::Gather(vec![2]), &[0], 1), index("an index", 2, 2));
    assert_eq!(breach(Op::Concat, &[0, 0], 3), length("output", 4, 3));
}

#[test]
fn numbers() {
    assert_eq!(breach(Op::Constant(vec![f64::NAN]), &[], 1), non_finite("constant"));
    let weights = vec![f64::INFINITY, 0.0];
    assert_eq!(breach(Op::Dense { weights, bias: vec![0.0] }, &[0], 1), non_finite("weights"));
    let alpha = f64::NAN;
    assert_eq!(breach(Op::Unary(Unary::LeakyRelu { alpha }), &[0], 2), non_finite("alpha"));
    let threshold = f64::INFINITY;
    assert_eq!(breach(Op::Unary(Unary::Binarize { threshold }), &[0], 2), non_finite("threshold"));
    let clip = |min, max| Op::Unary(Unary::Clip { min, max });
    assert_eq!(breach(clip(0.0, f64::NAN), &[0], 2), non_finite("bound"));
    let open = graph(vec![node(clip(f64::NEG_INFINITY, f64::INFINITY), &[0], 2)]);
    assert_eq!(open.validate(), Ok(()));
}

fn branch(on_true: usize, on_false: usize) -> TreeNode {
    let test = Test::LessOrEqual(0.0);
    TreeNode::Branch { feature: 1, test, missing_is_true: false, on_true, on_false }
}

fn leaf() -> TreeNode {
    TreeNode::Leaf(vec![(0, 1.0)])
}

fn trees(nodes: Vec<TreeNode>) -> Op {
    Op::Trees(TreeEnsemble {
        trees: vec![Tree { nodes }],
        n_targets: 1,
        base: vec![0.0],
        aggregate: Aggregate::Sum,
        dtype: DType::F32,
    })
}

fn tree_breach(nodes: Vec<TreeNode>) -> (usize, &'static str) {
    match breach(trees(nodes), &[0], 1) {
        GraphError::Tree { tree_node, what, .. } => (tree_node, what),
        error => panic!("{error}"),
    }
}

#[test]
fn trees_are_proper() {
    assert_eq!(
        graph(vec![node(trees(vec![branch(1, 2), leaf(), leaf()]), &[0], 1)]).validate(),
        Ok(())
    );
    assert_eq!(tree_breach(vec![]), (0, "has no root"));
    assert_eq!(
        tree_breach(vec![branch(1, 3), leaf(), leaf()]),
        (0, "has a child outside the tree")
    );
    assert_eq!(tree_breach(vec![branch(0, 1), leaf()]), (0, "has a child before it"));
    assert_eq!(tree_breach(vec![branch(1, 1), leaf()]), (0, "shares a child with another node"));
    assert_eq!(
        tree_breach(vec![branch(1, 2), leaf(), leaf(), leaf()]),
        (3, "is not a branch's child")
    );
    let twice = TreeNode::Leaf(vec![(0, 1.0), (0, 2.0)]);
    assert_eq!(tree_breach(vec![twice]), (0, "has targets that do not ascend"));
    assert_eq!(
        breach(trees(vec![TreeNode::Leaf(vec![(1, 1.0)])]), &[0], 1),
        index("a leaf's target", 1, 1)
    );
    let nan = TreeNode::Leaf(vec![(0, f64::NAN)]);
    assert_eq!(breach(trees(vec![nan]), &[0], 1), non_finite("a leaf's weight"));
    let test = Test::Member(vec![1.0, f64::NAN]);
    let far = |feature, test| TreeNode::Branch {
        feature,
        test,
        missing_is_true: false,
        on_true: 1,
        on_false: 2,
    };
    let of = |root| breach(trees(vec![root, leaf(), leaf()]), &[0], 1);
    assert_eq!(of(far(2, Test::Less(0.0))), index("a tree's feature", 2, 2));
    assert_eq!(of(far(0, test)), non_finite("a tree's threshold"));
    assert_eq!(breach(trees(vec![leaf()]), &[0], 2), length("output", 1, 2));
}

#[test]
fn outputs_show_values_of_their_kind() {
    let shows = |value, kind| {
        let mut graph = graph(vec![]);
        graph.outputs[0] = Output { name: "y".into(), value, kind };
        match graph.validate().unwrap_err() {
            GraphError::Output { name, what } => {
                assert_eq!(name, "y");
                what
            }
            error => panic!("{error}"),
        }
    };
    let labels = Labels::Ints(vec![0, 1, 2]);
    let numbers = OutputKind::Numbers { classes: None };
    assert_eq!(shows(1, numbers), "shows a value that no node makes");
    assert_eq!(shows(0, OutputKind::Label(labels.clone())), "a label is one index");
    assert_eq!(
        shows(0, OutputKind::Numbers { classes: Some(labels) }),
        "has another number of classes than of elements"
    );
    let mut none = graph(vec![node(Op::ArgMax { select_last: false }, &[0], 1)]);
    none.outputs[0].kind = OutputKind::Label(Labels::Strings(vec![]));
    assert!(matches!(none.validate(), Err(GraphError::Output { what: "has no labels", .. })));
}
