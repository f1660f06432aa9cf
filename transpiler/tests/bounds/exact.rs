//! The real-valued model in exact arithmetic: rationals, but for roots and transcendental functions.

use nilometer_transpiler::graph::{Arithmetic, Graph, Norm, Op, Reduction, TopK, TreeNode, Unary};
use num_rational::BigRational;
use num_traits::{FromPrimitive, Signed, ToPrimitive, Zero};

/// The value of node `target` for `row`, and whether every step was exact.
pub fn evaluate(graph: &Graph, row: &[f64], target: usize) -> Option<(Vec<BigRational>, bool)> {
    let mut exact = true;
    let mut values: Vec<Vec<BigRational>> = Vec::new();
    for node in &graph.nodes[..=target] {
        let x = node.inputs.first().map(|&i| values[i].clone()).unwrap_or_default();
        let value = match &node.op {
            Op::Input => row.iter().map(|&x| rational(x)).collect::<Option<_>>()?,
            Op::Constant(values) => values.iter().map(|&x| rational(x)).collect::<Option<_>>()?,
            Op::Dense { weights, bias } => weights
                .chunks(x.len())
                .zip(bias)
                .map(|(row, &bias)| {
                    row.iter()
                        .zip(&x)
                        .try_fold(rational(bias)?, |sum, (&w, x)| Some(sum + rational(w)? * x))
                })
                .collect::<Option<_>>()?,
            Op::Scaler { offset, scale } => x
                .iter()
                .zip(offset.iter().zip(scale))
                .map(|(x, (&o, &s))| Some((x - rational(o)?) * rational(s)?))
                .collect::<Option<_>>()?,
            Op::WithConstant { op, constant, constant_first } => x
                .iter()
                .zip(constant)
                .map(|(x, &c)| {
                    let c = rational(c)?;
                    let (a, b) = if *constant_first { (&c, x) } else { (x, &c) };
                    arithmetic(*op, a, b)
                })
                .collect::<Option<_>>()?,
            Op::Elementwise(op) => {
                let pairs = x.iter().zip(&values[node.inputs[1]]);
                pairs.map(|(a, b)| arithmetic(*op, a, b)).collect::<Option<_>>()?
            }
            Op::Unary(unary) => {
                x.iter().map(|x| function(*unary, x, &mut exact)).collect::<Option<_>>()?
            }
            Op::Softmax => {
                exact = false;
                let x: Vec<f64> = x.iter().map(float).collect();
                let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let powers: Vec<f64> = x.iter().map(|x| libm::exp(x - top)).collect();
                let sum: f64 = powers.iter().sum();
                powers.iter().map(|p| rational(p / sum)).collect::<Option<_>>()?
            }
            Op::Normalize(norm) => {
                let size = match norm {
                    Norm::L1 => x.iter().map(Signed::abs).sum(),
                    Norm::Max => x.iter().max()?.clone(),
                    Norm::L2 => {
                        exact = false;
                        let squares: BigRational = x.iter().map(|x| x * x).sum();
                        rational(float(&squares).sqrt())?
                    }
                };
                if size.is_zero() {
                    x
                } else {
                    x.iter().map(|x| x / &size).collect()
                }
            }
            Op::Reduce(Reduction::Sum) => vec![x.iter().sum()],
            Op::Reduce(Reduction::Max) => vec![x.iter().max()?.clone()],
            Op::Reduce(Reduction::LogSumExp) => {
                exact = false;
                let x: Vec<f64> = x.iter().map(float).collect();
                let top = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = x.iter().map(|x| libm::exp(x - top)).sum();
                vec![rational(top + libm::log(sum))?]
            }
            Op::Gather(indices) => indices.iter().map(|&i| x[i].clone()).collect(),
            Op::Concat => node.inputs.iter().flat_map(|&i| values[i].clone()).collect(),
            Op::Trees(ensemble) => {
                let mut sums: Vec<BigRational> =
                    ensemble.base.iter().map(|&b| rational(b)).collect::<Option<_>>()?;
                for tree in &ensemble.trees {
                    let mut at = 0;
                    while let TreeNode::Branch { feature, test, on_true, on_false, .. } =
                        &tree.nodes[at]
                    {
                        let holds = test.holds(float(&x[*feature]));
                        at = if holds { *on_true } else { *on_false };
                    }
                    if let TreeNode::Leaf(weights) = &tree.nodes[at] {
                        for &(target, weight) in weights {
                            sums[target] += rational(weight)?;
                        }
                    }
                }
                sums
            }
            Op::Impute(_) => x,
            Op::TopK { largest, show: TopK::Values } => {
                let mut ranked = x;
                ranked.sort();
                if *largest {
                    ranked.reverse();
                }
                ranked.truncate(node.len);
                ranked
            }
            Op::ArgMax { .. } | Op::TopK { .. } | Op::SoftmaxZero => return None,
        };
        values.push(value);
    }
    Some((values.swap_remove(target), exact))
}

/// A finite float as the rational number that it is.
pub fn rational(x: f64) -> Option<BigRational> {
    BigRational::from_f64(x)
}

pub fn float(x: &BigRational) -> f64 {
    x.to_f64().unwrap_or(f64::NAN)
}

fn arithmetic(op: Arithmetic, a: &BigRational, b: &BigRational) -> Option<BigRational> {
    Some(match op {
        Arithmetic::Add => a + b,
        Arithmetic::Sub => a - b,
        Arithmetic::Mul => a * b,
        Arithmetic::Max => a.max(b).clone(),
        Arithmetic::Min => a.min(b).clone(),
        Arithmetic::Div if b.is_zero() => return None,
        Arithmetic::Div => a / b,
    })
}

fn function(unary: Unary, x: &BigRational, exact: &mut bool) -> Option<BigRational> {
    let zero = BigRational::zero();
    Some(match unary {
        Unary::Relu => x.clone().max(zero),
        Unary::LeakyRelu { alpha } if x.is_negative() => x * rational(alpha)?,
        Unary::LeakyRelu { .. } | Unary::ToF32 | Unary::ToF64 => x.clone(),
        Unary::Clip { min, max } => {
            let mut x = x.clone();
            if min.is_finite() {
                x = x.max(rational(min)?);
            }
            if max.is_finite() {
                x = x.min(rational(max)?);
            }
            x
        }
        Unary::Abs => x.abs(),
        Unary::Neg => -x,
        Unary::Truncate => x.trunc(),
        Unary::Binarize { threshold } => rational(f64::from(u8::from(*x > rational(threshold)?)))?,
        Unary::ToBool => rational(f64::from(u8::from(!x.is_zero())))?,
        // Not exact, but good to some units in the last place.
        Unary::Floor => x.floor(),
        Unary::Round => {
            let two = rational(2.0)?;
            let half = rational(0.5)?;
            let up = (x + &half).floor();
            let is_tie = (x + &half) == up;
            if is_tie && !(&up / &two).is_integer() {
                up - rational(1.0)?
            } else {
                up
            }
        }
        Unary::Sigmoid
        | Unary::Tanh
        | Unary::Exp
        | Unary::Sqrt
        | Unary::Probit
        | Unary::Log
        | Unary::Erf
        | Unary::Softplus => {
            *exact = false;
            rational(nilometer_transpiler::eval::apply_unary(unary, float(x)))?
        }
    })
}
