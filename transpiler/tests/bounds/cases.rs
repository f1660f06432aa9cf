//! Random graphs of every operator.

use std::collections::BTreeSet;

use nilometer_transpiler::graph::{
    Aggregate, Arithmetic, DType, Graph, Input, Node, Norm, Op, Output, OutputKind, Reduction,
    Test, TopK, Tree, TreeEnsemble, TreeNode, Unary,
};
use nilometer_transpiler::quant::{
    lower, FeatureMode, InputSpec, LowerError, Precision, QuantGraph, QuantOp,
};

use super::climb::{worst, Random};

/// A graph under construction.
pub struct Builder(pub Vec<Node>);

impl Builder {
    pub fn new(features: usize) -> Self {
        Self(vec![Node { name: "x".into(), op: Op::Input, inputs: vec![], len: features }])
    }

    pub fn push(&mut self, op: Op, inputs: &[usize], len: usize) -> usize {
        let name = format!("n{}", self.0.len());
        self.0.push(Node { name, op, inputs: inputs.to_vec(), len });
        self.0.len() - 1
    }

    pub fn unary(&mut self, unary: Unary, x: usize) -> usize {
        self.push(Op::Unary(unary), &[x], self.0[x].len)
    }

    pub fn pair(&mut self, op: Arithmetic, a: usize, b: usize) -> usize {
        self.push(Op::Elementwise(op), &[a, b], self.0[a].len)
    }

    pub fn constant(&mut self, op: Arithmetic, x: usize, constant: f64, first: bool) -> usize {
        let constant = vec![constant; self.0[x].len];
        let len = constant.len();
        self.push(Op::WithConstant { op, constant, constant_first: first }, &[x], len)
    }

    pub fn dense(&mut self, x: usize, rows: usize, size: f64, random: &mut Random) -> usize {
        let cols = self.0[x].len;
        let weights = (0..rows * cols).map(|_| random.between(-size, size)).collect();
        let bias = (0..rows).map(|_| random.between(-1.0, 1.0)).collect();
        self.push(Op::Dense { weights, bias }, &[x], rows)
    }

    pub fn graph(self, value: usize) -> Graph {
        let len = self.0[0].len;
        let kind = OutputKind::Numbers { classes: None };
        Graph {
            name: "case".into(),
            input: Input { name: "x".into(), len, dtype: DType::F64, features: vec![] },
            nodes: self.0,
            outputs: vec![Output { name: "y".into(), value, kind }],
        }
    }
}

/// Every operator, each as what is put behind an input or a dense layer.
const OPERATORS: [&str; 64] = [
    "dense",
    "dense deep",
    "scaler",
    "add constant",
    "sub from constant",
    "mul constant",
    "div constant",
    "constant div",
    "add",
    "sub",
    "mul",
    "square",
    "div",
    "div negative",
    "relu",
    "leaky",
    "leaky steep",
    "clip",
    "sigmoid",
    "tanh",
    "exp",
    "probit",
    "abs",
    "neg",
    "sqrt",
    "binarize",
    "truncate",
    "to bool",
    "softmax",
    "softmax zero",
    "l1",
    "l2",
    "max",
    "gather",
    "concat",
    "argmax",
    "impute",
    "largest",
    "smallest",
    "silu",
    "gelu",
    "tree sums",
    "log",
    "log wide",
    "erf",
    "softplus",
    "floor",
    "round",
    "larger",
    "smaller",
    "larger constant",
    "sum",
    "maximum",
    "log sum exp",
    "log softmax",
    "gelu erf",
    "elu",
    "mish",
    "hard swish",
    "soft sign",
    "power",
    "layer norm",
    "pool",
    "where",
];

