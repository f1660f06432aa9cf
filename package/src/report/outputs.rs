//! Each output's error: seen on the calibration rows, and proved.

use nilometer_transpiler::eval;
use nilometer_transpiler::graph::{Graph, OutputKind};
use nilometer_transpiler::quant::QuantGraph;
use rayon::prelude::*;
use serde::Serialize;

use crate::{Context as _, Error};

/// One output.
#[derive(Clone, Debug, Serialize)]
pub struct OutputReport {
    /// The ONNX output's name.
    pub name: String,
    /// Whether it is a label rather than numbers.
    pub is_label: bool,
    /// How many numbers it has.
    pub len: usize,
    /// Each stands for `q · 2^-scale_log2`.
    pub scale_log2: i32,
    /// A proved bound on the error of each number for every accepted row, where one is known.
    pub error_bound: Option<f64>,
    /// The largest error of each number on the calibration rows that are accepted.
    pub max_abs_errors: Option<Vec<f64>>,
}

/// The largest proved bound of any number; none if one output has none.
pub fn error_bound(graph: &QuantGraph) -> Option<f64> {
    let numbers = graph.outputs.iter().filter(|o| matches!(o.kind, OutputKind::Numbers { .. }));
    let bounds: Option<Vec<f64>> =
        numbers.map(|output| graph.nodes[output.value].error.filter(|e| e.is_finite())).collect();
    bounds.filter(|bounds| !bounds.is_empty())?.into_iter().reduce(f64::max)
}

/// Every output.
pub fn outputs(
    float: &Graph,
    graph: &QuantGraph,
    calibration: Option<&[Vec<f64>]>,
) -> Result<Vec<OutputReport>, Error> {
    let errors = calibration.map(|rows| max_errors(float, graph, rows)).transpose()?;
    let outputs = graph.outputs.iter().enumerate().map(|(index, output)| {
        let node = &graph.nodes[output.value];
        let is_label = matches!(output.kind, OutputKind::Label(_));
        OutputReport {
            name: output.name.clone(),
            is_label,
            len: node.ranges.len(),
            scale_log2: node.scale_log2,
            error_bound: node.error.filter(|error| !is_label && error.is_finite()),
            max_abs_errors: errors.as_ref().filter(|_| !is_label).map(|all| all[index].clone()),
        }
    });
    Ok(outputs.collect())
}

/// The largest error of each number of each output.
fn max_errors(
    float: &Graph,
    graph: &QuantGraph,
    rows: &[Vec<f64>],
) -> Result<Vec<Vec<f64>>, Error> {
    let zeros: Vec<Vec<f64>> = graph
        .outputs
        .iter()
        .map(|output| vec![0.0; graph.nodes[output.value].ranges.len()])
        .collect();
    let errors = |(index, row): (usize, &Vec<f64>)| -> Result<Option<Vec<Vec<f64>>>, Error> {
        let Ok(prediction) = graph.predict(row) else { return Ok(None) };
        let expected = eval::evaluate(float, row).context(format!("row {index}"))?;
        let pairs = prediction.outputs.iter().zip(&expected);
        let differences = |(actual, expected): (&Vec<f64>, &Vec<f64>)| {
            actual.iter().zip(expected).map(|(a, b)| (a - b).abs()).collect()
        };
        Ok(Some(pairs.map(differences).collect()))
    };
    let all: Vec<Option<Vec<Vec<f64>>>> =
        rows.par_iter().enumerate().map(errors).collect::<Result<_, _>>()?;
    Ok(all.into_iter().flatten().fold(zeros, |mut worst, errors| {
        for (worst, error) in worst.iter_mut().flatten().zip(errors.into_iter().flatten()) {
            *worst = worst.max(error);
        }
        worst
    }))
}
