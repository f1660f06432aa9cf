//! Descriptions: one file with all about a version that the chain only has hashes of.
//!
//! `nilo transpile` writes it, its SHA-256 is registered, and anyone who has the hash can take it from anywhere. Its
//! content is what its publisher says, except for what is checked here: graph, schema and program have the hashes
//! that the chain has.

use std::sync::Arc;

use nilometer_cairo::Program;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::Schema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use starknet_types_core::felt::Felt;
use starknet_types_core::hash::{Poseidon, StarkHash};
use thiserror::Error;

use crate::check::ProofProgram;
use crate::model_proof::key::Digest;
use crate::recipe::Recipe;
use crate::sha256;

/// The format that is written and read.
pub const FORMAT: &str = "nilometer-description-v1";
/// The file's name in packages.
pub const FILE: &str = "description.json";
/// The most bytes of a description.
pub const MAX_BYTES: usize = 32 << 20;
/// The most bytes of a card.
const MAX_CARD: usize = 256 << 10;
/// The most bytes of a report.
const MAX_REPORT: usize = 256 << 10;
/// The most bytes of an example row, and of the texts about features.
const MAX_EXAMPLE: usize = 256 << 10;
/// The most nodes of a graph that is kept for drawing and trying.
const MAX_NODES: usize = 4_096;

/// A description that cannot be written.
#[derive(Debug, Error)]
#[error("the description: {0}")]
pub struct ComposeError(#[from] serde_json::Error);

/// What a description is made from: the files of a package.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    /// The model card, Markdown.
    pub card: &'a str,
    /// `report.json`.
    pub report: &'a [u8],
    /// `schema.json`.
    pub schema: &'a [u8],
    /// `model.json`.
    pub graph: &'a [u8],
    /// `build/program.json`.
    pub program: &'a [u8],
    /// `recipe.json`.
    pub recipe: &'a [u8],
    /// `example.json`: a row that the model accepts, in natural units.
    pub example: Option<&'a [u8]>,
    /// `features.json`: names and units of the features.
    pub features: Option<&'a [u8]>,
    /// The key that proofs of the model are checked with.
    pub key: Option<Digest>,
}

/// The file. Parts keep their bytes: graphs have integers that JSON libraries round.
#[derive(Serialize, Deserialize)]
struct File<'a> {
    format: String,
    card: String,
    #[serde(borrow)]
    report: Option<&'a RawValue>,
    #[serde(borrow)]
    schema: Option<&'a RawValue>,
    #[serde(borrow)]
    graph: Option<&'a RawValue>,
    #[serde(borrow)]
    program: Option<&'a RawValue>,
    /// Older descriptions have none.
    #[serde(borrow, default)]
    recipe: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    example: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    features: Option<&'a RawValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Digest>,
}

/// `example.json`; null for missing values.
#[derive(Deserialize)]
struct Example {
    input: Vec<Option<f64>>,
}

/// The description of a package; the same parts give the same bytes.
///
/// # Errors
/// A part is not JSON.
pub fn compose(parts: &Parts<'_>) -> Result<Vec<u8>, ComposeError> {
    let file = File {
        format: FORMAT.to_owned(),
        card: parts.card.to_owned(),
        report: Some(serde_json::from_slice(parts.report)?),
        schema: Some(serde_json::from_slice(parts.schema)?),
        graph: Some(serde_json::from_slice(parts.graph)?),
        program: Some(serde_json::from_slice(parts.program)?),
        recipe: Some(serde_json::from_slice(parts.recipe)?),
        example: parts.example.map(serde_json::from_slice).transpose()?,
        features: parts.features.map(serde_json::from_slice).transpose()?,
        key: parts.key,
    };
    let mut bytes = serde_json::to_vec(&file)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What lists show of a description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Glance {
    /// The share of agreement that the report states.
    pub agreement: Option<f64>,
    /// The card, Markdown.
    pub card: Option<String>,
}

/// What lists show of a description, without reading its graph and program.
pub fn glance(bytes: &[u8]) -> Glance {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Accuracy {
        agreement: Option<f64>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Report {
        accuracy: Accuracy,
    }
    let Ok(file) = serde_json::from_slice::<File<'_>>(bytes) else {
        let text = std::str::from_utf8(bytes).ok();
        return Glance { agreement: None, card: text.map(|text| cut(text, MAX_CARD).to_owned()) };
    };
    let report = file.report.filter(|report| report.get().len() <= MAX_REPORT);
    let report = report.and_then(|report| serde_json::from_str::<Report>(report.get()).ok());
    Glance {
        agreement: report.and_then(|report| report.accuracy.agreement),
        card: Some(cut(&file.card, MAX_CARD).to_owned()),
    }
}

/// The recipe of a description, which is its publisher's word; none of an older one.
pub fn recipe(bytes: &[u8]) -> Option<Recipe> {
    let file: File<'_> = serde_json::from_slice(bytes).ok()?;
    let recipe: Recipe = serde_json::from_str(file.recipe?.get()).ok()?;
    (recipe.format == crate::recipe::FORMAT).then_some(recipe)
}

/// What the chain has of a version: the hashes that a description is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The SHA-256 of the description.
    pub metadata_hash: String,
    /// Poseidon hash of the quantised graph.
    pub model_hash: String,
    /// Poseidon hash of the schema.
    pub schema_hash: String,
    /// Hash of the compiled program.
    pub program_hash: String,
}

