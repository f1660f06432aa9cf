//! With and without a pass, random graphs give the same outputs.

#![allow(clippy::unwrap_used)]

use nilometer_transpiler::eval::evaluate;
use nilometer_transpiler::graph::{
    Aggregate, Arithmetic, DType, Graph, Input, Labels, Node, Norm, Op, Output, OutputKind,
    Reduction, Test, Tree, TreeEnsemble, TreeNode, Unary, ValueId,
};
use nilometer_transpiler::passes::{
    label_only, simplify, Pass, FOLD_AFFINE, FUSE_DENSE, MERGE_SELECTIONS, PASSES,
    REMOVE_IDENTITIES,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 300, rng_seed: RngSeed::Fixed(17), ..ProptestConfig::default() }
}

/// A stream of numbers that a graph is drawn from.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    fn vector(&mut self, len: usize, low: f64, high: f64) -> Vec<f64> {
        (0..len).map(|_| self.between(low, high)).collect()
    }
}

struct Builder {
    nodes: Vec<Node>,
}

impl Builder {
    fn new(len: usize) -> Self {
        Self { nodes: vec![Node { name: "x".into(), op: Op::Input, inputs: vec![], len }] }
    }

    fn push(&mut self, op: Op, inputs: &[ValueId], len: usize) -> ValueId {
        let name = format!("n{}", self.nodes.len());
        self.nodes.push(Node { name, op, inputs: inputs.to_vec(), len });
        self.nodes.len() - 1
    }

    fn same(&mut self, op: Op, input: ValueId) -> ValueId {
        self.push(op, &[input], self.nodes[input].len)
    }

    fn finish(self, outputs: &[(ValueId, OutputKind)]) -> Graph {
        let input =
            Input { name: "x".into(), len: self.nodes[0].len, dtype: DType::F64, features: vec![] };
        let output = |(at, (value, kind)): (usize, &(ValueId, OutputKind))| Output {
            name: format!("y{at}"),
            value: *value,
            kind: kind.clone(),
        };
        let outputs = outputs.iter().enumerate().map(output).collect();
        let graph = Graph { name: "random".into(), input, nodes: self.nodes, outputs };
        graph.validate().unwrap();
        graph
    }
}

fn numbers() -> OutputKind {
    OutputKind::Numbers { classes: None }
}

