//! TreeEnsembleRegressor.

use super::super::super::context::Context;
use super::super::super::node::{unsupported, OpError};
use super::super::super::value::{Row, Value};
use super::super::super::ImportError;
use super::classifier::Naming;
use super::table::Repeated;
use super::{attributes, Features, PostTransform};
use crate::graph::{Aggregate, Arithmetic, Op, Tree, TreeEnsemble};

/// One score a target, always `f32`.
pub(in super::super) fn regressor(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let aggregate = match context.node.string("aggregate_function")?.unwrap_or("SUM") {
        "SUM" => Combination::Of(Aggregate::Sum),
        "MIN" => Combination::Of(Aggregate::Min),
        "MAX" => Combination::Of(Aggregate::Max),
        "AVERAGE" => Combination::Average,
        other => {
            let reason = format!("is {other:?}, wants SUM, AVERAGE, MIN or MAX");
            return Err(context.node.attribute_error("aggregate_function", reason).into());
        }
    };
    let transform = PostTransform::read_text(context)?;
    let features = Features::read(context)?;
    let n_targets = n_targets(context, 1)?;
    let repeated = match aggregate {
        _ if n_targets == 1 => Repeated::First,
        Combination::Of(Aggregate::Min) => Repeated::Min,
        Combination::Of(Aggregate::Max) => Repeated::Max,
        Combination::Of(Aggregate::Sum) | Combination::Average => Repeated::Sum,
    };
    let tables = attributes::read(context, &features, "target", n_targets, repeated, true)?;
    let mut base = tables.base;
    if base.is_empty() {
        base = vec![0.0; n_targets];
    }
    context.node.same_length("base_values", n_targets, base.len())?;
    if n_targets > 1 {
        base = reached_bases(&tables.trees, base)?;
    }
    let scores = combine(context, &features, tables.trees, base, aggregate)?;
    let scores = context.round_to_f32(scores)?;
    Ok(vec![Value::Row(transform.apply(context, scores)?)])
}

/// The base values that count. Of several targets, onnxruntime adds the base value only where a leaf on the
/// row's way names the target, and answers 0 for the others.
fn reached_bases(trees: &[Tree], mut base: Vec<f64>) -> Result<Vec<f64>, OpError> {
    let naming = Naming::of(trees, base.len());
    for (target, base) in base.iter_mut().enumerate().filter(|(_, base)| **base != 0.0) {
        match (naming.always[target], naming.ever[target]) {
            (true, _) => {}
            (false, false) => *base = 0.0,
            (false, true) => {
                return unsupported(format!(
                    "target {target} has a base value, and no weight on some ways through the trees"
                ))
            }
        }
    }
    Ok(base)
}

/// How weights of different trees combine, as ONNX has it.
pub(super) enum Combination {
    Of(Aggregate),
    Average,
}

/// Reads `n_targets`, and takes it out of the budget: it is a number that no bytes back.
pub(super) fn n_targets(context: &mut Context<'_, '_>, default: i64) -> Result<usize, ImportError> {
    let number = context.node.int_or("n_targets", default)?;
    let n_targets = usize::try_from(number).ok().filter(|&n_targets| n_targets > 0);
    let n_targets = n_targets.ok_or_else(|| {
        context.node.attribute_error("n_targets", format!("is {number}, wants 1 or more"))
    })?;
    context.claim(n_targets)?;
    Ok(n_targets)
}

/// Adds the ensemble; an average is a sum, a division by the number of trees, and the base on top.
pub(super) fn combine(
    context: &mut Context<'_, '_>,
    features: &Features,
    trees: Vec<Tree>,
    base: Vec<f64>,
    combination: Combination,
) -> Result<Row, OpError> {
    let dtype = features.row.element.dtype();
    let n_targets = base.len();
    let aggregate = match combination {
        Combination::Of(aggregate) => aggregate,
        Combination::Average => {
            let divisor = vec![trees.len() as f64; n_targets];
            let zeros = vec![0.0; n_targets];
            let sums =
                TreeEnsemble { trees, n_targets, base: zeros, aggregate: Aggregate::Sum, dtype };
            let sums = features.emit(context, sums)?;
            let by_constant =
                |op, constant| Op::WithConstant { op, constant, constant_first: false };
            let divided = by_constant(Arithmetic::Div, divisor);
            let mut averages = context.same_shape("average", divided, &sums)?;
            if base.iter().any(|&base| base != 0.0) {
                let sum = by_constant(Arithmetic::Add, base);
                averages = context.same_shape("base", sum, &averages)?;
            }
            return Ok(averages);
        }
    };
    features.emit(context, TreeEnsemble { trees, n_targets, base, aggregate, dtype })
}
