//! A machine that fills traces, honest ones and forged ones.
//!
//! It is not part of the prover: it computes rows from the instructions' meaning, lets a forger change a row or
//! memory where the program passes a label, and goes on from the changed state. [`Sketch::settle`] then adapts all
//! counts, so that only what was forged is wrong.

use std::collections::{BTreeMap, VecDeque};

use nilometer_air::cairo::isa::{Flag, Instruction};
use nilometer_air::cairo::layout::{
    flag, ACC, AP, CELL_VALUE, DST, DST_ADDR, FLAGS, FP, INDEX, LIMB_BITS, LIMB_HIGH, LIMB_LOW,
    LIMB_MID, MAIN_WIDTH, OP0, OP0_ADDR, OP1, OP1_ADDR, PC, RC_PERIOD, RES,
};
use nilometer_air::cairo::lookup::signed;
use nilometer_air::cairo::{address, Advice, Builtin, Claim};
use nilometer_field::Felt;
use nilometer_prover::Witness;
use winter_math::FieldElement;

use crate::lookups::{self, Unmatched};
use nilometer_test_support::asm::Code;

/// Columns of a row.
pub type Row = [Felt; MAIN_WIDTH];
/// Values by address.
pub type Memory = BTreeMap<u64, Felt>;

/// The state of a run at a step.
pub struct Step<'a> {
    pub row: Row,
    /// The next pc, ap and fp.
    pub next: [Felt; 3],
    pub memory: &'a mut Memory,
}

pub type Before<'a> = Box<dyn Fn(&Row, &mut Memory) + 'a>;
pub type After<'a> = Box<dyn Fn(&mut Step<'_>) + 'a>;

/// What a forger does at a label, the first time that the run passes it.
#[derive(Default)]
pub struct Forger<'a> {
    /// Changes memory before the step; the row has the registers.
    pub before: BTreeMap<usize, Before<'a>>,
    /// Changes the row, the next registers and memory after the step; one after the other.
    pub after: VecDeque<(usize, After<'a>)>,
    /// Offset of the first instruction.
    pub start: usize,
    /// The first ap and fp.
    pub frame: Option<[u64; 2]>,
    /// Memory before the run.
    pub memory: Memory,
}

impl<'a> Forger<'a> {
    /// Changes memory just before the step at an offset of the code.
    pub fn before(mut self, at: usize, change: impl Fn(&Row, &mut Memory) + 'a) -> Self {
        self.before.insert(at, Box::new(change));
        self
    }

