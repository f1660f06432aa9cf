//! The AIR of one proof: its length, and the rows and results that it is about.

use nilometer_stark::{Air, AirError, Columns, ConstraintInfo, Felt, Frame, Shape, Value};
use thiserror::Error;
use winter_math::{batch_inversion, FieldElement};

use crate::constraints::{self, Constants, CONSTRAINTS, N_CHALLENGES, N_DERIVED, N_FRACTIONS};
use crate::layout::{aux, limb_bits, main, number, pre, CELLS};

/// The AIR's name; part of what a proof commits to.
pub const AIR_NAME: &str = "nilometer-model";
/// Any change of layout, constraints, public input or key makes a new one.
pub const AIR_VERSION: u64 = 1;

/// The fewest rows: limbs have eight bits.
pub const MIN_ROWS: usize = 1 << 9;
/// The most rows.
pub const MAX_ROWS: usize = 1 << 22;
/// The most elements of all rows, and of all results, of a proof.
pub const MAX_ELEMENTS: usize = 1 << 24;

/// What a proof is about: rows of the model's input, and the result for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Rows of the trace.
    pub n_rows: usize,
    /// The rows of the input: all of one length, at least one.
    pub inputs: Vec<Vec<Felt>>,
    /// The results, one for each row, all of one length.
    pub outputs: Vec<Vec<Felt>>,
}

/// An instance that no proof can be about.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InstanceError {
    /// The trace's length.
    #[error("{actual} rows; wanted a power of two from {MIN_ROWS} to {MAX_ROWS}")]
    Rows {
        /// The rows.
        actual: usize,
    },
    /// The lists do not fit together.
    #[error("{inputs} rows of inputs and {outputs} of outputs; wanted as many, at least one, each of one length")]
    Lists {
        /// Rows of inputs.
        inputs: usize,
        /// Rows of outputs.
        outputs: usize,
    },
    /// Too many elements.
    #[error("more than {MAX_ELEMENTS} elements of inputs or outputs")]
    Elements,
}

/// The constraints of an [`Instance`].
#[derive(Clone, Debug)]
pub struct ModelAir {
    instance: Instance,
    shape: Shape,
    constants: Constants,
}

impl ModelAir {
    /// The AIR of an instance.
    ///
    /// # Errors
    /// See [`InstanceError`].
    pub fn new(instance: Instance) -> Result<Self, InstanceError> {
        let Instance { n_rows, inputs, outputs } = &instance;
        if !n_rows.is_power_of_two() || !(MIN_ROWS..=MAX_ROWS).contains(n_rows) {
            return Err(InstanceError::Rows { actual: *n_rows });
        }
        let alike = |rows: &[Vec<Felt>]| rows.windows(2).all(|pair| pair[0].len() == pair[1].len());
        if inputs.is_empty() || inputs.len() != outputs.len() || !alike(inputs) || !alike(outputs) {
            return Err(InstanceError::Lists { inputs: inputs.len(), outputs: outputs.len() });
        }
        let elements = |rows: &[Vec<Felt>]| rows.len().checked_mul(rows[0].len());
        let few = |n: Option<usize>| n.is_some_and(|n| n <= MAX_ELEMENTS);
        if !few(elements(inputs)) || !few(elements(outputs)) {
            return Err(InstanceError::Elements);
        }
        let public = inputs.len() * (inputs[0].len() + outputs[0].len());
        let n_fractions = n_rows * (N_FRACTIONS + 1) + public;
        // Freivalds: below CELLS·n_rows in ρ, the number of rows of the batch in τ. LogUp: number, value and α².
        let freivalds = n_rows * CELLS + inputs.len();
        let shape = Shape {
            n_rows: *n_rows,
            width: Columns { preprocessed: pre::WIDTH_ALL, main: main::WIDTH, aux: aux::WIDTH },
            next: constraints::next_columns(),
            n_challenges: N_CHALLENGES,
            argument_degree: (3 * n_fractions + freivalds) as u64,
            n_derived: N_DERIVED,
            exempt_rows: 1,
        };
        let constants = Constants::new(limb_bits(*n_rows));
        Ok(Self { instance, shape, constants })
    }

    /// What it is about.
    pub fn instance(&self) -> &Instance {
        &self.instance
    }

    /// The constants of its constraints.
    pub fn constants(&self) -> &Constants {
        &self.constants
    }

