//! Comma-separated values, with or without a header.
//!
//! Whether the first line is a header is settled by `--header yes|no`, or else by this rule:
//!
//! * every cell is a number or a missing value: a row; but `0,1,2,…` in order, in two columns or more
//!   and with lines behind it, is the header that pandas gives to columns without names;
//! * every cell is a name (it has a letter, it is neither a missing value nor a word for yes or no, and
//!   one of them at least starts with a letter): a header, unless the file is one column of text;
//! * anything else is a row, and the cell that is not a number is an error.
//!
//! A header that was found by this rule is said. A missing value is an empty cell, or one of the
//! words in [`MISSING`] that pandas and R write.

use clap::ValueEnum;

use super::number;
use super::{Columns, Data, Parsed};

/// Whether a CSV file's first line is a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Header {
    /// Decided by its cells, and said
    #[default]
    Auto,
    /// The first line is skipped
    Yes,
    /// The first line is a row
    No,
}

/// What stands for a missing value, whatever the case of its letters.
const MISSING: [&str; 8] = ["", "na", "n/a", "#n/a", "<na>", "nan", "null", "none"];
/// Words that are data rather than the names of columns.
const TRUTH: [&str; 4] = ["true", "false", "yes", "no"];

/// A file's rows, and what is to be said of its first line.
pub struct Table {
    /// Shape and elements.
    pub rows: Parsed,
    /// What was decided by the rule.
    pub note: Option<Note>,
    /// The header's names.
    pub names: Option<Vec<String>>,
}

/// What was decided about the first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// Names: hardly a mistake.
    Names(String),
    /// Numbers that might be a row.
    Numbered(String),
}

/// Reads numbers, the texts of a model's columns as the numbers that stand for them, or one column of text.
pub fn parse(bytes: &[u8], header: Header, columns: &Columns<'_>) -> Table {
    match records(bytes) {
        Ok(records) => table(records, header, columns),
        Err(error) => Table { rows: Err(error), note: None, names: None },
    }
}

