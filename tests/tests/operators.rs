//! Every operator through both code shapes: the VM agrees with the reference bit for bit, and the
//! reference stays within its certified error of the float model.

#![allow(clippy::unwrap_used, reason = "a test")]

use nilometer_tests::synthetic::Random;
use nilometer_tests::zoo;
use nilometer_transpiler::emit::Shape;
use nilometer_transpiler::eval;
use nilometer_transpiler::graph::{
    Aggregate, Arithmetic, DType, Graph, Input, Labels, Node, Norm, Op, Output, OutputKind,
    Reduction, Test, TopK, Tree, TreeEnsemble, TreeNode, Unary, ValueId,
};
use nilometer_transpiler::quant::{lower, Encoding, FeatureMode, InputSpec, Precision, QuantGraph};

/// A float graph under construction.
struct Builder(Graph);

impl Builder {
    fn new(len: usize, dtype: DType) -> Self {
        let input = Input { name: "x".into(), len, dtype, features: vec![] };
        let node = Node { name: "x".into(), op: Op::Input, inputs: vec![], len };
        Self(Graph { name: "ops".into(), input, nodes: vec![node], outputs: vec![] })
    }

    fn node(&mut self, op: Op, inputs: &[ValueId], len: usize) -> ValueId {
        let name = format!("n{}", self.0.nodes.len());
        self.0.nodes.push(Node { name, op, inputs: inputs.to_vec(), len });
        self.0.nodes.len() - 1
    }

    fn unary(&mut self, function: Unary, x: ValueId) -> ValueId {
        let len = self.0.nodes[x].len;
        self.node(Op::Unary(function), &[x], len)
    }

    fn dense(&mut self, random: &mut Random, x: ValueId, rows: usize, spread: f64) -> ValueId {
        let columns = self.0.nodes[x].len;
        let weights = (0..rows * columns).map(|_| random.uniform() * spread).collect();
        let bias = (0..rows).map(|_| random.uniform()).collect();
        self.node(Op::Dense { weights, bias }, &[x], rows)
    }

    fn show(&mut self, value: ValueId) {
        let kind = if matches!(self.0.nodes[value].op, Op::ArgMax { .. }) {
            OutputKind::Label(Labels::Ints(vec![4, 5, 6, 7]))
        } else {
            OutputKind::Numbers { classes: None }
        };
        let name = format!("out{}", self.0.outputs.len());
        self.0.outputs.push(Output { name, value, kind });
    }

    fn finish(self) -> Graph {
        self.0.validate().unwrap();
        self.0
    }
}

fn quantized(graph: &Graph, range: (f64, f64), features: FeatureMode, bits: u32) -> QuantGraph {
    let len = graph.input.len;
    let spec = InputSpec { declared: vec![range; len], typical: vec![range; len], features };
    let layers = graph.nodes.iter().filter(|node| matches!(node.op, Op::Dense { .. })).count();
    lower(graph, &spec, &Precision::uniform(bits, layers), &vec![0.0; graph.nodes.len()]).unwrap()
}

/// Runs both shapes on `rows` and compares.
fn check(graph: &Graph, quant: &QuantGraph, rows: &[Vec<f64>]) {
    for shape in [Shape::Unrolled, Shape::Looped] {
        let built = zoo::build(quant, Some(shape.into()), false);
        for row in rows {
            let input = quant.input.encode(row).unwrap();
            let reference = quant.run(&input);
            let (results, _) = zoo::run(&built.program, &input);
            assert_eq!(results, reference, "{shape:?} on {row:?}");
            // The float model on what the integers really say.
            let exact: Vec<f64> = match quant.input.encoding {
                Encoding::Fixed { .. } => {
                    input.iter().enumerate().map(|(i, &q)| quant.input.decode(i, q)).collect()
                }
                Encoding::Ordered { .. } => row.clone(),
            };
            let float = eval::evaluate(graph, &exact).unwrap();
            let prediction = quant.interpret(reference);
            for ((output, ours), theirs) in quant.outputs.iter().zip(prediction.outputs).zip(float)
            {
                let node = &quant.nodes[output.value];
                let Some(bound) = node.error else { continue };
                for (a, b) in ours.iter().zip(theirs) {
                    // The float model's own rounding is no part of the bound.
                    let ulp = if graph.input.dtype == DType::F32 { 1e-6 } else { 1e-9 };
                    let slack = ulp * b.abs().max(1.0);
                    assert!(
                        (a - b).abs() <= bound + slack,
                        "{}: {a} is not within {bound} of {b} on {row:?}",
                        output.name
                    );
                }
            }
        }
    }
}

