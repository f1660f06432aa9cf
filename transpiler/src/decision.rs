//! What a model decides: the one number per row that agreement is counted on.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::graph::{Arithmetic, Graph, Labels, Op, Output, OutputKind, TopK, Unary, ValueId};

/// How a row's outputs become a decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// The model's own label output, at this position among the outputs.
    Label(usize),
    /// The largest element of this output.
    ArgMax(usize),
    /// Whether the single probability of this output exceeds one half.
    Probability(usize),
    /// Whether an element of an output exceeds a threshold that the caller names.
    Threshold {
        /// The output's position.
        output: usize,
        /// The element's.
        element: usize,
        /// What it must exceed.
        above: f64,
    },
    /// The model predicts numbers and decides nothing.
    None,
}

/// What a model is for, where its outputs do not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// It chooses among classes.
    Classify,
    /// It predicts numbers.
    Regress,
}

/// A model that cannot be for what it is said to be for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("no output of the model chooses among classes: it has {outputs}")]
pub struct TaskError {
    /// What it has.
    pub outputs: String,
}

impl Decision {
    /// How `graph` decides where its task is said: by a label, else the largest of several numbers, else one
    /// probability.
    ///
    /// # Errors
    /// Classes are wanted of a model with one number that is no probability.
    pub fn for_task(graph: &Graph, task: Task) -> Result<Self, TaskError> {
        if task == Task::Regress {
            return Ok(Self::None);
        }
        let own = Self::of(graph);
        if own != Self::None {
            return Ok(own);
        }
        let several = |output: &Output| graph.nodes[output.value].len > 1;
        match graph.outputs.iter().position(several) {
            Some(output) => Ok(Self::ArgMax(output)),
            None => Err(TaskError { outputs: known(graph) }),
        }
    }

    /// How `graph` decides, by what its outputs end in: a label, a class per number, a softmax, a single
    /// sigmoid. Regressors, transformers, autoencoders and actors decide nothing. A dense layer of
    /// several numbers behind a hidden layer is taken for the scores of classes (exporters drop the
    /// softmax), unless it rebuilds its input or its name says otherwise.
    pub fn of(graph: &Graph) -> Self {
        let kinds = || graph.outputs.iter().enumerate();
        if let Some((i, _)) = kinds().find(|(_, o)| matches!(o.kind, OutputKind::Label(_))) {
            return Self::Label(i);
        }
        for (i, output) in kinds() {
            let OutputKind::Numbers { classes } = &output.kind else { continue };
            let head = head(graph, output.value);
            match (graph.nodes[output.value].len, &graph.nodes[head].op) {
                (1, Op::ArgMax { .. }) => return Self::Label(i),
                // The first of the largest decides.
                (_, Op::TopK { show: TopK::Indices, .. }) => return Self::Label(i),
                (1, Op::Unary(Unary::Sigmoid)) => return Self::Probability(i),
                (0 | 1, _) => {}
                (_, Op::Softmax | Op::SoftmaxZero) => return Self::ArgMax(i),
                _ if classes.is_some() => return Self::ArgMax(i),
                (_, Op::Dense { .. })
                    if graph.outputs.len() == 1 && are_scores(graph, &output.name, head) =>
                {
                    return Self::ArgMax(i)
                }
                _ => {}
            }
        }
        Self::None
    }

    /// The decision at a threshold, written `NAME>VALUE`: `NAME` is an output of one number, an element of
    /// one such as `scores[1]`, or a class.
    ///
    /// # Errors
    /// The text is not of that form, or there is no such output, element or class, or more than one.
    pub fn at_threshold(graph: &Graph, text: &str) -> Result<Self, ThresholdError> {
        let malformed = || ThresholdError::Malformed { text: text.to_owned() };
        let (name, above) = text.rsplit_once('>').ok_or_else(malformed)?;
        let above: f64 = above.trim().parse().map_err(|_| malformed())?;
        if !above.is_finite() {
            return Err(malformed());
        }
        let name = name.trim();
        let found = element(graph, name);
        match found.as_slice() {
            [(output, element)] => {
                Ok(Self::Threshold { output: *output, element: *element, above })
            }
            [] => Err(ThresholdError::Unknown { name: name.to_owned(), known: known(graph) }),
            _ => Err(ThresholdError::Ambiguous { name: name.to_owned(), known: known(graph) }),
        }
    }

