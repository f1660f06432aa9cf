//! The AIR as Winterfell takes it.

use nilometer_field::Felt;
use winter_air::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};
use winter_math::{ExtensionOf, FieldElement, ToElements};

use super::advice::Advice;
use super::boundary;
use super::claim::Claim;
use super::constraints::{self, Constants, Constraint};
use super::layout::{AUX_WIDTH, MAIN_WIDTH, PERIODIC, RC_PERIOD, SUM};
use super::lookup::{public_sum, N_CHALLENGES};

/// The shortest trace, in rows. Shorter ones would not be faster: at this length all costs are fixed ones.
pub const MIN_ROWS: usize = 1 << 6;
/// The longest trace, in rows.
pub const MAX_ROWS: usize = 1 << 26;

/// A claim, and what the prover adds to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicInputs {
    /// What is proved.
    pub claim: Claim,
    /// What the prover adds to it.
    pub advice: Advice,
}

impl ToElements<Felt> for PublicInputs {
    fn to_elements(&self) -> Vec<Felt> {
        let mut elements = self.claim.to_elements();
        self.advice.extend_elements(&mut elements);
        elements
    }
}

/// The shape of a trace of `rows` rows.
pub fn trace_info(rows: usize) -> TraceInfo {
    TraceInfo::new_multi_segment(MAIN_WIDTH, AUX_WIDTH, N_CHALLENGES, rows, Vec::new())
}

/// The Cairo VM's AIR. See the module's documentation.
pub struct CairoAir {
    context: AirContext<Felt>,
    public_inputs: PublicInputs,
}

impl Air for CairoAir {
    type BaseField = Felt;
    type PublicInputs = PublicInputs;

    fn new(trace_info: TraceInfo, public_inputs: PublicInputs, options: ProofOptions) -> Self {
        let degree = |constraint: &Constraint| {
            if constraint.periodic {
                TransitionConstraintDegree::with_cycles(constraint.degree, vec![RC_PERIOD])
            } else {
                TransitionConstraintDegree::new(constraint.degree)
            }
        };
        let context = AirContext::new_multi_segment(
            trace_info,
            constraints::MAIN.iter().map(degree).collect(),
            constraints::AUX.iter().map(degree).collect(),
            boundary::N_MAIN,
            boundary::N_AUX,
            options,
        );
        Self { context, public_inputs }
    }

    fn context(&self) -> &AirContext<Felt> {
        &self.context
    }

    fn evaluate_transition<E: FieldElement<BaseField = Felt>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        let constants = Constants::new();
        let values = constraints::main(&constants, frame.current(), frame.next(), periodic);
        result.copy_from_slice(&values);
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main: &EvaluationFrame<F>,
        aux: &EvaluationFrame<E>,
        periodic: &[F],
        challenges: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = Felt>,
        E: FieldElement<BaseField = Felt> + ExtensionOf<F>,
    {
        let row: [E; MAIN_WIDTH] = std::array::from_fn(|i| E::from(main.current()[i]));
        let periodic: [E; PERIODIC.len()] = std::array::from_fn(|i| E::from(periodic[i]));
        let challenges = challenge_array(challenges);
        let values = constraints::aux(
            &Constants::new(),
            &row,
            aux.current(),
            aux.next(),
            &periodic,
            &challenges,
        );
        result.copy_from_slice(&values);
    }

    fn get_assertions(&self) -> Vec<Assertion<Felt>> {
        let advice = &self.public_inputs.advice;
        let fixed = boundary::main(advice, self.context.trace_len());
        fixed.map(|(_, column, row, value)| Assertion::single(column, row, value)).into()
    }

    /// # Panics
    /// If a challenge equals an entry of its table: see [`super::lookup::ChallengeCollision`]. The
    /// verifier reports this as an invalid proof.
    fn get_aux_assertions<E: FieldElement<BaseField = Felt>>(
        &self,
        challenges: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        let PublicInputs { claim, advice } = &self.public_inputs;
        let challenges = challenge_array(challenges);
        #[expect(clippy::expect_used, reason = "Winterfell has no way to return an error here")]
        let sum = public_sum(claim, advice, &challenges).expect("a collision of challenges");
        let fixed = boundary::aux(sum, self.context.trace_len());
        fixed.map(|(_, row, value)| Assertion::single(SUM, row, value)).into()
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<Felt>> {
        PERIODIC.iter().map(|column| column.iter().map(|&value| value.into()).collect()).collect()
    }
}

/// The challenges as an array.
pub fn challenge_array<E: FieldElement>(challenges: &AuxRandElements<E>) -> [E; N_CHALLENGES] {
    std::array::from_fn(|i| challenges.rand_elements()[i])
}
