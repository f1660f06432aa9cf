//! Dictionaries over computed numbers, positions and texts, as decision trees.
//!
//! A dictionary is a search tree with a leaf for each key: its decisions are exact on whole numbers, and every
//! stage after the import knows trees already.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::tensor::Data;
use super::super::value::{Element, Label, Row, Text};
use super::super::ImportError;
use crate::graph::{Aggregate, Arithmetic, DType, Op, Test, Tree, TreeEnsemble, TreeNode, ValueId};

/// The weights that a key gives: `(target, weight)`, targets ascending.
pub(crate) type Leaf = Vec<(usize, f64)>;

/// What one element of a vector is looked up in.
pub(crate) struct Dictionary {
    /// The keys and what they give.
    pub(crate) entries: Vec<(f64, Leaf)>,
    /// What every other number gives; `None` where there is no other.
    pub(crate) default: Option<Leaf>,
}

impl Dictionary {
    /// A dictionary from the positions 0, 1, … to numbers.
    pub(crate) fn of_positions(values: &[f64], target: usize) -> Self {
        let entry = |(at, &value): (usize, &f64)| (at as f64, vec![(target, value)]);
        Self { entries: values.iter().enumerate().map(entry).collect(), default: None }
    }

    /// The search tree over the element at `feature`.
    fn tree(mut self, feature: usize) -> Tree {
        self.entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.entries.dedup_by(|second, first| second.0 == first.0);
        let mut nodes = Vec::with_capacity(4 * self.entries.len() + 1);
        self.grow(feature, 0, self.entries.len(), &mut nodes);
        Tree { nodes }
    }

    /// Adds the subtree of the entries from `start` to `end`; says where it begins.
    fn grow(&self, feature: usize, start: usize, end: usize, nodes: &mut Vec<TreeNode>) -> usize {
        let at = nodes.len();
        let branch = |test, on_true, on_false| TreeNode::Branch {
            feature,
            test,
            missing_is_true: false,
            on_true,
            on_false,
        };
        match (end - start, &self.default) {
            (0, default) => nodes.push(TreeNode::Leaf(default.clone().unwrap_or_default())),
            (1, None) => nodes.push(TreeNode::Leaf(self.entries[start].1.clone())),
            (1, Some(default)) => {
                let (key, leaf) = &self.entries[start];
                nodes.push(branch(Test::Equal(*key), at + 1, at + 2));
                nodes.push(TreeNode::Leaf(leaf.clone()));
                nodes.push(TreeNode::Leaf(default.clone()));
            }
            (count, _) => {
                let middle = start + count / 2;
                let (below, above) = (self.entries[middle - 1].0, self.entries[middle].0);
                let threshold = below + (above - below) / 2.0;
                nodes.push(TreeNode::Leaf(Vec::new()));
                let on_true = self.grow(feature, start, middle, nodes);
                let on_false = self.grow(feature, middle, end, nodes);
                nodes[at] = branch(Test::LessOrEqual(threshold), on_true, on_false);
            }
        }
        at
    }

    fn size(&self) -> usize {
        let default = self.default.as_ref().map_or(0, Vec::len) + 1;
        self.entries.iter().map(|(_, leaf)| 4 + leaf.len() + default).sum::<usize>() + default
    }
}

/// Looks the elements of `value` up, each in its own dictionary; the result has `n_targets` numbers of
/// type `dtype`, to which each element's entry adds its weights.
pub(crate) fn look_up(
    context: &mut Context<'_, '_>,
    part: &str,
    value: ValueId,
    dictionaries: Vec<Dictionary>,
    n_targets: usize,
    dtype: DType,
) -> Result<ValueId, ImportError> {
    let size = dictionaries.iter().map(Dictionary::size).fold(0_usize, usize::saturating_add);
    context.claim(size.saturating_add(n_targets))?;
    let trees: Vec<Tree> =
        dictionaries.into_iter().enumerate().map(|(at, entries)| entries.tree(at)).collect();
    let base = vec![0.0; n_targets];
    let ensemble = TreeEnsemble { trees, n_targets, base, aggregate: Aggregate::Sum, dtype };
    context.emit(part, Op::Trees(ensemble), &[value], n_targets, dtype)
}

/// The features of a text column as positions among their categories.
pub(crate) fn positions(
    context: &mut Context<'_, '_>,
    text: &Text,
) -> Result<ValueId, ImportError> {
    let (len, op) = (text.features.len(), Op::Gather(text.features.clone()));
    context.emit("column", op, &[0], len, DType::F32)
}

/// The positions of these texts among the categories of a feature; new ones are added to them. With
/// `others` the feature takes any other text as well.
pub(crate) fn categories(
    context: &mut Context<'_, '_>,
    feature: usize,
    texts: &[String],
    others: bool,
) -> Result<Vec<f64>, ImportError> {
    let known = context.builder.features[feature].categories.get_or_insert_default();
    let mut added = 0;
    let mut places: std::collections::HashMap<String, usize> =
        known.iter().cloned().enumerate().map(|(at, text)| (text, at)).collect();
    let mut found = Vec::with_capacity(texts.len());
    for text in texts {
        let at = *places.entry(text.clone()).or_insert_with(|| {
            known.push(text.clone());
            added += 1 + text.len();
            known.len() - 1
        });
        found.push(at as f64);
    }
    context.builder.features[feature].others |= others;
    context.claim(added)?;
    Ok(found)
}

/// A class label as the number that it is.
pub(crate) fn numbers(context: &mut Context<'_, '_>, label: Label) -> Result<Row, OpError> {
    let (values, element) = match label.values.as_ref() {
        Data::Ints(ints) => (ints.iter().map(|&int| int as f64).collect(), Element::Int),
        Data::F32(values) => (values.clone(), Element::F32),
        Data::F64(values) => (values.clone(), Element::F64),
        Data::Strings(_) => {
            return unsupported("computes with class labels that are texts");
        }
        Data::Dims(_) => return unsupported("computes with the number of rows"),
    };
    let dtype = if element == Element::F32 { DType::F32 } else { DType::F64 };
    let first = values[0];
    let step = values.get(1).map_or(0.0, |second| second - first);
    let line = |(at, &value): (usize, &f64)| first + step * at as f64 == value;
    let whole = [first, step].iter().all(|x| x.fract() == 0.0 && x.abs() < 1e9);
    let value = if whole && values.iter().enumerate().all(line) {
        // Evenly spaced: a product and a sum.
        let mut value = label.index;
        for (part, op, constant) in
            [("step", Arithmetic::Mul, step), ("label", Arithmetic::Add, first)]
        {
            let op = Op::WithConstant { op, constant: vec![constant], constant_first: false };
            value = context.emit(part, op, &[value], 1, element.dtype())?;
        }
        value
    } else {
        let dictionary = vec![Dictionary::of_positions(&values, 0)];
        look_up(context, "label", label.index, dictionary, 1, dtype)?
    };
    Ok(Row { value, shape: label.shape, element })
}