    /// The decision on one row's outputs (one vector an output, labels as their index).
    pub fn decide(self, outputs: &[Vec<f64>]) -> Option<usize> {
        match self {
            Self::Label(i) => Some(outputs[i][0] as usize),
            Self::ArgMax(i) => Some(arg_max(&outputs[i])),
            Self::Probability(i) => Some(usize::from(outputs[i][0] > 0.5)),
            Self::Threshold { output, element, above } => {
                Some(usize::from(outputs[output][element] > above))
            }
            Self::None => None,
        }
    }

    /// Whether errors count as shares of each number's own range: where nothing is decided.
    pub(crate) fn measures_each_number(self) -> bool {
        self == Self::None
    }
}

/// A threshold that does not fit the model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ThresholdError {
    /// Not of the form `NAME>VALUE`.
    #[error("`{text}` is not a decision such as `probability>0.3`")]
    Malformed {
        /// What was given.
        text: String,
    },
    /// No output, element or class of that name.
    #[error("the model has no output, element or class `{name}`; it has {known}")]
    Unknown {
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
    /// A name that several elements have.
    #[error("`{name}` names several numbers of the model; it has {known}")]
    Ambiguous {
        /// What was given.
        name: String,
        /// What there is.
        known: String,
    },
}

/// The elements that a name may mean, as `(output, element)`.
fn element(graph: &Graph, name: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (i, output) in graph.outputs.iter().enumerate() {
        let OutputKind::Numbers { classes } = &output.kind else { continue };
        let len = graph.nodes[output.value].len;
        if output.name == name && len == 1 {
            return vec![(i, 0)];
        }
        let index = name
            .strip_prefix(&output.name)
            .and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']')?.parse::<usize>().ok());
        if let Some(index) = index.filter(|&index| index < len) {
            return vec![(i, index)];
        }
        if let Some(labels) = classes.as_ref().or_else(|| labels_of(graph, len)) {
            found.extend((0..len).filter(|&j| labels.name(j) == name).map(|j| (i, j)));
        }
        if output.name == name {
            // All of them.
            found.extend((0..len).map(|j| (i, j)));
        }
    }
    found
}

/// The labels of the model's label output, where there are as many as `len`.
fn labels_of(graph: &Graph, len: usize) -> Option<&Labels> {
    graph.outputs.iter().find_map(|output| match &output.kind {
        OutputKind::Label(labels) if labels.len() == len => Some(labels),
        _ => None,
    })
}

/// What a threshold may be put on.
fn known(graph: &Graph) -> String {
    let numbers = graph.outputs.iter().filter_map(|output| {
        let OutputKind::Numbers { classes } = &output.kind else { return None };
        let len = graph.nodes[output.value].len;
        Some(match (len, classes.as_ref().or_else(|| labels_of(graph, len))) {
            (1, _) => format!("`{}`", output.name),
            (_, Some(labels)) => {
                let names: Vec<String> = (0..len.min(12)).map(|j| labels.name(j)).collect();
                format!("`{}[0]` to `[{}]` (classes {})", output.name, len - 1, names.join(", "))
            }
            _ => format!("`{}[0]` to `[{}]`", output.name, len - 1),
        })
    });
    let numbers: Vec<String> = numbers.collect();
    if numbers.is_empty() {
        "no output of numbers".to_owned()
    } else {
        numbers.join(", ")
    }
}

/// The index of the first largest element.
pub fn arg_max(values: &[f64]) -> usize {
    (1..values.len()).fold(0, |best, i| if values[i] > values[best] { i } else { best })
}

