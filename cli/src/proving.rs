//! What commands that prove share: sizes on the command line, progress, files.

use std::str::FromStr;

use nilometer_air::cairo::Security;
use nilometer_cairo::{Program, Run};
use nilometer_package::proving::{self, Phase, Proved};
use nilometer_package::Error;

use crate::progress::Progress;

/// A size in bytes: `800MB`, `2GiB`, `1000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is not a size such as `800MB` or `2GiB`");
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

/// Proves a run and shows how far it is.
///
/// # Errors
/// The run cannot be proved.
pub fn prove(program: &Program, run: &Run, security: Security) -> Result<Proved, Error> {
    let progress = Progress::phases("proving", PHASES);
    Ok(proving::prove(program, run, security, &|phase| {
        progress.say(&format!("proving: {}", name(phase)));
        if phase != Phase::Trace {
            progress.advance();
        }
    })?)
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
    fn memory_is_measured() {
        assert!(peak_rss_bytes().is_some_and(|bytes| bytes > 1 << 20));
    }
}
