//! Choosing the shapes of program and contract.

use crate::cost::{estimate, unrolled_felts};
use crate::layout::{one_dense_reads_the_row, LanePlan, Shape, Shapes};
use crate::quant::{QuantGraph, QuantOp, QuantTree, QuantTreeNode};

/// Starknet's limit on a class's bytecode, in felts.
pub const MAX_CLASS_FELTS: u64 = 81_920;
/// Unrolled code is written up to this many felts: room for the contract around the model.
const MAX_UNROLLED_FELTS: u64 = 72_000;
/// One function addresses its variables relative to `ap` with signed 16-bit offsets.
const MAX_UNROLLED_STEPS: u64 = 30_000;
/// Nested branches deeper than this are walked in a loop.
const MAX_UNROLLED_DEPTH: usize = 200;
/// Straight-line code for a node of a tree takes the compiler some 4 ms: from here on that is more than all of
/// a looped forest.
const MAX_UNROLLED_TREE_NODES: usize = 2_500;
/// The compiler's memory for one function that reads all features grows with the square of their number: about
/// 0.3 GB for 200 of them, 2.5 GB for 800.
const MAX_UNROLLED_INPUTS: usize = 400;

/// How program and contract are written: as `wanted`, or as it suits the model.
///
/// A class has limits that a program has not, and whether it keeps them is known once it is compiled. `class_fits`
/// says whether the class of the first choice does: if not, the program keeps its fewer steps and the contract alone is
/// looped, provided that its constants fit. The same shapes come back where that does not help.
pub fn choose_shapes(graph: &QuantGraph, wanted: Option<Shape>, class_fits: bool) -> Shapes {
    let first = Shapes::from(wanted.unwrap_or_else(|| preferred_shape(graph)));
    if wanted.is_none() && !class_fits && fits_class(graph, Shape::Looped) {
        return Shapes { contract: Shape::Looped, ..first };
    }
    first
}

/// Whether a Starknet class can hold the model at all: false where its constants alone do not fit.
pub fn fits_class(graph: &QuantGraph, shape: Shape) -> bool {
    let felts: usize = match shape {
        Shape::Unrolled => unrolled_felts(graph) as usize / 2,
        Shape::Looped => graph
            .nodes
            .iter()
            .map(|node| match &node.op {
                QuantOp::Dense { bias, .. } => {
                    let inputs = graph.nodes[node.inputs[0]].ranges.len();
                    LanePlan::new(&node.ranges, 0).groups(bias.len()) * inputs
                }
                QuantOp::Trees(trees) => {
                    let nodes = trees.trees.iter().flat_map(|tree| &tree.nodes);
                    4 * nodes.filter(|node| matches!(node, QuantTreeNode::Branch(_))).count()
                }
                _ => 0,
            })
            .sum(),
    };
    felts as u64 <= MAX_CLASS_FELTS
}

/// Unrolled as long as one function and one Starknet class hold it, and the compiler takes no longer and no
/// more memory over it than it is worth.
fn preferred_shape(graph: &QuantGraph) -> Shape {
    let trees = || {
        graph.nodes.iter().filter_map(|node| match &node.op {
            QuantOp::Trees(trees) => Some(&trees.trees),
            _ => None,
        })
    };
    let deep = trees().flatten().any(|tree| deepest(tree) > MAX_UNROLLED_DEPTH);
    let tree_nodes: usize = trees().flatten().map(|tree| tree.nodes.len()).sum();
    let wide = graph.input_len() > MAX_UNROLLED_INPUTS && !one_dense_reads_the_row(graph);
    let fits = unrolled_felts(graph) <= MAX_UNROLLED_FELTS
        && estimate(graph, Shape::Unrolled).total() <= MAX_UNROLLED_STEPS;
    if fits && !deep && !wide && tree_nodes <= MAX_UNROLLED_TREE_NODES {
        Shape::Unrolled
    } else {
        Shape::Looped
    }
}

fn deepest(tree: &QuantTree) -> usize {
    let mut depths = vec![0; tree.nodes.len()];
    let mut most = 0;
    for (i, node) in tree.nodes.iter().enumerate() {
        if let QuantTreeNode::Branch(branch) = node {
            for child in [branch.on_true, branch.on_false] {
                depths[child] = depths[i] + 1;
                most = most.max(depths[child]);
            }
        }
    }
    most
}
