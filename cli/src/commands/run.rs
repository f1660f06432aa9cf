//! `nilo run`: a package's Cairo program on rows, checked against the Rust reference.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use console::style;
use nilometer_cairo::{Program, RunOptions};
use nilometer_transpiler::decision::arg_max;
use nilometer_transpiler::graph::{Labels, OutputKind};
use nilometer_transpiler::quant::{Prediction, QuantGraph};
use rayon::prelude::*;
use serde::Serialize;
use serde_json::{json, Value};

use crate::input::{RowSelection, Source};
use crate::numbers::{counts, duration, short, thousands};
use crate::output::{Message, Output};
use crate::package::Package;
use crate::progress::Progress;
use crate::table::{fields, table};
use crate::vm::{self, RowRun};

/// Arguments of `nilo run`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  nilo run package --input rows.npy:0
  nilo run package --input row.json --json
  nilo run package --input rows.csv --rows 0,3,5-9")]
pub struct RunArgs {
    /// The package
    pub package: PathBuf,
    /// Rows (.npy, .json, .csv), in natural units; X.npy:7 is one row, counted from 0
    #[arg(short, long, value_name = "FILE[:ROW]")]
    pub input: Source,
    /// Which rows of the file: `all`, or numbers and ranges such as 0,3,5-9
    #[arg(long, default_value = "all")]
    pub rows: RowSelection,
    /// Stop a run after so many steps
    #[arg(long, value_name = "N", default_value_t = vm::MAX_STEPS)]
    pub max_steps: usize,
}

/// The command's result.
#[derive(Serialize)]
struct Runs {
    model_hash: String,
    program_hash: String,
    /// A list of numbers a row.
    outputs: Vec<Vec<f64>>,
    /// The exact integers behind them.
    outputs_int: Vec<Vec<String>>,
    /// The label of the first row.
    label: Option<Value>,
    labels: Vec<Option<Value>>,
    /// Steps of the most expensive row, and its builtins.
    steps: usize,
    builtins: BTreeMap<&'static str, usize>,
    matches_reference: bool,
    rows: Vec<RowResult>,
    ms: u64,
    #[serde(skip)]
    time: Duration,
}