fn apply(name: &str, b: &mut Builder, x: usize, random: &mut Random) -> usize {
    let len = b.0[x].len;
    let positive = |b: &mut Builder, x: usize, random: &mut Random| match random.below(3) {
        0 => {
            let min = random.between(0.05, 0.6);
            b.unary(Unary::Clip { min, max: 3.0 }, x)
        }
        1 => {
            let squared = b.pair(Arithmetic::Mul, x, x);
            b.constant(Arithmetic::Add, squared, 0.3, false)
        }
        _ => {
            let size = b.unary(Unary::Sigmoid, x);
            b.constant(Arithmetic::Add, size, 0.05, false)
        }
    };
    match name {
        "dense" => b.dense(x, 2, 2.0, random),
        "dense deep" => {
            let hidden = b.dense(x, 4, 1.0, random);
            let hidden = b.unary(Unary::Relu, hidden);
            let hidden = b.dense(hidden, 3, 1.0, random);
            let hidden = b.unary(Unary::Tanh, hidden);
            b.dense(hidden, 2, 1.0, random)
        }
        "scaler" => {
            let offset = (0..len).map(|_| random.between(-3.0, 3.0)).collect();
            let scale = (0..len).map(|_| random.between(-2.0, 2.0)).collect();
            b.push(Op::Scaler { offset, scale }, &[x], len)
        }
        "add constant" => b.constant(Arithmetic::Add, x, random.between(-5.0, 5.0), false),
        "sub from constant" => b.constant(Arithmetic::Sub, x, random.between(-5.0, 5.0), true),
        "mul constant" => b.constant(Arithmetic::Mul, x, random.between(-5.0, 5.0), false),
        "div constant" => b.constant(Arithmetic::Div, x, random.between(-5.0, -0.01), false),
        "constant div" => {
            let x = positive(b, x, random);
            b.constant(Arithmetic::Div, x, random.between(-5.0, 5.0), true)
        }
        "add" | "sub" | "mul" => {
            let (p, q) = (b.dense(x, 2, 1.0, random), b.dense(x, 2, 1.0, random));
            let op = match name {
                "add" => Arithmetic::Add,
                "sub" => Arithmetic::Sub,
                _ => Arithmetic::Mul,
            };
            b.pair(op, p, q)
        }
        "square" => b.pair(Arithmetic::Mul, x, x),
        "div" | "div negative" => {
            let (p, q) = (b.dense(x, 2, 1.0, random), b.dense(x, 2, 1.0, random));
            let mut q = positive(b, q, random);
            if name == "div negative" {
                q = b.unary(Unary::Neg, q);
            }
            b.pair(Arithmetic::Div, p, q)
        }
        "relu" => b.unary(Unary::Relu, x),
        "leaky" => b.unary(Unary::LeakyRelu { alpha: random.between(-0.3, 0.4) }, x),
        "leaky steep" => b.unary(Unary::LeakyRelu { alpha: random.between(1.0, 3.0) }, x),
        "clip" => {
            let min = random.between(-1.0, 0.2);
            let open = random.next() < 0.3;
            let max = if open { f64::INFINITY } else { min + random.between(0.0, 1.0) };
            b.unary(Unary::Clip { min, max }, x)
        }
        "sigmoid" => b.unary(Unary::Sigmoid, x),
        "tanh" => b.unary(Unary::Tanh, x),
        "exp" => b.unary(Unary::Exp, x),
        "probit" => {
            let inner = if random.next() < 0.5 {
                b.unary(Unary::Clip { min: 0.03, max: 0.9 }, x)
            } else {
                let narrow = b.unary(Unary::Clip { min: -2.0, max: 2.0 }, x);
                b.unary(Unary::Sigmoid, narrow)
            };
            b.unary(Unary::Probit, inner)
        }
        "abs" => b.unary(Unary::Abs, x),
        "neg" => b.unary(Unary::Neg, x),
        "sqrt" => {
            let inner = match random.below(3) {
                0 => b.unary(Unary::Abs, x),
                1 => b.unary(Unary::Relu, x),
                _ => positive(b, x, random),
            };
            b.unary(Unary::Sqrt, inner)
        }
        "binarize" => b.unary(Unary::Binarize { threshold: random.between(-20.0, 20.0) }, x),
        "truncate" => b.unary(Unary::Truncate, x),
        "to bool" => b.unary(Unary::ToBool, x),
        "softmax" => b.push(Op::Softmax, &[x], len),
        "softmax zero" => b.push(Op::SoftmaxZero, &[x], len),
        "l1" => b.push(Op::Normalize(Norm::L1), &[x], len),
        "l2" => {
            let x = if random.next() < 0.5 { x } else { positive(b, x, random) };
            b.push(Op::Normalize(Norm::L2), &[x], len)
        }
        "max" => {
            let x =
                if random.next() < 0.5 { positive(b, x, random) } else { b.unary(Unary::Relu, x) };
            b.push(Op::Normalize(Norm::Max), &[x], len)
        }
        "gather" => b.push(Op::Gather(vec![1, 0, 1]), &[x], 3),
        "concat" => {
            let other = b.unary(Unary::Sigmoid, x);
            b.push(Op::Concat, &[x, other], 2 * len)
        }
        "argmax" => {
            let index = b.push(Op::ArgMax { select_last: false }, &[x], 1);
            b.constant(Arithmetic::Mul, index, 2.0, false)
        }
        "impute" => b.push(Op::Impute(vec![0.5; len]), &[x], len),
        "largest" | "smallest" => {
            let largest = name == "largest";
            b.push(Op::TopK { largest, show: TopK::Values }, &[x], 2)
        }
        "silu" => {
            let gate = b.unary(Unary::Sigmoid, x);
            b.pair(Arithmetic::Mul, x, gate)
        }
        "gelu" => gelu(b, x),
        "log" => {
            let x = positive(b, x, random);
            b.unary(Unary::Log, x)
        }
        "log wide" => {
            let x = b.unary(Unary::Exp, x);
            let x = b.constant(Arithmetic::Mul, x, 20.0, false);
            let x = b.constant(Arithmetic::Add, x, random.between(0.01, 1.0), false);
            b.unary(Unary::Log, x)
        }
        "erf" => b.unary(Unary::Erf, x),
        "softplus" => b.unary(Unary::Softplus, x),
        "floor" => b.unary(Unary::Floor, x),
        "round" => b.unary(Unary::Round, x),
        "larger" | "smaller" => {
            let (p, q) = (b.dense(x, 2, 1.0, random), b.dense(x, 2, 1.0, random));
            b.pair(if name == "larger" { Arithmetic::Max } else { Arithmetic::Min }, p, q)
        }
        "larger constant" => b.constant(Arithmetic::Max, x, random.between(-0.7, 0.7), false),
        "sum" => b.push(Op::Reduce(Reduction::Sum), &[x], 1),
        "maximum" => b.push(Op::Reduce(Reduction::Max), &[x], 1),
        "log sum exp" => b.push(Op::Reduce(Reduction::LogSumExp), &[x], 1),
        "log softmax" => {
            let sum = b.push(Op::Reduce(Reduction::LogSumExp), &[x], 1);
            let sum = b.push(Op::Gather(vec![0; len]), &[sum], len);
            b.pair(Arithmetic::Sub, x, sum)
        }
        "gelu erf" => {
            let inner = b.constant(Arithmetic::Mul, x, std::f64::consts::FRAC_1_SQRT_2, false);
            let erf = b.unary(Unary::Erf, inner);
            let gate = b.constant(Arithmetic::Add, erf, 1.0, false);
            let half = b.constant(Arithmetic::Mul, x, 0.5, false);
            b.pair(Arithmetic::Mul, half, gate)
        }
        "elu" => {
            let below = b.unary(Unary::Clip { min: f64::NEG_INFINITY, max: 0.0 }, x);
            let power = b.unary(Unary::Exp, below);
            let below = b.constant(Arithmetic::Sub, power, 1.0, false);
            let below = b.constant(Arithmetic::Mul, below, random.between(0.3, 2.0), false);
            let above = b.unary(Unary::Relu, x);
            b.pair(Arithmetic::Add, above, below)
        }
        "mish" => {
            let soft = b.unary(Unary::Softplus, x);
            let gate = b.unary(Unary::Tanh, soft);
            b.pair(Arithmetic::Mul, x, gate)
        }
        "hard swish" => {
            let gate = b.constant(Arithmetic::Mul, x, 1.0 / 6.0, false);
            let gate = b.constant(Arithmetic::Add, gate, 0.5, false);
            let gate = b.unary(Unary::Clip { min: 0.0, max: 1.0 }, gate);
            b.pair(Arithmetic::Mul, x, gate)
        }
        "soft sign" => {
            let size = b.unary(Unary::Abs, x);
            let size = b.constant(Arithmetic::Add, size, 1.0, false);
            b.pair(Arithmetic::Div, x, size)
        }
        "power" => {
            let x = positive(b, x, random);
            let log = b.unary(Unary::Log, x);
            let log = b.constant(Arithmetic::Mul, log, random.between(-1.5, 1.5), false);
            b.unary(Unary::Exp, log)
        }
        "layer norm" => {
            let sum = b.push(Op::Reduce(Reduction::Sum), &[x], 1);
            let sum = b.push(Op::Gather(vec![0; len]), &[sum], len);
            let many = b.constant(Arithmetic::Mul, x, len as f64, false);
            let centred = b.pair(Arithmetic::Sub, many, sum);
            let epsilon = b.push(Op::Constant(vec![random.between(0.1, 2.0)]), &[], 1);
            let joined = b.push(Op::Concat, &[centred, epsilon], len + 1);
            let normal = b.push(Op::Normalize(Norm::L2), &[joined], len + 1);
            let normal = b.push(Op::Gather((0..len).collect()), &[normal], len);
            b.constant(Arithmetic::Mul, normal, (len as f64).sqrt(), false)
        }
        "pool" => {
            let wide = b.dense(x, 8, 1.0, random);
            let mut most = b.push(Op::Gather(vec![0, 4]), &[wide], 2);
            for i in 1..4 {
                let next = b.push(Op::Gather(vec![i, 4 + i]), &[wide], 2);
                most = b.pair(Arithmetic::Max, most, next);
            }
            most
        }
        "where" => {
            let condition = b.unary(Unary::Binarize { threshold: random.between(-0.5, 0.5) }, x);
            let other = b.constant(Arithmetic::Sub, condition, 1.0, true);
            let one = b.pair(Arithmetic::Mul, condition, x);
            let other = b.constant(Arithmetic::Mul, other, 0.3, false);
            b.pair(Arithmetic::Add, one, other)
        }
        "tree sums" => {
            let threshold = random.between(-1.0, 1.0);
            let leaf = |w: f64| TreeNode::Leaf(vec![(0, w), (1, -w / 3.0)]);
            let branch = TreeNode::Branch {
                feature: 0,
                test: Test::LessOrEqual(threshold),
                missing_is_true: false,
                on_true: 1,
                on_false: 2,
            };
            let ensemble = TreeEnsemble {
                trees: (0..3)
                    .map(|i| Tree {
                        nodes: vec![branch.clone(), leaf(0.1 * f64::from(i)), leaf(random.next())],
                    })
                    .collect(),
                n_targets: 2,
                base: vec![0.1, 0.7],
                aggregate: Aggregate::Sum,
                dtype: DType::F64,
            };
            b.push(Op::Trees(ensemble), &[0], 2)
        }
        other => panic!("{other}"),
    }
}

