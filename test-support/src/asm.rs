//! Hand-assembled programs: words from operands, and labels.

use std::collections::BTreeMap;

use nilometer_air::cairo::claim::header;
use nilometer_air::cairo::isa::{Flag, N_FLAGS};
use nilometer_air::cairo::{address, Builtin};
use nilometer_cairo::Program;
use nilometer_field::Felt;
use serde_json::json;

/// A cell at a register plus an offset.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// `[ap + offset]`.
    Ap(i16),
    /// `[fp + offset]`.
    Fp(i16),
}

/// Where op1 is.
#[derive(Clone, Copy, Debug)]
pub enum Op1 {
    /// The word after the instruction, a small integer.
    Imm(i64),
    /// The word after the instruction, any felt.
    Big(Felt),
    /// A cell.
    At(At),
    /// At op0's value plus an offset.
    Deref(i16),
}

/// What res is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Res {
    /// op1.
    Op1,
    /// op0 + op1.
    Add,
    /// op0 · op1.
    Mul,
}

/// An instruction before it is encoded.
#[derive(Clone, Copy, Debug)]
pub struct Ins {
    /// The cell that is written, compared or tested.
    pub dst: At,
    /// The first operand.
    pub op0: At,
    /// The second operand.
    pub op1: Op1,
    /// How the operands are combined.
    pub res: Res,
    /// The flags that operands and result do not determine.
    pub flags: &'static [Flag],
}

/// Cells that instructions look up where they need none, as the assembler does.
const UNUSED: At = At::Fp(-1);

impl Ins {
    /// `dst = op1`.
    pub fn set(dst: At, op1: Op1) -> Self {
        Self { dst, op0: UNUSED, op1, res: Res::Op1, flags: &[] }
    }

    /// `dst = op0 + op1`.
    pub fn add(dst: At, op0: At, op1: Op1) -> Self {
        Self { dst, op0, op1, res: Res::Add, flags: &[] }
    }

    /// `dst = op0 * op1`.
    pub fn mul(dst: At, op0: At, op1: Op1) -> Self {
        Self { dst, op0, op1, res: Res::Mul, flags: &[] }
    }

    /// `dst = [[op0] + off]`.
    pub fn deref(dst: At, op0: At, off: i16) -> Self {
        Self { dst, op0, op1: Op1::Deref(off), res: Res::Op1, flags: &[] }
    }

    /// `…, ap++`.
    pub fn inc(self) -> Self {
        debug_assert!(self.flags.is_empty());
        Self { flags: &[Flag::ApAdd1], ..self }
    }

    /// `ap += op1`.
    pub fn ap_add(op1: Op1) -> Self {
        Self { flags: &[Flag::ApAdd], ..Self::set(UNUSED, op1) }
    }

    /// `jmp rel op1`.
    pub fn jmp(op1: Op1) -> Self {
        Self { flags: &[Flag::PcRel], ..Self::set(UNUSED, op1) }
    }

    /// `jmp abs op1`.
    pub fn jmp_abs(op1: Op1) -> Self {
        Self { flags: &[Flag::PcAbs], ..Self::set(UNUSED, op1) }
    }

    /// `jmp rel op1 if dst != 0`.
    pub fn jnz(dst: At, op1: Op1) -> Self {
        Self { flags: &[Flag::PcJnz], ..Self::set(dst, op1) }
    }

    /// `call rel op1`.
    pub fn call(op1: Op1) -> Self {
        let (dst, op0) = (At::Ap(0), At::Ap(1));
        Self { dst, op0, op1, res: Res::Op1, flags: &[Flag::PcRel, Flag::Call] }
    }

    /// `call abs op1`.
    pub fn call_abs(op1: Op1) -> Self {
        Self { flags: &[Flag::PcAbs, Flag::Call], ..Self::call(op1) }
    }

    /// `ret`.
    pub fn ret() -> Self {
        let op1 = Op1::At(At::Fp(-1));
        let flags = &[Flag::PcAbs, Flag::Ret];
        Self { dst: At::Fp(-2), op0: UNUSED, op1, res: Res::Op1, flags }
    }

