//! The programs in the runtime's README compile and print what it says.

#![allow(clippy::unwrap_used)]

use std::fs;

use nilometer_tests::cairo_harness::{runtime, Snippet};

/// The fenced blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let start = format!("```{language}\n");
    text.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn readme_programs_print_what_it_says() {
    let readme = fs::read_to_string(runtime().join("../README.md")).unwrap();
    let (programs, outputs) = (blocks(&readme, "cairo"), blocks(&readme, "text"));
    assert_eq!(programs.len(), 3);
    assert_eq!(programs.len(), outputs.len());
    for (program, output) in programs.iter().zip(outputs) {
        let integers: Vec<i128> =
            output.split_whitespace().map(|number| number.parse().unwrap()).collect();
        assert_eq!(Snippet::new(program).integers(&[]), integers, "{program}");
    }
}
