//! A service with a few models, held in memory, for the pages to be looked at in a browser: two examples of this
//! repository, many small ones, and one whose publisher means harm.

use std::path::Path;
use std::sync::Arc;

use nilometer_explorer::pages::{self, Answer, Described, Service};
use nilometer_explorer::view::*;
use nilometer_explorer::{described, markdown};
use nilometer_transpiler::plan::{self, PlanOptions};
use nilometer_transpiler::quant::{Encoding, QuantGraph, Range};
use nilometer_transpiler::{onnx, passes};

use crate::{answers, samples};

/// A model of the world.
pub struct Sample {
    pub detail: ModelDetail,
    pub graph: Option<Arc<QuantGraph>>,
    pub description: DescriptionView,
    pub schema: Option<SchemaView>,
}

/// The service.
#[derive(Clone)]
pub struct World(pub Arc<Vec<Sample>>);

/// Quantises an example.
pub fn graph(path: &str) -> QuantGraph {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(path);
    let graph = passes::simplify(onnx::import(&std::fs::read(path).unwrap()).unwrap());
    // Any precision will do.
    let options = PlanOptions {
        input_range: Some((-100.0, 100.0)),
        bits: Some(12),
        max_loss: 1.0,
        ..PlanOptions::default()
    };
    plan::plan(&graph, None, &options).unwrap().graph
}

/// What a graph's input and outputs are.
pub fn schema(graph: &QuantGraph) -> SchemaView {
    let input = |(index, range): (usize, &Range)| {
        let (encoding, dtype, step, missing) = match &graph.input.encoding {
            Encoding::Fixed { scale_log2 } => {
                ("fixed", None, Some(2f64.powi(-scale_log2[index])), false)
            }
            Encoding::Ordered { missing, .. } => {
                ("ordered", Some("float32".to_owned()), None, *missing)
            }
        };
        let natural = |key| Some(graph.input.decode(index, key)).filter(|value| value.is_finite());
        let (lo, hi) = (natural(range.lo), natural(range.hi));
        FieldView { index, encoding: encoding.to_owned(), dtype, lo, hi, step, missing }
    };
    let outputs = answers::outputs(graph, &vec![0; graph.output_len()]);
    SchemaView {
        checked: true,
        source: "contract".to_owned(),
        inputs: graph.input.ranges.iter().enumerate().map(input).collect(),
        outputs: outputs
            .into_iter()
            .zip(&graph.outputs)
            .map(|(output, of)| OutputSchemaView {
                len: output.integers.len(),
                name: output.name,
                is_label: output.is_label,
                classes: output.classes,
                scale_log2: graph.nodes[of.value].scale_log2,
            })
            .collect(),
    }
}

impl World {
    fn sample(&self, id: u64) -> Option<&Sample> {
        self.0.iter().find(|sample| sample.detail.summary.id == id)
    }

    fn of(&self, version: &VersionView) -> &Sample {
        self.sample(version.model_id).expect("versions are those of models")
    }
}

fn page<T>(items: Vec<T>, page: u32, per_page: u32) -> Page<T> {
    let total = items.len() as u64;
    let items = items.into_iter().skip(((page - 1) * per_page) as usize).take(per_page as usize);
    Page { items: items.collect(), total, page, per_page }
}

impl Service for World {
    async fn status(&self) -> Answer<Status> {
        Ok(samples::status(self.0.len() as u64))
    }

    async fn models(&self, query: ListQuery) -> Answer<Page<ModelSummary>> {
        let word = query.q.to_lowercase();
        let fits = |model: &ModelSummary| {
            (word.is_empty() || model.name.to_lowercase().contains(&word) || model.owner == word)
                && (query.kind.is_empty() || model.family == query.kind)
                && (query.owner.is_empty() || model.owner == query.owner)
                && query.trust().is_none_or(|trust| model.activity.of(trust) > 0)
                && query.price().is_none_or(|price| model.price.is_zero() == (price == Price::Free))
        };
        let mut found: Vec<_> =
            self.0.iter().map(|sample| sample.detail.summary.clone()).filter(fits).collect();
        if query.sort() == Sort::Name {
            found.sort_by(|a, b| a.name.cmp(&b.name));
        }
        Ok(page(found, query.page(), query.per_page()))
    }

