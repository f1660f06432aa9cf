//! Comma-separated values, with or without a header.

use super::{Data, Parsed};

/// Reads numbers (an empty cell is a missing one), or one column of text.
///
/// The first line is a header if none of its cells is a number.
pub fn parse(bytes: &[u8]) -> Parsed {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(bytes);
    let mut records = Vec::new();
    for record in reader.records() {
        records.push(record.map_err(|error| error.to_string())?);
    }
    let is_number = |cell: &str| cell.parse::<f64>().is_ok();
    let one_column = records.iter().all(|record| record.len() == 1);
    let is_text =
        one_column && records.len() > 1 && !records.iter().skip(1).any(|r| is_number(&r[0]));
    if !is_text && records.len() > 1 && !records[0].iter().any(is_number) {
        records.remove(0);
    }
    let Some(first) = records.first() else { return Err("the file has no rows".to_owned()) };
    let columns = first.len();
    let shape = vec![records.len(), columns];
    if is_text {
        return Ok((
            shape,
            Data::Text(records.iter().map(|record| record[0].to_owned()).collect()),
        ));
    }
    let mut numbers = Vec::with_capacity(records.len() * columns);
    for record in &records {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns {
            return Err(format!("line {line} has {} cells, others have {columns}", record.len()));
        }
        for (column, cell) in record.iter().enumerate() {
            numbers.push(match cell {
                "" => f64::NAN,
                _ => cell.parse().map_err(|_| {
                    format!("line {line}, column {}: {cell:?} is no number", column + 1)
                })?,
            });
        }
    }
    Ok((shape, Data::Numbers(numbers)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn with_and_without_a_header() {
        let expected = Ok((vec![2, 2], Data::Numbers(vec![1.0, 2.0, 3.0, -4e-3])));
        assert_eq!(parse(b"1,2\n3,-4e-3\n"), expected);
        assert_eq!(parse(b"a, b\r\n1, 2\r\n3, -4e-3"), expected);
        let texts = Data::Text(vec!["cat".to_owned(), "dog".to_owned()]);
        assert_eq!(parse(b"cat\ndog\n"), Ok((vec![2, 1], texts)));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let error = |text: &str| parse(text.as_bytes()).unwrap_err();
        assert_eq!(error("1,2\n3\n"), "line 2 has 1 cells, others have 2");
        assert_eq!(error("a,b\n1,x\n"), "line 2, column 2: \"x\" is no number");
        assert_eq!(error("1,x\n1,2\n"), "line 1, column 2: \"x\" is no number");
        assert_eq!(error(""), "the file has no rows");
    }
}
