//! From the trees' sums to scores: post-transforms, and the second class of a binary ensemble.

use super::super::super::context::Context;
use super::super::super::node::OpError;
use super::super::super::value::{Axis, Row, Shape};
use super::super::super::ImportError;
use crate::graph::{Op, Unary};

/// The post-transforms of ai.onnx.ml.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostTransform {
    None,
    Softmax,
    Logistic,
    SoftmaxZero,
    Probit,
}

impl PostTransform {
    /// Reads the attribute in its text form.
    pub(crate) fn read_text(context: &Context<'_, '_>) -> Result<Self, ImportError> {
        Ok(match context.node.string("post_transform")?.unwrap_or("NONE") {
            "NONE" => Self::None,
            "SOFTMAX" => Self::Softmax,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            "PROBIT" => Self::Probit,
            other => {
                let reason = format!("is {other:?}, which is not defined");
                return Err(context.node.attribute_error("post_transform", reason));
            }
        })
    }

    /// Reads the attribute in the numbers of TreeEnsemble version 5.
    pub(super) fn read_number(context: &Context<'_, '_>) -> Result<Self, ImportError> {
        Ok(match context.node.int_or("post_transform", 0)? {
            0 => Self::None,
            1 => Self::Softmax,
            2 => Self::Logistic,
            3 => Self::SoftmaxZero,
            4 => Self::Probit,
            other => {
                let reason = format!("is {other}, wants 0 to 4");
                return Err(context.node.attribute_error("post_transform", reason));
            }
        })
    }

    /// Applies it to a vector of scores. To a single score only PROBIT is ever applied: that is what
    /// onnxruntime does.
    pub(crate) fn apply(self, context: &mut Context<'_, '_>, row: Row) -> Result<Row, OpError> {
        let op = match self {
            Self::Probit => Op::Unary(Unary::Probit),
            _ if row.shape.len() == 1 => return Ok(row),
            Self::None => return Ok(row),
            Self::Softmax => Op::Softmax,
            Self::Logistic => Op::Unary(Unary::Sigmoid),
            Self::SoftmaxZero => Op::SoftmaxZero,
        };
        Ok(context.same_shape("scores", op, &row)?)
    }
}

/// How one sum becomes the scores of two classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scores {
    /// `1 - s` and `s`: the sum is a probability.
    Complement,
    /// `-s` and `s`: the sum is a margin.
    Mirrored,
}

impl Scores {
    pub(crate) fn expand(self, context: &mut Context<'_, '_>, sum: &Row) -> Result<Row, OpError> {
        let bias = match self {
            Scores::Complement => vec![1.0, 0.0],
            Scores::Mirrored => vec![0.0, 0.0],
        };
        let op = Op::Dense { weights: vec![-1.0, 1.0], bias };
        let value = context.emit("classes", op, &[sum.value], 2, sum.element.dtype())?;
        let shape = Shape(vec![sum.shape.0[0], Axis::Len(2)]);
        Ok(Row { value, shape, element: sum.element })
    }
}