/// One row's result.
#[derive(Clone, Debug, Serialize)]
pub struct RowResult {
    /// Its number in the file.
    pub row: usize,
    /// The integers that the program was given.
    pub input_int: Vec<String>,
    /// Each of the model's outputs.
    pub outputs: Vec<NamedOutput>,
    /// What the model decides, if it does.
    pub label: Option<Value>,
    /// VM steps.
    pub steps: usize,
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

/// Runs.
///
/// # Errors
/// A file or a row is refused, a run fails, or the VM and the reference disagree.
pub fn run(args: &RunArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let (graph, program) = package.model_and_program()?;
    let rows = args.input.rows(graph.input_len(), &args.rows)?;
    let options = RunOptions { max_steps: Some(args.max_steps), trace: false };
    let start = Instant::now();
    let runs = run_rows(&program, &graph, &rows, &options)?;
    let time = start.elapsed();
    output.result(&Runs::new(&package, &graph, &rows, &runs, time))?;
    Ok(0)
}

/// Runs rows; errors name the row.
pub fn run_rows(
    program: &Program,
    graph: &QuantGraph,
    rows: &[(usize, Vec<f64>)],
    options: &RunOptions,
) -> Result<Vec<RowRun>> {
    let progress = Progress::rows("running", rows.len());
    let run = |(row, values): &(usize, Vec<f64>)| {
        let run = vm::run(program, graph, values, options).with_context(|| format!("row {row}"));
        progress.advance();
        run
    };
    rows.par_iter().map(run).collect()
}

/// What a run says, with names.
pub fn row_result(
    graph: &QuantGraph,
    row: usize,
    prediction: &Prediction,
    input: &[i128],
    steps: usize,
) -> RowResult {
    let mut integers = prediction.integers.iter();
    let outputs = graph.outputs.iter().zip(&prediction.outputs);
    let outputs: Vec<NamedOutput> = outputs
        .map(|(output, values)| NamedOutput {
            name: output.name.clone(),
            values: values.clone(),
            integers: integers.by_ref().take(values.len()).map(ToString::to_string).collect(),
            is_label: matches!(output.kind, OutputKind::Label(_)),
        })
        .collect();
    let input_int = input.iter().map(ToString::to_string).collect();
    RowResult { row, input_int, label: label(graph, prediction), outputs, steps }
}

/// The model's label; the class with the largest score where it has none of its own.
fn label(graph: &QuantGraph, prediction: &Prediction) -> Option<Value> {
    let outputs = || graph.outputs.iter().zip(&prediction.outputs);
    let own = outputs().find_map(|(output, values)| match &output.kind {
        OutputKind::Label(labels) => Some((labels, *values.first()? as usize)),
        OutputKind::Numbers { .. } => None,
    });
    if let Some((labels, index)) = own {
        return Some(named(labels, index));
    }
    let scores = outputs().find(|(_, values)| values.len() > 1)?;
    let index = arg_max(scores.1);
    Some(match &scores.0.kind {
        OutputKind::Numbers { classes: Some(classes) } => named(classes, index),
        _ => json!(index),
    })
}

/// The label at an index, as JSON.
pub fn named(labels: &Labels, index: usize) -> Value {
    match labels {
        Labels::Ints(labels) => {
            labels.get(index).map_or_else(|| json!(index), |label| json!(label))
        }
        Labels::Strings(_) => json!(labels.name(index)),
    }
}

impl RowRun {
    /// What the run says, with names.
    pub fn result(&self, graph: &QuantGraph, row: usize) -> RowResult {
        row_result(graph, row, &self.prediction, &self.input, self.steps)
    }
}

impl RowResult {
    /// The numbers of the outputs that are no labels; of all if there is nothing else.
    pub fn numbers<T: Clone>(&self, of: fn(&NamedOutput) -> &[T]) -> Vec<T> {
        let only_labels = self.outputs.iter().all(|output| output.is_label);
        let shown = self.outputs.iter().filter(|output| only_labels || !output.is_label);
        shown.flat_map(|output| of(output).iter().cloned()).collect()
    }
}

impl Runs {
    fn new(
        package: &Package,
        graph: &QuantGraph,
        rows: &[(usize, Vec<f64>)],
        runs: &[RowRun],
        time: Duration,
    ) -> Self {
        let results: Vec<RowResult> =
            rows.iter().zip(runs).map(|((row, _), run)| run.result(graph, *row)).collect();
        let worst = runs.iter().max_by_key(|run| run.steps);
        Self {
            model_hash: package.manifest.model_hash.clone(),
            program_hash: package.manifest.program_hash.clone(),
            outputs: results.iter().map(|row| row.numbers(|output| &output.values)).collect(),
            outputs_int: results.iter().map(|row| row.numbers(|output| &output.integers)).collect(),
            label: results.first().and_then(|row| row.label.clone()),
            labels: results.iter().map(|row| row.label.clone()).collect(),
            steps: worst.map_or(0, |run| run.steps),
            builtins: worst.map(RowRun::builtin_counts).unwrap_or_default(),
            matches_reference: true,
            rows: results,
            ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            time,
        }
    }
}

impl Message for Runs {
    fn text(&self) -> String {
        let mut text = match self.rows.as_slice() {
            [row] => one_row(row),
            rows => many_rows(rows),
        };
        let most = if self.rows.len() == 1 { "" } else { " at most" };
        text += &fields([
            ("steps", format!("{}{most}", thousands(self.steps))),
            ("builtins", counts(&self.builtins)),
            ("time", duration(self.time)),
        ]);
        text += &format!(
            "\n{} the Cairo VM and the Rust reference agree on every integer\n",
            style("checked").green().bold()
        );
        text
    }
}

fn one_row(row: &RowResult) -> String {
    let mut text = outputs(&row.outputs);
    if let Some(label) = &row.label {
        text += &fields([("label", plain(label))]);
    }
    text
}

/// A table of outputs.
pub fn outputs(outputs: &[NamedOutput]) -> String {
    let cells = outputs.iter().flat_map(|output| {
        let values = output.values.iter().zip(&output.integers).enumerate();
        values.map(|(index, (value, integer))| {
            let name = match output.values.len() {
                1 => output.name.clone(),
                _ => format!("{}[{index}]", output.name),
            };
            vec![name, short(*value), integer.clone()]
        })
    });
    table(&["output", ">value", ">integer"], cells)
}

fn many_rows(rows: &[RowResult]) -> String {
    const SHOWN: usize = 20;
    let cells = |row: &RowResult| {
        let values = row.numbers(|output| &output.values);
        let mut texts: Vec<String> = values.iter().take(12).map(|value| short(*value)).collect();
        if values.len() > 12 {
            texts.push("…".to_owned());
        }
        let label = row.label.as_ref().map_or_else(|| "-".to_owned(), plain);
        vec![row.row.to_string(), label, texts.join("  "), thousands(row.steps)]
    };
    let mut text =
        table(&[">row", "label", "outputs", ">steps"], rows.iter().take(SHOWN).map(cells));
    if rows.len() > SHOWN {
        text += &format!("… and {} rows more; `--json` has all\n", rows.len() - SHOWN);
    }
    text
}

/// A label as text.
pub fn plain(label: &Value) -> String {
    label.as_str().map_or_else(|| label.to_string(), str::to_owned)
}
