//! The tabs to try a row and to check a proof.

use askama::Template;
use nilometer_transpiler::decision::arg_max;

use super::form::TryForm;
use super::model::{Head, ModelPage};
use super::parts::{self, Html};
use super::shell::{pager, Shell};
use super::{icons, Rendered};
use crate::described::Described;
use crate::draw::bars::{self, Bar};
use crate::draw::tree::Forest;
use crate::view::{
    FeatureText, FieldView, OutputView, Page, Prediction, ProofView, SchemaView, Verification,
    VersionView,
};

/// The most numbers that a page lists.
const MAX_LINES: usize = 200;

/// A field of the form.
struct Field {
    index: usize,
    name: String,
    value: String,
    lo: Option<f64>,
    hi: Option<f64>,
    sample_lo: f64,
    sample_hi: f64,
    missing: bool,
    hint: String,
}

struct FormView {
    fields: Vec<Field>,
    row: String,
    tree: usize,
}

/// A line of a table of results.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) integer: String,
}

struct DrawnTree {
    svg: Html,
    caption: String,
    steps: Vec<String>,
}

struct Answer<'a> {
    prediction: &'a Prediction,
    title: &'static str,
    headline: Html,
    charts: Vec<Html>,
    tree: Option<DrawnTree>,
    lines: Vec<Line>,
    left_out: usize,
}

#[derive(Template)]
#[template(path = "try.html")]
struct TryIt<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    version: &'a VersionView,
    schema: Option<&'a SchemaView>,
    has_example: bool,
    form: FormView,
    trees: usize,
    problem: Option<&'a str>,
    answer: Option<Answer<'a>>,
    icon: Html,
}

/// The tab to try a model: the form, and what came of it if it was sent.
///
/// # Errors
/// The template fails.
pub fn try_it(
    page: ModelPage<'_>,
    version: &VersionView,
    schema: Option<&SchemaView>,
    described: &Described,
    form: &TryForm,
    outcome: Option<&Result<Prediction, String>>,
) -> Rendered {
    let forest = described.graph.as_deref().and_then(Forest::of);
    let fields = schema.map_or(&[][..], |schema| &schema.inputs);
    let example = example(fields, &described.view.example);
    let texts = &described.view.features;
    let texts = if texts.len() == fields.len() { &texts[..] } else { &[] };
    let view = FormView {
        fields: fields
            .iter()
            .enumerate()
            .map(|(i, field)| self::field(field, texts.get(i), example.get(i).copied(), form))
            .collect(),
        row: form.row.clone(),
        tree: form.tree.max(1),
    };
    let answer = outcome.and_then(|outcome| outcome.as_ref().ok());
    TryIt {
        shell: page.shell(),
        page: page.head("try"),
        version,
        schema,
        has_example: !example.is_empty(),
        trees: forest.as_ref().map_or(0, Forest::len),
        problem: outcome.and_then(|outcome| outcome.as_ref().err()).map(String::as_str),
        answer: answer.map(|prediction| self::answer(prediction, forest.as_ref(), view.tree)),
        form: view,
        icon: Html::trusted(icons::NODE),
    }
    .render()
}

/// The publisher's example, if it is a row that the form accepts.
fn example<'a>(fields: &[FieldView], row: &'a [Option<f64>]) -> &'a [Option<f64>] {
    let fits = |(field, value): (&FieldView, &Option<f64>)| match value {
        None => field.missing,
        Some(value) => {
            field.lo.is_none_or(|lo| lo <= *value) && field.hi.is_none_or(|hi| *value <= hi)
        }
    };
    let is_row = row.len() == fields.len() && fields.iter().zip(row).all(fits);
    if is_row {
        row
    } else {
        &[]
    }
}

