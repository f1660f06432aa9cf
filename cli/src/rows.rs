//! Running a package's program on many rows.

use anyhow::{Context, Result};
use nilometer_cairo::{Program, RunOptions};
use nilometer_package::vm::{self, RowRun};
use nilometer_transpiler::quant::QuantGraph;
use rayon::prelude::*;

use crate::progress::Progress;

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