    async fn facets(&self) -> Answer<Facets> {
        let facet = |value: &str, count| Facet { value: value.to_owned(), count };
        Ok(Facets {
            families: vec![facet("mlp", 27), facet("tree", 3), facet(samples::HOSTILE, 1)],
            tasks: vec![facet("classifier", 30)],
            licences: vec![facet("MIT", 30), facet(samples::HOSTILE, 1)],
        })
    }

    async fn model(&self, id: u64) -> Answer<Option<ModelDetail>> {
        Ok(self.sample(id).map(|sample| sample.detail.clone()))
    }

    async fn description(&self, version: &VersionView) -> Answer<Described> {
        let sample = self.of(version);
        let (view, graph) = (sample.description.clone(), sample.graph.clone());
        let card = view.card.as_deref().map(|card| markdown::render(card).into());
        let read = described::Described { view, graph, schema: None, program: None };
        Ok(Described { read: Arc::new(read), card })
    }

    async fn schema(&self, version: &VersionView) -> Answer<Option<SchemaView>> {
        Ok(self.of(version).schema.clone())
    }

    async fn contract(&self, version: &VersionView) -> Answer<ContractView> {
        Ok(answers::contract(version))
    }

    async fn claims(
        &self,
        model_id: Option<u64>,
        status: Option<ClaimStatus>,
        number: u32,
    ) -> Answer<Page<ClaimView>> {
        let claims = (1..=6).map(|id| answers::claim(&self.0, id)).filter(|claim| {
            model_id.is_none_or(|id| id == claim.model_id)
                && status.is_none_or(|status| status == claim.status)
        });
        Ok(page(claims.collect(), number, 25))
    }

    async fn claim(&self, id: u64) -> Answer<Option<ClaimView>> {
        Ok((1..=6).contains(&id).then(|| answers::claim(&self.0, id)))
    }

    async fn proofs(&self, model_id: u64, number: u32) -> Answer<Page<ProofView>> {
        let proofs = if model_id <= 2 { answers::proofs(model_id) } else { Vec::new() };
        Ok(page(proofs, number, 25))
    }

    async fn calls(&self, model_id: u64, number: u32) -> Answer<Page<CallView>> {
        let sample = self.sample(model_id).expect("asked of models only");
        Ok(page(answers::calls(sample), number, 25))
    }

    async fn usage(&self, model_id: u64) -> Answer<Usage> {
        Ok(answers::usage(self.sample(model_id).expect("asked of models only")))
    }

    async fn account(&self, address: &str, number: u32) -> Answer<Option<AccountView>> {
        Ok(address.starts_with("0x").then(|| answers::account(address, number)))
    }

    async fn predict(&self, version: &VersionView, row: Vec<Option<f64>>) -> Answer<Prediction> {
        let sample = self.of(version);
        let graph = sample.graph.as_ref().expect("only models with graphs are tried");
        answers::prediction(sample, graph, row)
    }

    async fn verify(&self, version: &VersionView, proof: Vec<u8>) -> Answer<Verification> {
        Ok(answers::verification(self.of(version), &proof))
    }

    fn network(&self) -> &str {
        "devnet"
    }
}

/// Serves the world on a port of its own, with the headers that the explorer sends.
pub async fn serve() -> String {
    use axum::http::{header, HeaderValue};
    use tower_http::set_header::SetResponseHeaderLayer;

    const POLICY: &str =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
        connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let policy = SetResponseHeaderLayer::overriding(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    let router = pages::router(World(Arc::new(samples::all()))).layer(policy);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}
