//! Auxiliary segments that hide a lookup of nothing.

use nilometer_air::cairo::layout::{
    H_DST_OP0, H_INSTRUCTION, H_LIMBS, H_OP1_CELL, LIMB_HIGH, OP1_ADDR, SUM,
};
use nilometer_field::Felt;
use winter_math::FieldElement;

use super::{forged, Attempt, AuxForger, Case};
use crate::machine::Sketch;

/// Takes `excess` out of a fraction, and so out of the sums after it.
fn hide(aux: &mut [Vec<Felt>], column: usize, excess: Felt) {
    aux[column][3] -= excess;
    aux[SUM][4..].iter_mut().for_each(|sum| *sum -= excess);
}

pub fn cases() -> Vec<Case> {
    let all: [(&str, &'static str, AuxForger); 6] = [
        ("a forged h of the instruction", "lookup::instruction", |aux, excess| {
            hide(aux, H_INSTRUCTION, excess);
        }),
        ("a forged h of dst and op0", "lookup::dst_op0", |aux, excess| {
            hide(aux, H_DST_OP0, excess)
        }),
        ("a forged h of op1 and cell", "lookup::op1_cell", |aux, excess| {
            hide(aux, H_OP1_CELL, excess);
        }),
        ("a forged h of limbs", "lookup::limbs", |aux, excess| hide(aux, H_LIMBS, excess)),
        ("a sum that jumps", "lookup::sum", |aux, excess| {
            aux[SUM][10..].iter_mut().for_each(|sum| *sum -= excess);
        }),
        ("a sum that does not start at 0", "boundary::first_sum", |aux, excess| {
            aux[SUM].iter_mut().for_each(|sum| *sum -= excess);
        }),
    ];
    let mut cases = Vec::new();
    for (name, breaks, forger) in all {
        for (what, lookup, sketch) in sketches() {
            let name = format!("{what}, hidden by {name}");
            let attempt = Attempt::Aux(Box::new(sketch), forger);
            cases.push(Case { name, breaks: vec![breaks], lookups: vec![lookup], attempt });
        }
    }
    cases
}

/// Lookups of what is not there.
fn sketches() -> [(&'static str, &'static str, Sketch); 2] {
    let instruction = forged(|code, forger| {
        forger.after(code.labels["zeros"], |step| step.row[OP1_ADDR] += Felt::ONE)
    });
    let mut limb = super::memory::reads_integer(Felt::from(1_u64 << 36));
    for column in &mut limb.main[LIMB_HIGH..=nilometer_air::cairo::layout::ACC] {
        column.fill(Felt::ZERO);
    }
    limb.main[LIMB_HIGH][3] = Felt::from(4096_u64);
    [("another address", "instruction", instruction), ("limb 4096", "high limb", limb)]
}
