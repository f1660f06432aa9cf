//! Runs a model's program on the Cairo VM and holds it against the Rust reference.

use std::collections::BTreeMap;

use nilometer_air::cairo::layout::{memory_capacity, range_check_capacity};
use nilometer_air::cairo::{MAX_ROWS, MIN_ROWS};
use nilometer_cairo::{Builtin, Program, Run, RunOptions};
use nilometer_transpiler::quant::{Prediction, QuantGraph};
use nilometer_transpiler::schema::{Schema, SchemaError};
use starknet_types_core::felt::Felt;
use thiserror::Error;

use crate::answer::Answer;
use crate::{Context as _, Error};

/// Steps after which a program from a package is stopped: some 50 million parameters' worth.
pub const MAX_STEPS: usize = 20_000_000;

/// The VM and the reference disagree.
#[derive(Debug, Error)]
pub enum VmError {
    /// The program wrote another number of felts than it should.
    #[error("the Cairo program wrote {actual} felts, wants {expected}")]
    Length {
        /// Input and output of the reference.
        expected: usize,
        /// What the program wrote.
        actual: usize,
    },
    /// A felt differs.
    #[error("the Cairo program and the Rust reference disagree: felt {index} is {actual:#x} in the program and {expected:#x} in the reference")]
    Mismatch {
        /// Its position: the input comes first, then the output.
        index: usize,
        /// The reference's.
        expected: Felt,
        /// The program's.
        actual: Felt,
    },
}

/// One row, run.
#[derive(Clone, Debug)]
pub struct RowRun {
    /// What the model says, the same in the VM and in the reference.
    pub prediction: Prediction,
    /// The input's integers.
    pub input: Vec<i128>,
    /// VM steps.
    pub steps: usize,
    /// Cells of stack and heap.
    pub cells: usize,
    /// Instances of each builtin.
    pub builtins: BTreeMap<Builtin, usize>,
}

impl RowRun {
    /// Instances of each builtin, by name, without those that are not used.
    pub fn builtin_counts(&self) -> BTreeMap<&'static str, usize> {
        let used = self.builtins.iter().filter(|(_, count)| **count > 0);
        used.map(|(builtin, count)| (builtin.name(), *count)).collect()
    }

    /// Rows of a proof's trace; none for a run that is too long to prove.
    pub fn proof_rows(&self) -> Option<usize> {
        let range_checks = self.builtins.get(&Builtin::RangeCheck).copied().unwrap_or(0);
        let fits = |rows: &usize| {
            self.steps <= *rows
                && self.cells <= memory_capacity(*rows)
                && range_checks <= range_check_capacity(*rows)
        };
        let sizes = std::iter::successors(Some(MIN_ROWS), |rows| Some(rows * 2));
        sizes.take_while(|rows| *rows <= MAX_ROWS).find(fits)
    }

    /// What the model says, with names.
    ///
    /// # Errors
    /// The schema is another model's.
    pub fn answer(&self, schema: &Schema, row: usize) -> Result<Answer, SchemaError> {
        Answer::new(schema, row, &self.input, &self.prediction.integers)
    }
}

/// Runs `program` on a row and checks every felt of its output.
///
/// # Errors
/// The row is refused, the run fails, or the VM and the reference disagree.
pub fn run(
    program: &Program,
    graph: &QuantGraph,
    row: &[f64],
    options: &RunOptions,
) -> Result<RowRun, Error> {
    run_whole(program, graph, row, options).map(|(row, _)| row)
}

/// The same, with all that the run left behind.
///
/// # Errors
/// See [`run`].
pub fn run_whole(
    program: &Program,
    graph: &QuantGraph,
    row: &[f64],
    options: &RunOptions,
) -> Result<(RowRun, Run), Error> {
    let input = graph.input.encode(row)?;
    let prediction = graph.interpret(graph.run(&input));
    let expected = felts(&input, &prediction);
    let run =
        program.run(&expected[..input.len()], options).context("running the Cairo program")?;
    if run.output.len() != expected.len() {
        let (expected, actual) = (expected.len(), run.output.len());
        return Err(VmError::Length { expected, actual }.into());
    }
    let mut pairs = expected.into_iter().zip(&run.output).enumerate();
    if let Some((index, (expected, actual))) =
        pairs.find(|(_, (expected, actual))| expected != *actual)
    {
        return Err(VmError::Mismatch { index, expected, actual: *actual }.into());
    }
    let (steps, cells, builtins) = (run.steps, run.cells, run.builtins.clone());
    Ok((RowRun { prediction, input, steps, cells, builtins }, run))
}

/// What a program writes: its input, then its output.
pub fn felts(input: &[i128], prediction: &Prediction) -> Vec<Felt> {
    input.iter().chain(&prediction.integers).map(|&integer| Felt::from(integer)).collect()
}
