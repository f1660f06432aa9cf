//! Decision trees: node tables for the runtime's walk.

use std::collections::BTreeMap;

use starknet_types_core::felt::Felt;

use super::{Body, MAX_CONSTANT};
use crate::emit::EmitError;
use crate::graph::Aggregate;
use crate::layout::{runtime_lanes, LanePlan};
use crate::quant::{KeyTest, LeafWeights, QuantTree, QuantTreeNode, QuantTrees};

/// Felts of a node in a table.
const NODE_FELTS: usize = 4;
/// Most felts that a leaf of the runtime holds.
const MAX_LEAF: usize = 4;

impl Body<'_> {
    pub(super) fn trees(&mut self, index: usize, trees: &QuantTrees) -> Result<(), EmitError> {
        let node = &self.graph.nodes[index];
        let operand = node.inputs[0];
        let lowest = self.graph.nodes[operand].ranges.iter().map(|r| r.lo).min().unwrap_or(0);
        let offset = -lowest.min(0);
        let keys = self.fresh("k");
        let x = self.span(operand);
        self.imports.insert("keys");
        self.push(format!("let {keys} = keys({x}, {offset});"));
        let mut keys = format!("{keys}.span()");
        if let Some(missing) = trees.missing {
            self.imports.insert("with_missing");
            let doubled = self.fresh("k");
            let missing = missing + offset;
            self.push(format!("let {doubled} = with_missing({keys}, {missing});"));
            keys = format!("{doubled}.span()");
        }
        let forest = Forest {
            offset,
            missing_shift: self.graph.nodes[operand].ranges.len(),
            keys,
            name: node.name.clone(),
        };
        let array = self.fresh("a");
        self.push(format!("let mut {array}: Array<felt252> = array![];"));
        match trees.aggregate {
            Aggregate::Sum if trees.n_targets == 1 => {
                let leaf = |weights: &LeafWeights| {
                    vec![Felt::from(weights.first().map_or(0, |(_, weight)| *weight))]
                };
                let sum = self.forest(&forest, trees, 1, &leaf, &["0".to_owned()])?;
                self.push(format!("{array}.append({} + {});", sum[0], trees.base[0]));
            }
            Aggregate::Sum => self.votes(&forest, index, trees, &array)?,
            Aggregate::Min | Aggregate::Max => {
                for target in 0..trees.n_targets {
                    self.extreme(&forest, trees, target, &array)?;
                }
            }
        }
        self.push(format!("let v{index} = {array}.span();"));
        Ok(())
    }

    /// Sums for several targets, packed; a felt of lanes for each group of targets.
    fn votes(
        &mut self,
        forest: &Forest,
        index: usize,
        trees: &QuantTrees,
        array: &str,
    ) -> Result<(), EmitError> {
        let plan =
            runtime_lanes(LanePlan::new(&self.graph.nodes[index].ranges, 0), trees.n_targets);
        let per_felt = plan.per_felt();
        let all: Vec<usize> = (0..plan.groups(trees.n_targets)).collect();
        self.imports.extend(["Layout", "Offset", "split"]);
        let layout = self.fresh("l");
        let radix = if plan.n_low.max(plan.n_high) > 1 { plan.radix } else { 2 };
        self.push(format!(
            "let {layout}: Layout<{}, {}, Offset> = Layout {{ radix: {radix}, lane: Offset {{ offset: \
             {} }} }};",
            plan.n_low, plan.n_high, plan.offset
        ));
        for groups in all.chunks(MAX_LEAF) {
            let leaf = |weights: &LeafWeights| -> Vec<Felt> {
                groups
                    .iter()
                    .map(|group| {
                        let mut lanes = vec![0; per_felt];
                        for &(target, weight) in weights {
                            if target / per_felt == *group {
                                lanes[target % per_felt] = weight;
                            }
                        }
                        plan.pack(lanes)
                    })
                    .collect()
            };
            let start: Vec<_> = groups
                .iter()
                .map(|group| {
                    let targets = group * per_felt..((group + 1) * per_felt).min(trees.n_targets);
                    let base = plan.pack(targets.map(|target| trees.base[target]));
                    format!("{:#x}", base + plan.pack_offset(per_felt))
                })
                .collect();
            let sums = self.forest(forest, trees, groups.len(), &leaf, &start)?;
            for sum in sums {
                self.push(format!("split({sum}, {layout}, ref {array});"));
            }
        }
        self.extra[index] = all.len() * per_felt - trees.n_targets;
        Ok(())
    }

    /// The least or greatest leaf for one target; 0 if no leaf that a row meets names the target.
    fn extreme(
        &mut self,
        forest: &Forest,
        trees: &QuantTrees,
        target: usize,
        array: &str,
    ) -> Result<(), EmitError> {
        let base = trees.base[target];
        let ranges =
            trees.trees.iter().filter_map(|tree| tree.target_range(target, trees.aggregate));
        let Some(all) = ranges.reduce(crate::quant::Range::union) else {
            self.push(format!("{array}.append({base});"));
            return Ok(());
        };
        let (kind, nothing) = match trees.aggregate {
            Aggregate::Min => ("Least", all.hi + 1),
            _ => ("Most", all.lo - 1),
        };
        self.imports.insert(if kind == "Least" { "Least" } else { "Most" });
        let leaf = |weights: &LeafWeights| {
            let named = weights.iter().find(|(t, _)| *t == target);
            vec![Felt::from(named.map_or(nothing, |(_, weight)| *weight))]
        };
        let start = format!("{kind} {{ value: {nothing} }}");
        let found = self.forest_of(forest, trees, kind, &leaf, &start)?;
        self.push(format!(
            "{array}.append(if {found}.value == {nothing} {{ {base} }} else {{ {found}.value + {base} }});"
        ));
        Ok(())
    }

    /// Sums over all trees of leaves of `len` felts, from `start` on; the sums' names.
    fn forest(
        &mut self,
        forest: &Forest,
        trees: &QuantTrees,
        len: usize,
        leaf: &dyn Fn(&LeafWeights) -> Vec<Felt>,
        start: &[String],
    ) -> Result<Vec<String>, EmitError> {
        if len == 1 {
            return Ok(vec![self.forest_of(forest, trees, "felt252", leaf, &start[0])?]);
        }
        let ty = format!("[felt252; {len}]");
        let start = format!("[{}]", start.join(", "));
        let sums = self.forest_of(forest, trees, &ty, leaf, &start)?;
        let names: Vec<_> = (0..len).map(|_| self.fresh("s")).collect();
        self.push(format!("let [{}] = {sums};", names.join(", ")));
        Ok(names)
    }

    /// The total over all trees of leaves of type `ty`, table by table.
    fn forest_of(
        &mut self,
        forest: &Forest,
        trees: &QuantTrees,
        ty: &str,
        leaf: &dyn Fn(&LeafWeights) -> Vec<Felt>,
        start: &str,
    ) -> Result<String, EmitError> {
        self.imports.extend(["forest", "Node"]);
        let mut total = self.fresh("t");
        self.push(format!("let {total}: {ty} = {start};"));
        let mut table = NodeTable::default();
        for tree in &trees.trees {
            if !table.has_room_for(tree) {
                let full = std::mem::take(&mut table);
                if !full.roots.is_empty() {
                    total = self.table_call(forest, full, ty, &total);
                }
            }
            if !table.has_room_for(tree) {
                return Err(EmitError::TooLarge {
                    node: forest.name.clone(),
                    reason: format!("a tree of {} nodes", tree.nodes.len()),
                });
            }
            table.add(tree, forest, leaf);
        }
        if !table.roots.is_empty() {
            total = self.table_call(forest, table, ty, &total);
        }
        Ok(total)
    }

    fn table_call(&mut self, forest: &Forest, table: NodeTable, ty: &str, total: &str) -> String {
        let n = table.branches.len();
        let child = |child: &Child| match child {
            Child::Branch(branch) => *branch,
            Child::Leaf(leaf) => n + leaf,
        };
        let branches: Vec<_> = table
            .branches
            .iter()
            .map(|b| {
                format!(
                    "Node {{ feature: {}, bound: {}, below: {}, above: {} }}",
                    b.feature,
                    b.bound,
                    child(&b.below),
                    child(&b.above)
                )
            })
            .collect();
        let leaves: Vec<_> = table
            .leaves
            .iter()
            .map(|felts| {
                let felts: Vec<_> = felts.iter().map(|felt| format!("{felt:#x}")).collect();
                match ty {
                    "felt252" => felts[0].clone(),
                    "Least" | "Most" => format!("{ty} {{ value: {} }}", felts[0]),
                    _ => format!("[{}]", felts.join(", ")),
                }
            })
            .collect();
        let roots: Vec<_> = table.roots.iter().map(child).collect();
        // A table of leaves alone still needs an array of nodes to look into.
        let nodes = if branches.is_empty() {
            "array![].span()".to_owned()
        } else {
            format!("{}.span()", self.constant("Node", n, &branches.join(",\n    ")))
        };
        let roots = self.constant("u32", roots.len(), &super::list(&roots));
        let leaves = self.constant(ty, leaves.len(), &leaves.join(", "));
        let next = self.fresh("t");
        let keys = &forest.keys;
        self.push(format!(
            "let {next} = forest({keys}, {nodes}, {roots}.span(), {leaves}.span(), {total});"
        ));
        next
    }
}