    /// Changes the step at an offset of the code, once the changes before this one are made.
    pub fn after(mut self, at: usize, change: impl Fn(&mut Step<'_>) + 'a) -> Self {
        self.after.push_back((at, Box::new(change)));
        self
    }

    /// Runs the code to its end and fills `rows` rows.
    pub fn run(mut self, code: &Code, rows: usize) -> Sketch {
        let mut memory = std::mem::take(&mut self.memory);
        let base = address::EXECUTION;
        memory.entry(base).or_insert(Felt::from(address::FIRST_FRAME));
        memory.entry(base + 1).or_insert(Felt::ZERO);
        for (i, builtin) in (0..).zip(&code.builtins) {
            memory.entry(address::FIRST_FRAME + i).or_insert(Felt::from(builtin.base()));
        }
        for (address, word) in (address::PROGRAM..).zip(&code.words) {
            memory.insert(address, *word);
        }
        let [ap, fp] = self.frame.unwrap_or([address::FIRST_FRAME; 2]);
        let mut registers = [address::PROGRAM + self.start as u64, ap, fp].map(Felt::from);
        let end = Felt::from(address::PROGRAM + address::END_OFFSET);
        let mut trace: Vec<Row> = Vec::new();
        while trace.len() < rows {
            let ended = registers[0] == end;
            let (row, next) = self.step(code, registers, &mut memory);
            trace.push(row);
            if ended {
                break;
            }
            registers = next;
        }
        Sketch::new(code, trace, memory, rows)
    }

    fn step(&mut self, code: &Code, registers: [Felt; 3], memory: &mut Memory) -> (Row, [Felt; 3]) {
        let mut row = [Felt::ZERO; MAIN_WIDTH];
        [row[PC], row[AP], row[FP]] = registers;
        let offset = row[PC].to_u64().and_then(|pc| pc.checked_sub(address::PROGRAM));
        let offset = offset.map_or(usize::MAX, |offset| offset as usize);
        if let Some(before) = self.before.remove(&offset) {
            before(&row, memory);
        }
        // Where there is no instruction, only a forger can go on, who fills the whole row.
        if let Some(instruction) = code.words.get(offset).and_then(Instruction::decode) {
            execute(&instruction, &mut row, memory);
        }
        let next = next_registers(&row);
        let mut step = Step { row, next, memory };
        if self.after.front().is_some_and(|(at, _)| *at == offset) {
            if let Some((_, after)) = self.after.pop_front() {
                after(&mut step);
            }
        }
        (step.row, step.next)
    }
}

/// Fills a row with an instruction; cells that an assertion or a call sets are written.
fn execute(instruction: &Instruction, row: &mut Row, memory: &mut Memory) {
    let has = |flag: Flag| instruction.has(flag);
    for bit in 0..nilometer_air::cairo::isa::N_FLAGS {
        row[FLAGS + bit] = Felt::from(u64::from(instruction.flags >> bit & 1));
    }
    let (pc, ap, fp) = (row[PC], row[AP], row[FP]);
    let size = Felt::from(instruction.size());
    row[DST_ADDR] = if has(Flag::DstFp) { fp } else { ap } + signed(instruction.off_dst);
    row[OP0_ADDR] = if has(Flag::Op0Fp) { fp } else { ap } + signed(instruction.off_op0);
    let set = |memory: &mut Memory, at: Felt, value: Felt| {
        if let Some(at) = at.to_u64() {
            memory.entry(at).or_insert(value);
        }
    };
    if has(Flag::Call) {
        set(memory, row[DST_ADDR], fp);
        set(memory, row[OP0_ADDR], pc + size);
    }
    let get = |memory: &Memory, at: Felt| at.to_u64().and_then(|at| memory.get(&at).copied());
    let op0 = get(memory, row[OP0_ADDR]);
    let base = if has(Flag::Op1Imm) {
        pc
    } else if has(Flag::Op1Fp) {
        fp
    } else if has(Flag::Op1Ap) {
        ap
    } else {
        op0.unwrap_or_default()
    };
    row[OP1_ADDR] = base + signed(instruction.off_op1);
    let (dst, op1) = (get(memory, row[DST_ADDR]), get(memory, row[OP1_ADDR]));
    // An assertion determines an operand that was not set.
    if let (true, Some(dst)) = (instruction.asserts(), dst) {
        let (add, mul) = (has(Flag::ResAdd), has(Flag::ResMul));
        match (op0, op1) {
            (_, None) if !add && !mul => set(memory, row[OP1_ADDR], dst),
            (Some(op0), None) if add => set(memory, row[OP1_ADDR], dst - op0),
            (None, Some(op1)) if add => set(memory, row[OP0_ADDR], dst - op1),
            (Some(op0), None) if mul => set(memory, row[OP1_ADDR], dst * op0.inverse()),
            (None, Some(op1)) if mul => set(memory, row[OP0_ADDR], dst * op1.inverse()),
            _ => {}
        }
    }
    row[OP0] = get(memory, row[OP0_ADDR]).unwrap_or_default();
    row[OP1] = get(memory, row[OP1_ADDR]).unwrap_or_default();
    let res = if has(Flag::ResAdd) {
        row[OP0] + row[OP1]
    } else if has(Flag::ResMul) {
        row[OP0] * row[OP1]
    } else {
        row[OP1]
    };
    if instruction.asserts() && get(memory, row[OP1_ADDR]).is_some() {
        set(memory, row[DST_ADDR], res);
    }
    row[DST] = get(memory, row[DST_ADDR]).unwrap_or_default();
    row[RES] = if !has(Flag::PcJnz) {
        res
    } else if row[DST] == Felt::ZERO {
        Felt::ZERO
    } else {
        (row[OP1] - size) * row[DST].inverse()
    };
}

/// The next registers of a row, whatever its flags are.
pub fn next_registers(row: &Row) -> [Felt; 3] {
    let is = |of: Flag| row[flag(of)];
    let (pc, ap, fp) = (row[PC], row[AP], row[FP]);
    let falls_through = Felt::ONE - is(Flag::PcAbs) - is(Flag::PcRel);
    let size = Felt::ONE + is(Flag::Op1Imm);
    let step = falls_through * size
        + is(Flag::PcRel) * row[RES]
        + is(Flag::PcAbs) * (row[RES] - pc)
        + is(Flag::PcJnz) * row[DST] * row[RES];
    let two = Felt::from(2_u64);
    [
        pc + step,
        ap + is(Flag::ApAdd) * row[RES] + is(Flag::ApAdd1) + two * is(Flag::Call),
        fp + is(Flag::Call) * (ap + two - fp) + is(Flag::Ret) * (row[DST] - fp),
    ]
}

/// A trace without counts.
#[derive(Clone)]
pub struct Sketch {
    pub builtins: Vec<Builtin>,
    pub words: Vec<Felt>,
    pub output: Vec<Felt>,
    pub main: Vec<Vec<Felt>>,
    /// Final ap, from the stack's start.
    pub stack_len: u32,
    pub range_checks: u32,
}

impl Sketch {
    #[expect(clippy::needless_range_loop, reason = "a row of every column")]
    fn new(code: &Code, trace: Vec<Row>, memory: Memory, rows: usize) -> Self {
        let mut main = vec![vec![Felt::ZERO; rows]; MAIN_WIDTH];
        for row in 0..rows {
            let values = trace.get(row).or(trace.last()).unwrap();
            for column in 0..INDEX {
                main[column][row] = values[column];
            }
            main[INDEX][row] = Felt::from(row as u64);
            let cell = memory.get(&(address::EXECUTION + row as u64));
            main[CELL_VALUE][row] = cell.copied().unwrap_or_default();
        }
        let part = |base: u64| -> Vec<Felt> {
            let end = memory.range(base..base + (1 << 20)).next_back().map_or(base, |(a, _)| a + 1);
            (base..end).map(|at| memory.get(&at).copied().unwrap_or_default()).collect()
        };
        let integers = part(address::RANGE_CHECK);
        for (i, integer) in integers.iter().enumerate().take(rows / RC_PERIOD) {
            write_integer(&mut main, i, *integer);
        }
        let stack_len = trace.last().unwrap()[AP] - Felt::from(address::EXECUTION);
        Self {
            builtins: code.builtins.clone(),
            words: code.words.clone(),
            output: part(address::OUTPUT),
            main,
            stack_len: stack_len.to_u64().unwrap_or_default() as u32,
            range_checks: integers.len() as u32,
        }
    }

