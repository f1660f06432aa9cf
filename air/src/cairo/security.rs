//! Levels of security, and the parameters that reach them.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use winter_air::proof::{Context, Proof};
use winter_air::{Air, BatchingMethod, FieldExtension, ProofOptions};

use super::proof_system::HashFn;
use super::{boundary, constraints, trace_info, CairoAir, MAX_ROWS, MIN_ROWS};

/// What the bits of security rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SecurityKind {
    /// Proved: FRI's soundness up to the Johnson bound (Ben-Sasson, Carmon, Ishai, Kopparty, Saraf:
    /// "Proximity gaps for Reed–Solomon codes", 2020), as Winterfell computes it.
    Proven,
    /// The conjecture of ethSTARK (2021) that queries alone decide; about half the queries.
    Conjectured,
}

/// A level of security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Security {
    kind: SecurityKind,
    bits: u32,
}

/// No level of that name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no security level `{name:.40}`: the levels are 96, 100 and 128 bits, `proven` or `conjectured`")]
pub struct NoSuchSecurity {
    /// What was asked for.
    pub name: String,
}

/// Blowup of the trace's domain. 8 makes proofs a third smaller and takes twice the time.
const BLOWUP: usize = 4;
/// FRI folds by so much at a time; down to a polynomial of this degree.
const FOLDING: usize = 8;
const REMAINDER_DEGREE: usize = 31;

impl Security {
    /// 100 bits, proven.
    pub const DEFAULT: Self = Self { kind: SecurityKind::Proven, bits: 100 };
    /// The bits that can be asked for.
    pub const BITS: [u32; 3] = [96, 100, 128];

    /// A level.
    ///
    /// # Errors
    /// Other bits than [`Self::BITS`].
    pub fn new(kind: SecurityKind, bits: u32) -> Result<Self, NoSuchSecurity> {
        if Self::BITS.contains(&bits) {
            Ok(Self { kind, bits })
        } else {
            Err(NoSuchSecurity { name: format!("{bits} {kind}") })
        }
    }

    /// What the bits rest on.
    pub fn kind(self) -> SecurityKind {
        self.kind
    }

    /// The bits that are reached at least.
    pub fn bits(self) -> u32 {
        self.bits
    }

    /// The parameters of a proof with a trace of `rows` rows; a proof with any others is refused.
    ///
    /// The fewest queries that reach the bits. Grinding is worth 20 queries where it is a small part of the
    /// time, and less on short traces, whose proofs are small anyway.
    ///
    /// # Panics
    /// If `rows` is no power of two from [`MIN_ROWS`] to [`MAX_ROWS`].
    pub fn options(self, rows: usize) -> ProofOptions {
        assert!(rows.is_power_of_two() && (MIN_ROWS..=MAX_ROWS).contains(&rows), "{rows} rows");
        let grinding = if rows <= 1 << 10 { 16 } else { 20 };
        let mut queries = match self.kind {
            SecurityKind::Proven => self.bits - grinding,
            SecurityKind::Conjectured => (self.bits - grinding) / 2,
        } as usize;
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
            if SecurityBits::of(&options, rows).of_kind(self.kind) >= self.bits {
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

/// The bits that a proof's parameters reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityBits {
    /// See [`SecurityKind::Proven`].
    pub proven: u32,
    /// See [`SecurityKind::Conjectured`].
    pub conjectured: u32,
}

impl SecurityBits {
    /// The bits that parameters reach with a trace of `rows` rows: the least of those of FRI, of the
    /// hash function and of the field, from which challenges are drawn.
    pub fn of(options: &ProofOptions, rows: usize) -> Self {
        let mut proof = Proof::new_dummy();
        proof.context = context(options, rows);
        let proven = proof.proven_security::<HashFn>();
        Self {
            proven: proven.ldr_bits().max(proven.udr_bits()),
            conjectured: proof.conjectured_security::<HashFn>().bits(),
        }
    }

    /// The bits of a kind.
    pub fn of_kind(self, kind: SecurityKind) -> u32 {
        match kind {
            SecurityKind::Proven => self.proven,
            SecurityKind::Conjectured => self.conjectured,
        }
    }
}

/// The part of a proof that is fixed by its parameters.
pub fn context(options: &ProofOptions, rows: usize) -> Context {
    let n_constraints = constraints::MAIN_NAMES.len()
        + constraints::AUX_NAMES.len()
        + boundary::N_MAIN
        + boundary::N_AUX;
    Context::new::<<CairoAir as Air>::BaseField>(trace_info(rows), options.clone(), n_constraints)
}

impl fmt::Display for SecurityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Proven => "proven",
            Self::Conjectured => "conjectured",
        })
    }
}

impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bits {}", self.bits, self.kind)
    }
}

/// `100`, `proven`, `conjectured`, `proven-128` and the like.
impl FromStr for Security {
    type Err = NoSuchSecurity;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let error = || NoSuchSecurity { name: name.to_owned() };
        let (kind, bits) = match name.split_once('-') {
            Some((kind, bits)) => (kind, bits),
            None if name.bytes().all(|byte| byte.is_ascii_digit()) => ("proven", name),
            None => (name, "100"),
        };
        let kind = match kind {
            "proven" => SecurityKind::Proven,
            "conjectured" => SecurityKind::Conjectured,
            _ => return Err(error()),
        };
        Self::new(kind, bits.parse().map_err(|_| error())?).map_err(|_| error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_reached_at_every_length() {
        for kind in [SecurityKind::Proven, SecurityKind::Conjectured] {
            for bits in Security::BITS {
                let security = Security::new(kind, bits).unwrap();
                for log in MIN_ROWS.ilog2()..=MAX_ROWS.ilog2() {
                    let options = security.options(1 << log);
                    let reached = SecurityBits::of(&options, 1 << log);
                    assert!(reached.of_kind(kind) >= bits, "{security}, 2^{log}: {reached:?}");
                    assert!(options.num_queries() < 1 << (log + 2), "{security}, 2^{log}");
                    assert!(options.num_queries() < 255);
                }
            }
        }
    }

    #[test]
    fn the_default_is_100_bits_proven() {
        let options = Security::DEFAULT.options(1 << 13);
        assert_eq!((options.num_queries(), options.grinding_factor()), (81, 20));
        assert_eq!(options.blowup_factor(), 4);
        assert_eq!(
            SecurityBits::of(&options, 1 << 13),
            SecurityBits { proven: 100, conjectured: 128 }
        );
    }

    #[test]
    fn names() {
        let level = |name: &str| name.parse::<Security>().map(|level| level.to_string());
        assert_eq!(level("100").unwrap(), "100 bits proven");
        assert_eq!(level("proven").unwrap(), "100 bits proven");
        assert_eq!(level("conjectured").unwrap(), "100 bits conjectured");
        assert_eq!(level("conjectured-128").unwrap(), "128 bits conjectured");
        for name in ["", "99", "guessed", "proven-", "proven-80", "128-proven", "proven--96"] {
            assert!(level(name).is_err(), "{name}");
        }
    }
}
