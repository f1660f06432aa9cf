//! Names and numbers in drawings.

use nilometer_transpiler::graph::{Labels, OutputKind};
use nilometer_transpiler::quant::QuantGraph;

/// What the classes of a model are called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassNames(Option<Labels>);

impl ClassNames {
    /// Names as a schema or a graph has them.
    pub fn new(labels: Option<Labels>) -> Self {
        Self(labels)
    }

    /// The name of a class; its number where it has none.
    pub fn name(&self, class: usize) -> String {
        match &self.0 {
            Some(labels) => labels.name(class),
            None => class.to_string(),
        }
    }

    /// How a class is called in a sentence: `class 3` where its name is but a number.
    pub fn title(&self, class: usize) -> String {
        match &self.0 {
            Some(labels @ Labels::Strings(_)) => labels.name(class),
            _ => format!("class {}", self.name(class)),
        }
    }
}

/// The names that the first output with names has.
pub fn class_names(graph: &QuantGraph) -> ClassNames {
    let labels = graph.outputs.iter().find_map(|output| match &output.kind {
        OutputKind::Label(labels) => Some(labels.clone()),
        OutputKind::Numbers { classes } => classes.clone(),
    });
    ClassNames(labels)
}

/// A number for people: four significant digits, no trailing zeros, powers of ten where it is very large or small.
pub fn number(value: f64) -> String {
    if value.is_nan() {
        return "missing".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞".to_owned() } else { "−∞".to_owned() };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor() as i32;
    let text = if (-4..9).contains(&magnitude) {
        let decimals = (3 - magnitude).max(0) as usize;
        let fixed = format!("{value:.decimals$}");
        match fixed.contains('.') {
            true => fixed.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => fixed,
        }
    } else {
        format!("{value:.2e}")
    };
    text.replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let cases = [
            (0.0, "0"),
            (2.45000005, "2.45"),
            (-0.00012346, "−0.0001235"),
            (1234567.0, "1234567"),
            (1e12, "1.00e12"),
            (3e-9, "3.00e−9"),
            (f64::NAN, "missing"),
            (f64::NEG_INFINITY, "−∞"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn classes_without_names_are_numbered() {
        let none = ClassNames::default();
        assert_eq!((none.name(3), none.title(3)), ("3".to_owned(), "class 3".to_owned()));
        let named = ClassNames::new(Some(Labels::Strings(vec!["yes".to_owned()])));
        assert_eq!((named.title(0), named.title(1)), ("yes".to_owned(), "1".to_owned()));
    }
}