/// What became of reading a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is there and has the registered hash.
    Available,
    /// What has the registered hash is a text, taken as the card.
    CardOnly,
    /// It was refused.
    Refused,
}

/// Something that was checked against the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What: `metadata_hash`, `model_hash`, `schema_hash`, `program_hash`.
    pub what: &'static str,
    /// For people: what it says.
    pub meaning: &'static str,
    /// Whether it passes.
    pub passed: bool,
    /// What the chain says.
    pub expected: String,
    /// What was found.
    pub actual: String,
}

/// What a publisher calls a feature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FeatureText {
    /// Its name.
    pub name: String,
    /// Its unit, such as `cm`; may be empty.
    pub unit: String,
}

/// A description that was held against the chain.
#[derive(Clone, Debug)]
pub struct Described {
    /// What became of it.
    pub state: State,
    /// Why it was refused.
    pub reason: Option<String>,
    /// The model card: Markdown, not sanitised.
    pub card: Option<String>,
    /// The accuracy report, as its publisher's tool wrote it.
    pub report: Option<serde_json::Value>,
    /// A row to try, in natural units, none for missing values; empty if the publisher gives none.
    pub example: Vec<Option<f64>>,
    /// The features in order, in the publisher's words; empty if the publisher does not name them.
    pub features: Vec<FeatureText>,
    /// What was checked against the chain.
    pub checks: Vec<Check>,
    /// The graph, if it is the registered one.
    pub graph: Option<Arc<QuantGraph>>,
    /// The schema, if it is the registered one.
    pub schema: Option<Arc<Schema>>,
    /// The program, if it is the registered one.
    pub program: Option<Arc<ProofProgram>>,
}

impl Described {
    /// Reads bytes that have the registered hash, and holds their parts against the chain. Takes long for large ones.
    pub fn read(registered: &Registered, bytes: &[u8]) -> Self {
        let mut this = Self {
            state: State::Available,
            reason: None,
            card: None,
            report: None,
            example: Vec::new(),
            features: Vec::new(),
            checks: Vec::new(),
            graph: None,
            schema: None,
            program: None,
        };
        let actual = sha256(bytes);
        let hash = Check {
            what: "metadata_hash",
            meaning: "the description is the registered one",
            passed: actual == registered.metadata_hash,
            expected: registered.metadata_hash.clone(),
            actual,
        };
        let passed = hash.passed;
        this.checks.push(hash);
        if !passed || bytes.len() > MAX_BYTES {
            this.state = State::Refused;
            this.reason = Some("its hash is not the registered one".to_owned());
            return this;
        }
        match serde_json::from_slice::<File<'_>>(bytes) {
            Ok(file) if file.format == FORMAT => this.hold(registered, &file),
            _ => match std::str::from_utf8(bytes) {
                Ok(text) if !text.trim().is_empty() => {
                    this.state = State::CardOnly;
                    this.card = Some(cut(text, MAX_CARD).to_owned());
                }
                _ => {
                    this.state = State::Refused;
                    this.reason = Some("it is neither a description nor text".to_owned());
                }
            },
        }
        this
    }

    fn hold(&mut self, registered: &Registered, file: &File<'_>) {
        self.card = Some(cut(&file.card, MAX_CARD).to_owned());
        let report = file.report.filter(|report| report.get().len() <= MAX_REPORT);
        let report = report.and_then(|report| serde_json::from_str(report.get()).ok());
        self.report = report.filter(serde_json::Value::is_object);
        let short = |part: &&RawValue| part.get().len() <= MAX_EXAMPLE;
        let example = file.example.filter(short).map(|part| serde_json::from_str(part.get()));
        self.example = match example {
            Some(Ok(Example { input })) => input,
            Some(Err(_)) | None => Vec::new(),
        };
        let features = file.features.filter(short).map(|part| serde_json::from_str(part.get()));
        self.features = features.and_then(Result::ok).unwrap_or_default();

        let graph = part(file.graph, |text| QuantGraph::from_json(text.as_bytes()));
        let hash = graph.as_ref().map(QuantGraph::model_hash).map_err(Clone::clone);
        let passed = self.check(
            ("model_hash", "the model that is drawn is the registered one"),
            &registered.model_hash,
            hash,
        );
        let small = |graph: &QuantGraph| graph.nodes.len() <= MAX_NODES;
        self.graph = graph.ok().filter(|graph| passed && small(graph)).map(Arc::new);

        let schema = part(file.schema, |text| serde_json::from_str::<Schema>(text));
        let hash = schema.as_ref().map(|schema| Poseidon::hash_array(&schema.to_felts()));
        let hash = hash.map_err(Clone::clone);
        let passed = self.check(
            ("schema_hash", "the form and the meaning of results are the contract's"),
            &registered.schema_hash,
            hash,
        );
        // A schema on chain was bounded when it was read; this one was not.
        let bounded = |schema: &Schema| Schema::from_felts(&schema.to_felts()).is_ok();
        self.schema = schema.ok().filter(|schema| passed && bounded(schema)).map(Arc::new);

        let program = part(file.program, |text| Program::from_json(text.as_bytes()));
        let hash = program.as_ref().map(Program::hash).map_err(Clone::clone);
        let passed = self.check(
            ("program_hash", "proofs are checked against the registered program"),
            &registered.program_hash,
            hash,
        );
        let program = program.ok().filter(|_| passed);
        self.program =
            program.as_ref().and_then(|program| ProofProgram::of(program).ok()).map(Arc::new);
    }

    fn check(
        &mut self,
        (what, meaning): (&'static str, &'static str),
        expected: &str,
        actual: Result<Felt, String>,
    ) -> bool {
        let actual = actual.map_or_else(|reason| reason, |hash| format!("{hash:#x}"));
        let passed = actual == expected;
        self.checks.push(Check { what, meaning, passed, expected: expected.to_owned(), actual });
        passed
    }
}

