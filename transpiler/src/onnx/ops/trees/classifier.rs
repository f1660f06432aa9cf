//! TreeEnsembleClassifier: the sums of the classes, the label they choose, and the scores shown.
//!
//! With more than two classes the label is the class of the largest sum. With two, onnxruntime looks
//! at one sum only, and what it compares with depends on the weights; [`TwoClasses`] tells the cases
//! apart.

use std::rc::Rc;

use super::super::super::context::Context;
use super::super::super::node::{unsupported, OpError};
use super::super::super::tensor::Data;
use super::super::super::value::{Label, Row, Shape, Value};
use super::attributes::{self, Tables};
use super::table::Repeated;
use super::{Features, PostTransform, Scores};
use crate::graph::{Aggregate, DType, Labels, Op, Tree, TreeEnsemble, TreeNode, Unary};

/// The label and the scores of every class.
pub(in super::super) fn classifier(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let labels = context.class_labels("classlabels_int64s", "classlabels_strings")?;
    let transform = PostTransform::read_text(context)?;
    let features = Features::read(context)?;
    let n_classes = labels.len();
    let tables = attributes::read(context, &features, "class", n_classes, Repeated::Sum, false)?;
    if tables.base.len() > n_classes {
        context.node.same_length("base_values", n_classes, tables.base.len())?;
    }
    match n_classes {
        1 => unsupported("has one class only"),
        2 => TwoClasses::of(&tables, &labels)?.emit(context, &features, tables, labels, transform),
        _ => many_classes(context, &features, tables, labels, transform),
    }
}

fn many_classes(
    context: &mut Context<'_, '_>,
    features: &Features,
    tables: Tables<'_>,
    labels: Labels,
    transform: PostTransform,
) -> Result<Vec<Value>, OpError> {
    let scored = scored_classes(&tables, labels.len())?;
    let mut base = tables.base;
    base.resize(labels.len(), 0.0);
    let sums = emit_sums(context, features, tables.trees, base)?;

    let mut candidates = sums.value;
    let mut values = Data::from(labels);
    if scored.len() < values.len() {
        values = values.select(&scored);
        let (len, dtype) = (scored.len(), sums.element.dtype());
        candidates = context.emit("scored", Op::Gather(scored), &[sums.value], len, dtype)?;
    }
    let op = Op::ArgMax { select_last: false };
    let index = context.emit("label", op, &[candidates], 1, DType::I64)?;
    let shape = Shape(vec![features.batch]);
    let label = Label { index, values: Rc::new(values), shape };
    let scores = context.round_to_f32(sums)?;
    Ok(vec![Value::Label(label), Value::Row(transform.apply(context, scores)?)])
}

/// The classes that can be the label. onnxruntime passes over a class that no leaf on the row's way
/// names and that has no base value, even where all others are negative.
fn scored_classes(tables: &Tables<'_>, n_classes: usize) -> Result<Vec<usize>, OpError> {
    let naming = Naming::of(&tables.trees, n_classes);
    let always = |class: usize| class < tables.base.len() || naming.always[class];
    let scored: Vec<usize> =
        (0..n_classes).filter(|&class| always(class) || naming.ever[class]).collect();
    // A class that is named on some ways only counts 0 on the others; that is the same as not
    // counting it where the largest sum is positive on every way.
    let positive = tables.base.is_empty() && tables.weights.iter().all(|&weight| weight >= 0.0);
    let certain = positive && tables.trees.iter().any(every_leaf_is_positive);
    if scored.iter().all(|&class| always(class)) || certain {
        return Ok(scored);
    }
    unsupported("some classes have no score on some ways through the trees")
}

fn every_leaf_is_positive(tree: &Tree) -> bool {
    tree.nodes.iter().all(|node| match node {
        TreeNode::Leaf(weights) => weights.iter().any(|&(_, weight)| weight > 0.0),
        TreeNode::Branch { .. } => true,
    })
}

/// Which classes or targets leaves name.
pub(super) struct Naming {
    /// On every way through the trees: there is a tree all of whose leaves name the class.
    pub(super) always: Vec<bool>,
    /// On some way.
    pub(super) ever: Vec<bool>,
}

impl Naming {
    pub(super) fn of(trees: &[Tree], n_classes: usize) -> Self {
        let mut naming = Self { always: vec![false; n_classes], ever: vec![false; n_classes] };
        let mut counts = vec![0_usize; n_classes];
        for tree in trees {
            let leaves = tree.nodes.iter().filter_map(|node| match node {
                TreeNode::Leaf(weights) => Some(weights),
                TreeNode::Branch { .. } => None,
            });
            let n_leaves = leaves.clone().count();
            leaves.clone().flatten().for_each(|&(class, _)| counts[class] += 1);
            for &(class, _) in leaves.flatten() {
                naming.ever[class] = true;
                naming.always[class] |= counts[class] == n_leaves;
            }
            // Only what this tree counted is set back: trees may be many, and classes too.
            for node in &tree.nodes {
                if let TreeNode::Leaf(weights) = node {
                    weights.iter().for_each(|&(class, _)| counts[class] = 0);
                }
            }
        }
        naming
    }
}