fn rows(seed: u64, len: usize, range: (f64, f64), count: usize) -> Vec<Vec<f64>> {
    let mut random = Random::new(seed);
    let mut rows: Vec<Vec<f64>> = vec![vec![range.0; len], vec![range.1; len], vec![0.0; len]];
    rows.extend((0..count).map(|_| {
        (0..len).map(|_| range.0 + (range.1 - range.0) * (random.uniform() + 1.0) / 2.0).collect()
    }));
    rows
}

#[test]
fn functions_of_one_element() {
    let mut b = Builder::new(4, DType::F64);
    for function in [
        Unary::Relu,
        Unary::LeakyRelu { alpha: 0.1 },
        Unary::LeakyRelu { alpha: -0.5 },
        Unary::Clip { min: -1.25, max: 2.5 },
        Unary::Clip { min: f64::NEG_INFINITY, max: 0.5 },
        Unary::Clip { min: 0.0, max: f64::INFINITY },
        Unary::Abs,
        Unary::Neg,
        Unary::Sigmoid,
        Unary::Tanh,
        Unary::Exp,
        Unary::Binarize { threshold: 0.75 },
        Unary::Truncate,
        Unary::Floor,
        Unary::Round,
        Unary::Erf,
        Unary::Softplus,
        Unary::ToBool,
    ] {
        let y = b.unary(function, 0);
        b.show(y);
    }
    let size = b.unary(Unary::Abs, 0);
    let root = b.unary(Unary::Sqrt, size);
    b.show(root);
    let probability = b.unary(Unary::Sigmoid, 0);
    let probit = b.unary(Unary::Probit, probability);
    b.show(probit);
    let decided = b.unary(Unary::Binarize { threshold: 0.6 }, probability);
    b.show(decided);
    let graph = b.finish();
    let quant = quantized(&graph, (-4.0, 4.0), FeatureMode::Exact, 10);
    check(&graph, &quant, &rows(1, 4, (-4.0, 4.0), 40));
}

#[test]
fn arithmetic() {
    let mut b = Builder::new(4, DType::F64);
    let constant = vec![0.5, -1.75, 3.0, 0.001];
    for op in [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul, Arithmetic::Div] {
        for constant_first in [false, true] {
            if op == Arithmetic::Div && constant_first {
                continue;
            }
            let constant = constant.clone();
            let y = b.node(Op::WithConstant { op, constant, constant_first }, &[0], 4);
            b.show(y);
        }
    }
    let shifted = Op::Scaler { offset: constant.clone(), scale: vec![2.0, 0.01, -30.0, 1.0] };
    let scaled = b.node(shifted, &[0], 4);
    b.show(scaled);
    let exp = b.unary(Unary::Exp, 0);
    for op in [Arithmetic::Add, Arithmetic::Sub, Arithmetic::Mul, Arithmetic::Div] {
        let y = b.node(Op::Elementwise(op), &[scaled, exp], 4);
        b.show(y);
    }
    for op in [Arithmetic::Max, Arithmetic::Min] {
        let y = b.node(Op::Elementwise(op), &[scaled, exp], 4);
        b.show(y);
        let constant = constant.clone();
        let y = b.node(Op::WithConstant { op, constant, constant_first: false }, &[0], 4);
        b.show(y);
    }
    let inverse = Op::WithConstant { op: Arithmetic::Div, constant, constant_first: true };
    let inverse = b.node(inverse, &[exp], 4);
    b.show(inverse);
    let graph = b.finish();
    let quant = quantized(&graph, (-3.0, 3.0), FeatureMode::Exact, 12);
    check(&graph, &quant, &rows(2, 4, (-3.0, 3.0), 40));
}

