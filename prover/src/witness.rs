//! The main segment of the trace, and what the claim's public tables were used for.

use nilometer_air::cairo::isa::{Flag, Instruction, N_FLAGS};
use nilometer_air::cairo::layout::{
    memory_capacity, range_check_capacity, ACC, AP, CELL_COUNT, CELL_VALUE, DST, DST_ADDR, FLAGS,
    FP, INDEX, LIMB_BITS, LIMB_HIGH, LIMB_LOW, LIMB_MID, MAIN_WIDTH, OP0, OP0_ADDR, OP1, OP1_ADDR,
    PC, RC_COUNT, RC_PERIOD, RES,
};
use nilometer_air::cairo::lookup::boundary_cells;
use nilometer_air::cairo::{address, Advice, Claim, ClaimError, MAX_ROWS, MIN_ROWS};
use nilometer_cairo::run::Registers;
use nilometer_cairo::{Memory, Program, Run};
use nilometer_field::Felt;
use thiserror::Error;
use winter_math::{batch_inversion, FieldElement};

/// A run, ready to be proved.
#[derive(Clone, Debug)]
pub struct Witness {
    /// What is proved.
    pub claim: Claim,
    /// What the prover adds to it.
    pub advice: Advice,
    /// The main segment's columns.
    pub main: Vec<Vec<Felt>>,
}

/// A run that cannot be proved.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// The program or its output cannot be claimed.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The run kept no trace or memory.
    #[error("the run was made without a trace")]
    NoTrace,
    /// The run is too long.
    #[error("the run needs {rows} rows, at most {MAX_ROWS} can be proved")]
    TooLong {
        /// The rows that it needs.
        rows: usize,
    },
    /// The virtual machine did something that the AIR does not allow.
    #[error("step {step}: {reason}")]
    Step {
        /// The step.
        step: usize,
        /// What is wrong.
        reason: String,
    },
}

/// What a run needs of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Steps of the run.
    pub steps: usize,
    /// Cells of stack and heap.
    pub cells: usize,
    /// Range-checked integers.
    pub range_checks: usize,
    /// Rows of the trace: the least power of two with room for all.
    pub rows: usize,
}

impl Size {
    /// The size of a run.
    ///
    /// # Errors
    /// It needs more than [`MAX_ROWS`].
    pub fn of(steps: usize, cells: usize, range_checks: usize) -> Result<Self, WitnessError> {
        let fits = |rows: usize| {
            steps <= rows
                && cells <= memory_capacity(rows)
                && range_checks <= range_check_capacity(rows)
        };
        let mut rows = MIN_ROWS;
        while !fits(rows) {
            rows *= 2;
            if rows > MAX_ROWS {
                return Err(WitnessError::TooLong {
                    rows: steps.max(cells).max(RC_PERIOD * range_checks),
                });
            }
        }
        Ok(Self { steps, cells, range_checks, rows })
    }
}

impl Witness {
    /// Fills the trace of a run that kept its trace and memory.
    ///
    /// # Errors
    /// See [`WitnessError`].
    pub fn new(program: &Program, run: &Run) -> Result<Self, WitnessError> {
        let claim = program.claim(&run.output)?;
        let (Some(trace), Some(memory)) = (&run.trace, &run.memory) else {
            return Err(WitnessError::NoTrace);
        };
        let part = |base: u64| memory.part(base as usize);
        let size = Size::of(
            trace.len(),
            part(address::EXECUTION).len(),
            part(address::RANGE_CHECK).len(),
        )?;
        Filler::new(&claim, memory, size).fill(&claim, trace).map(|(advice, main)| Self {
            claim,
            advice,
            main,
        })
    }

    /// The trace's rows.
    pub fn n_rows(&self) -> usize {
        self.main[0].len()
    }
}

/// The parts of memory, with how often each cell was looked up.
struct Tables<'a> {
    program: &'a [Felt],
    output: &'a [Felt],
    cells: Vec<Felt>,
    cell_counts: Vec<u32>,
    range_checks: Vec<Felt>,
    rc_counts: Vec<u32>,
    advice: Advice,
}

impl Tables<'_> {
    /// The cell at an address, with its count.
    fn cell(&mut self, address: u64) -> Option<(Felt, &mut u32)> {
        let (cells, counts, base) = match address {
            address::RANGE_CHECK.. => {
                (&self.range_checks[..], &mut self.rc_counts, address::RANGE_CHECK)
            }
            address::OUTPUT.. => (self.output, &mut self.advice.output, address::OUTPUT),
            address::EXECUTION.. => (&self.cells[..], &mut self.cell_counts, address::EXECUTION),
            address::PROGRAM.. => (self.program, &mut self.advice.data, address::PROGRAM),
            0 => return None,
        };
        let offset = usize::try_from(address - base).ok()?;
        Some((*cells.get(offset)?, counts.get_mut(offset)?))
    }

    /// The value at an address, looked up so many times.
    fn look_up(&mut self, address: u64, times: u32) -> Option<Felt> {
        let (value, count) = self.cell(address)?;
        *count += times;
        Some(value)
    }
}

