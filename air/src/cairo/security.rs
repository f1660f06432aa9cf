//! Levels of security, and the parameters that reach them.
//!
//! All levels are proven: they rest on FRI's soundness up to the Johnson bound (Ben-Sasson, Carmon, Ishai,
//! Kopparty, Saraf: "Proximity gaps for Reed–Solomon codes", 2020), as Winterfell computes it. Earlier
//! versions also had levels that rested on the conjecture of ethSTARK (2021), with about half the queries.
//! That conjecture was refuted near capacity in 2025, and 100 conjectured bits were about 60 proven ones, so these
//! levels are gone.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use winter_air::proof::{Context, Proof};
use winter_air::{Air, BatchingMethod, FieldExtension, ProofOptions};

use super::proof_system::HashFn;
use super::{boundary, constraints, trace_info, CairoAir, MAX_ROWS, MIN_ROWS};

/// A level of security, in proven bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Security {
    bits: u32,
}

/// A name that is not the name of a level.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoSuchSecurity {
    /// A level whose security was only conjectured.
    #[error("`{name:.40}`: conjectured levels are no longer offered, as their conjecture was refuted in 2025; the levels are 96, 100 and 128 bits, all proven")]
    Conjectured {
        /// What was asked for.
        name: String,
    },
    /// Anything else.
    #[error(
        "there is no security level `{name:.40}`: the levels are 96, 100 and 128 bits, all proven"
    )]
    Unknown {
        /// What was asked for.
        name: String,
    },
}

/// Blowup of the trace's domain. 8 makes proofs a third smaller and takes twice the time.
const BLOWUP: usize = 4;
/// The factor by which FRI folds in each layer, until the degree is at most [`REMAINDER_DEGREE`].
const FOLDING: usize = 8;
const REMAINDER_DEGREE: usize = 31;

impl Security {
    /// 100 bits.
    pub const DEFAULT: Self = Self { bits: 100 };
    /// The bits of the levels.
    pub const BITS: [u32; 3] = [96, 100, 128];

    /// A level.
    ///
    /// # Errors
    /// Other bits than [`Self::BITS`].
    pub fn new(bits: u32) -> Result<Self, NoSuchSecurity> {
        if Self::BITS.contains(&bits) {
            Ok(Self { bits })
        } else {
            Err(NoSuchSecurity::Unknown { name: bits.to_string() })
        }
    }

    /// The bits that are reached at least.
    pub fn bits(self) -> u32 {
        self.bits
    }

    /// The parameters of a proof with a trace of `rows` rows; a proof with any others is refused.
    ///
    /// The fewest queries that reach the bits. 20 bits of grinding save 20 queries where grinding is a small part
    /// of the time; short traces grind 16 bits, as their proofs are small anyway.
    ///
    /// # Panics
    /// If `rows` is not a power of two from [`MIN_ROWS`] to [`MAX_ROWS`].
    pub fn options(self, rows: usize) -> ProofOptions {
        assert!(rows.is_power_of_two() && (MIN_ROWS..=MAX_ROWS).contains(&rows), "{rows} rows");
        let grinding = if rows <= 1 << 10 { 16 } else { 20 };
        let mut queries = (self.bits - grinding) as usize;
        loop {
            let options = ProofOptions::new(
                queries,
                BLOWUP,
                grinding,
                FieldExtension::None,
                FOLDING,
                REMAINDER_DEGREE,
                BatchingMethod::Linear,
                BatchingMethod::Linear,
            );
            if proven_bits(&options, rows) >= self.bits {
                return options;
            }
            queries += 1;
        }
    }
}

impl Default for Security {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The proven bits that parameters reach with a trace of `rows` rows: the least of those of FRI, of the
/// hash function and of the field, from which challenges are drawn.
pub fn proven_bits(options: &ProofOptions, rows: usize) -> u32 {
    let mut proof = Proof::new_dummy();
    proof.context = context(options, rows);
    let proven = proof.proven_security::<HashFn>();
    proven.ldr_bits().max(proven.udr_bits())
}

/// The part of a proof that is fixed by its parameters.
pub fn context(options: &ProofOptions, rows: usize) -> Context {
    let n_constraints =
        constraints::N_MAIN + constraints::N_AUX + boundary::N_MAIN + boundary::N_AUX;
    Context::new::<<CairoAir as Air>::BaseField>(trace_info(rows), options.clone(), n_constraints)
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bits proven", self.bits)
    }
}

