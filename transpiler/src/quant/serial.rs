//! The model's identity: a Poseidon hash over a canonical encoding of the integer graph.
//!
//! The encoding is a sequence of field elements. Every variable-length part stands behind its length,
//! every variant behind its number, so that two different models never encode alike. Names of nodes
//! and error bounds are left out: they do not change what is computed. The input's and outputs' names
//! and labels are in, because they change what the numbers mean.

use nilometer_field::poseidon;
use starknet_types_core::felt::Felt;

use super::table::TableFunction;
use super::{Encoding, KeyTest, QuantGraph, QuantOp, QuantTrees, Table};
use crate::graph::{Aggregate, DType, Feature, Labels, OutputKind};
use crate::quant::trees::QuantTreeNode;

/// Stands before what is known of features: more than any list of nodes has.
const FEATURES: u32 = u32::MAX;
/// First element of every encoding.
const DOMAIN: &[u8] = b"nilometer-model-v1";

impl QuantGraph {
    /// The model's identity.
    pub fn model_hash(&self) -> Felt {
        poseidon::hash_starknet(&self.to_felts())
    }

    /// The canonical encoding.
    pub fn to_felts(&self) -> Vec<Felt> {
        let mut w = Writer(vec![Felt::from_bytes_be_slice(DOMAIN)]);
        w.text(&self.input.name);
        match &self.input.encoding {
            Encoding::Fixed { scale_log2 } => {
                w.tag(0);
                w.list(scale_log2, |w, &s| w.int(s.into()));
            }
            Encoding::Ordered { dtype, missing } => {
                w.tag(1);
                w.tag(match dtype {
                    DType::F32 => 0,
                    DType::F64 => 1,
                    DType::I64 => 2,
                });
                w.tag(u32::from(*missing));
            }
        }
        w.list(&self.input.ranges, |w, r| {
            w.int(r.lo);
            w.int(r.hi);
        });
        // Names change nothing; what else is known of features changes what their integers mean.
        if self.input.features.iter().any(|feature| !feature.is_plain()) {
            w.tag(FEATURES);
            w.list(&self.input.features, |w, feature| w.feature(feature));
        }
        w.list(&self.nodes, |w, node| {
            w.list(&node.inputs, |w, &i| w.int(i as i128));
            w.int(node.scale_log2.into());
            w.op(&node.op);
        });
        w.list(&self.outputs, |w, output| {
            w.text(&output.name);
            w.int(output.value as i128);
            match &output.kind {
                OutputKind::Numbers { classes: None } => w.tag(0),
                OutputKind::Numbers { classes: Some(labels) } => {
                    w.tag(1);
                    w.labels(labels);
                }
                OutputKind::Label(labels) => {
                    w.tag(2);
                    w.labels(labels);
                }
            }
        });
        w.0
    }
}

struct Writer(Vec<Felt>);

impl Writer {
    fn tag(&mut self, tag: u32) {
        self.0.push(Felt::from(tag));
    }

    fn int(&mut self, value: i128) {
        self.0.push(Felt::from(value));
    }

    fn list<T>(&mut self, items: &[T], mut each: impl FnMut(&mut Self, &T)) {
        self.0.push(Felt::from(items.len()));
        for item in items {
            each(self, item);
        }
    }

    fn ints(&mut self, items: &[i128]) {
        self.list(items, |w, &i| w.int(i));
    }

    fn small_ints(&mut self, items: &[i64]) {
        self.list(items, |w, &i| w.int(i.into()));
    }

    /// UTF-8 bytes, 31 a field element, behind their number.
    fn text(&mut self, text: &str) {
        self.0.push(Felt::from(text.len()));
        self.0.extend(text.as_bytes().chunks(31).map(Felt::from_bytes_be_slice));
    }

    fn feature(&mut self, feature: &Feature) {
        let flags =
            [feature.whole, feature.others, feature.limits.is_some(), feature.missing.is_some()];
        self.tag(flags.iter().rev().fold(0, |tag, &flag| 2 * tag + u32::from(flag)));
        let limits = feature.limits.map(|(lo, hi)| [lo, hi]);
        for number in limits.into_iter().flatten().chain(feature.missing) {
            self.0.push(Felt::from(number.to_bits()));
        }
        match &feature.categories {
            None => self.tag(0),
            Some(texts) => {
                self.tag(1);
                self.list(texts, |w, text| w.text(text));
            }
        }
    }