#[test]
fn vectors_and_decisions() {
    let mut b = Builder::new(5, DType::F64);
    let picked = b.node(Op::Gather(vec![4, 0, 0, 2]), &[0], 4);
    let joined = b.node(Op::Concat, &[picked, 0], 9);
    b.show(joined);
    for select_last in [false, true] {
        let best = b.node(Op::ArgMax { select_last }, &[picked], 1);
        b.show(best);
    }
    let soft = b.node(Op::Softmax, &[0], 5);
    b.show(soft);
    let best = b.node(Op::ArgMax { select_last: false }, &[soft], 1);
    b.show(best);
    let active = b.unary(Unary::Relu, 0);
    let sparse = b.node(Op::SoftmaxZero, &[active], 5);
    b.show(sparse);
    for norm in [Norm::L1, Norm::L2] {
        let y = b.node(Op::Normalize(norm), &[0], 5);
        b.show(y);
    }
    let most = b.node(Op::Normalize(Norm::Max), &[active], 5);
    b.show(most);
    for reduction in [Reduction::Sum, Reduction::Max, Reduction::LogSumExp] {
        let y = b.node(Op::Reduce(reduction), &[0], 1);
        b.show(y);
    }
    let large = b.unary(Unary::Exp, 0);
    let log = b.unary(Unary::Log, large);
    b.show(log);
    let constant = b.node(Op::Constant(vec![0.5, -2.0, 1e-3, 7.0, 0.0]), &[], 5);
    let sum = b.node(Op::Elementwise(Arithmetic::Add), &[constant, 0], 5);
    b.show(sum);
    let graph = b.finish();
    let quant = quantized(&graph, (-6.0, 6.0), FeatureMode::Exact, 10);
    check(&graph, &quant, &rows(3, 5, (-6.0, 6.0), 40));
}

#[test]
fn dense_layers_of_all_widths() {
    let mut random = Random::new(4);
    for (bits, keep) in [(6, true), (9, true), (12, false)] {
        let mut b = Builder::new(11, DType::F64);
        // More lanes than a felt holds, one row, a Relu that is read twice, a plain rescale.
        let first = b.dense(&mut random, 0, 29, 0.5);
        let active = b.unary(Unary::Relu, first);
        let second = b.dense(&mut random, active, 13, 0.3);
        let leaky = b.unary(Unary::LeakyRelu { alpha: 0.01 }, second);
        let third = b.dense(&mut random, leaky, 7, 0.3);
        let twice = b.unary(Unary::Relu, third);
        b.show(twice);
        let linear = b.dense(&mut random, twice, 8, 0.4);
        let one = b.dense(&mut random, linear, 1, 0.4);
        b.show(one);
        let curved = b.unary(Unary::Tanh, linear);
        let scores = b.dense(&mut random, curved, 4, 1.0);
        b.show(scores);
        let label = b.node(Op::ArgMax { select_last: false }, &[scores], 1);
        b.show(label);
        let graph = b.finish();
        let spec = InputSpec {
            declared: vec![(-2.0, 2.0); 11],
            typical: vec![(-1.0, 1.0); 11],
            features: FeatureMode::Exact,
        };
        let mut precision = Precision::uniform(bits, 6);
        if !keep {
            precision.activation_bits = vec![None; 6];
        }
        let quant = lower(&graph, &spec, &precision, &vec![0.0; graph.nodes.len()]).unwrap();
        check(&graph, &quant, &rows(5, 11, (-2.0, 2.0), 12));
    }
}

