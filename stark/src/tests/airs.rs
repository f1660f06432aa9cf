//! Small AIRs, for tests and benches.

use nilometer_stark::{Air, AirError, Columns, ConstraintInfo, Felt, Frame, Kind, Shape, Value};

fn felt(value: u64) -> Felt {
    Felt::from(value)
}

/// The Fibonacci numbers from a pair to a last one; no preprocessed and no auxiliary columns.
pub struct Fibonacci {
    shape: Shape,
    /// The first two numbers and the last one.
    pub public: [Felt; 3],
    pub name: &'static str,
    pub version: u64,
}

const FIBONACCI: [ConstraintInfo; 5] = [
    ConstraintInfo { name: "first_a", degree: 1, kind: Kind::First },
    ConstraintInfo { name: "first_b", degree: 1, kind: Kind::First },
    ConstraintInfo { name: "next_a", degree: 1, kind: Kind::Transition },
    ConstraintInfo { name: "next_b", degree: 1, kind: Kind::Transition },
    ConstraintInfo { name: "last_b", degree: 1, kind: Kind::Last },
];

impl Fibonacci {
    pub fn new(n_rows: usize) -> (Self, Vec<Vec<Felt>>) {
        let (mut a, mut b) = (felt(1), felt(1));
        let mut columns = vec![Vec::new(), Vec::new()];
        for _ in 0..n_rows {
            columns[0].push(a);
            columns[1].push(b);
            (a, b) = (b, a + b);
        }
        let shape = Shape {
            n_rows,
            width: Columns { main: 2, ..Columns::default() },
            next: Columns { main: vec![0, 1], ..Columns::default() },
            n_challenges: 0,
            argument_degree: 0,
            n_derived: 3,
            exempt_rows: 1,
        };
        let public = [felt(1), felt(1), columns[1][n_rows - 1]];
        (Self { shape, public, name: "fibonacci", version: 1 }, columns)
    }
}

impl Air for Fibonacci {
    fn name(&self) -> &str {
        self.name
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn shape(&self) -> &Shape {
        &self.shape
    }
    fn public_input(&self) -> Vec<Felt> {
        self.public.to_vec()
    }
    fn constraints(&self) -> &[ConstraintInfo] {
        &FIBONACCI
    }
    fn derive(&self, _: &[Felt]) -> Result<Vec<Felt>, AirError> {
        Ok(self.public.to_vec())
    }
    #[inline(always)]
    fn eval<V: Value>(&self, frame: &Frame<'_, V>, _: &[V], derived: &[V], out: &mut [V]) {
        let (row, next) = (frame.row.main, frame.next.main);
        out[0] = row[0] - derived[0];
        out[1] = row[1] - derived[1];
        out[2] = next[0] - row[1];
        out[3] = next[1] - row[0] - row[1];
        out[4] = row[1] - derived[2];
    }
}

/// Each row's value is in the preprocessed table (LogUp); so are some public values. Where the preprocessed
/// selector is set, the value is that of the row before, times 1.
pub struct Lookup {
    pub shape: Shape,
    pub public: Vec<u64>,
    /// Answers like a challenge that hits the table.
    pub collides: bool,
}

const LOOKUP: [ConstraintInfo; 5] = [
    ConstraintInfo { name: "sum", degree: 3, kind: Kind::Transition },
    ConstraintInfo { name: "sum_first", degree: 1, kind: Kind::First },
    ConstraintInfo { name: "sum_last", degree: 3, kind: Kind::Last },
    ConstraintInfo { name: "held", degree: 2, kind: Kind::Transition },
    ConstraintInfo { name: "selected_value", degree: 2, kind: Kind::Every },
];

/// Columns of [`Lookup`].
pub struct LookupColumns {
    pub preprocessed: Vec<Vec<Felt>>,
    pub main: Vec<Vec<Felt>>,
}

impl Lookup {
    /// A table of all squares below `n_rows`; values by a rule.
    pub fn new(n_rows: usize, exempt_rows: usize) -> (Self, LookupColumns) {
        let public: Vec<u64> = vec![9, 16, 16];
        let used = n_rows - exempt_rows + 1;
        let table: Vec<u64> = (0..n_rows as u64).map(|i| i * i).collect();
        // Held where the next row's selector is set; all rows of the second selector have 25.
        let held = |row: usize| row % 5 == 1;
        let fixed = |row: usize| row % 7 == 3;
        let mut places: Vec<usize> = Vec::new();
        for row in 0..n_rows {
            let place = if fixed(row) {
                5
            } else if row > 0 && held(row) && !fixed(row - 1) {
                places[row - 1]
            } else {
                (row * 31 + 7) % used
            };
            places.push(place);
        }
        let held_here = |row: usize| row > 0 && places[row] == places[row - 1];
        let mut counts = vec![0_u64; n_rows];
        for place in &places[..used] {
            counts[*place] += 1;
        }
        for value in &public {
            counts[value.isqrt() as usize] += 1;
        }
        let bit = |set: bool| felt(u64::from(set));
        let columns = LookupColumns {
            preprocessed: vec![
                table.iter().map(|t| felt(*t)).collect(),
                (0..n_rows).map(|row| bit(held_here(row))).collect(),
                (0..n_rows).map(|row| bit(fixed(row))).collect(),
            ],
            main: vec![
                places.iter().map(|place| felt(table[*place])).collect(),
                counts.iter().map(|count| felt(*count)).collect(),
            ],
        };
        let shape = Shape {
            n_rows,
            width: Columns { preprocessed: 3, main: 2, aux: 1 },
            next: Columns { preprocessed: vec![1], main: vec![0], aux: vec![0] },
            n_challenges: 1,
            argument_degree: 2 * n_rows as u64 + 3,
            n_derived: 2,
            exempt_rows,
        };
        (Self { shape, public, collides: false }, columns)
    }

