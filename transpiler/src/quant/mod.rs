//! The integer model: what the Rust reference, the Cairo VM, the contract and the proof all compute.
//!
//! A value is a vector of integers `q`; the real number an element stands for is `q · 2^-scale_log2`.
//! Every value carries the proved range of each element: interval arithmetic from the input's
//! declared range (`ranges.rs`). Nothing wraps, nothing saturates but where the model says so.

mod bounds;
mod eval;
mod exact;
mod lower;
mod ranges;
mod serial;
mod table;
mod trees;
mod validate;

use serde::{Deserialize, Serialize};

use crate::graph::{DType, Feature, OutputKind, ValueId};

pub use eval::{EncodeError, Prediction};
pub use exact::{key_of, value_of};
pub(crate) use lower::{draft, is_ordered};
pub use lower::{lower, FeatureMode, InputSpec, LowerError, Precision};
pub(crate) use ranges::shift_round;
pub use ranges::RangeError;
pub use table::{Table, TableFunction};
pub use trees::{Branch, KeyTest, LeafWeights, QuantTree, QuantTreeNode, QuantTrees};
pub use validate::GraphError;

/// Largest magnitude of any intermediate integer: it must fit a signed 128-bit value on the host
/// and stay far below the field's modulus.
pub const MAX_BITS: u32 = 120;

/// A model over integers. Node 0 is the input; operands stand before their users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantGraph {
    /// The model's name.
    pub name: String,
    /// The input: how rows of floats become integers, and which are accepted.
    pub input: QuantInput,
    /// The nodes; node `i` makes value `i`.
    pub nodes: Vec<QuantNode>,
    /// The outputs, in the order of the ONNX graph.
    pub outputs: Vec<QuantOutput>,
}

/// The input row as integers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantInput {
    /// The ONNX input's name.
    pub name: String,
    /// How a float becomes an integer.
    pub encoding: Encoding,
    /// The accepted integers, one range per feature; others are refused.
    pub ranges: Vec<Range>,
    /// What is known of each feature; empty where that is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
}

/// How a feature becomes an integer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// `round(x · 2^scale_log2)`, halves away from zero.
    Fixed {
        /// Fractional bits of each feature.
        scale_log2: Vec<i32>,
    },
    /// An integer that sorts as the float does: comparisons are exact ([`key_of`]).
    Ordered {
        /// The float type whose order is kept.
        dtype: DType,
        /// Whether NaN (a missing value) is accepted.
        missing: bool,
    },
}

/// A closed interval of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The smallest.
    pub lo: i128,
    /// The largest.
    pub hi: i128,
}

/// One operation on integer vectors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantNode {
    /// The name of the ONNX node it comes from.
    pub name: String,
    /// What it computes.
    pub op: QuantOp,
    /// Its operands.
    pub inputs: Vec<ValueId>,
    /// Fractional bits of its elements.
    pub scale_log2: i32,
    /// The proved range of each element; its length is the vector's.
    pub ranges: Vec<Range>,
    /// A proved bound on `|element · 2^-scale_log2 − real model's element|` for every accepted input,
    /// where one is known: the real model is the file's, computed without rounding. `None` downstream of
    /// a decision that rounding may flip.
    pub error: Option<f64>,
}

