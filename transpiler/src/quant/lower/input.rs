//! The input: which rows are accepted, and how floats become integers.

use super::super::exact::key_range;
use super::super::trees::{takes_missing, Chain};
use super::super::{Encoding, QuantInput, Range};
use super::{LowerError, Observed, Precision};
use crate::float::{ceil_log2, pow2};
use crate::graph::{Graph, Op, ValueId};

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
/// Resolution of features that trees alone look at.
const TREE_FEATURE_BITS: u32 = 24;

/// Whether the model only compares: every output depends on the input through trees alone, and each
/// tree feature is a monotone chain from the input.
pub(in crate::quant) fn is_ordered(graph: &Graph, spec: &InputSpec) -> bool {
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
    if ordered {
        let dtype = graph.input.dtype;
        let missing = graph
            .nodes
            .iter()
            .any(|node| matches!(&node.op, Op::Trees(ensemble) if takes_missing(ensemble)));
        let input = QuantInput {
            name,
            encoding: Encoding::Ordered { dtype, missing },
            ranges: vec![key_range(dtype, missing); graph.input.len],
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
    let scale_log2 = scales(&spec.typical, bits);
    let ranges = spec
        .declared
        .iter()
        .zip(&scale_log2)
        .map(|(&(lo, hi), &scale)| {
            let unit = pow2(scale);
            Range { lo: (lo * unit).floor() as i128, hi: (hi * unit).ceil() as i128 }
        })
        .collect();
    let input = QuantInput { name, encoding: Encoding::Fixed { scale_log2 }, ranges };
    Ok(LoweredInput { input, chains: vec![Vec::new(); graph.nodes.len()] })
}

/// Fractional bits of each feature, so that its typical span takes `bits` bits.
fn scales(typical: &[(f64, f64)], bits: u32) -> Vec<i32> {
    let spans: Vec<f64> = typical.iter().map(|(lo, hi)| hi - lo).collect();
    let widest = spans.iter().copied().fold(0.0, f64::max);
    let scale = |span: f64| bits as i32 - ceil_log2(span);
    let own: Vec<i32> = spans
        .iter()
        .zip(typical)
        .map(|(&span, (lo, hi))| match span {
            _ if span > 0.0 => scale(span),
            // A feature that never moved: as fine as the widest, or as its own magnitude.
            _ if widest > 0.0 => scale(widest),
            _ => scale(lo.abs().max(hi.abs()).max(1.0)),
        })
        .collect();
    let (least, most) = own.iter().fold((i32::MAX, i32::MIN), |(a, b), &s| (a.min(s), b.max(s)));
    if !own.is_empty() && most - least <= SHARED_SCALE_BITS {
        return vec![most; own.len()];
    }
    own.iter().map(|&scale| scale.max(most - MAX_SCALE_SPREAD)).collect()
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