/// The node that makes an output's numbers, past selections, casts and added constants.
fn head(graph: &Graph, value: ValueId) -> ValueId {
    let node = &graph.nodes[value];
    match &node.op {
        Op::Gather(_)
        | Op::Unary(Unary::ToF32 | Unary::ToF64)
        | Op::WithConstant {
            op: Arithmetic::Add | Arithmetic::Sub, constant_first: false, ..
        } => head(graph, node.inputs[0]),
        _ => value,
    }
}

/// Whether the numbers of a dense layer at a model's end are scores of classes, as far as a graph can
/// tell.
fn are_scores(graph: &Graph, name: &str, dense: ValueId) -> bool {
    const SCORES: [&str; 5] = ["logit", "score", "prob", "class", "label"];
    const NUMBERS: [&str; 9] = [
        "variable", "recon", "decoded", "action", "mean", "sigma", "target", "regress", "forecast",
    ];
    /// Fewer numbers than this may well be as many classes as there are features.
    const FEWEST_REBUILT: usize = 4;
    let name = name.to_lowercase();
    if SCORES.iter().any(|word| name.contains(word)) {
        return true;
    }
    if NUMBERS.iter().any(|word| name.contains(word)) {
        return false;
    }
    let len = graph.nodes[dense].len;
    let rebuilds = len == graph.input.len && len >= FEWEST_REBUILT;
    !rebuilds && has_hidden_layer(graph, dense)
}

