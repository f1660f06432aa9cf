//! What the node knows of a version: contract, class, schema.

use std::sync::Arc;

use nilometer_cairo::purity::purity;
use nilometer_starknet::{registry, Felt};
use nilometer_transpiler::graph::DType;
use nilometer_transpiler::schema::{FeatureEncoding, Schema};
use starknet_types_core::hash::{Poseidon, StarkHash};

use super::{bad_request, internal, Answer, App};
use crate::store::{entries, hex, ContractFacts, Store};
use crate::view::{ContractView, FieldView, OutputSchemaView, SchemaView, VersionView};
use nilometer_package::answer::class_names;

/// The most of an ABI that is shown.
const MAX_ABI: usize = 64 << 10;
/// The most features that a form has.
const MAX_FIELDS: usize = 4_096;

impl App {
    /// The schema of a version, checked against the registered hash, and where it was read.
    pub(crate) async fn checked_schema(
        &self,
        version: &VersionView,
    ) -> Answer<(Arc<Schema>, &'static str)> {
        let hash = version.schema_hash.clone();
        if let Some(schema) = self.read(move |store| store.schema(&hash)).await? {
            return Ok((Arc::new(schema), "contract"));
        }
        // The description has the schema as well, when the node does not answer.
        let described = self.description(version).await?;
        if let Some(schema) = &described.schema {
            return Ok((schema.clone(), "description"));
        }
        let contract = felt(&version.contract)?;
        let felts = self.node(registry::schema(&self.0.chain, contract)).await?;
        if hex(&Poseidon::hash_array(&felts)) != version.schema_hash {
            return Err(bad_request(
                "the contract's schema has another hash than the registered one: it cannot be used",
            ));
        }
        let schema = Schema::from_felts(&felts).map_err(bad_request)?;
        let hash = version.schema_hash.clone();
        self.write(move |store| store.keep_schema(&hash, &felts)).await?;
        Ok((Arc::new(schema), "contract"))
    }

    /// How rows of a version are encoded.
    ///
    /// # Errors
    /// Neither node nor description have it, or its hash is not the registered one.
    pub async fn schema(&self, version: &VersionView) -> Answer<SchemaView> {
        let (schema, source) = self.checked_schema(version).await?;
        schema_view(&schema, source)
    }

    /// A version's contract; what the node does not answer is left open.
    ///
    /// # Errors
    /// The index cannot be read.
    pub async fn contract(&self, version: &VersionView) -> Answer<ContractView> {
        let mut view = ContractView {
            address: version.contract.clone(),
            class_hash: version.class_hash.clone(),
            actual_class_hash: None,
            class_unchanged: None,
            system_calls: None,
            entries: Vec::new(),
            abi: None,
            trouble: None,
        };
        let actual = match self.node(self.0.chain.class_hash_at(felt(&version.contract)?)).await {
            Ok(actual) => actual,
            Err(error) => {
                view.trouble = Some(error.message);
                return Ok(view);
            }
        };
        view.class_unchanged = Some(hex(&actual) == version.class_hash);
        view.actual_class_hash = Some(hex(&actual));
        match self.class_facts(actual).await {
            Ok(facts) => {
                view.entries = entries(&facts.abi);
                view.system_calls = Some(facts.system_calls);
                view.abi = Some(facts.abi[..facts.abi.floor_char_boundary(MAX_ABI)].to_owned());
            }
            Err(error) => view.trouble = Some(error.message),
        }
        Ok(view)
    }

    /// What is read from a class. Its hash commits to it, so it is asked for once.
    async fn class_facts(&self, class_hash: Felt) -> Answer<ContractFacts> {
        let key = hex(&class_hash);
        let wanted = key.clone();
        if let Some(facts) = self.read(move |store| store.class(&wanted)).await? {
            return Ok(facts);
        }
        let class = self.node(self.0.chain.class(class_hash)).await?;
        let keep = move |store: &Store| {
            let bytes = serde_json::to_vec(&class).unwrap_or_default();
            Ok(match purity(&bytes) {
                Ok(purity) => {
                    let system_calls = purity.impurities;
                    let facts = ContractFacts { system_calls, abi: class.abi };
                    store.keep_class(&key, &facts)?;
                    Some(facts)
                }
                Err(_) => None,
            })
        };
        self.write(keep).await?.ok_or_else(|| internal("the class cannot be read"))
    }
}

/// A felt of the index.
pub(crate) fn felt(text: &str) -> Answer<Felt> {
    Felt::from_hex(text).map_err(|_| internal("the index has a malformed felt"))
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn schema_view(schema: &Schema, source: &str) -> Answer<SchemaView> {
    let input = schema.input().map_err(bad_request)?;
    let runs = schema.inputs.iter().flat_map(|run| std::iter::repeat_n(run, run.count));
    let field = |(index, run): (usize, &nilometer_transpiler::schema::InputRun)| {
        let (encoding, dtype, step, missing) = match run.encoding {
            FeatureEncoding::Fixed { scale_log2 } => {
                ("fixed", None, finite(2f64.powi(-scale_log2)), false)
            }
            FeatureEncoding::Ordered { dtype, missing } => {
                let name = match dtype {
                    DType::F32 => "float32",
                    DType::F64 => "float64",
                    DType::I64 => "int64",
                };
                ("ordered", Some(name.to_owned()), None, missing)
            }
        };
        FieldView {
            index,
            encoding: encoding.to_owned(),
            dtype,
            lo: finite(input.decode(index, run.lo)),
            hi: finite(input.decode(index, run.hi)),
            step,
            missing,
        }
    };
    let outputs = schema.outputs.iter().map(|output| OutputSchemaView {
        name: output.name.clone(),
        len: output.len,
        is_label: output.is_label,
        classes: class_names(output),
        scale_log2: output.scale_log2,
    });
    Ok(SchemaView {
        checked: true,
        source: source.to_owned(),
        inputs: runs.enumerate().take(MAX_FIELDS).map(field).collect(),
        outputs: outputs.collect(),
    })
}
