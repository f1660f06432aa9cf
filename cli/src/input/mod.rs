//! Rows of features, expected outputs and labels from `.npy`, `.json` and `.csv` files.
//!
//! Nothing is rounded or dropped silently: a number that no double stands for is an error, and so is
//! anything that is not a number where numbers are wanted. What a CSV file's first line was taken for is
//! said.

mod columns;
mod csv;
mod json;
mod npy;
mod number;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use thiserror::Error;

use crate::failure::Kind;
use crate::output::Output;

use self::csv::Note;

pub use self::columns::Columns;
pub use self::csv::Header;
pub use source::{RowSelection, Source};

/// The largest file that is read.
const MAX_FILE_BYTES: u64 = 2 << 30;

/// A file of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    path: PathBuf,
    /// The lengths of the axes, at least one.
    shape: Vec<usize>,
    data: Data,
    /// The names in a CSV file's header.
    names: Option<Vec<String>>,
}

/// The elements, row after row.
#[derive(Clone, Debug, PartialEq)]
enum Data {
    Numbers(Vec<f64>),
    Text(Vec<String>),
}

/// A file that cannot be read as rows.
#[derive(Debug, Error)]
pub enum InputError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is larger than what is read.
    #[error("{} has {actual} bytes, {MAX_FILE_BYTES} are read at most", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        actual: u64,
    },
    /// The file's name ends in nothing that is known.
    #[error("{} is neither .npy, .json nor .csv", .path.display())]
    Extension {
        /// The file.
        path: PathBuf,
    },
    /// The file is not what its name says, or holds what is not a number.
    #[error("{}: {reason}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was found and what is wanted.
        reason: String,
    },
    /// The array's shape does not fit.
    #[error("{} has shape {}, wants {wanted}", .path.display(), shape(.actual))]
    Shape {
        /// The file.
        path: PathBuf,
        /// Its shape.
        actual: Vec<usize>,
        /// The shape that is wanted.
        wanted: String,
    },
    /// A row that is not there.
    #[error("{} has {rows} row{}, numbered from 0; there is no row {row}", .path.display(), if *.rows == 1 { "" } else { "s" })]
    Row {
        /// The file.
        path: PathBuf,
        /// The row that was asked for.
        row: usize,
        /// How many there are.
        rows: usize,
    },
    /// Several rows where one is wanted.
    #[error("{0} has {rows} rows, and one is wanted: `{0}:0`", .path.display())]
    ManyRows {
        /// The file.
        path: PathBuf,
        /// Its rows.
        rows: usize,
    },
    /// Two files that should have one row for each other.
    #[error("{} has {actual} rows and {} has {expected}", .path.display(), .other.display())]
    RowCount {
        /// The file.
        path: PathBuf,
        /// Its rows.
        actual: usize,
        /// The file with the input rows.
        other: PathBuf,
        /// Its rows.
        expected: usize,
    },
}

impl InputError {
    /// The kind of failure.
    pub fn kind(&self) -> Kind {
        match self {
            Self::TooLarge { .. } => Kind::ResourceLimit,
            Self::ManyRows { .. } => Kind::Usage,
            _ => Kind::Other,
        }
    }

    /// What to do about it.
    pub fn help(&self) -> Option<String> {
        let help = match self {
            Self::Extension { .. } => {
                "save the rows with numpy.save, as a JSON list of lists, or as comma-separated values"
            }
            Self::Row { .. } => "rows are counted from 0: `X.npy:0` is the first",
            _ => return None,
        };
        Some(help.to_owned())
    }
}

/// How files of rows are read.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ReadArgs {
    /// Whether the first line of a CSV file is a header
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "auto|yes|no",
        hide_possible_values = true
    )]
    pub header: Header,
}

impl ReadArgs {
    /// A reader that says what it decides.
    pub fn reader(self, output: &Output) -> Reader {
        Reader { header: self.header, output: *output }
    }
}

/// Reads files of rows.
#[derive(Clone, Copy, Debug)]
pub struct Reader {
    header: Header,
    output: Output,
}

impl Reader {
    /// Reads a file by its extension, and says what its first line was taken for.
    ///
    /// # Errors
    /// See [`InputError`].
    pub fn read(&self, path: &Path) -> Result<Array, InputError> {
        Ok(self.read_file(path, &Columns::default())?.0)
    }

