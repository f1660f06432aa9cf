//! The form in which a visitor tries a model.

/// The most numbers of a row.
const MAX_ROW: usize = 4_096;

/// The form as it was sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TryForm {
    /// The fields, in order.
    pub values: Vec<String>,
    /// A whole row, used instead where it is not empty.
    pub row: String,
    /// The number of the tree to draw, from 1.
    pub tree: usize,
}

impl TryForm {
    /// Reads the pairs of a form; what it does not know is left out.
    pub(super) fn of(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self { tree: 1, ..Self::default() };
        for (name, value) in pairs {
            match name.as_str() {
                "row" => form.row = value.trim().to_owned(),
                "tree" => form.tree = value.parse().unwrap_or(1).max(1),
                name => {
                    let index = name.strip_prefix('f').and_then(|index| index.parse().ok());
                    let Some(index) = index.filter(|index: &usize| *index < MAX_ROW) else {
                        continue;
                    };
                    if form.values.len() <= index {
                        form.values.resize(index + 1, String::new());
                    }
                    form.values[index] = value;
                }
            }
        }
        form
    }

    /// The row: one number a feature, none for a missing one.
    pub(super) fn parse(&self, features: usize) -> Result<Vec<Option<f64>>, String> {
        if self.row.is_empty() {
            let values = self.values.iter().map(String::as_str).chain(std::iter::repeat(""));
            return values.take(features).enumerate().map(|(i, text)| number(i, text)).collect();
        }
        let inner = self.row.trim_start_matches('[').trim_end_matches(']');
        let is_separator = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
        let words: Vec<&str> = match inner.contains([',', ';']) {
            // Empty fields are missing values.
            true => inner.split([',', ';']).map(str::trim).collect(),
            false => inner.split(is_separator).filter(|word| !word.is_empty()).collect(),
        };
        if words.len() > MAX_ROW {
            return Err(format!(
                "The row has {} numbers, at most {MAX_ROW} are read.",
                words.len()
            ));
        }
        words.into_iter().enumerate().map(|(i, text)| number(i, text)).collect()
    }
}

fn number(index: usize, text: &str) -> Result<Option<f64>, String> {
    match text.trim() {
        "" | "null" => Ok(None),
        text if text.eq_ignore_ascii_case("nan") => Ok(None),
        text => match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!(
                "Feature {index} is {:?}, which is not a number.",
                super::parts::plain(text)
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> TryForm {
        TryForm::of(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn fields_become_a_row() {
        let form =
            form(&[("f1", "-2.5"), ("f0", "1e3"), ("tree", "7"), ("x", "9"), ("f99999999", "1")]);
        assert_eq!(form.tree, 7);
        assert_eq!(form.parse(3), Ok(vec![Some(1000.0), Some(-2.5), None]));
    }

    #[test]
    fn rows_are_read_in_many_ways() {
        for row in ["1, 2,3", "1 2\n3", "[1,2, 3]", "1;2;3"] {
            let row = form(&[("row", row), ("f0", "9")]).parse(1);
            assert_eq!(row, Ok(vec![Some(1.0), Some(2.0), Some(3.0)]));
        }
        assert_eq!(form(&[("row", "1,,nan,null")]).parse(4), Ok(vec![Some(1.0), None, None, None]));
    }

    #[test]
    fn malformed_rows_are_named() {
        let error = form(&[("row", "1, <script>")]).parse(2).unwrap_err();
        assert_eq!(error, "Feature 1 is \"<script>\", which is not a number.");
        let long = "1 ".repeat(MAX_ROW + 1);
        assert!(form(&[("row", &long)]).parse(2).unwrap_err().contains("4097"));
    }
}