    /// The running sum; zeros on free rows.
    pub fn aux(&self, columns: &LookupColumns, main: &[Vec<Felt>], z: Felt) -> Vec<Vec<Felt>> {
        let mut sum = felt(0);
        let mut sums = Vec::new();
        for (row, value) in main[0].iter().enumerate() {
            sums.push(sum);
            if row < self.shape.last_row() {
                sum += (z - *value).inverse()
                    - main[1][row] * (z - columns.preprocessed[0][row]).inverse();
            }
        }
        vec![sums]
    }
}

impl Air for Lookup {
    fn name(&self) -> &str {
        "lookup"
    }
    fn version(&self) -> u64 {
        1
    }
    fn shape(&self) -> &Shape {
        &self.shape
    }
    fn public_input(&self) -> Vec<Felt> {
        self.public.iter().map(|value| felt(*value)).collect()
    }
    fn constraints(&self) -> &[ConstraintInfo] {
        &LOOKUP
    }
    fn derive(&self, challenges: &[Felt]) -> Result<Vec<Felt>, AirError> {
        if self.collides {
            return Err(AirError::Collision { what: "a public value" });
        }
        let mut sum = felt(0);
        for value in &self.public {
            let denominator = challenges[0] - felt(*value);
            if denominator == felt(0) {
                return Err(AirError::Collision { what: "a public value" });
            }
            sum += denominator.inverse();
        }
        Ok(vec![sum, felt(25)])
    }
    #[inline(always)]
    fn eval<V: Value>(&self, frame: &Frame<'_, V>, z: &[V], derived: &[V], out: &mut [V]) {
        let [table, _, fixed] = *frame.row.preprocessed else { unreachable!("three columns") };
        let (value, count) = (frame.row.main[0], frame.row.main[1]);
        let (sum, next_sum) = (frame.row.aux[0], frame.next.aux[0]);
        let (of_value, of_entry) = (z[0] - value, z[0] - table);
        let terms = of_entry - count * of_value;
        out[0] = (next_sum - sum) * (of_value * of_entry) - terms;
        out[1] = sum;
        // The last row's own terms come on top.
        out[2] = (sum + derived[0]) * (of_value * of_entry) + terms;
        out[3] = frame.next.preprocessed[1] * (frame.next.main[0] - value);
        out[4] = fixed * (value - derived[1]);
    }
}

/// About as many columns as a model's AIR has: products of neighbouring columns, and running sums.
pub struct Wide {
    shape: Shape,
    constraints: Vec<ConstraintInfo>,
}

impl Wide {
    pub const PREPROCESSED: usize = 40;
    pub const MAIN: usize = 44;
    pub const AUX: usize = 16;

