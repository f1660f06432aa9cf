//! Compiles a function of a Sierra program and runs it: for looking at generated code.
//!
//! `cargo run -p nilometer-cairo --example run_sierra -- out.json model::main [FELT...]`
//! with `--casm` to print the instructions and `--profile` to print where the steps go.
#![allow(clippy::print_stdout, reason = "a tool for the terminal")]

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use nilometer_cairo::{CodeMap, Program, Run, RunOptions};
use nilometer_field::hex;
use starknet_types_core::felt::Felt;

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, words): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let [file, function, input @ ..] = &words[..] else {
        return Err("usage: run_sierra SIERRA.json FUNCTION [FELT...] [--casm] [--profile]".into());
    };
    let input = input.iter().map(|text| parse(text)).collect::<Result<Vec<Felt>, _>>()?;
    let has = |flag: &str| flags.iter().any(|given| given == flag);

    let started = Instant::now();
    let (program, map) = Program::from_sierra_with_map(&std::fs::read(file)?, function)?;
    println!("compiled in {:?}: {} felts of code", started.elapsed(), program.code_len());
    let started = Instant::now();
    println!("program hash {:#x} in {:?}", program.hash(), started.elapsed());
    if has("--casm") {
        casm(&program, &map);
    }

    let started = Instant::now();
    let run = program.run(&input, &RunOptions { trace: true, ..RunOptions::default() })?;
    println!("ran in {:?}: {} steps", started.elapsed(), run.steps);
    println!("builtins {:?}", run.builtins);
    let output: Vec<String> = run.output.iter().map(signed).collect();
    println!("output [{}]", output.join(", "));
    if has("--profile") {
        profile(&run, &map);
    }
    Ok(())
}

/// Decimal with a sign, or hexadecimal.
fn parse(text: &str) -> Result<Felt, Box<dyn Error>> {
    match text.strip_prefix('-') {
        Some(digits) => Ok(-parse(digits)?),
        None if text.starts_with("0x") => hex::parse(text).ok_or_else(|| text.into()),
        None => Ok(Felt::from_dec_str(text).map_err(|error| format!("{text}: {error:?}"))?),
    }
}

/// The representative next to zero.
fn signed(felt: &Felt) -> String {
    let negative = -*felt;
    if negative < *felt {
        format!("-{negative}")
    } else {
        felt.to_string()
    }
}

fn casm(program: &Program, map: &CodeMap) {
    let mut operation = "";
    for (pc, text) in map.instructions() {
        if pc == program.code_offset() || map.operation(pc) != operation {
            operation = map.operation(pc);
            println!("{:>6}  // {} :: {operation}", "", map.function(pc));
        }
        for line in text.lines() {
            println!("{pc:>6}  {line}");
        }
    }
}

fn profile(run: &Run, map: &CodeMap) {
    let mut functions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut operations: BTreeMap<&str, usize> = BTreeMap::new();
    for row in run.trace.iter().flatten() {
        let pc = row.pc - run.segments.program.base;
        *functions.entry(map.function(pc)).or_default() += 1;
        *operations.entry(map.operation(pc)).or_default() += 1;
    }
    for (title, counts) in [("function", functions), ("operation", operations)] {
        println!("\nsteps   share  {title}");
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, steps)| std::cmp::Reverse(*steps));
        for (name, steps) in counts {
            println!("{steps:>7} {:>5.1}%  {name}", 100.0 * steps as f64 / run.steps as f64);
        }
    }
}
