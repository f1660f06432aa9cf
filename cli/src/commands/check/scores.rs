//! What `--expected` holds, and what it decides: outputs of the float model as another runtime computed them.
//!
//! Decided by the model's graph and the file's columns, said in the result, and settled by `--expected-is`:
//!
//! 1. one column whose values are all classes of the model: labels;
//! 2. as many columns as an output has numbers: that output, the first such one;
//! 3. as many columns as all outputs of numbers have together: those, side by side (skl2onnx's
//!    `zipmap="columns"`);
//! 4. one other column: labels, some of which the model does not know.
//!
//! Scores decide as the model itself does: by the largest, or by the threshold that its graph compares with.
//! Scores that the model does not decide by are compared as numbers only.

use std::ops::Range;

use anyhow::Result;
use nilometer_transpiler::decision::{arg_max, Decision};
use nilometer_transpiler::eval::sigmoid;
use nilometer_transpiler::graph::{Graph, Op, OutputKind, Unary, ValueId};

use super::classes::Classes;
use crate::failure::UsageError;
use crate::input::Array;

/// Outputs of the float model as another runtime computed them.
pub enum Scores {
    /// Numbers of one output of the model, or of several side by side.
    Numbers {
        /// Which outputs, and the columns of each.
        outputs: Vec<(usize, Range<usize>)>,
        /// How many outputs the model has.
        n_outputs: usize,
        /// One row of numbers per row.
        rows: Vec<Vec<f64>>,
        /// How they decide.
        rule: Rule,
    },
    /// The label, as the index of its class.
    Labels(Vec<Option<usize>>),
}

/// How a row of scores decides.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// By the largest of these columns.
    Largest(Range<usize>),
    /// By whether this column is above a threshold.
    Above(usize, f64),
    /// Not at all.
    Nothing,
}

impl Scores {
    /// Finds out what `array` holds; `wanted` settles it: `label`, `all` or the name of an output.
    ///
    /// # Errors
    /// It fits no output, or not the one that is named.
    pub fn new(
        array: &Array,
        float: &Graph,
        decision: Decision,
        wanted: Option<&str>,
    ) -> Result<Self> {
        let columns = array.columns();
        let name = array.path().display();
        let usage = |text: String| Err(UsageError(text).into());
        let classes = Classes::of(float, decision);
        let numbers: Vec<usize> = (0..float.outputs.len())
            .filter(|&index| matches!(float.outputs[index].kind, OutputKind::Numbers { .. }))
            .collect();
        if let Some(wanted) = wanted {
            let output = float.outputs.iter().position(|output| output.name == wanted);
            return match (wanted, output) {
                (_, Some(output)) if numbers.contains(&output) => {
                    Self::numbers(array, float, decision, &[output])
                }
                (_, Some(_)) | ("label", None) => Self::labels(array, &classes),
                ("all", None) => Self::numbers(array, float, decision, &numbers),
                _ => {
                    let names: Vec<_> = float.outputs.iter().map(|o| o.name.as_str()).collect();
                    usage(format!(
                        "`--expected-is {wanted}`: wants `label`, `all` or an output of the model ({})",
                        names.join(", ")
                    ))
                }
            };
        }
        let len = |output: &usize| float.nodes[float.outputs[*output].value].len;
        let one = numbers.iter().find(|output| len(output) == columns);
        let may_be_labels = columns == 1 && decision != Decision::None;
        if may_be_labels && classes.know_all(&array.labels()?) {
            return Self::labels(array, &classes);
        }
        if let (Some(output), true) = (one, array.is_numbers()) {
            return Self::numbers(array, float, decision, &[*output]);
        }
        if numbers.len() > 1 && numbers.iter().map(len).sum::<usize>() == columns {
            return Self::numbers(array, float, decision, &numbers);
        }
        if may_be_labels {
            return Self::labels(array, &classes);
        }
        usage(format!(
            "{name} has {columns} columns, and no output of the model has as many numbers"
        ))
    }

    fn labels(array: &Array, classes: &Classes<'_>) -> Result<Self> {
        let labels: Vec<_> = array.labels()?.iter().map(|label| classes.index(label)).collect();
        if labels.iter().all(Option::is_none) {
            let name = array.path().display();
            return Err(
                UsageError(format!("{name}: none of its values is a class of the model")).into()
            );
        }
        Ok(Self::Labels(labels))
    }

    fn numbers(
        array: &Array,
        float: &Graph,
        decision: Decision,
        outputs: &[usize],
    ) -> Result<Self> {
        let rows = array.any_rows()?;
        let mut end = 0;
        let outputs: Vec<_> = outputs
            .iter()
            .map(|&output| {
                let start = end;
                end += float.nodes[float.outputs[output].value].len;
                (output, start..end)
            })
            .collect();
        if end != array.columns() {
            return Err(UsageError(format!(
                "{} has {} columns, and what `--expected-is` names has {end}",
                array.path().display(),
                array.columns()
            ))
            .into());
        }
        let rule = Rule::of(float, decision, &outputs);
        Ok(Self::Numbers { outputs, n_outputs: float.outputs.len(), rows, rule })
    }

