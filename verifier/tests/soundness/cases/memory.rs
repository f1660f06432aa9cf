//! Memory that is not what the run says, and integers that are not in range.

use nilometer_air::cairo::address;
use nilometer_air::cairo::layout::{
    ACC, AP, CELL_COUNT, CELL_VALUE, DST, INDEX, LIMB_HIGH, LIMB_LOW, LIMB_MID, OP0, OP1, RC_COUNT,
    RES,
};
use nilometer_field::Felt;
use nilometer_prover::Witness;
use winter_math::FieldElement;

use super::{forged, Attempt, Case, LAST_SUM};
use crate::machine::{next_registers, Forger, Sketch};
use nilometer_test_support::programs::{
    everything, free_pointers, without_output, EVERYTHING_ROWS,
};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    operands(&mut cases);
    cells(&mut cases);
    range_checks(&mut cases);
    counts(&mut cases);
    cases
}

/// An operand that is not in memory; what is computed from it follows.
fn operands(cases: &mut Vec<Case>) {
    // dst of what neither asserts nor calls nor returns decides nothing, but is looked up.
    let sketch = forged(|code, forger| {
        forger.after(code.labels["ap_add"], |step| step.row[DST] += Felt::ONE)
    });
    cases.push(Case::lookup("dst that nothing uses", &["dst"], sketch));
    let sketch = forged(|code, forger| {
        forger.after(code.labels["jnz"], |step| {
            (step.row[DST], step.row[RES]) = (Felt::ZERO, Felt::ZERO);
            step.next = next_registers(&step.row);
        })
    });
    cases.push(Case::lookup("jnz with dst that is not in memory", &["dst"], sketch));
    // Felts of output are looked up as op1 alone, so only a run without output can do without those lookups.
    let code = without_output();
    let set = code.labels["set"];
    let forger = Forger::default()
        .before(set, |row, memory| {
            memory.insert(row[AP].to_u64().unwrap(), Felt::from(9_u64));
        })
        .after(set, |step| (step.row[OP1], step.row[RES]) = (step.row[DST], step.row[DST]));
    let sketch = forger.run(&code, 64);
    cases.push(Case::lookup("an immediate that is not the program's", &["op1"], sketch));
    for (label, column, name) in [
        ("add", OP0, "op0"),
        ("add", OP1, "op1"),
        ("add_imm", OP1, "op1"),
        ("mul", OP0, "op0"),
        ("mul", OP1, "op1"),
        ("set", OP1, "op1"),
        ("set_ap", OP1, "op1"),
        ("inc_ap", OP0, "op0"),
    ] {
        let sketch = forged(|code, forger| {
            let (op0, op1) = (value_of(label, OP0), value_of(label, OP1));
            let (new0, new1) = match column {
                OP0 => (op0 + Felt::ONE, op1),
                _ => (op0, op1 + Felt::ONE),
            };
            let res = match label {
                "mul" => new0 * new1,
                "set" | "set_ap" => new1,
                _ => new0 + new1,
            };
            let dst = value_of(label, nilometer_air::cairo::layout::DST_ADDR).to_u64().unwrap();
            forger
                .before(code.labels[label], move |_, memory| {
                    memory.insert(dst, res);
                })
                .after(code.labels[label], move |step| {
                    (step.row[OP0], step.row[OP1], step.row[RES]) = (new0, new1, res);
                })
        });
        cases.push(Case::lookup(format!("{label} with another {name}"), &[name], sketch));
    }
    for label in ["jmp", "jmp_fp", "jmp_abs", "call_abs", "ap_add_fp"] {
        let sketch = forged(|code, forger| {
            forger.after(code.labels[label], |step| {
                step.row[OP1] += Felt::ONE;
                step.row[RES] += Felt::ONE;
                step.next = next_registers(&step.row);
            })
        });
        cases.push(Case::lookup(format!("{label} with another op1"), &["op1"], sketch));
    }
}