    /// [`Self::read`] for rows of a model's columns: texts become the numbers that stand for them.
    ///
    /// # Errors
    /// See [`InputError`].
    pub fn read_rows(&self, path: &Path, columns: &Columns<'_>) -> Result<Array, InputError> {
        Ok(self.read_file(path, columns)?.0)
    }

    /// [`Self::read_rows`], with the SHA-256 of the file.
    ///
    /// # Errors
    /// See [`InputError`].
    pub fn read_whole(
        &self,
        path: &Path,
        columns: &Columns<'_>,
    ) -> Result<(Array, String), InputError> {
        let (array, bytes) = self.read_file(path, columns)?;
        Ok((array, nilometer_package::sha256(&bytes)))
    }

    fn read_file(
        &self,
        path: &Path,
        columns: &Columns<'_>,
    ) -> Result<(Array, Vec<u8>), InputError> {
        let (array, note, bytes) = read(path, self.header, columns)?;
        let name = path.display();
        match note {
            Some(Note::Names(text)) => self.output.remark(&format!("{name}: {text}")),
            Some(Note::Numbered(text)) => self.output.warn(&format!("{name}: {text}")),
            None => {}
        }
        if self.header != Header::Auto && !has_extension(path, "csv") {
            self.output
                .warn(&format!("`--header` does nothing for {name}: it is about .csv files"));
        }
        Ok((array, bytes))
    }
}

fn has_extension(path: &Path, wanted: &str) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// Reads a file by its extension: its rows, a note about a CSV file's first line, and its bytes.
fn read(
    path: &Path,
    header: Header,
    columns: &Columns<'_>,
) -> Result<(Array, Option<Note>, Vec<u8>), InputError> {
    let failed = |source| InputError::Read { path: path.to_owned(), source };
    let content = |reason| InputError::Content { path: path.to_owned(), reason };
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let extension = extension.as_deref().unwrap_or_default();
    if !matches!(extension, "npy" | "json" | "csv") {
        return Err(InputError::Extension { path: path.to_owned() });
    }
    let actual = fs::metadata(path).map_err(failed)?.len();
    if actual > MAX_FILE_BYTES {
        return Err(InputError::TooLarge { path: path.to_owned(), actual });
    }
    let bytes = fs::read(path).map_err(failed)?;
    let (rows, note, names) = match extension {
        "npy" => (npy::parse(&bytes).and_then(|rows| texts_of_columns(rows, columns)), None, None),
        "json" => (json::parse(&bytes, columns), None, None),
        _ => {
            let table = csv::parse(&bytes, header, columns);
            (table.rows, table.note, table.names)
        }
    };
    let (shape, data) = rows.map_err(content)?;
    Ok((Array { path: path.to_owned(), shape, data, names }, note, bytes))
}

/// An array of texts whose columns are a model's, some of which are texts.
fn texts_of_columns((shape, data): (Vec<usize>, Data), columns: &Columns<'_>) -> Parsed {
    let Data::Text(texts) = data else { return Ok((shape, data)) };
    if !columns.has_texts() {
        return Ok((shape, Data::Text(texts)));
    }
    let cell = |(at, text): (usize, &String)| {
        let column = at % columns.len;
        let number = match columns.is_text(column) {
            true => columns.position(column, text),
            false => number::parse(text.trim()),
        };
        number.map_err(|reason| format!("row {}, column {column}: {reason}", at / columns.len))
    };
    let numbers = texts.iter().enumerate().map(cell).collect::<Result<_, _>>()?;
    Ok((shape, Data::Numbers(numbers)))
}

/// Reads the bytes of a `.npy` file that is called `name`.
///
/// # Errors
/// See [`InputError`].
pub fn parse_npy(name: &str, bytes: &[u8]) -> Result<Array, InputError> {
    let content = |reason| InputError::Content { path: name.into(), reason };
    let (shape, data) = npy::parse(bytes).map_err(content)?;
    Ok(Array { path: name.into(), shape, data, names: None })
}

