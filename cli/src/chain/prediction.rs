//! Rows to a model's integers and back, by the schema that its contract returns.

use anyhow::{Context, Result};
use nilometer_starknet::types::Version;
use nilometer_starknet::{registry, ChainError, Felt};
use nilometer_transpiler::quant::QuantInput;
use nilometer_transpiler::schema::{signed, Schema};
use serde::Serialize;
use starknet_types_core::hash::{Poseidon, StarkHash};

use super::Session;
use crate::input::{Reader, RowSelection, Source};
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
        let rows = source.rows(self.input.ranges.len(), rows, reader)?;
        rows.into_iter().map(|row| self.encode_row(row)).collect()
    }

    /// The only row of a file.
    ///
    /// # Errors
    /// The file cannot be read or has several rows, or the row is refused.
    pub fn encode_one(&self, source: &Source, reader: &Reader) -> Result<Encoded> {
        self.encode_row(source.one_row(self.input.ranges.len(), reader)?)
    }

    fn encode_row(&self, (row, values): (usize, Vec<f64>)) -> Result<Encoded> {
        let integers = self.input.encode(&values).with_context(|| format!("row {row}"))?;
        let felts = integers.iter().map(|&integer| Felt::from(integer)).collect();
        Ok(Encoded { row, integers, felts })
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

fn integers(output: &[Felt]) -> Result<Vec<i128>, ChainError> {
    let integer = |felt| {
        signed(felt).ok_or_else(|| ChainError::Decode {
            what: "the model's answer",
            reason: format!("{felt:#x} is no integer of a model"),
        })
    };
    output.iter().map(integer).collect()
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