/// The value of a column in the honest row of a label.
fn value_of(label: &str, column: usize) -> Felt {
    let code = everything();
    let honest = Forger::default().run(&code, EVERYTHING_ROWS);
    let at = Felt::from(code.address(label));
    let row = honest.main[0].iter().position(|pc| *pc == at).unwrap();
    honest.main[column][row]
}

fn cells(cases: &mut Vec<Case>) {
    // `main`'s local 3 has two values: an unused row of the memory table holds the second one.
    let local = address::FIRST_FRAME + 4 + 3;
    let mut sketch = forged(|code, forger| {
        forger
            .before(code.labels["mul_imm"], |_, memory| {
                memory.insert(address::FIRST_FRAME + 4 + 4, Felt::from(200_u64));
            })
            .after(code.labels["mul_imm"], |step| {
                step.row[OP0] = Felt::from(100_u64);
                step.row[RES] = Felt::from(200_u64);
            })
    });
    sketch.main[INDEX][EVERYTHING_ROWS - 3] = Felt::from(local - address::EXECUTION);
    sketch.main[CELL_VALUE][EVERYTHING_ROWS - 3] = Felt::from(100_u64);
    cases.push(Case::new("a cell with two values", &["memory::index"], sketch));

    // Addresses that no row has: a cell that no row can look up, or one that another table could hold.
    let mut sketch = Forger::default().run(&without_output(), 64);
    for index in &mut sketch.main[INDEX][40..] {
        *index += Felt::from(4_u64);
    }
    cases.push(Case::new("addresses skipped", &["memory::index"], sketch));

    let mut sketch = forged(|_, forger| forger);
    sketch.main[CELL_VALUE][(local - address::EXECUTION) as usize] += Felt::ONE;
    cases.push(Case::lookup("another value in the memory table", &["dst", "op0"], sketch));
    let mut sketch = forged(|_, forger| forger);
    sketch.output[1] += Felt::ONE;
    cases.push(Case::lookup("another felt of output", &["op1"], sketch));
    let mut sketch = forged(|_, forger| forger);
    sketch.output.swap(0, 1);
    cases.push(Case::lookup("two felts of output exchanged", &["op1"], sketch));
    let mut sketch = forged(|_, forger| forger);
    sketch.output.pop();
    cases.push(Case::lookup("the last felt of output dropped", &["op1", "output stop"], sketch));
    let mut sketch = forged(|_, forger| forger);
    sketch.output.push(Felt::ONE);
    cases.push(Case::lookup("a felt of output appended", &["output stop"], sketch));
}

/// A run that reads the range-checked integer `value` and writes it to the output.
pub fn reads_integer(value: Felt) -> Sketch {
    let mut forger = Forger::default();
    forger.memory.insert(address::RANGE_CHECK, value);
    let stops = address::FIRST_FRAME + 4 + 3;
    forger.memory.insert(stops, Felt::from(address::OUTPUT + 1));
    forger.memory.insert(stops + 1, Felt::from(address::RANGE_CHECK + 1));
    forger.run(&free_pointers(), 64)
}