    /// What the file was read as.
    pub fn read_as(&self, float: &Graph) -> String {
        match self {
            Self::Labels(_) => "labels".to_owned(),
            Self::Numbers { outputs, .. } => {
                let names: Vec<_> = outputs
                    .iter()
                    .map(|(output, _)| float.outputs[*output].name.as_str())
                    .collect();
                match names.as_slice() {
                    [only] => format!("output {only}"),
                    _ => format!("outputs {}, side by side", names.join(", ")),
                }
            }
        }
    }

    /// What its decisions are made of.
    pub fn decided_by(&self) -> String {
        match self {
            Self::Labels(_) => "the label".to_owned(),
            Self::Numbers { rule: Rule::Largest(_), .. } => "the largest score".to_owned(),
            Self::Numbers { rule: Rule::Above(_, threshold), .. } => {
                format!("whether the score is above {threshold}")
            }
            Self::Numbers { rule: Rule::Nothing, .. } => {
                "nothing: the model does not decide by these numbers".to_owned()
            }
        }
    }

    /// Whether the file decides anything.
    pub fn decides(&self) -> bool {
        !matches!(self, Self::Numbers { rule: Rule::Nothing, .. })
    }

    /// The decision that a row's outputs make.
    pub fn decision(&self, row: usize) -> Option<usize> {
        match self {
            Self::Labels(labels) => labels[row],
            Self::Numbers { rows, rule, .. } => match rule {
                Rule::Largest(columns) => Some(arg_max(&rows[row][columns.clone()])),
                Rule::Above(column, threshold) => {
                    Some(usize::from(rows[row][*column] > *threshold))
                }
                Rule::Nothing => None,
            },
        }
    }

    /// Whether a class is decided on, or shares the largest score.
    pub fn agrees(&self, row: usize, class: usize) -> bool {
        if self.decision(row) == Some(class) {
            return true;
        }
        match self {
            Self::Numbers { rows, rule: Rule::Largest(columns), .. } => {
                let scores = &rows[row][columns.clone()];
                scores.get(class).is_some_and(|score| *score == scores[arg_max(scores)])
            }
            _ => false,
        }
    }

    /// The numbers of each output; nothing for those that are not known.
    pub fn numbers_of(&self, row: usize) -> Vec<&[f64]> {
        match self {
            Self::Labels(_) => Vec::new(),
            Self::Numbers { outputs, n_outputs, rows, .. } => {
                let mut numbers: Vec<&[f64]> = vec![&[]; *n_outputs];
                for (output, columns) in outputs {
                    numbers[*output] = &rows[row][columns.clone()];
                }
                numbers
            }
        }
    }
}

impl Rule {
    fn of(float: &Graph, decision: Decision, outputs: &[(usize, Range<usize>)]) -> Self {
        let columns_of = |wanted: usize| {
            outputs.iter().find(|(output, _)| *output == wanted).map(|(_, columns)| columns.clone())
        };
        let columns = outputs.last().map_or(0, |(_, columns)| columns.end);
        match decision {
            Decision::ArgMax(output) => columns_of(output).map_or(Self::Nothing, Self::Largest),
            Decision::Probability(output) => {
                columns_of(output).map_or(Self::Nothing, |columns| Self::Above(columns.start, 0.5))
            }
            Decision::Label(label) => {
                let value = float.outputs[label].value;
                let classes = match &float.outputs[label].kind {
                    OutputKind::Label(labels) => labels.len(),
                    OutputKind::Numbers { .. } => 0,
                };
                match outputs {
                    _ if columns > 1 && columns == classes => Self::Largest(0..columns),
                    [(output, _)] if columns == 1 => {
                        let score = float.outputs[*output].value;
                        threshold(float, value, score).map_or(Self::Nothing, |t| Self::Above(0, t))
                    }
                    _ => Self::Nothing,
                }
            }
            Decision::Threshold { output, element, above } => columns_of(output)
                .map_or(Self::Nothing, |columns| Self::Above(columns.start + element, above)),
            Decision::None => Self::Nothing,
        }
    }
}

