#![allow(clippy::unwrap_used)]

use nilometer_transpiler::graph::{Aggregate, Labels, OutputKind};
use nilometer_transpiler::quant::{Encoding, QuantInput, QuantOutput};

use super::*;

fn branch(feature: usize, bound: i128, on_true: usize, on_false: usize) -> QuantTreeNode {
    let test = KeyTest::AtMost { bound, missing_fails: false };
    QuantTreeNode::Branch(Branch { feature, test, on_true, on_false })
}

/// `x0 ≤ 2.5`, else.
pub(in super::super) fn stump() -> QuantTree {
    let leaf = |target| QuantTreeNode::Leaf(vec![(target, 8)]);
    QuantTree { nodes: vec![branch(0, 10, 1, 2), leaf(0), leaf(1)] }
}

/// A graph of two features of scale 2² with trees for two classes.
pub(in super::super) fn graph_of_trees(trees: Vec<QuantTree>) -> QuantGraph {
    let ranges = vec![Range { lo: -400, hi: 400 }; 2];
    let count = trees.len() as i128;
    let trees = QuantTrees {
        trees,
        n_targets: 2,
        base: vec![0, 0],
        aggregate: Aggregate::Sum,
        missing: None,
    };
    let node = |op, inputs, scale_log2, ranges| QuantNode {
        name: String::new(),
        op,
        inputs,
        scale_log2,
        ranges,
        error: None,
    };
    let labels = Labels::Strings(vec!["</svg>".to_owned(), "other".to_owned()]);
    QuantGraph {
        name: "t".to_owned(),
        input: QuantInput {
            name: "x".to_owned(),
            encoding: Encoding::Fixed { scale_log2: vec![2, 2] },
            ranges: ranges.clone(),
            features: vec![],
        },
        nodes: vec![
            node(QuantOp::Input, vec![], 0, ranges),
            node(QuantOp::Trees(trees), vec![0], 3, vec![Range { lo: 0, hi: 8 * count }; 2]),
        ],
        outputs: vec![QuantOutput {
            name: "label".to_owned(),
            value: 1,
            kind: OutputKind::Label(labels),
        }],
    }
}

/// A tree of all `2^depth` leaves.
fn full(depth: u32) -> QuantTree {
    let inner = (1usize << depth) - 1;
    let nodes = (0..2 * inner + 1).map(|i| match i < inner {
        true => branch(i % 2, i as i128, 2 * i + 1, 2 * i + 2),
        false => QuantTreeNode::Leaf(vec![(i % 2, 8)]),
    });
    QuantTree { nodes: nodes.collect() }
}

/// A tree that only grows to the right.
fn chain(depth: usize) -> QuantTree {
    let mut nodes: Vec<_> = Vec::new();
    for i in 0..depth {
        nodes.push(branch(0, -399, 2 * i + 1, 2 * i + 2));
        nodes.push(QuantTreeNode::Leaf(vec![(0, 8)]));
    }
    nodes.push(QuantTreeNode::Leaf(vec![(1, 8)]));
    QuantTree { nodes }
}

#[test]
fn tests_are_in_natural_units() {
    let graph = graph_of_trees(vec![stump()]);
    graph.validate().unwrap();
    let svg = Forest::of(&graph).unwrap().draw(0, &[], "t");
    assert!(svg.contains("x0 ≤ 2.5"), "{svg}");
    assert!(svg.contains("&lt;/svg&gt;: 100%") && svg.contains("other: 100%"), "{svg}");
    assert_eq!(svg.matches("</svg>").count(), 1);
}

#[test]
fn the_path_is_marked_and_told() {
    let graph = graph_of_trees(vec![stump()]);
    let forest = Forest::of(&graph).unwrap();
    let path = forest.path(0, &graph.input.encode(&[3.0, 0.0]).unwrap());
    assert_eq!(path, [0, 2]);
    assert_eq!(forest.steps(0, &path), ["x0 ≤ 2.5? no", "other: 100%"]);
    let svg = forest.draw(0, &path, "t");
    assert_eq!(svg.matches(r#"class="on edge""#).count(), 1);
    assert_eq!(svg.matches(r#"class="on node""#).count(), 1);
    assert_eq!(svg.matches(r#"class="on leaf""#).count(), 1);
    assert_eq!(forest.path(0, &[1]), [] as [usize; 0], "a row of another length");
}

#[test]
fn large_trees_are_folded() {
    let graph = graph_of_trees(vec![full(10)]);
    let forest = Forest::of(&graph).unwrap();
    let svg = forest.draw(0, &[], "t");
    // Sixteen subtrees below depth 4.
    assert_eq!(svg.matches(r#"class=" folded""#).count(), 16, "{svg}");
    assert!(svg.contains("… 127 nodes"));
    let path = forest.path(0, &[0, 0]);
    assert_eq!(path.len(), 11);
    let with_path = forest.draw(0, &path, "t");
    assert_eq!(with_path.matches(r#"class="on edge""#).count(), 10, "a path is drawn whole");
}

#[test]
fn deep_and_shared_trees_end() {
    let graph = graph_of_trees(vec![chain(200_000)]);
    let forest = Forest::of(&graph).unwrap();
    let path = forest.path(0, &[0, 0]);
    assert_eq!(path.len(), 200_001);
    let svg = forest.draw(0, &path, "t");
    assert!(svg.len() < 200_000, "{}", svg.len());
    // Each node has the next one twice: 2^1000 paths.
    let mut nodes: Vec<_> = (0..1000).map(|i| branch(0, 0, i + 1, i + 1)).collect();
    nodes.push(QuantTreeNode::Leaf(vec![]));
    let graph = graph_of_trees(vec![QuantTree { nodes }]);
    let forest = Forest::of(&graph).unwrap();
    let svg = forest.draw(9, &forest.path(0, &[0, 0]), "t");
    assert!(svg.len() < 200_000, "{}", svg.len());
}
