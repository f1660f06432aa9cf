//! From the float graph to the integer graph, for a given precision.
//!
//! Every float node becomes one or more integer nodes. Precision is an argument: [`crate::plan`]
//! chooses it. Along with the ranges, a bound on the error against the real-valued model is carried
//! from the input to the outputs.

mod arith;
mod functions;
mod input;
mod special;

use std::collections::HashMap;

use thiserror::Error;

use super::bounds::{self, Ideal};
use super::ranges::{self, RangeError};
use super::{QuantGraph, QuantNode, QuantOp, QuantOutput, Range};
use crate::float::pow2;
use crate::graph::{Graph, Op, Unary, ValueId};

pub(crate) use input::is_ordered;
pub use input::{FeatureMode, InputSpec};

/// How many bits go where. Dense layers are numbered in the order of the graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Precision {
    /// Bits that a fixed-point input feature's calibrated span takes.
    pub input_bits: u32,
    /// Signed bits of each dense layer's weights.
    pub weight_bits: Vec<u32>,
    /// Bits that each dense layer's input is rescaled to; `None` leaves the input as it is. The
    /// first layer's input is governed by `input_bits` where it is the model's.
    pub activation_bits: Vec<Option<u32>>,
    /// Fractional bits of table inputs and outputs inside the model.
    pub table_bits: u32,
}

impl Precision {
    /// The same number of bits everywhere, for a graph with `layers` dense layers.
    pub fn uniform(bits: u32, layers: usize) -> Self {
        Self {
            input_bits: bits,
            weight_bits: vec![bits; layers],
            activation_bits: vec![Some(bits); layers],
            table_bits: bits.max(8) + 2,
        }
    }
}

/// Fractional bits of scores and probabilities that come out of tables and divisions at the model's end.
const OUTPUT_BITS: i32 = 16;

/// A graph that cannot be quantised.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum LowerError {
    /// A range does not fit.
    #[error("node `{node}`: {source}")]
    Range {
        /// The node's name.
        node: String,
        /// What does not fit.
        source: RangeError,
    },
    /// An exponential whose argument may be too large somewhere in the declared range.
    #[error("node `{node}`: exp of up to {hi:.1} in the declared range; at most 40 is supported")]
    Exponent {
        /// The node's name.
        node: String,
        /// The largest argument.
        hi: f64,
    },
    /// An operation that has no integer form here.
    #[error("node `{node}`: {reason}")]
    Unsupported {
        /// The node's name.
        node: String,
        /// Why.
        reason: String,
    },
}

/// Largest magnitude of each float node's elements over the calibration rows; 0 where unknown.
pub type Observed = [f64];

/// Quantises `graph`.
///
/// # Errors
/// A range that does not fit 120 bits, a divisor that may be zero, an operation with no
/// integer form; each names the node.
pub fn lower(
    graph: &Graph,
    spec: &InputSpec,
    precision: &Precision,
    observed: &Observed,
) -> Result<QuantGraph, LowerError> {
    let mut lowering = Lowering::new(graph, spec, precision, observed)?;
    lowering.nodes()?;
    bounds::annotate(&mut lowering.nodes, &lowering.ideals, &lowering.input.input);
    Ok(lowering.finish())
}

/// As [`lower`], without the error bounds, which a search over precisions has no use for.
///
/// # Errors
/// As [`lower`].
pub(crate) fn draft(
    graph: &Graph,
    spec: &InputSpec,
    precision: &Precision,
    observed: &Observed,
) -> Result<QuantGraph, LowerError> {
    let mut lowering = Lowering::new(graph, spec, precision, observed)?;
    lowering.nodes()?;
    Ok(lowering.finish())
}

struct Lowering<'a> {
    graph: &'a Graph,
    precision: &'a Precision,
    observed: &'a Observed,
    input: input::LoweredInput,
    nodes: Vec<QuantNode>,
    /// What every integer node stands for.
    ideals: Vec<Ideal<'a>>,
    /// The integer value of each float value.
    map: Vec<Option<ValueId>>,
    /// Which float nodes an output needs once heads are stripped and chains folded.
    live: Vec<bool>,
    /// What each output shows, after heads are stripped.
    outputs: Vec<ValueId>,
    shifted: HashMap<(ValueId, u32), ValueId>,
    dense_seen: usize,
    aligned_input: Option<ValueId>,
}