fn records(bytes: &[u8]) -> Result<Vec<csv::StringRecord>, String> {
    if let Some(line) = blank_line(bytes) {
        return Err(format!(
            "line {line} is blank: write NaN for a missing value, or take the line out"
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    reader.records().map(|record| record.map_err(|error| error.to_string())).collect()
}

/// The first blank line with text behind it, counted from 1: the reader would leave it out, and it may
/// be a missing value. Lines within quotes are none of this.
fn blank_line(bytes: &[u8]) -> Option<usize> {
    let text = bytes.trim_ascii_end();
    let mut quoted = false;
    for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if !quoted && line.trim_ascii().is_empty() && !text.is_empty() {
            return Some(index + 1);
        }
        quoted ^= line.iter().filter(|&&byte| byte == b'"').count() % 2 == 1;
    }
    None
}

fn table(mut records: Vec<csv::StringRecord>, header: Header, columns: &Columns<'_>) -> Table {
    let one_column = records.iter().all(|record| record.len() == 1);
    let skipped = usize::from(header == Header::Yes);
    let body = || records.iter().skip(skipped);
    // The first line may be the header of a column of numbers.
    let rest = if records.len() > 1 + skipped { skipped + 1 } else { skipped };
    let is_text = one_column
        && !columns.has_texts()
        && body().next().is_some_and(|record| !is_value(&record[0]))
        && records.iter().skip(rest).any(|record| !is_missing(&record[0]))
        && !records.iter().skip(rest).any(|record| is_number(&record[0]));
    let note = match header {
        // A line of texts that the model's columns hold is a row.
        Header::Auto if records.first().is_some_and(|first| are_texts(first, columns)) => None,
        Header::Auto if !is_text => found(&records),
        _ => None,
    };
    let has_header = header == Header::Yes || note.is_some();
    let mut header_names = None;
    if has_header && !records.is_empty() {
        let names = records.remove(0);
        if names.iter().any(|name| !is_value(name)) {
            let name = |name: &str| name.trim_start_matches('#').trim().to_owned();
            header_names = Some(names.iter().map(name).collect());
        }
        if is_index(&names, &records) {
            let reason = "the first column is an index without a name, as pandas writes it: \
                          write the file with index=False";
            return Table { rows: Err(reason.to_owned()), note, names: None };
        }
    }
    let rows = match records.first() {
        None if has_header => Err("the file has a header and no rows".to_owned()),
        None => Err("the file has no rows".to_owned()),
        Some(_) if is_text => {
            let texts = records.iter().map(|record| record[0].to_owned()).collect();
            Ok((vec![records.len(), 1], Data::Text(texts)))
        }
        Some(first) => numbers(&records, first.len(), columns),
    };
    Table { rows, note, names: header_names }
}

/// Whether a line has one of its column's texts wherever the model has a text column.
fn are_texts(record: &csv::StringRecord, columns: &Columns<'_>) -> bool {
    let mut texts = record.iter().enumerate().filter(|(column, _)| columns.is_text(*column));
    columns.has_texts() && texts.all(|(column, cell)| columns.is_known(column, cell))
}

fn numbers(records: &[csv::StringRecord], columns: usize, model: &Columns<'_>) -> Parsed {
    let mut numbers = Vec::with_capacity(records.len() * columns);
    for record in records {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns {
            return Err(format!("line {line} has {} cells, others have {columns}", record.len()));
        }
        for (column, cell) in record.iter().enumerate() {
            let number = match model.is_text(column) {
                // Any text may be a category, also one that looks like a missing value.
                true => match model.position(column, cell) {
                    Err(_) if is_missing(cell) => Ok(f64::NAN),
                    position => position,
                },
                false if is_missing(cell) => Ok(f64::NAN),
                false => number::parse(cell),
            };
            numbers.push(number.map_err(|reason| {
                let hint = match line {
                    1 => "; if the line is a header, say `--header yes`",
                    _ => "",
                };
                format!("line {line}, column {}: {reason}{hint}", column + 1)
            })?);
        }
    }
    Ok((vec![records.len(), columns], Data::Numbers(numbers)))
}

/// What to say of the first line where it is a header by the rule.
fn found(records: &[csv::StringRecord]) -> Option<Note> {
    let (first, rest) = records.split_first()?;
    // numpy.savetxt puts a `#` before its header.
    let names: Vec<&str> =
        first.iter().map(|cell| cell.trim_start_matches('#').trim_start()).collect();
    let starts_with_letter = |name: &&str| name.starts_with(|c: char| c.is_alphabetic());
    if names.iter().all(|name| is_name(name)) && names.iter().any(starts_with_letter) {
        return Some(Note::Names(format!(
            "line {} is a header ({}); `--header no` makes it a row",
            first.position().map_or(1, csv::Position::line),
            shown(first)
        )));
    }
    let numbered = first.iter().enumerate().all(|(index, cell)| cell == index.to_string());
    (numbered && first.len() > 1 && !rest.is_empty()).then(|| {
        Note::Numbered(format!(
            "line {} ({}) numbers the columns, as pandas does without names: it is taken as a header; \
             `--header no` makes it a row",
            first.position().map_or(1, csv::Position::line),
            shown(first)
        ))
    })
}

/// Whether the first column is what pandas calls an index: a name that is empty, and 0, 1, 2, … below.
fn is_index(names: &csv::StringRecord, rows: &[csv::StringRecord]) -> bool {
    let unnamed = names.len() > 1 && (names[0].is_empty() || &names[0] == "Unnamed: 0");
    let counts = |(index, row): (usize, &csv::StringRecord)| row[0] == *index.to_string();
    unnamed && !rows.is_empty() && rows.iter().enumerate().all(counts)
}

/// The first cells of a line.
fn shown(record: &csv::StringRecord) -> String {
    const SHOWN: usize = 4;
    let mut cells: Vec<&str> = record.iter().take(SHOWN).collect();
    if record.len() > SHOWN {
        cells.push("…");
    }
    cells.join(",")
}

fn is_missing(cell: &str) -> bool {
    MISSING.contains(&cell.to_lowercase().as_str())
}

fn is_number(cell: &str) -> bool {
    !is_missing(cell) && cell.parse::<f64>().is_ok()
}

fn is_value(cell: &str) -> bool {
    is_missing(cell) || is_number(cell)
}

fn is_name(cell: &str) -> bool {
    let lower = cell.to_lowercase();
    !is_value(cell) && !TRUTH.contains(&lower.as_str()) && cell.contains(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str) -> (Vec<usize>, Vec<f64>, bool) {
        let table = parse(text.as_bytes(), Header::Auto, &Columns::default());
        match table.rows.unwrap() {
            (shape, Data::Numbers(numbers)) => (shape, numbers, table.note.is_some()),
            (_, Data::Text(texts)) => panic!("{texts:?}"),
        }
    }

    fn error(text: &str) -> String {
        parse(text.as_bytes(), Header::Auto, &Columns::default()).rows.unwrap_err()
    }

    #[test]
    fn with_and_without_a_header() {
        let numbers = vec![1.0, 2.0, 3.0, -4e-3];
        assert_eq!(read("1,2\n3,-4e-3\n"), (vec![2, 2], numbers.clone(), false));
        assert_eq!(read("a, b\r\n1, 2\r\n3, -4e-3"), (vec![2, 2], numbers.clone(), true));
        assert_eq!(read("\u{feff}a,b\n1,2\n3,-4e-3\n\n\n"), (vec![2, 2], numbers.clone(), true));
        assert_eq!(read("# a,b\n1,2\n3,-4e-3\n"), (vec![2, 2], numbers.clone(), true));
        assert_eq!(read("LotArea,2ndFlrSF\n1,2\n3,-4e-3"), (vec![2, 2], numbers, true));
        assert_eq!(read("label\n0\n1\n"), (vec![2, 1], vec![0.0, 1.0], true));
        for text in ["cat\ndog\n", "cat\n"] {
            let (shape, data) =
                parse(text.as_bytes(), Header::Auto, &Columns::default()).rows.unwrap();
            assert_eq!(shape, [text.lines().count(), 1]);
            assert!(matches!(data, Data::Text(texts) if texts[0] == "cat"));
        }
    }

    #[test]
    fn a_row_of_missing_values_is_a_row() {
        for first in [",", "NA,NA", "NaN,nan", "null,None", "N/A,<NA>", "NA,"] {
            let (shape, numbers, has_header) = read(&format!("{first}\n1,2\n"));
            assert_eq!((shape, has_header), (vec![2, 2], false), "{first}");
            assert!(numbers[0].is_nan() && numbers[1].is_nan() && numbers[2] == 1.0, "{first}");
        }
        let (shape, numbers, _) = read("NA\n1\n0\n");
        assert!(shape == [3, 1] && numbers[0].is_nan());
    }

    #[test]
    fn values_with_signs_and_separators_are_no_header() {
        for first in ["\"1,000\",\"2,000\"", "$1,$2", "5%,6%", "1.5.2,3", "True,False", "5kg,6kg"] {
            let error = error(&format!("{first}\n1,2\n"));
            assert!(error.starts_with("line 1, column 1: "), "{first}: {error}");
            assert!(error.ends_with("is not a number; if the line is a header, say `--header yes`"));
        }
        assert!(error("1e400,1\n1,2\n").starts_with("line 1, column 1: 1e400 is too large"));
        assert!(error("1,2\n9007199254740993,2").contains("is not a double"));
    }

    #[test]
    fn numbers_from_zero_are_the_header_of_pandas() {
        assert_eq!(read("0,1,2\n5,6,7\n"), (vec![1, 3], vec![5.0, 6.0, 7.0], true));
        assert_eq!(read("0,1\n5,6\n"), (vec![1, 2], vec![5.0, 6.0], true));
        for row in ["1,2,3\n5,6,7\n", "0,2,1\n5,6,7\n", "0.0,1.0,2.0\n5,6,7\n"] {
            assert_eq!(read(row).0, [2, 3], "{row}");
        }
        // Labels, and a file of one row.
        assert_eq!(read("0\n1\n1\n").0, [3, 1]);
        assert_eq!(read("0,1,2\n").0, [1, 3]);
    }

    #[test]
    fn the_option_settles_it() {
        let shape = |text: &str, header| {
            parse(text.as_bytes(), header, &Columns::default())
                .rows
                .map(|(shape, _)| shape)
                .map_err(|e| e.len())
        };
        assert_eq!(shape("0,1,2\n5,6,7\n", Header::No), Ok(vec![2, 3]));
        assert_eq!(shape("5,6,7\n8,9,10\n", Header::Yes), Ok(vec![1, 3]));
        assert_eq!(shape("label\ncat\ndog\n", Header::Yes), Ok(vec![2, 1]));
        assert!(shape("a,b\n1,2\n", Header::No).is_err());
        let only = parse(b"a,b\n", Header::Yes, &Columns::default()).rows.unwrap_err();
        assert_eq!(only, "the file has a header and no rows");
    }

    #[test]
    fn what_is_wrong_is_told() {
        assert_eq!(error("1,2\n3\n"), "line 2 has 1 cells, others have 2");
        assert_eq!(error("a,b\n1,x\n"), "line 2, column 2: \"x\" is not a number");
        assert!(error("1,x\n1,2\n").starts_with("line 1, column 2: \"x\" is not a number"));
        assert_eq!(error(""), "the file has no rows");
        assert!(error("1\n\n0\n").starts_with("line 2 is blank"));
        assert!(error(",a,b\n0,1,2\n1,3,4\n").contains("--header yes"));
        let index =
            parse(b",a,b\n0,1,2\n1,3,4\n", Header::Yes, &Columns::default()).rows.unwrap_err();
        assert!(index.contains("index=False"), "{index}");
        assert!(error("Unnamed: 0,a\n0,1\n1,3\n").contains("index=False"));
    }
}
