//! The figures of the zoo: `cargo run --release -p nilometer-tests --example zoo [MODEL…]`.
//!
//! For each model: precision, bytecode, VM steps (measured and estimated), agreement with the
//! recorded float outputs, and whether the VM and the reference agree on every row.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a report for a person")]

use std::time::Instant;

use nilometer_tests::zoo::{self, Model};
use nilometer_transpiler::cost;
use nilometer_transpiler::decision::arg_max;
use nilometer_transpiler::emit::Shape;
use nilometer_transpiler::plan::PlanOptions;

fn main() {
    if std::env::var_os("GRAPH").is_some() {
        let model = Model::load(&std::env::args().nth(1).unwrap());
        for node in &model.graph.nodes {
            let text = format!("{:?}", node.op);
            println!(
                "{} {} {:?} {}",
                node.name,
                node.len,
                node.inputs,
                &text[..text.len().min(300)]
            );
        }
        println!("{:?}", model.graph.outputs);
        for (row, expected) in model.inputs.iter().zip(&model.expected).take(4) {
            println!(
                "{:?} {:?}",
                nilometer_transpiler::eval::evaluate(&model.graph, row),
                expected
            );
        }
        return;
    }
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    let max_rows = names
        .iter()
        .position(|name| name.parse::<usize>().is_ok())
        .map_or(usize::MAX, |i| names.remove(i).parse().unwrap());
    if names.is_empty() {
        names = zoo::MODELS.map(str::to_owned).to_vec();
    }
    println!(
        "{:<30} {:>9} {:>7} {:>7} {:>7} {:>7} {:>9} {:>9} {:>7} {:>7} {:>7} equal",
        "model",
        "shape",
        "felts",
        "steps",
        "est",
        "checks",
        "agree",
        "rel.err",
        "plan s",
        "front s",
        "back s"
    );
    for name in &names {
        let model = Model::load(name);
        let start = Instant::now();
        let plan = model.plan(&PlanOptions {
            bits: std::env::var("BITS").ok().and_then(|b| b.parse().ok()),
            max_loss: std::env::var("LOSS").map_or(0.005, |l| l.parse().unwrap()),
            ..PlanOptions::default()
        });
        let plan_time = start.elapsed();
        let graph = &plan.graph;
        let built = zoo::build(
            graph,
            std::env::var("SHAPE").ok().map(|s| {
                let shape = if s == "looped" { Shape::Looped } else { Shape::Unrolled };
                shape.into()
            }),
            std::env::var_os("CONTRACT").is_some(),
        );
        if std::env::var_os("SHOW").is_some() {
            for node in &model.graph.nodes {
                println!("{} {} {:?}", node.name, node.len, node.inputs);
            }
            for node in &graph.nodes {
                println!(
                    "{} {:?} f{} err {:?} {:?}",
                    node.name,
                    node.inputs,
                    node.scale_log2,
                    node.error,
                    node.ranges.first()
                );
            }
            println!("{:?}", plan.recipe.precision());
            println!("{:?}", plan.accuracy);
            println!("{:?}", cost::estimate(graph, built.package.shapes.program));
        }
        if !built.class.is_empty() {
            let contract = nilometer_cairo::contract::compile_contract(&built.class).unwrap();
            println!(
                "contract: {} felts, class {} bytes, fits {}",
                contract.bytecode_len,
                contract.class_len,
                contract.is_within_limits()
            );
        }
        let (mut equal, mut agree, mut steps, mut checks) = (true, 0, 0, 0);
        let mut worst = 0.0f64;
        let rows = model.inputs.len().min(max_rows);
        for (row, expected) in model.inputs.iter().zip(&model.expected).take(rows) {
            let input = match graph.input.encode(row) {
                Ok(input) => input,
                Err(error) => {
                    println!("{error}");
                    continue;
                }
            };
            let reference = graph.run(&input);
            let (results, run) = zoo::run(&built.program, &input);
            equal &= results == reference;
            steps = steps.max(run.steps);
            checks = checks
                .max(run.builtins.get(&nilometer_cairo::Builtin::RangeCheck).copied().unwrap_or(0));
            let prediction = graph.interpret(reference);
            let scores = prediction.outputs.last().unwrap();
            let same = match expected.len() {
                1 if name.contains("sigmoid") => (scores[0] > 0.5) == (expected[0] > 0.5),
                1 => true,
                _ => arg_max(scores) == arg_max(expected),
            };
            agree += usize::from(same);
            for (a, b) in scores.iter().zip(expected) {
                worst = worst.max((a - b).abs());
            }
        }
        let all = || model.expected.iter().flatten();
        let span =
            all().copied().fold(f64::MIN, f64::max) - all().copied().fold(f64::MAX, f64::min);
        println!(
            "{:<30} {:>9} {:>7} {:>7} {:>7} {:>7} {:>9} {:>9.5} {:>7.2} {:>7.2} {:>7.2} {equal}",
            name,
            format!("{:?}", built.package.shapes.program),
            built.program.code_len(),
            steps,
            cost::estimate(graph, built.package.shapes.program).total(),
            checks,
            format!("{agree}/{rows}"),
            worst / span,
            plan_time.as_secs_f64(),
            built.compile_time.0.as_secs_f64(),
            built.compile_time.1.as_secs_f64(),
        );
    }
}
