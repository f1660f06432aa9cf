//! Decisions and errors of the integer model against other outputs.

use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::graph::{Graph, OutputKind};
use serde::Serialize;

use super::classes::class_name;
use super::scores::Scores;
use super::Row;
use nilometer_package::numbers::or_dash;

/// Agreement over the rows that are accepted.
pub struct Comparison {
    /// Share of the accepted rows whose decision is the same, 0 where none is accepted; none where
    /// nothing is decided.
    pub agreement: Option<f64>,
    /// The largest difference of any number.
    pub max_abs_error: f64,
    /// The same as a share of the range of the output, or where nothing is decided, of the number.
    pub relative_error: f64,
    /// The accepted rows whose decision differs.
    pub flips: Vec<Flip>,
    /// The rows that are refused.
    pub refusals: Vec<Flip>,
}

/// A row whose decision differs, or that gets none.
#[derive(Clone, Debug, Serialize)]
pub struct Flip {
    /// Its number.
    pub row: usize,
    /// The decision that is wanted.
    pub expected: Option<String>,
    /// The integer model's.
    pub actual: Option<String>,
    /// How far apart the float model's two best scores are, where it has scores.
    pub margin: Option<f64>,
    /// Why the row was refused, if it was.
    pub refused: Option<String>,
}

impl Flip {
    /// The cells of a row of a table.
    pub fn cells(&self) -> Vec<String> {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let actual = match &self.refused {
            Some(reason) => format!("refused: {reason}"),
            None => text(&self.actual),
        };
        vec![self.row.to_string(), text(&self.expected), actual, or_dash(self.margin)]
    }
}

impl Comparison {
    /// Compares with `scores`, or else with the float model's outputs.
    pub fn new(float: &Graph, decision: Decision, rows: &[Row], scores: Option<&Scores>) -> Self {
        let decides = decision != Decision::None && scores.is_none_or(Scores::decides);
        let (mut flips, mut refusals) = (Vec::new(), Vec::new());
        let mut spread = Spread::new(float, decision);
        for (index, row) in rows.iter().enumerate() {
            let (expected, numbers) = match scores {
                Some(scores) => (scores.decision(index), scores.numbers_of(index)),
                None => (decision.decide(&row.float), numbers(float, &row.float)),
            };
            let fixed = row.fixed.as_ref().ok();
            let actual = fixed.and_then(|outputs| decision.decide(outputs));
            for (output, wanted) in numbers.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
                spread.see(output, wanted, fixed.map(|outputs| outputs[output].as_slice()));
            }
            let agrees = match (actual, scores) {
                _ if !decides => fixed.is_some(),
                // Several classes may share the largest score.
                (Some(actual), Some(scores)) => scores.agrees(index, actual),
                (actual, _) => actual == expected && actual.is_some(),
            };
            if !agrees {
                let name = |class: usize| class_name(float, decision, class);
                let rows = if fixed.is_some() { &mut flips } else { &mut refusals };
                rows.push(Flip {
                    row: index,
                    expected: expected.map(name),
                    actual: actual.map(name),
                    margin: margin(decision, float, &row.float),
                    refused: row.fixed.as_ref().err().cloned(),
                });
            }
        }
        let accepted = rows.len() - refusals.len();
        let share = (accepted - flips.len()) as f64 / accepted.max(1) as f64;
        let (max_abs_error, relative_error) = spread.worst();
        Self { agreement: decides.then_some(share), max_abs_error, relative_error, flips, refusals }
    }
}

/// The range that numbers take, and their largest error: for each number where nothing is decided,
/// or else for each output.
struct Spread {
    each_number: bool,
    /// `(lo, hi, largest error)`
    seen: Vec<Vec<(f64, f64, f64)>>,
}

impl Spread {
    fn new(float: &Graph, decision: Decision) -> Self {
        let each_number = decision == Decision::None;
        let nothing = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        let numbers = |output: &nilometer_transpiler::graph::Output| {
            vec![nothing; if each_number { float.nodes[output.value].len } else { 1 }]
        };
        Self { each_number, seen: float.outputs.iter().map(numbers).collect() }
    }

    fn see(&mut self, output: usize, wanted: &[f64], actual: Option<&[f64]>) {
        for (i, &number) in wanted.iter().enumerate() {
            let Some(seen) = self.seen[output].get_mut(if self.each_number { i } else { 0 }) else {
                continue;
            };
            let error = actual.and_then(|actual| actual.get(i)).map_or(0.0, |a| (a - number).abs());
            *seen = (seen.0.min(number), seen.1.max(number), seen.2.max(error));
        }
    }

    /// The largest error, and the largest as a share of its range.
    fn worst(&self) -> (f64, f64) {
        self.seen.iter().flatten().fold((0.0, 0.0), |(worst, share), &(lo, hi, error)| {
            let span = if hi > lo { hi - lo } else { 1.0 };
            (f64::max(worst, error), f64::max(share, error / span))
        })
    }
}

/// The numbers of each output; nothing for labels.
fn numbers<'a>(float: &Graph, outputs: &'a [Vec<f64>]) -> Vec<&'a [f64]> {
    let numbers = |(output, values): (&nilometer_transpiler::graph::Output, &'a Vec<f64>)| {
        match output.kind {
            OutputKind::Numbers { .. } => values.as_slice(),
            OutputKind::Label(_) => &[],
        }
    };
    float.outputs.iter().zip(outputs).map(numbers).collect()
}

/// How close the float model's decision was.
fn margin(decision: Decision, float: &Graph, outputs: &[Vec<f64>]) -> Option<f64> {
    let scores = match decision {
        Decision::ArgMax(output) => outputs[output].clone(),
        Decision::Threshold { output, element, above } => {
            return Some((outputs[output][element] - above).abs())
        }
        Decision::Probability(output) => return Some((outputs[output][0] - 0.5).abs()),
        Decision::Label(_) => numbers(float, outputs).into_iter().find(|n| n.len() > 1)?.to_vec(),
        Decision::None => return None,
    };
    let mut sorted = scores;
    sorted.sort_by(f64::total_cmp);
    match sorted.as_slice() {
        [.., second, first] => Some(first - second),
        _ => None,
    }
}
