//! What a model takes: one row, and what is known of each of its numbers.

use serde::{Deserialize, Serialize};

use super::DType;

/// The model's input: one row of features.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The ONNX input's name; the names of several, with commas between.
    pub name: String,
    /// Features in a row.
    pub len: usize,
    /// The element type that the float model computes with; the widest one of several inputs.
    pub dtype: DType,
    /// What is known of each feature. Empty where that is nothing: plain numbers of type `dtype`.
    pub features: Vec<Feature>,
}

/// What is known of one feature.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Whether the feature is a whole number.
    #[serde(default, skip_serializing_if = "is_false")]
    pub whole: bool,
    /// The smallest and the largest value that the model has a meaning for, where it has limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<(f64, f64)>,
    /// The texts that a column of texts may hold: the feature is the position of one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<String>>,
    /// Whether any other text is taken as well: as the position after the last.
    #[serde(default, skip_serializing_if = "is_false")]
    pub others: bool,
    /// The value that is read in place of a missing one (NaN), where the model replaces them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<f64>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Feature {
    /// The number that stands for a text of this column: its position among the categories, or
    /// the one after the last for a text that is not among them; `None` where that is not taken.
    pub fn position(&self, text: &str) -> Option<usize> {
        let categories = self.categories.as_ref()?;
        let found = categories.iter().position(|category| category == text);
        found.or(self.others.then_some(categories.len()))
    }

    /// The smallest and the largest value taken: its limits, or the positions of its categories.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let last = |categories: &Vec<String>| {
            let count = categories.len() + usize::from(self.others);
            (0.0, count.saturating_sub(1) as f64)
        };
        self.categories.as_ref().map(last).or(self.limits)
    }

    /// Whether nothing but a name is known.
    pub fn is_plain(&self) -> bool {
        *self == Self { name: self.name.clone(), ..Self::default() }
    }
}

impl Input {
    /// Names the features, if there are as many names as features; says whether there are.
    pub fn name_features(&mut self, names: &[String]) -> bool {
        if names.len() != self.len {
            return false;
        }
        if self.features.is_empty() {
            self.features = vec![Feature::default(); self.len];
        }
        let named = self.features.iter_mut().zip(names);
        named.for_each(|(feature, name)| feature.name.clone_from(name));
        true
    }

    /// Whether any feature has a name.
    pub fn has_names(&self) -> bool {
        self.features.iter().any(|feature| !feature.name.is_empty())
    }

    /// What is known of the feature at `index`.
    pub fn feature(&self, index: usize) -> Option<&Feature> {
        self.features.get(index)
    }
}
