//! The cases that were once wrong, or said nothing.

use nilometer_transpiler::graph::{
    Aggregate, Arithmetic, DType, Feature, Graph, Norm, Op, Test, Tree, TreeEnsemble, TreeNode,
    Unary,
};
use nilometer_transpiler::plan::{plan, PlanOptions};
use nilometer_transpiler::quant::{lower, FeatureMode, InputSpec, Precision, QuantGraph};

use super::cases::{gelu, Builder};
use super::climb::{worst, Random};

fn bound(graph: &QuantGraph) -> f64 {
    graph.nodes[graph.outputs[0].value].error.expect("a bound is known")
}

fn quantised(graph: &Graph, range: (f64, f64), bits: u32) -> QuantGraph {
    let len = graph.input.len;
    let spec = InputSpec {
        declared: vec![range; len],
        typical: vec![range; len],
        features: FeatureMode::Exact,
    };
    lower(graph, &spec, &Precision::uniform(bits, 8), &vec![0.0; graph.nodes.len()]).unwrap()
}

/// The real value lies up to the input's error beyond the range of its integers, where exp is steeper.
#[test]
fn exp_is_bounded_beyond_its_range() {
    let mut b = Builder::new(1);
    let y = b.unary(Unary::Exp, 0);
    let graph = b.graph(y);
    for max_loss in [0.005, 0.2] {
        let options =
            PlanOptions { input_range: Some((0.0, 16.0)), max_loss, ..PlanOptions::default() };
        let plan = plan(&graph, None, &options).unwrap();
        let (found, row) = worst(&graph, &plan.graph, &mut Random(1), 400);
        assert!(found <= bound(&plan.graph), "{found} at {row:?}");
        assert!(found > 0.8 * bound(&plan.graph), "{found} of {}", bound(&plan.graph));
    }
}

#[test]
fn a_quotient_is_bounded_by_its_least_real_divisor() {
    let mut b = Builder::new(2);
    let one = b.push(Op::Gather(vec![0]), &[0], 1);
    let other = b.push(Op::Gather(vec![1]), &[0], 1);
    let other = b.unary(Unary::Clip { min: 1.0, max: 4.0 }, other);
    let y = b.pair(Arithmetic::Div, one, other);
    let graph = b.graph(y);
    for bits in [4, 5, 6, 9] {
        let fixed = quantised(&graph, (0.0, 4.0), bits);
        let (found, row) = worst(&graph, &fixed, &mut Random(7), 600);
        assert!(found <= bound(&fixed), "{bits}: {found} at {row:?}");
    }
}

/// Every factor of a product depends on the one element: intervals alone bound that by 70,000.
#[test]
fn gates_are_bounded_by_what_they_do() {
    for (name, most) in [("gelu", 2.0), ("silu", 2.0)] {
        let mut random = Random(3);
        let mut b = Builder::new(8);
        let hidden = b.dense(0, 16, 1.0, &mut random);
        let hidden = if name == "gelu" {
            gelu(&mut b, hidden)
        } else {
            let gate = b.unary(Unary::Sigmoid, hidden);
            b.pair(Arithmetic::Mul, hidden, gate)
        };
        let y = b.dense(hidden, 3, 0.5, &mut random);
        let graph = b.graph(y);
        let fixed = quantised(&graph, (-10.0, 10.0), 8);
        let (found, _) = worst(&graph, &fixed, &mut random, 400);
        let bound = bound(&fixed);
        assert!(found <= bound && bound < 8.0 * found.max(most), "{name}: {found} {bound}");
    }
}

/// Whole numbers are not rounded: what trees decide by them is exact, and so is a bound behind them.
#[test]
fn dictionaries_of_whole_numbers_are_bounded() {
    let mut random = Random(5);
    let mut b = Builder::new(2);
    let leaf = |target: usize| TreeNode::Leaf(vec![(target, 0.3), (2, -1.7 * target as f64)]);
    let branch = |test, on_true, on_false| TreeNode::Branch {
        feature: 1,
        test,
        missing_is_true: false,
        on_true,
        on_false,
    };
    let nodes = vec![
        branch(Test::LessOrEqual(1.5), 1, 4),
        branch(Test::Equal(1.0), 2, 3),
        leaf(0),
        leaf(1),
        leaf(1),
    ];
    let ensemble = TreeEnsemble {
        trees: vec![Tree { nodes }],
        n_targets: 3,
        base: vec![0.1; 3],
        aggregate: Aggregate::Sum,
        dtype: DType::F64,
    };
    let looked_up = b.push(Op::Trees(ensemble), &[0], 3);
    let all = b.push(Op::Concat, &[looked_up, 0], 5);
    let y = b.dense(all, 2, 1.0, &mut random);
    let mut graph = b.graph(y);
    let rounded = quantised(&graph, (0.0, 3.0), 6);
    assert_eq!(rounded.nodes[rounded.outputs[0].value].error, None);
    let whole = Feature { whole: true, limits: Some((0.0, 3.0)), ..Feature::default() };
    graph.input.features = vec![Feature::default(), whole];
    for bits in [4, 6, 10] {
        let fixed = quantised(&graph, (0.0, 3.0), bits);
        let (found, row) = worst(&graph, &fixed, &mut random, 400);
        assert!(found <= bound(&fixed), "{bits}: {found} at {row:?}");
        assert!(found > 0.1 * bound(&fixed), "{bits}: {found} of {}", bound(&fixed));
    }
}

/// Probabilities and directions: no bound is larger than what the function can be.
#[test]
fn bounds_stop_at_the_functions_own_range() {
    for bits in [3, 8] {
        for head in ["softmax", "sigmoid", "l2", "l1", "tanh"] {
            let mut random = Random(11);
            let mut b = Builder::new(6);
            let mut x = b.dense(0, 12, 3.0, &mut random);
            for _ in 0..4 {
                x = b.unary(Unary::Relu, x);
                x = b.dense(x, 12, 3.0, &mut random);
            }
            let (y, most) = match head {
                "softmax" => (b.push(Op::Softmax, &[x], 12), 1.0),
                "sigmoid" => (b.unary(Unary::Sigmoid, x), 1.0),
                "l2" => (b.push(Op::Normalize(Norm::L2), &[x], 12), 2.0),
                "l1" => (b.push(Op::Normalize(Norm::L1), &[x], 12), 2.0),
                _ => (b.unary(Unary::Tanh, x), 2.0),
            };
            let behind = b.constant(Arithmetic::Mul, y, 10.0, false);
            let graph = b.graph(behind);
            let fixed = quantised(&graph, (-10.0, 10.0), bits);
            let bound = bound(&fixed);
            assert!(bound <= 10.0 * most * (1.0 + 1e-3), "{head} of {bits} bits: {bound}");
        }
    }
}
