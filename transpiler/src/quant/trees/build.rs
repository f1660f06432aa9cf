//! From float trees to integer trees: thresholds become keys, leaf weights fixed point.

use super::super::exact::{key_of, key_range, missing_key, value_of};
use super::{Branch, KeyTest, QuantTree, QuantTreeNode, QuantTrees};
use crate::eval::arithmetic;
use crate::float::{magnitude_bits, pow2};
use crate::graph::{
    Aggregate, Arithmetic, DType, Graph, Op, Test, Tree, TreeEnsemble, TreeNode, Unary, ValueId,
};

/// How the features reach the trees.
pub(in crate::quant) enum Features<'a> {
    /// Ordered keys of the raw input; each tree feature is an input feature behind monotone steps.
    Ordered { dtype: DType, missing: bool, chains: &'a [Chain] },
    /// Fixed-point integers of this scale.
    Fixed { scale_log2: &'a [i32] },
}

impl Features<'_> {
    /// What a missing value of a feature is replaced by on its way to the trees.
    fn imputed(&self, feature: usize) -> Option<f64> {
        match self {
            Self::Ordered { dtype, chains, .. } => {
                Some(chains[feature].apply(*dtype, f64::NAN)).filter(|value| !value.is_nan())
            }
            Self::Fixed { .. } => None,
        }
    }
}

/// An input feature followed by element-wise operations.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::quant) struct Chain {
    /// Which input feature.
    pub input: usize,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Scaler {
        offset: f64,
        scale: f64,
    },
    WithConstant {
        op: Arithmetic,
        constant: f64,
        constant_first: bool,
    },
    ToF32,
    ToF64,
    /// The value that a missing one gives way to.
    Impute(f64),
}

impl Chain {
    /// Follows element `index` of `value` back to the input; `None` where anything on the way is not
    /// an element-wise monotone operation.
    pub(in crate::quant) fn trace(
        graph: &Graph,
        mut value: ValueId,
        mut index: usize,
    ) -> Option<Self> {
        let mut steps = Vec::new();
        loop {
            let node = &graph.nodes[value];
            match &node.op {
                Op::Input => {
                    steps.reverse();
                    return Some(Self { input: index, steps });
                }
                Op::Scaler { offset, scale } => {
                    steps.push(Step::Scaler { offset: offset[index], scale: scale[index] });
                }
                Op::WithConstant { op, constant, constant_first } => {
                    let is_monotone = match op {
                        Arithmetic::Div => !constant_first,
                        Arithmetic::Max | Arithmetic::Min => false,
                        Arithmetic::Add | Arithmetic::Sub | Arithmetic::Mul => true,
                    };
                    if !is_monotone {
                        return None;
                    }
                    steps.push(Step::WithConstant {
                        op: *op,
                        constant: constant[index],
                        constant_first: *constant_first,
                    });
                }
                Op::Unary(Unary::ToF32) => steps.push(Step::ToF32),
                Op::Unary(Unary::ToF64) => steps.push(Step::ToF64),
                Op::Impute(values) => steps.push(Step::Impute(values[index])),
                Op::Gather(indices) => index = indices[index],
                Op::Concat => {
                    let found = node.inputs.iter().find(|&&input| {
                        let len = graph.nodes[input].len;
                        if index < len {
                            return true;
                        }
                        index -= len;
                        false
                    });
                    value = *found?;
                    continue;
                }
                _ => return None,
            }
            value = node.inputs[0];
        }
    }

    fn apply(&self, input: DType, x: f64) -> f64 {
        let mut single = input == DType::F32;
        let round = |single: bool, x: f64| if single { f64::from(x as f32) } else { x };
        self.steps.iter().fold(x, |x, step| match *step {
            Step::Scaler { offset, scale } => round(single, round(single, x - offset) * scale),
            Step::WithConstant { op, constant, constant_first } => {
                let (a, b) = if constant_first { (constant, x) } else { (x, constant) };
                round(single, arithmetic(op, a, b))
            }
            Step::ToF32 => {
                single = true;
                f64::from(x as f32)
            }
            Step::ToF64 => {
                single = false;
                x
            }
            Step::Impute(value) if x.is_nan() => value,
            Step::Impute(_) => x,
        })
    }

