use nilometer_cairo::memory::{builtin_base, EXECUTION_BASE, PROGRAM_BASE};
use nilometer_cairo::program::{END_PC, ENTRY_PC};
use nilometer_cairo::{Builtin, Program, RunError, RunOptions};
use serde_json::json;
use starknet_types_core::felt::Felt;
use starknet_types_core::hash::{Pedersen, Poseidon, StarkHash};

use crate::support::{felts, main, output_of, program, run, ADD};

#[test]
fn a_program_adds() {
    let run = run(&program(ADD), &felts(&[40, 2])).unwrap();
    assert_eq!(run.output, felts(&[42]));
    // Pinned: 12 around `main`, the rest in it.
    assert_eq!(run.steps, 25);
    assert_eq!(run.builtins[&Builtin::Output], 1);
    assert_eq!(run.builtins[&Builtin::RangeCheck], 1);
}

#[test]
fn a_function_that_cannot_panic_is_a_program_too() {
    let program = program(&main("output.append(7);"));
    assert_eq!(program.builtins(), [Builtin::Output]);
    let run = run(&program, &[]).unwrap();
    assert_eq!((run.output, run.steps), (felts(&[7]), 14));
}

#[test]
fn an_empty_output_is_one() {
    assert_eq!(output_of("", &felts(&[1])), []);
}

#[test]
fn a_panic_carries_its_felts_and_says_them() {
    let error = run(&program(ADD), &felts(&[1])).unwrap_err();
    assert_eq!(error.to_string(), "the program panicked: Option::unwrap failed.");

    let program = program(&main(
        "match input.pop_front() {\n\
            Option::Some(x) => panic!(\"bad input: {x}\"),\n\
            Option::None => core::panics::panic(array!['two', 5]),\n\
        }",
    ));
    let error = run(&program, &felts(&[300])).unwrap_err();
    assert_eq!(error.to_string(), "the program panicked: bad input: 300");
    let error = run(&program, &[]).unwrap_err();
    let RunError::Panic { felts, message } = &error else { panic!("{error}") };
    assert_eq!(*felts, [Felt::from_bytes_be_slice(b"two"), Felt::from(5)]);
    assert_eq!(message, "two, 0x5");
}

#[test]
fn a_limit_of_steps_holds() {
    let program = program(ADD);
    let input = felts(&[1, 2]);
    let steps = run(&program, &input).unwrap().steps;
    let limited =
        |max_steps| program.run(&input, &RunOptions { max_steps: Some(max_steps), trace: false });
    assert_eq!(limited(steps).unwrap().steps, steps);
    assert!(matches!(limited(10), Err(RunError::StepLimit { max_steps: 10 })));

    let endless = program_from("loop { if *input[0] == 5 { break; } }");
    let options = RunOptions { max_steps: Some(100_000), trace: false };
    let error = endless.run(&felts(&[4]), &options).unwrap_err();
    assert!(matches!(error, RunError::StepLimit { max_steps: 100_000 }), "{error}");
}

fn program_from(body: &str) -> Program {
    program(&main(body))
}

#[test]
fn an_output_from_elsewhere_does_not_end_well() {
    let error = run(&program_from("output = array![1, 2];"), &[]).unwrap_err();
    assert!(matches!(error, RunError::End { .. }), "{error}");
}

#[test]
fn without_a_trace_the_rest_is_the_same() {
    let program = program(ADD);
    let input = felts(&[1, 2]);
    let with = run(&program, &input).unwrap();
    let without = program.run(&input, &RunOptions::default()).unwrap();
    assert_eq!(without.trace, None);
    assert_eq!(without.memory, None);
    assert_eq!(
        (without.output, without.steps, without.segments, without.initial, without.last),
        (with.output, with.steps, with.segments, with.initial, with.last),
    );
}