/// The cases of two classes, after which weights there are.
enum TwoClasses {
    /// All weights are for class 0, and there are no base values or one: one sum `s`. The label is
    /// whether `s` is above one half, where no weight is negative (a probability; the scores are
    /// `1 - s` and `s`, whatever the post-transform), or above 0 (a margin; `-s` and `s`, of which
    /// only LOGISTIC is taken).
    OneSum { positive: bool },
    /// All weights are for one class, and both sums are there: the label looks at the sum of that
    /// class, `which`, and compares it as above.
    OneNamed { which: usize, positive: bool },
    /// Both classes have weights: the label is whether the sum of class 1 is above 0.
    BothNamed,
}

impl TwoClasses {
    fn of(tables: &Tables<'_>, labels: &Labels) -> Result<Self, OpError> {
        let positive = tables.weights.iter().all(|&weight| weight >= 0.0);
        let names = |class: i64| tables.targets.contains(&class);
        let naming = Naming::of(&tables.trees, 2);
        match (names(0), names(1), tables.base.len()) {
            (true, false, 2) => Ok(Self::OneNamed { which: 0, positive }),
            (true, false, _) => Ok(Self::OneSum { positive }),
            (_, true, 2) => {
                unsupported("two base values and weights of class 1: onnxruntime mixes them up")
            }
            (_, true, _) if !naming.always[1] => {
                unsupported("class 1 has no score on some ways through the trees")
            }
            (false, true, _) => Ok(Self::OneNamed { which: 1, positive }),
            (true, true, _) if *labels == Labels::Ints(vec![0, 1]) => Ok(Self::BothNamed),
            (true, true, _) if matches!(labels, Labels::Strings(_)) => Ok(Self::BothNamed),
            (true, true, _) => unsupported(
                "two classes, both with weights, and labels other than 0 and 1: onnxruntime answers 0 or 1",
            ),
            (false, false, _) => unsupported("has no weights"),
        }
    }

    fn emit(
        self,
        context: &mut Context<'_, '_>,
        features: &Features,
        tables: Tables<'_>,
        labels: Labels,
        transform: PostTransform,
    ) -> Result<Vec<Value>, OpError> {
        let n_sums = if let Self::OneSum { .. } = self { 1 } else { 2 };
        let mut base = tables.base;
        base.resize(n_sums, 0.0);
        let sums = emit_sums(context, features, tables.trees, base)?;
        let half_or_zero = |positive: bool| if positive { 0.5 } else { 0.0 };
        let (which, threshold) = match self {
            Self::OneSum { positive } => (None, half_or_zero(positive)),
            Self::OneNamed { which, positive } => (Some(which), half_or_zero(positive)),
            Self::BothNamed => (Some(1), 0.0),
        };
        let dtype = sums.element.dtype();
        let decisive = match which {
            Some(which) => {
                context.emit("decisive", Op::Gather(vec![which]), &[sums.value], 1, dtype)?
            }
            None => sums.value,
        };
        let decision = Op::Unary(Unary::Binarize { threshold });
        let index = context.emit("label", decision, &[decisive], 1, dtype)?;
        let shape = Shape(vec![features.batch]);
        let label = Value::Label(Label { index, values: Rc::new(labels.into()), shape });
        let scores = match self {
            Self::OneSum { positive } => one_sum_scores(context, &sums, positive, transform)?,
            Self::OneNamed { .. } | Self::BothNamed => {
                let sums = context.round_to_f32(sums)?;
                transform.apply(context, sums)?
            }
        };
        Ok(vec![label, Value::Row(scores)])
    }
}

fn one_sum_scores(
    context: &mut Context<'_, '_>,
    sum: &Row,
    positive: bool,
    transform: PostTransform,
) -> Result<Row, OpError> {
    if transform == PostTransform::Probit {
        return unsupported(
            "post_transform PROBIT with the weights of one class: one score is left open",
        );
    }
    let kind = if positive { Scores::Complement } else { Scores::Mirrored };
    let scores = kind.expand(context, sum)?;
    let scores = context.round_to_f32(scores)?;
    match transform {
        PostTransform::Logistic if !positive => transform.apply(context, scores),
        _ => Ok(scores),
    }
}

fn emit_sums(
    context: &mut Context<'_, '_>,
    features: &Features,
    trees: Vec<Tree>,
    base: Vec<f64>,
) -> Result<Row, OpError> {
    let dtype = features.row.element.dtype();
    let n_targets = base.len();
    context.claim(n_targets)?;
    let ensemble = TreeEnsemble { trees, n_targets, base, aggregate: Aggregate::Sum, dtype };
    features.emit(context, ensemble)
}
