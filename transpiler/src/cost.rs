//! What a model costs to run: VM steps by purpose, and bytecode.
//!
//! Per-operation costs were read off the compiled code (`run_sierra --profile`); the end-to-end tests
//! hold the estimate against measured runs.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::layout::{packs, runtime_lanes, supports, LanePlan, Shape, Windows};
use crate::quant::{KeyTest, QuantGraph, QuantOp, QuantTree, QuantTreeNode, QuantTrees};

/// VM steps by what they are spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Steps {
    /// Entry code, reading and checking the input, writing input and output.
    pub io: u64,
    /// Multiplications and additions of packed weights.
    pub products: u64,
    /// Splitting packed accumulators into lanes.
    pub splitting: u64,
    /// Rounding shifts.
    pub rescaling: u64,
    /// Activations, tables, decisions, arithmetic.
    pub activation: u64,
    /// Tree walks and votes.
    pub trees: u64,
}

impl Steps {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.io + self.products + self.splitting + self.rescaling + self.activation + self.trees
    }
}

impl AddAssign for Steps {
    fn add_assign(&mut self, other: Self) {
        self.io += other.io;
        self.products += other.products;
        self.splitting += other.splitting;
        self.rescaling += other.rescaling;
        self.activation += other.activation;
        self.trees += other.trees;
    }
}

const ENTRY: u64 = 32;
const READ_FEATURE: u64 = 6;
const WRITE: u64 = 1;
const SPLIT_WIDE: u64 = 14;
const SPLIT_NARROW: u64 = 4;
const DIV_REM: u64 = 8;
const CONSTRAIN: u64 = 7;
const LOOKUP: u64 = 46;
const COMPARE: u64 = 11;
const DIVIDE: u64 = 40;
const SQRT: u64 = 20;
const TREE_TEST: u64 = 4;
const TREE_LEAF: u64 = 5;
const LOOPED_PRODUCT_TENTHS: u64 = 47;
const LOOPED_SCALAR: u64 = 30;
const LOOPED_TREE_LEVEL: u64 = 34;

/// Estimated VM steps by purpose.
pub fn estimate(graph: &QuantGraph, shape: Shape) -> Steps {
    let mut steps = Steps {
        io: ENTRY
            + graph.input_len() as u64 * (READ_FEATURE + WRITE)
            + graph.output_len() as u64 * WRITE,
        ..Steps::default()
    };
    for node in &graph.nodes {
        let len = node.ranges.len() as u64;
        let inputs = node.inputs.first().map_or(0, |&i| graph.nodes[i].ranges.len());
        let scalar = |unrolled: u64| match shape {
            Shape::Unrolled => unrolled * len,
            Shape::Looped => (unrolled + LOOPED_SCALAR) * len,
        };
        match &node.op {
            QuantOp::Input | QuantOp::Constant(_) | QuantOp::Gather(_) | QuantOp::Concat => {}
            QuantOp::Dense { weights, bias } => {
                let plan = LanePlan::new(&node.ranges, 0);
                steps += dense(&plan, weights, inputs, bias.len(), shape);
            }
            // Half of the values are positive, as a rule.
            QuantOp::Shift { .. } => steps.rescaling += scalar(DIV_REM),
            QuantOp::Relu => steps.activation += scalar(CONSTRAIN),
            QuantOp::Clip { .. } => steps.activation += scalar(2 * CONSTRAIN),
            QuantOp::Lookup(_) => steps.activation += scalar(LOOKUP),
            QuantOp::Sqrt => steps.activation += scalar(SQRT),
            QuantOp::Div { .. } => steps.activation += scalar(DIVIDE),
            QuantOp::ArgMax { .. } | QuantOp::Max => {
                steps.activation += COMPARE * inputs as u64;
            }
            QuantOp::SubMax => steps.activation += scalar(COMPARE + 1),
            QuantOp::Larger => steps.activation += scalar(COMPARE),
            QuantOp::Scale { .. } | QuantOp::Add | QuantOp::Sub | QuantOp::Mul | QuantOp::Sum => {
                steps.activation += scalar(2);
            }
            QuantOp::LeakyRelu { .. }
            | QuantOp::Abs
            | QuantOp::Greater { .. }
            | QuantOp::Truncate { .. }
            | QuantOp::MaskZero => steps.activation += scalar(CONSTRAIN),
            QuantOp::Trees(trees) => {
                let plan = LanePlan::new(&node.ranges, 0);
                steps.trees += walks(trees, plan.groups(trees.n_targets) as u64, shape);
                if trees.n_targets > 1 {
                    steps.splitting += splitting(&plan, trees.n_targets);
                }
            }
        }
    }
    steps
}