/// What all walks of one node share.
struct Forest {
    /// Added to a key to make it non-negative.
    offset: i128,
    /// Where the keys with the missing value on top begin.
    missing_shift: usize,
    /// The keys' span.
    keys: String,
    /// The ONNX node's name.
    name: String,
}

/// A table under construction.
#[derive(Default)]
struct NodeTable {
    branches: Vec<TableBranch>,
    leaves: Vec<Vec<Felt>>,
    known: BTreeMap<Vec<[u8; 32]>, usize>,
    roots: Vec<Child>,
}

struct TableBranch {
    feature: usize,
    bound: i128,
    below: Child,
    above: Child,
}

#[derive(Clone, Copy)]
enum Child {
    Branch(usize),
    Leaf(usize),
}

impl NodeTable {
    fn has_room_for(&self, tree: &QuantTree) -> bool {
        let (mut branches, mut leaves) = (self.branches.len(), self.leaves.len());
        for node in &tree.nodes {
            match node {
                QuantTreeNode::Leaf(_) => leaves += 1,
                QuantTreeNode::Branch(branch) => {
                    branches += match &branch.test {
                        KeyTest::AtMost { .. } => 1,
                        KeyTest::OneOf(keys) => 2 * keys.len(),
                    }
                }
            }
        }
        branches * NODE_FELTS <= MAX_CONSTANT && leaves * MAX_LEAF <= MAX_CONSTANT
    }

