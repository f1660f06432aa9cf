//! What `prove`, `verify`, `demo` and `bench` share.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::Result;
use nilometer_air::cairo::{proven_bits, ProofFile, Security};
use nilometer_cairo::{Builtin, Program, Run};
use nilometer_prover::{peak_bytes, Phase, Size, WitnessError};
use thiserror::Error;

use crate::numbers;
use crate::progress::Progress;
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
    /// A file cannot be written.
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
}

/// A size in bytes: `800MB`, `2GiB`, `1000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is no size such as `800MB` or `2GiB`");
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let factor: u64 = match text[digits.len()..].to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "k" | "kb" => 1_000,
            "kib" => 1 << 10,
            "m" | "mb" => 1_000_000,
            "mib" => 1 << 20,
            "g" | "gb" => 1_000_000_000,
            "gib" => 1 << 30,
            _ => return Err(wrong()),
        };
        let number: f64 = digits.parse().map_err(|_| wrong())?;
        let bytes = number * factor as f64;
        if bytes.is_finite() && (1.0..9e15).contains(&bytes) {
            Ok(Self(bytes as u64))
        } else {
            Err(wrong())
        }
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
    pub fn check(&self, max: Option<ByteSize>) -> Result<(), ProvingError> {
        let (limit, limit_name) = match (max, available_bytes()) {
            (Some(max), _) => (max.0, "the limit"),
            (None, Some(available)) => (available, "what is available"),
            (None, None) => return Ok(()),
        };
        if self.peak_bytes <= limit {
            return Ok(());
        }
        Err(ProvingError::Memory { needed: self.peak_bytes, rows: self.rows, limit, limit_name })
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

/// Proves a run and shows how far it is.
///
/// # Errors
/// The run cannot be proved.
pub fn prove(program: &Program, run: &Run, security: Security) -> Result<Proved> {
    let progress = Progress::phases("proving", PHASES);
    let start = Instant::now();
    let phases = Cell::new(Vec::new());
    let file = nilometer_prover::prove(program, run, security, &|phase| {
        progress.say(&format!("proving: {}", name(phase)));
        let mut begun = phases.take();
        if !begun.is_empty() {
            progress.advance();
        }
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

/// How many phases there are.
const PHASES: usize = 6;

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Trace => "filling the trace",
        Phase::Commit => "committing to the trace",
        Phase::Lookups => "lookups",
        Phase::Constraints => "constraints",
        Phase::Fri => "low degree",
        Phase::Queries => "queries",
    }
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

/// Writes a file whole or not at all.
///
/// # Errors
/// It cannot be written; what stood there stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ProvingError> {
    let failed = |source| ProvingError::Write { path: path.to_owned(), source };
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if path.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut file = tempfile::Builder::new()
        .prefix(".nilo-")
        .permissions(permissions())
        .tempfile_in(parent)
        .map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(path).map(|_| ()).map_err(|error| failed(error.error))
}

/// A new file's, as the user's mask leaves them.
#[cfg(unix)]
fn permissions() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    std::fs::Permissions::from_mode(0o666)
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

/// The most memory that this process has used.
pub fn peak_rss_bytes() -> Option<u64> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF).ok()?;
    // Kilobytes, but for Apple's systems.
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1024 };
    u64::try_from(usage.max_rss()).ok().map(|rss| rss * unit)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sizes() {
        let size = |text: &str| text.parse::<ByteSize>().map(|size| size.0);
        assert_eq!(size("1000"), Ok(1000));
        assert_eq!(size("1.5GB"), Ok(1_500_000_000));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        assert_eq!(size("64m"), Ok(64_000_000));
        for wrong in ["", "GB", "-1", "0", "1TBx", "nan", "1e30GB", "12 MB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_plan_that_does_not_fit_is_refused() {
        let plan = Plan::new(100, 100, 10, Security::DEFAULT).unwrap();
        assert!(plan.check(Some(ByteSize(u64::MAX))).is_ok());
        assert!(plan.check(Some(ByteSize(1000))).is_err());
        assert!(available_bytes().is_some_and(|bytes| bytes > 1 << 20));
        assert!(peak_rss_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }

    #[test]
    fn files_are_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("proof");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(write_whole(folder.path(), b"x").is_err());
        assert!(write_whole(&folder.path().join("missing/proof"), b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
