//! Trying a model: a row in natural units to the contract and back.

use nilometer_starknet::{registry, Felt};
use nilometer_transpiler::graph::DType;
use nilometer_transpiler::quant::{KeyTest, QuantGraph, QuantOp, QuantTreeNode};
use nilometer_transpiler::schema::{FeatureEncoding, Schema};
use starknet_types_core::hash::{Poseidon, StarkHash};

use crate::app::{bad_request, Answer, App};
use crate::store::hex;
use crate::view::{Decoded, Prediction, TreeStep, VersionView};

/// The most trees whose paths are returned.
const MAX_PATHS: usize = 256;

impl App {
    /// Asks a version's contract about a row; none for missing values.
    ///
    /// # Errors
    /// The row or the contract refuses, or the node fails.
    pub async fn predict(
        &self,
        version: &VersionView,
        row: Vec<Option<f64>>,
    ) -> Answer<Prediction> {
        let (schema, _) = self.checked_schema(version).await?;
        let input = schema.input().map_err(bad_request)?;
        let values: Vec<f64> = row.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
        representable(&schema, &values).map_err(bad_request)?;
        let encoded = input.encode(&values).map_err(bad_request)?;
        let felts: Vec<Felt> = encoded.iter().map(|&integer| Felt::from(integer)).collect();
        let (output, block) = self.ask(version, &felts).await?;
        let decoded = Decoded::of(Some(&schema), &output);
        let described = self.description(version).await?;
        let (mut paths, mut matches_description) = (Vec::new(), None);
        if let Some(graph) = described.graph.clone() {
            let row = encoded.clone();
            // A graph's ranges are proved, so nothing overflows; a defect there must not be felt here.
            let run = tokio::task::spawn_blocking(move || explain(&graph, &row)).await;
            if let Ok(Some((expected, taken))) = run {
                let expected: Vec<Felt> = expected.into_iter().map(Felt::from).collect();
                matches_description = Some(expected == output);
                paths = taken;
            }
        }
        let model = self.model(version.model_id).await?;
        let report = described.view.report.as_ref();
        Ok(Prediction {
            model_id: version.model_id,
            version: version.version,
            contract: version.contract.clone(),
            input: row,
            input_int: encoded.iter().map(ToString::to_string).collect(),
            input_hash: hex(&Poseidon::hash_array(&felts)),
            outputs: decoded.outputs,
            output_hash: hex(&Poseidon::hash_array(&output)),
            label: decoded.label,
            block,
            gas_l2: report.and_then(|report| report["cost"]["l2_gas"].as_u64()),
            price: model.map(|model| model.summary.price).unwrap_or_default(),
            paths,
            matches_description,
            evidence: "Simulated by the node and not verified: no transaction was sent. A paid call is executed on chain, \
                       where everyone can check it."
                .to_owned(),
        })
    }

    async fn ask(&self, version: &VersionView, input: &[Felt]) -> Answer<(Vec<Felt>, Option<u64>)> {
        let contract = crate::app::felt(&version.contract)?;
        let output = self.node(registry::predict(self.chain(), contract, input)).await?;
        if output.len() > 1 << 16 {
            return Err(bad_request("the contract's answer is too long"));
        }
        Ok((output, self.tip()))
    }
}

/// Whether every value fits the type in which the model takes it; larger ones would become infinite.
fn representable(schema: &Schema, row: &[f64]) -> Result<(), String> {
    let runs = schema.inputs.iter().flat_map(|run| std::iter::repeat_n(run.encoding, run.count));
    for (index, (encoding, &value)) in runs.zip(row).enumerate() {
        let FeatureEncoding::Ordered { dtype, .. } = encoding else { continue };
        let (fits, name) = match dtype {
            DType::F32 => (value.is_nan() || (value as f32).is_finite(), "float32"),
            DType::F64 => (!value.is_infinite(), "float64"),
            DType::I64 => (value.is_nan() || value.abs() < 2f64.powi(63), "int64"),
        };
        if !fits {
            return Err(format!("feature {index} is {value:e}, which is too large for a {name}"));
        }
    }
    Ok(())
}

/// What the description's graph gives, and the paths through its trees; none for a row that it does not take.
fn explain(graph: &QuantGraph, row: &[i128]) -> Option<(Vec<i128>, Vec<Vec<TreeStep>>)> {
    let fits = row.len() == graph.input_len()
        && graph.input.ranges.iter().zip(row).all(|(range, integer)| range.contains(*integer));
    if !fits {
        return None;
    }
    let values = graph.values(row);
    let outputs: Vec<i128> =
        graph.outputs.iter().flat_map(|output| values[output.value].iter().copied()).collect();
    let mut paths = Vec::new();
    for node in &graph.nodes {
        let (QuantOp::Trees(trees), Some(&operand)) = (&node.op, node.inputs.first()) else {
            continue;
        };
        for tree in trees.trees.iter().take(MAX_PATHS - paths.len()) {
            paths.push(path(graph, tree, &values[operand], trees.missing, operand == 0));
        }
    }
    Some((outputs, paths))
}

fn path(
    graph: &QuantGraph,
    tree: &nilometer_transpiler::quant::QuantTree,
    keys: &[i128],
    missing: Option<i128>,
    tests_input: bool,
) -> Vec<TreeStep> {
    let mut steps = Vec::new();
    let mut at = 0;
    loop {
        match &tree.nodes[at] {
            QuantTreeNode::Leaf(_) => {
                steps.push(TreeStep {
                    node: at,
                    feature: None,
                    threshold: None,
                    test: None,
                    holds: None,
                });
                return steps;
            }
            QuantTreeNode::Branch(branch) => {
                let holds = branch.test.holds(keys[branch.feature], missing);
                let natural = |key: i128| {
                    let is_input = tests_input && branch.feature < graph.input_len();
                    let value = is_input.then(|| graph.input.decode(branch.feature, key));
                    value.filter(|value| value.is_finite())
                };
                let (threshold, test) = match &branch.test {
                    KeyTest::AtMost { bound, .. } => (natural(*bound), "<="),
                    KeyTest::OneOf(keys) if keys.len() == 1 => (natural(keys[0]), "=="),
                    KeyTest::OneOf(_) => (None, "in"),
                };
                steps.push(TreeStep {
                    node: at,
                    feature: Some(branch.feature),
                    threshold,
                    test: Some(test.to_owned()),
                    holds: Some(holds),
                });
                at = if holds { branch.on_true } else { branch.on_false };
            }
        }
    }
}
