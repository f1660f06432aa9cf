//! How a model's integers are to be read: for callers on chain, clients and pages.

mod read;

use serde::{Deserialize, Serialize};
use starknet_types_core::felt::Felt;

use crate::graph::{DType, Feature, Labels, OutputKind};
use crate::quant::{Encoding, QuantGraph};

pub use read::{signed, OutputValues, SchemaError};

/// The encoding of rows and results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// The features, runs of alike ones together.
    pub inputs: Vec<InputRun>,
    /// What is known of each feature: names, whole numbers, the texts of a column, what a missing value is
    /// read as. Empty where that is nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
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
        Self { inputs, features: graph.input.features.clone(), outputs }
    }

    /// The schema as the contract returns it: a version (1, or 2 where the input has more than plain numbers); the
    /// number of runs and for each its count, 0
    /// and the scale or 1 + 2·type + missing and 0, and the range; the number of outputs and
    /// for each its name (length, then 31 bytes per felt), length, scale, 1 if it is a label, and the number
    /// of classes followed by their names or numbers (tag 1 or 0 first). Version 2 ends with the features: how
    /// many, and for each the sum of 1 (whole numbers), 2 (other texts are taken), 4 (limits), 8 (missing values are
    /// replaced) and 16 (texts); then limits and replacement as the bits of doubles; then the number of texts
    /// and the texts. Names of features are not in it.
    pub fn to_felts(&self) -> Vec<Felt> {
        let plain = self.features.iter().all(Feature::is_plain);
        let version = if plain { 1u32 } else { 2 };
        let mut felts = vec![Felt::from(version), Felt::from(self.inputs.len())];
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
        if !plain {
            felts.push(Felt::from(self.features.len()));
            self.features.iter().for_each(|feature| feature_felts(&mut felts, feature));
        }
        felts
    }
}

fn feature_felts(felts: &mut Vec<Felt>, feature: &Feature) {
    let flags = [
        feature.whole,
        feature.others,
        feature.limits.is_some(),
        feature.missing.is_some(),
        feature.categories.is_some(),
    ];
    felts.push(Felt::from(flags.iter().rev().fold(0u32, |sum, &flag| 2 * sum + u32::from(flag))));
    let limits = feature.limits.map(|(lo, hi)| [lo, hi]);
    let numbers = limits.into_iter().flatten().chain(feature.missing);
    felts.extend(numbers.map(|number| Felt::from(number.to_bits())));
    if let Some(categories) = &feature.categories {
        felts.push(Felt::from(categories.len()));
        categories.iter().for_each(|category| text(felts, category));
    }
}

/// The number of UTF-8 bytes, then the bytes, 31 per felt.
fn text(felts: &mut Vec<Felt>, text: &str) {
    felts.push(Felt::from(text.len()));
    felts.extend(text.as_bytes().chunks(31).map(Felt::from_bytes_be_slice));
}