    /// The word, and the immediate if there is one.
    pub fn words(&self) -> Vec<Felt> {
        let asserts = ![Flag::PcAbs, Flag::PcRel, Flag::PcJnz, Flag::ApAdd]
            .iter()
            .any(|flag| self.flags.contains(flag));
        let mut flags = u64::from(asserts) << N_FLAGS;
        let mut set = |flag: Flag| flags |= 1 << flag as usize;
        self.flags.iter().for_each(|flag| set(*flag));
        let mut base = |at: At, flag: Flag| match at {
            At::Ap(offset) => offset,
            At::Fp(offset) => {
                set(flag);
                offset
            }
        };
        let (dst, op0) = (base(self.dst, Flag::DstFp), base(self.op0, Flag::Op0Fp));
        let (op1, immediate) = match self.op1 {
            Op1::Imm(value) => (1, Some(felt(value))),
            Op1::Big(value) => (1, Some(value)),
            Op1::At(At::Ap(offset)) => (offset, None),
            Op1::At(At::Fp(offset)) => (base(At::Fp(offset), Flag::Op1Fp), None),
            Op1::Deref(offset) => (offset, None),
        };
        if immediate.is_some() {
            set(Flag::Op1Imm);
        }
        if matches!(self.op1, Op1::At(At::Ap(_))) {
            set(Flag::Op1Ap);
        }
        match self.res {
            Res::Op1 => {}
            Res::Add => set(Flag::ResAdd),
            Res::Mul => set(Flag::ResMul),
        }
        let biased = |offset: i16| u64::from((i32::from(offset) + (1 << 15)) as u16);
        let word = biased(dst) | biased(op0) << 16 | biased(op1) << 32 | flags << 48;
        std::iter::once(Felt::from(word)).chain(immediate).collect()
    }
}

fn felt(value: i64) -> Felt {
    let magnitude = Felt::from(value.unsigned_abs());
    if value < 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// A program with names for places in it.
#[derive(Clone, Debug)]
pub struct Code {
    /// The builtins, in canonical order.
    pub builtins: Vec<Builtin>,
    /// The code so far.
    pub words: Vec<Felt>,
    /// Offsets in the code by name.
    pub labels: BTreeMap<&'static str, usize>,
}

impl Code {
    /// The header.
    pub fn new(range_check: bool) -> Self {
        let mut builtins = vec![Builtin::Output];
        builtins.extend(range_check.then_some(Builtin::RangeCheck));
        Self { words: header(builtins.len()).to_vec(), builtins, labels: BTreeMap::new() }
    }

    /// Names the place.
    pub fn label(&mut self, name: &'static str) -> &mut Self {
        assert!(self.labels.insert(name, self.words.len()).is_none(), "{name} twice");
        self
    }

    /// Appends an instruction.
    pub fn push(&mut self, instruction: Ins) -> &mut Self {
        self.words.extend(instruction.words());
        self
    }

    /// Appends a named instruction.
    pub fn at(&mut self, name: &'static str, instruction: Ins) -> &mut Self {
        self.label(name).push(instruction)
    }

    /// Appends words that are data.
    pub fn data(&mut self, words: &[Felt]) -> &mut Self {
        self.words.extend(words);
        self
    }

    /// Instructions that do nothing, of one word each.
    pub fn nops(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            self.push(Ins::set(At::Fp(-1), Op1::At(At::Fp(-1))));
        }
        self
    }

    /// The address of a label.
    pub fn address(&self, name: &str) -> u64 {
        address::PROGRAM + self.labels[name] as u64
    }

    /// The program as the VM takes it; hints as JSON, by offset.
    pub fn program(&self, hints: &serde_json::Value) -> Program {
        let builtins: Vec<&str> = self.builtins.iter().map(|builtin| builtin.name()).collect();
        let file = json!({
            "format": "nilometer-program-v1",
            "function": "test::main",
            "builtins": builtins,
            "code_offset": 6,
            "bytecode": self.words.iter().map(Felt::to_string).collect::<Vec<_>>(),
            "hints": hints,
        });
        Program::from_json(&serde_json::to_vec(&file).unwrap()).unwrap()
    }
}
