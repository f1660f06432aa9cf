//! Steps that do not do what their instructions say.

use nilometer_air::cairo::address;
use nilometer_air::cairo::layout::{AP, DST, DST_ADDR, FP, OP0, OP1, PC, RES};
use nilometer_field::Felt;
use winter_math::FieldElement;

use super::{forged, Case};
use crate::machine::{next_registers, Memory, Row, Step};
use nilometer_test_support::programs::everything;

/// Labels of [`everything`] whose instruction is of each kind, with the next instruction doing nothing.
const KINDS: [&str; 11] = [
    "zeros",
    "jnz_not",
    "jnz",
    "jnz_fp",
    "jmp",
    "jmp_fp",
    "jmp_abs",
    "ap_add_fp",
    "call",
    "call_abs",
    "ret",
];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    next_registers_of_every_kind(&mut cases);
    results(&mut cases);
    assertions(&mut cases);
    frames(&mut cases);
    cases
}

fn one(delta: i32) -> Felt {
    if delta < 0 {
        -Felt::ONE
    } else {
        Felt::ONE
    }
}

fn next_registers_of_every_kind(cases: &mut Vec<Case>) {
    for label in KINDS {
        for delta in [-1, 1] {
            let shift = one(delta);
            let jumps = label.starts_with("jnz") && label != "jnz_not";
            let breaks = if jumps { "cpu::next_pc_jnz" } else { "cpu::next_pc" };
            let sketch = forged(|code, forger| {
                forger.after(code.labels[label], move |step| {
                    step.next[0] += shift;
                    if jumps {
                        // dst·res still is how far the jump goes.
                        step.row[RES] += shift * step.row[DST].inverse();
                    }
                })
            });
            cases.push(Case::new(format!("next pc of {label} {delta:+}"), &[breaks], sketch));
            let sketch = forged(|code, forger| {
                forger.after(code.labels[label], move |step| step.next[1] += shift)
            });
            cases.push(Case::new(
                format!("next ap of {label} {delta:+}"),
                &["cpu::next_ap"],
                sketch,
            ));
            // What follows has another frame for one step, and then goes back.
            let sketch = forged(|code, forger| {
                let offset = code.labels[label];
                forger
                    .after(offset, move |step| step.next[2] += shift)
                    .after(after(label), move |step| step.next[2] -= shift)
            });
            cases.push(Case::new(
                format!("next fp of {label} {delta:+}"),
                &["cpu::next_fp"],
                sketch,
            ));
        }
    }
    // A jump that is not taken although dst is not 0, and one that is taken although dst is 0.
    let sketch = forged(|code, forger| {
        forger.after(code.labels["jnz"], |step| {
            step.row[RES] = Felt::ZERO;
            step.next = next_registers(&step.row);
        })
    });
    cases.push(Case::new("jnz falls through with dst ≠ 0", &["cpu::next_pc_jnz"], sketch));
    let sketch = forged(|code, forger| {
        forger.after(code.labels["jnz_not"], |step| step.next[0] = step.row[PC] + step.row[OP1])
    });
    cases.push(Case::new("jnz jumps with dst = 0", &["cpu::next_pc"], sketch));
}

/// The offset of the instruction that is executed after a label's.
fn after(label: &str) -> usize {
    let code = everything();
    let honest = crate::machine::Forger::default()
        .run(&code, nilometer_test_support::programs::EVERYTHING_ROWS);
    let pc = &honest.main[PC];
    let at = Felt::from(code.address(label));
    let row = pc.iter().position(|pc| *pc == at).unwrap();
    (pc[row + 1].to_u64().unwrap() - address::PROGRAM) as usize
}

fn results(cases: &mut Vec<Case>) {
    // res that is not op1, the sum, the product: an assertion's dst goes along.
    for label in ["set", "add_imm", "add", "mul", "mul_imm", "inc", "inc_ap", "mul_ap", "set_ap"] {
        for delta in [-1, 1] {
            let shift = one(delta);
            let sketch = forged(|code, forger| {
                let honest = value_at(label, DST);
                forger
                    .before(code.labels[label], move |row, memory| {
                        let at = dst_address(label, row);
                        memory.insert(at, honest + shift);
                    })
                    .after(code.labels[label], |step| step.row[RES] = step.row[DST])
            });
            cases.push(Case::new(format!("res of {label} {delta:+}"), &["cpu::res"], sketch));
        }
    }
    // Where res moves pc or ap, the run goes on from there.
    for label in ["jmp", "jmp_fp", "jmp_abs", "call", "call_abs", "ret", "ap_add", "ap_add_fp"] {
        for delta in [-1, 1] {
            let shift = one(delta);
            let sketch = forged(|code, forger| {
                forger.after(code.labels[label], move |step| {
                    step.row[RES] += shift;
                    step.next = next_registers(&step.row);
                })
            });
            cases.push(Case::new(format!("res of {label} {delta:+}"), &["cpu::res"], sketch));
        }
    }
}