    fn is_decreasing(&self) -> bool {
        self.steps
            .iter()
            .filter(|step| match step {
                Step::Scaler { scale, .. } => *scale < 0.0,
                Step::WithConstant { op, constant, constant_first } => match op {
                    // Extremes are no steps of a chain.
                    Arithmetic::Add | Arithmetic::Max | Arithmetic::Min => false,
                    Arithmetic::Sub => *constant_first,
                    Arithmetic::Mul | Arithmetic::Div => *constant < 0.0,
                },
                Step::ToF32 | Step::ToF64 | Step::Impute(_) => false,
            })
            .count()
            % 2
            == 1
    }

    /// The number of keys, counted from the lowest finite one, for which `holds` is true of the
    /// chain's value; `holds` must be true up to some key and false above it.
    fn last_key(&self, dtype: DType, holds: impl Fn(f64) -> bool) -> i128 {
        let finite = match dtype {
            DType::F32 => (f64::from(f32::MIN), f64::from(f32::MAX)),
            DType::F64 => (f64::MIN, f64::MAX),
            DType::I64 => (i64::MIN as f64, i64::MAX as f64),
        };
        let all = key_range(dtype, false);
        let (mut lo, mut hi) = (key_of(dtype, finite.0), key_of(dtype, finite.1));
        // The infinities first: arithmetic on them may give NaN, which holds nowhere.
        if !holds(self.apply(dtype, finite.0)) {
            return if self.steps.is_empty() && holds(value_of(dtype, all.lo)) {
                all.lo
            } else {
                all.lo - 1
            };
        }
        if holds(self.apply(dtype, finite.1)) {
            let infinity = self.apply(dtype, value_of(dtype, all.hi));
            return if holds(infinity) { all.hi } else { hi };
        }
        // Invariant: holds at lo, not at hi.
        while hi - lo > 1 {
            let middle = lo + (hi - lo) / 2;
            if holds(self.apply(dtype, value_of(dtype, middle))) {
                lo = middle;
            } else {
                hi = middle;
            }
        }
        lo
    }
}

/// Whether missing values are accepted: where a branch sends them somewhere else than a plain comparison
/// would, where an infinite threshold asks for them, and where they need no code of their own because every
/// branch sends them where the lowest key goes (CatBoost's `x > t`).
pub(in crate::quant) fn takes_missing(ensemble: &TreeEnsemble) -> bool {
    let branches = || {
        let nodes = ensemble.trees.iter().flat_map(|tree| &tree.nodes);
        nodes.filter_map(|node| match node {
            TreeNode::Branch { test, missing_is_true, .. } => Some((test, *missing_is_true)),
            TreeNode::Leaf(_) => None,
        })
    };
    let asks = |(test, missing_is_true): (&Test, bool)| {
        missing_is_true || test.thresholds().iter().any(|threshold| threshold.is_infinite())
    };
    let is_free = |(test, _): (&Test, bool)| !matches!(test, Test::Less(_) | Test::LessOrEqual(_));
    branches().any(asks) || (branches().next().is_some() && branches().all(is_free))
}

/// The features that the trees test, ascending.
pub(in crate::quant) fn tested(ensemble: &TreeEnsemble) -> Vec<usize> {
    let nodes = ensemble.trees.iter().flat_map(|tree| &tree.nodes);
    let features = nodes.filter_map(|node| match node {
        TreeNode::Branch { feature, .. } => Some(*feature),
        TreeNode::Leaf(_) => None,
    });
    features.collect::<std::collections::BTreeSet<usize>>().into_iter().collect()
}

