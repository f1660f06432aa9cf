//! Rows to a model's integers and back, by the schema that its contract returns.

use anyhow::{Context, Result};
use nilometer_starknet::types::Version;
use nilometer_starknet::{registry, ChainError, Felt};
use nilometer_transpiler::graph::Labels;
use nilometer_transpiler::quant::QuantInput;
use nilometer_transpiler::schema::{signed, OutputSchema, Schema};
use serde::Serialize;
use starknet_types_core::hash::{Poseidon, StarkHash};

use super::Session;
use crate::failure::UsageError;
use crate::input::{Columns, Reader, RowSelection, Source};
use nilometer_package::answer::{Answer, Answers};

/// A model on chain, as its callers see it.
pub struct Contract {
    /// Its schema.
    pub schema: Schema,
    input: QuantInput,
    /// Its address.
    pub address: Felt,
}

/// Rows' results, as scripts rely on them.
#[derive(Clone, Debug, Serialize)]
pub struct Predictions {
    #[serde(flatten)]
    answers: Answers,
    /// All about every row.
    rows: Vec<Answer>,
}

/// A row as the chain has it.
pub struct Encoded {
    /// Its number in the file.
    pub row: usize,
    /// The model's integers.
    pub integers: Vec<i128>,
    /// The same as felts.
    pub felts: Vec<Felt>,
}

/// The schema of a version's contract, held against the registered hash.
///
/// # Errors
/// The schema is malformed or another, or the node fails.
pub fn schema(session: &Session, version: &Version) -> Result<Schema> {
    let felts = session.wait(registry::schema(&session.chain, version.contract))?;
    if Poseidon::hash_array(&felts) != version.schema_hash {
        let reason = "its hash is not the registered one".to_owned();
        return Err(ChainError::Decode { what: "the contract's schema", reason }.into());
    }
    Ok(Schema::from_felts(&felts)?)
}

impl Contract {
    /// Reads the schema of a version's contract, and holds it against the registered hash.
    ///
    /// # Errors
    /// The schema is malformed or another, or the node fails.
    pub fn open(session: &Session, version: &Version) -> Result<Self> {
        let schema = schema(session, version)?;
        let input = schema.input()?;
        Ok(Self { schema, input, address: version.contract })
    }

    /// Rows of a file, as the model's integers.
    ///
    /// # Errors
    /// The file cannot be read, or a row is refused.
    pub fn encode(
        &self,
        source: &Source,
        rows: &RowSelection,
        reader: &Reader,
    ) -> Result<Vec<Encoded>> {
        let rows = source.rows(&Columns::of(&self.input), rows, reader)?;
        rows.into_iter().map(|row| self.encode_row(row)).collect()
    }

    /// The only row of a file.
    ///
    /// # Errors
    /// The file cannot be read or has several rows, or the row is refused.
    pub fn encode_one(&self, source: &Source, reader: &Reader) -> Result<Encoded> {
        self.encode_row(source.one_row(&Columns::of(&self.input), reader)?)
    }

    fn encode_row(&self, (row, values): (usize, Vec<f64>)) -> Result<Encoded> {
        let integers = self.input.encode(&values).with_context(|| format!("row {row}"))?;
        let felts = integers.iter().map(|&integer| Felt::from(integer)).collect();
        Ok(Encoded { row, integers, felts })
    }

    /// A row's results from natural units: a number for each, rounded to what the model can answer; a class's name for a
    /// label.
    ///
    /// # Errors
    /// Another number of values than the model has results, or one that is none of its classes or not a number.
    pub fn results(&self, values: &[String]) -> Result<Vec<Felt>> {
        let outputs = self.schema.outputs.iter();
        let places: Vec<&OutputSchema> =
            outputs.flat_map(|output| std::iter::repeat_n(output, output.len)).collect();
        if places.len() != values.len() {
            let (expected, actual) = (places.len(), values.len());
            return Err(
                UsageError(format!("{actual} values: the model has {expected} results")).into()
            );
        }
        let results = places.into_iter().zip(values);
        results.map(|(output, value)| Ok(Felt::from(result(output, value)?))).collect()
    }

    /// What the results of rows mean.
    ///
    /// # Errors
    /// The results are not what the schema says.
    pub fn interpret(&self, rows: &[Encoded], outputs: &[Vec<Felt>]) -> Result<Predictions> {
        let read = |(row, output): (&Encoded, &Vec<Felt>)| {
            Ok(Answer::new(&self.schema, row.row, &row.integers, &integers(output)?)?)
        };
        let rows = rows.iter().zip(outputs).map(read).collect::<Result<Vec<_>>>()?;
        Ok(Predictions { answers: rows.iter().collect(), rows })
    }
}

/// The integer of a result in natural units.
fn result(output: &OutputSchema, value: &str) -> Result<i128, UsageError> {
    let value = value.trim();
    if output.is_label {
        let place = match &output.classes {
            Some(Labels::Strings(names)) => names.iter().position(|name| name == value),
            Some(Labels::Ints(labels)) => {
                labels.iter().position(|label| label.to_string() == value)
            }
            None => value.parse().ok(),
        };
        let place = place.and_then(|place: usize| i128::try_from(place).ok());
        return place
            .ok_or_else(|| UsageError(format!("{value:?} is not a class of `{}`", output.name)));
    }
    let number: Option<f64> = value.parse().ok().filter(|number: &f64| number.is_finite());
    let scaled = number.map(|number| (number * f64::from(output.scale_log2).exp2()).round());
    // Integers of models are far below this.
    let exact = scaled.filter(|scaled| scaled.abs() < 1e30);
    exact.map(|scaled| scaled as i128).ok_or_else(|| {
        UsageError(format!("{value:?} is not a number that `{}` can be", output.name))
    })
}

fn integers(output: &[Felt]) -> Result<Vec<i128>, ChainError> {
    output.iter().map(integer).collect()
}

/// The integer that a felt of a model's answer stands for.
///
/// # Errors
/// It is too far from zero.
pub fn integer(felt: &Felt) -> Result<i128, ChainError> {
    signed(felt).ok_or_else(|| ChainError::Decode {
        what: "the model's answer",
        reason: format!("{felt:#x} is not an integer of a model"),
    })
}

impl Predictions {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            if self.rows.len() > 1 {
                text += &format!("row {}\n", row.row);
            }
            text += &crate::answer::text(row);
        }
        text
    }
}
