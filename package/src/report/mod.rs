//! The accuracy report: how close the integer model is to the float model, where it rounds, and what
//! it costs. The same model and settings give the same bytes.

pub mod layers;
mod markdown;
mod outputs;
mod rounding;
pub mod trials;

use std::collections::BTreeMap;

use nilometer_transpiler::cost::Steps;
use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::emit::Shape;
use nilometer_transpiler::graph::{Graph, Op};
use nilometer_transpiler::plan::{Plan, RangeSource, Warning};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::{FeatureEncoding, Schema};
use serde::Serialize;

use crate::folder::ContractSize;
use crate::Error;
use layers::Layer;
use outputs::OutputReport;
use rounding::Rounding;
use trials::TrialRow;

pub use markdown::{model_card, report as markdown, CardContext};

/// All of the report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The package's name.
    pub name: String,
    /// `mlp_classifier`, `tree_regressor`, ….
    pub kind: String,
    /// The model's identity.
    pub model_hash: String,
    /// The program's identity.
    pub program_hash: String,
    /// What agreement is counted on.
    pub decision: String,
    /// Agreement with the float model.
    pub accuracy: AccuracyReport,
    /// Why the calibration rows may not show how accurate the model is.
    pub warnings: Vec<Warning>,
    /// A proved bound on the error of every output for every accepted row, where one is known.
    pub max_abs_error_bound: Option<f64>,
    /// Each output by itself.
    pub outputs: Vec<OutputReport>,
    /// Which rows are accepted, and how they become integers.
    pub input: InputReport,
    /// The dense layers.
    pub layers: Vec<Layer>,
    /// What rounds, and where.
    pub rounding: Vec<Rounding>,
    /// The precisions that were tried.
    pub trials: Vec<TrialRow>,
    /// What a run takes.
    pub cost: CostReport,
    /// The Starknet contract.
    pub contract: ContractSize,
}

/// Agreement on some rows.
#[derive(Clone, Debug, Serialize)]
pub struct AccuracyReport {
    /// `calibration`, or `synthetic` where no calibration rows were given.
    pub source: &'static str,
    /// Rows compared.
    pub rows: usize,
    /// Rows that the integer model refuses: they are outside of the declared range.
    pub refused: usize,
    /// Accepted rows whose decision differs.
    pub flips: Option<usize>,
    /// Share of the accepted rows whose decision is the same; none where the model decides nothing.
    pub agreement: Option<f64>,
    /// The largest difference of any number.
    pub max_abs_error: f64,
    /// The same as a share of the range of the float outputs: of each number where nothing is decided.
    pub relative_error: f64,
}

/// The declared input.
#[derive(Clone, Debug, Serialize)]
pub struct InputReport {
    /// Features in a row.
    pub features: usize,
    /// Where the declared range comes from.
    pub range_source: RangeSource,
    /// The features, runs of alike ones together.
    pub ranges: Vec<RangeReport>,
}

/// Consecutive features that are declared alike.
#[derive(Clone, Debug, Serialize)]
pub struct RangeReport {
    /// The first feature.
    pub first: usize,
    /// How many.
    pub count: usize,
    /// How they are encoded.
    pub encoding: FeatureEncoding,
    /// The smallest value accepted.
    pub lo: f64,
    /// The largest value accepted.
    pub hi: f64,
}

/// What a run takes.
#[derive(Clone, Debug, Serialize)]
pub struct CostReport {
    /// VM steps of the most expensive row that was run.
    pub steps: u64,
    /// How many rows were run.
    pub measured_rows: usize,
    /// Rows of the trace: the steps padded to a power of two.
    pub trace_rows: u64,
    /// Instances of builtins in that run.
    pub builtins: BTreeMap<&'static str, usize>,
    /// Estimated L2 gas of the computation on chain.
    pub l2_gas: u64,
    /// The cost model's steps by purpose.
    pub estimated_steps: Steps,
    /// Felts of the program's code.
    pub program_felts: usize,
}

/// What the report is made from.
pub struct Sources<'a> {
    /// The package's name.
    pub name: &'a str,
    /// The float model.
    pub float: &'a Graph,
    /// The plan.
    pub plan: &'a Plan,
    /// The calibration rows, if there are any.
    pub calibration: Option<&'a [Vec<f64>]>,
    /// The model's hash.
    pub model_hash: String,
    /// The program's hash.
    pub program_hash: String,
    /// What a run takes.
    pub cost: CostReport,
    /// The contract.
    pub contract: ContractSize,
    /// How the model is written down.
    pub shape: Shape,
}

