//! The input: which rows are accepted, and how floats become integers.

use super::super::exact::{key_of, key_range};
use super::super::trees::{takes_missing, Chain};
use super::super::{Encoding, QuantInput, Range};
use super::{LowerError, Observed, Precision};
use crate::eval::imputed_features;
use crate::float::{ceil_log2, pow2};
use crate::graph::{Feature, Graph, Op, ValueId};

/// How tree features reach the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureMode {
    /// As order-preserving integers where the model allows it: every test of every tree is the float
    /// model's. Votes are summed exactly, so a label can differ where the float model's sums tie.
    Exact,
    /// As fixed-point numbers in natural units, as a caller on chain has them.
    Fixed,
}

/// What rows the model will meet.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    /// The declared range of each feature, in natural units.
    pub declared: Vec<(f64, f64)>,
    /// The span each feature really takes (calibration), for choosing resolutions; equal to
    /// `declared` where nothing better is known.
    pub typical: Vec<(f64, f64)>,
    /// How tree features are passed.
    pub features: FeatureMode,
}

pub(super) struct LoweredInput {
    pub input: QuantInput,
    /// For each tree feature of each tree node, where it comes from (ordered features only).
    pub chains: Vec<Vec<Chain>>,
}

/// Features whose resolutions differ by no more than this many bits share the finest.
const SHARED_SCALE_BITS: i32 = 2;
/// No feature's scale is coarser than the finest by more bits than this.
const MAX_SCALE_SPREAD: i32 = 40;
/// Whole numbers over no more values than these are never rounded.
const FEW_VALUES: f64 = 4096.0;
/// Resolution of features that trees alone look at.
const TREE_FEATURE_BITS: u32 = 24;

/// Whether the model only compares: every output depends on the input through trees alone, and each
/// tree feature is a monotone chain from the input.
pub(crate) fn is_ordered(graph: &Graph, spec: &InputSpec) -> bool {
    if spec.features == FeatureMode::Fixed {
        return false;
    }
    let outputs: Vec<_> = graph.outputs.iter().map(|output| output.value).collect();
    let live = super::liveness(graph, &outputs, true);
    let mut trees = 0;
    for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| live[*index]) {
        match &node.op {
            Op::Trees(_) => {
                trees += 1;
                if chains(graph, index).is_none() {
                    return false;
                }
            }
            _ if node.inputs.contains(&0) => return false,
            _ => {}
        }
    }
    trees > 0
}

/// The chain of each feature of the trees at `index`.
pub(super) fn chains(graph: &Graph, index: ValueId) -> Option<Vec<Chain>> {
    let operand = graph.nodes[index].inputs[0];
    (0..graph.nodes[operand].len).map(|i| Chain::trace(graph, operand, i)).collect()
}

pub(super) fn lower(
    graph: &Graph,
    spec: &InputSpec,
    precision: &Precision,
    _observed: &Observed,
    ordered: bool,
) -> Result<LoweredInput, LowerError> {
    let name = graph.input.name.clone();
    let features = features(graph);
    if ordered {
        let dtype = graph.input.dtype;
        let missing = graph
            .nodes
            .iter()
            .any(|node| matches!(&node.op, Op::Trees(ensemble) if takes_missing(ensemble)));
        let keys = |feature: usize| match graph.input.feature(feature).and_then(Feature::bounds) {
            Some((lo, hi)) => Range { lo: key_of(dtype, lo), hi: key_of(dtype, hi) },
            None => key_range(dtype, missing),
        };
        let input = QuantInput {
            name,
            encoding: Encoding::Ordered { dtype, missing },
            ranges: (0..graph.input.len).map(keys).collect(),
            features,
        };
        let chains = (0..graph.nodes.len())
            .map(|index| match graph.nodes[index].op {
                Op::Trees(_) => chains(graph, index).unwrap_or_default(),
                _ => Vec::new(),
            })
            .collect();
        return Ok(LoweredInput { input, chains });
    }
    let only_trees =
        graph.nodes.iter().all(|node| !node.inputs.contains(&0) || matches!(node.op, Op::Trees(_)));
    let bits = if only_trees { TREE_FEATURE_BITS } else { precision.input_bits };
    let scale_log2 = scales(&spec.typical, bits, &graph.input.features);
    let ranges = spec
        .declared
        .iter()
        .zip(&scale_log2)
        .map(|(&(lo, hi), &scale)| {
            let unit = pow2(scale);
            Range { lo: (lo * unit).floor() as i128, hi: (hi * unit).ceil() as i128 }
        })
        .collect();
    let encoding = Encoding::Fixed { scale_log2 };
    let input = QuantInput { name, encoding, ranges, features };
    Ok(LoweredInput { input, chains: vec![Vec::new(); graph.nodes.len()] })
}

