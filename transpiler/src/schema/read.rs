//! Schemas as contracts return them, and what they say about rows and results.
//!
//! A schema on chain is its publisher's text: everything is bounded, and nothing of it is believed before the
//! contract's class was checked.

use starknet_types_core::felt::Felt;
use thiserror::Error;

use super::{FeatureEncoding, InputRun, OutputSchema, Schema};
use crate::float::pow2;
use crate::graph::{DType, Feature, Labels};
use crate::quant::{Encoding, QuantInput, Range};

/// The most features, results, classes and bytes of text.
const MAX_COUNT: usize = 1 << 20;
/// Integers and scales beyond these come from no model.
const MAX_BITS: u32 = 120;
const MAX_SCALE: i32 = 512;

/// A schema that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the schema is malformed: {reason}")]
pub struct SchemaError {
    /// What was found and what is wanted.
    pub reason: String,
}

/// One output's results.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputValues<'a> {
    /// The output.
    pub schema: &'a OutputSchema,
    /// The exact integers.
    pub integers: Vec<i128>,
    /// The same in natural units; labels as their index.
    pub values: Vec<f64>,
}

fn wrong<T>(reason: impl ToString) -> Result<T, SchemaError> {
    Err(SchemaError { reason: reason.to_string() })
}

/// The signed integer that a felt stands for, if it has at most 126 bits.
pub fn signed(felt: &Felt) -> Option<i128> {
    let narrow = |felt: Felt| u128::try_from(felt).ok().filter(|n| *n < 1 << 126);
    match narrow(*felt) {
        Some(positive) => Some(positive as i128),
        None => narrow(-*felt).map(|negative| -(negative as i128)),
    }
}

impl Schema {
    /// Reads what [`Schema::to_felts`] writes.
    ///
    /// # Errors
    /// Another version, another length, or what no model has.
    pub fn from_felts(felts: &[Felt]) -> Result<Self, SchemaError> {
        let mut reader = Reader(felts);
        let version = reader.count()?;
        if !(1..=2).contains(&version) {
            return wrong("it is of another version");
        }
        let inputs =
            (0..reader.list()?).map(|_| reader.input_run()).collect::<Result<Vec<_>, _>>()?;
        let outputs =
            (0..reader.list()?).map(|_| reader.output()).collect::<Result<Vec<_>, _>>()?;
        let total = |counts: &mut dyn Iterator<Item = usize>| counts.sum::<usize>();
        let features = match version {
            1 => Vec::new(),
            _ => (0..reader.list()?).map(|_| reader.feature()).collect::<Result<Vec<_>, _>>()?,
        };
        let n_inputs = inputs.iter().fold(0_usize, |sum, run| sum.saturating_add(run.count));
        if !features.is_empty() && features.len() != n_inputs {
            return wrong(format!("{} of {n_inputs} features are described", features.len()));
        }
        if total(&mut inputs.iter().map(|run| run.count)) > MAX_COUNT
            || total(&mut outputs.iter().map(|output| output.len)) > MAX_COUNT
        {
            return wrong("it has too many features or results");
        }
        if !reader.0.is_empty() {
            return wrong(format!("{} felts too many", reader.0.len()));
        }
        Ok(Self { inputs, features, outputs })
    }

    /// How rows become integers.
    ///
    /// # Errors
    /// Features of different kinds, which no model has.
    pub fn input(&self) -> Result<QuantInput, SchemaError> {
        let mut scales = Vec::new();
        let mut ordered = None;
        let mut ranges = Vec::new();
        for run in &self.inputs {
            match run.encoding {
                FeatureEncoding::Fixed { scale_log2 } => {
                    scales.extend(std::iter::repeat_n(scale_log2, run.count));
                }
                FeatureEncoding::Ordered { dtype, missing } => {
                    if *ordered.get_or_insert((dtype, missing)) != (dtype, missing) {
                        return wrong("features are ordered in different ways");
                    }
                }
            }
            ranges.extend(std::iter::repeat_n(Range { lo: run.lo, hi: run.hi }, run.count));
        }
        let encoding = match ordered {
            None => Encoding::Fixed { scale_log2: scales },
            Some((dtype, missing)) if scales.is_empty() => Encoding::Ordered { dtype, missing },
            Some(_) => return wrong("some features are fixed point and some are ordered"),
        };
        Ok(QuantInput { name: String::new(), encoding, ranges, features: self.features.clone() })
    }

