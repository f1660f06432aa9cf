//! What a model answers, with names: the same text and JSON wherever it was computed.

use nilometer_transpiler::decision::arg_max;
use nilometer_transpiler::graph::Labels;
use nilometer_transpiler::schema::{signed, OutputSchema, OutputValues, Schema, SchemaError};
use serde::Serialize;
use serde_json::{json, Value};
use starknet_types_core::felt::Felt;

/// The answer to one row.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The row's number in its file.
    pub row: usize,
    /// The integers that the model was given.
    pub input_int: Vec<String>,
    /// Each of the model's outputs.
    pub outputs: Vec<NamedOutput>,
    /// What the model decides, if it does.
    pub label: Option<Value>,
}

/// One of the model's outputs.
#[derive(Clone, Debug, Serialize)]
pub struct NamedOutput {
    /// Its ONNX name.
    pub name: String,
    /// Its numbers; a label's index.
    pub values: Vec<f64>,
    /// The exact integers.
    pub integers: Vec<String>,
    /// Whether it is a label.
    pub is_label: bool,
    /// The classes' names, where the model knows them.
    #[serde(skip)]
    pub classes: Vec<String>,
}

impl NamedOutput {
    /// Whether the values lie between 0 and 1 and sum to 1, near enough to be shown as probabilities.
    pub fn is_probabilities(&self) -> bool {
        // Fixed point rounds each.
        let slack = 0.02;
        let sum: f64 = self.values.iter().sum();
        !self.is_label
            && self.values.len() > 1
            && self.values.iter().all(|value| (-slack..=1.0 + slack).contains(value))
            && (sum - 1.0).abs() <= slack
    }
}

/// Several rows' answers, as scripts rely on them.
#[derive(Clone, Debug, Serialize)]
pub struct Answers {
    /// A list of numbers a row.
    pub outputs: Vec<Vec<f64>>,
    /// The exact integers behind them.
    pub outputs_int: Vec<Vec<String>>,
    /// The label of the first row.
    pub label: Option<Value>,
    /// The label of every row.
    pub labels: Vec<Option<Value>>,
}

impl Answer {
    /// Puts names to a model's integers.
    ///
    /// # Errors
    /// Another number of results than the schema says.
    pub fn new(
        schema: &Schema,
        row: usize,
        input: &[i128],
        results: &[i128],
    ) -> Result<Self, SchemaError> {
        let texts = |integers: &[i128]| integers.iter().map(ToString::to_string).collect();
        let values = schema.interpret(results)?;
        let name = |output: &OutputValues<'_>| NamedOutput {
            name: output.schema.name.clone(),
            values: output.values.clone(),
            integers: texts(&output.integers),
            is_label: output.schema.is_label,
            classes: class_names(output.schema),
        };
        let outputs = values.iter().map(name).collect();
        Ok(Self { row, input_int: texts(input), outputs, label: label(&values) })
    }

    /// Puts names to results from anyone, such as a contract's; none if the schema does not fit them.
    pub fn of_felts(schema: &Schema, results: &[Felt]) -> Option<Self> {
        let results: Option<Vec<i128>> = results.iter().map(signed).collect();
        Self::new(schema, 0, &[], &results?).ok()
    }

    /// The numbers of the outputs that are not labels; of all if there is nothing else.
    pub fn numbers<T: Clone>(&self, of: fn(&NamedOutput) -> &[T]) -> Vec<T> {
        let only_labels = self.outputs.iter().all(|output| output.is_label);
        let shown = self.outputs.iter().filter(|output| only_labels || !output.is_label);
        shown.flat_map(|output| of(output).iter().cloned()).collect()
    }
}

impl<'a> FromIterator<&'a Answer> for Answers {
    fn from_iter<I: IntoIterator<Item = &'a Answer>>(answers: I) -> Self {
        let mut all =
            Self { outputs: Vec::new(), outputs_int: Vec::new(), label: None, labels: Vec::new() };
        for answer in answers {
            all.outputs.push(answer.numbers(|output| &output.values));
            all.outputs_int.push(answer.numbers(|output| &output.integers));
            all.labels.push(answer.label.clone());
        }
        all.label = all.labels.first().cloned().flatten();
        all
    }
}

/// The model's label; the class with the largest score where it has none of its own.
fn label(outputs: &[OutputValues<'_>]) -> Option<Value> {
    let (classes, index) = match outputs.iter().find(|output| output.schema.is_label) {
        Some(own) => (&own.schema.classes, usize::try_from(*own.integers.first()?).ok()?),
        None => {
            let scores = outputs.iter().find(|output| output.values.len() > 1)?;
            (&scores.schema.classes, arg_max(&scores.values))
        }
    };
    Some(match classes {
        Some(Labels::Ints(labels)) => {
            labels.get(index).map_or_else(|| json!(index), |label| json!(label))
        }
        Some(labels @ Labels::Strings(_)) => json!(labels.name(index)),
        None => json!(index),
    })
}

/// Felts as signed integers; hexadecimal for what no model gives.
pub fn integers(felts: &[Felt]) -> Vec<String> {
    let text = |felt: &Felt| signed(felt).map_or_else(|| format!("{felt:#x}"), |n| n.to_string());
    felts.iter().map(text).collect()
}

/// A row of felts in natural units; empty without a schema that fits.
pub fn natural(schema: Option<&Schema>, felts: &[Felt]) -> Vec<f64> {
    let Some(input) = schema.and_then(|schema| schema.input().ok()) else { return Vec::new() };
    if input.ranges.len() != felts.len() {
        return Vec::new();
    }
    let value = |(feature, felt): (usize, &Felt)| {
        signed(felt).map_or(f64::NAN, |integer| input.decode(feature, integer))
    };
    felts.iter().enumerate().map(value).collect()
}

/// The names of an output's classes.
pub fn class_names(output: &OutputSchema) -> Vec<String> {
    match &output.classes {
        None => Vec::new(),
        Some(Labels::Ints(list)) => list.iter().map(ToString::to_string).collect(),
        Some(Labels::Strings(list)) => list.clone(),
    }
}

/// A label as text.
pub fn plain(label: &Value) -> String {
    label.as_str().map_or_else(|| label.to_string(), str::to_owned)
}
