//! Calls, claims, proofs, and how far each is to be trusted.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Amount, OutputView};

/// How far an output is to be trusted. The three levels are kept apart everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The contract computed it on chain.
    Executed,
    /// A STARK proof of it was checked by this server.
    Proved,
    /// Somebody says so.
    Claimed,
}

impl Trust {
    /// All of them, the strongest first.
    pub const ALL: [Self; 3] = [Self::Executed, Self::Proved, Self::Claimed];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Executed => "Executed",
            Self::Proved => "Proved",
            Self::Claimed => "Claimed",
        }
    }

    /// The word in URLs, classes and JSON.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Executed => "executed",
            Self::Proved => "proved",
            Self::Claimed => "claimed",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Executed => "The contract computed it on chain.",
            Self::Proved => "This server checked a STARK proof of it.",
            Self::Claimed => "Somebody says so; nothing has checked it.",
        }
    }

    /// The level of a slug.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trust| trust.slug() == text)
    }
}

impl fmt::Display for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The state of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// It can be challenged and contested.
    Open,
    /// Somebody has staked as much against it; it can be challenged.
    Contested,
    /// Execution gave another answer; the bond is lost.
    Refuted,
    /// Execution gave the claimed answer.
    Upheld,
    /// Nobody objected while the window was open.
    Final,
    /// It was contested and nobody had it executed: it says nothing.
    Void,
}

impl ClaimStatus {
    /// In the order of a claim's life.
    pub const ALL: [Self; 6] =
        [Self::Open, Self::Contested, Self::Refuted, Self::Upheld, Self::Final, Self::Void];

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Contested => "contested",
            Self::Refuted => "refuted",
            Self::Upheld => "upheld",
            Self::Final => "final",
            Self::Void => "void",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Open => "claimed, and can be challenged",
            Self::Contested => "contested: only execution makes it hold",
            Self::Refuted => "execution on chain gave another answer: the bond is lost",
            Self::Upheld => "execution on chain gave the claimed answer",
            Self::Final => "claimed, and nobody objected in time",
            Self::Void => "contested, and never executed: it says nothing",
        }
    }

    /// Final means that nobody objected: still only claimed.
    pub fn trust(self) -> Trust {
        match self {
            Self::Refuted | Self::Upheld => Trust::Executed,
            Self::Open | Self::Contested | Self::Final | Self::Void => Trust::Claimed,
        }
    }

    /// The status of a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == text)
    }
}

impl fmt::Display for ClaimStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A claim about a model's output.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ClaimView {
    /// Its number, from 1.
    pub id: u64,
    /// The model.
    pub model_id: u64,
    /// The model's name.
    pub model_name: String,
    /// Its version.
    pub version: u32,
    /// Its state.
    pub status: ClaimStatus,
    /// How far the claimed output is to be trusted, or for a refuted one, that it is wrong.
    pub trust: Trust,
    /// The account that claims.
    pub claimant: String,
    /// The account that has contested, if any.
    pub contester: Option<String>,
    /// The account that had it executed, if any.
    pub challenger: Option<String>,
    /// The bond of the claimant, and of the contester.
    #[schema(value_type = String)]
    pub bond: Amount,
    /// The challenger's reward.
    #[schema(value_type = String)]
    pub reward: Amount,
    /// The part of the bond that was burnt.
    #[schema(value_type = String)]
    pub burnt: Amount,
    /// Refuted because the model refuses the row.
    pub refused: bool,
    /// Its time.
    pub claimed_at: u64,
    /// Until when it can be challenged, exclusive.
    pub deadline: u64,
    /// Whether its deadline has passed, by this server's clock.
    pub expired: bool,
    /// When it was settled.
    pub settled_at: Option<u64>,
    /// Poseidon hash of the row.
    pub input_hash: String,
    /// Poseidon hash of the results that execution gave, if they are others.
    pub executed_output_hash: Option<String>,
    /// The row as the model's integers; empty until all of its events are there.
    pub input_int: Vec<String>,
    /// The same in natural units, where the schema is known.
    pub input: Vec<f64>,
    /// The claimed results.
    pub outputs: Vec<OutputView>,
    /// The label that they say, if any.
    pub label: Option<String>,
    /// What happened, in order.
    pub events: Vec<ClaimEvent>,
}

/// Something that happened to a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClaimEvent {
    /// The event's name: `Claimed`, `Contested`, `Refuted`, `Upheld`, `Finalized` or `Voided`.
    pub name: String,
    /// Who did it, where the event says.
    pub by: Option<String>,
    /// When.
    pub at: u64,
    /// In which block.
    pub block: u64,
    /// In which transaction.
    pub tx_hash: String,
}

/// A record of a proof: claimed, unless this server has checked that file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProofView {
    /// Its number, from 1.
    pub id: u64,
    /// The model.
    pub model_id: u64,
    /// The model's name.
    pub model_name: String,
    /// Its version.
    pub version: u32,
    /// Who recorded it.
    pub recorder: String,
    /// SHA-256 of the proof file.
    pub proof_hash: String,
    /// Poseidon hash of the row.
    pub input_hash: String,
    /// Poseidon hash of the results.
    pub output_hash: String,
    /// The proof's security in bits, as claimed.
    pub security_bits: u16,
    /// The version of the proof file's format.
    pub format_version: u16,
    /// When it was recorded.
    pub recorded_at: u64,
    /// In which transaction.
    pub tx_hash: String,
    /// `proved` if a proof of this run was checked here and counts, by this file or another, else `claimed`.
    pub trust: Trust,
    /// The check with most bits.
    pub checked: Option<CheckedHere>,
}

/// A check of a proof by this server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckedHere {
    /// When.
    pub at: u64,
    /// Bits of security that are proven.
    pub proven_bits: u32,
}

/// A row that was paid for and executed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct CallView {
    /// Its number in the registry, from 1.
    pub id: u64,
    /// The model.
    pub model_id: u64,
    /// Its version.
    pub version: u32,
    /// Who paid.
    pub caller: String,
    /// What was paid.
    #[schema(value_type = String)]
    pub price: Amount,
    /// Poseidon hash of the row.
    pub input_hash: String,
    /// The results.
    pub outputs: Vec<OutputView>,
    /// The label that they say, if any.
    pub label: Option<String>,
    /// When.
    pub at: u64,
    /// In which block.
    pub block: u64,
    /// In which transaction.
    pub tx_hash: String,
    /// L2 gas of the transaction, shared evenly among its calls; none until its receipt is known.
    pub gas_l2: Option<u64>,
    /// Always `executed`.
    pub trust: Trust,
}