/// Convolutions and pools: matrices of zeros but for a window, and the larger of several elements.
#[test]
fn layers_that_read_parts_of_their_input() {
    const SIDE: usize = 8;
    const CHANNELS: usize = 5;
    let mut random = Random::new(11);
    let mut b = Builder::new(SIDE * SIDE, DType::F64);
    let out = SIDE - 2;
    let kernel: Vec<f64> = (0..CHANNELS * 9).map(|_| random.uniform()).collect();
    let mut weights = vec![0.0; out * out * CHANNELS * SIDE * SIDE];
    for position in 0..out * out {
        for channel in 0..CHANNELS {
            for tap in 0..9 {
                let place = (position / out + tap / 3) * SIDE + position % out + tap % 3;
                let row = position * CHANNELS + channel;
                weights[row * SIDE * SIDE + place] = kernel[channel * 9 + tap];
            }
        }
    }
    let rows = out * out * CHANNELS;
    let bias = (0..rows).map(|row| kernel[row % CHANNELS]).collect();
    let conv = b.node(Op::Dense { weights, bias }, &[0], rows);
    let active = b.unary(Unary::Relu, conv);
    let half = out / 2;
    let mut most: Option<ValueId> = None;
    for tap in 0..4 {
        let place = |at: usize| {
            let (position, channel) = (at / CHANNELS, at % CHANNELS);
            let (row, column) = (position / half * 2 + tap / 2, position % half * 2 + tap % 2);
            (row * out + column) * CHANNELS + channel
        };
        let picked = (0..half * half * CHANNELS).map(place).collect();
        let next = b.node(Op::Gather(picked), &[active], half * half * CHANNELS);
        most = Some(match most {
            None => next,
            Some(most) => {
                let op = Op::Elementwise(Arithmetic::Max);
                b.node(op, &[most, next], half * half * CHANNELS)
            }
        });
    }
    let scores = b.dense(&mut random, most.unwrap(), 4, 0.1);
    b.show(scores);
    let graph = b.finish();
    let quant = quantized(&graph, (0.0, 1.0), FeatureMode::Exact, 8);
    let built = zoo::build(&quant, Some(Shape::Looped.into()), false);
    let in_windows = built.package.files.iter().any(|(_, text)| text.contains("windows("));
    assert!(in_windows, "the first layer reads parts of its input");
    check(&graph, &quant, &rows_within(12, SIDE * SIDE));
}

fn rows_within(seed: u64, len: usize) -> Vec<Vec<f64>> {
    let mut random = Random::new(seed);
    let row = |_| (0..len).map(|_| (random.uniform() + 1.0) / 2.0).collect();
    (0..4).map(row).collect()
}

/// A random tree over `features`, with every kind of test.
fn random_tree(random: &mut Random, features: usize, targets: usize, depth: usize) -> Tree {
    let mut nodes = Vec::new();
    grow(random, features, targets, depth, &mut nodes);
    Tree { nodes }
}

fn pick(random: &mut Random, n: usize) -> usize {
    ((random.uniform() + 1.0) / 2.0 * n as f64) as usize % n
}

fn grow(
    random: &mut Random,
    features: usize,
    targets: usize,
    depth: usize,
    nodes: &mut Vec<TreeNode>,
) -> usize {
    let at = nodes.len();
    if depth == 0 {
        let weight = |target| {
            let (named, weight) = (random.uniform() > -0.5, f64::from(random.uniform() as f32));
            named.then_some((target, weight))
        };
        let named: Vec<_> = (0..targets).filter_map(weight).collect();
        nodes.push(TreeNode::Leaf(named));
        return at;
    }
    nodes.push(TreeNode::Leaf(vec![]));
    let t = (random.uniform() * 8.0).round() / 2.0;
    let test = match pick(random, 7) {
        0 => Test::LessOrEqual(t),
        1 => Test::Less(t),
        2 => Test::GreaterOrEqual(t),
        3 => Test::Greater(t),
        4 => Test::Equal(t),
        5 => Test::NotEqual(t),
        _ => Test::Member(vec![t, t + 1.0, t - 0.5]),
    };
    let (feature, missing_is_true) = (pick(random, features), random.uniform() > 0.0);
    let shallower = |random: &mut Random| if random.uniform() > 0.6 { 0 } else { depth - 1 };
    let left = shallower(random);
    let on_true = grow(random, features, targets, left, nodes);
    let right = shallower(random);
    let on_false = grow(random, features, targets, right, nodes);
    nodes[at] = TreeNode::Branch { feature, test, missing_is_true, on_true, on_false };
    at
}

