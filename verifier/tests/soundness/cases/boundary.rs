//! Runs that do not start or end where they must.

use nilometer_air::cairo::address::{EXECUTION, FIRST_FRAME, OUTPUT, RANGE_CHECK};
use nilometer_air::cairo::layout::{CELL_VALUE, INDEX};
use nilometer_field::Felt;

use super::memory::reads_integer;
use super::Case;
use crate::machine::Forger;
use nilometer_test_support::programs::{bad_stop, free_pointers, jump_to_end, with_dead_code};

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    first(&mut cases);
    last(&mut cases);
    pointers(&mut cases);
    cases
}

fn first(cases: &mut Vec<Case>) {
    let code = with_dead_code();
    let forger = Forger { start: code.labels["dead"], ..Default::default() };
    let sketch = forger.run(&code, 64);
    assert_eq!(sketch.output, [Felt::from(8_u64)]);
    cases.push(Case::new("starts in dead code", &["boundary::first_pc"], sketch));

    // The pointers that the program reads are in other cells.
    let mut forger = Forger { frame: Some([FIRST_FRAME + 10, FIRST_FRAME]), ..Default::default() };
    forger.memory.insert(FIRST_FRAME + 10, Felt::from(OUTPUT));
    cases.push(Case::new("another first ap", &["boundary::first_ap"], forger.run(&code, 64)));
    let forger = Forger { frame: Some([FIRST_FRAME, FIRST_FRAME + 20]), ..Default::default() };
    let sketch = forger.run(&code, 64);
    // The call of `main` gives back what it was called with.
    let breaks = ["boundary::first_fp", "boundary::last_fp"];
    cases.push(Case::new("another first fp", &breaks, sketch));

    let mut sketch = Forger::default().run(&code, 64);
    for index in &mut sketch.main[INDEX] {
        *index -= Felt::from(4_u64);
    }
    sketch.main[CELL_VALUE].rotate_right(4);
    cases.push(Case::new("another first index", &["boundary::first_index"], sketch));
}

fn last(cases: &mut Vec<Case>) {
    let sketch = Forger::default().run(&bad_stop(false), 64);
    let breaks = ["boundary::last_pc", "boundary::last_fp"];
    cases.push(Case::new("a run that does not end", &breaks, sketch));
    let sketch = Forger::default().run(&jump_to_end(), 64);
    cases.push(Case::new("ends in another frame", &["boundary::last_fp"], sketch));
    // The stop pointer that the run left is wrong; the claimed final ap says that it is elsewhere.
    let mut forger = Forger::default();
    forger.memory.insert(EXECUTION + 40, Felt::from(OUTPUT + 1));
    let mut sketch = forger.run(&bad_stop(true), 64);
    sketch.stack_len = 41;
    sketch.output.truncate(1);
    cases.push(Case::new("another final ap", &["boundary::last_ap"], sketch));
}

fn pointers(cases: &mut Vec<Case>) {
    let forged = |address: u64, value: u64| {
        let mut forger = Forger::default();
        for (address, value) in [
            (RANGE_CHECK, 5),
            (FIRST_FRAME + 4 + 3, OUTPUT + 1),
            (FIRST_FRAME + 4 + 4, RANGE_CHECK + 1),
            (address, value),
        ] {
            forger.memory.insert(address, Felt::from(value));
        }
        forger.run(&free_pointers(), 64)
    };
    for (name, lookup, address, values) in [
        ("safe call's frame", "safe call's frame", EXECUTION, [FIRST_FRAME - 1, FIRST_FRAME + 1]),
        ("safe call's return", "safe call's return", EXECUTION + 1, [1, 5]),
        ("output start", "output start", FIRST_FRAME, [OUTPUT - 1, OUTPUT + 1]),
        (
            "range check start",
            "range check start",
            FIRST_FRAME + 1,
            [RANGE_CHECK - 1, RANGE_CHECK + 1],
        ),
        ("output stop", "output stop", FIRST_FRAME + 4 + 3, [OUTPUT, OUTPUT + 2]),
        (
            "range check stop",
            "range check stop",
            FIRST_FRAME + 4 + 4,
            [RANGE_CHECK, RANGE_CHECK + 2],
        ),
    ] {
        for value in values {
            let name = format!("{name} is {value:#x}");
            cases.push(Case::lookup(name, &[lookup], forged(address, value)));
        }
    }
    // One integer more or less is claimed than the run left behind.
    for range_checks in [0, 2] {
        let mut sketch = reads_integer(Felt::from(5_u64));
        sketch.range_checks = range_checks;
        let name = format!("{range_checks} integers claimed, not 1");
        cases.push(Case::lookup(name, &["range check stop"], sketch));
    }
}
