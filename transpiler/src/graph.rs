//! The float model: a dataflow graph over vectors, one row of the batch at a time.
//!
//! [`crate::onnx`] builds it, [`crate::passes`] rewrite it, [`crate::quant`] turns it into
//! integers. Nodes stand in topological order, every node has one output vector, and node `i`'s
//! output is value `i`. Weights, thresholds and constants are finite in every valid graph.

mod input;
mod queries;
mod validate;

use serde::{Deserialize, Serialize};

pub use input::{Feature, Input};
pub use validate::GraphError;

/// The index of the node that makes a value.
pub type ValueId = usize;

/// A float model. Invariants (checked by [`Graph::validate`]): node 0 is [`Op::Input`] and the
/// only one; `inputs` of a node are smaller than its index; lengths agree with the operators.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The ONNX graph's name, or the empty string.
    pub name: String,
    /// The model's input: its columns one after the other, where it has several.
    pub input: Input,
    /// The nodes, in topological order.
    pub nodes: Vec<Node>,
    /// What the model returns, in the order of the ONNX graph.
    pub outputs: Vec<Output>,
}

/// Element types of model inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DType {
    /// IEEE-754 single precision.
    F32,
    /// IEEE-754 double precision.
    F64,
    /// 64-bit signed integers.
    I64,
}

/// One operation on vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The ONNX node's name, or `Op_index` where it has none: what errors and reports call it.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Its operands.
    pub inputs: Vec<ValueId>,
    /// The length of its output vector.
    pub len: usize,
}

/// The operations. Floats are those of the model, widened to `f64` without loss; the float
/// evaluator ([`crate::eval`]) rounds each result to `f32` where the ONNX model does.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// The row of features.
    Input,
    /// A constant vector.
    Constant(Vec<f64>),
    /// `y = W·x + b`; `weights` is row-major, `len` rows of `inputs[0].len` columns.
    Dense {
        /// `W`, row-major, one row an output.
        weights: Vec<f64>,
        /// `b`, one an output.
        bias: Vec<f64>,
    },
    /// `y_i = (x_i - offset_i) · scale_i`, the subtraction rounded first: ai.onnx.ml Scaler.
    Scaler {
        /// Subtracted first, one an element.
        offset: Vec<f64>,
        /// Multiplied second, one an element.
        scale: Vec<f64>,
    },
    /// `y_i = x_i ∘ c_i`, or `c_i ∘ x_i` where `constant_first`.
    WithConstant {
        /// The operator `∘`.
        op: Arithmetic,
        /// `c`, one an element (scalars are spread out).
        constant: Vec<f64>,
        /// Whether the constant is the left operand.
        constant_first: bool,
    },
    /// `y_i = a_i ∘ b_i` of two computed vectors of one length.
    Elementwise(Arithmetic),
    /// A function of each element by itself.
    Unary(Unary),
    /// `exp(x_i) / Σ exp(x_j)` over the whole vector.
    Softmax,
    /// ai.onnx.ml's SOFTMAX_ZERO: as softmax, but elements that are 0 stay 0.
    SoftmaxZero,
    /// ai.onnx.ml Normalizer over the whole vector.
    Normalize(Norm),
    /// `y_i = values_i` where `x_i` is missing (NaN), else `x_i`: ai.onnx.ml Imputer.
    Impute(Vec<f64>),
    /// The `len` largest elements, or the smallest, in order: the first of equals comes first.
    TopK {
        /// Whether the largest ones are wanted.
        largest: bool,
        /// What is shown of them.
        show: TopK,
    },
    /// The index of the largest element (`len` 1).
    ArgMax {
        /// Whether the last of equals wins instead of the first.
        select_last: bool,
    },
    /// `y_i = x[indices_i]`: slices, gathers, feature selection, permutations, repetition.
    Gather(Vec<usize>),
    /// One number of the whole vector (`len` 1).
    Reduce(Reduction),
    /// The operands one after the other.
    Concat,
    /// Decision trees: the aggregate over trees for each target.
    Trees(TreeEnsemble),
}

/// What is shown of the largest elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TopK {
    /// The elements themselves.
    Values,
    /// Where they stand.
    Indices,
}

/// What a vector is reduced to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The sum of the elements.
    Sum,
    /// The largest element.
    Max,
    /// `ln Σ e^x_i`
    LogSumExp,
}

/// Operators of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arithmetic {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a · b`
    Mul,
    /// `a / b`
    Div,
    /// `max(a, b)`
    Max,
    /// `min(a, b)`
    Min,
}