/// The integer operations; all exact but for the rounding that each one names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantOp {
    /// The input row.
    Input,
    /// A constant vector.
    Constant(Vec<i128>),
    /// `y = W·x + b`; `weights` row-major, one row an output.
    Dense {
        /// `W`, row-major.
        weights: Vec<i64>,
        /// `b`, one per output.
        bias: Vec<i128>,
    },
    /// `y_i = x_i · mul_i + add_i`
    Scale {
        /// One per element.
        mul: Vec<i64>,
        /// One per element.
        add: Vec<i128>,
    },
    /// `y_i = round-half-up(x_i / 2^bits)`, that is `floor((x_i + 2^(bits−1)) / 2^bits)`.
    Shift {
        /// How many bits go.
        bits: u32,
    },
    /// `max(x_i, 0)`
    Relu,
    /// `x_i · 2^bits` where `x_i ≥ 0`, else `x_i · slope`.
    LeakyRelu {
        /// The slope below 0 in units of `2^-bits`.
        slope: i64,
        /// Fractional bits of the slope.
        bits: u32,
    },
    /// `min(max(x_i, lo), hi)`
    Clip {
        /// The lower bound.
        lo: i128,
        /// The upper bound.
        hi: i128,
    },
    /// `|x_i|`
    Abs,
    /// `⌊√x_i⌋`, of `x_i ≥ 0`.
    Sqrt,
    /// 1 where `x_i > threshold`, else 0.
    Greater {
        /// The threshold.
        threshold: i128,
    },
    /// `x_i / 2^bits` rounded towards zero, as an integer of scale 0.
    Truncate {
        /// Fractional bits that go.
        bits: u32,
    },
    /// A function by table with linear interpolation.
    Lookup(Table),
    /// `a_i + b_i`, both of one scale.
    Add,
    /// `a_i − b_i`, both of one scale.
    Sub,
    /// `a_i · b_i`
    Mul,
    /// `round-half-up(a_i · 2^bits / b_i)`; `b` is positive, and one element long or as long as `a`.
    Div {
        /// Bits added to the numerator first.
        bits: u32,
    },
    /// `max(a_i, b_i)`, both of one scale.
    Larger,
    /// The sum of the elements.
    Sum,
    /// The largest element.
    Max,
    /// `x_i − max_j x_j`
    SubMax,
    /// 0 where the second operand's element is 0, else the first's.
    MaskZero,
    /// The index of the largest element.
    ArgMax {
        /// Whether the last of equals wins.
        select_last: bool,
    },
    /// `y_i = x[indices_i]`
    Gather(Vec<usize>),
    /// The operands one after the other.
    Concat,
    /// Decision trees.
    Trees(QuantTrees),
}

/// One of the model's outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuantOutput {
    /// The ONNX output's name.
    pub name: String,
    /// The value it shows.
    pub value: ValueId,
    /// What its numbers mean.
    pub kind: OutputKind,
}

impl Range {
    /// The range of one integer.
    pub const fn point(value: i128) -> Self {
        Self { lo: value, hi: value }
    }

    /// The smallest range that holds both.
    pub fn union(self, other: Self) -> Self {
        Self { lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// Whether `value` lies in it.
    pub const fn contains(&self, value: i128) -> bool {
        self.lo <= value && value <= self.hi
    }

    /// How many bits the largest magnitude in it takes, without a sign.
    pub fn magnitude_bits(&self) -> u32 {
        128 - self.lo.unsigned_abs().max(self.hi.unsigned_abs()).leading_zeros()
    }
}

impl QuantGraph {
    /// The length of the input row.
    pub fn input_len(&self) -> usize {
        self.input.ranges.len()
    }

    /// The number of integers that the program returns: the outputs one after the other.
    pub fn output_len(&self) -> usize {
        self.outputs.iter().map(|output| self.nodes[output.value].ranges.len()).sum()
    }

    /// Whether a value is made of positions: how far two are apart says nothing.
    pub(crate) fn is_index(&self, value: ValueId) -> bool {
        let node = &self.nodes[value];
        match node.op {
            QuantOp::ArgMax { .. } => true,
            QuantOp::Concat | QuantOp::Gather(_) => {
                node.inputs.iter().all(|&input| self.is_index(input))
            }
            _ => false,
        }
    }

    /// The smallest range that holds every element of a value.
    pub fn hull(&self, value: ValueId) -> Range {
        hull(&self.nodes[value].ranges)
    }
}

/// The smallest range that holds all of `ranges`.
pub(crate) fn hull(ranges: &[Range]) -> Range {
    ranges.iter().copied().reduce(Range::union).unwrap_or(Range::point(0))
}
