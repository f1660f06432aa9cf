//! What follows from an AIR's shape and constraints: widths, the quotient's degree, the order of values.

use thiserror::Error;

use crate::air::{Air, Columns, Kind, Shape, MAX_ROWS, MAX_WIDTH, MIN_ROWS};
use crate::params::Params;
use crate::security::Counts;
use crate::Felt;

/// Trees, in the order in which they are committed to: preprocessed, main, auxiliary, quotient.
pub(crate) const N_TREES: usize = 4;
/// Most quotient columns.
const MAX_QUOTIENT: usize = 16;
/// Most last rows without constraints.
const MAX_EXEMPT: usize = 1 << 10;

/// An AIR that cannot be proved with these parameters: an error of who wrote it, or of the caller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// The parameters are those of another number of rows.
    #[error("parameters for {params} rows, an AIR of {air}")]
    Rows {
        /// Rows of the parameters.
        params: usize,
        /// Rows of the AIR.
        air: usize,
    },
    /// The shape breaks one of the rules that [`Shape`] states.
    #[error("the AIR's {what} cannot be: {actual}")]
    Shape {
        /// What is wrong.
        what: &'static str,
        /// What it is.
        actual: usize,
    },
    /// A constraint's degree is too high for the domain or for its kind.
    #[error("constraint {name} of degree {degree} is above what its kind and the domain allow")]
    Degree {
        /// The constraint.
        name: &'static str,
        /// Its degree.
        degree: usize,
    },
    /// The security of this AIR is below what the parameters promise.
    #[error("this AIR has {actual} bits, {promised} are promised")]
    Security {
        /// What it has.
        actual: u32,
        /// What the level promises.
        promised: u32,
    },
}

/// The numbers of a proof that both sides use.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub shape: Shape,
    /// Columns of each tree.
    pub widths: [usize; N_TREES],
    pub counts: Counts,
}

impl Layout {
    pub fn new<A: Air>(air: &A, params: &Params) -> Result<Self, LayoutError> {
        let shape = air.shape().clone();
        if shape.n_rows != params.n_rows() {
            return Err(LayoutError::Rows { params: params.n_rows(), air: shape.n_rows });
        }
        check_shape(&shape)?;
        if air.name().is_empty() || air.name().len() > MAX_NAME || !air.name().is_ascii() {
            return Err(LayoutError::Shape { what: "name's length", actual: air.name().len() });
        }
        let constraints = air.constraints();
        if constraints.is_empty() {
            return Err(LayoutError::Shape { what: "number of constraints", actual: 0 });
        }
        let n = shape.n_rows;
        // The degree of `constraint / vanishing polynomial` for columns of degree n - 1.
        let quotient_degree = |degree: usize, kind: Kind| match kind {
            Kind::Every => (degree * (n - 1) + shape.exempt_rows - 1).saturating_sub(n),
            Kind::Transition => (degree * (n - 1) + shape.exempt_rows).saturating_sub(n),
            Kind::First | Kind::Last => degree * (n - 1) - 1,
        };
        let mut n_quotient = 1;
        for c in constraints {
            let too_high = LayoutError::Degree { name: c.name, degree: c.degree };
            if c.degree == 0 || c.degree > MAX_QUOTIENT {
                return Err(too_high);
            }
            let columns = quotient_degree(c.degree, c.kind) / n + 1;
            if columns > MAX_QUOTIENT || columns > params.blowup() {
                return Err(too_high);
            }
            n_quotient = n_quotient.max(columns);
        }
        let width = shape.width;
        let widths = [width.preprocessed, width.main, width.aux, n_quotient];
        let n_next: usize = shape.next.as_array().iter().map(|list| list.len()).sum();
        let counts = Counts {
            argument_degree: shape.argument_degree.max(1),
            n_constraints: constraints.len() as u64,
            max_degree: constraints.iter().map(|c| c.degree as u64).max().unwrap_or(1),
            n_functions: (widths.iter().sum::<usize>() + n_next) as u64,
        };
        let actual = crate::security::bits(params, &counts);
        let promised = params.level().bits();
        if actual < promised {
            return Err(LayoutError::Security { actual, promised });
        }
        Ok(Self { shape, widths, counts })
    }

    /// Quotient columns: `quotient = Σ x^(n·i)·columns[i]`.
    #[cfg(feature = "prove")]
    pub fn n_quotient(&self) -> usize {
        self.widths[N_TREES - 1]
    }

    /// Points over rows of the domain on which the quotient is computed.
    #[cfg(feature = "prove")]
    pub fn quotient_blowup(&self) -> usize {
        self.n_quotient().next_power_of_two()
    }

    /// Values out of the domain: all columns at z, then the declared ones at z·g.
    pub fn n_values(&self) -> usize {
        self.counts.n_functions as usize
    }

    /// The frame of values out of the domain.
    pub fn frame_columns(&self, values: &[Felt]) -> OodFrame {
        let [preprocessed, main, aux, quotient] = self.widths;
        let (row_preprocessed, rest) = values.split_at(preprocessed);
        let (row_main, rest) = rest.split_at(main);
        let (row_aux, rest) = rest.split_at(aux);
        let (row_quotient, mut rest) = rest.split_at(quotient);
        let mut spread = |width: usize, columns: &[usize]| {
            let (values, after) = rest.split_at(columns.len());
            rest = after;
            let mut row = vec![Felt::default(); width];
            for (column, value) in columns.iter().zip(values) {
                row[*column] = *value;
            }
            row
        };
        OodFrame {
            row: Columns {
                preprocessed: row_preprocessed.to_vec(),
                main: row_main.to_vec(),
                aux: row_aux.to_vec(),
            },
            next: Columns {
                preprocessed: spread(preprocessed, &self.shape.next.preprocessed),
                main: spread(main, &self.shape.next.main),
                aux: spread(aux, &self.shape.next.aux),
            },
            quotient: row_quotient.to_vec(),
        }
    }
}

/// Values at z and z·g.
#[derive(Clone, Debug)]
pub(crate) struct OodFrame {
    pub row: Columns<Vec<Felt>>,
    pub next: Columns<Vec<Felt>>,
    pub quotient: Vec<Felt>,
}

/// Bytes of the longest name: those of a felt.
pub(crate) const MAX_NAME: usize = 31;

fn check_shape(shape: &Shape) -> Result<(), LayoutError> {
    let wrong = |what, actual| Err(LayoutError::Shape { what, actual });
    let n = shape.n_rows;
    if !n.is_power_of_two() || !(MIN_ROWS..=MAX_ROWS).contains(&n) {
        return wrong("number of rows", n);
    }
    if shape.exempt_rows == 0 || shape.exempt_rows >= n || shape.exempt_rows > MAX_EXEMPT {
        return wrong("number of exempt rows", shape.exempt_rows);
    }
    if shape.width.main == 0 {
        return wrong("number of main columns", 0);
    }
    for (width, next) in shape.width.as_array().into_iter().zip(shape.next.as_array()) {
        if *width > MAX_WIDTH {
            return wrong("width", *width);
        }
        let ascending = next.windows(2).all(|pair| pair[0] < pair[1]);
        if !ascending || next.last().is_some_and(|last| last >= width) {
            return wrong("list of columns with a next row", next.len());
        }
    }
    if shape.n_challenges > MAX_WIDTH {
        return wrong("number of challenges", shape.n_challenges);
    }
    Ok(())
}
