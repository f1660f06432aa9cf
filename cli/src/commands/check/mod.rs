//! `nilo check`: a package against the float model on data, row by row.

mod classes;
mod compare;
mod scores;
mod truth;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::eval;
use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::quant::QuantGraph;
use rayon::prelude::*;
use serde::Serialize;

use crate::input::{Array, ReadArgs};
use crate::numbers::{percent, short, thousands};
use crate::output::{Message, Output};
use crate::package::Package;
use crate::progress::Progress;
use crate::report;
use crate::table::{fields, table};
use compare::{Comparison, Flip};
use scores::Scores;

/// Arguments of `nilo check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The package
    pub package: PathBuf,
    /// Rows to compare on (.npy, .json, .csv)
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    #[command(flatten)]
    pub read: ReadArgs,
    /// The rows' true labels, or their true values: accuracy or R² is told
    #[arg(long, value_name = "FILE")]
    pub labels: Option<PathBuf>,
    /// The float model's outputs or labels, as another runtime computed them: agreement is
    /// counted against them
    #[arg(long, value_name = "FILE")]
    pub expected: Option<PathBuf>,
    /// What --expected holds: `label`, the name of one of the model's outputs, or `all` outputs of
    /// numbers side by side [default: decided by its columns and values, and shown]
    #[arg(long, value_name = "OUTPUT", requires = "expected")]
    pub expected_is: Option<String>,
}

/// One row, computed both ways.
struct Row {
    /// The float model's outputs.
    float: Vec<Vec<f64>>,
    /// The integer model's, or why it refuses the row.
    fixed: Result<Vec<Vec<f64>>, String>,
}

/// The command's result.
#[derive(Serialize)]
struct Check {
    model_hash: String,
    decision: String,
    rows: usize,
    /// Rows outside the declared range; they count as flips.
    refused: usize,
    /// Share of rows whose decision is that of `--expected`, or else of the float model.
    agreement: Option<f64>,
    /// What agreement and errors are counted against: `expected` or `float`.
    against: &'static str,
    /// What `--expected` was read as, and what its decisions are made of.
    expected_is: Option<String>,
    expected_decides_by: Option<String>,
    /// Share of rows whose decision is that of the float model as Nilometer computes it.
    float_agreement: Option<f64>,
    accuracy: Option<f64>,
    float_accuracy: Option<f64>,
    r2: Option<f64>,
    float_r2: Option<f64>,
    max_abs_error: f64,
    /// The same as a share of the range of the outputs.
    relative_error: f64,
    flips: Vec<Flip>,
}

/// Checks.
///
/// # Errors
/// A file is missing or of the wrong shape, or the float model refuses a row.
pub fn run(args: &CheckArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let graph = package.model()?;
    let float = package.float_model()?;
    let reader = args.read.reader(output);
    let read = |path: &PathBuf| reader.read(path);
    let data = reader.read(&args.data)?;
    let inputs = data.rows(graph.input_len())?;
    let expect_rows = |array: Array| array.expect_rows(inputs.len(), &args.data).map(|()| array);
    let labels = args.labels.as_ref().map(read).transpose()?.map(expect_rows).transpose()?;
    let expected = args.expected.as_ref().map(read).transpose()?;
    let expected = expected.map(expect_rows).transpose()?;

    let rows = compute(&float, &graph, &inputs)?;
    let decision = Decision::of(&float);
    let own = Comparison::new(&float, decision, &rows, None);
    let wanted = args.expected_is.as_deref();
    let scores = expected.as_ref().map(|array| Scores::new(array, &float, decision, wanted));
    let scores = scores.transpose()?;
    let main = scores.as_ref().map(|scores| Comparison::new(&float, decision, &rows, Some(scores)));
    let against = if main.is_some() { "expected" } else { "float" };
    let float_agreement = own.agreement;
    let main = main.unwrap_or(own);
    let truth = labels.map(|array| truth::Truth::new(&array, &float, decision)).transpose()?;
    let score = |values: &dyn Fn(&Row) -> Option<Vec<Vec<f64>>>| {
        truth.as_ref().map(|truth| truth.score(&rows, decision, values))
    };
    let fixed = score(&|row| row.fixed.as_ref().ok().cloned()).unwrap_or_default();
    let floats = score(&|row| Some(row.float.clone())).unwrap_or_default();
    output.result(&Check {
        model_hash: package.manifest.model_hash.clone(),
        decision: report::decision(&graph, decision),
        rows: rows.len(),
        refused: rows.iter().filter(|row| row.fixed.is_err()).count(),
        agreement: main.agreement,
        against,
        expected_is: scores.as_ref().map(|scores| scores.read_as(&float)),
        expected_decides_by: scores.as_ref().map(Scores::decided_by),
        float_agreement,
        accuracy: fixed.accuracy,
        float_accuracy: floats.accuracy,
        r2: fixed.r2,
        float_r2: floats.r2,
        max_abs_error: main.max_abs_error,
        relative_error: main.relative_error,
        flips: main.flips,
    })?;
    Ok(0)
}

fn compute(float: &Graph, graph: &QuantGraph, inputs: &[Vec<f64>]) -> Result<Vec<Row>> {
    let progress = Progress::rows("comparing", inputs.len());
    let compute = |(index, row): (usize, &Vec<f64>)| {
        let float = eval::evaluate(float, row).with_context(|| format!("row {index}"))?;
        let fixed = graph.predict(row).map(|prediction| prediction.outputs);
        progress.advance();
        Ok(Row { float, fixed: fixed.map_err(|error| error.to_string()) })
    };
    inputs.par_iter().enumerate().map(compute).collect()
}

impl Message for Check {
    fn text(&self) -> String {
        let other = match self.against {
            "expected" => "the expected outputs",
            _ => "the float model",
        };
        let mut list = vec![("rows", thousands(self.rows)), ("decision", self.decision.clone())];
        if let (Some(read_as), Some(by)) = (&self.expected_is, &self.expected_decides_by) {
            list.push(("expected", format!("{read_as}, decided by {by}")));
        }
        if let Some(agreement) = self.agreement {
            list.push(("agreement", format!("{} with {other}", percent(agreement))));
        }
        if let (Some(agreement), "expected") = (self.float_agreement, self.against) {
            list.push((
                "",
                format!("{} with the float model as computed here", percent(agreement)),
            ));
        }
        if self.refused > 0 {
            list.push(("refused", format!("{} rows: outside the declared range", self.refused)));
        }
        if let (Some(fixed), Some(float)) = (self.accuracy, self.float_accuracy) {
            list.push((
                "accuracy",
                format!("{} (float model: {})", percent(fixed), percent(float)),
            ));
        }
        if let (Some(fixed), Some(float)) = (self.r2, self.float_r2) {
            list.push(("R²", format!("{} (float model: {})", short(fixed), short(float))));
        }
        let relative = format!("{}% of the outputs' range", short(self.relative_error * 100.0));
        list.push(("max error", format!("{} ({relative})", short(self.max_abs_error))));
        let mut text = fields(list);
        if !self.flips.is_empty() {
            const SHOWN: usize = 50;
            text.push('\n');
            text += &table(
                &[">row", other, "fixed point", "margin"],
                self.flips.iter().take(SHOWN).map(Flip::cells),
            );
            if self.flips.len() > SHOWN {
                text +=
                    &format!("… and {} rows more; `--json` has all\n", self.flips.len() - SHOWN);
            }
        }
        text
    }
}