/// `x/2 · (1 + tanh(√(2/π) · (x + 0.044715·x³)))`
pub fn gelu(b: &mut Builder, x: usize) -> usize {
    let square = b.pair(Arithmetic::Mul, x, x);
    let cube = b.pair(Arithmetic::Mul, square, x);
    let cube = b.constant(Arithmetic::Mul, cube, 0.044_715, false);
    let inner = b.pair(Arithmetic::Add, x, cube);
    let inner = b.constant(Arithmetic::Mul, inner, 0.797_884_560_802_865_4, false);
    let tanh = b.unary(Unary::Tanh, inner);
    let gate = b.constant(Arithmetic::Add, tanh, 1.0, false);
    let half = b.constant(Arithmetic::Mul, x, 0.5, false);
    b.pair(Arithmetic::Mul, half, gate)
}

fn case(name: &str, random: &mut Random) -> Result<(Graph, QuantGraph), LowerError> {
    let features = 2 + random.below(2);
    let mut b = Builder::new(features);
    let mut x = 0;
    if random.next() < 0.6 {
        x = b.dense(x, 2 + random.below(2), 1.0, random);
    }
    x = apply(name, &mut b, x, random);
    if random.next() < 0.4 {
        let size = random.between(0.2, 3.0);
        x = b.dense(x, 2, size, random);
    }
    let graph = b.graph(x);
    graph.validate().expect("the case is a valid graph");
    let bits = 3 + random.below(12) as u32;
    let mut precision = Precision::uniform(bits, 4);
    precision.table_bits = 5 + random.below(10) as u32;
    let declared: Vec<(f64, f64)> = (0..features)
        .map(|_| {
            let lo = random.between(-3.0, 2.0);
            (lo, lo + random.between(0.1, 4.0))
        })
        .collect();
    let spread = random.next() < 0.3;
    let typical = declared
        .iter()
        .map(
            |&(lo, hi)| {
                if spread {
                    (lo, lo + (hi - lo) * random.next().powi(3))
                } else {
                    (lo, hi)
                }
            },
        )
        .collect();
    let spec = InputSpec { declared, typical, features: FeatureMode::Exact };
    let observed = vec![0.0; graph.nodes.len()];
    Ok((graph.clone(), lower(&graph, &spec, &precision, &observed)?))
}

