//! The main and auxiliary columns of a proof.

use std::collections::HashMap;

use nilometer_kernels::batch_inverse;
use nilometer_stark::{Air, Columns};
use nilometer_tensor_air::constraints::{fractions, power_of_two, N_FRACTIONS};
use nilometer_tensor_air::key::{felt, signed};
use nilometer_tensor_air::layout::{aux, limb_bits, limb_row, main, pre, CELLS, LIMBS, LOW_LIMBS};
use nilometer_tensor_air::{Felt, Instance, ModelAir};
use thiserror::Error;
use winter_math::FieldElement;

use crate::circuit::{Circuit, Hint, NodeEntry, Port, Row};
use crate::columns::entry_value;
use crate::Compiled;

/// The main columns, and what they are about.
#[derive(Clone, Debug)]
pub struct Witness {
    /// Rows and results.
    pub instance: Instance,
    /// The main columns.
    pub main: Vec<Vec<Felt>>,
}

/// Rows that cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FillError {
    /// Another number of rows than the model was compiled for.
    #[error("{actual} rows of input, the key is for {expected}")]
    Batch {
        /// Rows that a proof is about.
        expected: usize,
        /// Rows given.
        actual: usize,
    },
    /// A row of another length, or with an integer outside its declared range.
    #[error("row {row} is not one that the model accepts")]
    Input {
        /// The row.
        row: usize,
    },
    /// A step of the trace that the model's values do not satisfy; a defect of the compiler.
    #[error("row {row} of the trace cannot be filled: {what}")]
    Trace {
        /// The row.
        row: usize,
        /// What failed.
        what: &'static str,
    },
}

impl Compiled {
    /// Runs the model on encoded rows and fills the main columns.
    ///
    /// # Errors
    /// See [`FillError`].
    pub fn fill(&self, inputs: &[Vec<i128>]) -> Result<Witness, FillError> {
        let (circuit, graph) = (&self.circuit, &self.graph);
        if inputs.len() != circuit.batch {
            return Err(FillError::Batch { expected: circuit.batch, actual: inputs.len() });
        }
        for (row, input) in inputs.iter().enumerate() {
            let ranges = &graph.input.ranges;
            let fits = input.len() == ranges.len()
                && input.iter().zip(ranges).all(|(value, range)| range.contains(*value));
            if !fits {
                return Err(FillError::Input { row });
            }
        }
        let values: Vec<Vec<Vec<i128>>> = inputs.iter().map(|input| graph.values(input)).collect();
        let outputs = values.iter().map(|values| {
            graph
                .outputs
                .iter()
                .flat_map(|output| &values[output.value])
                .map(|&v| felt(v))
                .collect()
        });
        let instance = Instance {
            n_rows: circuit.n_rows,
            inputs: inputs.iter().map(|row| row.iter().map(|&v| felt(v)).collect()).collect(),
            outputs: outputs.collect(),
        };
        let mut filler = Filler::new(circuit, values);
        for (&signal, &value) in circuit.inputs.iter().zip(instance.inputs.iter().flatten()) {
            filler.signals[signal] = value;
        }
        for (index, row) in circuit.rows.iter().enumerate() {
            filler.row(index, row).map_err(|what| FillError::Trace { row: index, what })?;
        }
        filler.counts();
        filler.unread(&self.preprocessed);
        Ok(Witness { instance, main: filler.main })
    }
}

struct Filler<'a> {
    circuit: &'a Circuit,
    values: Vec<Vec<Vec<i128>>>,
    signals: Vec<Felt>,
    main: Vec<Vec<Felt>>,
    limb: u32,
    /// How often each row's limb entry is looked up.
    limb_counts: Vec<u64>,
    /// Entries by number.
    entries: HashMap<u64, usize>,
    entry_counts: Vec<u64>,
    /// Features by number: the row, the value.
    features: HashMap<u64, (usize, i128)>,
    feature_counts: HashMap<usize, u64>,
}