fn range_checks(cases: &mut Vec<Case>) {
    let int = |value: u64| Felt::from(value);
    let power = |bit: u64| int(2).pow([bit, 0, 0, 0]);
    let minus_one = -Felt::ONE;
    let mut case =
        |name: &str, breaks: &'static str, value: Felt, cells: &[(usize, usize, Felt)]| {
            let mut sketch = reads_integer(value);
            for column in [LIMB_HIGH, LIMB_MID, LIMB_LOW, ACC] {
                sketch.main[column].fill(Felt::ZERO);
            }
            for (column, row, value) in cells {
                sketch.main[*column][*row] = *value;
            }
            cases.push(if breaks.contains("::") {
                Case::new(name, &[breaks], sketch)
            } else {
                Case::lookup(name, &[breaks], sketch)
            });
        };
    let acc = |top: Felt| [(ACC, 1, top), (ACC, 2, top * power(36)), (ACC, 3, top * power(72))];
    // 2^128: the top limb is 2^8.
    let top = (LIMB_MID, 0, int(256));
    let [a, b, c] = acc(int(256) * power(12));
    case(
        "2^128, top limb 2^8",
        "high limb",
        power(128),
        &[top, (LIMB_HIGH, 0, int(4096)), a, b, c],
    );
    case("2^128, top limb 2^8 unchecked", "range_check::top_limb", power(128), &[top, a, b, c]);
    // A first accumulator that is not 0, and one that is not what the limbs say.
    let first = |value: Felt| value * power(144).inverse();
    for (name, value) in [("2^128", power(128)), ("p - 1", minus_one)] {
        let start = first(value);
        let [a, b, c] = acc(start * power(36));
        let name_of = |how: &str| format!("{name}, {how}");
        case(
            &name_of("acc starts above 0"),
            "boundary::first_acc",
            value,
            &[(ACC, 0, start), a, b, c],
        );
        let jump = value * power(36).inverse();
        case(&name_of("acc jumps"), "range_check::accumulate", value, &[(ACC, 3, jump)]);
        for (limb, column, weight) in
            [("high limb", LIMB_HIGH, 24), ("middle limb", LIMB_MID, 12), ("low limb", LIMB_LOW, 0)]
        {
            let cell = (column, 3, value * power(weight).inverse());
            case(&name_of(&format!("in one {limb}")), limb, value, &[cell]);
        }
    }
    // Limbs of 4096 for a number that has others.
    for (limb, column, weight) in
        [("high limb", LIMB_HIGH, 24), ("middle limb", LIMB_MID, 12), ("low limb", LIMB_LOW, 0)]
    {
        let value = power(12 + weight);
        case(&format!("{limb} 4096"), limb, value, &[(column, 3, int(4096))]);
        case(&format!("{limb} -1"), limb, -power(weight), &[(column, 3, minus_one)]);
    }
    // An integer that no row checks.
    let mut sketch = reads_integer(int(5));
    crate::machine::write_integer(&mut sketch.main, 0, int(6));
    cases.push(Case::lookup("another integer is checked", &["op1"], sketch));
}

/// Counts that are not those of the lookups.
fn counts(cases: &mut Vec<Case>) {
    let honest = forged(|_, forger| forger).settle();
    let cell = honest.main[CELL_COUNT].iter().position(|count| *count != Felt::ZERO).unwrap();
    let mut case = |name: String, tables: &[&'static str], change: &dyn Fn(&mut Witness)| {
        let mut witness = honest.clone();
        change(&mut witness);
        let attempt = Attempt::Witness(Box::new(witness));
        let (breaks, lookups) = (vec![LAST_SUM], tables.to_vec());
        cases.push(Case { name, breaks, lookups, attempt });
    };
    for delta in [-1, 1] {
        let shift = if delta < 0 { -Felt::ONE } else { Felt::ONE };
        let by = |count: &mut u32| *count = count.wrapping_add_signed(delta);
        let name = |table: &str| format!("count of {table} {delta:+}");
        case(name("a cell"), &["memory cells"], &|w| w.main[CELL_COUNT][cell] += shift);
        case(name("an integer"), &["range-checked cells"], &|w| w.main[RC_COUNT][3] += shift);
        case(name("an instruction"), &["decoded program"], &|w| by(&mut w.advice.instructions[6]));
        case(name("a word"), &["program data"], &|w| by(&mut w.advice.data[7]));
        case(name("a felt of output"), &["public output"], &|w| {
            w.advice.output[0] += 5;
            by(&mut w.advice.output[0]);
        });
        case(name("a limb"), &["public limbs"], &|w| by(&mut w.advice.limbs[0]));
    }
    case("count moved to another cell".into(), &["memory cells"], &|w| {
        w.main[CELL_COUNT][cell] -= Felt::ONE;
        w.main[CELL_COUNT][cell + 1] += Felt::ONE;
    });
    case("count moved to another table".into(), &["memory cells", "program data"], &|w| {
        w.main[CELL_COUNT][cell] -= Felt::ONE;
        w.advice.data[7] += 1;
    });
}