/// A field with what the publisher calls it, and the example's value for it.
fn field(
    field: &FieldView,
    text: Option<&FeatureText>,
    example: Option<Option<f64>>,
    form: &TryForm,
) -> Field {
    let wide = |value: f64| value.abs() > 1e30;
    let lo = field.lo.filter(|lo| lo.is_finite() && !wide(*lo));
    let hi = field.hi.filter(|hi| hi.is_finite() && !wide(*hi));
    // Without an example, values near zero, where most features are.
    let (sample_lo, sample_hi) =
        (lo.unwrap_or(0.0), hi.unwrap_or(lo.unwrap_or(0.0).max(0.0) + 10.0));
    let start =
        if sample_lo <= 0.0 && 0.0 <= sample_hi { 0.0 } else { (sample_lo + sample_hi) / 2.0 };
    let start = match example {
        Some(Some(value)) => value.to_string(),
        Some(None) => String::new(),
        None => start.to_string(),
    };
    let entered = form.values.get(field.index).filter(|value| !value.is_empty());
    let range = match (lo, hi) {
        (Some(lo), Some(hi)) => format!("{} to {}", parts::number(lo), parts::number(hi)),
        (Some(lo), None) => format!("from {}", parts::number(lo)),
        (None, Some(hi)) => format!("up to {}", parts::number(hi)),
        (None, None) => "any number".to_owned(),
    };
    let unit = text.map(|text| parts::plain(&text.unit)).filter(|unit| !unit.trim().is_empty());
    let range = unit.map_or(range.clone(), |unit| format!("{unit}, {range}"));
    let name = text.map(|text| parts::plain(&text.name)).filter(|name| !name.trim().is_empty());
    Field {
        index: field.index,
        name: name.unwrap_or_else(|| format!("x{}", field.index)),
        value: entered.cloned().unwrap_or(start),
        lo,
        hi,
        sample_lo,
        sample_hi,
        missing: field.missing,
        hint: if field.missing { format!("{range}, or empty") } else { range },
    }
}

fn answer<'a>(prediction: &'a Prediction, forest: Option<&Forest<'_>>, tree: usize) -> Answer<'a> {
    let (lines, left_out) = lines(&prediction.outputs);
    let path_of = |index: usize| {
        let steps = prediction.paths.get(index)?;
        Some(steps.iter().map(|step| step.node).collect::<Vec<_>>())
    };
    let tree = forest.and_then(|forest| {
        let index = tree.min(forest.len()) - 1;
        let path = path_of(index).filter(|path| !path.is_empty() && forest.is_path(index, path))?;
        let steps = forest.steps(index, &path[..path.len().min(MAX_LINES)]);
        let leaf = steps.last().cloned().unwrap_or_default();
        let which = match forest.len() {
            1 => String::new(),
            count => format!("Tree {} of {count}. ", index + 1),
        };
        Some(DrawnTree {
            svg: Html::trusted(forest.draw(index, &path, "path-taken")),
            caption: match path.len() - 1 {
                1 => format!("{which}One decision leads to {leaf}."),
                count => format!("{which}{count} decisions lead to {leaf}."),
            },
            steps,
        })
    });
    let title = match &prediction.label {
        Some(_) => "The model decides",
        None if is_list(&prediction.outputs) => "The largest of its outputs",
        None => "The model answers",
    };
    Answer {
        title,
        headline: headline(prediction.label.as_deref(), &prediction.outputs),
        charts: charts(&prediction.outputs, prediction.label.as_deref()),
        prediction,
        tree,
        lines,
        left_out,
    }
}

/// Whether there is one list of numbers, such as a score for each class.
fn is_list(outputs: &[OutputView]) -> bool {
    matches!(outputs, [output] if output.values.len() > 1)
}

/// The label, the largest of a list, or the first number.
fn headline(label: Option<&str>, outputs: &[OutputView]) -> Html {
    match label {
        // A bare number reads as a value.
        Some(label) if label.parse::<i64>().is_ok() => {
            return parts::name(&format!("class {label}"))
        }
        Some(label) => return parts::name(label),
        None => {}
    }
    if let ([output], true) = (outputs, is_list(outputs)) {
        let best = arg_max(&output.values);
        let name = output.classes.get(best).cloned();
        return parts::name(&name.unwrap_or_else(|| format!("{}[{best}]", output.name)));
    }
    let first = outputs.iter().find_map(|output| output.values.first());
    match first.or(None) {
        Some(value) => parts::name(&parts::number(*value)),
        None => {
            let integer = outputs.iter().find_map(|output| output.integers.first());
            parts::name(integer.map_or("nothing", String::as_str))
        }
    }
}