    /// Results by output.
    ///
    /// # Errors
    /// Another number of results than the schema says.
    pub fn interpret(&self, integers: &[i128]) -> Result<Vec<OutputValues<'_>>, SchemaError> {
        let expected: usize = self.outputs.iter().map(|output| output.len).sum();
        if integers.len() != expected {
            return wrong(format!("{} results, the schema says {expected}", integers.len()));
        }
        let mut rest = integers;
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for schema in &self.outputs {
            let (these, others) = rest.split_at(schema.len);
            rest = others;
            let unit = pow2(-schema.scale_log2);
            let values = these.iter().map(|&integer| integer as f64 * unit).collect();
            outputs.push(OutputValues { schema, integers: these.to_vec(), values });
        }
        Ok(outputs)
    }
}

struct Reader<'a>(&'a [Felt]);

impl Reader<'_> {
    fn felt(&mut self) -> Result<Felt, SchemaError> {
        let Some((first, rest)) = self.0.split_first() else { return wrong("it ends too early") };
        self.0 = rest;
        Ok(*first)
    }

    fn signed(&mut self) -> Result<i128, SchemaError> {
        let felt = self.felt()?;
        match signed(&felt).filter(|n| n.unsigned_abs() < 1 << MAX_BITS) {
            Some(integer) => Ok(integer),
            None => wrong(format!("{felt:#x} is too large")),
        }
    }

    fn count(&mut self) -> Result<usize, SchemaError> {
        let number = self.signed()?;
        match usize::try_from(number).ok().filter(|count| *count <= MAX_COUNT) {
            Some(count) => Ok(count),
            None => wrong(format!("a count of {number}")),
        }
    }

    /// The length of a list, whose elements have at least one felt each.
    fn list(&mut self) -> Result<usize, SchemaError> {
        match self.count()? {
            length if length <= self.0.len() => Ok(length),
            length => wrong(format!("a list of {length} in {} felts", self.0.len())),
        }
    }

    fn scale(&mut self) -> Result<i32, SchemaError> {
        let number = self.signed()?;
        match i32::try_from(number).ok().filter(|scale| scale.abs() <= MAX_SCALE) {
            Some(scale) => Ok(scale),
            None => wrong(format!("a scale of 2^{number}")),
        }
    }

    fn text(&mut self) -> Result<String, SchemaError> {
        let length = self.count()?;
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let word = self.felt()?.to_bytes_be();
            let size = (length - bytes.len()).min(31);
            bytes.extend_from_slice(&word[32 - size..]);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn input_run(&mut self) -> Result<InputRun, SchemaError> {
        let count = self.count()?;
        let (tag, scale_log2) = (self.count()?, self.scale()?);
        let (lo, hi) = (self.signed()?, self.signed()?);
        if lo > hi {
            return wrong(format!("features from {lo} to {hi}"));
        }
        let encoding = match tag {
            0 => FeatureEncoding::Fixed { scale_log2 },
            1..=6 => {
                let dtype = [DType::F32, DType::F64, DType::I64][(tag - 1) / 2];
                FeatureEncoding::Ordered { dtype, missing: tag % 2 == 0 }
            }
            tag => return wrong(format!("an encoding of kind {tag}")),
        };
        Ok(InputRun { count, encoding, lo, hi })
    }

    fn number(&mut self) -> Result<f64, SchemaError> {
        match u64::try_from(self.felt()?).map(f64::from_bits) {
            Ok(number) if number.is_finite() => Ok(number),
            _ => wrong("a limit that is not a finite number"),
        }
    }

    fn feature(&mut self) -> Result<Feature, SchemaError> {
        let flags = self.count()?;
        if flags >= 32 {
            return wrong(format!("a feature of kind {flags}"));
        }
        let has = |bit: usize| flags >> bit & 1 == 1;
        let limits = match has(2) {
            true => Some((self.number()?, self.number()?)),
            false => None,
        };
        let missing = if has(3) { Some(self.number()?) } else { None };
        let categories = match has(4) {
            true => Some((0..self.list()?).map(|_| self.text()).collect::<Result<Vec<_>, _>>()?),
            false => None,
        };
        let (name, whole, others) = (String::new(), has(0), has(1));
        Ok(Feature { name, whole, limits, categories, others, missing })
    }

    fn output(&mut self) -> Result<OutputSchema, SchemaError> {
        let name = self.text()?;
        let (len, scale_log2, is_label) = (self.count()?, self.scale()?, self.count()? != 0);
        let n_classes = self.list()?;
        let classes = if n_classes == 0 {
            None
        } else if self.count()? == 0 {
            let number = |_| match i64::try_from(self.signed()?) {
                Ok(number) => Ok(number),
                Err(_) => wrong("a class above 64 bits"),
            };
            Some(Labels::Ints((0..n_classes).map(number).collect::<Result<_, _>>()?))
        } else {
            let names = (0..n_classes).map(|_| self.text());
            Some(Labels::Strings(names.collect::<Result<_, _>>()?))
        };
        Ok(OutputSchema { name, len, scale_log2, is_label, classes })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn schema() -> Schema {
        let ordered = FeatureEncoding::Ordered { dtype: DType::F64, missing: true };
        Schema {
            inputs: vec![
                InputRun { count: 3, encoding: ordered, lo: -5, hi: 7 },
                InputRun { count: 1, encoding: ordered, lo: 0, hi: i128::from(u64::MAX) },
            ],
            features: vec![
                Feature { whole: true, limits: Some((-1.5, 7.0)), ..Feature::default() },
                Feature { missing: Some(0.25), ..Feature::default() },
                Feature {
                    categories: Some(vec!["κόκκινο".to_owned(), "b".repeat(33)]),
                    others: true,
                    ..Feature::default()
                },
                Feature::default(),
            ],
            outputs: vec![
                OutputSchema {
                    name: "label".to_owned(),
                    len: 1,
                    scale_log2: 0,
                    is_label: true,
                    classes: Some(Labels::Strings(vec!["ναι".to_owned(), "x".repeat(40)])),
                },
                OutputSchema {
                    name: String::new(),
                    len: 2,
                    scale_log2: -3,
                    is_label: false,
                    classes: Some(Labels::Ints(vec![-1, 4])),
                },
            ],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let schema = schema();
        assert_eq!(Schema::from_felts(&schema.to_felts()).unwrap(), schema);
        assert_eq!(schema.input().unwrap().ranges.len(), 4);
        let outputs = schema.interpret(&[1, -2, 3]).unwrap();
        assert_eq!(outputs[1].values, [-16.0, 24.0]);
        assert!(schema.interpret(&[1, 2]).is_err());
    }

    #[test]
    fn every_damaged_schema_is_read_or_refused() {
        let felts = schema().to_felts();
        for length in 0..felts.len() {
            assert!(Schema::from_felts(&felts[..length]).is_err(), "{length}");
        }
        for place in 0..felts.len() {
            for value in [Felt::ZERO, Felt::MAX, Felt::from(1u64 << 40), Felt::from(20)] {
                let mut damaged = felts.clone();
                damaged[place] = value;
                // What is read can be used.
                if let Ok(schema) = Schema::from_felts(&damaged) {
                    let _ = schema.input().map(|input| input.encode(&[1.0; 4]));
                }
            }
        }
    }

    #[test]
    fn mixed_features_are_refused() {
        let mut schema = schema();
        schema.inputs[0].encoding = FeatureEncoding::Fixed { scale_log2: 3 };
        assert!(schema.input().is_err());
    }
}
