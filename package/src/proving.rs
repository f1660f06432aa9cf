//! Proving a run: what it takes, and the proof.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use nilometer_air::cairo::{proven_bits, ProofFile, Security};
use nilometer_cairo::{Builtin, Program, Run};
pub use nilometer_prover::Phase;
use nilometer_prover::{peak_bytes, Size, WitnessError};
use thiserror::Error;

use crate::numbers;
use crate::vm::RowRun;

/// A proof that takes too much, or cannot be kept.
#[derive(Debug, Error)]
pub enum ProvingError {
    /// A proof would take more memory than it may.
    #[error("the proof would take {} of memory ({rows} rows), {limit_name} is {}", numbers::bytes(*.needed as usize), numbers::bytes(*.limit as usize))]
    Memory {
        /// What it takes.
        needed: u64,
        /// Rows of its trace.
        rows: usize,
        /// What it may take.
        limit: u64,
        /// Whose limit that is.
        limit_name: &'static str,
    },
    /// More rows than one file can have, or none.
    #[error("proofs of {rows} rows are wanted; one file has from 1 to {most}")]
    RowCount {
        /// The rows.
        rows: usize,
        /// The most.
        most: usize,
    },
}

impl ProvingError {
    /// Fails if a proof takes more memory than there may or can be.
    ///
    /// # Errors
    /// [`ProvingError::Memory`].
    pub fn check(needed: u64, rows: usize, max_bytes: Option<u64>) -> Result<(), Self> {
        let (limit, limit_name) = match (max_bytes, available_bytes()) {
            (Some(max), _) => (max, "the limit"),
            (None, Some(available)) => (available, "what is available"),
            (None, None) => return Ok(()),
        };
        if needed <= limit {
            return Ok(());
        }
        Err(Self::Memory { needed, rows, limit, limit_name })
    }
}

/// What a proof of a run will take.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Rows of the trace.
    pub rows: usize,
    /// Bytes of memory, at most.
    pub peak_bytes: u64,
}

impl Plan {
    /// The plan for a run.
    ///
    /// # Errors
    /// More rows than can be proved.
    pub fn of(run: &RowRun, security: Security) -> Result<Self, WitnessError> {
        let range_checks = run.builtins.get(&Builtin::RangeCheck).copied().unwrap_or(0);
        Self::new(run.steps, run.cells, range_checks, security)
    }

    fn new(
        steps: usize,
        cells: usize,
        range_checks: usize,
        security: Security,
    ) -> Result<Self, WitnessError> {
        let rows = Size::of(steps, cells, range_checks)?.rows;
        let blowup = security.options(rows).blowup_factor();
        Ok(Self { rows, peak_bytes: peak_bytes(rows, blowup) })
    }

    /// About how long the proof takes, in milliseconds, on two cores with AVX-512 (`nilo bench zoo`).
    pub fn estimated_ms(&self) -> f64 {
        const FIXED_MS: f64 = 8.0;
        const ROW_MS: f64 = 0.009;
        FIXED_MS + ROW_MS * self.rows as f64
    }

    /// Fails if that is more memory than there may or can be.
    ///
    /// # Errors
    /// [`ProvingError::Memory`].
    pub fn check(&self, max_bytes: Option<u64>) -> Result<(), ProvingError> {
        ProvingError::check(self.peak_bytes, self.rows, max_bytes)
    }
}

/// A proof that was made.
#[derive(Debug)]
pub struct Proved {
    /// The proof.
    pub file: ProofFile,
    /// How long each phase took.
    pub phases: BTreeMap<&'static str, Duration>,
    /// From the start to the proof.
    pub time: Duration,
    /// The proven bits that its parameters reach.
    pub bits: u32,
}

/// Proves a run; `started` hears of each phase.
///
/// # Errors
/// The run cannot be proved.
pub fn prove(
    program: &Program,
    run: &Run,
    security: Security,
    started: &dyn Fn(Phase),
) -> Result<Proved, WitnessError> {
    let start = Instant::now();
    let phases = Cell::new(Vec::new());
    let file = nilometer_prover::prove(program, run, security, &|phase| {
        started(phase);
        let mut begun = phases.take();
        begun.push((phase, Instant::now()));
        phases.set(begun);
    })?;
    let end = Instant::now();
    let begun = phases.take();
    let ends = begun.iter().skip(1).map(|(_, instant)| *instant).chain([end]);
    let times = begun.iter().zip(ends).map(|((phase, began), end)| (key(*phase), end - *began));
    let bits = proven_bits(&security.options(file.rows), file.rows);
    Ok(Proved { phases: times.collect(), time: end - start, bits, file })
}

/// A phase's name in JSON.
fn key(phase: Phase) -> &'static str {
    match phase {
        Phase::Trace => "trace",
        Phase::Commit => "commit",
        Phase::Lookups => "lookups",
        Phase::Constraints => "constraints",
        Phase::Fri => "fri",
        Phase::Queries => "queries",
    }
}

/// Memory that the system can still give.
fn available_bytes() -> Option<u64> {
    let mut system = sysinfo::System::new();
    system.refresh_memory();
    let available = system.available_memory();
    let available = match system.cgroup_limits() {
        Some(limits) => available.min(limits.free_memory),
        None => available,
    };
    (available > 0).then_some(available)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_that_does_not_fit_is_refused() {
        let plan = Plan::new(100, 100, 10, Security::DEFAULT).unwrap();
        assert!(plan.check(Some(u64::MAX)).is_ok());
        assert!(plan.check(Some(1000)).is_err());
        assert!(available_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
