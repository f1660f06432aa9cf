//! Which rows of which file.

use std::path::PathBuf;
use std::str::FromStr;

use super::{Columns, InputError, Reader};

/// A file, or one row of it: `X.npy`, `X.npy:7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// The row, counted from 0; all if there is none.
    pub row: Option<usize>,
}

impl FromStr for Source {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let whole = || Self { path: text.into(), row: None };
        let Some((path, row)) = text.rsplit_once(':') else { return Ok(whole()) };
        Ok(match row.parse() {
            // A file may really be called so.
            Ok(row) if !PathBuf::from(text).exists() => Self { path: path.into(), row: Some(row) },
            _ => whole(),
        })
    }
}

impl Source {
    /// The rows and their numbers in the file.
    ///
    /// # Errors
    /// What is wrong with the file, or a row that is not there.
    pub fn rows(
        &self,
        columns: &Columns<'_>,
        selection: &RowSelection,
        reader: &Reader,
    ) -> Result<Vec<(usize, Vec<f64>)>, InputError> {
        let rows = reader.read_rows(&self.path, columns)?.rows(columns.len)?;
        let n_rows = rows.len();
        let wanted = match (self.row, &selection.0) {
            (Some(row), _) => vec![row],
            (None, Some(wanted)) => wanted.clone(),
            (None, None) => return Ok(rows.into_iter().enumerate().collect()),
        };
        let pick = |row: usize| match rows.get(row) {
            Some(values) => Ok((row, values.clone())),
            None => Err(InputError::Row { path: self.path.clone(), row, rows: n_rows }),
        };
        wanted.into_iter().map(pick).collect()
    }

    /// The only row, and its number in the file.
    ///
    /// # Errors
    /// What is wrong with the file, or several rows and none named.
    pub fn one_row(
        &self,
        columns: &Columns<'_>,
        reader: &Reader,
    ) -> Result<(usize, Vec<f64>), InputError> {
        let mut rows = self.rows(columns, &RowSelection::default(), reader)?;
        match (rows.len(), rows.pop()) {
            (1, Some(row)) => Ok(row),
            (rows, _) => Err(InputError::ManyRows { path: self.path.clone(), rows }),
        }
    }
}

/// `all`, or numbers and ranges: `0,3,5-9`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSelection(Option<Vec<usize>>);

impl FromStr for RowSelection {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const MAX_ROWS: usize = 10_000_000;
        if text == "all" {
            return Ok(Self(None));
        }
        let wrong =
            || format!("{text:?} is neither `all` nor numbers and ranges such as `0,3,5-9`");
        let mut rows = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: usize = first.trim().parse().map_err(|_| wrong())?;
            let last: usize = last.trim().parse().map_err(|_| wrong())?;
            if first > last || last - first + rows.len() >= MAX_ROWS {
                return Err(wrong());
            }
            rows.extend(first..=last);
        }
        Ok(Self(Some(rows)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_source_may_name_a_row() {
        let source = |text: &str| text.parse::<Source>().unwrap();
        assert_eq!(source("X.npy"), Source { path: "X.npy".into(), row: None });
        assert_eq!(source("a:b/X.npy:12"), Source { path: "a:b/X.npy".into(), row: Some(12) });
        assert_eq!(source("X.npy:-1"), Source { path: "X.npy:-1".into(), row: None });
    }

    #[test]
    fn selections_are_lists_of_numbers_and_ranges() {
        let rows = |text: &str| text.parse::<RowSelection>().map(|selection| selection.0);
        assert_eq!(rows("all"), Ok(None));
        assert_eq!(rows("0,3,5-7"), Ok(Some(vec![0, 3, 5, 6, 7])));
        for wrong in ["", "1,", "7-5", "x", "0-99999999999"] {
            assert!(rows(wrong).is_err(), "{wrong}");
        }
    }
}
