//! How a model's integers are to be read: for callers on chain, clients and pages.

mod read;

use serde::{Deserialize, Serialize};
use starknet_types_core::felt::Felt;

use crate::graph::{DType, Labels, OutputKind};
use crate::quant::{Encoding, QuantGraph};

pub use read::{signed, OutputValues, SchemaError};

/// The encoding of rows and results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schema {
    /// The features, runs of alike ones together.
    pub inputs: Vec<InputRun>,
    /// The results, one output after the other.
    pub outputs: Vec<OutputSchema>,
}

/// Consecutive features that are encoded alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRun {
    /// How many.
    pub count: usize,
    /// How a float becomes the integer.
    pub encoding: FeatureEncoding,
    /// The smallest integer accepted.
    pub lo: i128,
    /// The largest integer accepted.
    pub hi: i128,
}

/// How one feature is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureEncoding {
    /// `round(x · 2^scale_log2)`.
    Fixed {
        /// Fractional bits.
        scale_log2: i32,
    },
    /// The order-preserving integer of the float's bits.
    Ordered {
        /// The float's type.
        dtype: DType,
        /// Whether a missing value is accepted (as the lowest integer).
        missing: bool,
    },
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputSchema {
    /// The ONNX output's name.
    pub name: String,
    /// How many integers it has.
    pub len: usize,
    /// Each stands for `q · 2^-scale_log2`.
    pub scale_log2: i32,
    /// Whether it is an index into `classes`.
    pub is_label: bool,
    /// The classes' names, where the model knows them.
    pub classes: Option<Labels>,
}

impl Schema {
    /// The schema of a model.
    pub fn of(graph: &QuantGraph) -> Self {
        let mut inputs: Vec<InputRun> = Vec::new();
        for (feature, range) in graph.input.ranges.iter().enumerate() {
            let encoding = match &graph.input.encoding {
                Encoding::Fixed { scale_log2 } => {
                    FeatureEncoding::Fixed { scale_log2: scale_log2[feature] }
                }
                Encoding::Ordered { dtype, missing } => {
                    FeatureEncoding::Ordered { dtype: *dtype, missing: *missing }
                }
            };
            match inputs.last_mut() {
                Some(run) if (run.encoding, run.lo, run.hi) == (encoding, range.lo, range.hi) => {
                    run.count += 1;
                }
                _ => inputs.push(InputRun { count: 1, encoding, lo: range.lo, hi: range.hi }),
            }
        }
        let outputs = graph
            .outputs
            .iter()
            .map(|output| {
                let node = &graph.nodes[output.value];
                let (is_label, classes) = match &output.kind {
                    OutputKind::Numbers { classes } => (false, classes.clone()),
                    OutputKind::Label(labels) => (true, Some(labels.clone())),
                };
                OutputSchema {
                    name: output.name.clone(),
                    len: node.ranges.len(),
                    scale_log2: node.scale_log2,
                    is_label,
                    classes,
                }
            })
            .collect();
        Self { inputs, outputs }
    }

    /// The schema as the contract returns it: a version (1); the number of runs and for each its count, 0
    /// and the scale or 1 + 2·type + missing and 0, and the range; the number of outputs and
    /// for each its name (length, then 31 bytes per felt), length, scale, 1 if it is a label, and the number
    /// of classes followed by their names or numbers (tag 1 or 0 first).
    pub fn to_felts(&self) -> Vec<Felt> {
        let mut felts = vec![Felt::ONE, Felt::from(self.inputs.len())];
        for run in &self.inputs {
            let (tag, scale) = match run.encoding {
                FeatureEncoding::Fixed { scale_log2 } => (0, scale_log2),
                FeatureEncoding::Ordered { dtype, missing } => {
                    let dtype = match dtype {
                        DType::F32 => 0,
                        DType::F64 => 1,
                        DType::I64 => 2,
                    };
                    (1 + 2 * dtype + i32::from(missing), 0)
                }
            };
            felts.extend([Felt::from(run.count), Felt::from(tag), Felt::from(scale)]);
            felts.extend([Felt::from(run.lo), Felt::from(run.hi)]);
        }
        felts.push(Felt::from(self.outputs.len()));
        for output in &self.outputs {
            text(&mut felts, &output.name);
            felts.extend([Felt::from(output.len), Felt::from(output.scale_log2)]);
            felts.push(Felt::from(u32::from(output.is_label)));
            match &output.classes {
                None => felts.push(Felt::ZERO),
                Some(Labels::Ints(values)) => {
                    felts.extend([Felt::from(values.len()), Felt::ZERO]);
                    felts.extend(values.iter().map(|&v| Felt::from(v)));
                }
                Some(Labels::Strings(values)) => {
                    felts.extend([Felt::from(values.len()), Felt::ONE]);
                    for value in values {
                        text(&mut felts, value);
                    }
                }
            }
        }
        felts
    }
}

/// The number of UTF-8 bytes, then the bytes, 31 per felt.
fn text(felts: &mut Vec<Felt>, text: &str) {
    felts.push(Felt::from(text.len()));
    felts.extend(text.as_bytes().chunks(31).map(Felt::from_bytes_be_slice));
}
