//! Every operation against the reference, at the ends of its ranges and between.

#![allow(clippy::unwrap_used)]

mod common;

use common::{graph, satisfied};
use nilometer_transpiler::graph::Aggregate;
use nilometer_transpiler::quant::{
    Branch, KeyTest, QuantOp, QuantTree, QuantTreeNode, QuantTrees, Range, Table, TableFunction,
};

/// Inputs at both ends of the ranges and between.
fn samples(ranges: &[(i128, i128)]) -> Vec<Vec<i128>> {
    let at = |f: &dyn Fn(usize, i128, i128) -> i128| -> Vec<i128> {
        ranges.iter().enumerate().map(|(i, &(lo, hi))| f(i, lo, hi)).collect()
    };
    let mut all = vec![
        at(&|_, lo, _| lo),
        at(&|_, _, hi| hi),
        at(&|i, lo, hi| if i % 2 == 0 { lo } else { hi }),
        at(&|i, lo, hi| if i % 2 == 0 { hi } else { lo }),
        at(&|_, lo, hi| 0.clamp(lo, hi)),
        at(&|_, lo, hi| (-1).clamp(lo, hi)),
        at(&|_, lo, hi| 1.clamp(lo, hi)),
    ];
    for seed in 0..4_u64 {
        all.push(at(&|i, lo, hi| {
            let random = (seed * 31 + i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            lo + (u128::from(random) * 0x1234_5678_9abc % (hi - lo + 1) as u128) as i128
        }));
    }
    all
}

/// All samples one by one, then in one batch.
fn agrees(ranges: &[(i128, i128)], nodes: &[(QuantOp, &[usize])]) {
    let graph = graph(ranges, nodes, &[]);
    let samples = samples(ranges);
    let compiled = nilometer_tensor::compile(&graph, 1).unwrap();
    for sample in &samples {
        common::satisfied_by(&compiled, std::slice::from_ref(sample));
    }
    satisfied(&graph, &samples[..3]);
}

const SMALL: &[(i128, i128)] = &[(-100, 100), (-7, 3), (0, 50), (5, 9), (-9, -5), (0, 0)];

fn dense(n_inputs: usize, n: usize, most: i64) -> QuantOp {
    let weight = |i: usize| (i as i64 * 7919 % (2 * most + 1)) - most;
    QuantOp::Dense {
        weights: (0..n * n_inputs).map(weight).collect(),
        bias: (0..n).map(|i| i as i128 * 13 - 40).collect(),
    }
}

#[test]
fn dense_layers_and_what_follows_them() {
    agrees(SMALL, &[(dense(6, 9, 20), &[0])]);
    agrees(SMALL, &[(dense(6, 9, 20), &[0]), (QuantOp::Relu, &[1])]);
    agrees(SMALL, &[(dense(6, 9, 20), &[0]), (QuantOp::Shift { bits: 3 }, &[1])]);
    let relu_shift = [
        (dense(6, 40, 20), &[0][..]),
        (QuantOp::Relu, &[1]),
        (QuantOp::Shift { bits: 4 }, &[2]),
        (dense(40, 5, 9), &[3]),
        (QuantOp::Relu, &[4]),
        (dense(5, 3, 1000), &[5]),
    ];
    agrees(SMALL, &relu_shift);
}

#[test]
fn a_layer_of_many_blocks_and_a_layer_of_one_neuron() {
    let ranges = vec![(-3, 3); 11];
    // More groups than a row has cells.
    agrees(&ranges, &[(dense(11, 700, 1 << 30), &[0]), (dense(700, 1, 5), &[1])]);
}

#[test]
fn a_layer_without_bias_and_one_that_is_all_bias() {
    let none = QuantOp::Dense { weights: vec![1, -2, 3, 4, 5, -6], bias: vec![0] };
    agrees(SMALL, &[(none, &[0])]);
    let all = QuantOp::Dense { weights: vec![0; 12], bias: vec![1 << 90, -(1 << 90)] };
    agrees(SMALL, &[(all, &[0])]);
}

#[test]
fn wide_accumulators() {
    let wide = [(-(1 << 62), 1 << 62), (-(1 << 62), (1 << 62) - 1)];
    let op = || QuantOp::Dense {
        weights: vec![i64::MAX / 128, i64::MIN / 128, -3, i64::MAX / 128],
        bias: vec![7, -(1 << 100)],
    };
    agrees(&wide, &[(op(), &[0])]);
    agrees(&wide, &[(op(), &[0]), (QuantOp::Relu, &[1]), (QuantOp::Shift { bits: 60 }, &[2])]);
    agrees(&wide, &[(op(), &[0]), (QuantOp::Shift { bits: 100 }, &[1])]);
}

#[test]
fn elements() {
    let ops = [
        QuantOp::Scale { mul: vec![1, -2, 3, 0, 1 << 40, 5], add: vec![0, 1, -1, 1 << 80, 5, 6] },
        QuantOp::Shift { bits: 0 },
        QuantOp::Shift { bits: 1 },
        QuantOp::Shift { bits: 5 },
        QuantOp::Relu,
        QuantOp::LeakyRelu { slope: 41, bits: 12 },
        QuantOp::LeakyRelu { slope: -41, bits: 3 },
        QuantOp::Clip { lo: -5, hi: 7 },
        QuantOp::Clip { lo: 6, hi: 6 },
        QuantOp::Clip { lo: -(1 << 100), hi: 1 << 100 },
        QuantOp::Abs,
        QuantOp::Greater { threshold: 0 },
        QuantOp::Greater { threshold: -6 },
        QuantOp::Greater { threshold: 1 << 119 },
        QuantOp::Truncate { bits: 0 },
        QuantOp::Truncate { bits: 2 },
        QuantOp::Sum,
        QuantOp::Max,
        QuantOp::SubMax,
        QuantOp::ArgMax { select_last: false },
        QuantOp::ArgMax { select_last: true },
        QuantOp::Gather(vec![3, 0, 0, 5]),
        QuantOp::Constant(vec![4, -4]),
    ];
    for op in ops {
        let inputs: &[usize] = if matches!(op, QuantOp::Constant(_)) { &[] } else { &[0] };
        agrees(SMALL, &[(op, inputs)]);
    }
}

#[test]
fn ties_of_the_largest() {
    let equal = [(3, 3), (3, 3), (2, 3), (3, 3)];
    for select_last in [false, true] {
        agrees(&equal, &[(QuantOp::ArgMax { select_last }, &[0])]);
    }
}

#[test]
fn pairs() {
    let reversed: &[usize] = &[0];
    for op in [QuantOp::Add, QuantOp::Sub, QuantOp::Mul, QuantOp::Larger, QuantOp::MaskZero] {
        let gather = QuantOp::Gather(vec![5, 4, 3, 2, 1, 0]);
        agrees(SMALL, &[(gather, reversed), (op.clone(), &[0, 1])]);
        agrees(SMALL, &[(QuantOp::Gather(vec![1]), reversed), (op, &[0, 1])]);
    }
    agrees(SMALL, &[(QuantOp::Mul, &[0, 0])]);
    agrees(SMALL, &[(QuantOp::Abs, &[0]), (QuantOp::Concat, &[0, 1, 0])]);
}

#[test]
fn division_and_roots() {
    let sizes = [
        (QuantOp::Abs, &[0][..]),
        (QuantOp::Sum, &[1]),
        (QuantOp::Clip { lo: 1, hi: 1 << 120 }, &[2]),
    ];
    for bits in [0, 3, 16] {
        let op = (QuantOp::Div { bits }, &[0, 3][..]);
        agrees(SMALL, &[sizes[0].clone(), sizes[1].clone(), sizes[2].clone(), op]);
    }
    agrees(SMALL, &[(QuantOp::Abs, &[0]), (QuantOp::Sqrt, &[1])]);
    // Squares, and one less.
    agrees(&[(0, 0), (1, 1), (24, 25), (1 << 60, 1 << 60)], &[(QuantOp::Sqrt, &[0])]);
    agrees(&[((1 << 60) - 1, 1 << 60), (0, (1 << 118) - 1)], &[(QuantOp::Sqrt, &[0])]);
}

#[test]
fn functions_by_table() {
    for function in [TableFunction::Sigmoid, TableFunction::Tanh, TableFunction::Exp] {
        let range = Range { lo: -300_000, hi: 40_000 };
        let table = Table::build(function, range, 15, 16, 64);
        agrees(&[(-300_000, 40_000), (-10, 10)], &[(QuantOp::Lookup(table), &[0])]);
        let table = Table::build(function, Range { lo: -100, hi: 60 }, 4, 10, 256);
        agrees(&[(-100, 60), (-90, 5)], &[(QuantOp::Lookup(table), &[0])]);
    }
}

fn leaf(weights: &[(usize, i128)]) -> QuantTreeNode {
    QuantTreeNode::Leaf(weights.to_vec())
}

fn branch(feature: usize, test: KeyTest, on_true: usize, on_false: usize) -> QuantTreeNode {
    QuantTreeNode::Branch(Branch { feature, test, on_true, on_false })
}

fn at_most(bound: i128, missing_fails: bool) -> KeyTest {
    KeyTest::AtMost { bound, missing_fails }
}

fn ensemble(aggregate: Aggregate, missing: Option<i128>) -> QuantTrees {
    let trees = vec![
        QuantTree {
            nodes: vec![
                branch(0, at_most(-100, true), 1, 2),
                branch(1, at_most(0, false), 3, 4),
                branch(2, KeyTest::OneOf(vec![0, 3, 17, 49]), 4, 5),
                leaf(&[(0, -5), (1, 7)]),
                leaf(&[(1, 9)]),
                branch(0, at_most(50, true), 6, 7),
                leaf(&[(0, 1 << 40)]),
                leaf(&[(0, 3), (1, -(1 << 40)), (2, 4)]),
            ],
        },
        QuantTree { nodes: vec![leaf(&[(2, 11)])] },
        QuantTree {
            nodes: vec![
                branch(0, KeyTest::OneOf(vec![-100, 100]), 1, 2),
                leaf(&[(0, 2)]),
                leaf(&[(1, 2), (2, -2)]),
            ],
        },
        QuantTree {
            nodes: vec![
                branch(3, KeyTest::OneOf(vec![]), 1, 2),
                leaf(&[(0, 1)]),
                branch(3, at_most(1 << 100, false), 3, 3),
                leaf(&[]),
            ],
        },
    ];
    QuantTrees { trees, n_targets: 3, base: vec![100, 0, -1], aggregate, missing }
}

#[test]
fn trees_of_all_aggregates() {
    for aggregate in [Aggregate::Sum, Aggregate::Min, Aggregate::Max] {
        for missing in [None, Some(-100)] {
            let ranges = [(-100, 100), (-100, 100), (-100, 50), (-100, 5)];
            agrees(&ranges, &[(QuantOp::Trees(ensemble(aggregate, missing)), &[0])]);
        }
    }
}

#[test]
fn several_ensembles_and_tables_share_the_numbers() {
    let trees = || QuantOp::Trees(ensemble(Aggregate::Sum, None));
    let ranges = [(-100, 100), (-100, 100), (-100, 50), (-100, 5)];
    let tanh = Table::build(TableFunction::Tanh, Range { lo: -100, hi: 100 }, 4, 10, 16);
    let exp = Table::build(TableFunction::Exp, Range { lo: -100, hi: 20 }, 4, 10, 16);
    agrees(
        &ranges,
        &[
            (trees(), &[0]),
            (QuantOp::Lookup(tanh), &[0]),
            (trees(), &[2]),
            (QuantOp::Clip { lo: -100, hi: 20 }, &[3]),
            (QuantOp::Lookup(exp), &[4]),
            (QuantOp::Concat, &[1, 2, 3, 5]),
        ],
    );
}