struct Filler<'a> {
    size: Size,
    tables: Tables<'a>,
    decoded: Vec<Option<Instruction>>,
    main: Vec<Vec<Felt>>,
    /// Conditional jumps: the row, dst, and how far from the next instruction they went.
    jumps: Vec<(usize, Felt, Felt)>,
}

impl<'a> Filler<'a> {
    fn new(claim: &'a Claim, memory: &Memory, size: Size) -> Self {
        // A cell that the run never set may hold any number; it holds zero.
        let cells = |base: u64, len: usize| {
            let part = memory.part(base as usize).iter();
            let mut cells: Vec<Felt> =
                part.map(|cell| cell.as_ref().map_or(Felt::ZERO, Felt::from)).collect();
            cells.resize(len, Felt::ZERO);
            cells
        };
        let cell_capacity = memory_capacity(size.rows);
        let rc_capacity = range_check_capacity(size.rows);
        let mut advice = Advice::new(claim);
        advice.range_checks = size.range_checks as u32;
        let tables = Tables {
            program: claim.code(),
            output: claim.output(),
            cells: cells(address::EXECUTION, cell_capacity),
            cell_counts: vec![0; cell_capacity],
            range_checks: cells(address::RANGE_CHECK, rc_capacity),
            rc_counts: vec![0; rc_capacity],
            advice,
        };
        Self {
            size,
            tables,
            decoded: claim.code().iter().map(Instruction::decode).collect(),
            main: vec![vec![Felt::ZERO; size.rows]; MAIN_WIDTH],
            jumps: Vec::new(),
        }
    }

    fn fill(
        mut self,
        claim: &Claim,
        trace: &[Registers],
    ) -> Result<(Advice, Vec<Vec<Felt>>), WitnessError> {
        for (step, registers) in trace.iter().enumerate() {
            let next = trace.get(step + 1).unwrap_or(registers);
            self.step(step, registers, next)?;
        }
        self.pad(trace.len());
        if let Some(last) = trace.last() {
            self.tables.advice.stack_len = (last.ap as u64 - address::EXECUTION) as u32;
        }
        self.boundary(claim)?;
        self.certify_jumps();
        self.range_checks()?;
        self.memory();
        Ok((self.tables.advice, self.main))
    }

    /// One step of the run. The last row's lookups are not counted.
    fn step(&mut self, row: usize, at: &Registers, next: &Registers) -> Result<(), WitnessError> {
        let failed = |reason: String| WitnessError::Step { step: row, reason };
        let offset = at.pc.wrapping_sub(address::PROGRAM as usize);
        let instruction = self.decoded.get(offset).copied().flatten();
        let instruction =
            instruction.ok_or_else(|| failed(format!("no instruction at pc {}", at.pc)))?;
        let has = |flag: Flag| instruction.has(flag);
        let (pc, ap, fp) = (at.pc as u64, at.ap as u64, at.fp as u64);
        let plus = |base: u64, offset: i32| base.wrapping_add_signed(i64::from(offset));

        let times = u32::from(row + 1 < self.size.rows);
        self.tables.advice.instructions[offset] += times;
        let tables = &mut self.tables;
        let mut look_up = |name: &str, address: u64| {
            let value = tables.look_up(address, times);
            value.ok_or_else(|| {
                failed(format!("{name} is at address {address}, which holds nothing"))
            })
        };
        let dst_addr = plus(if has(Flag::DstFp) { fp } else { ap }, instruction.off_dst);
        let op0_addr = plus(if has(Flag::Op0Fp) { fp } else { ap }, instruction.off_op0);
        let (dst, op0) = (look_up("dst", dst_addr)?, look_up("op0", op0_addr)?);
        let op1_base = if has(Flag::Op1Imm) {
            pc
        } else if has(Flag::Op1Fp) {
            fp
        } else if has(Flag::Op1Ap) {
            ap
        } else {
            op0.to_u64().ok_or_else(|| failed("op0 is not an address".to_owned()))?
        };
        let op1_addr = plus(op1_base, instruction.off_op1);
        let op1 = look_up("op1", op1_addr)?;

        let res = if has(Flag::PcJnz) {
            if dst != Felt::ZERO {
                let distance = Felt::from(next.pc as u64) - Felt::from(pc + instruction.size());
                self.jumps.push((row, dst, distance));
            }
            Felt::ZERO
        } else if has(Flag::ResAdd) {
            op0 + op1
        } else if has(Flag::ResMul) {
            op0 * op1
        } else {
            op1
        };
        for (column, value) in [
            (PC, pc),
            (AP, ap),
            (FP, fp),
            (DST_ADDR, dst_addr),
            (OP0_ADDR, op0_addr),
            (OP1_ADDR, op1_addr),
        ] {
            self.main[column][row] = Felt::from(value);
        }
        for (column, value) in [(DST, dst), (OP0, op0), (OP1, op1), (RES, res)] {
            self.main[column][row] = value;
        }
        for bit in 0..N_FLAGS {
            if instruction.flags >> bit & 1 == 1 {
                self.main[FLAGS + bit][row] = Felt::ONE;
            }
        }
        Ok(())
    }