/// Adds one random node.
fn add_random(builder: &mut Builder, draw: &mut Draw) {
    let x = draw.below(builder.nodes.len());
    // Mostly a chain: that is what the passes look for.
    let x = if draw.below(4) > 0 { builder.nodes.len() - 1 } else { x };
    let len = builder.nodes[x].len;
    match draw.below(20) {
        0..=2 => {
            let out = 1 + draw.below(5);
            let (weights, bias) = (draw.vector(out * len, -1.0, 1.0), draw.vector(out, -1.0, 1.0));
            builder.push(Op::Dense { weights, bias }, &[x], out);
        }
        3..=6 => {
            let op = [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul, Arithmetic::Div];
            let op = op[draw.below(4)];
            let constant_first = op != Arithmetic::Div && draw.below(2) == 0;
            // The neutral elements are drawn too.
            let constant = match draw.below(4) {
                0 => vec![1.0; len],
                1 => vec![0.0; len],
                _ => draw.vector(len, 0.5, 2.0),
            };
            let constant = if op == Arithmetic::Div {
                constant.iter().map(|c| c + 0.5).collect()
            } else {
                constant
            };
            builder.same(Op::WithConstant { op, constant, constant_first }, x);
        }
        7 => {
            let (offset, scale) = (draw.vector(len, -1.0, 1.0), draw.vector(len, 0.5, 2.0));
            builder.same(Op::Scaler { offset, scale }, x);
        }
        8 | 9 => {
            let indices: Vec<usize> = (0..1 + draw.below(len)).map(|_| draw.below(len)).collect();
            let out = indices.len();
            builder.push(Op::Gather(indices), &[x], out);
        }
        10 | 11 => {
            let other = draw.below(builder.nodes.len());
            let total = len + builder.nodes[other].len;
            if total < 24 {
                builder.push(Op::Concat, &[x, other], total);
            }
        }
        12 => {
            builder.same(Op::Unary(Unary::ToF64), x);
        }
        13 => {
            builder.same(Op::Unary([Unary::Neg, Unary::Abs, Unary::Relu][draw.below(3)]), x);
        }
        14 => {
            builder.same(Op::Unary([Unary::Sigmoid, Unary::Tanh, Unary::Relu][draw.below(3)]), x);
        }
        15 => add_square(builder, draw, x),
        16 => {
            let turn = draw.below(len);
            let order = (0..len).map(|i| (i + turn) % len).collect();
            let turned = builder.push(Op::Gather(order), &[x], len);
            let constant = draw.vector(len, 0.5, 2.0);
            let op = Arithmetic::Mul;
            builder.same(Op::WithConstant { op, constant, constant_first: false }, turned);
        }
        17 => {
            let sum = builder.push(Op::Reduce(Reduction::Sum), &[x], 1);
            let by_length = |op, value: f64| Op::WithConstant {
                op,
                constant: vec![value],
                constant_first: false,
            };
            let mean = builder.same(by_length(Arithmetic::Div, len as f64), sum);
            let mean = builder.push(Op::Gather(vec![0; len]), &[mean], len);
            let deviation = builder.push(Op::Elementwise(Arithmetic::Sub), &[x, mean], len);
            let op = Op::Elementwise(Arithmetic::Mul);
            let squares = builder.push(op, &[deviation, deviation], len);
            let sum = builder.push(Op::Reduce(Reduction::Sum), &[squares], 1);
            let mean = builder.same(by_length(Arithmetic::Mul, 1.0 / len as f64), sum);
            let mean = builder.same(by_length(Arithmetic::Add, draw.between(0.1, 1.0)), mean);
            let root = builder.same(Op::Unary(Unary::Sqrt), mean);
            let root = builder.push(Op::Gather(vec![0; len]), &[root], len);
            builder.push(Op::Elementwise(Arithmetic::Div), &[deviation, root], len);
        }
        18 => {
            let op = Op::Reduce(Reduction::LogSumExp);
            let sum = builder.push(op, &[x], 1);
            let sum = builder.push(Op::Gather(vec![0; len]), &[sum], len);
            let below = builder.push(Op::Elementwise(Arithmetic::Sub), &[x, sum], len);
            let powers = builder.same(Op::Unary(Unary::Exp), below);
            let sum = builder.push(Op::Reduce(Reduction::Sum), &[powers], 1);
            let sum = builder.push(Op::Gather(vec![0; len]), &[sum], len);
            let shares = builder.push(Op::Elementwise(Arithmetic::Div), &[powers, sum], len);
            let power = builder.same(Op::Unary(Unary::Exp), shares);
            let with = |op, constant_first| Op::WithConstant {
                op,
                constant: vec![1.0; len],
                constant_first,
            };
            let above = builder.same(with(Arithmetic::Add, false), power);
            builder.same(with(Arithmetic::Div, true), above);
        }
        _ => {
            builder.same(Op::Softmax, x);
        }
    }
}

/// A factor behind the square of an affine value, as densities have them.
fn add_square(builder: &mut Builder, draw: &mut Draw, x: ValueId) {
    let len = builder.nodes[x].len;
    let offset = Op::WithConstant {
        op: [Arithmetic::Add, Arithmetic::Sub][draw.below(2)],
        constant: draw.vector(len, -1.0, 1.0),
        constant_first: draw.below(2) == 0,
    };
    let shifted = builder.same(offset, x);
    let square = builder.push(Op::Elementwise(Arithmetic::Mul), &[shifted, shifted], len);
    let op = [Arithmetic::Mul, Arithmetic::Div][draw.below(2)];
    let constant = draw.vector(len, 0.5, 2.0);
    let scaled = builder.same(Op::WithConstant { op, constant, constant_first: false }, square);
    builder.same(Op::Unary(Unary::Tanh), scaled);
}

fn random_graph(seed: u64, n_nodes: usize) -> Graph {
    let mut draw = Draw(seed);
    let mut builder = Builder::new(1 + draw.below(6));
    for _ in 0..n_nodes {
        add_random(&mut builder, &mut draw);
    }
    let last = builder.nodes.len() - 1;
    let other = draw.below(builder.nodes.len());
    builder.finish(&[(last, numbers()), (other, numbers())])
}

