//! Rewrites of float graphs that keep what the outputs show.
//!
//! Input and output: valid graphs of the same function, up to rounding; outputs keep their names,
//! kinds and order. What feeds decision trees is never rewritten: tests on thresholds are exact, and so
//! must be the numbers they look at.

mod affine;
mod dead;
mod fuse;
mod heads;
mod identities;
mod label;
mod normals;
mod permutations;
mod selections;
mod squares;
mod uses;

use crate::graph::Graph;

pub use dead::remove_dead_nodes;
pub use label::label_only;

/// A rewrite.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// What reports and errors call it.
    pub name: &'static str,
    /// Rewrites the graph; says whether it changed.
    rewrite: fn(&mut Graph) -> bool,
}

impl Pass {
    /// Applies the rewrite once, and removes what it leaves dead. Says whether the graph changed.
    pub fn apply(&self, mut graph: Graph) -> (Graph, bool) {
        let changed = (self.rewrite)(&mut graph);
        if changed {
            graph = remove_dead_nodes(graph);
        }
        debug_assert!(graph.validate().is_ok(), "pass {}: {:?}", self.name, graph.validate());
        (graph, changed)
    }
}

/// Drops operations that do nothing: adding 0, multiplying by 1, casts to the same type, and so on.
pub const REMOVE_IDENTITIES: Pass =
    Pass { name: "remove_identities", rewrite: identities::remove_identities };
/// Makes one Gather or Concat of several that follow one another.
pub const MERGE_SELECTIONS: Pass =
    Pass { name: "merge_selections", rewrite: selections::merge_selections };
/// Folds offsets, factors and casts into the dense layer after or before them.
pub const FOLD_AFFINE: Pass = Pass { name: "fold_affine", rewrite: affine::fold_affine };
/// Makes one dense layer of two with nothing between, where that takes no more parameters.
pub const FUSE_DENSE: Pass = Pass { name: "fuse_dense", rewrite: fuse::fuse_dense };

/// Moves factors of squares below them, and makes a product of a quotient of quotients.
pub const SCALE_SQUARES: Pass = Pass { name: "scale_squares", rewrite: squares::scale_squares };
/// Makes a softmax, or a vector over its sum, of the pieces that it was written in.
pub const FIND_HEADS: Pass = Pass { name: "find_heads", rewrite: heads::find_heads };
/// Makes a direction (a vector over its norm) of a vector over the root of the mean of its squares.
pub const FIND_NORMALS: Pass = Pass { name: "find_normals", rewrite: normals::find_normals };

/// Moves permutations behind operations on each element, and into dense layers.
pub const DELAY_PERMUTATIONS: Pass =
    Pass { name: "delay_permutations", rewrite: permutations::delay_permutations };

/// All rewrites, in the order in which [`simplify`] runs them.
pub const PASSES: [Pass; 8] = [
    FIND_HEADS,
    FIND_NORMALS,
    REMOVE_IDENTITIES,
    MERGE_SELECTIONS,
    DELAY_PERMUTATIONS,
    SCALE_SQUARES,
    FOLD_AFFINE,
    FUSE_DENSE,
];

/// Runs every rewrite until none changes the graph.
pub fn simplify(graph: Graph) -> Graph {
    simplify_with(graph, &PASSES)
}

/// Runs these rewrites, in order, until none changes the graph. Each change takes nodes, operands or
/// elements away, or a root that is divided by, or moves a permutation towards the outputs, so the end is
/// reached.
pub fn simplify_with(graph: Graph, passes: &[Pass]) -> Graph {
    let mut graph = remove_dead_nodes(graph);
    loop {
        let mut any = false;
        for pass in passes {
            let (rewritten, changed) = pass.apply(graph);
            graph = rewritten;
            any |= changed;
        }
        if !any {
            return graph;
        }
    }
}
