//! Rows that are not what the program's word at pc says.

use nilometer_air::cairo::address;
use nilometer_air::cairo::isa::Flag;
use nilometer_air::cairo::layout::{
    flag, AP, DST, DST_ADDR, FLAGS, FP, OP0, OP0_ADDR, OP1, OP1_ADDR, PC, RES,
};
use nilometer_field::Felt;
use winter_math::FieldElement;

use super::{forged, Case};
use crate::machine::{next_registers, Step};

const ALL: [(Flag, &str); 14] = [
    (Flag::DstFp, "dst_fp"),
    (Flag::Op0Fp, "op0_fp"),
    (Flag::Op1Imm, "op1_imm"),
    (Flag::Op1Fp, "op1_fp"),
    (Flag::Op1Ap, "op1_ap"),
    (Flag::ResAdd, "res_add"),
    (Flag::ResMul, "res_mul"),
    (Flag::PcAbs, "pc_abs"),
    (Flag::PcRel, "pc_rel"),
    (Flag::PcJnz, "pc_jnz"),
    (Flag::ApAdd, "ap_add"),
    (Flag::ApAdd1, "ap_add1"),
    (Flag::Call, "call"),
    (Flag::Ret, "ret"),
];

fn int(value: i64) -> Felt {
    let magnitude = Felt::from(value.unsigned_abs());
    if value < 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// Cells that the run does not use, from `main`'s frame.
const SCRATCH: u64 = 105;

/// Operands that a forger chooses, in cells of their own; res follows.
fn operands(step: &mut Step<'_>, values: [Felt; 3], free_res: Felt) {
    let scratch = address::FIRST_FRAME + 4 + SCRATCH;
    for (i, (value, [address, column])) in
        (0..).zip(values.into_iter().zip([[DST_ADDR, DST], [OP0_ADDR, OP0], [OP1_ADDR, OP1]]))
    {
        step.memory.insert(scratch + i, value);
        step.row[address] = Felt::from(scratch + i);
        step.row[column] = value;
    }
    let is = |of: Flag| step.row[flag(of)];
    let [_, op0, op1] = values;
    let rest = is(Flag::ResAdd) * op0 + is(Flag::ResMul) * (op0 * op1 - op1);
    let divisor = Felt::ONE - is(Flag::PcJnz);
    step.row[RES] = if divisor == Felt::ZERO { free_res } else { op1 + rest * divisor.inverse() };
    step.next = next_registers(&step.row);
}

/// A row with other flags at `zeros`, whose operands make every other constraint hold.
fn other_flags(name: String, flags: Vec<(Flag, i64)>) -> Case {
    let calls = flags.iter().any(|(flag, _)| *flag == Flag::Call);
    let sketch = forged(|code, forger| {
        let zeros = code.labels["zeros"];
        let sled = code.address("sled")..code.address("sled_jump");
        let forger = forger.after(zeros, move |step| {
            let (pc, fp) = (step.row[PC], step.row[FP]);
            for (of, value) in &flags {
                step.row[flag(*of)] = int(*value);
            }
            let has = |of: Flag| flags.iter().any(|(flag, value)| *flag == of && *value != 0);
            let zero = Felt::ZERO;
            let (values, free_res) = match (has(Flag::PcAbs), has(Flag::PcRel), has(Flag::PcJnz)) {
                // Back to the next instruction: (1 - c) + c·(v - pc) = 1, and the like.
                (true, false, false) => ([pc + Felt::ONE, zero, pc + Felt::ONE], zero),
                (false, true, false) => ([Felt::ONE, zero, Felt::ONE], zero),
                (true, true, _) => {
                    let half = (pc + int(2)) * int(2).inverse();
                    ([half, zero, half], zero)
                }
                (false, true, true) => ([int(1), zero, int(2)], int(1)),
                (true, false, true) => {
                    let root = (1..).find(|r| sled.contains(&(r * r + r))).unwrap();
                    let r = Felt::from(root);
                    ([r, zero, r + r * r - pc], r)
                }
                _ if calls => ([fp, pc + Felt::ONE, fp], zero),
                _ if has(Flag::Ret) => ([fp, zero, fp], zero),
                _ => ([zero; 3], zero),
            };
            operands(step, values, free_res);
        });
        if !calls {
            return forger;
        }
        // The next row, forged too, takes the frame back.
        forger.after(zeros + 1, move |step| {
            step.row[FLAGS..FLAGS + ALL.len()].fill(Felt::ZERO);
            step.row[flag(Flag::Ret)] = Felt::ONE;
            let fp = Felt::from(address::FIRST_FRAME + 4);
            operands_of_return(step, fp);
        })
    });
    Case::lookup(name, &["instruction"], sketch)
}

fn operands_of_return(step: &mut Step<'_>, fp: Felt) {
    // The scratch cells hold fp at dst and op1, and what the call pushed at op0.
    let scratch = address::FIRST_FRAME + 4 + SCRATCH;
    let op0 = step.memory[&(scratch + 1)];
    operands(step, [fp, op0, fp], Felt::ZERO);
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (of, name) in ALL {
        // `zeros` has these flags set.
        let set = [Flag::DstFp, Flag::Op0Fp, Flag::Op1Fp].contains(&of);
        for value in [if set { 0 } else { 1 }, 2, -1] {
            cases.push(other_flags(format!("flag {name} = {value}"), vec![(of, value)]));
        }
    }
    use Flag::{
        ApAdd, ApAdd1, Call, DstFp, Op0Fp, Op1Ap, Op1Fp, Op1Imm, PcAbs, PcJnz, PcRel, ResAdd,
        ResMul, Ret,
    };
    for (name, flags) in [
        ("op1_imm and op1_fp", vec![(Op1Imm, 1)]),
        ("op1_fp and op1_ap", vec![(Op1Ap, 1)]),
        ("op1_imm and op1_ap", vec![(Op1Fp, 0), (Op1Imm, 1), (Op1Ap, 1)]),
        ("res_add and res_mul", vec![(ResAdd, 1), (ResMul, 1)]),
        ("pc_abs and pc_rel", vec![(PcAbs, 1), (PcRel, 1)]),
        ("pc_rel and pc_jnz", vec![(PcRel, 1), (PcJnz, 1)]),
        ("pc_abs and pc_jnz", vec![(PcAbs, 1), (PcJnz, 1)]),
        ("ap_add and ap_add1", vec![(ApAdd, 1), (ApAdd1, 1)]),
        ("call and ret", vec![(Call, 1), (Ret, 1)]),
    ] {
        cases.push(other_flags(format!("two of a group: {name}"), flags));
    }
    // The same sum of powers of two.
    for (name, flags) in [
        ("dst_fp, op0_fp", vec![(DstFp, 3), (Op0Fp, 0)]),
        ("op1_fp, op1_ap", vec![(Op1Fp, 3), (Op1Ap, -1)]),
        ("res_add, res_mul", vec![(ResAdd, 2), (ResMul, -1)]),
        ("ap_add, ap_add1", vec![(ApAdd, 2), (ApAdd1, -1)]),
    ] {
        cases.push(other_flags(format!("another decoding of the word: {name}"), flags));
    }
    // The cells beside `zeros`' operand are zero too.
    for (name, column) in [("dst", DST_ADDR), ("op0", OP0_ADDR), ("op1", OP1_ADDR)] {
        for delta in [-1, 1] {
            let sketch = forged(|code, forger| {
                forger.after(code.labels["zeros"], move |step| step.row[column] += int(delta))
            });
            let name = format!("address of {name} {delta:+}");
            cases.push(Case::lookup(name, &["instruction"], sketch));
        }
    }
    for (name, pc) in [
        ("the word at pc is not an instruction", None),
        ("pc is behind the program", Some(address::PROGRAM + 1000)),
        ("pc is in the stack", Some(address::EXECUTION + 20)),
        ("pc is in the output", Some(address::OUTPUT)),
        ("pc is 0", Some(0)),
    ] {
        let sketch = forged(|code, forger| {
            let (zeros, data) = (code.labels["zeros"], code.address("data"));
            let pc = Felt::from(pc.unwrap_or(data));
            let offset = pc.to_u64().unwrap().checked_sub(address::PROGRAM);
            let offset = offset.map_or(usize::MAX, |offset| offset as usize);
            let back = Felt::from(code.address("zeros") + 1);
            // There with a jump that is not in the program, and back with one that is nowhere.
            forger
                .after(zeros, move |step| {
                    step.row[flag(Flag::PcAbs)] = Felt::ONE;
                    operands(step, [pc, Felt::ZERO, pc], Felt::ZERO);
                })
                .after(offset, move |step| {
                    step.row[flag(Flag::PcAbs)] = Felt::ONE;
                    let scratch = address::FIRST_FRAME + 4 + SCRATCH + 8;
                    step.memory.insert(scratch, back);
                    for column in [DST_ADDR, OP0_ADDR, OP1_ADDR] {
                        step.row[column] = Felt::from(scratch);
                    }
                    for column in [DST, OP0, OP1, RES] {
                        step.row[column] = back;
                    }
                    debug_assert_eq!(step.row[AP], step.next[1]);
                    step.next = next_registers(&step.row);
                })
        });
        cases.push(Case::lookup(name, &["instruction"], sketch));
    }
    cases
}