/// Fractional bits of the leaf weights: as many as hold every weight exactly, or as fit sums into
/// `max_bits`. Also the worst rounding of one target's sum.
pub(in crate::quant) fn leaf_scale(ensemble: &TreeEnsemble, max_bits: u32) -> (i32, f64) {
    let weights = || {
        ensemble.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| match node {
            TreeNode::Leaf(weights) => Some(weights.iter().map(|&(_, weight)| weight)),
            TreeNode::Branch { .. } => None,
        })
    };
    let largest = |tree: &Tree| {
        tree.nodes.iter().fold(0.0f64, |largest, node| match node {
            TreeNode::Leaf(weights) => weights.iter().fold(largest, |m, w| m.max(w.1.abs())),
            TreeNode::Branch { .. } => largest,
        })
    };
    let reach = ensemble.trees.iter().map(largest).sum::<f64>()
        + ensemble.base.iter().fold(0.0f64, |m, b| m.max(b.abs()));
    let reach_bits = if reach > 0.0 { magnitude_bits(reach) } else { 0 };
    let exact = weights().flatten().chain(ensemble.base.iter().copied()).map(fraction_bits).max();
    let scale_log2 = exact.unwrap_or(0).min(max_bits as i32 - 2 - reach_bits);
    let unit = pow2(scale_log2);
    let off = |w: f64| ((w * unit).round() / unit - w).abs();
    let per_tree = |tree: &Tree| {
        tree.nodes.iter().fold(0.0f64, |worst, node| match node {
            TreeNode::Leaf(weights) => weights.iter().fold(worst, |m, w| m.max(off(w.1))),
            TreeNode::Branch { .. } => worst,
        })
    };
    let rounding = match ensemble.aggregate {
        Aggregate::Sum => ensemble.trees.iter().map(per_tree).sum::<f64>(),
        Aggregate::Min | Aggregate::Max => ensemble.trees.iter().map(per_tree).fold(0.0, f64::max),
    };
    (scale_log2, rounding + ensemble.base.iter().map(|&b| off(b)).fold(0.0, f64::max))
}

/// How many fractional bits hold `x` exactly.
fn fraction_bits(x: f64) -> i32 {
    if x == 0.0 {
        return 0;
    }
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let mantissa = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if exponent == 0 { (mantissa, -1074) } else { (mantissa | 1 << 52, exponent - 1075) };
    (-(exponent + mantissa.trailing_zeros() as i32)).max(0)
}

/// Quantises an ensemble; `scale_log2` is the leaves' scale.
pub(in crate::quant) fn quantize(
    ensemble: &TreeEnsemble,
    features: &Features<'_>,
    scale_log2: i32,
) -> Result<QuantTrees, String> {
    let unit = pow2(scale_log2);
    let integer = |x: f64| (x * unit).round() as i128;
    let node = |node: &TreeNode| {
        Ok::<_, String>(match node {
            TreeNode::Branch { feature, test, missing_is_true, on_true, on_false } => {
                QuantTreeNode::Branch(branch(
                    features,
                    *feature,
                    test,
                    *missing_is_true,
                    *on_true,
                    *on_false,
                )?)
            }
            TreeNode::Leaf(weights) => {
                QuantTreeNode::Leaf(weights.iter().map(|&(t, w)| (t, integer(w))).collect())
            }
        })
    };
    let trees = ensemble
        .trees
        .iter()
        .map(|tree| Ok(QuantTree { nodes: tree.nodes.iter().map(node).collect::<Result<_, _>>()? }))
        .collect::<Result<_, String>>()?;
    Ok(QuantTrees {
        trees,
        n_targets: ensemble.n_targets,
        base: ensemble.base.iter().map(|&b| integer(b)).collect(),
        aggregate: ensemble.aggregate,
        missing: match features {
            Features::Ordered { dtype, missing: true, .. } => Some(missing_key(*dtype)),
            _ => None,
        },
    })
}

