//! What rounds, and where: everything else is exact.

use nilometer_transpiler::quant::{Encoding, QuantGraph, QuantOp, TableFunction};
use serde::Serialize;

/// A place where a value is rounded.
#[derive(Clone, Debug, Serialize)]
pub struct Rounding {
    /// The ONNX node's name, or the input's.
    pub node: String,
    /// What happens.
    pub what: String,
    /// How many elements it happens to.
    pub elements: usize,
    /// A proved bound on the error of an element up to here, where one is known.
    pub error_bound: Option<f64>,
}

/// The roundings, in the order of the graph.
pub fn rounding(graph: &QuantGraph) -> Vec<Rounding> {
    let mut roundings = Vec::new();
    for node in &graph.nodes {
        let Some(what) = what(graph, &node.op) else { continue };
        roundings.push(Rounding {
            node: node.name.clone(),
            what,
            elements: node.ranges.len(),
            error_bound: node.error.filter(|error| error.is_finite()),
        });
    }
    roundings
}

fn what(graph: &QuantGraph, op: &QuantOp) -> Option<String> {
    Some(match op {
        QuantOp::Input => match &graph.input.encoding {
            Encoding::Fixed { scale_log2 } => {
                let least = scale_log2.iter().min().copied().unwrap_or(0);
                let most = scale_log2.iter().max().copied().unwrap_or(0);
                if least == most {
                    format!("features to multiples of 2^{}", -least)
                } else {
                    format!("features to multiples of 2^{} to 2^{}", -most, -least)
                }
            }
            Encoding::Ordered { .. } => return None,
        },
        QuantOp::Dense { weights, .. } => {
            let most = weights.iter().map(|weight| weight.unsigned_abs()).max().unwrap_or(0);
            format!("weights to integers of magnitude up to {most}; the sums are exact")
        }
        QuantOp::Scale { .. } => "factors and offsets to integers".to_owned(),
        QuantOp::Shift { bits } => format!("{bits} bits dropped, halves up"),
        QuantOp::LeakyRelu { bits, .. } => format!("the slope to a multiple of 2^-{bits}"),
        QuantOp::Truncate { bits } => format!("{bits} bits dropped, towards zero"),
        QuantOp::Sqrt => "the root, downwards".to_owned(),
        QuantOp::Div { bits } => format!("the quotient to {bits} fractional bits, halves up"),
        QuantOp::Lookup(table) => {
            let name = match table.function {
                TableFunction::Sigmoid => "sigmoid",
                TableFunction::Tanh => "tanh",
                TableFunction::Exp => "exp",
                TableFunction::Probit => "probit",
                TableFunction::Log => "log",
                TableFunction::Erf => "erf",
                TableFunction::Softplus => "softplus",
            };
            format!("{name} by a table of {} segments, linear between", table.segments.len())
        }
        QuantOp::Trees(_) => {
            "leaf weights to the output's scale; decisions and sums are exact".to_owned()
        }
        _ => return None,
    })
}
