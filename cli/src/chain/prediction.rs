//! Rows to a model's integers and back, by the schema that its contract returns.

use anyhow::Result;
use nilometer_starknet::types::Version;
use nilometer_starknet::{registry, ChainError, Felt};
use nilometer_transpiler::decision::arg_max;
use nilometer_transpiler::quant::QuantInput;
use nilometer_transpiler::schema::{signed, OutputValues, Schema};
use serde::Serialize;
use serde_json::{json, Value};
use starknet_types_core::hash::{Poseidon, StarkHash};

use super::Session;
use crate::commands::run::{named, plain, NamedOutput};
use crate::input::{RowSelection, Source};
use crate::numbers::short;
use crate::table::{fields, table};

/// A model on chain, as its callers see it.
pub struct Contract {
    /// Its schema.
    pub schema: Schema,
    input: QuantInput,
    /// Its address.
    pub address: Felt,
}

/// One row's results.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its number in the file.
    pub row: usize,
    /// The integers that the model was given.
    pub input_int: Vec<String>,
    /// Each of the model's outputs.
    pub outputs: Vec<NamedOutput>,
    /// What the model decides, if it does.
    pub label: Option<Value>,
}

/// Rows' results, as scripts rely on them.
#[derive(Clone, Debug, Serialize)]
pub struct Predictions {
    /// A list of numbers a row.
    pub outputs: Vec<Vec<f64>>,
    /// The exact integers behind them.
    pub outputs_int: Vec<Vec<String>>,
    /// The label of the first row.
    pub label: Option<Value>,
    /// The label of every row.
    pub labels: Vec<Option<Value>>,
    /// All about every row.
    pub rows: Vec<Row>,
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

impl Contract {
    /// Reads the schema of a version's contract, and holds it against the registered hash.
    ///
    /// # Errors
    /// The schema is malformed or another, or the node fails.
    pub fn open(session: &Session, version: &Version) -> Result<Self> {
        let felts = session.wait(registry::schema(&session.chain, version.contract))?;
        if Poseidon::hash_array(&felts) != version.schema_hash {
            let reason = "its hash is not the registered one".to_owned();
            return Err(ChainError::Decode { what: "the contract's schema", reason }.into());
        }
        let schema = Schema::from_felts(&felts)?;
        let input = schema.input()?;
        Ok(Self { schema, input, address: version.contract })
    }

    /// Rows of a file, as the model's integers.
    ///
    /// # Errors
    /// The file cannot be read, or a row is refused.
    pub fn encode(&self, source: &Source, rows: &RowSelection) -> Result<Vec<Encoded>> {
        let rows = source.rows(self.input.ranges.len(), rows)?;
        let encode = |(row, values): (usize, Vec<f64>)| {
            let integers = self
                .input
                .encode(&values)
                .map_err(|e| anyhow::Error::new(e).context(format!("row {row}")))?;
            let felts = integers.iter().map(|&integer| Felt::from(integer)).collect();
            Ok(Encoded { row, integers, felts })
        };
        rows.into_iter().map(encode).collect()
    }

    /// What the results of rows mean.
    ///
    /// # Errors
    /// The results are not what the schema says.
    pub fn interpret(&self, rows: &[Encoded], outputs: &[Vec<Felt>]) -> Result<Predictions> {
        let rows = rows.iter().zip(outputs).map(|(row, output)| self.row(row, output));
        let rows: Vec<Row> = rows.collect::<Result<_>>()?;
        Ok(Predictions {
            outputs: rows.iter().map(|row| row.numbers(|output| &output.values)).collect(),
            outputs_int: rows.iter().map(|row| row.numbers(|output| &output.integers)).collect(),
            label: rows.first().and_then(|row| row.label.clone()),
            labels: rows.iter().map(|row| row.label.clone()).collect(),
            rows,
        })
    }

    fn row(&self, encoded: &Encoded, output: &[Felt]) -> Result<Row> {
        let integers = output.iter().map(|felt| {
            signed(felt).ok_or_else(|| ChainError::Decode {
                what: "the model's answer",
                reason: format!("{felt:#x} is no integer of a model"),
            })
        });
        let integers = integers.collect::<Result<Vec<i128>, _>>()?;
        let values = self.schema.interpret(&integers)?;
        let label = label(&values);
        let name = |output: &OutputValues<'_>| NamedOutput {
            name: output.schema.name.clone(),
            values: output.values.clone(),
            integers: output.integers.iter().map(ToString::to_string).collect(),
            is_label: output.schema.is_label,
        };
        Ok(Row {
            row: encoded.row,
            input_int: encoded.integers.iter().map(ToString::to_string).collect(),
            outputs: values.iter().map(name).collect(),
            label,
        })
    }
}

/// The model's label; the class with the largest score where it has none of its own.
fn label(outputs: &[OutputValues<'_>]) -> Option<Value> {
    if let Some(output) = outputs.iter().find(|output| output.schema.is_label) {
        let index = usize::try_from(*output.integers.first()?).ok()?;
        return Some(match &output.schema.classes {
            Some(classes) => named(classes, index),
            None => json!(index),
        });
    }
    let scores = outputs.iter().find(|output| output.values.len() > 1)?;
    let index = arg_max(&scores.values);
    Some(match &scores.schema.classes {
        Some(classes) => named(classes, index),
        None => json!(index),
    })
}

impl Row {
    /// The numbers of the outputs that are no labels; of all if there is nothing else.
    fn numbers<T: Clone>(&self, of: fn(&NamedOutput) -> &[T]) -> Vec<T> {
        let only_labels = self.outputs.iter().all(|output| output.is_label);
        let shown = self.outputs.iter().filter(|output| only_labels || !output.is_label);
        shown.flat_map(|output| of(output).iter().cloned()).collect()
    }
}

impl Predictions {
    /// For people.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for row in &self.rows {
            if self.rows.len() > 1 {
                text += &format!("row {}\n", row.row);
            }
            let cells = row.outputs.iter().flat_map(|output| {
                let values = output.values.iter().zip(&output.integers).enumerate();
                values.map(|(index, (value, integer))| {
                    let name = match output.values.len() {
                        1 => output.name.clone(),
                        _ => format!("{}[{index}]", output.name),
                    };
                    vec![name, short(*value), integer.clone()]
                })
            });
            text += &table(&["output", ">value", ">integer"], cells);
            if let Some(label) = &row.label {
                text += &fields([("label", plain(label))]);
            }
        }
        text
    }
}