fn dense(plan: &LanePlan, weights: &[i64], inputs: usize, rows: usize, shape: Shape) -> Steps {
    // Straight-line code leaves out what has no weight; loops do where that is most of a layer.
    let read = |weights: &[i64], plan: &LanePlan| -> u64 {
        let groups = supports(weights, inputs, plan);
        groups.map(|read| read.into_iter().filter(|&read| read).count() as u64).sum()
    };
    let (products, splitting) = match (packs(plan, inputs, rows), shape) {
        (false, Shape::Unrolled) => {
            let read = weights.iter().filter(|&&weight| weight != 0).count() as u64;
            (2 * read + rows as u64, 6 * rows as u64)
        }
        (_, Shape::Unrolled) => {
            let groups = plan.groups(rows) as u64;
            (2 * read(weights, plan) + groups, splitting(plan, rows))
        }
        (_, Shape::Looped) => {
            let windows = Windows::new(weights, inputs, inputs, &runtime_lanes(plan.clone(), rows));
            let products = match windows {
                Some(windows) => windows.steps() as u64,
                None => inputs as u64 * plan.groups(rows) as u64 * LOOPED_PRODUCT_TENTHS / 10,
            };
            (products, splitting(plan, rows) * 2)
        }
    };
    Steps { products, splitting, ..Steps::default() }
}

fn splitting(plan: &LanePlan, rows: usize) -> u64 {
    let mut steps = 0;
    for start in (0..rows).step_by(plan.per_felt().max(1)) {
        let lanes = (rows - start).min(plan.per_felt());
        let halves = 1 + u64::from(lanes > plan.n_low);
        steps += if halves == 2 { SPLIT_WIDE } else { SPLIT_NARROW };
        steps += (lanes as u64).saturating_sub(halves) * DIV_REM;
    }
    steps
}

/// Steps of the walks on a path of average depth.
fn walks(trees: &QuantTrees, groups: u64, shape: Shape) -> u64 {
    trees
        .trees
        .iter()
        .map(|tree| {
            let depth = average_depth(tree);
            match shape {
                Shape::Unrolled => (depth * TREE_TEST as f64) as u64 + TREE_LEAF + 2 * groups,
                Shape::Looped => (depth * LOOPED_TREE_LEVEL as f64) as u64 + 20 + 4 * groups,
            }
        })
        .sum()
}

/// The mean depth of the leaves, each as likely as a fair coin at every branch makes it.
fn average_depth(tree: &QuantTree) -> f64 {
    let mut depth = 0.0;
    let mut reached = vec![0.0; tree.nodes.len()];
    reached[0] = 1.0;
    for (i, node) in tree.nodes.iter().enumerate() {
        if let QuantTreeNode::Branch(branch) = node {
            depth += reached[i];
            reached[branch.on_true] += reached[i] / 2.0;
            reached[branch.on_false] += reached[i] / 2.0;
        }
    }
    depth
}

/// Estimated felts of unrolled code.
pub fn unrolled_felts(graph: &QuantGraph) -> u64 {
    let per_step = 17; // Tenths of a felt: most steps carry an immediate.
    let tree_felts: u64 = graph
        .nodes
        .iter()
        .filter_map(|node| match &node.op {
            QuantOp::Trees(trees) => Some(trees),
            _ => None,
        })
        .flat_map(|trees| trees.trees.iter().flat_map(|tree| &tree.nodes))
        .map(|node| match node {
            QuantTreeNode::Leaf(_) => 7,
            QuantTreeNode::Branch(branch) => match &branch.test {
                KeyTest::AtMost { .. } => 10,
                KeyTest::OneOf(keys) => 4 + 6 * keys.len() as u64,
            },
        })
        .sum();
    let straight = estimate(graph, Shape::Unrolled);
    (straight.total() - straight.trees) * per_step / 10 + tree_felts
}