    fn add(&mut self, tree: &QuantTree, forest: &Forest, leaf: &dyn Fn(&LeafWeights) -> Vec<Felt>) {
        // Children stand behind their parents: from the end, every child is there before it is needed.
        let mut made: Vec<Child> = vec![Child::Leaf(0); tree.nodes.len()];
        for (i, node) in tree.nodes.iter().enumerate().rev() {
            made[i] = match node {
                QuantTreeNode::Leaf(weights) => self.leaf(leaf(weights)),
                QuantTreeNode::Branch(branch) => {
                    let (yes, no) = (made[branch.on_true], made[branch.on_false]);
                    match &branch.test {
                        KeyTest::AtMost { bound, missing_fails } => {
                            let shift = if *missing_fails { forest.missing_shift } else { 0 };
                            self.branch(branch.feature + shift, bound + forest.offset, yes, no)
                        }
                        // In ascending order: up to the key, but not up to the one below it.
                        KeyTest::OneOf(keys) => keys.iter().rev().fold(no, |above, key| {
                            let key = key + forest.offset;
                            let below = self.branch(branch.feature, key - 1, no, yes);
                            self.branch(branch.feature, key, below, above)
                        }),
                    }
                }
            };
        }
        self.roots.push(made[0]);
    }

    fn branch(&mut self, feature: usize, bound: i128, below: Child, above: Child) -> Child {
        if bound < 0 {
            return above;
        }
        self.branches.push(TableBranch { feature, bound, below, above });
        Child::Branch(self.branches.len() - 1)
    }

    fn leaf(&mut self, felts: Vec<Felt>) -> Child {
        let key: Vec<_> = felts.iter().map(Felt::to_bytes_be).collect();
        let next = self.leaves.len();
        let leaf = *self.known.entry(key).or_insert(next);
        if leaf == next {
            self.leaves.push(felts);
        }
        Child::Leaf(leaf)
    }
}
