//! Lookups between the trace, the public tables and memory (LogUp; Haböck, "Multivariate lookups based on
//! logarithmic derivatives", 2022).
//!
//! Three tables, each with a challenge of its own; a lookup of an entry `e` counts as `1/(z - f(e))`, and an
//! entry that is looked up `m` times as `-m/(z - f(e))`. The sum of all is 0 exactly when lookups and
//! counts agree (except with a probability of about 2^-220 per proof).
//!
//! | table | `f` | entries |
//! |---|---|---|
//! | memory | `address + α·value` | public: program, output, stop pointers; in the trace: stack and heap, range-checked integers |
//! | instructions | `pc + Σ βᵢ·fieldᵢ` | the program, decoded by the verifier |
//! | limbs | `value` | 0 to 2^12 - 1 |

use nilometer_field::Felt;
use thiserror::Error;
use winter_math::{batch_inversion, FieldElement};

use super::address;
use super::advice::Advice;
use super::builtin::Builtin;
use super::claim::Claim;
use super::isa::{Instruction, N_FLAGS};
use super::layout::LIMB_VALUES;

/// Challenges: `z` and `α` of memory, `z` of limbs, `z` of instructions, then a coefficient for each of the
/// three offsets and the flags.
pub const N_CHALLENGES: usize = 4 + 3 + N_FLAGS;

/// A challenge equals an entry of its table, so the sum is not defined and the proof is refused. The probability
/// is about 2^-220.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a lookup challenge equals an entry of its table")]
pub struct ChallengeCollision;

/// Cells of memory that a run of the claim reads before it starts or leaves behind: the safe call's two
/// cells, the builtins' start pointers, and their stop pointers below the final ap.
pub fn boundary_cells(claim: &Claim, advice: &Advice) -> Vec<(u64, u64)> {
    let mut cells = vec![(address::EXECUTION, address::FIRST_FRAME), (address::EXECUTION + 1, 0)];
    let n_builtins = claim.builtins().len() as u64;
    let first_stop = advice.final_ap() - n_builtins;
    for (i, builtin) in (0..).zip(claim.builtins()) {
        let start = builtin.base();
        let len = match builtin {
            Builtin::Output => claim.output().len() as u64,
            Builtin::RangeCheck => u64::from(advice.range_checks),
            // `Claim::new` refuses the others.
            Builtin::Pedersen | Builtin::Bitwise | Builtin::Poseidon => 0,
        };
        cells.push((address::FIRST_FRAME + i, start));
        cells.push((first_stop + i, start + len));
    }
    cells
}

/// What the trace's running sum must end with: the public tables' entries, each as often as the advice says,
/// minus a lookup of each boundary cell.
///
/// # Errors
/// [`ChallengeCollision`].
pub fn public_sum<E: FieldElement<BaseField = Felt>>(
    claim: &Claim,
    advice: &Advice,
    challenges: &[E; N_CHALLENGES],
) -> Result<E, ChallengeCollision> {
    let [z_memory, alpha, z_limb, z_instruction, coefficients @ ..] = challenges;
    let mut denominators = Vec::with_capacity(claim.code().len() + LIMB_VALUES);
    let mut counts = Vec::with_capacity(denominators.capacity());
    let memory = |address: u64, value: Felt| {
        *z_memory - E::from(Felt::from(address)) - alpha.mul_base(value)
    };

    let tables = advice.instructions.iter().zip(&advice.data).zip(claim.code());
    for (pc, ((&executed, &read), word)) in (address::PROGRAM..).zip(tables) {
        // A word that is not an instruction has no entry.
        if let Some(instruction) = Instruction::decode(word).filter(|_| executed > 0) {
            denominators.push(*z_instruction - fingerprint(pc, &instruction, coefficients));
            counts.push(executed);
        }
        if read > 0 {
            denominators.push(memory(pc, *word));
            counts.push(read);
        }
    }
    for ((address, felt), &count) in (address::OUTPUT..).zip(claim.output()).zip(&advice.output) {
        denominators.push(memory(address, *felt));
        counts.push(count);
    }
    for (value, &count) in (0_u64..).zip(&advice.limbs) {
        if count > 0 {
            denominators.push(*z_limb - E::from(Felt::from(value)));
            counts.push(count);
        }
    }
    let n_entries = denominators.len();
    denominators.extend(
        boundary_cells(claim, advice).iter().map(|&(address, value)| memory(address, value.into())),
    );
    if denominators.contains(&E::ZERO) {
        return Err(ChallengeCollision);
    }
    let inverses = batch_inversion(&denominators);
    let entries = inverses[..n_entries].iter().zip(&counts);
    let sum = entries.fold(E::ZERO, |sum, (inverse, &count)| match count {
        1 => sum + *inverse,
        count => sum + inverse.mul_base(Felt::from(count)),
    });
    Ok(inverses[n_entries..].iter().fold(sum, |sum, inverse| sum - *inverse))
}

/// An instruction at an address, as one element.
fn fingerprint<E: FieldElement<BaseField = Felt>>(
    pc: u64,
    instruction: &Instruction,
    coefficients: &[E],
) -> E {
    let mut sum = E::from(Felt::from(pc));
    let offsets = [instruction.off_dst, instruction.off_op0, instruction.off_op1];
    for (coefficient, offset) in coefficients.iter().zip(offsets) {
        sum += coefficient.mul_base(signed(offset));
    }
    for (i, coefficient) in coefficients[3..].iter().enumerate() {
        if instruction.flags >> i & 1 == 1 {
            sum += *coefficient;
        }
    }
    sum
}

/// An integer as an element.
pub fn signed(value: i32) -> Felt {
    let felt = Felt::from(u64::from(value.unsigned_abs()));
    if value < 0 {
        -felt
    } else {
        felt
    }
}
