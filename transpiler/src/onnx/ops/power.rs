//! Pow with a constant exponent, or a constant base.

use super::super::context::Context;
use super::super::node::{unsupported, OpError};
use super::super::value::{Axis, Row, Shape, Value};
use super::arithmetic::{broadcast, spread_row};
use crate::graph::{Arithmetic, Op, Unary};

/// The largest whole exponent that is made of products.
const MOST_FACTORS: f64 = 64.0;

/// Pow: whole exponents by products, halves by roots, others as `e^(c·ln x)`, which takes positive bases.
pub(super) fn power(context: &mut Context<'_, '_>) -> Result<Vec<Value>, OpError> {
    let base = context.float_row(0)?;
    let exponent = context.row(1)?;
    let shape = broadcast(context, &base.shape, &exponent.shape)?;
    let base = spread_row(context, &base, &shape)?;
    let exponent = spread_row(context, &exponent, &shape)?;
    let Some(exponents) = context.known(&exponent).map(<[f64]>::to_vec) else {
        let Some(bases) = context.known(&base).map(<[f64]>::to_vec) else {
            return unsupported("both the base and the exponent are computed");
        };
        if bases.iter().any(|&base| base <= 0.0) {
            return unsupported("a base that is not positive has a computed exponent");
        }
        let constant = bases.iter().map(|&base| libm::log(base)).collect();
        let op = Op::WithConstant { op: Arithmetic::Mul, constant, constant_first: false };
        let scaled = context.same_shape("scaled", op, &exponent)?;
        return Ok(vec![Value::Row(context.unary("", Unary::Exp, &scaled)?)]);
    };
    let mut distinct: Vec<f64> = exponents.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if let [exponent] = distinct.as_slice() {
        return Ok(vec![Value::Row(uniform(context, &base, *exponent)?)]);
    }
    // Elements of one exponent together, then back to their places.
    let mut places = vec![0; exponents.len()];
    let mut parts = Vec::with_capacity(distinct.len());
    let mut next = 0;
    for &exponent in &distinct {
        let indices: Vec<usize> =
            (0..exponents.len()).filter(|&index| exponents[index] == exponent).collect();
        for &index in &indices {
            places[index] = next;
            next += 1;
        }
        let part_shape = Shape(vec![Axis::Len(indices.len())]);
        let part = context.picked("part", &base, indices, part_shape)?;
        parts.push(uniform(context, &part, exponent)?);
    }
    let joined = context.joined("parts", &parts, Shape(vec![Axis::Len(next)]))?;
    Ok(vec![Value::Row(context.picked("", &joined, places, shape)?)])
}

/// `x^exponent`
pub(super) fn uniform(
    context: &mut Context<'_, '_>,
    x: &Row,
    exponent: f64,
) -> Result<Row, OpError> {
    if exponent < 0.0 {
        let positive = uniform(context, x, -exponent)?;
        return Ok(context.with_scalar("inverse", Arithmetic::Div, &positive, 1.0, true)?);
    }
    let halves = 2.0 * exponent;
    if halves.fract() != 0.0 || exponent > MOST_FACTORS {
        let log = context.unary("log", Unary::Log, x)?;
        let scaled = context.with_scalar("scaled", Arithmetic::Mul, &log, exponent, false)?;
        return Ok(context.unary("exp", Unary::Exp, &scaled)?);
    }
    let mut whole = exponent.trunc() as u64;
    let root = match exponent.fract() == 0.5 {
        true => Some(context.unary("root", Unary::Sqrt, x)?),
        false => None,
    };
    // By squares.
    let (mut square, mut product) = (x.clone(), root);
    while whole > 0 {
        if whole % 2 == 1 {
            product = Some(match product {
                None => square.clone(),
                Some(product) => context.pair("product", Arithmetic::Mul, &product, &square)?,
            });
        }
        whole /= 2;
        if whole > 0 {
            square = context.pair("square", Arithmetic::Mul, &square, &square)?;
        }
    }
    match product {
        Some(product) => Ok(product),
        None => {
            let ones = vec![1.0; x.shape.len()];
            Ok(context.constant_row("one", ones, x.shape.clone(), x.element)?)
        }
    }
}
