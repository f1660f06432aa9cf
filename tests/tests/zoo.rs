//! The whole path on every model of the zoo, every row: the VM gives the reference's integers, and
//! the reference gives the float model's answers. One row of each is proved and verified.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test that tells its figures")]

use nilometer_tests::zoo::{self, Model, MODELS};
use nilometer_transpiler::cost;
use nilometer_transpiler::decision::{arg_max, Decision};
use nilometer_transpiler::plan::PlanOptions;

/// What came of one model.
struct Outcome {
    name: &'static str,
    rows: usize,
    agreeing: usize,
    /// Largest error of any score as a share of the scores' range.
    relative_error: f64,
    /// VM steps of the costliest row, and the cost model's estimate.
    steps: usize,
    estimate: u64,
    decides: bool,
}

fn run(name: &'static str) -> Outcome {
    let model = Model::load(name);
    let plan = model.plan(&PlanOptions::default());
    let graph = &plan.graph;
    let built = zoo::build(graph, None, false);
    let decision = Decision::of(&model.graph);
    let (mut agreeing, mut steps, mut worst) = (0, 0, 0.0f64);
    for (i, (row, expected)) in model.inputs.iter().zip(&model.expected).enumerate() {
        let input = graph.input.encode(row).unwrap();
        let reference = graph.run(&input);
        let (results, run) = zoo::run(&built.program, &input);
        assert_eq!(results, reference, "{name}, row {i}");
        steps = steps.max(run.steps);
        let prediction = graph.interpret(reference);
        let scores = prediction.outputs.last().unwrap();
        for (ours, theirs) in scores.iter().zip(expected) {
            worst = worst.max((ours - theirs).abs());
        }
        let ours = decision.decide(&prediction.outputs);
        let theirs = match (&model.expected_label, decision) {
            // The zoo's labels are the numbers 0, 1, …, which are also the classes' indices.
            (Some(labels), _) => Some(labels[i][0] as usize),
            (None, Decision::ArgMax(_)) => Some(arg_max(expected)),
            (None, Decision::Probability(_)) => Some(usize::from(expected[0] > 0.5)),
            _ => None,
        };
        agreeing += usize::from(ours == theirs);
    }
    let (rows, bytes) = zoo::prove(&built.program, &graph.input.encode(&model.inputs[0]).unwrap());
    println!("{name}: a proof of {rows} rows, {bytes} bytes");
    let scores = || model.expected.iter().flatten().copied();
    let span = scores().fold(f64::MIN, f64::max) - scores().fold(f64::MAX, f64::min);
    Outcome {
        name,
        rows: model.inputs.len(),
        agreeing,
        relative_error: worst / span,
        steps,
        estimate: cost::estimate(graph, built.package.shapes.program).total(),
        decides: decision != Decision::None,
    }
}

#[test]
fn every_model_agrees_on_every_row() {
    let outcomes: Vec<Outcome> = MODELS.into_iter().map(run).collect();
    let (mut rows, mut agreeing) = (0, 0);
    for outcome in &outcomes {
        let Outcome { name, .. } = outcome;
        println!(
            "{name}: {}/{} rows, error {:.6}, {} steps (estimate {})",
            outcome.agreeing, outcome.rows, outcome.relative_error, outcome.steps, outcome.estimate
        );
        let share = outcome.agreeing as f64 / outcome.rows as f64;
        if name.starts_with("tree") && outcome.decides {
            assert_eq!(outcome.agreeing, outcome.rows, "{name}: trees decide as the float model");
        } else if outcome.decides {
            assert!(share >= 0.98, "{name}: {share}");
            rows += outcome.rows;
            agreeing += outcome.agreeing;
        } else {
            assert!(outcome.relative_error <= 0.005, "{name}: {}", outcome.relative_error);
        }
        let ratio = outcome.steps as f64 / outcome.estimate as f64;
        assert!((0.6..1.7).contains(&ratio), "{name}: the estimate is off by {ratio}");
    }
    assert!(agreeing as f64 / rows as f64 >= 0.995, "{agreeing} of {rows} rows agree");
    let steps = |name: &str| outcomes.iter().find(|o| o.name == name).unwrap().steps;
    for (name, most) in [
        ("tree_iris_dt4", 130),
        ("tree_wine_rf10", 400),
        ("rockybot", 8_500),
        ("mlp_digits_64_128_64_10", 7_000),
        ("mlp_scale_60k", 20_000),
    ] {
        assert!(steps(name) <= most, "{name} takes {} steps, {most} at most", steps(name));
    }
}