    /// The public side of the bus: inputs are written, outputs are read.
    fn public_sum(&self, z: Felt, alpha: Felt) -> Result<Felt, AirError> {
        let values = |rows: &[Vec<Felt>], base: u64| -> Vec<Felt> {
            let numbers = (base..).map(Felt::from);
            rows.iter().flatten().zip(numbers).map(|(v, n)| z - n - alpha * *v).collect()
        };
        let mut denominators = values(&self.instance.inputs, number::INPUT);
        let n_inputs = denominators.len();
        denominators.extend(values(&self.instance.outputs, number::OUTPUT));
        if denominators.contains(&Felt::ZERO) {
            return Err(AirError::Collision { what: "an input or output" });
        }
        let inverses = batch_inversion(&denominators);
        let sum = |terms: &[Felt]| terms.iter().fold(Felt::ZERO, |sum, term| sum + *term);
        Ok(sum(&inverses[..n_inputs]) - sum(&inverses[n_inputs..]))
    }
}

impl Air for ModelAir {
    fn name(&self) -> &str {
        AIR_NAME
    }

    fn version(&self) -> u64 {
        AIR_VERSION
    }

    fn shape(&self) -> &Shape {
        &self.shape
    }

    fn public_input(&self) -> Vec<Felt> {
        let Instance { inputs, outputs, .. } = &self.instance;
        let counts = [inputs.len(), inputs[0].len(), outputs[0].len()];
        let counts = counts.into_iter().map(|count| Felt::from(count as u64));
        counts
            .chain(inputs.iter().flatten().copied())
            .chain(outputs.iter().flatten().copied())
            .collect()
    }

    fn constraints(&self) -> &[ConstraintInfo] {
        &CONSTRAINTS
    }

    fn derive(&self, challenges: &[Felt]) -> Result<Vec<Felt>, AirError> {
        let mut derived = vec![Felt::ZERO - self.public_sum(challenges[0], challenges[1])?];
        let mut power = Felt::ONE;
        for _ in 0..CELLS {
            power *= challenges[2];
            derived.push(power);
        }
        Ok(derived)
    }

    #[inline(always)]
    fn eval<V: Value>(&self, frame: &Frame<'_, V>, challenges: &[V], derived: &[V], out: &mut [V]) {
        constraints::eval(&self.constants, frame, challenges, derived, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(inputs: &[&[u64]], outputs: &[&[u64]]) -> Instance {
        let felts = |rows: &[&[u64]]| {
            rows.iter().map(|row| row.iter().map(|&v| Felt::from(v)).collect()).collect()
        };
        Instance { n_rows: MIN_ROWS, inputs: felts(inputs), outputs: felts(outputs) }
    }

    #[test]
    fn instances_that_do_not_fit_are_refused() {
        let new = |instance| ModelAir::new(instance).map(|_| ());
        assert_eq!(new(instance(&[&[1, 2]], &[&[3]])), Ok(()));
        for (inputs, outputs) in [
            (&[][..], &[][..]),
            (&[&[1][..]][..], &[][..]),
            (&[&[1][..], &[1, 2]][..], &[&[1][..], &[1]][..]),
            (&[&[1][..], &[1]][..], &[&[1][..], &[1, 2]][..]),
        ] {
            let refused = new(instance(inputs, outputs));
            assert!(matches!(refused, Err(InstanceError::Lists { .. })), "{refused:?}");
        }
        for n_rows in [0, 1, 256, 513, 1 << 23] {
            let one = Instance { n_rows, ..instance(&[&[1]], &[&[1]]) };
            assert_eq!(new(one), Err(InstanceError::Rows { actual: n_rows }));
        }
    }

    #[test]
    fn public_inputs_tell_instances_apart() {
        let all = [
            instance(&[&[1, 2]], &[&[3]]),
            instance(&[&[1]], &[&[2, 3]]),
            instance(&[&[1, 2, 3]], &[&[]]),
            instance(&[&[2, 1]], &[&[3]]),
            instance(&[&[1], &[2]], &[&[3], &[4]]),
            instance(&[&[1], &[2]], &[&[4], &[3]]),
            instance(&[&[1, 2]], &[&[3, 4]]),
        ];
        let all = all.map(|instance| ModelAir::new(instance).unwrap().public_input());
        for (i, a) in all.iter().enumerate() {
            for b in &all[..i] {
                assert_ne!(a, b);
            }
        }
    }
}
