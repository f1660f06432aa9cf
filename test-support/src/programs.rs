//! Programs that together use every kind of instruction.

use std::collections::BTreeMap;

use nilometer_field::Felt;

use crate::asm::At::{Ap, Fp};
use crate::asm::{Code, Ins, Op1};
use winter_math::FieldElement;

/// Distances between labels, known once a program was assembled.
pub struct Distances(BTreeMap<&'static str, usize>);

impl Distances {
    /// From one label to another.
    pub fn get(&self, from: &str, to: &str) -> i64 {
        let offset = |label: &str| self.0.get(label).map_or(0, |offset| *offset as i64);
        offset(to) - offset(from)
    }

    /// The same as an immediate.
    pub fn imm(&self, from: &str, to: &str) -> Op1 {
        Op1::Imm(self.get(from, to))
    }
}

/// Assembles twice, so that labels can be used before they stand.
pub fn assemble(program: impl Fn(&Distances) -> Code) -> Code {
    let first = program(&Distances(BTreeMap::new()));
    let code = program(&Distances(first.labels));
    assert_eq!(code.words.len(), program(&Distances(code.labels.clone())).words.len());
    code
}

fn fp(offset: i16) -> Op1 {
    Op1::At(Fp(offset))
}

fn ap(offset: i16) -> Op1 {
    Op1::At(Ap(offset))
}

/// `2^128 - 1` and other integers at the edges of limbs.
pub fn edges() -> Vec<Felt> {
    let power = |bit: u32| 1_u128 << bit;
    [
        0,
        u128::MAX,
        power(120),
        power(120) - 1,
        power(127) | 1,
        power(108) - 1,
        power(36) | power(24) | power(12) | 1,
        4095,
        4096,
    ]
    .map(Felt::from)
    .to_vec()
}

/// Every kind of instruction, two builtins, data in the code, cells beyond the stack. In `main`'s frame, cells of
/// the caller: -4 output, -3 range check, -2 fp, -1 return address.
pub fn everything() -> Code {
    assemble(|d| {
        let mut code = Code::new(true);
        code.at("ap_add", Ins::ap_add(Op1::Imm(30)));
        code.at("set", Ins::set(Fp(0), Op1::Imm(7)));
        code.at("add_imm", Ins::add(Fp(1), Fp(0), Op1::Imm(5)));
        code.at("add", Ins::add(Fp(2), Fp(0), fp(1)));
        code.at("mul", Ins::mul(Fp(3), Fp(0), fp(1)));
        code.at("mul_imm", Ins::mul(Fp(4), Fp(3), Op1::Imm(2)));
        code.at("sub", Ins::add(Fp(4), Fp(3), fp(5)));
        code.at("div", Ins::mul(Fp(3), Fp(0), fp(6)));
        code.at("inc", Ins::set(Ap(0), fp(2)).inc());
        code.at("inc_ap", Ins::add(Ap(0), Ap(-1), ap(-1)).inc());
        code.at("mul_ap", Ins::mul(Ap(0), Ap(-1), ap(-2)).inc());
        code.at("set_ap", Ins::set(Fp(15), ap(-1)));
        code.nops(1).at("get_frame", Ins::call(d.imm("get_frame", "frame")));
        code.label("back");
        code.push(Ins::set(Fp(9), ap(-2)));
        code.push(Ins::add(Fp(7), Ap(-1), d.imm("back", "data")));
        code.push(Ins::set(Fp(16), Op1::Imm(3)));
        code.push(Ins::add(Fp(17), Fp(7), d.imm("data", "abs_to")));
        code.at("data_deref", Ins::deref(Fp(8), Fp(7), 1));
        code.push(Ins::add(Fp(10), Fp(9), Op1::Imm(60)));
        code.at("heap", Ins::deref(Fp(2), Fp(10), 0));
        code.push(Ins::deref(Fp(3), Fp(10), 5));
        for zero in 11..14 {
            code.push(Ins::set(Fp(zero), Op1::Imm(0)));
        }
        code.nops(1).at("zeros", Ins { op0: Fp(12), ..Ins::set(Fp(12), fp(12)) }).nops(4);

        code.at("jnz_not", Ins::jnz(Fp(11), fp(16))).nops(2);
        code.at("jnz", Ins::jnz(Fp(0), d.imm("jnz", "jnz_to")));
        code.nops(2).label("jnz_to").nops(2);
        code.at("jnz_fp", Ins::jnz(Fp(1), fp(16))).nops(4);
        code.at("jmp", Ins::jmp(d.imm("jmp", "jmp_to")));
        code.nops(2).label("jmp_to").nops(2);
        code.at("jmp_fp", Ins::jmp(fp(16))).nops(4);
        code.at("jmp_abs", Ins::jmp_abs(fp(17)));
        code.nops(2).label("abs_to").nops(2);
        code.at("ap_add_fp", Ins::ap_add(fp(16))).nops(2);
        code.push(Ins::add(Fp(18), Fp(7), d.imm("data", "function")));
        code.nops(1).at("call_abs", Ins::call_abs(fp(18))).nops(2);
        code.push(Ins::ap_add(Op1::Imm(2)));
        code.at("call", Ins::call(d.imm("call", "function"))).nops(2);
        code.push(Ins::ap_add(Op1::Imm(2)));

        for (i, integer) in (0..).zip(edges()) {
            code.push(Ins::set(Fp(20 + i), Op1::Big(integer)));
            code.push(Ins::deref(Fp(20 + i), Fp(-3), i));
        }
        for (i, local) in (0..).zip([2, 3, 5, 6, 8, 15, 11]) {
            code.push(Ins::deref(Fp(local), Fp(-4), i));
        }
        code.at("stop_output", Ins::add(Ap(0), Fp(-4), Op1::Imm(7)).inc());
        code.at("stop_rc", Ins::add(Ap(0), Fp(-3), Op1::Imm(edges().len() as i64)).inc());
        code.at("end", Ins::ret());

        code.label("frame").push(Ins::set(Ap(0), fp(-2)).inc());
        code.push(Ins::set(Ap(0), fp(-1)).inc()).push(Ins::ret());
        code.nops(1).label("function").nops(3).at("ret", Ins::ret()).nops(1);
        // 2^63 and what follows are not instructions.
        code.label("data").data(&[Felt::from(1_u64 << 63), Felt::from(77_u64), Felt::ZERO]);
        // Instructions that no honest run reaches: a forger's landing place.
        code.label("sled").nops(48).at("sled_jump", Ins::jmp_abs(fp(17)));
        code
    })
}

/// Rows of [`everything`].
pub const EVERYTHING_ROWS: usize = 128;

/// Counts down from `n` and writes the sum of what it passed; no range checks.
pub fn countdown(n: i64) -> Code {
    assemble(|d| {
        let mut code = Code::new(false);
        // [ap - 2] counts, [ap - 1] is the sum.
        code.push(Ins::set(Ap(0), Op1::Imm(n)).inc()).push(Ins::set(Ap(0), Op1::Imm(0)).inc());
        code.at("loop", Ins::add(Ap(0), Ap(-2), Op1::Imm(-1)).inc());
        code.push(Ins::add(Ap(0), Ap(-2), ap(-3)).inc());
        code.at("again", Ins::jnz(Ap(-2), d.imm("again", "loop")));
        code.push(Ins::deref(Ap(-1), Fp(-3), 0));
        code.push(Ins::add(Ap(0), Fp(-3), Op1::Imm(1)).inc()).push(Ins::ret());
        code
    })
}

/// Writes one felt. Behind its end stands code that no run reaches: it writes another felt and jumps to the end.
pub fn with_dead_code() -> Code {
    assemble(|_| {
        let mut code = Code::new(false);
        code.push(Ins::set(Ap(0), Op1::Imm(7)).inc()).push(Ins::deref(Ap(-1), Fp(-3), 0));
        code.at("stop", Ins::add(Ap(0), Fp(-3), Op1::Imm(1)).inc()).at("end", Ins::ret());
        code.at("dead", Ins::ap_add(Op1::Imm(4)));
        code.push(Ins::set(Ap(0), Op1::Imm(2 << 32)).inc());
        code.push(Ins::set(Ap(0), Op1::Imm(8)).inc());
        code.push(Ins::deref(Ap(-1), Ap(-2), 0));
        code.push(Ins::set(Ap(0), Op1::Imm((2 << 32) + 1)).inc());
        code.push(Ins::jmp_abs(Op1::Imm(5)));
        code
    })
}

/// Writes one felt, then jumps to the end from within `main`, whose frame is not the first one. The VM
/// takes no number for a code address, so this runs on the tests' machine only.
pub fn jump_to_end() -> Code {
    assemble(|_| {
        let mut code = Code::new(false);
        code.push(Ins::set(Ap(0), Op1::Imm(7)).inc()).push(Ins::deref(Ap(-1), Fp(-3), 0));
        code.push(Ins::add(Ap(0), Fp(-3), Op1::Imm(1)).inc());
        code.push(Ins::jmp_abs(Op1::Imm(5)));
        code
    })
}

/// Writes nothing to the output.
pub fn without_output() -> Code {
    assemble(|_| {
        let mut code = Code::new(false);
        code.at("set", Ins::set(Ap(0), Op1::Imm(5)).inc());
        code.push(Ins::add(Ap(0), Fp(-3), Op1::Imm(0)).inc()).push(Ins::ret());
        code
    })
}

/// Leaves the stack's top to the forger: where builtin pointers are read and left, it has cells of its own.
/// It writes a felt to the output by a constant address, and reads one range-checked integer.
pub fn free_pointers() -> Code {
    assemble(|_| {
        let mut code = Code::new(true);
        code.push(Ins::set(Ap(0), Op1::Imm(2 << 32)).inc());
        code.push(Ins::set(Ap(0), Op1::Imm(3 << 32)).inc());
        // [ap] = the integer, and the output is it.
        code.at("read", Ins::deref(Ap(0), Ap(-1), 0).inc());
        code.at("write", Ins::deref(Ap(-1), Ap(-3), 0));
        code.at("stops", Ins::ap_add(Op1::Imm(2))).push(Ins::ret());
        code
    })
}

/// Writes one felt, leaves a stop pointer that is one too far, and ends, or goes round in circles.
pub fn bad_stop(ends: bool) -> Code {
    assemble(|_| {
        let mut code = Code::new(false);
        code.push(Ins::set(Ap(0), Op1::Imm(7)).inc()).push(Ins::deref(Ap(-1), Fp(-3), 0));
        let stop = Op1::Imm(if ends { 2 } else { 1 });
        code.push(Ins::add(Ap(0), Fp(-3), stop).inc());
        code.push(if ends { Ins::ret() } else { Ins::jmp(Op1::Imm(0)) });
        code
    })
}

/// A program, its name and its rows.
pub type Named = (&'static str, Code, usize);

/// The programs that honest runs are made of.
pub fn honest() -> Vec<Named> {
    vec![
        ("everything", everything(), EVERYTHING_ROWS),
        ("countdown from 1", countdown(1), 64),
        ("countdown from 60", countdown(60), 256),
        ("dead code", with_dead_code(), 64),
        ("no output", without_output(), 64),
    ]
}
