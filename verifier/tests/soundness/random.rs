//! Random programs: the VM's trace against the filled one.
//!
//! A program grows one instruction at a time, together with a model of its run, so that each is valid: what is read
//! was written, and jumps land on instructions.

use nilometer_air::cairo::address;
use nilometer_air::cairo::isa::{Flag, Instruction};
use nilometer_air::cairo::layout::{flag, AP, FP, PC};
use nilometer_cairo::RunOptions;
use nilometer_field::Felt;
use nilometer_prover::Witness;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;
use winter_math::FieldElement;

use crate::machine::Forger;
use crate::proofs::{accepted, cheap};
use crate::rows::failing;
use nilometer_test_support::asm::At::{Ap, Fp};
use nilometer_test_support::asm::{At, Code, Ins, Op1, Res};

const PROGRAMS: u64 = 300;
/// Of these, so many are proved and verified.
const PROVED: u64 = 12;

/// What a program is made with.
struct Maker {
    rng: StdRng,
    code: Code,
    /// Values below ap in the frame, as distances from fp: numbers, no addresses.
    numbers: Vec<i16>,
    /// ap - fp.
    ap: i16,
    /// Cells of the range check and of the output.
    range_checks: i16,
    output: i16,
    /// Where the builtins' pointers are, from `main`'s fp; other frames have none.
    in_main: bool,
}

impl Maker {
    fn program(seed: u64) -> Code {
        let mut maker = Self {
            rng: StdRng::seed_from_u64(seed),
            code: Code::new(true),
            numbers: Vec::new(),
            ap: 0,
            range_checks: 0,
            output: 0,
            in_main: true,
        };
        maker.body(0);
        let (output, range_checks) = (maker.output, maker.range_checks);
        let code = &mut maker.code;
        code.push(Ins::add(Ap(0), Fp(-4), Op1::Imm(output.into())).inc());
        code.push(Ins::add(Ap(0), Fp(-3), Op1::Imm(range_checks.into())).inc());
        code.push(Ins::ret());
        maker.code
    }

    /// Some instructions in a frame.
    fn body(&mut self, depth: usize) {
        for _ in 0..3 {
            self.immediate();
        }
        for _ in 0..self.rng.random_range(3..12) {
            self.instruction(depth);
        }
    }

    /// A cell at ap or fp, whichever chance takes.
    fn cell(&mut self, from_fp: i16) -> At {
        if self.rng.random() {
            Fp(from_fp)
        } else {
            Ap(from_fp - self.ap)
        }
    }

    fn number(&mut self) -> At {
        match self.numbers.choose(&mut self.rng) {
            Some(&cell) => self.cell(cell),
            None => Fp(-1),
        }
    }

    fn value(&mut self) -> Felt {
        match self.rng.random_range(0..5) {
            0 => Felt::from(self.rng.random_range(1..10_u64)),
            1 => -Felt::from(self.rng.random_range(1..10_u64)),
            2 => Felt::from(u128::MAX >> self.rng.random_range(0..127)),
            3 => Felt::from(1_u128 << self.rng.random_range(0..128)),
            _ => Felt::from(self.rng.random::<u128>()).pow([2, 0, 0, 0]),
        }
    }

    /// Writes a number at ap, and moves on: with `ap++`, or with an addition to ap.
    fn write(&mut self, instruction: Ins) {
        if self.rng.random_bool(0.7) {
            self.code.push(instruction.inc());
        } else {
            self.code.push(instruction);
            let more = self.rng.random_range(1..4);
            // What op0 is does not matter here; it is looked up all the same.
            let op0 = self.number();
            self.code.push(Ins { op0, ..Ins::ap_add(Op1::Imm(more.into())) });
            self.numbers.push(self.ap);
            self.ap += more;
            return;
        }
        self.numbers.push(self.ap);
        self.ap += 1;
    }

    fn immediate(&mut self) {
        let (value, to) = (self.value(), self.cell(self.ap));
        self.write(Ins::set(to, Op1::Big(value)));
    }