/// A picture of each output that has more than one number.
fn charts(outputs: &[OutputView], label: Option<&str>) -> Vec<Html> {
    let drawn = outputs
        .iter()
        .enumerate()
        .filter(|(_, output)| output.values.len() > 1 && !output.is_label);
    let chart = |(i, output): (usize, &OutputView)| {
        let best = arg_max(&output.values);
        let names = class_names(outputs, output);
        // With a label of its own the model may decide otherwise than by the largest number.
        let chosen =
            label.and_then(|label| names.iter().position(|name| name == label)).unwrap_or(best);
        let bars: Vec<_> = output
            .values
            .iter()
            .enumerate()
            .map(|(k, value)| Bar {
                name: names.get(k).cloned().unwrap_or_else(|| format!("{k}")),
                value: *value,
                chosen: k == chosen,
            })
            .collect();
        let title = format!("{}: {} numbers", parts::plain(&output.name), bars.len());
        Html::trusted(bars::draw(&format!("chart-{i}"), &title, &bars))
    };
    drawn.take(4).map(chart).collect()
}

/// The names of an output's elements: its own, or those of a label as long as it.
fn class_names(outputs: &[OutputView], output: &OutputView) -> Vec<String> {
    if output.classes.len() == output.values.len() {
        return output.classes.clone();
    }
    let label = outputs.iter().find(|o| o.is_label && o.classes.len() == output.values.len());
    label.map(|label| label.classes.clone()).unwrap_or_default()
}

/// The numbers of results, and how many more there are.
pub(super) fn lines(outputs: &[OutputView]) -> (Vec<Line>, usize) {
    let total: usize = outputs.iter().map(|output| output.integers.len()).sum();
    let line = |output: &OutputView, k: usize| {
        let name = match output.integers.len() {
            1 => output.name.clone(),
            _ => format!("{}[{k}]", output.name),
        };
        let value = match output.values.get(k) {
            Some(value) if output.is_label => output
                .classes
                .get(*value as usize)
                .cloned()
                .unwrap_or_else(|| parts::number(*value)),
            Some(value) => parts::number(*value),
            None => String::new(),
        };
        let value = parts::plain(&value);
        Line { name, value, integer: output.integers.get(k).cloned().unwrap_or_default() }
    };
    let each =
        outputs.iter().flat_map(|output| (0..output.integers.len()).map(move |k| (output, k)));
    let lines: Vec<_> = each.take(MAX_LINES).map(|(output, k)| line(output, k)).collect();
    let left_out = total - lines.len();
    (lines, left_out)
}

struct Verdict<'a> {
    verification: &'a Verification,
    headline: Html,
    icon: Html,
    ms: String,
    input: String,
    lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "proofs.html")]
struct Proofs<'a> {
    shell: Shell<'a>,
    page: Head<'a>,
    version: Option<&'a VersionView>,
    problem: Option<&'a str>,
    verdict: Option<Verdict<'a>>,
    records: &'a Page<ProofView>,
    pager: Html,
}

/// The tab of proofs: the upload, and what came of it if there was one; and what is recorded.
///
/// # Errors
/// The template fails.
pub fn proofs(
    page: ModelPage<'_>,
    version: Option<&VersionView>,
    records: &Page<ProofView>,
    outcome: Option<&Result<Verification, String>>,
) -> Rendered {
    let id = page.model.summary.id;
    let verdict = outcome.and_then(|outcome| outcome.as_ref().ok()).map(|verification| Verdict {
        verification,
        headline: headline(verification.label.as_deref(), &verification.outputs),
        icon: Html::trusted(verification.trust.map_or(icons::TICK, icons::trust)),
        ms: format!("{:.1}", verification.verify_ms),
        input: parts::row(&verification.input),
        lines: lines(&verification.outputs).0,
    });
    Proofs {
        shell: page.shell(),
        page: page.head("proofs"),
        version,
        problem: outcome.and_then(|outcome| outcome.as_ref().err()).map(String::as_str),
        verdict,
        records,
        pager: pager(records.page, records.n_pages(), |n| format!("/models/{id}/proofs?page={n}"))?,
    }
    .render()
}