fn branch(
    features: &Features<'_>,
    feature: usize,
    test: &Test,
    missing_is_true: bool,
    on_true: usize,
    on_false: usize,
) -> Result<Branch, String> {
    // Every order test is `x ≤ t` or `x < t`, or the negation of one with the children swapped.
    let (negated, strict, threshold) = match test {
        Test::LessOrEqual(t) => (false, false, *t),
        Test::Less(t) => (false, true, *t),
        Test::Greater(t) => (true, false, *t),
        Test::GreaterOrEqual(t) => (true, true, *t),
        Test::Equal(_) | Test::NotEqual(_) | Test::Member(_) => {
            return membership(features, feature, test, missing_is_true, on_true, on_false)
        }
    };
    let missing_to = match features.imputed(feature) {
        Some(value) if test.holds(value) => on_true,
        Some(_) => on_false,
        None if missing_is_true => on_true,
        None => on_false,
    };
    let (mut below, mut above) = if negated { (on_false, on_true) } else { (on_true, on_false) };
    let passes = |x: f64| if strict { x < threshold } else { x <= threshold };
    let (input, bound) = match features {
        Features::Fixed { scale_log2 } => {
            let scaled = threshold * pow2(scale_log2[feature]);
            let bound = if strict { scaled.ceil() - 1.0 } else { scaled.floor() };
            // An infinite threshold is beyond every feature.
            (feature, bound.clamp(-MAX_BOUND, MAX_BOUND) as i128)
        }
        Features::Ordered { dtype, chains, .. } => {
            let chain = &chains[feature];
            let bound = if chain.is_decreasing() {
                // True above some key: test the opposite.
                std::mem::swap(&mut below, &mut above);
                chain.last_key(*dtype, |x| !passes(x))
            } else {
                chain.last_key(*dtype, passes)
            };
            (chain.input, bound)
        }
    };
    let missing_fails =
        matches!(features, Features::Ordered { missing: true, .. }) && missing_to == above;
    Ok(Branch {
        feature: input,
        test: KeyTest::AtMost { bound, missing_fails },
        on_true: below,
        on_false: above,
    })
}

fn membership(
    features: &Features<'_>,
    feature: usize,
    test: &Test,
    missing_is_true: bool,
    mut on_true: usize,
    mut on_false: usize,
) -> Result<Branch, String> {
    let imputed = features.imputed(feature);
    let goes = imputed.map_or(missing_is_true, |value| test.holds(value));
    let mut missing_to = if goes { on_true } else { on_false };
    let values = match test {
        Test::Equal(t) => vec![*t],
        Test::NotEqual(t) => {
            std::mem::swap(&mut on_true, &mut on_false);
            // IEEE-754: NaN is not equal to anything, so the plain test sends it to `≠`.
            if imputed.is_none() {
                missing_to = on_false;
            }
            vec![*t]
        }
        Test::Member(values) => values.clone(),
        _ => Vec::new(),
    };
    let (input, mut keys) = match features {
        Features::Fixed { scale_log2 } => {
            let unit = pow2(scale_log2[feature]);
            let integer = |t: &f64| (t * unit).round().clamp(-MAX_BOUND, MAX_BOUND) as i128;
            (feature, values.iter().map(integer).collect::<Vec<_>>())
        }
        Features::Ordered { dtype, chains, .. } => {
            let chain = &chains[feature];
            let mut keys = Vec::new();
            for &t in &values {
                // All keys whose chain value equals t: an interval, for a monotone chain.
                let (below, upto) = if chain.is_decreasing() {
                    (chain.last_key(*dtype, |x| x > t), chain.last_key(*dtype, |x| x >= t))
                } else {
                    (chain.last_key(*dtype, |x| x < t), chain.last_key(*dtype, |x| x <= t))
                };
                if upto - below > MAX_EQUAL_KEYS {
                    return Err(format!(
                        "feature {feature} is tested for equality with {t}, which {} inputs are \
                         rounded to",
                        upto - below
                    ));
                }
                keys.extend(below + 1..=upto);
            }
            (chain.input, keys)
        }
    };
    if let Features::Ordered { dtype, missing: true, .. } = features {
        if missing_to == on_true {
            keys.push(missing_key(*dtype));
        }
    }
    keys.sort_unstable();
    keys.dedup();
    Ok(Branch { feature: input, test: KeyTest::OneOf(keys), on_true, on_false })
}

/// Beyond every fixed-point feature (`MAX_BITS`), and far below what the integers here hold.
const MAX_BOUND: f64 = (1u128 << 121) as f64;
/// At most this many raw inputs are listed for one value of an equality test behind a scaler.
const MAX_EQUAL_KEYS: i128 = 64;