/// Functions of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// `max(x, 0)`
    Relu,
    /// `x` where `x ≥ 0`, else `alpha·x`
    LeakyRelu {
        /// The slope below 0.
        alpha: f64,
    },
    /// `min(max(x, min), max)`; an open side is ±infinity.
    Clip {
        /// The lower bound.
        min: f64,
        /// The upper bound.
        max: f64,
    },
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `e^x`
    Exp,
    /// The natural logarithm.
    Log,
    /// The error function, `2/√π · ∫₀ˣ e^(-t²) dt`.
    Erf,
    /// `ln(1 + e^x)`
    Softplus,
    /// The largest integer that is not above `x`.
    Floor,
    /// The nearest integer; of two the even one.
    Round,
    /// `|x|`
    Abs,
    /// `-x`
    Neg,
    /// `√x`
    Sqrt,
    /// `√2 · erf⁻¹(2x − 1)`: ai.onnx.ml's PROBIT post-transform.
    Probit,
    /// 1 where `x > threshold`, else 0: ai.onnx.ml Binarizer, and binary decisions.
    Binarize {
        /// Values above it give 1.
        threshold: f64,
    },
    /// Rounding to `f32` (a Cast from double or from integers, or of a double model's output).
    ToF32,
    /// Widening to `f64` (a Cast to double): the value stays, what follows rounds to `f64`.
    ToF64,
    /// Rounding towards zero to an integer (Cast to an integer type).
    Truncate,
    /// 0 where `x = 0`, else 1 (Cast to bool).
    ToBool,
}

/// Vector norms of ai.onnx.ml Normalizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Norm {
    /// Divide by the largest element.
    Max,
    /// Divide by the sum of magnitudes.
    L1,
    /// Divide by the Euclidean norm.
    L2,
}

/// A set of decision trees over one feature vector.
///
/// The output is, for each target, `base + aggregate over trees of the leaf weights`; a post-transform
/// is a node of its own after this one. AVERAGE is SUM followed by a division node.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeEnsemble {
    /// The trees; each has at least one node and its root is node 0.
    pub trees: Vec<Tree>,
    /// Number of targets or classes: the output's length.
    pub n_targets: usize,
    /// Added to the aggregate, one a target.
    pub base: Vec<f64>,
    /// How leaf weights of different trees combine.
    pub aggregate: Aggregate,
    /// The type thresholds and features are compared in.
    pub dtype: DType,
}

/// How the trees' weights combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Aggregate {
    /// The sum over trees (targets a leaf does not name count 0).
    Sum,
    /// The smallest weight over the leaves that name the target.
    Min,
    /// The largest weight over the leaves that name the target.
    Max,
}

/// One decision tree: a proper binary tree, each node but the root the child of exactly one branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The nodes; children stand after their parents.
    pub nodes: Vec<TreeNode>,
}

/// A node of a decision tree.
#[derive(Clone, Debug, PartialEq)]
pub enum TreeNode {
    /// A decision: `on_true` where the test holds for the feature.
    Branch {
        /// The index of the feature that is looked at.
        feature: usize,
        /// The test.
        test: Test,
        /// Whether a missing value (NaN) takes the `on_true` side whatever the test says.
        missing_is_true: bool,
        /// The child where the test holds.
        on_true: usize,
        /// The child where it does not.
        on_false: usize,
    },
    /// A leaf: `(target, weight)` pairs, each target at most once, targets ascending.
    Leaf(Vec<(usize, f64)>),
}

/// The tests a branch can make; all but `NotEqual` are false on NaN, as IEEE-754 has it.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// `x ≤ t`
    LessOrEqual(f64),
    /// `x < t`
    Less(f64),
    /// `x ≥ t`
    GreaterOrEqual(f64),
    /// `x > t`
    Greater(f64),
    /// `x = t`
    Equal(f64),
    /// `x ≠ t`
    NotEqual(f64),
    /// `x` is one of these (ai.onnx.ml 5 BRANCH_MEMBER)
    Member(Vec<f64>),
}

/// One of the model's outputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// The ONNX output's name.
    pub name: String,
    /// The value it shows.
    pub value: ValueId,
    /// How a reader is to take it.
    pub kind: OutputKind,
}

/// What an output's numbers mean.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputKind {
    /// Numbers: scores, probabilities, predictions. ZipMap's keys are kept where there are any.
    Numbers {
        /// The class each element is about, where the model says (ZipMap).
        classes: Option<Labels>,
    },
    /// The value is one index into these labels.
    Label(Labels),
}

/// Class labels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Labels {
    /// Integer labels.
    Ints(Vec<i64>),
    /// Text labels.
    Strings(Vec<String>),
}