    /// Words that nothing executes.
    fn junk(&mut self) -> i64 {
        let count = self.rng.random_range(0..4);
        let words: Vec<Felt> = (0..count).map(|_| Felt::from(self.rng.random::<u128>())).collect();
        self.code.data(&words);
        count
    }

    fn instruction(&mut self, depth: usize) {
        let to = self.cell(self.ap);
        match self.rng.random_range(0..14) {
            0 => self.immediate(),
            1 | 2 => {
                let (op0, op1) = (self.number(), Op1::At(self.number()));
                self.write(Ins::add(to, op0, op1));
            }
            3 | 4 => {
                let (op0, op1) = (self.number(), Op1::At(self.number()));
                self.write(Ins::mul(to, op0, op1));
            }
            5 => {
                let (op0, value) = (self.number(), self.value());
                let add = self.rng.random();
                let make = if add { Ins::add } else { Ins::mul };
                self.write(make(to, op0, Op1::Big(value)));
            }
            6 => {
                // The machine solves for op1: number = number + [ap].
                let (dst, op0) = (self.number(), self.number());
                let op1 = Op1::At(self.cell(self.ap));
                self.write(Ins::add(dst, op0, op1));
            }
            7 => {
                // A jump over junk.
                let at = self.code.words.len();
                self.code.push(Ins::jmp(Op1::Imm(0)));
                let skip = self.junk();
                self.code.words[at + 1] = Felt::from(2 + skip as u64);
            }
            8 => {
                // A conditional jump over junk, with a number that is not 0.
                let value = self.rng.random_range(1..9);
                self.write(Ins::set(to, Op1::Imm(value)));
                let dst = *self.numbers.last().unwrap();
                let dst = self.cell(dst);
                let at = self.code.words.len();
                self.code.push(Ins::jnz(dst, Op1::Imm(0)));
                let skip = self.junk();
                self.code.words[at + 1] = Felt::from(2 + skip as u64);
            }
            9 => {
                // One that is not taken: its distance is anything.
                self.write(Ins::set(to, Op1::Imm(0)));
                let dst = *self.numbers.last().unwrap();
                let (dst, op1) = (self.cell(dst), Op1::At(self.number()));
                self.code.push(Ins::jnz(dst, op1));
            }
            10 if self.in_main => {
                // A range check, or a felt of output.
                let value = Felt::from(self.rng.random::<u128>() >> self.rng.random_range(0..128));
                self.write(Ins::set(to, Op1::Big(value)));
                let dst = *self.numbers.last().unwrap();
                let dst = self.cell(dst);
                let pointer = self.cell(-3);
                self.code.push(Ins::deref(dst, pointer, self.range_checks));
                self.range_checks += 1;
            }
            11 if self.in_main => {
                let (dst, pointer) = (self.number(), self.cell(-4));
                self.code.push(Ins::deref(dst, pointer, self.output));
                self.output += 1;
            }
            12 if depth < 2 => self.call(depth),
            13 => self.jump_by_cell(to),
            _ => {
                // A number compared with itself.
                let cell = *self.numbers.choose(&mut self.rng).unwrap();
                let (dst, op1) = (self.cell(cell), Op1::At(self.cell(cell)));
                let op0 = self.number();
                self.code.push(Ins { op0, ..Ins::set(dst, op1) });
            }
        }
    }

    /// `jmp rel` by a cell, by a sum or by a product.
    fn jump_by_cell(&mut self, to: At) {
        let skip = self.rng.random_range(1..4_i64);
        self.write(Ins::set(to, Op1::Imm(skip)));
        let distance = *self.numbers.last().unwrap();
        let distance = self.cell(distance);
        let (jump, words) = match self.rng.random_range(0..3) {
            0 => (Ins::jmp(Op1::At(distance)), skip),
            1 => {
                let jump = Ins { op0: distance, res: Res::Add, ..Ins::jmp(Op1::Imm(2)) };
                (jump, skip + 2)
            }
            _ => {
                let jump = Ins { op0: distance, res: Res::Mul, ..Ins::jmp(Op1::Imm(3)) };
                (jump, skip * 3)
            }
        };
        let junk = words - jump.words().len() as i64;
        self.code.push(jump);
        for _ in 0..junk {
            self.code.data(&[Felt::from(self.rng.random::<u128>())]);
        }
    }