impl<'a> Lowering<'a> {
    fn new(
        graph: &'a Graph,
        spec: &InputSpec,
        precision: &'a Precision,
        observed: &'a Observed,
    ) -> Result<Self, LowerError> {
        let outputs: Vec<_> = graph.outputs.iter().map(|output| output.value).collect();
        let ordered = input::is_ordered(graph, spec);
        let live = liveness(graph, &outputs, ordered);
        let input = input::lower(graph, spec, precision, observed, ordered)?;
        let node = QuantNode {
            name: graph.input.name.clone(),
            op: QuantOp::Input,
            inputs: Vec::new(),
            scale_log2: input.base_scale(),
            ranges: input.input.ranges.clone(),
            error: None,
        };
        let mut map = vec![None; graph.nodes.len()];
        map[0] = Some(0);
        Ok(Self {
            graph,
            precision,
            observed,
            input,
            nodes: vec![node],
            ideals: vec![Ideal::Plain],
            map,
            live,
            outputs,
            shifted: HashMap::new(),
            dense_seen: 0,
            aligned_input: None,
        })
    }

    fn nodes(&mut self) -> Result<(), LowerError> {
        for index in 1..self.graph.nodes.len() {
            if self.live[index] {
                self.node(index)?;
            }
        }
        // What is shown has one scale.
        for output in self.outputs.clone() {
            if self.map[output] == Some(0) {
                self.map[output] = Some(self.aligned_input()?);
            }
        }
        Ok(())
    }

    /// Adds an integer node; its ranges are proved here.
    fn push(
        &mut self,
        name: &str,
        op: QuantOp,
        inputs: Vec<ValueId>,
        scale_log2: i32,
        ideal: Ideal<'a>,
    ) -> Result<ValueId, LowerError> {
        let operands: Vec<&[Range]> =
            inputs.iter().map(|&i| self.nodes[i].ranges.as_slice()).collect();
        let ranges = ranges::propagate(&op, &operands)
            .map_err(|source| LowerError::Range { node: name.to_owned(), source })?;
        self.nodes.push(QuantNode {
            name: name.to_owned(),
            op,
            inputs,
            scale_log2,
            ranges,
            error: None,
        });
        self.ideals.push(ideal);
        Ok(self.nodes.len() - 1)
    }

    /// The integer value of a float node's operand, of one scale for all elements.
    fn operand(&mut self, index: usize, operand: usize) -> Result<ValueId, LowerError> {
        self.aligned(self.graph.nodes[index].inputs[operand])
    }

    /// The integer value of a float value, of one scale for all elements.
    fn aligned(&mut self, float: ValueId) -> Result<ValueId, LowerError> {
        match self.map[float] {
            Some(0) => self.aligned_input(),
            Some(id) => Ok(id),
            None => unreachable!("operands of live nodes are lowered before them"),
        }
    }

    fn scale(&self, value: ValueId) -> i32 {
        self.nodes[value].scale_log2
    }

    fn len(&self, value: ValueId) -> usize {
        self.nodes[value].ranges.len()
    }

    /// Bounds on the magnitudes of a value's elements in natural units.
    fn magnitudes(&self, value: ValueId) -> Vec<f64> {
        let unit = pow2(-self.scale(value));
        let ranges = &self.nodes[value].ranges;
        ranges.iter().map(|r| r.lo.unsigned_abs().max(r.hi.unsigned_abs()) as f64 * unit).collect()
    }

    /// The input with all features at one scale: what every operation but a dense layer takes.
    fn aligned_input(&mut self) -> Result<ValueId, LowerError> {
        if let Some(id) = self.aligned_input {
            return Ok(id);
        }
        let id = match self.input.alignment() {
            None => 0,
            Some(mul) => {
                let add = vec![0; mul.len()];
                let scale = self.input.base_scale();
                self.push("input_scale", QuantOp::Scale { mul, add }, vec![0], scale, Ideal::Same)?
            }
        };
        self.aligned_input = Some(id);
        Ok(id)
    }

