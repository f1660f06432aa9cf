//! What a proof of a model is about.

use nilometer_transpiler::quant::EncodeError;
use nilometer_transpiler::schema::Schema;

use super::key::Digest;
use crate::answer::{plain, Answer};
use crate::Error;

/// Rows, and what the model gives for each.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// The rows.
    pub rows: Rows,
    /// The model's integers for each row.
    pub outputs: Vec<Vec<i128>>,
}

/// Rows of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Rows {
    /// As the model's integers.
    Encoded(Vec<Vec<i128>>),
    /// A data set, in natural units; the model's integers follow from the schema.
    Data(DataSet),
}

/// Rows in natural units, with a label each or without.
#[derive(Clone, Debug, PartialEq)]
pub struct DataSet {
    /// The rows, all of one length; NaN is a missing value.
    pub rows: Vec<Vec<f64>>,
    /// The true label of each row, as text; whole numbers without a point.
    pub labels: Option<Vec<String>>,
}

/// How many rows of a data set get their label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accuracy {
    /// Rows whose label is the model's.
    pub correct: usize,
    /// All rows.
    pub total: usize,
}

impl Accuracy {
    /// The share of rows that get their label.
    pub fn share(self) -> f64 {
        self.correct as f64 / self.total.max(1) as f64
    }
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Encoded(rows) => rows.len(),
            Self::Data(data) => data.rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows as the model's integers.
    ///
    /// # Errors
    /// The schema is malformed, or the model refuses a row.
    pub fn encoded(&self, schema: &Schema) -> Result<Vec<Vec<i128>>, Error> {
        match self {
            Self::Encoded(rows) => Ok(rows.clone()),
            Self::Data(data) => data.encoded(schema),
        }
    }
}

impl DataSet {
    /// The data set's hash: of its numbers as 64-bit floats, and of its labels. Every missing value is the same NaN,
    /// and -0 is 0. The same rows and labels have the same hash for every model.
    pub fn hash(&self) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key("nilometer data set v1");
        let features = self.rows.first().map_or(0, Vec::len);
        hasher.update(&(self.rows.len() as u64).to_le_bytes());
        hasher.update(&(features as u64).to_le_bytes());
        for row in &self.rows {
            let bytes: Vec<u8> = row.iter().flat_map(|x| canonical(*x).to_le_bytes()).collect();
            hasher.update(&bytes);
        }
        match &self.labels {
            None => {
                hasher.update(&[0]);
            }
            Some(labels) => {
                hasher.update(&[1]);
                for label in labels {
                    hasher.update(&(label.len() as u64).to_le_bytes());
                    hasher.update(label.as_bytes());
                }
            }
        }
        Digest::of(&hasher)
    }

    /// The rows as the model's integers.
    ///
    /// # Errors
    /// The schema is malformed, or the model refuses a row, whose number is said.
    pub fn encoded(&self, schema: &Schema) -> Result<Vec<Vec<i128>>, Error> {
        let input = schema.input()?;
        let encode = |(row, values): (usize, &Vec<f64>)| {
            let at_row = |error: EncodeError| Error::Within {
                what: format!("row {row}"),
                source: Box::new(error.into()),
            };
            input.encode(values).map_err(at_row)
        };
        self.rows.iter().enumerate().map(encode).collect()
    }

    /// How many rows get their label, by the model's integers; none without labels.
    ///
    /// # Errors
    /// The schema is another model's, or the model gives no labels.
    pub fn accuracy(
        &self,
        schema: &Schema,
        outputs: &[Vec<i128>],
    ) -> Result<Option<Accuracy>, Error> {
        let Some(labels) = &self.labels else { return Ok(None) };
        let mut correct = 0;
        for (row, (wanted, integers)) in labels.iter().zip(outputs).enumerate() {
            let answer = Answer::new(schema, row, &[], integers)?;
            let label = answer.label.ok_or(Error::NoLabel)?;
            correct += usize::from(plain(&label) == *wanted);
        }
        Ok(Some(Accuracy { correct, total: labels.len() }))
    }
}

/// The one form of a number that hashes and files have.
pub fn canonical(x: f64) -> f64 {
    if x.is_nan() {
        f64::from_bits(0x7ff8_0000_0000_0000)
    } else if x == 0.0 {
        0.0
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_of_a_data_set_is_in_its_hash() {
        let data = |rows: &[&[f64]], labels: Option<&[&str]>| DataSet {
            rows: rows.iter().map(|row| row.to_vec()).collect(),
            labels: labels.map(|labels| labels.iter().map(ToString::to_string).collect()),
        };
        let all = [
            data(&[&[1.0, 2.0], &[3.0, 4.0]], None),
            data(&[&[1.0, 2.0, 3.0, 4.0]], None),
            data(&[&[1.0, 2.0], &[3.0, f64::NAN]], None),
            data(&[&[1.0, 2.0], &[3.0, 4.0]], Some(&["1", "23"])),
            data(&[&[1.0, 2.0], &[3.0, 4.0]], Some(&["12", "3"])),
        ];
        for (i, a) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|b| a.hash() != b.hash()), "{i}");
        }
        assert_eq!(data(&[&[-0.0]], None).hash(), data(&[&[0.0]], None).hash());
        assert_eq!(data(&[&[-f64::NAN]], None).hash(), data(&[&[f64::NAN]], None).hash());
    }
}
