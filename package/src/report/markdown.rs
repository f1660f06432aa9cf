//! The report and the model card as Markdown: text from templates, numbers from here.

use handlebars::Handlebars;
use nilometer_transpiler::graph::{DType, Labels, OutputKind};
use nilometer_transpiler::plan::RangeSource;
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::schema::FeatureEncoding;
use serde::Serialize;
use serde_json::json;

use super::{trials, RangeReport, Report};
use crate::folder::Manifest;
use crate::gas;
use crate::numbers::{bytes, counts, or_dash, percent, short, thousands};
use crate::Error;

const REPORT: &str = include_str!("../../../templates/report.md.hbs");
const CARD: &str = include_str!("../../../templates/model_card.md.hbs");

/// Renders a template; every name that it uses must be there.
fn render(template: &str, context: &impl Serialize) -> Result<String, Error> {
    let mut engine = Handlebars::new();
    engine.set_strict_mode(true);
    engine.register_escape_fn(handlebars::no_escape);
    Ok(engine.render_template(template, context).map_err(Box::new)?)
}

/// The accuracy report.
///
/// # Errors
/// A template that does not render.
pub fn report(report: &Report) -> Result<String, Error> {
    let steps = &report.cost.estimated_steps;
    let total = steps.total().max(1);
    let purpose = |(name, steps): (&str, u64)| {
        json!([name, thousands(steps), percent(steps as f64 / total as f64)])
    };
    let output = |output: &super::OutputReport| {
        let errors = output.max_abs_errors.as_ref();
        let worst = errors.and_then(|errors| errors.iter().copied().reduce(f64::max));
        let kind = if output.is_label { "label" } else { "numbers" };
        json!([
            output.name,
            kind,
            output.len,
            output.scale_log2,
            or_dash(worst),
            or_dash(output.error_bound)
        ])
    };
    let context = json!({
        "name": report.name,
        "kind": report.kind.replace('_', " "),
        "model_hash": report.model_hash,
        "program_hash": report.program_hash,
        "decision": report.decision,
        "rows": thousands(report.accuracy.rows),
        "calibrated": report.accuracy.source == "calibration",
        "refused": report.accuracy.refused,
        "warnings": report.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "agreement": report.accuracy.agreement.map(percent),
        "flips": report.accuracy.flips,
        "max_abs_error": short(report.accuracy.max_abs_error),
        "relative_error": percent_of(report.accuracy.relative_error),
        "bound": report.max_abs_error_bound.map(short),
        "outputs": report.outputs.iter().map(output).collect::<Vec<_>>(),
        "ranges": ranges(&report.input.ranges),
        "range_source": range_source(report.input.range_source),
        "layers": report.layers.iter().map(|layer| json!([
            cell(&layer.name), format!("{}→{}", layer.inputs, layer.outputs), layer.weight_bits,
            layer.activation_bits, layer.accumulator_bits, layer.lanes,
        ])).collect::<Vec<_>>(),
        "rounding": report.rounding.iter().map(|rounding| json!([
            cell(&rounding.node), rounding.elements, rounding.what, or_dash(rounding.error_bound),
        ])).collect::<Vec<_>>(),
        "trials": report.trials.iter().map(|row| format!("| {} |", trials::cells(row).join(" | "))).collect::<Vec<_>>(),
        "purposes": super::purposes(steps).into_iter().map(purpose).collect::<Vec<_>>(),
        "estimated": thousands(steps.total()),
        "steps": thousands(report.cost.steps),
        "measured": match report.cost.measured_rows {
            1 => "one row".to_owned(),
            rows => format!("the most expensive of {rows} rows"),
        },
        "trace_rows": thousands(report.cost.trace_rows),
        "builtins": counts(&report.cost.builtins),
        "l2_gas": thousands(report.cost.l2_gas),
        "gas_source": gas::SOURCE,
        "bytecode": thousands(report.contract.bytecode_felts),
        "max_bytecode": thousands(report.contract.max_bytecode_felts),
        "class": report.contract.class_bytes.map(bytes),
        "max_class": bytes(report.contract.max_class_bytes),
        "fits": report.contract.within_limits,
    });
    render(REPORT, &context)
}

/// What the model card is made from.
pub struct CardContext<'a> {
    /// The manifest.
    pub manifest: &'a Manifest,
    /// The report.
    pub report: &'a Report,
    /// The integer model.
    pub graph: &'a QuantGraph,
}

