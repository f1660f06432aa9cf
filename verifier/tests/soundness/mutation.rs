//! Mutation test of the AIR: with a constraint or a lookup left out, some attempt must become acceptable.
//!
//! The table in ARCHITECTURE.md is printed from here; with `UPDATE_TABLES=1` the test writes it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use nilometer_air::cairo::{boundary, constraints, Advice};
use winter_math::FieldElement;

use crate::cases::{self, Case};
use crate::lookups::{unbalanced, BOUNDARY, TABLES, TRACE};
use crate::machine::Forger;
use crate::rows::failing;
use nilometer_test_support::programs::{everything, EVERYTHING_ROWS};

const START: &str = "<!-- constraints: printed by verifier/tests/soundness/mutation.rs -->\n";
const END: &str = "<!-- end of constraints -->\n";

/// Attempts that are named in a row of the table; the others are counted.
const NAMED: usize = 3;

/// The names of all constraints, in order.
fn all_constraints() -> Vec<&'static str> {
    let witness = Forger::default().run(&everything(), EVERYTHING_ROWS).settle();
    let main = boundary::main(&Advice::new(&witness.claim), EVERYTHING_ROWS).map(|fixed| fixed.0);
    let aux = boundary::aux(nilometer_field::Felt::ZERO, EVERYTHING_ROWS).map(|fixed| fixed.0);
    constraints::names().chain(main).chain(aux).collect()
}

/// The names of the attempts that are acceptable without a set of constraints, and not without fewer of them.
fn needed_by() -> BTreeMap<Vec<&'static str>, Vec<String>> {
    let mut needed: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for case in cases::all() {
        let witness = case.witness();
        if witness.advice.check(&witness.claim, witness.n_rows()).is_ok() {
            let mut failing = case.failing();
            failing.sort_unstable();
            needed.entry(failing).or_default().push(case.name);
        }
    }
    needed
}

/// Constraints that only matter together with another one: the program's fixed header implies the rest.
///
/// Only the header's first instructions and the end run in the first frame, so a run that ends in the first
/// frame has come to the end; and the frame that it ends in is the one that it began with.
const TOGETHER: [(&str, &str); 2] =
    [("boundary::first_fp", "boundary::last_fp"), ("boundary::last_pc", "boundary::last_fp")];

#[test]
fn each_constraint_is_needed() {
    let needed = needed_by();
    assert!(!needed.contains_key(&vec![]), "an attempt breaks nothing: {:?}", needed[&vec![]]);
    let mut missing = Vec::new();
    for name in all_constraints() {
        let alone = needed.contains_key(&vec![name]);
        let together = TOGETHER.iter().find(|(first, _)| *first == name);
        let pair = together.map(|(first, second)| {
            let mut pair = vec![*first, *second];
            pair.sort_unstable();
            pair
        });
        match pair {
            None if alone => {}
            // Should one be needed alone after all, it is no longer an exception.
            Some(pair) if !alone && needed.contains_key(&pair) => {}
            _ => missing.push(name),
        }
    }
    assert!(missing.is_empty(), "no attempt needs {missing:?} as it should");
}

#[test]
fn each_lookup_is_needed() {
    let cases = cases::all();
    for lookup in TRACE.iter().chain(&BOUNDARY) {
        assert!(!needing(&cases, lookup).is_empty(), "no attempt needs the lookup of {lookup}");
    }
    // The tables are what honest lookups find: without one, an honest run is refused.
    let honest = Forger::default().run(&everything(), EVERYTHING_ROWS).settle();
    assert!(unbalanced(&honest).is_empty());
    for table in TABLES {
        let attempt = cases.iter().find(|case| case.lookups == [table]);
        let case = attempt.unwrap_or_else(|| panic!("no attempt miscounts {table}"));
        assert_eq!(failing(&case.witness()), [cases::LAST_SUM], "{table}");
    }
}

/// The attempts that become acceptable without a lookup.
fn needing<'a>(cases: &'a [Case], lookup: &str) -> Vec<&'a str> {
    let broken = cases.iter().filter(|case| case.lookups == [lookup]);
    let needing = broken.filter(|case| case.acceptable_without_lookup(lookup));
    needing.map(|case| case.name.as_str()).collect()
}

fn table() -> String {
    let needed = needed_by();
    let cases = cases::all();
    let mut text = "| constraint | attempts that pass without it |\n|---|---|\n".to_owned();
    let mut row = |name: &str, attempts: &[&str]| {
        let named = attempts.iter().take(NAMED).copied().collect::<Vec<_>>().join("; ");
        let more = match attempts.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!("; {more} more"),
        };
        let _ = writeln!(text, "| {name} | {named}{more} |");
    };
    let empty = Vec::new();
    for name in all_constraints() {
        let mut key = vec![name];
        let mut title = format!("`{name}`");
        if let Some((_, other)) = TOGETHER.iter().find(|(first, _)| *first == name) {
            key.push(other);
            key.sort_unstable();
            let _ = write!(title, " (with `{other}`)");
        }
        let attempts = needed.get(&key).unwrap_or(&empty);
        row(&title, &attempts.iter().map(String::as_str).collect::<Vec<_>>());
    }
    for lookup in TRACE.iter().chain(&BOUNDARY) {
        row(&format!("lookup: {lookup}"), &needing(&cases, lookup));
    }
    for table in TABLES {
        let attempts = cases.iter().filter(|case| case.lookups == [table]);
        let names: Vec<&str> = attempts.map(|case| case.name.as_str()).collect();
        row(&format!("table: {table}"), &names);
    }
    text
}

#[test]
fn the_table_in_the_architecture_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let start = text.find(START).expect("the table's start") + START.len();
    let end = text.find(END).expect("the table's end");
    let table = table();
    if std::env::var_os("UPDATE_TABLES").is_some() {
        let text = format!("{}{table}{}", &text[..start], &text[end..]);
        std::fs::write(&path, text).unwrap();
    } else {
        assert_eq!(&text[start..end], table, "run with UPDATE_TABLES=1");
    }
}