/// What is known of the features, and what their missing values are read as; nothing where all is plain.
fn features(graph: &Graph) -> Vec<Feature> {
    let imputed = imputed_features(graph);
    if graph.input.features.is_empty() && imputed.iter().all(Option::is_none) {
        return Vec::new();
    }
    let known = |index: usize| graph.input.feature(index).cloned().unwrap_or_default();
    let feature = |(index, missing)| Feature { missing, ..known(index) };
    imputed.into_iter().enumerate().map(feature).collect()
}

/// Fractional bits of each feature, so that its typical span takes `bits` bits. Whole numbers have none:
/// those that take few values keep them all.
fn scales(typical: &[(f64, f64)], bits: u32, features: &[Feature]) -> Vec<i32> {
    let is_whole = |index: usize| features.get(index).is_some_and(|feature| feature.whole);
    let real = |index: &usize| !is_whole(*index);
    let spans: Vec<f64> = typical.iter().map(|(lo, hi)| hi - lo).collect();
    let widest = (0..spans.len()).filter(real).map(|index| spans[index]).fold(0.0, f64::max);
    let scale = |span: f64| bits as i32 - ceil_log2(span);
    let own = |index: usize| {
        let (span, (lo, hi)) = (spans[index], typical[index]);
        match span {
            _ if is_whole(index) && span <= FEW_VALUES => 0,
            _ if is_whole(index) => scale(span).min(0),
            _ if span > 0.0 => scale(span),
            // A feature that never moved: as fine as the widest, or as its own magnitude.
            _ if widest > 0.0 => scale(widest),
            _ => scale(lo.abs().max(hi.abs()).max(1.0)),
        }
    };
    let own: Vec<i32> = (0..spans.len()).map(own).collect();
    let reals = (0..own.len()).filter(real).map(|index| own[index]);
    let (least, most) = reals.fold((i32::MAX, i32::MIN), |(a, b), s| (a.min(s), b.max(s)));
    let shared = least <= most && most - least <= SHARED_SCALE_BITS;
    let floor = most.saturating_sub(MAX_SCALE_SPREAD);
    let settled = |index: usize| match own[index] {
        scale if is_whole(index) => scale,
        _ if shared => most,
        scale => scale.max(floor),
    };
    (0..own.len()).map(settled).collect()
}

impl LoweredInput {
    /// Each feature's fractional bits; none where features are ordered keys.
    pub fn scales(&self) -> Option<&[i32]> {
        match &self.input.encoding {
            Encoding::Fixed { scale_log2 } => Some(scale_log2),
            Encoding::Ordered { .. } => None,
        }
    }

    /// The finest feature's fractional bits.
    pub fn base_scale(&self) -> i32 {
        self.scales().and_then(|scales| scales.iter().copied().max()).unwrap_or(0)
    }

    /// What each feature is multiplied with to reach [`Self::base_scale`]; `None` if they share it.
    pub fn alignment(&self) -> Option<Vec<i64>> {
        let base = self.base_scale();
        let scales = self.scales()?;
        scales
            .iter()
            .any(|&scale| scale != base)
            .then(|| scales.iter().map(|&scale| 1i64 << (base - scale)).collect())
    }
}