    /// Repeats the last step, `jmp rel 0`, to the trace's end.
    fn pad(&mut self, steps: usize) {
        let rows = self.size.rows;
        if steps == 0 || steps == rows {
            return;
        }
        let last = steps - 1;
        for column in &mut self.main {
            let value = column[last];
            column[steps..].fill(value);
        }
        // The last row is not counted; the step itself already is.
        let repeats = (rows - 1 - steps) as u32;
        let address = |column: usize| self.main[column][last].to_u64().unwrap_or_default();
        let addresses = [DST_ADDR, OP0_ADDR, OP1_ADDR].map(address);
        let offset = (address(PC) - address::PROGRAM) as usize;
        self.tables.advice.instructions[offset] += repeats;
        for address in addresses {
            self.tables.look_up(address, repeats);
        }
    }

    /// The cells that every proof looks up in public.
    fn boundary(&mut self, claim: &Claim) -> Result<(), WitnessError> {
        for (address, value) in boundary_cells(claim, &self.tables.advice) {
            let found = self.tables.look_up(address, 1);
            if found != Some(Felt::from(value)) {
                let found = found.unwrap_or_default();
                let reason =
                    format!("the run left {found} at address {address}, expected {value:#x}");
                return Err(WitnessError::Step { step: self.size.steps, reason });
            }
        }
        Ok(())
    }

    /// On a conditional jump with dst ≠ 0, res is how far it went from the next instruction, over dst.
    fn certify_jumps(&mut self) {
        let divisors: Vec<Felt> = self.jumps.iter().map(|(_, dst, _)| *dst).collect();
        for (inverse, (row, _, distance)) in batch_inversion(&divisors).iter().zip(&self.jumps) {
            self.main[RES][*row] = *inverse * *distance;
        }
    }

    /// Limbs of the range-checked integers; rows without one check zero.
    fn range_checks(&mut self) -> Result<(), WitnessError> {
        let rows = self.size.rows;
        let mask = (1_u128 << LIMB_BITS) - 1;
        for (i, value) in self.tables.range_checks.iter().enumerate() {
            if *value == Felt::ZERO {
                continue;
            }
            let limbs = value.to_limbs();
            if limbs[2] != 0 || limbs[3] != 0 {
                let reason = format!("range-checked integer {i} is {value}, not below 2^128");
                return Err(WitnessError::Step { step: self.size.steps, reason });
            }
            let integer = u128::from(limbs[1]) << 64 | u128::from(limbs[0]);
            // From the highest: 8 bits, then ten limbs of 12.
            let limb = |place: u32| (integer >> (LIMB_BITS * place) & mask) as u64;
            let mut acc = 0_u128;
            for row in 0..RC_PERIOD {
                let [low, middle, high] = [0, 1, 2].map(|j| (3 * (RC_PERIOD - 1 - row)) as u32 + j);
                let high = if row == 0 { 16 * limb(middle) } else { limb(high) };
                let at = RC_PERIOD * i + row;
                let row_limbs =
                    [(LIMB_HIGH, high), (LIMB_MID, limb(middle)), (LIMB_LOW, limb(low))];
                for (column, limb) in row_limbs {
                    self.main[column][at] = Felt::from(limb);
                    self.tables.advice.limbs[limb as usize] += 1;
                }
                self.main[ACC][at] = Felt::from(acc);
                acc = integer >> (LIMB_BITS * low);
            }
        }
        for (i, &count) in self.tables.rc_counts.iter().enumerate() {
            self.main[RC_COUNT][RC_PERIOD * i + RC_PERIOD - 1] = Felt::from(count);
        }
        let counted: u32 = self.tables.advice.limbs.iter().sum();
        self.tables.advice.limbs[0] += 3 * (rows as u32 - 1) - counted;
        Ok(())
    }

    /// The memory table: one cell of stack and heap per row.
    fn memory(&mut self) {
        for (row, (value, count)) in
            self.tables.cells.iter().zip(&self.tables.cell_counts).enumerate()
        {
            self.main[CELL_VALUE][row] = *value;
            self.main[CELL_COUNT][row] = Felt::from(*count);
        }
        for (row, index) in self.main[INDEX].iter_mut().enumerate() {
            *index = Felt::from(row as u64);
        }
    }
}