impl Array {
    /// Numbers as a file of them would give.
    #[cfg(test)]
    pub fn of_numbers(shape: &[usize], numbers: &[f64]) -> Self {
        Self {
            path: "test.npy".into(),
            shape: shape.to_vec(),
            data: Data::Numbers(numbers.to_vec()),
            names: None,
        }
    }

    /// The file it comes from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The names in a CSV file's header, where it has one that is not just numbers.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// The number of rows, where the first axis counts them.
    pub fn n_rows(&self) -> usize {
        self.shape[0]
    }

    /// Rows of `features` numbers. A vector of that length is one row; further axes of an array are
    /// taken together.
    ///
    /// # Errors
    /// Another shape, or text.
    pub fn rows(&self, features: usize) -> Result<Vec<Vec<f64>>, InputError> {
        let numbers = self.numbers()?;
        let row_len: usize = self.shape[1..].iter().product();
        let fits = match self.shape.len() {
            1 => self.shape[0] == features || features == 1,
            _ => row_len == features,
        };
        if !fits || features == 0 {
            return Err(self.wants(format!("(rows, {features})")));
        }
        Ok(numbers.chunks(features).map(<[f64]>::to_vec).collect())
    }

    /// Rows of numbers, however long: a vector has one in each row.
    ///
    /// # Errors
    /// Text, or rows without numbers.
    pub fn any_rows(&self) -> Result<Vec<Vec<f64>>, InputError> {
        let row_len = self.shape[1..].iter().product::<usize>();
        if row_len == 0 {
            return Err(self.wants("(rows, columns)".to_owned()));
        }
        Ok(self.numbers()?.chunks(row_len).map(<[f64]>::to_vec).collect())
    }

    /// How many elements a row has; one where the array is a vector.
    pub fn columns(&self) -> usize {
        self.shape[1..].iter().product()
    }

    /// Whether the elements are numbers rather than text.
    pub fn is_numbers(&self) -> bool {
        matches!(self.data, Data::Numbers(_))
    }

    /// One number per row.
    ///
    /// # Errors
    /// Text, or several columns.
    pub fn targets(&self) -> Result<Vec<f64>, InputError> {
        self.one_column()?;
        self.numbers().map(<[f64]>::to_vec)
    }

    /// One label per row, as text; whole numbers without a point.
    ///
    /// # Errors
    /// Several columns.
    pub fn labels(&self) -> Result<Vec<String>, InputError> {
        self.one_column()?;
        Ok(match &self.data {
            Data::Numbers(numbers) => numbers.iter().map(f64::to_string).collect(),
            Data::Text(texts) => texts.clone(),
        })
    }

    /// Fails unless there are as many rows as in the input.
    ///
    /// # Errors
    /// Another number of rows.
    pub fn expect_rows(&self, expected: usize, other: &Path) -> Result<(), InputError> {
        let (path, actual, other) = (self.path.clone(), self.n_rows(), other.to_owned());
        if actual == expected {
            Ok(())
        } else {
            Err(InputError::RowCount { path, actual, other, expected })
        }
    }

    fn one_column(&self) -> Result<(), InputError> {
        if self.shape[1..].iter().product::<usize>() == 1 {
            Ok(())
        } else {
            Err(self.wants("(rows) or (rows, 1)".to_owned()))
        }
    }

    fn numbers(&self) -> Result<&[f64], InputError> {
        match &self.data {
            Data::Numbers(numbers) => Ok(numbers),
            Data::Text(texts) => {
                let found = texts.iter().find(|text| text.parse::<f64>().is_err());
                let found = found.or(texts.first()).map_or("", String::as_str);
                let reason = format!("{found:?} is not a number");
                Err(InputError::Content { path: self.path.clone(), reason })
            }
        }
    }

    fn wants(&self, wanted: String) -> InputError {
        InputError::Shape { path: self.path.clone(), actual: self.shape.clone(), wanted }
    }
}

/// A shape as NumPy writes it.
fn shape(shape: &[usize]) -> String {
    let axes: Vec<String> = shape.iter().map(ToString::to_string).collect();
    match axes.as_slice() {
        [only] => format!("({only},)"),
        _ => format!("({})", axes.join(", ")),
    }
}

/// The shape and the elements, or what is wrong.
type Parsed = Result<(Vec<usize>, Data), String>;
