//! Decision trees as nested branches; votes travel packed in felts.

use std::collections::BTreeSet;

use num_bigint::BigInt;

use super::cell::{Cell, IntType, Raw};
use super::dense::hex;
use super::{constrain_types, Body};
use crate::graph::Aggregate;
use crate::layout::LanePlan;
use crate::quant::{Branch, KeyTest, LeafWeights, QuantTree, QuantTreeNode, QuantTrees, Range};

impl Body<'_> {
    pub(super) fn trees(
        &mut self,
        trees: &QuantTrees,
        keys: &[Cell],
        ranges: &[Range],
    ) -> Vec<Cell> {
        let keys = self.keys(trees, keys);
        match trees.aggregate {
            Aggregate::Sum if trees.n_targets == 1 => {
                let leaf = |weights: &LeafWeights| {
                    weights.first().map_or(0, |(_, weight)| *weight).to_string()
                };
                let mut sum = None;
                for tree in &trees.trees {
                    let vote = self.tree(tree, &keys, "felt252", &leaf);
                    sum = Some(match sum {
                        None => vote,
                        Some(sum) => self.bind_felt("s", &format!("{sum} + {vote}")),
                    });
                }
                match sum {
                    Some(sum) => vec![Cell::felt(sum, trees.base[0], ranges[0])],
                    None => vec![Cell::literal(trees.base[0])],
                }
            }
            Aggregate::Sum => self.packed_votes(trees, &keys, ranges),
            Aggregate::Min | Aggregate::Max => (0..trees.n_targets)
                .map(|target| self.extreme(trees, target, &keys, ranges[target]))
                .collect(),
        }
    }

    /// Sums over trees for several targets at once: leaves are packed felts, split at the end.
    fn packed_votes(&mut self, trees: &QuantTrees, keys: &[Key], ranges: &[Range]) -> Vec<Cell> {
        let plan = LanePlan::new(ranges, 0);
        let per_felt = plan.per_felt();
        let groups = plan.groups(trees.n_targets);
        let place = |group: usize, weights: &LeafWeights| {
            let mut lanes = vec![0; per_felt.min(trees.n_targets - group * per_felt)];
            for &(target, weight) in weights {
                if target / per_felt == group {
                    lanes[target % per_felt] = weight;
                }
            }
            hex(&plan.pack(lanes))
        };
        let leaf = |weights: &LeafWeights| {
            let felts: Vec<_> = (0..groups).map(|group| place(group, weights)).collect();
            if groups == 1 {
                felts[0].clone()
            } else {
                format!("({})", felts.join(", "))
            }
        };
        let ty = match groups {
            1 => "felt252".to_owned(),
            _ => format!("({})", vec!["felt252"; groups].join(", ")),
        };
        let mut sums: Vec<String> = (0..groups)
            .map(|group| {
                let targets = group * per_felt..((group + 1) * per_felt).min(trees.n_targets);
                let base = plan.pack(targets.clone().map(|target| trees.base[target]));
                hex(&(base + plan.pack_offset(targets.len())))
            })
            .collect();
        for tree in &trees.trees {
            let vote = self.tree(tree, keys, &ty, &leaf);
            let parts = match groups {
                1 => vec![vote],
                _ => {
                    let names: Vec<_> = (0..groups).map(|_| self.fresh("g")).collect();
                    self.push(format!("let ({}) = {vote};", names.join(", ")));
                    names
                }
            };
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum = self.bind_felt("s", &format!("{sum} + {part}"));
            }
        }
        let split = |body: &mut Self, (group, sum): (usize, &String)| {
            let sum = if trees.trees.is_empty() { body.bind_felt("s", sum) } else { sum.clone() };
            let ranges = &ranges[group * per_felt..((group + 1) * per_felt).min(ranges.len())];
            body.split(&sum, &plan, ranges)
        };
        sums.iter().enumerate().flat_map(|group| split(self, group)).collect()
    }

    /// The least or the greatest weight for `target`; a row that meets no leaf that names the target
    /// counts 0.
    fn extreme(&mut self, trees: &QuantTrees, target: usize, keys: &[Key], range: Range) -> Cell {
        let base = trees.base[target];
        // Compared as maxima: minima with their sign turned. One below everything means "not named".
        let sign = if trees.aggregate == Aggregate::Min { -1 } else { 1 };
        let named: Vec<Range> = trees
            .trees
            .iter()
            .filter_map(|tree| tree.target_range(target, trees.aggregate))
            .map(|r| if sign == 1 { r } else { Range { lo: -r.hi, hi: -r.lo } })
            .collect();
        let Some(all) = named.into_iter().reduce(Range::union) else {
            return Cell::literal(base);
        };
        // Counted from there, because literals of integer types cannot be negative.
        let nothing = all.lo - 1;
        let ty = IntType::new(0, all.hi - nothing);
        let leaf = |weights: &LeafWeights| {
            let named = weights.iter().find(|(t, _)| *t == target);
            named.map_or(0, |(_, weight)| sign * weight - nothing).to_string()
        };
        let cells: Vec<_> = trees
            .trees
            .iter()
            .map(|tree| {
                let name = self.tree(tree, keys, &ty.cairo(), &leaf);
                Cell::int(name, ty.clone(), nothing, Range { lo: nothing, hi: all.hi })
            })
            .collect();
        let best = self.maximum(&cells, Range { lo: nothing, hi: all.hi });
        let (name, ty, offset) = self.typed(&best);
        let test = self.constrain(&name, &ty, &BigInt::from(1));
        let y = self.fresh("y");
        let value = match sign {
            1 => super::cell::shifted(&self.upcast("x"), offset),
            _ => format!("{} - {}", -offset, self.upcast("x")),
        };
        self.push(format!(
            "let {y}: felt252 = match {test} {{ Result::Ok(_) => 0, Result::Err(x) => {value} }};"
        ));
        Cell::felt(y, base, range)
    }

    /// One tree as an expression bound to a variable of type `ty`.
    fn tree(
        &mut self,
        tree: &QuantTree,
        keys: &[Key],
        ty: &str,
        leaf: &dyn Fn(&LeafWeights) -> String,
    ) -> String {
        let name = self.fresh("t");
        let expr = self.subtree(tree, 0, keys, leaf);
        self.push(format!("let {name}: {ty} = {expr};"));
        name
    }

    fn subtree(
        &mut self,
        tree: &QuantTree,
        at: usize,
        keys: &[Key],
        leaf: &dyn Fn(&LeafWeights) -> String,
    ) -> String {
        let branch = match &tree.nodes[at] {
            QuantTreeNode::Leaf(weights) => return leaf(weights),
            QuantTreeNode::Branch(branch) => branch,
        };
        let key = &keys[branch.feature];
        let side = |body: &mut Self, child: usize| body.subtree(tree, child, keys, leaf);
        match &branch.test {
            KeyTest::AtMost { bound, missing_fails } => {
                let (name, ty, offset) = match (missing_fails, &key.missing_high) {
                    (true, Some((name, ty))) => (name, ty, 0),
                    _ => (&key.name, &key.ty, key.offset),
                };
                let boundary = BigInt::from(bound - offset + 1);
                // Always or never true of what the type admits.
                if boundary > ty.hi {
                    return side(self, branch.on_true);
                }
                if boundary <= ty.lo {
                    return side(self, branch.on_false);
                }
                self.read.insert(name.clone());
                let test = self.constrain(name, ty, &boundary);
                let (yes, no) = (side(self, branch.on_true), side(self, branch.on_false));
                format!("match {test} {{\nResult::Ok(_) => {yes},\nResult::Err(_) => {no},\n}}")
            }
            KeyTest::OneOf(values) => {
                if values.is_empty() {
                    return side(self, branch.on_false);
                }
                self.read.insert(key.name.clone());
                let name = self.upcast(&key.name);
                let tests: Vec<_> = values
                    .iter()
                    .map(|value| format!("{name} == {}_felt252", value - key.offset))
                    .collect();
                let (yes, no) = (side(self, branch.on_true), side(self, branch.on_false));
                format!("if {} {{\n{yes}\n}} else {{\n{no}\n}}", tests.join(" || "))
            }
        }
    }

    /// The features as typed integers; features that some branch wants a missing value to fail on
    /// also as integers where the missing key is the highest.
    fn keys(&mut self, trees: &QuantTrees, cells: &[Cell]) -> Vec<Key> {
        let branches = || {
            trees.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| match node {
                QuantTreeNode::Branch(branch) => Some(branch),
                QuantTreeNode::Leaf(_) => None,
            })
        };
        let fails =
            |branch: &Branch| matches!(branch.test, KeyTest::AtMost { missing_fails: true, .. });
        let used: BTreeSet<_> = branches().map(|branch| branch.feature).collect();
        let high: BTreeSet<_> = branches().filter(|b| fails(b)).map(|b| b.feature).collect();
        cells
            .iter()
            .enumerate()
            .map(|(feature, cell)| {
                let (name, ty, offset) = match &cell.raw {
                    Raw::Int(name, ty) => (name.clone(), ty.clone(), cell.offset),
                    _ if used.contains(&feature) => self.typed(cell),
                    _ => (String::new(), IntType::point(0), 0),
                };
                let missing_high = (trees.missing.is_some() && high.contains(&feature))
                    .then(|| self.missing_high(&name, &ty));
                Key { name, ty, offset, missing_high }
            })
            .collect()
    }

    /// The key with the missing value's, the lowest, moved above all others.
    fn missing_high(&mut self, name: &str, ty: &IntType) -> (String, IntType) {
        let boundary: BigInt = &ty.lo + 1;
        let top: BigInt = &ty.hi + 1;
        self.read.insert(name.to_owned());
        let test = self.constrain(name, ty, &boundary);
        let value = self.upcast("x");
        let moved = IntType::new(constrain_types(ty, &boundary).1.lo, top.clone());
        let key = self.fresh("k");
        self.push(format!(
            "let {key}: {} = match {test} {{ Result::Ok(_) => {top}, Result::Err(x) => {value} }};",
            moved.cairo()
        ));
        (key, moved)
    }
}

/// A feature that trees look at.
struct Key {
    name: String,
    ty: IntType,
    offset: i128,
    missing_high: Option<(String, IntType)>,
}