    /// Drops `bits` fractional bits.
    fn shift(&mut self, name: &str, value: ValueId, bits: u32) -> Result<ValueId, LowerError> {
        if bits == 0 {
            return Ok(value);
        }
        if let Some(&id) = self.shifted.get(&(value, bits)) {
            return Ok(id);
        }
        let scale = self.scale(value) - bits as i32;
        let name = format!("{name}_rescale");
        let id = self.push(&name, QuantOp::Shift { bits }, vec![value], scale, Ideal::Same)?;
        self.shifted.insert((value, bits), id);
        Ok(id)
    }

    /// Brings a value to at most `scale_log2` fractional bits.
    fn coarsen(
        &mut self,
        name: &str,
        value: ValueId,
        scale_log2: i32,
    ) -> Result<ValueId, LowerError> {
        let excess = (self.scale(value) - scale_log2).max(0);
        self.shift(name, value, excess as u32)
    }

    /// Brings a value to exactly `scale_log2` fractional bits.
    fn at_scale(
        &mut self,
        name: &str,
        value: ValueId,
        scale_log2: i32,
    ) -> Result<ValueId, LowerError> {
        let missing = scale_log2 - self.scale(value);
        if missing <= 0 {
            return self.coarsen(name, value, scale_log2);
        }
        if missing > 62 {
            return Err(LowerError::Unsupported {
                node: name.to_owned(),
                reason: format!("operands differ in scale by 2^{missing}"),
            });
        }
        let len = self.len(value);
        let op = QuantOp::Scale { mul: vec![1 << missing; len], add: vec![0; len] };
        self.push(name, op, vec![value], scale_log2, Ideal::Same)
    }

    fn unsupported(&self, index: usize, reason: impl Into<String>) -> LowerError {
        LowerError::Unsupported {
            node: self.graph.nodes[index].name.clone(),
            reason: reason.into(),
        }
    }

    fn finish(self) -> QuantGraph {
        let outputs = self
            .graph
            .outputs
            .iter()
            .zip(&self.outputs)
            .map(|(output, &value)| QuantOutput {
                name: output.name.clone(),
                value: self.map[value].unwrap_or(0),
                kind: output.kind.clone(),
            })
            .collect();
        QuantGraph {
            name: self.graph.name.clone(),
            input: self.input.input,
            nodes: self.nodes,
            outputs,
        }
    }
}

/// The float value whose order `value` has: what a decision may look at instead.
fn before_softmax(graph: &Graph, value: ValueId) -> ValueId {
    match graph.nodes[value].op {
        Op::Softmax => graph.nodes[value].inputs[0],
        _ => value,
    }
}

/// Whether `node` decides by a threshold on a sigmoid, and the threshold before the sigmoid.
fn before_sigmoid(graph: &Graph, index: usize) -> Option<(ValueId, f64)> {
    let Op::Unary(Unary::Binarize { threshold }) = graph.nodes[index].op else { return None };
    let operand = graph.nodes[index].inputs[0];
    let is_sigmoid = matches!(graph.nodes[operand].op, Op::Unary(Unary::Sigmoid));
    (is_sigmoid && threshold > 0.0 && threshold < 1.0)
        .then(|| (graph.nodes[operand].inputs[0], libm::log(threshold / (1.0 - threshold))))
}

/// The operands that the lowering of a node really reads.
fn reads(graph: &Graph, index: usize, ordered: bool) -> Vec<ValueId> {
    let node = &graph.nodes[index];
    match &node.op {
        Op::ArgMax { .. } => vec![before_softmax(graph, node.inputs[0])],
        Op::Trees(_) if ordered => vec![0],
        Op::Unary(Unary::Binarize { .. }) => match before_sigmoid(graph, index) {
            Some((value, _)) => vec![value],
            None => node.inputs.clone(),
        },
        _ => node.inputs.clone(),
    }
}

fn liveness(graph: &Graph, outputs: &[ValueId], ordered: bool) -> Vec<bool> {
    let mut live = vec![false; graph.nodes.len()];
    for &output in outputs {
        live[output] = true;
    }
    for index in (0..graph.nodes.len()).rev() {
        if live[index] {
            for operand in reads(graph, index, ordered) {
                live[operand] = true;
            }
        }
    }
    live
}