impl<'a> Filler<'a> {
    fn new(circuit: &'a Circuit, values: Vec<Vec<Vec<i128>>>) -> Self {
        let entries = circuit.entries.iter().enumerate().map(|(i, entry)| (entry.number, i));
        Self {
            circuit,
            values,
            signals: vec![Felt::ZERO; circuit.signals.len()],
            main: vec![vec![Felt::ZERO; circuit.n_rows]; main::WIDTH],
            limb: limb_bits(circuit.n_rows),
            limb_counts: vec![0; circuit.n_rows],
            entries: entries.collect(),
            entry_counts: vec![0; circuit.entries.len()],
            features: HashMap::new(),
            feature_counts: HashMap::new(),
        }
    }

    fn hint(&self, hint: Hint) -> Felt {
        felt(self.values[hint.batch_row][hint.node][hint.element] - hint.minus)
    }

    /// Fills a row; on failure, says what.
    fn row(&mut self, index: usize, row: &Row) -> Result<(), &'static str> {
        if let Some(first) = row.entries {
            for (i, column) in main::ENTRY_VALUES.into_iter().enumerate() {
                self.main[column][index] = entry_value(self.circuit, first + i);
            }
            return Ok(());
        }
        let mut x = self.read(row.x);
        let mut a = self.read(row.a);
        let mut b = self.read(row.b);
        for (port, value) in [(row.x, x), (row.b, b)] {
            if let Port::Hint(signal, _) = port {
                self.signals[signal] = value;
            }
        }
        match row.a {
            Port::Copy(signal) => {
                a = x;
                self.signals[signal] = x;
            }
            Port::Feature { number, .. } => {
                a = x;
                let value = signed(x).ok_or("a feature is too large")?;
                self.features.insert(number, (index, value));
            }
            _ => {}
        }
        if row.tree && row.a == Port::None {
            // Equation 1: A is the root.
            a = -felt(row.argument[0]);
        }
        if row.look {
            let number = (a + Felt::from(row.base)).to_u64().ok_or("no number to look up")?;
            let entry = *self.entries.get(&number).ok_or("no entry to look up")?;
            self.entry_counts[entry] += 1;
            x = self.circuit.entries[entry].value;
            if row.tree {
                let node = self.circuit.entries[entry].node.ok_or("not a node")?;
                return self.step(index, row, node, [x, a]);
            }
        }
        if row.weights.is_some() {
            self.main[main::X][index] = x;
            return Ok(());
        }
        let s = match row.sign {
            Some(threshold) => signed(x).ok_or("an argument is too large")? >= threshold,
            None => false,
        };
        let argument = {
            let k = row.argument.map(felt);
            let mut sum = k[0] + k[1] * x + k[2] * a + k[4] * (a * b);
            if !matches!(row.b, Port::Rest(_)) {
                sum += k[3] * b;
            }
            if s {
                sum += k[5] + k[6] * x;
            }
            sum
        };
        let mut limbs = [Felt::ZERO; LIMBS];
        let mut high = Felt::ZERO;
        match row.widths {
            Some(widths) => {
                let (integers, rest) = self.split(row, argument, &widths)?;
                if let Port::Rest(signal) = row.b {
                    b = rest;
                    self.signals[signal] = rest;
                }
                limbs = integers.map(|limb| Felt::from(u64::from(limb)));
                for (width, limb) in widths.into_iter().zip(integers) {
                    self.limb_counts[limb_row(self.circuit.n_rows, width, limb)] += 1;
                }
                for i in (LOW_LIMBS..LIMBS).rev() {
                    high = high * power_of_two(self.limb) + limbs[i];
                }
            }
            None => limbs[2] = argument * power_of_two(2 * self.limb).inverse(),
        }
        let y = {
            let k = row.result.map(felt);
            let mut sum = k[0] + k[1] * x + k[2] * a + k[3] * (a * b) + k[4] * high;
            if s {
                sum += k[5] + k[6] * x + k[7] * high;
            }
            sum
        };
        if let Some(signal) = row.y {
            self.signals[signal] = y;
        }
        self.set(index, [x, a, b, y], s, limbs);
        Ok(())
    }

    fn set(&mut self, index: usize, [x, a, b, y]: [Felt; 4], s: bool, limbs: [Felt; LIMBS]) {
        for (column, value) in [(main::X, x), (main::A, a), (main::B, b), (main::Y, y)] {
            self.main[column][index] = value;
        }
        self.main[main::S][index] = Felt::from(u32::from(s));
        for (i, limb) in limbs.into_iter().enumerate() {
            self.main[main::LIMB + i][index] = limb;
        }
    }

    fn read(&self, port: Port) -> Felt {
        match port {
            Port::Read(signal) => self.signals[signal],
            Port::Hint(_, hint) | Port::Lane(hint) => self.hint(hint),
            Port::None | Port::Rest(_) | Port::Copy(_) | Port::Feature { .. } => Felt::ZERO,
        }
    }

    /// The limbs of an argument, and what is above them.
    fn split(
        &self,
        row: &Row,
        argument: Felt,
        widths: &[u32; LIMBS],
    ) -> Result<([u32; LIMBS], Felt), &'static str> {
        let [low, high, top, rest] = argument.to_limbs();
        let value = u128::from(low) | u128::from(high) << 64;
        if top != 0 || rest != 0 {
            return Err("an argument is negative or too large");
        }
        let low_bits: u32 = widths[..LOW_LIMBS].iter().sum();
        let high_bits: u32 = widths[LOW_LIMBS..].iter().sum();
        // The high part's place is a power of two; 0 where there is none.
        let place = row.argument[7];
        let (low, high) = match place {
            0 => (value, 0),
            _ => (value & (place.unsigned_abs() - 1), value >> place.trailing_zeros()),
        };
        let is_rest = matches!(row.b, Port::Rest(_));
        let kept = if is_rest { high & ((1 << high_bits) - 1) } else { high };
        if low >> low_bits != 0 || kept >> high_bits != 0 {
            return Err("an argument is out of its window");
        }
        let limb = |i: usize| {
            let (part, place) = if i < LOW_LIMBS { (low, i) } else { (kept, i - LOW_LIMBS) };
            ((part >> (place as u32 * self.limb)) & ((1 << self.limb) - 1)) as u32
        };
        let rest = if is_rest { Felt::from(high >> high_bits) } else { Felt::ZERO };
        Ok((std::array::from_fn(limb), rest))
    }

    /// A step through a tree.
    fn step(
        &mut self,
        index: usize,
        row: &Row,
        node: NodeEntry,
        [x, a]: [Felt; 2],
    ) -> Result<(), &'static str> {
        let number = row.base + node.feature;
        let &(feature_row, value) = self.features.get(&number).ok_or("no such feature")?;
        *self.feature_counts.entry(feature_row).or_default() += 1;
        let s = value <= node.bound;
        let distance = if s { node.bound - value } else { value - node.bound - 1 };
        let widths = row.widths.ok_or("a step without limbs")?;
        let limbs: [u32; LIMBS] = std::array::from_fn(|i| {
            ((distance >> (i as u32 * self.limb)) & ((1 << self.limb) - 1)) as u32
        });
        for (width, limb) in widths.into_iter().zip(limbs) {
            if limb >> width != 0 {
                return Err("a distance is out of its window");
            }
            self.limb_counts[limb_row(self.circuit.n_rows, width, limb)] += 1;
        }
        let child = node.child + u64::from(!s);
        let y = Felt::from(child) - Felt::from(row.base);
        if let Some(signal) = row.y {
            self.signals[signal] = y;
        }
        let limbs = limbs.map(|limb| Felt::from(u64::from(limb)));
        self.set(index, [x, a, felt(value), y], s, limbs);
        self.main[main::F][index] = Felt::from(node.feature);
        Ok(())
    }

    /// Fills in how often everything was read.
    fn counts(&mut self) {
        for (row, &count) in self.limb_counts.iter().enumerate() {
            self.main[main::LIMB_COUNT][row] = Felt::from(count);
        }
        for (&row, &count) in &self.feature_counts {
            self.main[main::F][row] = Felt::from(count);
        }
        for (index, row) in self.circuit.rows.iter().enumerate() {
            let Some(first) = row.entries else { continue };
            for (i, column) in main::ENTRY_COUNTS.into_iter().enumerate() {
                let count = self.entry_counts.get(first + i).copied().unwrap_or(0);
                self.main[column][index] = Felt::from(count);
            }
        }
    }

    /// Rows of weights and of entries have parameters that are not constants of equations: a limb and a Y that
    /// nothing reads satisfy them all the same.
    fn unread(&mut self, preprocessed: &[Vec<Felt>]) {
        let scale = power_of_two(2 * self.limb).inverse();
        for (index, row) in self.circuit.rows.iter().enumerate() {
            let p = |column: usize| preprocessed[column][index];
            let m = |column: usize| self.main[column][index];
            let x = m(main::X);
            if row.weights.is_some() {
                let limb = (p(pre::K0) + p(pre::KX) * x) * scale;
                let y = p(pre::Y0) + p(pre::YX) * x;
                self.main[main::LIMB + 2][index] = limb;
                self.main[main::Y][index] = y;
            } else if row.entries.is_some() {
                let (a, b) = (m(main::A), m(main::B));
                let place = power_of_two(self.limb);
                let high =
                    (m(main::LIMB + 5) * place + m(main::LIMB + 4)) * place + m(main::LIMB + 3);
                let y = p(pre::Y0)
                    + p(pre::YX) * x
                    + p(pre::YA) * a
                    + p(pre::YM) * (a * b)
                    + p(pre::YH) * high;
                self.main[main::Y][index] = y;
            }
        }
    }
}