    /// The claim that it is about.
    pub fn claim(&self) -> Claim {
        Claim::new(self.builtins.clone(), self.words.clone(), self.output.clone()).unwrap()
    }

    /// All counts as the lookups want them, those of `without` left out; and what nothing matches.
    pub fn settle_without(&self, without: Option<&str>) -> (Witness, Vec<Unmatched>) {
        let claim = self.claim();
        let mut advice = Advice::new(&claim);
        advice.stack_len = self.stack_len;
        advice.range_checks = self.range_checks;
        let mut witness = Witness { claim, advice, main: self.main.clone() };
        let unmatched = lookups::settle(&mut witness, without);
        (witness, unmatched)
    }

    /// All counts as the lookups want them.
    pub fn settle(&self) -> Witness {
        self.settle_without(None).0
    }
}

/// The limbs of the range-checked integer `i`; of one that is too large, as far as they go.
pub fn write_integer(main: &mut [Vec<Felt>], i: usize, integer: Felt) {
    let limbs = integer.to_limbs();
    let integer = u128::from(limbs[1]) << 64 | u128::from(limbs[0]);
    let limb = |place: usize| {
        Felt::from((integer >> (LIMB_BITS as usize * place) & ((1 << LIMB_BITS) - 1)) as u64)
    };
    let mut acc = 0_u128;
    for row in 0..RC_PERIOD {
        let low = 3 * (RC_PERIOD - 1 - row);
        let at = RC_PERIOD * i + row;
        let sixteen = Felt::from(16_u64);
        main[LIMB_HIGH][at] = if row == 0 { sixteen * limb(low + 1) } else { limb(low + 2) };
        main[LIMB_MID][at] = limb(low + 1);
        main[LIMB_LOW][at] = limb(low);
        main[ACC][at] = Felt::from(acc);
        acc = integer >> (LIMB_BITS as usize * low);
    }
}