fn kind(op: &QuantOp) -> &'static str {
    match op {
        QuantOp::Input => "input",
        QuantOp::Constant(_) => "constant",
        QuantOp::Dense { .. } => "dense",
        QuantOp::Scale { .. } => "scale",
        QuantOp::Shift { .. } => "shift",
        QuantOp::Relu => "relu",
        QuantOp::LeakyRelu { .. } => "leaky",
        QuantOp::Clip { .. } => "clip",
        QuantOp::Abs => "abs",
        QuantOp::Sqrt => "sqrt",
        QuantOp::Greater { .. } => "greater",
        QuantOp::Truncate { .. } => "truncate",
        QuantOp::Lookup(_) => "lookup",
        QuantOp::Add => "add",
        QuantOp::Sub => "sub",
        QuantOp::Mul => "mul",
        QuantOp::Div { .. } => "div",
        QuantOp::Larger => "larger",
        QuantOp::Sum => "sum",
        QuantOp::Max => "max",
        QuantOp::SubMax => "sub max",
        QuantOp::MaskZero => "mask zero",
        QuantOp::ArgMax { .. } => "arg max",
        QuantOp::Gather(_) => "gather",
        QuantOp::Concat => "concat",
        QuantOp::Trees(_) => "trees",
    }
}

#[test]
fn no_row_breaks_a_bound() {
    const GRAPHS: usize = 30;
    const STEPS: usize = 150;
    let mut kinds = BTreeSet::new();
    let mut failures = Vec::new();
    for (index, name) in OPERATORS.iter().enumerate() {
        let mut random = Random(index as u64 + 1);
        let (mut bounded, mut made, mut nearest) = (0, 0, 0.0f64);
        for round in 0..GRAPHS {
            let (float, graph) = match case(name, &mut random) {
                Ok(case) => case,
                // A precision or a range that the operator does not take.
                Err(_) => continue,
            };
            made += 1;
            kinds.extend(graph.nodes.iter().map(|node| kind(&node.op)));
            let Some(bound) = graph.nodes[graph.outputs[0].value].error else { continue };
            bounded += 1;
            let (found, row) = worst(&float, &graph, &mut random, STEPS);
            nearest = nearest.max(found / bound.max(1e-300));
            if found > bound {
                failures.push(format!("{name} {round}: {found} > {bound} at {row:?}"));
            }
        }
        println!("{name}: {bounded} of {made} bounded, nearest {nearest:.3}");
        assert!(made >= GRAPHS / 3, "{name}: {made} graphs");
        let decides = ["binarize", "to bool", "softmax zero", "argmax", "where"].contains(name);
        assert!(decides || bounded * 2 >= made, "{name}: {bounded} of {made} have a bound");
        // A bound that nothing comes near says nothing; a search that finds nothing finds no fault.
        assert!(decides || nearest > 0.2, "{name}: nearest {nearest}");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(kinds.len(), 26, "{kinds:?}");
}
