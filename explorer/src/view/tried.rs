//! The results of trying a model, of checking a proof, and of a model's use.

use nilometer_package::answer::{integers, plain, Answer, NamedOutput};
use nilometer_starknet::Felt;
use nilometer_transpiler::schema::Schema;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Amount, Check, Trust};

/// The results of one of a model's outputs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct OutputView {
    /// Its name; empty where the schema is not known.
    pub name: String,
    /// Whether it is an index into the classes.
    pub is_label: bool,
    /// The exact integers.
    pub integers: Vec<String>,
    /// The same in natural units; empty where the schema is not known.
    pub values: Vec<f64>,
    /// The classes' names, where the model knows them.
    pub classes: Vec<String>,
    /// Whether values lie between 0 and 1 and sum to 1, near enough to be drawn as probabilities.
    pub is_probabilities: bool,
}

impl From<NamedOutput> for OutputView {
    fn from(output: NamedOutput) -> Self {
        Self {
            is_probabilities: output.is_probabilities(),
            name: output.name,
            is_label: output.is_label,
            integers: output.integers,
            values: output.values,
            classes: output.classes,
        }
    }
}

/// Results, and the label that they say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// Output by output.
    pub outputs: Vec<OutputView>,
    /// The label, if any.
    pub label: Option<String>,
}

impl Decoded {
    /// What results say, by the schema if there is one that fits.
    pub fn of(schema: Option<&Schema>, felts: &[Felt]) -> Self {
        if let Some(answer) = schema.and_then(|schema| Answer::of_felts(schema, felts)) {
            let label = answer.label.as_ref().map(plain);
            return Self { outputs: answer.outputs.into_iter().map(Into::into).collect(), label };
        }
        let integers = integers(felts);
        Self { outputs: vec![OutputView { integers, ..OutputView::default() }], label: None }
    }
}

/// A model's answer to a row.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Prediction {
    /// The model.
    pub model_id: u64,
    /// Its version.
    pub version: u32,
    /// The contract that was asked.
    pub contract: String,
    /// The row as it was given; none for missing values.
    pub input: Vec<Option<f64>>,
    /// The integers that the contract was given.
    pub input_int: Vec<String>,
    /// Poseidon hash of the row, as calls, claims and proofs name it.
    pub input_hash: String,
    /// The results, output by output.
    pub outputs: Vec<OutputView>,
    /// Poseidon hash of the results.
    pub output_hash: String,
    /// What the model decides, if it does.
    pub label: Option<String>,
    /// In which block's state it was computed.
    pub block: Option<u64>,
    /// L2 gas that the report says a call takes.
    pub gas_l2: Option<u64>,
    /// What it costs to have it recorded on chain.
    #[schema(value_type = String)]
    pub price: Amount,
    /// For trees whose description is there: the path taken in each tree.
    pub paths: Vec<Vec<TreeStep>>,
    /// Whether the description's graph gives the same integers; none without one.
    pub matches_description: Option<bool>,
    /// What the answer is worth: a simulation by the node, which is not verified.
    pub evidence: String,
}

/// A decision on the way through a tree.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct TreeStep {
    /// The node's index in the tree.
    pub node: usize,
    /// The feature that it looks at; none for a leaf.
    pub feature: Option<usize>,
    /// The threshold in natural units.
    pub threshold: Option<f64>,
    /// `<=`, `<`, `>`, `>=`, `==` or `!=`.
    pub test: Option<String>,
    /// Whether the test holds.
    pub holds: Option<bool>,
}

/// The result of checking a proof.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Verification {
    /// Whether the proof shows what is below.
    pub valid: bool,
    /// `proved` if it is valid and counts for the version: graph, schema and program have the registered hashes, the
    /// class is the registered one and knows only the row, and the contract gives the same results.
    pub trust: Option<Trust>,
    /// Why it is not valid, if it is not.
    pub reason: Option<String>,
    /// The model.
    pub model_id: u64,
    /// Its version.
    pub version: u32,
    /// SHA-256 of the file, as records name it.
    pub proof_hash: String,
    /// Its bytes.
    pub proof_bytes: usize,
    /// What was checked, in order, as far as it got.
    pub checks: Vec<Check>,
    /// The proof's row in natural units; only of a valid proof.
    pub input: Vec<f64>,
    /// The same as the model's integers.
    pub input_int: Vec<String>,
    /// Poseidon hash of the row.
    pub input_hash: Option<String>,
    /// The proof's results; only of a valid proof.
    pub outputs: Vec<OutputView>,
    /// Poseidon hash of the results.
    pub output_hash: Option<String>,
    /// The label that they say, if any.
    pub label: Option<String>,
    /// The program that ran.
    pub program_hash: String,
    /// Its parameters; only of a valid proof.
    pub options: Option<ProofOptionsView>,
    /// Numbers of records of this file with this row and these results.
    pub records: Vec<u64>,
    /// Whether the version's contract gives the same results for the row; none if the node did not answer.
    pub contract_agrees: Option<bool>,
    /// How long checking took.
    pub verify_ms: f64,
}

/// A proof's parameters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProofOptionsView {
    /// The level of security that its parameters are those of.
    pub security: String,
    /// Bits of security that are proven.
    pub proven_bits: u32,
    /// Rows of the trace.
    pub rows: usize,
    /// Queries.
    pub queries: usize,
    /// The blowup factor.
    pub blowup: usize,
    /// Bits of grinding.
    pub grinding_bits: u32,
}

/// A model's use over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Usage {
    /// The model.
    pub model_id: u64,
    /// Seconds of a point.
    pub bucket_seconds: u64,
    /// Points without gaps, the oldest first; empty if there never was a call.
    pub points: Vec<UsagePoint>,
    /// Rows in all.
    pub calls: u64,
    /// Everything paid.
    #[schema(value_type = String)]
    pub revenue: Amount,
    /// Accounts that have called.
    pub callers: u64,
    /// L2 gas per row, on average over those whose receipt is known.
    pub mean_gas_l2: Option<u64>,
}

/// A model's use in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct UsagePoint {
    /// When it starts.
    pub start: u64,
    /// Rows that were paid for and executed.
    pub calls: u64,
    /// What was paid.
    #[schema(value_type = String)]
    pub revenue: Amount,
    /// L2 gas, of rows whose receipt is known.
    pub gas_l2: u64,
}
