//! `nilo run`: a package's Cairo program on rows, checked against the Rust reference.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use console::style;
use nilometer_cairo::RunOptions;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;

use crate::answer;
use crate::input::{Columns, ReadArgs, RowSelection, Source};
use crate::output::{Message, Output};
use crate::rows::run_rows;
use crate::table::{fields, table};
use nilometer_package::answer::{plain, Answer, Answers};
use nilometer_package::numbers::{counts, duration, short, thousands};
use nilometer_package::vm::{self, RowRun};
use nilometer_package::Package;

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
    #[command(flatten)]
    pub read: ReadArgs,
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
    #[serde(flatten)]
    answers: Answers,
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
struct RowResult {
    #[serde(flatten)]
    answer: Answer,
    /// VM steps.
    steps: usize,
}

/// Runs.
///
/// # Errors
/// A file or a row is refused, a run fails, or the VM and the reference disagree.
pub fn run(args: &RunArgs, output: &Output) -> Result<u8> {
    let package = Package::open(&args.package)?;
    let (graph, program) = package.model_and_program()?;
    let rows =
        args.input.rows(&Columns::of(&graph.input), &args.rows, &args.read.reader(output))?;
    let options = RunOptions { max_steps: Some(args.max_steps), trace: false };
    let start = Instant::now();
    let runs = run_rows(&program, &graph, &rows, &options)?;
    let time = start.elapsed();
    output.result(&Runs::new(&package, &graph, &rows, &runs, time)?)?;
    Ok(0)
}

impl Runs {
    fn new(
        package: &Package,
        graph: &QuantGraph,
        rows: &[(usize, Vec<f64>)],
        runs: &[RowRun],
        time: Duration,
    ) -> Result<Self> {
        let schema = Schema::of(graph);
        let result = |((row, _), run): (&(usize, Vec<f64>), &RowRun)| {
            Ok(RowResult { answer: run.answer(&schema, *row)?, steps: run.steps })
        };
        let results = rows.iter().zip(runs).map(result).collect::<Result<Vec<_>>>()?;
        let worst = runs.iter().max_by_key(|run| run.steps);
        Ok(Self {
            model_hash: package.manifest.model_hash.clone(),
            program_hash: package.manifest.program_hash.clone(),
            answers: results.iter().map(|row| &row.answer).collect(),
            steps: worst.map_or(0, |run| run.steps),
            builtins: worst.map(RowRun::builtin_counts).unwrap_or_default(),
            matches_reference: true,
            rows: results,
            ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX),
            time,
        })
    }
}

impl Message for Runs {
    fn text(&self) -> String {
        let mut text = match self.rows.as_slice() {
            [row] => answer::text(&row.answer),
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

fn many_rows(rows: &[RowResult]) -> String {
    const SHOWN: usize = 20;
    let cells = |row: &RowResult| {
        let values = row.answer.numbers(|output| &output.values);
        let mut texts: Vec<String> = values.iter().take(12).map(|value| short(*value)).collect();
        if values.len() > 12 {
            texts.push("…".to_owned());
        }
        let label = row.answer.label.as_ref().map_or_else(|| "-".to_owned(), plain);
        vec![row.answer.row.to_string(), label, texts.join("  "), thousands(row.steps)]
    };
    let mut text =
        table(&[">row", "label", "outputs", ">steps"], rows.iter().take(SHOWN).map(cells));
    if rows.len() > SHOWN {
        text += &format!("… and {} rows more; `--json` has all\n", rows.len() - SHOWN);
    }
    text
}