    pub fn new(n_rows: usize) -> (Self, Vec<Vec<Felt>>, Vec<Vec<Felt>>) {
        let shape = Shape {
            n_rows,
            width: Columns { preprocessed: Self::PREPROCESSED, main: Self::MAIN, aux: Self::AUX },
            next: Columns { preprocessed: vec![], main: vec![0, 1], aux: (0..Self::AUX).collect() },
            n_challenges: 2,
            argument_degree: 1,
            n_derived: 0,
            exempt_rows: 1,
        };
        let product = ConstraintInfo { name: "product", degree: 3, kind: Kind::Every };
        let sum = ConstraintInfo { name: "sum", degree: 3, kind: Kind::Transition };
        let mut constraints = vec![product; Self::MAIN / 2];
        constraints.extend(vec![sum; Self::AUX]);
        let cell = |column: usize, row: usize| felt((row * 37 + column * 11 + 5) as u64);
        let preprocessed: Vec<Vec<Felt>> = (0..Self::PREPROCESSED)
            .map(|column| (0..n_rows).map(|row| cell(column, row)).collect())
            .collect();
        let mut main: Vec<Vec<Felt>> = Vec::new();
        for column in 0..Self::MAIN {
            let values = (0..n_rows).map(|row| match column % 2 {
                0 => cell(column + 100, row),
                _ => {
                    let before: Felt = main[column - 1][row];
                    before * before * preprocessed[column % Self::PREPROCESSED][row]
                }
            });
            main.push(values.collect());
        }
        (Self { shape, constraints }, preprocessed, main)
    }

    pub fn aux(main: &[Vec<Felt>], challenges: &[Felt]) -> Vec<Vec<Felt>> {
        let n_rows = main[0].len();
        (0..Self::AUX)
            .map(|column| {
                let mut sum = felt(0);
                (0..n_rows)
                    .map(|row| {
                        let before = sum;
                        let x = main[column][row] + challenges[0];
                        sum += x * (main[column + 1][row] + challenges[1]) * x;
                        before
                    })
                    .collect()
            })
            .collect()
    }
}

impl Air for Wide {
    fn name(&self) -> &str {
        "wide"
    }
    fn version(&self) -> u64 {
        1
    }
    fn shape(&self) -> &Shape {
        &self.shape
    }
    fn public_input(&self) -> Vec<Felt> {
        Vec::new()
    }
    fn constraints(&self) -> &[ConstraintInfo] {
        &self.constraints
    }
    fn derive(&self, _: &[Felt]) -> Result<Vec<Felt>, AirError> {
        Ok(Vec::new())
    }
    #[inline(always)]
    fn eval<V: Value>(&self, frame: &Frame<'_, V>, challenges: &[V], _: &[V], out: &mut [V]) {
        let (row, aux, next) = (frame.row.main, frame.row.aux, frame.next.aux);
        let mut i = 0;
        while i < Self::MAIN / 2 {
            let x = row[2 * i];
            let factor = frame.row.preprocessed[(2 * i + 1) % Self::PREPROCESSED];
            out[i] = row[2 * i + 1] - x * x * factor;
            i += 1;
        }
        let mut column = 0;
        while column < Self::AUX {
            let x = row[column] + challenges[0];
            let y = row[column + 1] + challenges[1];
            out[i + column] = next[column] - aux[column] - x * y * x;
            column += 1;
        }
    }
}