/// What a score is compared with where the label is that comparison.
fn threshold(float: &Graph, label: ValueId, score: ValueId) -> Option<f64> {
    let bare = |mut value: ValueId| loop {
        match &float.nodes[value].op {
            Op::Unary(Unary::ToF32 | Unary::ToF64) => value = float.nodes[value].inputs[0],
            _ => return value,
        }
    };
    let label = &float.nodes[bare(label)];
    let Op::Unary(Unary::Binarize { threshold }) = label.op else { return None };
    let (compared, score) = (bare(label.inputs[0]), bare(score));
    if compared == score {
        return Some(threshold);
    }
    let squashed = |of: ValueId, by: ValueId| {
        matches!(float.nodes[of].op, Op::Unary(Unary::Sigmoid))
            && bare(float.nodes[of].inputs[0]) == by
    };
    squashed(score, compared).then(|| sigmoid(threshold))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use nilometer_transpiler::graph::{DType, Input, Labels, Node, Output};

    use super::*;

    fn numbers() -> OutputKind {
        OutputKind::Numbers { classes: None }
    }

    /// One feature `x`; the margin is `x` rounded to `f32`, the label whether it is above `threshold`, and the
    /// probability its sigmoid.
    fn binary(threshold: f64, outputs: &[(&str, ValueId)]) -> Graph {
        let node = |op, input: ValueId| Node { name: "n".into(), op, inputs: vec![input], len: 1 };
        let input = Node { name: "x".into(), op: Op::Input, inputs: vec![], len: 1 };
        let nodes = vec![
            input,
            node(Op::Unary(Unary::ToF32), 0),
            node(Op::Unary(Unary::Binarize { threshold }), 1),
            node(Op::Unary(Unary::Sigmoid), 1),
        ];
        let output = |&(name, value): &(&str, ValueId)| Output {
            name: name.into(),
            value,
            kind: match name {
                "label" => OutputKind::Label(Labels::Ints(vec![0, 1])),
                _ => numbers(),
            },
        };
        let input = Input { name: "x".into(), len: 1, dtype: DType::F32, features: vec![] };
        Graph { name: "g".into(), input, nodes, outputs: outputs.iter().map(output).collect() }
    }

    fn read(
        graph: &Graph,
        shape: &[usize],
        values: &[f64],
        wanted: Option<&str>,
    ) -> Result<Scores> {
        Scores::new(&Array::of_numbers(shape, values), graph, Decision::of(graph), wanted)
    }

    fn decisions(scores: &Scores, rows: usize) -> Vec<Option<usize>> {
        (0..rows).map(|row| scores.decision(row)).collect()
    }

    #[test]
    fn a_margin_is_judged_by_the_threshold_of_the_graph() {
        let graph = binary(0.0, &[("label", 2), ("margin", 1)]);
        let scores = read(&graph, &[3, 1], &[0.25, -0.25, 3.0], None).unwrap();
        assert_eq!(scores.read_as(&graph), "output margin");
        assert_eq!(scores.decided_by(), "whether the score is above 0");
        assert_eq!(decisions(&scores, 3), [Some(1), Some(0), Some(1)]);
        let scores =
            read(&binary(0.0, &[("label", 2), ("p", 3)]), &[2], &[0.4, 0.6], None).unwrap();
        assert_eq!(scores.decided_by(), "whether the score is above 0.5");
        assert_eq!(decisions(&scores, 2), [Some(0), Some(1)]);
    }

    #[test]
    fn a_column_of_classes_is_labels_unless_it_is_said() {
        let graph = binary(0.5, &[("label", 2), ("margin", 1)]);
        let scores = read(&graph, &[3], &[1.0, 0.0, 1.0], None).unwrap();
        assert_eq!(scores.read_as(&graph), "labels");
        assert_eq!(decisions(&scores, 3), [Some(1), Some(0), Some(1)]);
        let scores = read(&graph, &[3], &[1.0, 0.0, 1.0], Some("margin")).unwrap();
        assert_eq!(scores.read_as(&graph), "output margin");
        let scores = read(&graph, &[2], &[0.0, 7.0], Some("label")).unwrap();
        assert_eq!(decisions(&scores, 2), [Some(0), None]);
        assert!(read(&graph, &[2], &[8.0, 7.0], Some("label")).is_err());
        let error = read(&graph, &[2], &[0.0, 1.0], Some("other")).err().unwrap().to_string();
        assert!(error.ends_with("an output of the model (label, margin)"), "{error}");
    }

    #[test]
    fn a_score_that_the_label_does_not_compare_decides_nothing() {
        let mut graph = binary(0.0, &[("label", 2), ("margin", 1)]);
        graph.nodes[2].inputs = vec![3];
        let scores = read(&graph, &[2, 1], &[0.25, -0.25], None).unwrap();
        assert!(!scores.decides());
        assert_eq!(decisions(&scores, 2), [None, None]);
        assert_eq!(scores.numbers_of(0), [&[][..], &[0.25]]);
    }

    #[test]
    fn columns_of_single_outputs_are_taken_side_by_side() {
        let graph = binary(0.0, &[("label", 2), ("a", 1), ("b", 3)]);
        let scores = read(&graph, &[2, 2], &[0.1, 0.9, 0.8, 0.2], None).unwrap();
        assert_eq!(scores.read_as(&graph), "outputs a, b, side by side");
        assert_eq!(decisions(&scores, 2), [Some(1), Some(0)]);
        assert_eq!(scores.numbers_of(1), [&[][..], &[0.8], &[0.2]]);
        assert!(read(&graph, &[2, 2], &[0.1; 4], Some("a")).is_err());
        assert!(read(&graph, &[2, 3], &[0.1; 6], None).is_err());
    }
}
