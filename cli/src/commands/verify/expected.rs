//! What the caller says that a proof must be about: a row, an output.

use anyhow::{Context, Result};
use nilometer_package::answer::NamedOutput;
use nilometer_package::check::AboutError;
use nilometer_package::numbers::short;
use nilometer_transpiler::quant::QuantInput;
use serde_json::value::RawValue;

use crate::failure::UsageError;
use crate::input::{Columns, InputError, Reader, Source};
use crate::output::Output;
use crate::table::table;

/// One of the numbers that a model gives.
struct Number<'a> {
    name: String,
    value: f64,
    integer: &'a str,
}

/// A feature that differs from the one that is wanted.
struct Difference {
    /// Its position.
    feature: usize,
    /// The proof's, in natural units.
    actual: f64,
    /// The caller's.
    expected: f64,
}

/// Compares a proof's row with the caller's; `full` shows every feature that differs.
///
/// # Errors
/// Another row, or one that cannot be read or that the model refuses.
pub fn check_input(
    input: &QuantInput,
    source: &Source,
    reader: &Reader,
    actual: &[i128],
    full: bool,
    output: &Output,
) -> Result<()> {
    let (_, values) = source.one_row(&Columns::of(input), reader)?;
    let integers = input.encode(&values)?;
    let differs = |feature: &usize| integers[*feature] != actual[*feature];
    let difference = |feature: usize| Difference {
        feature,
        actual: input.decode(feature, actual[feature]),
        expected: values[feature],
    };
    let differences: Vec<_> = (0..integers.len()).filter(differs).map(difference).collect();
    let Some(first) = differences.first() else { return Ok(()) };
    if full {
        output.note(&all_differences(&differences));
    }
    Err(first.error().into())
}

fn all_differences(differences: &[Difference]) -> String {
    let row = |difference: &Difference| {
        vec![
            difference.feature.to_string(),
            difference.actual.to_string(),
            difference.expected.to_string(),
        ]
    };
    table(&[">feature", ">proof", ">wanted"], differences.iter().map(row))
}

impl Difference {
    /// The error that tells of it.
    fn error(&self) -> AboutError {
        AboutError::Input {
            feature: format!("feature {}", self.feature),
            expected: self.expected.to_string(),
            actual: self.actual.to_string(),
        }
    }
}

/// Numbers in natural units, as `nilo run` prints them: each is the value, or the value as the table of `nilo run`
/// rounds it.
///
/// # Errors
/// Other numbers than the proof's, or a file that cannot be read.
pub fn check_values(outputs: &[NamedOutput], wanted: &str, reader: &Reader) -> Result<()> {
    let expected = match list(wanted, |text| text.parse::<f64>().ok()) {
        Some(numbers) => numbers,
        None => {
            let Ok(source) = wanted.parse::<Source>();
            let rows = reader.read(&source.path)?.any_rows()?;
            row(source, rows)?
        }
    };
    let numbers = numbers_of(outputs, expected.len())?;
    for (number, wanted) in numbers.iter().zip(&expected) {
        let printed = short(number.value).parse::<f64>().ok();
        if number.value != *wanted && printed != Some(*wanted) {
            return Err(AboutError::Output {
                output: number.name.clone(),
                expected: wanted.to_string(),
                actual: number.value.to_string(),
            }
            .into());
        }
    }
    Ok(())
}

/// The exact integers, however large.
///
/// # Errors
/// Other integers than the proof's, or a file that cannot be read.
pub fn check_integers(outputs: &[NamedOutput], wanted: &str, reader: &Reader) -> Result<()> {
    let expected = match list(wanted, |text| text.parse::<i128>().ok()) {
        Some(integers) => integers,
        None => integers_of_file(wanted, reader)?,
    };
    let numbers = numbers_of(outputs, expected.len())?;
    for (number, wanted) in numbers.iter().zip(&expected) {
        if number.integer.parse::<i128>() != Ok(*wanted) {
            return Err(AboutError::Output {
                output: number.name.clone(),
                expected: format!("the integer {wanted}"),
                actual: format!("the integer {}", number.integer),
            }
            .into());
        }
    }
    Ok(())
}

/// `1,2,3` or `[1, 2, 3]`; none for anything else.
fn list<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Vec<T>> {
    let text = text.trim();
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    inner.split(',').map(|number| parse(number.trim())).collect()
}

fn integers_of_file(wanted: &str, reader: &Reader) -> Result<Vec<i128>> {
    let Ok(source) = wanted.parse::<Source>();
    let name = source.path.display().to_string();
    let is_json = source.path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let rows: Vec<Vec<String>> = if is_json {
        // Libraries read large integers as floats: the digits themselves are needed.
        let text =
            std::fs::read_to_string(&source.path).with_context(|| format!("cannot read {name}"))?;
        let texts = |row: Vec<Box<RawValue>>| {
            row.iter().map(|number| number.get().trim_matches('"').to_owned()).collect()
        };
        match serde_json::from_str::<Vec<Vec<Box<RawValue>>>>(&text) {
            Ok(rows) => rows.into_iter().map(texts).collect(),
            Err(_) => vec![texts(
                serde_json::from_str(&text)
                    .with_context(|| format!("{name} is not a list of integers"))?,
            )],
        }
    } else {
        // A float up to 2^53 holds every integer; larger ones are refused by the reader.
        let rows = reader.read(&source.path)?.any_rows()?;
        let texts = |row: Vec<f64>| row.iter().map(|number| format!("{number:.0}")).collect();
        let whole = |row: &Vec<f64>| row.iter().all(|number| number.fract() == 0.0);
        if !rows.iter().all(whole) {
            return Err(UsageError(format!(
                "`--output-int`: {name} has numbers that are not whole; `--output` takes values"
            ))
            .into());
        }
        rows.into_iter().map(texts).collect()
    };
    let texts = row(source, rows)?;
    let integer = |text: &String| {
        text.parse::<i128>().map_err(|_| {
            UsageError(format!("`--output-int`: {text:.40?} in {name} is not an integer"))
        })
    };
    Ok(texts.iter().map(integer).collect::<Result<_, _>>()?)
}

/// The row that is meant.
fn row<T>(source: Source, rows: Vec<T>) -> Result<T, InputError> {
    let (row, n_rows) = (source.row.unwrap_or(0), rows.len());
    let missing = || InputError::Row { path: source.path, row, rows: n_rows };
    rows.into_iter().nth(row).ok_or_else(missing)
}

/// The numbers that `nilo run` prints: those of all outputs, or without labels; whichever are as many.
fn numbers_of(outputs: &[NamedOutput], wanted: usize) -> Result<Vec<Number<'_>>, AboutError> {
    let numbers = |labels: bool| -> Vec<Number<'_>> {
        let shown = outputs.iter().filter(|output| labels || !output.is_label);
        shown
            .flat_map(|output| {
                let values = output.values.iter().zip(&output.integers).enumerate();
                values.map(|(index, (value, integer))| Number {
                    name: match output.values.len() {
                        1 => output.name.clone(),
                        _ => format!("{}[{index}]", output.name),
                    },
                    value: *value,
                    integer,
                })
            })
            .collect()
    };
    let found = [numbers(false), numbers(true)].into_iter().find(|all| all.len() == wanted);
    found.ok_or_else(|| AboutError::OutputCount { expected: wanted, actual: numbers(true).len() })
}
