//! `nilo check`: a package against the float model on data, row by row.

mod classes;
mod compare;
mod scores;
mod truth;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use nilometer_cairo::{Program, RunOptions};
use nilometer_package::vm::{self, VmError};
use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::eval;
use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::quant::QuantGraph;
use rayon::prelude::*;
use serde::Serialize;

use crate::failure::NotTheModel;
use crate::input::{Array, Columns, ReadArgs};
use crate::output::{Message, Output};
use crate::progress::Progress;
use crate::table::{fields, table};
use compare::{Comparison, Flip};
use nilometer_package::numbers::{percent, short, thousands};
use nilometer_package::report;
use nilometer_package::Package;
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
    /// The decision that counts, such as probability>0.3 [default: what the package was made for]
    #[arg(long, value_name = "NAME>VALUE")]
    pub threshold: Option<String>,
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
    /// Rows outside the declared range.
    refused: usize,
    /// Share of the accepted rows whose decision is that of `--expected`, or else of the float model.
    agreement: Option<f64>,
    /// What agreement and errors are counted against: `expected` or `float`.
    against: &'static str,
    /// What `--expected` was read as, and what its decisions are made of.
    expected_is: Option<String>,
    expected_decides_by: Option<String>,
    /// Share of the accepted rows whose decision is that of the float model as Nilometer computes it.
    float_agreement: Option<f64>,
    accuracy: Option<f64>,
    float_accuracy: Option<f64>,
    r2: Option<f64>,
    float_r2: Option<f64>,
    max_abs_error: f64,
    /// The same as a share of the range of the outputs.
    relative_error: f64,
    /// Accepted rows whose decision differs.
    flips: Vec<Flip>,
    /// Accepted rows on which the package's Cairo program was run: it gave the model's integers on all of them.
    program_rows: usize,
    /// Whether those are all accepted rows.
    program_ran_on_all: bool,
    /// Rows that are refused, and why.
    refusals: Vec<Flip>,
}

/// Checks.
///
/// # Errors
/// A file is missing or of the wrong shape, or the float model refuses a row.
pub fn run(args: &CheckArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let (graph, program) = package.model_and_program()?;
    let float = package.float_model()?;
    let reader = args.read.reader(output);
    let read = |path: &PathBuf| reader.read(path);
    let data = reader.read_rows(&args.data, &Columns::of(&graph.input))?;
    let inputs = data.rows(graph.input_len())?;
    let expect_rows = |array: Array| array.expect_rows(inputs.len(), &args.data).map(|()| array);
    let labels = args.labels.as_ref().map(read).transpose()?.map(expect_rows).transpose()?;
    let expected = args.expected.as_ref().map(read).transpose()?;
    let expected = expected.map(expect_rows).transpose()?;

    let rows = compute(&float, &graph, &inputs)?;
    let (program_rows, program_ran_on_all) = run_program(&program, &graph, &inputs)?;
    let threshold = args.threshold.as_ref().or(package.manifest.settings.threshold.as_ref());
    let decision = match (threshold, package.manifest.settings.task) {
        (Some(text), _) => Decision::at_threshold(&float, text)?,
        (None, Some(task)) => Decision::for_task(&float, task)?,
        (None, None) => Decision::of(&float),
    };
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
        program_rows,
        program_ran_on_all,
        refusals: main.refusals,
    })?;
    Ok(0)
}

/// Runs the package's program on the rows that the model accepts, until the budget is spent. On how many rows that was,
/// and whether on all.
///
/// # Errors
/// The program gives other integers than the model, or fails on a row that the model accepts.
fn run_program(
    program: &Program,
    graph: &QuantGraph,
    inputs: &[Vec<f64>],
) -> Result<(usize, bool)> {
    /// Some seconds on one core.
    const MAX_STEPS: usize = 20_000_000;
    const MAX_TIME: Duration = Duration::from_secs(10);
    const ROWS_AT_ONCE: usize = 32;
    let accepted: Vec<_> =
        inputs.iter().enumerate().filter(|(_, row)| graph.input.encode(row).is_ok()).collect();
    let progress = Progress::rows("running the program", accepted.len());
    let options = RunOptions { max_steps: Some(vm::MAX_STEPS), trace: false };
    let run = |(row, values): &(usize, &Vec<f64>)| -> Result<usize> {
        let run = vm::run(program, graph, values, &options);
        progress.advance();
        match run {
            Ok(run) => Ok(run.steps),
            Err(error) if error.cause().is::<VmError>() => {
                Err(anyhow::Error::new(NotTheModel(error)).context(format!("row {row}")))
            }
            Err(error) => Err(anyhow::Error::new(error).context(format!("row {row}"))),
        }
    };
    let start = Instant::now();
    let (mut steps, mut rows) = (0, 0);
    for part in accepted.chunks(ROWS_AT_ONCE) {
        if steps >= MAX_STEPS || start.elapsed() >= MAX_TIME {
            break;
        }
        steps += part.par_iter().map(run).sum::<Result<usize>>()?;
        rows += part.len();
    }
    Ok((rows, rows == accepted.len()))
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
        let mut list = vec![("rows", thousands(self.rows))];
        if self.refused > 0 {
            let share = percent(self.refused as f64 / self.rows.max(1) as f64);
            let refused = thousands(self.refused);
            list.push((
                "refused",
                format!("{refused} rows ({share}): outside the declared range; the rest is about the others"),
            ));
        }
        list.push(("decision", self.decision.clone()));
        if let (Some(read_as), Some(by)) = (&self.expected_is, &self.expected_decides_by) {
            list.push(("expected", format!("{read_as}, decided by {by}")));
        }
        if let Some(agreement) = self.agreement.filter(|_| self.refused < self.rows) {
            list.push(("agreement", format!("{} with {other}", percent(agreement))));
        }
        if let (Some(agreement), "expected") = (self.float_agreement, self.against) {
            list.push((
                "",
                format!("{} with the float model as computed here", percent(agreement)),
            ));
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
        let rows = thousands(self.program_rows);
        list.push((
            "program",
            if self.program_ran_on_all {
                format!("ran on all {rows} accepted rows, and gave the model's integers")
            } else {
                format!("ran on {rows} accepted rows and gave the model's integers; its budget did not allow for the rest")
            },
        ));
        let relative = format!("{}% of the outputs' range", short(self.relative_error * 100.0));
        list.push(("max error", format!("{} ({relative})", short(self.max_abs_error))));
        let mut text = fields(list);
        for rows in [&self.refusals, &self.flips] {
            const SHOWN: usize = 50;
            if rows.is_empty() {
                continue;
            }
            text.push('\n');
            text += &table(
                &[">row", other, "fixed point", "margin"],
                rows.iter().take(SHOWN).map(Flip::cells),
            );
            if rows.len() > SHOWN {
                text += &format!("… and {} rows more; `--json` has all\n", rows.len() - SHOWN);
            }
        }
        text
    }
}