    fn labels(&mut self, labels: &Labels) {
        match labels {
            Labels::Ints(values) => {
                self.tag(0);
                self.small_ints(values);
            }
            Labels::Strings(values) => {
                self.tag(1);
                self.list(values, |w, text| w.text(text));
            }
        }
    }

    fn op(&mut self, op: &QuantOp) {
        match op {
            QuantOp::Input => self.tag(0),
            QuantOp::Constant(values) => {
                self.tag(1);
                self.ints(values);
            }
            QuantOp::Dense { weights, bias } => {
                self.tag(2);
                self.small_ints(weights);
                self.ints(bias);
            }
            QuantOp::Scale { mul, add } => {
                self.tag(3);
                self.small_ints(mul);
                self.ints(add);
            }
            QuantOp::Shift { bits } => self.with(4, &[(*bits).into()]),
            QuantOp::Relu => self.tag(5),
            QuantOp::LeakyRelu { slope, bits } => {
                self.with(6, &[(*slope).into(), (*bits).into()]);
            }
            QuantOp::Clip { lo, hi } => self.with(7, &[*lo, *hi]),
            QuantOp::Abs => self.tag(8),
            QuantOp::Sqrt => self.tag(9),
            QuantOp::Greater { threshold } => self.with(10, &[*threshold]),
            QuantOp::Truncate { bits } => self.with(11, &[(*bits).into()]),
            QuantOp::Lookup(table) => {
                self.tag(12);
                self.table(table);
            }
            QuantOp::Add => self.tag(13),
            QuantOp::Sub => self.tag(14),
            QuantOp::Mul => self.tag(15),
            QuantOp::Div { bits } => self.with(16, &[(*bits).into()]),
            QuantOp::Sum => self.tag(17),
            QuantOp::Max => self.tag(18),
            QuantOp::SubMax => self.tag(19),
            QuantOp::MaskZero => self.tag(20),
            QuantOp::ArgMax { select_last } => self.with(21, &[i128::from(*select_last)]),
            QuantOp::Gather(indices) => {
                self.tag(22);
                self.list(indices, |w, &i| w.int(i as i128));
            }
            QuantOp::Concat => self.tag(23),
            QuantOp::Larger => self.tag(25),
            QuantOp::Trees(trees) => {
                self.tag(24);
                self.trees(trees);
            }
        }
    }

    fn with(&mut self, tag: u32, values: &[i128]) {
        self.tag(tag);
        for &value in values {
            self.int(value);
        }
    }

    fn table(&mut self, table: &Table) {
        self.tag(match table.function {
            TableFunction::Sigmoid => 0,
            TableFunction::Tanh => 1,
            TableFunction::Exp => 2,
            TableFunction::Probit => 3,
            TableFunction::Log => 4,
            TableFunction::Erf => 5,
            TableFunction::Softplus => 6,
        });
        for value in
            [table.lo, table.hi, table.step_bits.into(), table.shift.into(), table.bias.into()]
        {
            self.int(value);
        }
        self.list(&table.segments, |w, &(slope, offset)| {
            w.int(slope.into());
            w.int(offset.into());
        });
    }

    fn trees(&mut self, trees: &QuantTrees) {
        self.int(trees.n_targets as i128);
        self.ints(&trees.base);
        self.tag(match trees.aggregate {
            Aggregate::Sum => 0,
            Aggregate::Min => 1,
            Aggregate::Max => 2,
        });
        self.list(trees.missing.as_slice(), |w, &key| w.int(key));
        self.list(&trees.trees, |w, tree| {
            w.list(&tree.nodes, |w, node| match node {
                QuantTreeNode::Leaf(weights) => {
                    w.tag(0);
                    w.list(weights, |w, &(target, weight)| {
                        w.int(target as i128);
                        w.int(weight);
                    });
                }
                QuantTreeNode::Branch(branch) => {
                    match &branch.test {
                        KeyTest::AtMost { bound, missing_fails } => {
                            w.with(1, &[*bound, i128::from(*missing_fails)]);
                        }
                        KeyTest::OneOf(keys) => {
                            w.tag(2);
                            w.ints(keys);
                        }
                    }
                    w.int(branch.feature as i128);
                    w.int(branch.on_true as i128);
                    w.int(branch.on_false as i128);
                }
            });
        });
    }
}