impl Report {
    /// Writes the report down.
    ///
    /// # Errors
    /// A calibration row that the float model refuses.
    pub fn new(sources: Sources<'_>) -> Result<Self, Error> {
        let Sources {
            name,
            float,
            plan,
            calibration,
            model_hash,
            program_hash,
            cost,
            contract,
            shape,
        } = sources;
        let graph = &plan.graph;
        Ok(Self {
            name: name.to_owned(),
            kind: kind(float, plan.decision),
            model_hash,
            program_hash,
            decision: decision(graph, plan.decision),
            accuracy: AccuracyReport::new(plan, calibration.is_some()),
            warnings: plan.warnings.clone(),
            max_abs_error_bound: outputs::error_bound(graph),
            outputs: outputs::outputs(float, graph, calibration)?,
            input: InputReport::new(plan),
            layers: layers::layers(graph, shape),
            rounding: rounding::rounding(graph),
            trials: trials::rows(&plan.trials),
            cost,
            contract,
        })
    }

    /// The report as JSON.
    ///
    /// # Errors
    /// A number that JSON cannot hold.
    pub fn json(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl AccuracyReport {
    fn new(plan: &Plan, calibrated: bool) -> Self {
        let accuracy = plan.accuracy;
        let decides = plan.decision != Decision::None;
        Self {
            source: if calibrated { "calibration" } else { "synthetic" },
            rows: accuracy.rows,
            refused: accuracy.refused,
            flips: decides.then_some(accuracy.flips),
            agreement: decides.then_some(accuracy.agreement),
            max_abs_error: accuracy.max_abs_error,
            relative_error: accuracy.relative_error,
        }
    }
}

impl InputReport {
    fn new(plan: &Plan) -> Self {
        let (graph, range_source) = (&plan.graph, plan.range_source);
        let mut first = 0;
        let ranges = Schema::of(graph).inputs.into_iter().map(|run| {
            let (lo, hi) = (graph.input.decode(first, run.lo), graph.input.decode(first, run.hi));
            let range = RangeReport { first, count: run.count, encoding: run.encoding, lo, hi };
            first += run.count;
            range
        });
        Self { ranges: ranges.collect(), features: graph.input_len(), range_source }
    }
}

/// What kind of model it is: dense layers count where the input reaches them past no trees.
pub fn kind(float: &Graph, decision: Decision) -> String {
    let mut sees_input = vec![false; float.nodes.len()];
    let (mut trees, mut dense) = (0, 0);
    for (id, node) in float.nodes.iter().enumerate() {
        let reached = node.inputs.iter().any(|&input| sees_input[input]);
        match node.op {
            Op::Trees(_) => trees += 1,
            Op::Dense { .. } if reached => dense += 1,
            _ => {}
        }
        let is_input = matches!(node.op, Op::Input);
        sees_input[id] = is_input || (reached && !matches!(node.op, Op::Trees(_)));
    }
    let family = match (trees, dense) {
        (0, 0) => "function",
        (0, 1) => "linear",
        (0, _) => "mlp",
        (_, 0) => "tree",
        _ => "mixed",
    };
    let task = match (decision, family) {
        // Scalers and the like: they predict nothing.
        (Decision::None, "function") => "transformer",
        (Decision::None, _) => "regressor",
        _ => "classifier",
    };
    format!("{family}_{task}")
}

/// What steps are spent on, without what takes none.
pub fn purposes(steps: &Steps) -> Vec<(&'static str, u64)> {
    let all = [
        ("input and output", steps.io),
        ("products", steps.products),
        ("lane splitting", steps.splitting),
        ("rescaling", steps.rescaling),
        ("activations and decisions", steps.activation),
        ("trees", steps.trees),
    ];
    all.into_iter().filter(|(_, steps)| *steps > 0).collect()
}

/// What agreement is counted on, in words.
pub fn decision(graph: &QuantGraph, decision: Decision) -> String {
    let name = |index: usize| &graph.outputs[index].name;
    match decision {
        Decision::Label(output) => format!("the label output `{}`", name(output)),
        Decision::ArgMax(output) => format!("the largest element of `{}`", name(output)),
        Decision::Probability(output) => format!("whether `{}` exceeds 0.5", name(output)),
        Decision::Threshold { output, element, above } => {
            let many = graph.nodes[graph.outputs[output].value].ranges.len() > 1;
            let element = if many { format!("[{element}]") } else { String::new() };
            format!("whether `{}{element}` exceeds {above}", name(output))
        }
        Decision::None => "nothing: the model predicts numbers".to_owned(),
    }
}
