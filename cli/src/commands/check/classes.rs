//! The classes that a model decides between.

use nilometer_transpiler::decision::Decision;
use nilometer_transpiler::graph::{Graph, Labels, OutputKind};

/// The names of the classes that a model decides between.
pub struct Classes<'a> {
    names: Option<&'a Labels>,
    /// How many there are.
    len: usize,
    /// The class that a threshold is about; the other decision is any other class.
    positive: Option<String>,
}

impl<'a> Classes<'a> {
    /// The classes of a model.
    pub fn of(float: &'a Graph, decision: Decision) -> Self {
        let names = match decision {
            Decision::Label(output) | Decision::ArgMax(output) => match &float.outputs[output].kind
            {
                OutputKind::Label(labels) | OutputKind::Numbers { classes: Some(labels) } => {
                    Some(labels)
                }
                OutputKind::Numbers { classes: None } => None,
            },
            Decision::Probability(_) | Decision::Threshold { .. } | Decision::None => None,
        };
        let len = match (names, decision) {
            (Some(names), _) => names.len(),
            (None, Decision::ArgMax(output)) => float.nodes[float.outputs[output].value].len,
            (None, Decision::Probability(_) | Decision::Threshold { .. }) => 2,
            (None, Decision::Label(_) | Decision::None) => 0,
        };
        Self { names, len, positive: positive(float, decision) }
    }

    /// The index of a label; its own number where classes have no names.
    pub fn index(&self, label: &str) -> Option<usize> {
        match (self.names, &self.positive) {
            (Some(labels), _) => (0..labels.len()).find(|&index| labels.name(index) == label),
            (None, Some(positive)) => Some(usize::from(label == positive)),
            (None, None) => label.parse().ok().filter(|&index| index < self.len),
        }
    }

    /// Whether every label is a class.
    pub fn know_all(&self, labels: &[String]) -> bool {
        self.positive.is_none() && labels.iter().all(|label| self.index(label).is_some())
    }
}

/// The name of the class whose score a threshold is compared with.
fn positive(float: &Graph, decision: Decision) -> Option<String> {
    let Decision::Threshold { output, element, .. } = decision else { return None };
    let len = float.nodes[float.outputs[output].value].len;
    let own = float.outputs.iter().find_map(|other| match &other.kind {
        OutputKind::Label(labels) if labels.len() == len => Some(labels),
        _ => None,
    });
    let classes = match &float.outputs[output].kind {
        OutputKind::Numbers { classes: Some(labels) } => Some(labels),
        _ => own,
    };
    classes.map(|labels| labels.name(element))
}

/// A class's name.
pub fn class_name(float: &Graph, decision: Decision, class: usize) -> String {
    match Classes::of(float, decision).names {
        Some(labels) => labels.name(class),
        None => class.to_string(),
    }
}