/// The value of a column in the honest row of a label.
fn value_at(label: &str, column: usize) -> Felt {
    let code = everything();
    let honest = crate::machine::Forger::default()
        .run(&code, nilometer_test_support::programs::EVERYTHING_ROWS);
    let at = Felt::from(code.address(label));
    let row = honest.main[PC].iter().position(|pc| *pc == at).unwrap();
    honest.main[column][row]
}

/// The address of dst, which does not depend on what was forged.
fn dst_address(label: &str, row: &Row) -> u64 {
    let shift = value_at(label, DST_ADDR) - value_at(label, FP);
    (row[FP] + shift).to_u64().unwrap()
}

fn assertions(cases: &mut Vec<Case>) {
    for label in ["set", "add_imm", "add", "mul", "mul_imm", "inc", "inc_ap", "mul_ap", "set_ap"] {
        for delta in [-1, 1] {
            let shift = one(delta);
            let sketch = forged(|code, forger| {
                let honest = value_at(label, DST);
                forger.before(code.labels[label], move |row, memory| {
                    memory.insert(dst_address(label, row), honest + shift);
                })
            });
            let name = format!("dst of {label} {delta:+}");
            cases.push(Case::new(name, &["cpu::assert_eq"], sketch));
        }
    }
    // An output that the program did not compute.
    let sketch = forged(|_, forger| Forgery::output(forger, 2, 123));
    cases.push(Case::new("another output", &["cpu::assert_eq"], sketch));
}

/// Small changes that several cases share.
struct Forgery;

impl Forgery {
    fn output(
        mut forger: crate::machine::Forger<'static>,
        index: u64,
        value: u64,
    ) -> crate::machine::Forger<'static> {
        forger.memory.insert(address::OUTPUT + index, Felt::from(value));
        forger
    }
}

/// A frame like `main`'s, somewhere else in memory, with other locals.
fn fake_frame(memory: &mut Memory, fp: u64, fake: u64) {
    for offset in 0..34 {
        if let Some(value) = memory.get(&(fp - 4 + offset)).copied() {
            memory.entry(fake - 4 + offset).or_insert(value);
        }
    }
}

fn frames(cases: &mut Vec<Case>) {
    let far = 75;
    // The return goes to another frame: the call pushed another fp, or ret does not take what was pushed.
    for label in ["call", "call_abs"] {
        let sketch = forged(|code, forger| {
            forger.before(code.labels[label], move |row, memory| {
                let (ap, fp) = (row[AP].to_u64().unwrap(), row[FP].to_u64().unwrap());
                fake_frame(memory, fp, fp + far);
                memory.insert(fp + far + 2, Felt::from(666_u64));
                memory.insert(ap, Felt::from(fp + far));
            })
        });
        cases.push(Case::new(format!("{label} pushes another fp"), &["cpu::call_push_fp"], sketch));
        for delta in [-1, 1] {
            let shift = one(delta);
            // The word before `call`'s end is not an instruction.
            if label == "call" && delta == -1 {
                continue;
            }
            let sketch = forged(|code, forger| {
                let honest = value_at(label, OP0);
                forger.before(code.labels[label], move |row, memory| {
                    memory.insert(row[AP].to_u64().unwrap() + 1, honest + shift);
                })
            });
            let name = format!("{label} pushes return address {delta:+}");
            cases.push(Case::new(name, &["cpu::call_push_pc"], sketch));
        }
    }
    let sketch = forged(|code, forger| {
        forger.after(code.labels["ret"], move |step: &mut Step<'_>| {
            let fp = step.next[2].to_u64().unwrap();
            fake_frame(step.memory, fp, fp + far);
            step.memory.insert(fp + far + 2, Felt::from(666_u64));
            step.next[2] = Felt::from(fp + far);
        })
    });
    cases.push(Case::new("ret to a frame of the forger's", &["cpu::next_fp"], sketch));
}
