//! Squared Euclidean distances to constant points, and the Scan by which scikit-learn's exporter asks for
//! them.

use super::super::context::Context;
use super::super::node::{domain_of, unsupported, OpError};
use super::super::tensor::{Data, Tensor};
use super::super::value::{Axis, Row, Shape, Value};
use super::super::ImportError;
use crate::graph::{Arithmetic, Op, Unary, ValueId};
use crate::onnx::pb::{GraphProto, NodeProto};

/// `factor · |x − p|²` for each of the points, which stand row-major; with a positive factor never below 0,
/// with a negative one never above.
///
/// `|x|² − 2·p·x + |p|²`, all around the middle of the points, so that little cancels out.
pub(super) fn squared(
    context: &mut Context<'_, '_>,
    x: &Row,
    points: &[f64],
    factor: f64,
) -> Result<ValueId, ImportError> {
    let len = x.shape.len();
    let dtype = x.element.dtype();
    let n_points = points.len() / len.max(1);
    context.claim(points.len().saturating_add(4 * len).saturating_add(3 * n_points))?;
    let rows = || points.chunks(len.max(1));
    let middle = |at: usize| rows().map(|row| row[at]).sum::<f64>() / n_points.max(1) as f64;
    let middle: Vec<f64> = (0..len).map(|at| f64::from(middle(at) as f32)).collect();
    let offset =
        Op::WithConstant { op: Arithmetic::Sub, constant: middle.clone(), constant_first: false };
    let centred = context.emit("centred", offset, &[x.value], len, dtype)?;
    let square = Op::Elementwise(Arithmetic::Mul);
    let squares = context.emit("squares", square, &[centred, centred], len, dtype)?;
    let ones = Op::Dense { weights: vec![factor; len], bias: vec![0.0] };
    let norm = context.emit("norm", ones, &[squares], 1, dtype)?;
    let around = |row: &[f64]| row.iter().zip(&middle).map(|(p, c)| p - c).collect::<Vec<_>>();
    let weights = rows().flat_map(around).map(|p| -2.0 * factor * p).collect();
    let bias = rows().map(|row| factor * around(row).iter().map(|p| p * p).sum::<f64>()).collect();
    let products = Op::Dense { weights, bias };
    let products = context.emit("products", products, &[centred], n_points, dtype)?;
    let norms = Op::Gather(vec![0; n_points]);
    let norms = context.emit("norms", norms, &[norm], n_points, dtype)?;
    let sum = Op::Elementwise(Arithmetic::Add);
    let sum = context.emit("distances", sum, &[products, norms], n_points, dtype)?;
    let (min, max) = match factor > 0.0 {
        true => (0.0, f64::INFINITY),
        false => (f64::NEG_INFINITY, 0.0),
    };
    context.emit("limited", Op::Unary(Unary::Clip { min, max }), &[sum], n_points, dtype)
}

/// Scan, where its body is the squared distance of a row to the point that is scanned: one distance for each
/// point, before the rows of the batch.
pub(super) fn scan(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    const WANTED: &str = "runs another body than the squared distance to constant points, as \
                          scikit-learn's exporter writes it for nearest neighbours and kernels";
    let Some(body) = context.node.graph("body")? else {
        return Err(context.node.attribute_error("body", "is missing").into());
    };
    let plain =
        ["scan_input_axes", "scan_input_directions", "scan_output_axes", "scan_output_directions"];
    for name in plain {
        if context.node.ints(name)?.iter().any(|&number| number != 0) {
            return unsupported(format!("scans along {name} that are not 0"));
        }
    }
    let one_scanned = context.node.int_or("num_scan_inputs", 0)? == 1;
    if !one_scanned || context.inputs.len() != 2 || !is_squared_distance(body) {
        return unsupported(WANTED);
    }
    let x = context.float_row(0)?;
    let points = context.constant(1)?;
    let Some(values) = points.floats() else {
        return Err(context.node.shape_error("the points are not floats").into());
    };
    let features = x.shape.len();
    let (&[n_points, columns], &[batch, Axis::Len(_)]) =
        (points.dims.as_slice(), x.shape.0.as_slice())
    else {
        return unsupported(WANTED);
    };
    if columns != features || batch.size() != 1 {
        let reason = format!("{} features meet points of {columns}", x.shape);
        return Err(context.node.shape_error(reason).into());
    }
    let value = squared(context, &x, values, 1.0)?;
    let shape = Shape(vec![Axis::Len(n_points), batch]);
    let distances = Row { value, shape, element: x.element };
    Ok(vec![Value::Row(x), Value::Row(distances)])
}

/// Whether a body passes its state on and gives `Σ (state − scanned)²` over the features.
fn is_squared_distance(body: &GraphProto) -> bool {
    let ([state, scanned], [passed, distance]) = (body.input.as_slice(), body.output.as_slice())
    else {
        return false;
    };
    let maker = |name: &str| {
        // Past identities.
        let mut name = name.to_owned();
        for _ in 0..=body.node.len() {
            let made = |node: &&NodeProto| node.output.first() == Some(&name);
            let node = body.node.iter().find(made)?;
            if node.op_type != "Identity" {
                return Some(node);
            }
            name = node.input.first()?.clone();
        }
        None
    };
    let passes = |name: &str, wanted: &str| {
        let mut name = name.to_owned();
        for _ in 0..=body.node.len() {
            if name == wanted {
                return true;
            }
            let made = |node: &&NodeProto| node.output.first() == Some(&name);
            match body.node.iter().find(made) {
                Some(node) if node.op_type == "Identity" && node.input.len() == 1 => {
                    name = node.input[0].clone();
                }
                _ => return false,
            }
        }
        false
    };
    let is_plain = |node: &NodeProto, op: &str| domain_of(node) == "ai.onnx" && node.op_type == op;
    let Some(sum) = maker(&distance.name).filter(|node| is_plain(node, "ReduceSumSquare")) else {
        return false;
    };
    let keeps = sum.attribute.iter().find(|attribute| attribute.name == "keepdims");
    let axes = match sum.input.get(1) {
        Some(name) => {
            let axes = body.initializer.iter().find(|tensor| tensor.name == *name);
            let axes = axes.and_then(|tensor| Tensor::read(tensor, name).ok());
            axes.and_then(|tensor| match tensor.data {
                Data::Ints(ints) => Some(ints),
                _ => None,
            })
        }
        None => {
            let axes = sum.attribute.iter().find(|attribute| attribute.name == "axes");
            axes.map(|attribute| attribute.ints.clone())
        }
    };
    let over_features = axes.is_some_and(|axes| axes == [1] || axes == [-1]);
    let difference = sum.input.first().and_then(|name| maker(name));
    let Some(difference) = difference.filter(|node| is_plain(node, "Sub")) else {
        return false;
    };
    let [a, b] = difference.input.as_slice() else { return false };
    let both = (passes(a, &state.name) && passes(b, &scanned.name))
        || (passes(a, &scanned.name) && passes(b, &state.name));
    keeps.is_some_and(|keeps| keeps.i == 0)
        && over_features
        && both
        && passes(&passed.name, &state.name)
}