/// Whether a function of single elements lies between another dense layer and this one.
fn has_hidden_layer(graph: &Graph, dense: ValueId) -> bool {
    let mut seen = vec![false; graph.nodes.len()];
    let mut queue = graph.nodes[dense].inputs.clone();
    let (mut bends, mut layers) = (false, false);
    while let Some(value) = queue.pop() {
        if std::mem::replace(&mut seen[value], true) {
            continue;
        }
        let node = &graph.nodes[value];
        match node.op {
            Op::Unary(Unary::ToF32 | Unary::ToF64) => {}
            Op::Unary(_) | Op::Elementwise(_) => bends = true,
            Op::Dense { .. } => layers = true,
            _ => {}
        }
        queue.extend(&node.inputs);
    }
    bends && layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{DType, Input, Node};

    /// `features` → dense(16) → relu → dense(`len`) → `last`.
    fn network(features: usize, len: usize, last: Option<Op>, name: &str) -> Graph {
        let dense = |rows: usize, cols: usize| Op::Dense {
            weights: vec![0.5; rows * cols],
            bias: vec![0.0; rows],
        };
        let node = |op, inputs: &[usize], len| Node {
            name: String::new(),
            op,
            inputs: inputs.to_vec(),
            len,
        };
        let mut nodes = vec![
            node(Op::Input, &[], features),
            node(dense(16, features), &[0], 16),
            node(Op::Unary(Unary::Relu), &[1], 16),
            node(dense(len, 16), &[2], len),
        ];
        if let Some(op) = last {
            nodes.push(node(op, &[3], len));
        }
        let value = nodes.len() - 1;
        Graph {
            name: String::new(),
            input: Input { name: "x".into(), len: features, dtype: DType::F32, features: vec![] },
            nodes,
            outputs: vec![Output {
                name: name.into(),
                value,
                kind: OutputKind::Numbers { classes: None },
            }],
        }
    }

    #[test]
    fn what_the_graph_ends_in_says_what_it_decides() {
        let of = |features, len, last, name| Decision::of(&network(features, len, last, name));
        assert_eq!(of(8, 3, Some(Op::Softmax), "y"), Decision::ArgMax(0));
        assert_eq!(of(8, 1, Some(Op::Unary(Unary::Sigmoid)), "y"), Decision::Probability(0));
        assert_eq!(of(8, 3, None, "output"), Decision::ArgMax(0));
        assert_eq!(of(2, 2, None, "output"), Decision::ArgMax(0));
        // An actor, a multi-label model, an autoencoder, a regressor of several targets.
        assert_eq!(of(8, 3, Some(Op::Unary(Unary::Tanh)), "y"), Decision::None);
        assert_eq!(of(8, 3, Some(Op::Unary(Unary::Sigmoid)), "y"), Decision::None);
        assert_eq!(of(8, 8, None, "output"), Decision::None);
        assert_eq!(of(8, 3, None, "variable"), Decision::None);
        assert_eq!(of(8, 1, None, "output"), Decision::None);
        // A transformer: nothing but a scaler.
        let mut graph = network(8, 3, None, "output");
        graph.nodes.truncate(1);
        let scaler = Op::Scaler { offset: vec![0.0; 8], scale: vec![1.0; 8] };
        graph.nodes.push(Node { name: String::new(), op: scaler, inputs: vec![0], len: 8 });
        graph.outputs[0].value = 1;
        assert_eq!(Decision::of(&graph), Decision::None);
        // One linear layer alone is a regression: classifiers of that kind have labels.
        let mut graph = network(8, 16, None, "output");
        graph.nodes.truncate(2);
        graph.outputs[0].value = 1;
        assert_eq!(Decision::of(&graph), Decision::None);
        graph.outputs[0].name = "logits".into();
        assert_eq!(Decision::of(&graph), Decision::ArgMax(0));
        // Two heads: neither raw one decides.
        let mut graph = network(8, 3, None, "output");
        graph.outputs.push(Output { name: "other".into(), ..graph.outputs[0].clone() });
        assert_eq!(Decision::of(&graph), Decision::None);
    }

    #[test]
    fn a_task_overrides_what_the_outputs_say() {
        let tanh = network(8, 3, Some(Op::Unary(Unary::Tanh)), "y");
        assert_eq!(Decision::of(&tanh), Decision::None);
        assert_eq!(Decision::for_task(&tanh, Task::Classify), Ok(Decision::ArgMax(0)));
        let scores = network(8, 3, None, "output");
        assert_eq!(Decision::for_task(&scores, Task::Regress), Ok(Decision::None));
        assert_eq!(Decision::for_task(&scores, Task::Classify), Ok(Decision::ArgMax(0)));
        let single = network(8, 1, Some(Op::Unary(Unary::Sigmoid)), "p");
        assert_eq!(Decision::for_task(&single, Task::Classify), Ok(Decision::Probability(0)));
        let number = network(8, 1, None, "y");
        assert!(Decision::for_task(&number, Task::Classify).is_err());
    }

    #[test]
    fn thresholds_name_outputs_elements_and_classes() {
        let mut graph = network(8, 3, Some(Op::Softmax), "p");
        let at = |graph: &Graph, text: &str| Decision::at_threshold(graph, text);
        let threshold = |element| Ok(Decision::Threshold { output: 0, element, above: 0.3 });
        assert_eq!(at(&graph, "p[1]>0.3"), threshold(1));
        assert!(matches!(at(&graph, "p>0.3"), Err(ThresholdError::Ambiguous { .. })));
        assert!(matches!(at(&graph, "p[3]>0.3"), Err(ThresholdError::Unknown { .. })));
        assert!(matches!(at(&graph, "q > 0.3"), Err(ThresholdError::Unknown { .. })));
        for text in ["p", "p>x", "p>NaN", "p[1]<0.3", ""] {
            assert!(matches!(at(&graph, text), Err(ThresholdError::Malformed { .. })), "{text}");
        }
        let labels = Labels::Strings(vec!["a>b".into(), "yes".into(), "no".into()]);
        graph.outputs[0].kind = OutputKind::Numbers { classes: Some(labels) };
        assert_eq!(at(&graph, "yes > 0.3"), threshold(1));
        assert_eq!(at(&graph, "a>b>0.3"), threshold(0));
        let single = network(8, 1, Some(Op::Unary(Unary::Sigmoid)), "p");
        let decision = at(&single, "p>0.3").expect("a single output");
        assert_eq!(decision, Decision::Threshold { output: 0, element: 0, above: 0.3 });
        assert_eq!([0.3, 0.31].map(|p| decision.decide(&[vec![p]])), [Some(0), Some(1)]);
    }
}
