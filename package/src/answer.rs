//! What a model answers, with names: the same text and JSON whoever computed it.

use nilometer_transpiler::decision::arg_max;
use nilometer_transpiler::graph::Labels;
use nilometer_transpiler::schema::{OutputValues, Schema, SchemaError};
use serde::Serialize;
use serde_json::{json, Value};

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
        };
        let outputs = values.iter().map(name).collect();
        Ok(Self { row, input_int: texts(input), outputs, label: label(&values) })
    }

    /// The numbers of the outputs that are no labels; of all if there is nothing else.
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

/// A label as text.
pub fn plain(label: &Value) -> String {
    label.as_str().map_or_else(|| label.to_string(), str::to_owned)
}