fn part<T, E: ToString>(
    value: Option<&RawValue>,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, String> {
    let value = value.ok_or_else(|| "it is not in the description".to_owned())?;
    // Errors quote what they found.
    read(value.get()).map_err(|error| cut(&error.to_string(), 300).to_owned())
}

/// The first bytes of a text, at most so many.
fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max.min(text.len()))]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(bytes: &[u8]) -> Registered {
        Registered {
            metadata_hash: sha256(bytes),
            model_hash: "0x3".to_owned(),
            schema_hash: "0x5".to_owned(),
            program_hash: "0x4".to_owned(),
        }
    }

    #[test]
    fn parts_keep_their_bytes() {
        let huge = br#"{"lo": -170141183460469231731687303715884105728}"#;
        let parts = Parts {
            card: "# x",
            report: b"{}",
            schema: b"[]",
            graph: huge,
            program: b"1",
            recipe: b"{}",
            example: Some(br#"{"input": [1.5, null]}"#),
            features: None,
            key: None,
        };
        let bytes = compose(&parts).unwrap();
        assert_eq!(bytes, compose(&parts).unwrap());
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("-170141183460469231731687303715884105728"), "{text}");
    }

    #[test]
    fn another_hash_is_refused() {
        let described = Described::read(&registered(b"this"), b"that");
        assert_eq!(described.state, State::Refused);
        assert!(!described.checks[0].passed);
        assert_eq!(described.card, None);
    }

    #[test]
    fn text_is_a_card() {
        let described = Described::read(&registered(b"# Card"), b"# Card");
        assert_eq!(described.state, State::CardOnly);
        assert_eq!(described.card.as_deref(), Some("# Card"));
        let bytes = [0xff, 0xfe];
        let described = Described::read(&registered(&bytes), &bytes);
        assert_eq!(described.state, State::Refused);
    }

    #[test]
    fn what_has_another_hash_than_the_chain_is_not_used() {
        let parts = Parts {
            card: "card",
            report: br#"{"accuracy": {"agreement": 0.5}}"#,
            schema: br#"{"inputs": [], "outputs": []}"#,
            graph: b"{}",
            program: b"{}",
            recipe: b"{}",
            example: Some(br#"{"input": [1.5, null]}"#),
            features: Some(br#"[{"name": "sepal length", "unit": "cm"}, {"name": "width"}]"#),
            key: None,
        };
        let bytes = compose(&parts).unwrap();
        let described = Described::read(&registered(&bytes), &bytes);
        assert_eq!(described.state, State::Available);
        let passed: Vec<_> = described.checks.iter().map(|check| check.passed).collect();
        assert_eq!(passed, [true, false, false, false]);
        assert!(described.graph.is_none() && described.schema.is_none());
        assert!(described.program.is_none());
        let card = Some("card".to_owned());
        assert_eq!(glance(&bytes), Glance { agreement: Some(0.5), card });
        assert_eq!(described.example, [Some(1.5), None]);
        assert_eq!(described.features[0].unit, "cm");
        assert_eq!(described.features[1].name, "width");
    }
}