fn assert_agree(before: &Graph, after: &Graph, seed: u64) {
    after.validate().unwrap();
    let names = |graph: &Graph| graph.outputs.iter().map(|o| o.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(before), names(after));
    let mut draw = Draw(seed ^ 0xabcdef);
    for _ in 0..5 {
        let row = draw.vector(before.input.len, -2.0, 2.0);
        let (wanted, found) = (evaluate(before, &row).unwrap(), evaluate(after, &row).unwrap());
        for (wanted, found) in wanted.iter().flatten().zip(found.iter().flatten()) {
            let error = (wanted - found).abs() / (1.0 + wanted.abs());
            assert!(error < 1e-9, "{wanted} became {found}");
        }
        assert_eq!(wanted.concat().len(), found.concat().len());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn each_pass_agrees(seed: u64, n_nodes in 1_usize..14) {
        let graph = random_graph(seed, n_nodes);
        for pass in PASSES {
            let (rewritten, changed) = pass.apply(graph.clone());
            prop_assert!(changed || rewritten == graph, "{} hid a change", pass.name);
            assert_agree(&graph, &rewritten, seed);
        }
    }

    #[test]
    fn simplify_agrees_and_is_final(seed: u64, n_nodes in 1_usize..20) {
        let graph = random_graph(seed, n_nodes);
        let simple = simplify(graph.clone());
        assert_agree(&graph, &simple, seed);
        // A layer norm whose pieces are used elsewhere too takes nodes of its own.
        let directions = simple.nodes.iter().filter(|n| n.op == Op::Normalize(Norm::L2)).count();
        prop_assert!(simple.nodes.len() <= graph.nodes.len() + 7 * directions);
        prop_assert_eq!(simplify(simple.clone()), simple);
    }

    #[test]
    fn label_only_keeps_the_label(seed: u64, n_nodes in 1_usize..8, head in 0_usize..9) {
        let mut graph = random_graph(seed, n_nodes);
        let mut draw = Draw(seed);
        let mut builder = Builder { nodes: std::mem::take(&mut graph.nodes) };
        let index = add_head(&mut builder, &mut draw, head);
        let scores = builder.nodes[index].inputs[0];
        let labels = OutputKind::Label(Labels::Ints((0..64).collect()));
        let graph = builder.finish(&[(scores, numbers()), (index, labels)]);
        let label = label_only(&graph).unwrap();
        prop_assert_eq!(label.outputs.len(), 1);
        for _ in 0..5 {
            let row = draw.vector(graph.input.len, -2.0, 2.0);
            let wanted = &evaluate(&graph, &row).unwrap()[1];
            prop_assert_eq!(wanted, &evaluate(&label, &row).unwrap()[0]);
        }
    }
}

#[test]
fn random_graphs_exercise_every_pass() {
    for pass in PASSES {
        let changed = (0..300).filter(|&seed| pass.apply(random_graph(seed, 12)).1).count();
        assert!(changed >= 30, "{} changed {changed} of 300 graphs", pass.name);
    }
}

/// Adds a decision after a score head.
fn add_head(builder: &mut Builder, draw: &mut Draw, head: usize) -> ValueId {
    // Distinct offsets keep ties, which heads may break in floats, out of the way.
    let last = builder.nodes.len() - 1;
    let len = builder.nodes[last].len;
    let offset = draw.vector(len, 0.1, 0.2);
    let add = Op::WithConstant { op: Arithmetic::Add, constant: offset, constant_first: false };
    let x = builder.same(add, last);
    let arg_max = Op::ArgMax { select_last: false };
    let head = match head {
        0 => builder.same(Op::Softmax, x),
        1 => builder.same(Op::Unary(Unary::Sigmoid), x),
        2 => builder.same(Op::Normalize(Norm::L2), x),
        3 => {
            let constant = vec![draw.between(0.5, 2.0); len];
            let op = Arithmetic::Mul;
            builder.same(Op::WithConstant { op, constant, constant_first: true }, x)
        }
        4 => {
            let softmax = builder.same(Op::Softmax, x);
            let indices: Vec<usize> = (0..len).rev().collect();
            builder.same(Op::Gather(indices), softmax)
        }
        5 => {
            let p = one_probability(builder, x);
            let (op, constant) = (Arithmetic::Sub, vec![1.0]);
            let rest = builder.same(Op::WithConstant { op, constant, constant_first: true }, p);
            builder.push(Op::Concat, &[rest, p], 2)
        }
        6 => {
            let p = one_probability(builder, x);
            builder.push(Op::Dense { weights: vec![-1.0, 1.0], bias: vec![1.0, 0.0] }, &[p], 2)
        }
        7 => {
            let p = one_probability(builder, x);
            return builder.same(Op::Unary(Unary::Binarize { threshold: 0.5 }), p);
        }
        _ => {
            let one = builder.push(Op::Gather(vec![0]), &[x], 1);
            let leaky = builder.same(Op::Unary(Unary::LeakyRelu { alpha: 0.1 }), one);
            let tanh = builder.same(Op::Unary(Unary::Tanh), leaky);
            return builder.same(Op::Unary(Unary::Binarize { threshold: -0.05 }), tanh);
        }
    };
    builder.push(arg_max, &[head], 1)
}

fn one_probability(builder: &mut Builder, x: ValueId) -> ValueId {
    let one = builder.push(Op::Gather(vec![0]), &[x], 1);
    builder.same(Op::Unary(Unary::Sigmoid), one)
}

fn scaler(len: usize) -> Op {
    Op::Scaler { offset: vec![0.3; len], scale: vec![1.7; len] }
}

fn dense(len: usize, out: usize) -> Op {
    Op::Dense { weights: vec![0.5; len * out], bias: vec![0.25; out] }
}

fn apply(pass: Pass, graph: Graph) -> Graph {
    let (graph, changed) = pass.apply(graph);
    assert!(changed, "{}", pass.name);
    graph
}

#[test]
fn affine_chain_folds_into_one_dense_layer() {
    let mut builder = Builder::new(3);
    let scaled = builder.same(scaler(3), 0);
    let hidden = builder.push(dense(3, 2), &[scaled], 2);
    let doubled =
        Op::WithConstant { op: Arithmetic::Mul, constant: vec![2.0; 2], constant_first: false };
    let doubled = builder.same(doubled, hidden);
    let graph = apply(FOLD_AFFINE, builder.finish(&[(doubled, numbers())]));
    assert_eq!(graph.nodes.len(), 2);
    assert_eq!(graph.parameter_count(), 8);
}

#[test]
fn dense_layers_fuse_only_without_growth() {
    let narrow = |hidden| {
        let mut builder = Builder::new(6);
        let first = builder.push(dense(6, hidden), &[0], hidden);
        let second = builder.push(dense(hidden, 6), &[first], 6);
        builder.finish(&[(second, numbers())])
    };
    assert_eq!(apply(FUSE_DENSE, narrow(4)).nodes.len(), 2);
    // 6·1 + 1 + 1·6 + 6 parameters would become 6·6 + 6.
    assert!(!FUSE_DENSE.apply(narrow(1)).1);
}

#[test]
fn a_shown_layer_is_not_fused_away() {
    let mut builder = Builder::new(4);
    let first = builder.push(dense(4, 4), &[0], 4);
    let second = builder.push(dense(4, 4), &[first], 4);
    let graph = builder.finish(&[(first, numbers()), (second, numbers())]);
    assert!(!FUSE_DENSE.apply(graph).1);
}

#[test]
fn pieces_of_one_vector_become_one_gather() {
    let mut builder = Builder::new(4);
    let left = builder.push(Op::Gather(vec![3, 2]), &[0], 2);
    let right = builder.push(Op::Gather(vec![1, 0]), &[0], 2);
    let joined = builder.push(Op::Concat, &[left, right], 4);
    let turned = builder.push(Op::Gather(vec![3, 2, 1, 0]), &[joined], 4);
    let graph = builder.finish(&[(turned, numbers())]);
    let merged = apply(MERGE_SELECTIONS, graph);
    assert_eq!(merged.nodes.len(), 2);
    let bare = apply(REMOVE_IDENTITIES, merged);
    assert_eq!(bare.outputs[0].value, 0);
}

#[test]
fn what_feeds_trees_stays() {
    let branch = |on_true, on_false| TreeNode::Branch {
        feature: 0,
        test: Test::LessOrEqual(0.5),
        missing_is_true: false,
        on_true,
        on_false,
    };
    let leaf = |weight| TreeNode::Leaf(vec![(0, weight)]);
    let ensemble = TreeEnsemble {
        trees: vec![Tree { nodes: vec![branch(1, 2), leaf(1.0), leaf(2.0)] }],
        n_targets: 1,
        base: vec![0.0],
        aggregate: Aggregate::Sum,
        dtype: DType::F64,
    };
    let mut builder = Builder::new(2);
    let zeros =
        Op::WithConstant { op: Arithmetic::Add, constant: vec![0.0; 2], constant_first: false };
    let identity = builder.same(zeros, 0);
    let scaled = builder.same(scaler(2), identity);
    let picked = builder.push(Op::Gather(vec![0, 1]), &[scaled], 2);
    let dense_before = builder.push(dense(2, 2), &[picked], 2);
    let trees = builder.push(Op::Trees(ensemble), &[dense_before], 1);
    let beside = builder.push(dense(2, 1), &[scaled], 1);
    let graph = builder.finish(&[(trees, numbers()), (beside, numbers())]);
    let simple = simplify(graph.clone());
    assert_eq!(simple.nodes[..=trees], graph.nodes[..=trees]);
    // The layer beside the trees takes the scaler in, and looks at the input itself.
    assert_eq!(simple.nodes[beside].inputs, [0]);
    assert_agree(&graph, &simple, 1);
}

#[test]
fn binary_head_becomes_a_sign() {
    let mut builder = Builder::new(3);
    let logit = builder.push(dense(3, 1), &[0], 1);
    let p = builder.same(Op::Unary(Unary::Sigmoid), logit);
    let (op, constant) = (Arithmetic::Sub, vec![1.0]);
    let rest = builder.same(Op::WithConstant { op, constant, constant_first: true }, p);
    let both = builder.push(Op::Concat, &[rest, p], 2);
    let index = builder.push(Op::ArgMax { select_last: false }, &[both], 1);
    let labels = OutputKind::Label(Labels::Strings(vec!["no".into(), "yes".into()]));
    let graph = builder.finish(&[(index, labels)]);
    let label = label_only(&graph).unwrap();
    let ops: Vec<&Op> = label.nodes.iter().map(|node| &node.op).collect();
    let [Op::Input, Op::Dense { .. }, Op::Unary(Unary::Binarize { threshold })] = ops[..] else {
        panic!("{ops:?}");
    };
    assert_eq!(*threshold, 0.0);
}

#[test]
fn without_a_label_there_is_no_label_graph() {
    let builder = Builder::new(1);
    assert_eq!(label_only(&builder.finish(&[(0, numbers())])), None);
}

#[test]
fn quotients_of_quotients_and_shifted_shares() {
    let mut builder = Builder::new(3);
    let one = builder.push(Op::Gather(vec![0]), &[0], 1);
    let inverse =
        Op::WithConstant { op: Arithmetic::Div, constant: vec![1.0], constant_first: true };
    let inverse = builder.same(inverse, one);
    let spread = builder.push(Op::Gather(vec![0; 3]), &[inverse], 3);
    let quotient = builder.push(Op::Elementwise(Arithmetic::Div), &[0, spread], 3);
    let most = builder.push(Op::Gather(vec![1; 3]), &[0], 3);
    let below = builder.push(Op::Elementwise(Arithmetic::Sub), &[0, most], 3);
    let powers = builder.same(Op::Unary(Unary::Exp), below);
    let shares = builder.same(Op::Normalize(Norm::L1), powers);
    let graph = builder.finish(&[(quotient, numbers()), (shares, numbers())]);
    let simple = simplify(graph.clone());
    let has = |wanted: &Op| simple.nodes.iter().any(|node| node.op == *wanted);
    assert!(!has(&Op::Elementwise(Arithmetic::Div)) && has(&Op::Softmax), "{simple:?}");
    let row = [2.0, -1.0, 0.5];
    let (before, after) = (evaluate(&graph, &row).unwrap(), evaluate(&simple, &row).unwrap());
    for (a, b) in before.iter().flatten().zip(after.iter().flatten()) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
}
