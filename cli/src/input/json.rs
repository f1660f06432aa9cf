//! Rows as JSON: a list of numbers, a list of such lists, or `{"input": …}` around either.

use serde_json::Value;

use super::{number, Columns, Data, Parsed};

/// Reads numbers (`null` is a missing one), the texts of a model's columns as the numbers that stand for them, or
/// text.
pub fn parse(bytes: &[u8], columns: &Columns<'_>) -> Parsed {
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    let value = match value {
        Value::Object(mut object) => {
            object.remove("input").ok_or("a JSON object without the field \"input\"")?
        }
        other => other,
    };
    let Value::Array(items) = value else {
        return Err("a list, a list of lists or {\"input\": …} is wanted".to_owned());
    };
    if items.is_empty() {
        return Err("the list is empty".to_owned());
    }
    if !items.iter().any(Value::is_array) {
        return Ok((vec![items.len()], data(&items, "", columns)?));
    }
    let rows: Vec<&Vec<Value>> = items
        .iter()
        .enumerate()
        .map(|(row, item)| item.as_array().ok_or_else(|| format!("row {row} is not a list")))
        .collect::<Result<_, _>>()?;
    let len = rows[0].len();
    if let Some((row, values)) = rows.iter().enumerate().find(|(_, values)| values.len() != len) {
        return Err(format!("row {row} has {} elements, row 0 has {len}", values.len()));
    }
    if len == 0 {
        return Err("the rows are empty".to_owned());
    }
    let mut numbers = Vec::with_capacity(rows.len() * len);
    let mut texts = Vec::new();
    for (row, values) in rows.iter().enumerate() {
        match data(values, &format!("row {row}, "), columns)? {
            Data::Numbers(values) => numbers.extend(values),
            Data::Text(values) => texts.extend(values),
        }
    }
    let shape = vec![rows.len(), len];
    match (numbers.is_empty(), texts.is_empty()) {
        (_, true) => Ok((shape, Data::Numbers(numbers))),
        (true, _) => Ok((shape, Data::Text(texts))),
        _ => Err("some rows are numbers and some are text".to_owned()),
    }
}

fn data(items: &[Value], place: &str, columns: &Columns<'_>) -> Result<Data, String> {
    if !columns.has_texts() && items.iter().all(Value::is_string) {
        let texts = items.iter().filter_map(Value::as_str).map(str::to_owned);
        return Ok(Data::Text(texts.collect()));
    }
    let number = |(index, item): (usize, &Value)| match item {
        Value::Null => Ok(f64::NAN),
        // A list of as many numbers as there are columns is a row, any other one a column.
        Value::String(text) if columns.has_texts() => {
            let column = if items.len() == columns.len { index } else { 0 };
            let number = columns.position(column, text);
            number.map_err(|reason| format!("{place}element {index}: {reason}"))
        }
        // The text as it stands in the file: see `arbitrary_precision` in `Cargo.toml`.
        Value::Number(number) => number::parse(number.as_str())
            .map_err(|reason| format!("{place}element {index}: {reason}")),
        other => Err(format!("{place}element {index} is {other}, which is not a number")),
    };
    items.iter().enumerate().map(number).collect::<Result<_, _>>().map(Data::Numbers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lists_lists_of_lists_and_objects() {
        let numbers = Data::Numbers(vec![1.0, -2.5]);
        assert_eq!(parse(b"[1, -2.5]", &Columns::default()), Ok((vec![2], numbers.clone())));
        assert_eq!(parse(b"[[1, -2.5]]", &Columns::default()), Ok((vec![1, 2], numbers.clone())));
        assert_eq!(
            parse(b"{\"input\": [[1], [-2.5]]}", &Columns::default()),
            Ok((vec![2, 1], numbers))
        );
        let texts = Data::Text(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(parse(b"[\"a\", \"b\"]", &Columns::default()), Ok((vec![2], texts)));
    }

    #[test]
    fn what_is_wrong_is_told() {
        let error = |text: &str| parse(text.as_bytes(), &Columns::default()).unwrap_err();
        assert_eq!(error("[[1, 2], [3]]"), "row 1 has 1 elements, row 0 has 2");
        assert_eq!(error("[1, \"x\"]"), "element 1 is \"x\", which is not a number");
        assert_eq!(error("[[1, true]]"), "row 0, element 1 is true, which is not a number");
        assert_eq!(error("{\"x\": 1}"), "a JSON object without the field \"input\"");
        assert_eq!(error("[]"), "the list is empty");
        for loses in ["9007199254740993", "9007199254740993.0", "100000000000000000001"] {
            let error = error(&format!("[[1, {loses}]]"));
            assert!(error.starts_with(&format!("row 0, element 1: {loses} is not a double")));
        }
        assert_eq!(error("[1, 1e400]"), "element 1: 1e+400 is too large for a double");
        assert_eq!(error("[1e-400]"), "element 0: 1e-400 is too small for a double");
        assert!(error("[1").starts_with("not JSON: "), "{}", error("[1"));
    }
}
