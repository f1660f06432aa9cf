//! The lookups, spelled out one by one: who looks up what, which table holds what, and which of them do not
//! agree. The AIR has all of them in one sum; here each has a name.

use std::collections::HashMap;

use nilometer_air::cairo::isa::{Flag, Instruction, N_FLAGS};
use nilometer_air::cairo::layout::{
    flag, ACC, AP, CELL_COUNT, CELL_VALUE, DST, DST_ADDR, FLAGS, FP, INDEX, LIMB_HIGH, LIMB_LOW,
    LIMB_MID, LIMB_VALUES, OP0, OP0_ADDR, OP1, OP1_ADDR, PC, RC_COUNT, RC_PERIOD,
};
use nilometer_air::cairo::lookup::{boundary_cells, signed};
use nilometer_air::cairo::{address, Builtin};
use nilometer_field::Felt;
use nilometer_prover::Witness;
use winter_math::FieldElement;

/// Lookups of the trace.
pub const TRACE: [&str; 7] =
    ["instruction", "dst", "op0", "op1", "high limb", "middle limb", "low limb"];
/// Lookups of the verifier: the boundary cells.
pub const BOUNDARY: [&str; 6] = [
    "safe call's frame",
    "safe call's return",
    "output start",
    "output stop",
    "range check start",
    "range check stop",
];
/// Tables.
pub const TABLES: [&str; 6] = [
    "decoded program",
    "program data",
    "public output",
    "public limbs",
    "memory cells",
    "range-checked cells",
];

/// What is looked up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entry {
    Memory(Felt, Felt),
    /// pc, offsets, flags.
    Instruction(Vec<Felt>),
    Limb(Felt),
}

/// An entry whose lookups are not as many as its counts.
#[derive(Clone, Debug)]
pub struct Unmatched {
    /// The lookups, or, if a table has the entry, the table.
    pub names: Vec<&'static str>,
    #[allow(dead_code, reason = "what a failing test prints")]
    pub entry: Entry,
}

/// Where a table's count is.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Instruction(usize),
    Data(usize),
    Output(usize),
    Limb(usize),
    Cell(usize),
    RangeCheck(usize),
}

impl Slot {
    fn count(self, witness: &Witness) -> Felt {
        let Witness { advice, main, .. } = witness;
        match self {
            Self::Instruction(i) => advice.instructions[i].into(),
            Self::Data(i) => advice.data[i].into(),
            Self::Output(i) => advice.output[i].into(),
            Self::Limb(i) => advice.limbs[i].into(),
            Self::Cell(row) => main[CELL_COUNT][row],
            Self::RangeCheck(row) => main[RC_COUNT][row],
        }
    }

    fn add(self, witness: &mut Witness) {
        let Witness { advice, main, .. } = witness;
        match self {
            Self::Instruction(i) => advice.instructions[i] += 1,
            Self::Data(i) => advice.data[i] += 1,
            Self::Output(i) => advice.output[i] += 1,
            Self::Limb(i) => advice.limbs[i] += 1,
            Self::Cell(row) => main[CELL_COUNT][row] += Felt::ONE,
            Self::RangeCheck(row) => main[RC_COUNT][row] += Felt::ONE,
        }
    }
}

/// Every lookup of a witness.
#[expect(clippy::needless_range_loop, reason = "a row of every column")]
fn lookups(witness: &Witness) -> Vec<(&'static str, Entry)> {
    let Witness { claim, advice, main } = witness;
    let rows = main[0].len();
    let mut all = Vec::new();
    for row in 0..rows - 1 {
        let at = |column: usize| main[column][row];
        let is = |of: Flag| main[flag(of)][row];
        let (pc, ap, fp, op0) = (at(PC), at(AP), at(FP), at(OP0));
        let select = |flag: Felt| flag * (fp - ap) + ap;
        let op1_base = op0
            + is(Flag::Op1Imm) * (pc - op0)
            + is(Flag::Op1Fp) * (fp - op0)
            + is(Flag::Op1Ap) * (ap - op0);
        let mut fields = vec![
            pc,
            at(DST_ADDR) - select(is(Flag::DstFp)),
            at(OP0_ADDR) - select(is(Flag::Op0Fp)),
            at(OP1_ADDR) - op1_base,
        ];
        fields.extend((FLAGS..FLAGS + N_FLAGS).map(at));
        all.push((TRACE[0], Entry::Instruction(fields)));
        for (name, (address, value)) in
            TRACE[1..4].iter().zip([(DST_ADDR, DST), (OP0_ADDR, OP0), (OP1_ADDR, OP1)])
        {
            all.push((*name, Entry::Memory(at(address), at(value))));
        }
        for (name, limb) in TRACE[4..].iter().zip([LIMB_HIGH, LIMB_MID, LIMB_LOW]) {
            all.push((*name, Entry::Limb(at(limb))));
        }
    }
    let mut names = vec![BOUNDARY[0], BOUNDARY[1]];
    for builtin in claim.builtins() {
        names.extend_from_slice(match builtin {
            Builtin::Output => &BOUNDARY[2..4],
            Builtin::RangeCheck => &BOUNDARY[4..6],
            other => panic!("claims have no {}", other.name()),
        });
    }
    let cells = boundary_cells(claim, advice);
    assert_eq!(names.len(), cells.len());
    for (name, (address, value)) in names.into_iter().zip(cells) {
        all.push((name, Entry::Memory(address.into(), value.into())));
    }
    all
}

