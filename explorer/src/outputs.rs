//! Results on chain as people read them.

use nilometer_starknet::Felt;
use nilometer_transpiler::decision::arg_max;
use nilometer_transpiler::graph::Labels;
use nilometer_transpiler::schema::{signed, OutputSchema, Schema};

use crate::view::OutputView;

/// Results, and the label that they say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Output by output.
    pub outputs: Vec<OutputView>,
    /// The label, if any.
    pub label: Option<String>,
}

/// Felts as signed integers; hexadecimal for what no model gives.
pub fn integers(felts: &[Felt]) -> Vec<String> {
    felts
        .iter()
        .map(|felt| signed(felt).map_or_else(|| format!("{felt:#x}"), |n| n.to_string()))
        .collect()
}

/// A row in natural units; empty without a schema that fits.
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

/// What results say, by the schema if there is one that fits.
pub fn decode(schema: Option<&Schema>, felts: &[Felt]) -> Decoded {
    let plain = || Decoded {
        outputs: vec![OutputView {
            name: String::new(),
            is_label: false,
            integers: integers(felts),
            values: Vec::new(),
            classes: Vec::new(),
            is_probabilities: false,
        }],
        label: None,
    };
    let all: Option<Vec<i128>> = felts.iter().map(signed).collect();
    let (Some(schema), Some(all)) = (schema, all) else { return plain() };
    let Ok(values) = schema.interpret(&all) else { return plain() };
    let outputs: Vec<OutputView> = values
        .into_iter()
        .map(|output| OutputView {
            name: output.schema.name.clone(),
            is_label: output.schema.is_label,
            integers: output.integers.iter().map(ToString::to_string).collect(),
            is_probabilities: !output.schema.is_label && are_probabilities(&output.values),
            values: output.values,
            classes: class_names(output.schema),
        })
        .collect();
    let label = label(&outputs);
    Decoded { outputs, label }
}

/// The classes' names.
pub fn class_names(output: &OutputSchema) -> Vec<String> {
    match &output.classes {
        None => Vec::new(),
        Some(Labels::Ints(list)) => list.iter().map(ToString::to_string).collect(),
        Some(Labels::Strings(list)) => list.clone(),
    }
}

fn are_probabilities(values: &[f64]) -> bool {
    // Fixed point rounds each.
    let slack = 0.02;
    let sum: f64 = values.iter().sum();
    values.len() > 1
        && values.iter().all(|value| (-slack..=1.0 + slack).contains(value))
        && (sum - 1.0).abs() <= slack
}

/// The label output's class; else the class of the largest of several numbers.
fn label(outputs: &[OutputView]) -> Option<String> {
    let name = |output: &OutputView, index: usize| {
        output.classes.get(index).cloned().or_else(|| (index < 1 << 20).then(|| index.to_string()))
    };
    if let Some(output) = outputs.iter().find(|output| output.is_label) {
        let index = output.integers.first()?.parse::<usize>().ok()?;
        return name(output, index);
    }
    let output = outputs.iter().find(|output| output.values.len() > 1)?;
    name(output, arg_max(&output.values))
}