/// The auxiliary columns for the challenges that were drawn, and what the AIR derived of them.
///
/// Where a challenge collides with a value of the bus, which happens by chance once in about `2^230` proofs, the columns
/// do not satisfy the constraints.
pub fn auxiliary(
    air: &ModelAir,
    preprocessed: &[Vec<Felt>],
    main: &[Vec<Felt>],
    challenges: &[Felt],
    derived: &[Felt],
) -> Vec<Vec<Felt>> {
    let n_rows = air.shape().n_rows;
    let (rho, tau) = (challenges[2], challenges[3]);
    let mut counts = Vec::with_capacity(n_rows * (N_FRACTIONS + 1));
    let mut denominators = Vec::with_capacity(n_rows * (N_FRACTIONS + 1));
    let mut columns = vec![vec![Felt::ZERO; n_rows]; aux::WIDTH];
    let (mut horner, mut inputs, mut total) = (Felt::ZERO, Felt::ZERO, Felt::ZERO);
    let mut p = vec![Felt::ZERO; preprocessed.len()];
    let mut m = vec![Felt::ZERO; main.len()];
    for row in 0..n_rows {
        for (value, column) in p.iter_mut().zip(preprocessed) {
            *value = column[row];
        }
        for (value, column) in m.iter_mut().zip(main) {
            *value = column[row];
        }
        let frame = Columns { preprocessed: &p[..], main: &m[..], aux: &[][..] };
        let (fractions, table) = fractions(air.constants(), &frame, challenges);
        for fraction in fractions.iter().chain([&table]) {
            counts.push(fraction.count);
            denominators.push(fraction.denominator);
        }
        columns[aux::HORNER][row] = horner;
        columns[aux::INPUTS][row] = inputs;
        columns[aux::TOTAL][row] = total;
        let x = m[main::X];
        let flag = |column: usize| p[column] != Felt::ZERO;
        if flag(pre::SUM_END) {
            total = total * tau - horner;
        }
        if flag(pre::PRODUCT) {
            total += inputs * horner;
            inputs = Felt::ZERO;
        }
        if flag(pre::SUM_END) || flag(pre::PRODUCT) {
            horner = Felt::ZERO;
        }
        if flag(pre::WEIGHTS) {
            horner *= derived[CELLS];
            for (cell, power) in p[..CELLS - 1].iter().zip(derived[1..CELLS].iter().rev()) {
                horner += *cell * *power;
            }
            horner += p[CELLS - 1];
        }
        if flag(pre::STEP) {
            horner *= rho;
        }
        if flag(pre::LANE) {
            horner += p[pre::LANE] * x;
        }
        if flag(pre::INPUT) {
            inputs = inputs * tau + x;
        }
    }
    batch_inverse(&mut denominators);
    let mut sum = Felt::ZERO;
    for (row, (counts, inverses)) in
        counts.chunks(N_FRACTIONS + 1).zip(denominators.chunks(N_FRACTIONS + 1)).enumerate()
    {
        columns[aux::SUM][row] = sum;
        for pair in 0..N_FRACTIONS / 2 {
            let (i, j) = (2 * pair, 2 * pair + 1);
            let value = counts[i] * inverses[i] + counts[j] * inverses[j];
            columns[aux::PAIR + pair][row] = value;
            sum += value;
        }
        sum += counts[N_FRACTIONS] * inverses[N_FRACTIONS];
    }
    columns
}