fn ensemble(random: &mut Random, targets: usize, aggregate: Aggregate) -> TreeEnsemble {
    TreeEnsemble {
        trees: (0..5).map(|_| random_tree(random, 4, targets, 4)).collect(),
        n_targets: targets,
        base: (0..targets).map(|_| f64::from(random.uniform() as f32)).collect(),
        aggregate,
        dtype: DType::F32,
    }
}

/// Rows of halves, so that equality tests are met, with some missing values.
fn tree_rows(missing: bool) -> Vec<Vec<f64>> {
    let mut random = Random::new(6);
    (0..120)
        .map(|_| {
            (0..4)
                .map(|_| match random.uniform() {
                    x if missing && x > 0.7 => f64::NAN,
                    x => (x * 10.0).round() / 2.0,
                })
                .collect()
        })
        .collect()
}

#[test]
fn trees_are_exact_in_every_mode_and_aggregate() {
    let mut random = Random::new(7);
    let mut b = Builder::new(4, DType::F32);
    for (targets, aggregate) in [
        (1, Aggregate::Sum),
        (3, Aggregate::Sum),
        (20, Aggregate::Sum),
        (2, Aggregate::Min),
        (2, Aggregate::Max),
    ] {
        let trees = ensemble(&mut random, targets, aggregate);
        let y = b.node(Op::Trees(trees), &[0], targets);
        b.show(y);
    }
    let graph = b.finish();
    let quant = quantized(&graph, (-6.0, 6.0), FeatureMode::Exact, 10);
    assert!(matches!(quant.input.encoding, Encoding::Ordered { missing: true, .. }));
    let rows = tree_rows(true);
    check(&graph, &quant, &rows);
    // Not merely near: the same leaf in every tree.
    for row in &rows {
        let ours = quant.predict(row).unwrap().outputs;
        let theirs = eval::evaluate(&graph, row).unwrap();
        for (a, b) in ours.iter().flatten().zip(theirs.iter().flatten()) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b} on {row:?}");
        }
    }
}

#[test]
fn trees_behind_a_scaler_and_on_fixed_point_features() {
    let mut random = Random::new(8);
    let mut b = Builder::new(4, DType::F32);
    // Falling and rising features, and a rounding that merges neighbours.
    let scaler =
        Op::Scaler { offset: vec![0.1, -3.0, 0.7, 1e4], scale: vec![-1.3, 0.5, 1e-3, 7.0] };
    let scaled = b.node(scaler, &[0], 4);
    let moved = b.node(Op::Gather(vec![3, 1, 0, 2]), &[scaled], 4);
    let trees = ensemble(&mut random, 3, Aggregate::Sum);
    let y = b.node(Op::Trees(trees), &[moved], 3);
    b.show(y);
    let graph = b.finish();
    let quant = quantized(&graph, (-6.0, 6.0), FeatureMode::Exact, 10);
    check(&graph, &quant, &tree_rows(true));
    for row in &tree_rows(true) {
        let (ours, theirs) = (quant.predict(row).unwrap(), eval::evaluate(&graph, row).unwrap());
        for (a, b) in ours.outputs[0].iter().zip(&theirs[0]) {
            assert!((a - b).abs() < 1e-5, "{a} is not {b} on {row:?}");
        }
    }
    let fixed = quantized(&graph, (-6.0, 6.0), FeatureMode::Fixed, 12);
    assert!(matches!(fixed.input.encoding, Encoding::Fixed { .. }));
    check(&graph, &fixed, &tree_rows(false));
}

/// Three targets whose sums share a felt, and no other use of an integer as a felt.
#[test]
fn packed_targets_alone_compile() {
    let leaf = |x: f64| TreeNode::Leaf(vec![(0, x), (1, -x), (2, 2.0 * x)]);
    let test = Test::LessOrEqual(0.5);
    let branch =
        TreeNode::Branch { feature: 0, test, missing_is_true: false, on_true: 1, on_false: 2 };
    let trees = vec![Tree { nodes: vec![branch, leaf(1.5), leaf(-0.25)] }];
    let (base, aggregate, dtype) = (vec![0.0; 3], Aggregate::Sum, DType::F32);
    let mut b = Builder::new(1, DType::F32);
    let ensemble = TreeEnsemble { trees, n_targets: 3, base, aggregate, dtype };
    let sums = b.node(Op::Trees(ensemble), &[0], 3);
    b.show(sums);
    let graph = b.finish();
    let quant = quantized(&graph, (-4.0, 4.0), FeatureMode::Exact, 16);
    check(&graph, &quant, &[vec![0.5], vec![0.75], vec![-3.0]]);
}