/// The model card.
///
/// # Errors
/// A template that does not render.
pub fn model_card(card: &CardContext<'_>) -> Result<String, Error> {
    let CardContext { manifest, report, graph } = card;
    let outputs = graph.outputs.iter().map(|output| {
        let node = &graph.nodes[output.value];
        let (kind, classes) = match &output.kind {
            OutputKind::Label(labels) => ("label, as the index of its class", class_names(labels)),
            OutputKind::Numbers { classes: Some(labels) } => {
                ("numbers, one a class", class_names(labels))
            }
            OutputKind::Numbers { classes: None } => ("numbers", "-".to_owned()),
        };
        json!([cell(&output.name), node.ranges.len(), kind, node.scale_log2, classes])
    });
    let context = json!({
        "name": manifest.name,
        "kind": report.kind.replace('_', " "),
        "version": manifest.nilometer,
        "model_hash": manifest.model_hash,
        "program_hash": manifest.program_hash,
        "compiled_class_hash": manifest.contract.compiled_class_hash,
        "onnx_sha256": manifest.onnx.sha256,
        "pinned": manifest.settings.pinned_core_library,
        "n_inputs": manifest.n_inputs,
        "n_outputs": manifest.n_outputs,
        "input_name": cell(&graph.input.name),
        "ranges": ranges(&report.input.ranges),
        "range_source": range_source(report.input.range_source),
        "outputs": outputs.collect::<Vec<_>>(),
        "agreement": report.accuracy.agreement.map(percent),
        "rows": thousands(report.accuracy.rows),
        "calibrated": report.accuracy.source == "calibration",
        "max_abs_error": short(report.accuracy.max_abs_error),
        "bound": report.max_abs_error_bound.map(short),
        "steps": thousands(report.cost.steps),
        "l2_gas": thousands(report.cost.l2_gas),
        "bytecode": thousands(report.contract.bytecode_felts),
        "fits": report.contract.within_limits,
    });
    render(CARD, &context)
}

/// A name from the ONNX file, for a table's cell in code style.
fn cell(name: &str) -> String {
    let safe = |c: char| if c.is_control() || matches!(c, '|' | '`') { '_' } else { c };
    name.chars().map(safe).collect()
}

fn percent_of(share: f64) -> String {
    format!("{}%", short(share * 100.0))
}

/// The class names, as many as are readable.
fn class_names(labels: &Labels) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = (0..labels.len().min(SHOWN)).map(|i| cell(&labels.name(i))).collect();
    let more = if labels.len() > SHOWN { ", …" } else { "" };
    format!("{}{more}", names.join(", "))
}

/// The rows of the table of declared ranges.
fn ranges(ranges: &[RangeReport]) -> Vec<[String; 4]> {
    const SHOWN: usize = 100;
    let row = |range: &RangeReport| {
        let features = match range.count {
            1 => range.first.to_string(),
            count => format!("{} to {}", range.first, range.first + count - 1),
        };
        [features, encoding(range.encoding), short(range.lo), short(range.hi)]
    };
    let mut rows: Vec<_> = ranges.iter().take(SHOWN).map(row).collect();
    if ranges.len() > SHOWN {
        let rest = format!("… see `schema.json`: {} more", ranges.len() - SHOWN);
        rows.push([rest, String::new(), String::new(), String::new()]);
    }
    rows
}

fn encoding(encoding: FeatureEncoding) -> String {
    match encoding {
        FeatureEncoding::Fixed { scale_log2 } => format!("round(x · 2^{scale_log2})"),
        FeatureEncoding::Ordered { dtype, missing } => {
            let bits = match dtype {
                DType::F32 => "IEEE-754 single",
                DType::F64 => "IEEE-754 double",
                DType::I64 => "integer",
            };
            let missing = if missing { ", NaN for a missing value" } else { "" };
            format!("order-preserving integer of the {bits}{missing}")
        }
    }
}

/// Where the declared range comes from, in words.
fn range_source(source: RangeSource) -> &'static str {
    match source {
        RangeSource::Calibration => "the calibration rows, widened",
        RangeSource::Given => "`--input-range`",
        RangeSource::Default => "a default for standardised features: none was given",
        RangeSource::Everything => "the input's type, every value of it: the model only compares",
    }
}