    /// A call, relative or absolute, of a function that stands behind a jump.
    fn call(&mut self, depth: usize) {
        // call rel function; jmp rel over; function: …; ret; over:
        self.code.push(Ins::call(Op1::Imm(4)));
        let jump = self.code.words.len();
        self.code.push(Ins::jmp(Op1::Imm(0)));
        let numbers = std::mem::take(&mut self.numbers);
        let (ap, in_main) = (self.ap, self.in_main);
        (self.ap, self.in_main) = (0, false);
        self.body(depth + 1);
        let grown = self.ap;
        self.code.push(Ins::ret());
        (self.numbers, self.in_main) = (numbers, in_main);
        self.ap = ap + 2 + grown;
        // What the function wrote last is a number of the caller's now.
        let over = self.code.words.len() - jump;
        self.code.words[jump + 1] = Felt::from(over as u64);
        // The function once more, by its absolute address: the pushed return address, plus a distance.
        if self.rng.random() {
            let returns = self.cell(ap + 1);
            let to = self.cell(self.ap);
            self.code.push(Ins::add(to, returns, Op1::Imm(2)).inc());
            let address = self.ap;
            self.ap += 1;
            let target = Op1::At(self.cell(address));
            self.code.push(Ins::call_abs(target));
            self.ap += 2 + grown;
        }
    }
}

/// The kinds of instructions that a trace executes.
fn kinds(witness: &Witness, counts: &mut [usize; 16]) {
    for row in 0..witness.n_rows() - 1 {
        let is = |of: Flag| witness.main[flag(of)][row] == Felt::ONE;
        let pc = witness.main[PC][row].to_u64().unwrap() - address::PROGRAM;
        let instruction = Instruction::decode(&witness.claim.code()[pc as usize]).unwrap();
        let derefs = ![Flag::Op1Imm, Flag::Op1Fp, Flag::Op1Ap].iter().any(|flag| is(*flag));
        let kinds = [
            is(Flag::DstFp),
            is(Flag::Op0Fp),
            is(Flag::Op1Imm),
            is(Flag::Op1Fp),
            is(Flag::Op1Ap),
            derefs,
            is(Flag::ResAdd),
            is(Flag::ResMul),
            is(Flag::PcAbs),
            is(Flag::PcRel),
            is(Flag::PcJnz),
            is(Flag::ApAdd),
            is(Flag::ApAdd1),
            is(Flag::Call),
            is(Flag::Ret),
            instruction.asserts(),
        ];
        for (count, kind) in counts.iter_mut().zip(kinds) {
            *count += usize::from(kind);
        }
    }
}

#[test]
fn random_programs_are_filled_as_the_vm_ran_them() {
    let mut counts = [0; 16];
    for seed in 0..PROGRAMS {
        let code = Maker::program(seed);
        let program = code.program(&json!([]));
        let options = RunOptions { trace: true, ..Default::default() };
        let run = program.run(&[], &options).unwrap_or_else(|error| panic!("{seed}: {error}"));
        let witness = Witness::new(&program, &run).unwrap();
        let trace = run.trace.as_ref().unwrap();
        for row in 0..witness.n_rows() {
            let at = trace.get(row).or(trace.last()).unwrap();
            for (column, register) in [(PC, at.pc), (AP, at.ap), (FP, at.fp)] {
                assert_eq!(witness.main[column][row], Felt::from(register as u64), "{seed}, {row}");
            }
        }
        assert_eq!(witness.claim, program.claim(&run.output).unwrap());
        assert_eq!(failing(&witness), [""; 0], "{seed}");
        witness.advice.check(&witness.claim, witness.n_rows()).unwrap();
        // The tests' own machine agrees in all columns.
        let own = Forger::default().run(&code, witness.n_rows()).settle();
        assert!(own.main == witness.main && own.advice == witness.advice, "{seed}");
        if seed < PROVED {
            accepted(&witness, cheap());
        }
        kinds(&witness, &mut counts);
    }
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}");
}