/// What a prover and a verifier rely on.
#[test]
fn trace_and_memory_are_those_of_a_proof_mode_run() {
    let source = main(
        "let x: u128 = (*input.pop_front().unwrap()).try_into().unwrap();\n\
        let hash = PoseidonTrait::new().update(x.into()).update(3).finalize();\n\
        output.append((x & 6).into());\n\
        output.append(hash);",
    );
    let imports = "use core::hash::HashStateTrait; use core::poseidon::PoseidonTrait;\n";
    let program = program(&format!("{imports}{source}"));
    let run = run(&program, &felts(&[13])).unwrap();
    let (trace, memory) = (run.trace.unwrap(), run.memory.unwrap());
    let at = |address: usize| memory.get(address).unwrap();

    assert_eq!(trace.len(), run.steps);
    assert_eq!(trace.first(), Some(&run.initial));
    assert_eq!(trace.last(), Some(&run.last));
    let code = run.segments.program;
    assert_eq!((code.base, code.size), (PROGRAM_BASE, program.code_len()));
    assert_eq!((run.initial.pc, run.last.pc), (code.base + ENTRY_PC, code.base + END_PC));
    assert_eq!(trace.iter().filter(|row| row.pc == run.last.pc).count(), 1);
    for (offset, word) in program.bytecode().iter().enumerate() {
        assert_eq!(at(code.base + offset), *word);
    }

    // The safe call, and registers that start and end in the same frame.
    let stack = run.segments.execution;
    assert_eq!(stack.base, EXECUTION_BASE);
    assert_eq!(run.initial.ap, stack.base + 2);
    assert_eq!(at(stack.base), Felt::from(run.initial.ap));
    assert_eq!(at(stack.base + 1), Felt::ZERO);
    assert_eq!(run.initial.fp, run.initial.ap);
    assert_eq!(run.last.fp, run.initial.fp);

    // Builtins: pointers on the stack, segments at addresses of their own.
    let names: Vec<Builtin> = run.segments.builtins.keys().copied().collect();
    assert_eq!(names, program.builtins());
    for (index, (builtin, segment)) in run.segments.builtins.iter().enumerate() {
        assert_eq!(segment.base, builtin_base(*builtin));
        assert_eq!(memory.part(segment.base).len(), segment.size);
        assert_eq!(at(run.initial.ap + index), Felt::from(segment.base));
        let stop = run.last.ap - names.len() + index;
        assert_eq!(at(stop), Felt::from(segment.base + segment.size), "{builtin:?}");
        assert_eq!(run.builtins[builtin] * builtin.cells(), segment.size, "{builtin:?}");
    }
    let output = run.segments.builtins[&Builtin::Output];
    let written: Vec<Felt> = (output.base..output.base + output.size).map(at).collect();
    assert_eq!(written, run.output);
    assert_eq!(written[0], Felt::from(4));
    assert_eq!(written[1], Poseidon::hash_array(&felts(&[13, 3])));
    // After the stack come the input's segment and what hints have allocated.
    assert!(memory.part(EXECUTION_BASE).len() > stack.size);
    assert_eq!(memory.get(0), None);
    assert_eq!(memory.get(code.base + code.size), None);
}

#[test]
fn runs_are_deterministic() {
    let program = program(ADD);
    let [first, second] = [0, 1].map(|_| run(&program, &felts(&[3, -4])).unwrap());
    assert_eq!(first.output, felts(&[-1]));
    assert_eq!((first.trace, first.memory), (second.trace, second.memory));
}

#[test]
fn a_program_from_a_file_runs_the_same() {
    let program = program(ADD);
    let read = Program::from_json(&program.to_json()).unwrap();
    let [first, second] = [program, read].map(|program| run(&program, &felts(&[1, 2])).unwrap());
    assert_eq!((first.output, first.trace), (second.output, second.trace));
}

#[test]
fn integers_divide_and_have_roots() {
    let body = "\
        let a: u128 = (*input.pop_front().unwrap()).try_into().unwrap();\n\
        let b: u128 = (*input.pop_front().unwrap()).try_into().unwrap();\n\
        let (q, r) = DivRem::div_rem(a, b.try_into().unwrap());\n\
        output.append(q.into());\n\
        output.append(r.into());\n\
        output.append(core::num::traits::Sqrt::sqrt(a).into());\n\
        let product = core::num::traits::WideMul::wide_mul(a, b);\n\
        output.append(product.low.into());\n\
        output.append(product.high.into());\n\
        let wide = u256 { low: b, high: a };\n\
        let (q, r) = DivRem::div_rem(wide, u256 { low: a, high: 3 }.try_into().unwrap());\n\
        output.append(q.low.into());\n\
        output.append(r.low.into());\n\
        output.append(r.high.into());\n\
        output.append(core::num::traits::Sqrt::sqrt(wide).into());";
    let (a, b) = (u128::MAX - 12_345, 987_654_321_u128);
    let output = output_of(body, &[Felt::from(a), Felt::from(b)]);
    use num_bigint::BigUint;
    let big = |value: u128| BigUint::from(value);
    let wide: BigUint = (big(a) << 128) + big(b);
    let divisor: BigUint = (big(3) << 128) + big(a);
    let product = big(a) * big(b);
    let low = |value: &BigUint| value & big(u128::MAX);
    let expected = [
        big(a / b),
        big(a % b),
        big(a).sqrt(),
        low(&product),
        &product >> 128,
        &wide / &divisor,
        low(&(&wide % &divisor)),
        (&wide % &divisor) >> 128,
        wide.sqrt(),
    ];
    assert_eq!(output, expected.map(Felt::from));
}

#[test]
fn felts_compare_across_the_whole_field() {
    let body = "\
        let a: u256 = (*input.pop_front().unwrap()).into();\n\
        let b: u256 = (*input.pop_front().unwrap()).into();\n\
        output.append(if a <= b { 1 } else { 0 });\n\
        output.append(if a < b { 1 } else { 0 });";
    let program = program_from(body);
    let half = Felt::MAX.floor_div(&Felt::TWO.try_into().unwrap());
    let samples = [Felt::ZERO, Felt::ONE, half, half + 1, Felt::MAX - 1, Felt::MAX];
    for a in samples {
        for b in samples {
            let output = run(&program, &[a, b]).unwrap().output;
            assert_eq!(output, [Felt::from(a <= b), Felt::from(a < b)], "{a:#x} {b:#x}");
        }
    }
}