/// Every feature has a range of its own, and there are more of them than one function reads.
#[test]
fn many_features_are_read_in_parts() {
    const N: usize = 330;
    let mut random = Random::new(21);
    for rows_out in [1, 20] {
        let mut b = Builder::new(N, DType::F32);
        let hidden = b.dense(&mut random, 0, rows_out, 0.5);
        if let Op::Dense { weights, .. } = &mut b.0.nodes[hidden].op {
            // Features that no weight reads are checked all the same.
            for row in weights.chunks_mut(N) {
                row[5] = 0.0;
                row[64..130].fill(0.0);
            }
        }
        let relu = b.unary(Unary::Relu, hidden);
        let out = b.dense(&mut random, relu, 2, 0.5);
        b.show(out);
        let graph = b.finish();
        let declared: Vec<_> = (0..N).map(|i| (-1.0 - i as f64 / 100.0, 1.0)).collect();
        let (typical, features) = (declared.clone(), FeatureMode::Fixed);
        let spec = InputSpec { declared: declared.clone(), typical, features };
        let observed = vec![0.0; graph.nodes.len()];
        let quant = lower(&graph, &spec, &Precision::uniform(8, 2), &observed).unwrap();
        let lowest = declared.iter().map(|range| range.0).collect();
        check(&graph, &quant, &[vec![0.25; N], lowest, vec![1.0; N]]);
        let built = zoo::build(&quant, Some(Shape::Unrolled.into()), false);
        let looped = zoo::build(&quant, Some(Shape::Looped.into()), false);
        for feature in [0, 5, 63, 64, N - 1] {
            let mut row = quant.input.encode(&vec![0.25; N]).unwrap();
            row[feature] = quant.input.ranges[feature].hi + 1;
            for program in [&built.program, &looped.program] {
                let error = zoo::refusal(program, &row);
                assert!(error.contains("input out of range"), "{feature}: {error}");
            }
        }
    }
}

#[test]
fn the_largest_elements_and_what_they_point_at() {
    let mut random = Random::new(41);
    let mut b = Builder::new(6, DType::F64);
    let x = b.dense(&mut random, 0, 5, 1.0);
    for largest in [true, false] {
        for show in [TopK::Values, TopK::Indices] {
            let top = b.node(Op::TopK { largest, show }, &[x], 3);
            b.show(top);
        }
    }
    // A dictionary over the position of the largest element.
    let index = b.node(Op::ArgMax { select_last: false }, &[x], 1);
    let leaf = |weight: f64| TreeNode::Leaf(vec![(0, weight), (1, -weight)]);
    let branch = |test, on_true, on_false| TreeNode::Branch {
        feature: 0,
        test,
        missing_is_true: false,
        on_true,
        on_false,
    };
    let nodes = vec![
        branch(Test::LessOrEqual(1.5), 1, 4),
        branch(Test::Equal(1.0), 2, 3),
        leaf(0.25),
        leaf(3.0),
        leaf(-1.5),
    ];
    let (base, aggregate, dtype) = (vec![0.5, 0.0], Aggregate::Sum, DType::F64);
    let ensemble =
        TreeEnsemble { trees: vec![Tree { nodes }], n_targets: 2, base, aggregate, dtype };
    let found = b.node(Op::Trees(ensemble), &[index], 2);
    b.show(found);
    let graph = b.finish();
    let quant = quantized(&graph, (-2.0, 2.0), FeatureMode::Exact, 9);
    check(&graph, &quant, &rows(5, 6, (-2.0, 2.0), 12));
}
