//! The security of proofs, round by round.
//!
//! The interactive protocol is round-by-round sound; hashed into a non-interactive proof, an attacker who
//! makes `T` calls of the hash function succeeds with probability of about `T` times the largest error of a
//! round (Canetti, Chen, Holmgren, Lombardi, Rothblum, Rothblum, Wichs: "Fiat–Shamir: from practice to
//! theory", 2019; Ben-Sasson, Chiesa, Spooner: "Interactive oracle proofs", 2016). So the *bits* of a proof
//! are those of its weakest round. The rounds, in order, with n rows, blowup `1/ρ`, domain `N = n/ρ`:
//!
//! | round | error | source |
//! |---|---|---|
//! | challenges | `L·A/p`, A = [`crate::Shape::argument_degree`] | LogUp: Haböck, eprint 2022/1530, lemma 5; Freivalds and fingerprints: Schwartz–Zippel |
//! | composition | `L·C/p`, C constraints, powers of one challenge | Haböck, eprint 2022/1216, theorem 8 |
//! | DEEP | `L·(d·(n + 1) + n - 1)/(p - n - N)`, d the largest degree, 2 points | the same |
//! | batching | `(B - 1)·ε(n)`, B functions, powers of one challenge | proximity gaps, below |
//! | each folding by f | `(f - 1)·ε(n/f…)` | proximity gaps, below; eprint 2022/1216, theorem 2 |
//! | queries | `(1 - δ)^q·2^-g`, g bits of grinding | the same |
//!
//! Johnson regime: `δ = 1 - √ρ·(1 + 1/(2m))`, with multiplicity `m = 50`; lists of
//! `L = (m + 1/2)/√ρ`. Errors of proximity gaps:
//! * `ε(k) = (m + 1/2)^7/(2·ρ^(3/2))·(k/ρ)²/p`: Ben-Sasson, Carmon, Ishai, Kopparty, Saraf, "Proximity gaps
//!   for Reed–Solomon codes", FOCS 2020 (eprint 2020/654), theorems 6.2 and 7.4; with the 2 in place of
//!   their 3 it covers 7.4's second term, which is of degree 1 in the domain. What this file promises rests
//!   on it.
//! * a smaller one, of degree 1 in the domain: Ben-Sasson, Carmon, Haböck, Kopparty, Saraf, 2025
//!   (eprint 2025/2055), theorem 4.2. The public calculator (ethereum/soundcalc) uses that one. A test
//!   computes its formulas independently: it gives the promised bits too.
//!
//! Outside this account: collisions of the hash function, which no round's error holds. Blake3 gives 128
//! bits; Poseidon with digests of one element of the field gives 125 (see [`hash_bits`]). Nothing here rests
//! on a conjecture about the distance up to which FRI is sound.

use crate::params::{Params, Target};

/// log2 of the field's order, rounded down: `p = 2^251 + 17·2^192 + 1`.
const FIELD_LOG2: f64 = 251.0;
/// The multiplicity m.
const MULTIPLICITY: f64 = 50.0;

/// Of an AIR, what its security depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Error of the argument behind the challenges, times p.
    pub argument_degree: u64,
    /// Constraints.
    pub n_constraints: u64,
    /// Largest degree of a constraint.
    pub max_degree: u64,
    /// Functions that are batched: columns of all trees at one point or two.
    pub n_functions: u64,
}

impl Counts {
    /// More than any AIR of this project has: what the table is made for.
    pub const LARGE: Self = Self {
        argument_degree: 1 << 40,
        n_constraints: 1 << 10,
        max_degree: 1 << 4,
        n_functions: 1 << 10,
    };
}

/// The bits of one round.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// Its name: `challenges`, `composition`, `DEEP`, `batching`, `folding 1`, …, `queries`.
    pub name: String,
    /// `-log2` of its error.
    pub bits: f64,
}