/// `100`, `proven`, `proven-128` and the like.
impl FromStr for Security {
    type Err = NoSuchSecurity;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let unknown = || NoSuchSecurity::Unknown { name: name.to_owned() };
        if name.starts_with("conjectured") {
            return Err(NoSuchSecurity::Conjectured { name: name.to_owned() });
        }
        let bits = match name {
            "proven" => return Ok(Self::DEFAULT),
            _ => name.strip_prefix("proven-").unwrap_or(name),
        };
        // Digits alone: `parse` would also take a sign.
        if !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unknown());
        }
        Self::new(bits.parse().map_err(|_| unknown())?).map_err(|_| unknown())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;

    fn levels() -> [Security; 3] {
        Security::BITS.map(|bits| Security::new(bits).unwrap())
    }

    fn lengths() -> impl Iterator<Item = u32> {
        MIN_ROWS.ilog2()..=MAX_ROWS.ilog2()
    }

    #[test]
    fn every_level_is_reached_at_every_length() {
        for security in levels() {
            for log in lengths() {
                let options = security.options(1 << log);
                let reached = proven_bits(&options, 1 << log);
                assert!(reached >= security.bits(), "{security}, 2^{log}: {reached}");
                assert!(options.num_queries() < 1 << (log + 2), "{security}, 2^{log}");
                assert!(options.num_queries() < 255);
            }
        }
    }

    /// The level's byte of a file is fixed by the proof only if no two levels have the same parameters.
    #[test]
    fn levels_differ_at_every_length() {
        for log in lengths() {
            let [a, b, c] = levels().map(|security| security.options(1 << log));
            assert!(a != b && b != c && a != c, "2^{log}");
        }
    }

    #[test]
    fn the_default_is_100_bits() {
        let options = Security::DEFAULT.options(1 << 13);
        assert_eq!((options.num_queries(), options.grinding_factor()), (81, 20));
        assert_eq!(options.blowup_factor(), 4);
        assert_eq!(proven_bits(&options, 1 << 13), 100);
    }

    #[test]
    fn names() {
        let level = |name: &str| name.parse::<Security>().map(|level| level.to_string());
        assert_eq!(level("100").unwrap(), "100 bits proven");
        assert_eq!(level("proven").unwrap(), "100 bits proven");
        assert_eq!(level("proven-96").unwrap(), "96 bits proven");
        assert_eq!(level("128").unwrap(), "128 bits proven");
        for name in ["", "99", "guessed", "proven-", "proven-80", "128-proven", "proven--96", "+96"]
        {
            assert!(matches!(level(name), Err(NoSuchSecurity::Unknown { .. })), "{name}");
        }
        for name in ["conjectured", "conjectured-100", "conjectured-128"] {
            assert!(matches!(level(name), Err(NoSuchSecurity::Conjectured { .. })), "{name}");
        }
    }

    /// The table of queries in docs/proof-format.md.
    fn table() -> String {
        let mut text = "| rows | grinding | 96 bits | 100 bits | 128 bits |\n".to_owned();
        text += "|---|---|---|---|---|\n";
        let row = |log: u32| {
            let options = levels().map(|security| security.options(1 << log));
            let queries = options.each_ref().map(ProofOptions::num_queries);
            (options[0].grinding_factor(), queries)
        };
        let logs: Vec<u32> = lengths().collect();
        for run in logs.chunk_by(|a, b| row(*a) == row(*b)) {
            let (first, last) = (run[0], run[run.len() - 1]);
            let rows =
                if first == last { format!("2^{first}") } else { format!("2^{first} to 2^{last}") };
            let (grinding, [a, b, c]) = row(first);
            let _ = writeln!(text, "| {rows} | {grinding} | {a} | {b} | {c} |");
        }
        text
    }

    #[test]
    fn the_table_in_the_documents_is_current() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proof-format.md");
        let text = std::fs::read_to_string(path).unwrap();
        let table = table();
        assert!(text.contains(&table), "docs/proof-format.md must have this table:\n{table}");
    }
}
