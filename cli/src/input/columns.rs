//! The columns that a model's rows have: which are texts, and which number stands for each text.

use nilometer_transpiler::graph::{Feature, Input};
use nilometer_transpiler::quant::QuantInput;

/// How many columns rows have, and what is known of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Columns<'a> {
    /// How many; 0 where rows are not those of a model.
    pub len: usize,
    features: &'a [Feature],
}

/// Texts that an error shows.
const SHOWN: usize = 8;

impl<'a> Columns<'a> {
    /// The columns of a quantised model.
    pub fn of(input: &'a QuantInput) -> Self {
        Self { len: input.ranges.len(), features: &input.features }
    }

    /// The columns of a float model.
    pub fn of_model(input: &'a Input) -> Self {
        Self { len: input.len, features: &input.features }
    }

    /// Whether any column holds texts.
    pub fn has_texts(&self) -> bool {
        (0..self.features.len()).any(|column| self.is_text(column))
    }

    /// Whether a column holds texts.
    pub fn is_text(&self, column: usize) -> bool {
        self.features.get(column).is_some_and(|feature| feature.categories.is_some())
    }

    /// Whether a cell is one of the column's texts.
    pub fn is_known(&self, column: usize, text: &str) -> bool {
        let categories = self.features.get(column).and_then(|f| f.categories.as_ref());
        categories.is_some_and(|categories| categories.iter().any(|category| category == text))
    }

    /// The number that stands for a text.
    ///
    /// # Errors
    /// The column does not hold it.
    pub fn position(&self, column: usize, text: &str) -> Result<f64, String> {
        let feature = self.features.get(column).filter(|f| f.categories.is_some());
        let Some(feature) = feature else {
            return Err(format!("{text:?} is not a number"));
        };
        if let Some(position) = feature.position(text) {
            return Ok(position as f64);
        }
        let categories = feature.categories.iter().flatten();
        let mut names: Vec<String> =
            categories.clone().take(SHOWN).map(|name| format!("{name:?}")).collect();
        if categories.count() > SHOWN {
            names.push("…".to_owned());
        }
        Err(format!("{text:?} is none of the texts of this column: {}", names.join(", ")))
    }
}
