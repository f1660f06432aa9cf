//! The parameters of a proof, as a function of level, target and rows.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::air::{MAX_ROWS, MIN_ROWS};
use crate::security;

/// A promised level of proven security: see [`security`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// 100 bits.
    #[default]
    Bits100,
    /// 128 bits.
    Bits128,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 2] = [Self::Bits100, Self::Bits128];

    /// The promised bits.
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits100 => 100,
            Self::Bits128 => 128,
        }
    }

    /// The level of exactly these bits.
    ///
    /// # Errors
    /// There is none.
    pub fn from_bits(bits: u32) -> Result<Self, NoSuchLevel> {
        let found = Self::ALL.into_iter().find(|level| level.bits() == bits);
        found.ok_or_else(|| NoSuchLevel { name: bits.to_string() })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bits proven", self.bits())
    }
}

/// No level of that name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("there is no security level `{name:.40}`: the levels are 100 and 128 bits, proven")]
pub struct NoSuchLevel {
    /// What was asked for.
    pub name: String,
}

/// `100`, `128`, `proven`, `proven-100`, `proven-128`.
impl FromStr for Level {
    type Err = NoSuchLevel;

    fn from_str(name: &str) -> Result<Self, NoSuchLevel> {
        match name {
            "100" | "proven" | "proven-100" => Ok(Self::Bits100),
            "128" | "proven-128" => Ok(Self::Bits128),
            _ => Err(NoSuchLevel { name: name.to_owned() }),
        }
    }
}

/// Who checks the proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Target {
    /// A machine: little time, and small files.
    #[default]
    Native,
    /// A contract on Starknet: as few felts as possible.
    Starknet,
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 2] = [Self::Native, Self::Starknet];

    /// How much longer than the trace the domain of its commitments is, log2. The same for all levels, so
    /// that there is one key for all.
    ///
    /// On Starknet each query costs about 140 felts of calldata, and a transaction has 5,000: the longer the
    /// domain, the fewer queries, up to what a prover has memory for (2^20 points take 3 GB).
    pub const fn blowup_log2(self, n_rows: usize) -> u32 {
        match (self, n_rows.ilog2()) {
            (Self::Native, _) => 3,
            (Self::Starknet, ..=11) => 7,
            (Self::Starknet, 12..=14) => 6,
            (Self::Starknet, 15) => 5,
            (Self::Starknet, _) => 4,
        }
    }
}

/// The parameters of a proof. There is one set for each level, target and number of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Params {
    level: Level,
    target: Target,
    n_rows: usize,
    n_queries: usize,
    grinding_bits: u32,
    folds_log2: Vec<u32>,
}

/// FRI folds by `2^3` at a time: opening a leaf of 8 values is cheaper than two of 4, and than one of 16.
const FOLD_LOG2: u32 = 3;

impl Params {
    /// The parameters.
    ///
    /// # Panics
    /// If `n_rows` is not a power of two from [`MIN_ROWS`] to [`MAX_ROWS`].
    pub fn new(level: Level, target: Target, n_rows: usize) -> Self {
        assert!(
            n_rows.is_power_of_two() && (MIN_ROWS..=MAX_ROWS).contains(&n_rows),
            "{n_rows} rows"
        );
        // As much grinding as takes a small part of the prover's time.
        let grinding_bits = match target {
            Target::Native if n_rows <= 1 << 12 => 17,
            Target::Native => 20,
            Target::Starknet if n_rows <= 1 << 12 => 20,
            Target::Starknet => 23,
        };
        let blowup_log2 = target.blowup_log2(n_rows);
        let n_queries = security::queries_for(level.bits() - grinding_bits, blowup_log2);
        // Queries are whole, so less work may do.
        let grinding_bits = security::grinding_for(level.bits(), n_queries, blowup_log2);
        // A remainder is as many elements as it has coefficients. One of 128 costs as much gas as a layer more,
        // and fewer felts.
        let remainder_log2 = 7;
        let mut folds_log2 = Vec::new();
        let mut log2 = n_rows.ilog2();
        while log2 > remainder_log2 {
            let fold = FOLD_LOG2.min(log2);
            folds_log2.push(fold);
            log2 -= fold;
        }
        Self { level, target, n_rows, n_queries, grinding_bits, folds_log2 }
    }

    /// The promised level.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Who checks the proof.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Rows of the trace.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// log2 of domain over rows.
    pub fn blowup_log2(&self) -> u32 {
        self.target.blowup_log2(self.n_rows)
    }

    /// Points of the commitments' domain over rows.
    pub fn blowup(&self) -> usize {
        1 << self.blowup_log2()
    }

    /// Points of the commitments' domain.
    pub fn domain_size(&self) -> usize {
        self.n_rows << self.blowup_log2()
    }

    /// Positions that are drawn, repetitions included.
    pub fn n_queries(&self) -> usize {
        self.n_queries
    }

    /// Bits of the proof of work before the positions are drawn.
    pub fn grinding_bits(&self) -> u32 {
        self.grinding_bits
    }

    /// log2 of what FRI folds by, layer by layer.
    pub fn folds_log2(&self) -> &[u32] {
        &self.folds_log2
    }

    /// Coefficients of the polynomial that FRI ends with.
    pub fn remainder_len(&self) -> usize {
        self.n_rows >> self.folds_log2.iter().sum::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!("100".parse::<Level>().unwrap(), Level::Bits100);
        assert_eq!("proven-128".parse::<Level>().unwrap().to_string(), "128 bits proven");
        for name in ["", "96", "conjectured", "128-proven", "proven-", "proven-96", " 100"] {
            assert!(name.parse::<Level>().is_err(), "{name}");
        }
        assert_eq!(Level::from_bits(128), Ok(Level::Bits128));
        assert!(Level::from_bits(101).is_err());
    }

    #[test]
    fn parameters_are_pinned() {
        let numbers = |level, target, log2: u32| {
            let p = Params::new(level, target, 1 << log2);
            (p.n_queries(), p.grinding_bits(), p.blowup(), p.remainder_len(), p.folds_log2().len())
        };
        use Level::*;
        use Target::*;
        assert_eq!(numbers(Bits100, Native, 4), (56, 17, 8, 16, 0));
        assert_eq!(numbers(Bits100, Native, 10), (56, 17, 8, 128, 1));
        assert_eq!(numbers(Bits100, Native, 13), (54, 20, 8, 128, 2));
        assert_eq!(numbers(Bits128, Native, 10), (75, 17, 8, 128, 1));
        assert_eq!(numbers(Bits128, Native, 15), (73, 20, 8, 64, 3));
        assert_eq!(numbers(Bits100, Starknet, 9), (23, 20, 128, 64, 1));
        assert_eq!(numbers(Bits100, Starknet, 10), (23, 20, 128, 128, 1));
        assert_eq!(numbers(Bits100, Starknet, 14), (26, 23, 64, 32, 3));
        assert_eq!(numbers(Bits100, Starknet, 15), (31, 23, 32, 64, 3));
        assert_eq!(numbers(Bits128, Starknet, 10), (31, 20, 128, 128, 1));
    }
}