/// Every entry of the tables of a witness.
fn tables(witness: &Witness) -> Vec<(&'static str, Entry, Slot)> {
    let Witness { claim, main, .. } = witness;
    let mut all = Vec::new();
    for (i, word) in claim.code().iter().enumerate() {
        let pc = Felt::from(address::PROGRAM + i as u64);
        if let Some(instruction) = Instruction::decode(word) {
            let offsets = [instruction.off_dst, instruction.off_op0, instruction.off_op1];
            let bits = (0..N_FLAGS).map(|bit| Felt::from(u64::from(instruction.flags >> bit & 1)));
            let fields = std::iter::once(pc).chain(offsets.map(signed)).chain(bits);
            all.push((TABLES[0], Entry::Instruction(fields.collect()), Slot::Instruction(i)));
        }
        all.push((TABLES[1], Entry::Memory(pc, *word), Slot::Data(i)));
    }
    for (i, value) in claim.output().iter().enumerate() {
        let address = Felt::from(address::OUTPUT + i as u64);
        all.push((TABLES[2], Entry::Memory(address, *value), Slot::Output(i)));
    }
    for i in 0..LIMB_VALUES {
        all.push((TABLES[3], Entry::Limb(Felt::from(i as u64)), Slot::Limb(i)));
    }
    let quarter = Felt::from(RC_PERIOD as u64).inverse();
    for row in 0..main[0].len() - 1 {
        let index = main[INDEX][row];
        let address = Felt::from(address::EXECUTION) + index;
        all.push((TABLES[4], Entry::Memory(address, main[CELL_VALUE][row]), Slot::Cell(row)));
        if row % RC_PERIOD == RC_PERIOD - 1 {
            let address = Felt::from(address::RANGE_CHECK)
                + (index - Felt::from(RC_PERIOD as u64 - 1)) * quarter;
            let entry = Entry::Memory(address, integer(main, row));
            all.push((TABLES[5], entry, Slot::RangeCheck(row)));
        }
    }
    all
}

/// The range-checked integer that ends at a row.
fn integer(main: &[Vec<Felt>], row: usize) -> Felt {
    let limb = Felt::from(1_u64 << 12);
    [LIMB_HIGH, LIMB_MID, LIMB_LOW]
        .iter()
        .fold(main[ACC][row], |acc, column| acc * limb + main[*column][row])
}

/// Sets all counts to what the lookups want, those named `without` left out. What is not in any table is
/// returned.
pub fn settle(witness: &mut Witness, without: Option<&str>) -> Vec<Unmatched> {
    let mut slots = HashMap::new();
    for (_, entry, slot) in tables(witness) {
        slots.entry(entry).or_insert(slot);
    }
    let mut unmatched = Vec::new();
    for (name, entry) in lookups(witness) {
        if Some(name) == without {
            continue;
        }
        match slots.get(&entry) {
            Some(slot) => slot.add(witness),
            None => unmatched.push(Unmatched { names: vec![name], entry }),
        }
    }
    unmatched
}

/// The entries whose lookups and counts do not agree.
pub fn unbalanced(witness: &Witness) -> Vec<Unmatched> {
    #[derive(Default)]
    struct Sum {
        value: Felt,
        lookups: Vec<&'static str>,
        tables: Vec<&'static str>,
    }
    let mut sums: HashMap<Entry, Sum> = HashMap::new();
    for (name, entry) in lookups(witness) {
        let sum = sums.entry(entry).or_default();
        sum.value += Felt::ONE;
        sum.lookups.push(name);
    }
    for (name, entry, slot) in tables(witness) {
        let sum = sums.entry(entry).or_default();
        sum.value -= slot.count(witness);
        sum.tables.push(name);
    }
    let wrong = sums.into_iter().filter(|(_, sum)| sum.value != Felt::ZERO);
    wrong
        .map(|(entry, sum)| {
            let mut names = if sum.tables.is_empty() { sum.lookups } else { sum.tables };
            names.sort_unstable();
            names.dedup();
            Unmatched { names, entry }
        })
        .collect()
}