/// All rounds.
pub fn rounds(params: &Params, counts: &Counts) -> Vec<Round> {
    let code = Johnson { blowup_log2: params.blowup_log2().into() };
    let n = params.n_rows() as f64;
    let domain = params.domain_size() as f64;
    let list = code.list_size();
    let bits = |error_times_p: f64| FIELD_LOG2 - error_times_p.log2();
    let degree = counts.max_degree as f64;
    let mut rounds = vec![
        Round { name: "challenges".into(), bits: bits(list * counts.argument_degree as f64) },
        Round { name: "composition".into(), bits: bits(list * counts.n_constraints as f64) },
        // p - n - N is above p/2.
        Round { name: "DEEP".into(), bits: bits(2.0 * list * (degree * (n + 1.0) + n - 1.0)) },
        Round {
            name: "batching".into(),
            bits: bits(counts.n_functions as f64 * code.gap_error(domain)),
        },
    ];
    let mut size = domain;
    for (i, fold_log2) in params.folds_log2().iter().enumerate() {
        let fold = f64::from(1_u32 << fold_log2);
        // The larger of the domains before and after, to be on the safe side.
        rounds.push(Round {
            name: format!("folding {}", i + 1),
            bits: bits((fold - 1.0) * code.gap_error(size)),
        });
        size /= fold;
    }
    let queries = params.n_queries() as f64 * code.query_bits();
    rounds
        .push(Round { name: "queries".into(), bits: queries + f64::from(params.grinding_bits()) });
    rounds
}

/// The bits of the weakest round, rounded down.
pub fn bits(params: &Params, counts: &Counts) -> u32 {
    let least = rounds(params, counts).iter().fold(f64::INFINITY, |least, r| least.min(r.bits));
    least.max(0.0).floor() as u32
}

/// Bits against collisions of the target's hash function.
pub fn hash_bits(target: Target) -> u32 {
    match target {
        Target::Native => 128,
        // Digests of 251.7 bits.
        Target::Starknet => 125,
    }
}

/// The fewest queries that give these bits.
pub(crate) fn queries_for(bits: u32, blowup_log2: u32) -> usize {
    let code = Johnson { blowup_log2: blowup_log2.into() };
    (f64::from(bits) / code.query_bits()).ceil() as usize
}

/// The fewest bits of grinding that give these bits with so many queries.
pub(crate) fn grinding_for(bits: u32, n_queries: usize, blowup_log2: u32) -> u32 {
    let code = Johnson { blowup_log2: blowup_log2.into() };
    (f64::from(bits) - n_queries as f64 * code.query_bits()).ceil().max(0.0) as u32
}

/// A Reed–Solomon code of rate ρ, decoded up to `1 - √ρ·(1 + 1/(2m))`.
struct Johnson {
    blowup_log2: f64,
}

impl Johnson {
    /// `√ρ`.
    fn sqrt_rate(&self) -> f64 {
        (-self.blowup_log2 / 2.0).exp2()
    }

    /// `-log2(1 - δ)`.
    fn query_bits(&self) -> f64 {
        self.blowup_log2 / 2.0 - (1.0 + 1.0 / (2.0 * MULTIPLICITY)).log2()
    }

    fn list_size(&self) -> f64 {
        (MULTIPLICITY + 0.5) / self.sqrt_rate()
    }

    /// The error of a proximity gap over a domain of that size, for two functions, times p.
    fn gap_error(&self, domain: f64) -> f64 {
        (MULTIPLICITY + 0.5).powi(7) / (2.0 * self.sqrt_rate().powi(3)) * domain * domain
    }
}

/// The table in `docs/security.md`: bits by level, target and rows, for [`Counts::LARGE`].
pub fn table() -> String {
    use crate::air::{MAX_ROWS, MIN_ROWS};
    use crate::params::Level;
    use std::fmt::Write;

    let mut text = String::from(
        "| target | level | rows | blowup | queries | grinding | folds | remainder \
         | challenges | composition | DEEP | batching | folding | queries | proven bits |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for target in Target::ALL {
        for level in Level::ALL {
            for log2 in MIN_ROWS.ilog2()..=MAX_ROWS.ilog2() {
                if log2 % 2 == 1 && log2 != 13 && log2 != 15 {
                    continue;
                }
                let params = Params::new(level, target, 1 << log2);
                let rounds = rounds(&params, &Counts::LARGE);
                let least = |name: &str| {
                    let of = rounds.iter().filter(|r| r.name.starts_with(name));
                    let bits = of.fold(f64::INFINITY, |least, r| least.min(r.bits));
                    if bits.is_finite() {
                        format!("{bits:.1}")
                    } else {
                        "-".to_owned()
                    }
                };
                let target = match target {
                    Target::Native => "native",
                    Target::Starknet => "starknet",
                };
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "| {target} | {} | 2^{log2} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | **{}** |",
                    level.bits(),
                    params.blowup(),
                    params.n_queries(),
                    params.grinding_bits(),
                    params.folds_log2().len(),
                    params.remainder_len(),
                    least("challenges"),
                    least("composition"),
                    least("DEEP"),
                    least("batching"),
                    least("folding"),
                    least("queries"),
                    bits(&params, &Counts::LARGE),
                );
            }
        }
    }
    text
}
