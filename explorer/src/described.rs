//! A version's description as it is shown, with the parts that were held against the chain.

use std::sync::Arc;

use nilometer_package::check::ProofProgram;
use nilometer_package::description::{self, Registered, State};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::Schema;

use crate::view::{Check, DescriptionState, DescriptionView, FeatureText, VersionView};

/// A description that was held against the chain.
#[derive(Clone, Debug)]
pub struct Described {
    /// What is shown of it.
    pub view: DescriptionView,
    /// The graph, if it is the registered one.
    pub graph: Option<Arc<QuantGraph>>,
    /// The schema, if it is the registered one.
    pub schema: Option<Arc<Schema>>,
    /// The program, if it is the registered one.
    pub program: Option<Arc<ProofProgram>>,
}

impl Described {
    /// None, and why.
    pub fn absent(version: &VersionView, state: DescriptionState, reason: Option<String>) -> Self {
        Self {
            view: DescriptionView {
                state,
                reason,
                source: None,
                metadata_hash: version.metadata_hash.clone(),
                card: None,
                checks: Vec::new(),
                report: None,
                example: Vec::new(),
                features: Vec::new(),
            },
            graph: None,
            schema: None,
            program: None,
        }
    }

    /// Reads bytes from anywhere and holds their parts against the chain. Takes long for large ones.
    pub fn read(version: &VersionView, bytes: &[u8], source: &str) -> Self {
        let registered = Registered {
            metadata_hash: version.metadata_hash.clone(),
            model_hash: version.model_hash.clone(),
            schema_hash: version.schema_hash.clone(),
            program_hash: version.program_hash.clone(),
        };
        let described = description::Described::read(&registered, bytes);
        let state = match described.state {
            State::Available => DescriptionState::Available,
            State::CardOnly => DescriptionState::CardOnly,
            State::Refused => DescriptionState::Refused,
        };
        let check = |check: description::Check| Check {
            what: check.what.to_owned(),
            meaning: check.meaning.to_owned(),
            passed: check.passed,
            expected: check.expected,
            actual: check.actual,
        };
        let feature = |feature: description::FeatureText| FeatureText {
            name: feature.name,
            unit: feature.unit,
        };
        Self {
            view: DescriptionView {
                state,
                reason: described.reason,
                source: Some(source.to_owned()),
                metadata_hash: version.metadata_hash.clone(),
                card: described.card,
                checks: described.checks.into_iter().map(check).collect(),
                report: described.report,
                example: described.example,
                features: described.features.into_iter().map(feature).collect(),
            },
            graph: described.graph,
            schema: described.schema,
            program: described.program,
        }
    }
}
