//! A model, its versions, its contract, its description.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Amount, ModelSummary};

/// All about a model but its calls, claims and proofs.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ModelDetail {
    /// As in lists.
    #[serde(flatten)]
    pub summary: ModelSummary,
    /// To whom it was offered.
    pub offered_to: Option<String>,
    /// How its revenue is shared; empty if the owner gets all.
    pub shares: Vec<ShareView>,
    /// Its versions, the newest first.
    pub versions: Vec<VersionView>,
    /// In which transaction it was registered.
    pub tx_hash: String,
}

impl ModelDetail {
    /// The newest version.
    pub fn newest(&self) -> Option<&VersionView> {
        self.versions.first()
    }

    /// A version.
    pub fn version(&self, number: u32) -> Option<&VersionView> {
        self.versions.iter().find(|version| version.version == number)
    }
}

/// A holder's part of a model's revenue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShareView {
    /// Who gets it.
    pub holder: String,
    /// Hundredths of a per cent.
    pub basis_points: u16,
}

/// A version of a model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct VersionView {
    /// The model.
    pub model_id: u64,
    /// Its number, from 1.
    pub version: u32,
    /// The contract that computes the model.
    pub contract: String,
    /// Its class, as registered.
    pub class_hash: String,
    /// Poseidon hash of the quantised graph.
    pub model_hash: String,
    /// Hash of the provable program.
    pub program_hash: String,
    /// Poseidon hash of the contract's schema.
    pub schema_hash: String,
    /// Where the description is; may be empty.
    pub metadata_uri: String,
    /// SHA-256 of the description.
    pub metadata_hash: String,
    /// When it was published.
    pub published_at: u64,
    /// In which block.
    pub block: u64,
    /// In which transaction.
    pub tx_hash: String,
    /// Whether it, or the whole model, takes no new calls or claims.
    pub deprecated: bool,
    /// Rows of it that were paid for and executed.
    pub n_calls: u64,
}

/// The state of a version's description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DescriptionState {
    /// It is there and has the registered hash.
    Available,
    /// What has the registered hash is a text, shown as the card.
    CardOnly,
    /// It is being looked for.
    Pending,
    /// Nothing says where it is, or nothing is there.
    Missing,
    /// What is there was refused.
    Refused,
}

/// A version's description: its publisher's words, except for the checks.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DescriptionView {
    /// Its state.
    pub state: DescriptionState,
    /// Why it is missing or was refused.
    pub reason: Option<String>,
    /// Where it came from: a folder, or a host.
    pub source: Option<String>,
    /// The SHA-256 that is registered, and that every accepted description has.
    pub metadata_hash: String,
    /// The model card: Markdown, not sanitised.
    pub card: Option<String>,
    /// What was checked against the chain.
    pub checks: Vec<Check>,
    /// The accuracy report, as its publisher's tool wrote it.
    #[schema(value_type = Option<Object>)]
    pub report: Option<serde_json::Value>,
    /// A row to try, in natural units, null for missing values; empty if the publisher gives none.
    pub example: Vec<Option<f64>>,
    /// The features in order, in the publisher's words; empty if the publisher does not name them.
    pub features: Vec<FeatureText>,
}

/// What a publisher calls a feature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct FeatureText {
    /// Its name.
    pub name: String,
    /// Its unit, such as `cm`; may be empty.
    pub unit: String,
}

impl DescriptionView {
    /// Whether every check passes; false without any.
    pub fn all_checked(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.passed)
    }
}

/// Something that was checked against the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// What: `metadata_hash`, `model_hash`, `schema_hash`, `program_hash`, `class_hash`, ….
    pub what: String,
    /// What it shows, for people.
    pub meaning: String,
    /// Whether it passes.
    pub passed: bool,
    /// The value on chain.
    pub expected: String,
    /// The value that was found.
    pub actual: String,
}

/// How rows become the model's integers, and what its results mean.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SchemaView {
    /// Whether its hash is the registered one.
    pub checked: bool,
    /// Where it was read: `contract` or `description`.
    pub source: String,
    /// The features, one by one.
    pub inputs: Vec<FieldView>,
    /// The outputs.
    pub outputs: Vec<OutputSchemaView>,
}

/// A feature.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct FieldView {
    /// Its index, from 0.
    pub index: usize,
    /// `fixed`, or `ordered` where floats become integers that sort alike.
    pub encoding: String,
    /// `float32`, `float64` or `int64` for ordered features.
    pub dtype: Option<String>,
    /// The smallest value accepted; none below every float.
    pub lo: Option<f64>,
    /// The largest value accepted.
    pub hi: Option<f64>,
    /// The difference of neighbouring values, for fixed point.
    pub step: Option<f64>,
    /// Whether a missing value (NaN, or an empty field) is accepted.
    pub missing: bool,
}

/// An output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutputSchemaView {
    /// The ONNX output's name.
    pub name: String,
    /// How many numbers it has.
    pub len: usize,
    /// Whether it is an index into the classes.
    pub is_label: bool,
    /// The classes' names, where the model knows them.
    pub classes: Vec<String>,
    /// Fractional bits of its integers.
    pub scale_log2: i32,
}

/// A version's contract, as the node has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ContractView {
    /// Its address.
    pub address: String,
    /// The registered class.
    pub class_hash: String,
    /// The class that it has now; none if the node did not answer.
    pub actual_class_hash: Option<String>,
    /// Whether the two are the same; none if the node did not answer.
    pub class_unchanged: Option<bool>,
    /// What lets the class use more than the row: system calls, branches on gas, library functions that models do not
    /// need. One that has any can answer as it likes. None if the node did not answer.
    pub system_calls: Option<Vec<String>>,
    /// The entry points, from the class's ABI.
    pub entries: Vec<Entry>,
    /// The ABI as JSON text, at most 64 KB of it.
    pub abi: Option<String>,
    /// Why something is unknown.
    pub trouble: Option<String>,
}

/// An entry point of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Arguments as `name: type`.
    pub inputs: Vec<String>,
    /// Types of results.
    pub outputs: Vec<String>,
    /// Whether it is a view.
    pub is_view: bool,
}

/// Kept here so that pages need not know how prices are shown.
impl ModelSummary {
    /// The price for people.
    pub fn price_text(&self) -> String {
        if self.price == Amount(0) {
            "free".to_owned()
        } else {
            self.price.to_string()
        }
    }
}