#[test]
fn small_integers_narrow_and_fail_where_they_should() {
    let program = program_from(
        "let x: i16 = (*input.pop_front().unwrap()).try_into().unwrap();\n\
        output.append((x / 2 * 2 - x).into());",
    );
    assert_eq!(run(&program, &felts(&[-7])).unwrap().output, felts(&[1]));
    assert!(matches!(run(&program, &felts(&[1 << 15])), Err(RunError::Panic { .. })));
}

#[test]
fn hashes_are_those_of_the_builtins() {
    let body = "\
        let a = *input.pop_front().unwrap();\n\
        let b = *input.pop_front().unwrap();\n\
        output.append(core::pedersen::pedersen(a, b));\n\
        let (x, _, _) = core::poseidon::hades_permutation(a, b, 2);\n\
        output.append(x);";
    let (a, b) = (Felt::from(5), Felt::MAX);
    let output = output_of(body, &[a, b]);
    assert_eq!(output, [Pedersen::hash(&a, &b), Poseidon::hash(&a, &b)]);
}

#[test]
fn constant_arrays_are_read() {
    let body = "\
        let table = [3, 1, 4, 1, 5, 9, 2, 6].span();\n\
        let index: u32 = (*input.pop_front().unwrap()).try_into().unwrap();\n\
        output.append(*table[index]);";
    assert_eq!(output_of(body, &felts(&[5])), felts(&[9]));
    let error = run(&program_from(body), &felts(&[8])).unwrap_err();
    assert_eq!(error.to_string(), "the program panicked: Index out of bounds");
}

#[test]
fn a_long_input_is_read_whole() {
    let body = "\
        let mut sum = 0;\n\
        while let Option::Some(x) = input.pop_front() { sum += *x; };\n\
        output.append(sum);";
    let input: Vec<Felt> = (0..5000_u64).map(Felt::from).collect();
    assert_eq!(output_of(body, &input), [Felt::from(4999 * 5000 / 2)]);
}

/// Hints are not hashed: honest code may come with any.
#[test]
fn hostile_hints_neither_panic_nor_fill_the_memory() {
    let honest = program_from(
        "let a: u128 = (*input.pop_front().unwrap()).try_into().unwrap();\n\
        let b: u256 = (*input.pop_front().unwrap()).into();\n\
        let wide = DivRem::div_rem(b, u256 { low: a, high: 3 }.try_into().unwrap());\n\
        let (_, rest) = wide;\n\
        output.append(rest.low.into() + core::num::traits::Sqrt::sqrt(a).into());",
    );
    let file: serde_json::Value = serde_json::from_slice(&honest.to_json()).unwrap();
    let places = file["hints"].as_array().unwrap().len();
    let far = "0x100000000000";
    let ap = json!(["ap", 0]);
    let fp = json!(["fp", -3]);
    let hostile = [
        json!({"alloc_constant_size": {"size": {"value": far}, "dst": ap}}),
        json!({"alloc_constant_size": {"size": {"cell": fp}, "dst": ap}}),
        json!({"assert_le_find_small_arcs": {"range_check_ptr": {"sum": [fp, {"value": far}]},
            "a": {"value": "0x5"}, "b": {"value": "0x6"}}}),
        json!({"div_mod": {"lhs": {"value": "0x5"}, "rhs": {"value": "0x0"},
            "quotient": ap, "remainder": ap}}),
        json!({"linear_split": {"value": {"value": "0x5"}, "scalar": {"value": "0x0"},
            "max_x": {"value": "0x0"}, "x": ap, "y": ap}}),
        json!({"test_less_than_or_equal": {"lhs": {"cell": fp}, "rhs": {"value": far},
            "dst": ap}}),
        json!({"test_less_than": {"lhs": {"product": [fp, {"cell": fp}]},
            "rhs": {"indirect": [fp, -32768]}, "dst": ["fp", -32768]}}),
        json!({"panic": {"flag": {"value": "0x1"}, "start": {"cell": fp}, "end": {"cell": ap}}}),
        json!({"input": {"dst": ["ap", 32767]}}),
        json!({"alloc_segment": {"dst": ap}}),
    ];
    let (mut failed, input) = (0, felts(&[77, 1 << 100]));
    for hint in &hostile {
        for place in 0..places {
            let mut file = file.clone();
            file["hints"][place][1].as_array_mut().unwrap().insert(0, hint.clone());
            let program = Program::from_json(&serde_json::to_vec(&file).unwrap()).unwrap();
            assert_eq!(program.hash(), honest.hash());
            let options = RunOptions { max_steps: Some(10_000), trace: true };
            failed += usize::from(program.run(&input, &options).is_err());
        }
    }
    assert!(failed > places * hostile.len() / 2, "{failed}");

    let mut file = file;
    file["hints"][0][1][0] = json!({"wide_div_mod": {"dividend": vec![json!({"cell": ap}); 9],
        "divisor": [], "quotient": [], "remainder": []}});
    assert!(Program::from_json(&serde_json::to_vec(&file).unwrap()).is_err());
}
