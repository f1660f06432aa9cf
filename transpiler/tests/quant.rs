//! Quantisation: precision search, ranges, identity, and graphs that come from files.

#![allow(clippy::unwrap_used, reason = "a test")]

use nilometer_transpiler::graph::{DType, Graph, Input, Node, Op, Output, OutputKind, Unary};
use nilometer_transpiler::quant::{
    lower, plan, Calibration, EncodeError, FeatureMode, GraphError, InputSpec, LowerError,
    PlanError, PlanOptions, Precision, QuantGraph, QuantOp, RangeSource,
};

/// Two dense layers with a Relu between, over two features.
fn network() -> Graph {
    let node = |name: &str, op, inputs: &[usize], len| Node {
        name: name.into(),
        op,
        inputs: inputs.to_vec(),
        len,
    };
    let first =
        Op::Dense { weights: vec![0.5, -1.0, 1.5, 0.25, -0.75, 1.0], bias: vec![0.1, -0.2, 0.3] };
    let second = Op::Dense { weights: vec![1.0, -1.0, 0.5, -0.5, 1.0, 1.0], bias: vec![0.0, 0.05] };
    Graph {
        name: "net".into(),
        input: Input { name: "x".into(), len: 2, dtype: DType::F32 },
        nodes: vec![
            node("x", Op::Input, &[], 2),
            node("first", first, &[0], 3),
            node("relu", Op::Unary(Unary::Relu), &[1], 3),
            node("second", second, &[2], 2),
        ],
        outputs: vec![Output {
            name: "y".into(),
            value: 3,
            kind: OutputKind::Numbers { classes: None },
        }],
    }
}

fn rows() -> Calibration {
    let rows = (0..200).map(|i| vec![(i % 20) as f64 / 10.0 - 1.0, (i / 20) as f64 / 5.0 - 1.0]);
    Calibration { rows: rows.collect() }
}

fn spec(range: (f64, f64)) -> InputSpec {
    InputSpec { declared: vec![range; 2], typical: vec![range; 2], features: FeatureMode::Exact }
}

#[test]
fn a_plan_keeps_its_budget_and_costs_no_more_than_the_uniform_start() {
    let plan = plan(&network(), Some(&rows()), &PlanOptions::default()).unwrap();
    assert_eq!(plan.range_source, RangeSource::Calibration);
    let (chosen, tried) = plan.trials.split_last().unwrap();
    assert!(chosen.accepted && tried.last().unwrap().accepted);
    assert!(tried[..tried.len() - 1].iter().all(|trial| !trial.accepted));
    assert!(chosen.steps <= tried.last().unwrap().steps);
    assert!(plan.accuracy.flips == 0 && plan.accuracy.relative_error <= 0.02);
}

#[test]
fn a_tighter_budget_takes_more_bits() {
    let bits = |max_loss: f64| {
        let mut graph = network();
        // One number: a regressor, whose error is what counts.
        graph.nodes.push(Node {
            name: "first_of".into(),
            op: Op::Gather(vec![0]),
            inputs: vec![3],
            len: 1,
        });
        graph.outputs[0].value = 4;
        let options = PlanOptions { max_loss, ..PlanOptions::default() };
        let plan = plan(&graph, Some(&rows()), &options).unwrap();
        assert!(plan.accuracy.relative_error <= max_loss);
        plan.precision.weight_bits.iter().sum::<u32>() + plan.precision.input_bits
    };
    assert!(bits(0.0001) > bits(0.05));
}

#[test]
fn an_impossible_budget_is_refused_with_what_was_tried() {
    let options = PlanOptions { max_loss: -1.0, ..PlanOptions::default() };
    match plan(&network(), Some(&rows()), &options) {
        Err(PlanError::Accuracy { bits: 16, trials, .. }) => assert_eq!(trials.len(), 12),
        other => panic!("{other:?}"),
    }
}

#[test]
fn bad_calibration_and_ranges_are_refused() {
    let none = Calibration { rows: vec![] };
    assert_eq!(
        plan(&network(), Some(&none), &PlanOptions::default()).unwrap_err(),
        PlanError::NoRows
    );
    let short = Calibration { rows: vec![vec![1.0]] };
    let error = plan(&network(), Some(&short), &PlanOptions::default()).unwrap_err();
    assert!(matches!(error, PlanError::Calibration { row: 0, .. }), "{error}");
    for range in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
        let options = PlanOptions { input_range: Some(range), ..PlanOptions::default() };
        let error = plan(&network(), None, &options).unwrap_err();
        assert!(matches!(error, PlanError::InputRange { .. }), "{error}");
    }
}

#[test]
fn without_calibration_a_wide_default_is_used_and_said() {
    let planned = plan(&network(), None, &PlanOptions::default()).unwrap();
    assert_eq!(planned.range_source, RangeSource::Default);
    assert!(planned.graph.predict(&[9.5, -9.5]).is_ok());
    let error = planned.graph.predict(&[0.0, 10.5]).unwrap_err();
    assert!(matches!(error, EncodeError::OutOfRange { feature: 1, .. }), "{error}");
}

#[test]
fn rows_outside_the_declared_range_are_refused_not_clipped() {
    let precision = Precision::uniform(8, 2);
    let graph = lower(&network(), &spec((-1.0, 1.0)), &precision, &[0.0; 4]).unwrap();
    let error = |row: &[f64]| graph.predict(row).unwrap_err().to_string();
    assert_eq!(error(&[0.0]), "the model takes 2 features and the row has 1");
    assert_eq!(
        error(&[f64::NAN, 0.0]),
        "feature 0 is not a number and this model takes no missing values"
    );
    assert_eq!(error(&[0.0, 1.5]), "feature 1 is 1.5, outside the declared range [-1, 1]");
    assert!(error(&[f64::NEG_INFINITY, 0.0]).contains("outside the declared range"));
}

#[test]
fn an_accumulator_that_cannot_fit_names_its_node() {
    let mut graph = network();
    let Op::Dense { weights, bias } = &mut graph.nodes[3].op else { panic!() };
    bias[0] = 1e30;
    weights[0] = 1.0;
    let error =
        lower(&graph, &spec((-1.0, 1.0)), &Precision::uniform(16, 2), &[0.0; 4]).unwrap_err();
    assert!(error.to_string().starts_with("node `second`"), "{error}");
    let Op::Dense { bias, .. } = &mut graph.nodes[3].op else { panic!() };
    bias[0] = 0.0;
    graph.nodes[2].op = Op::Unary(Unary::Exp);
    let wide = spec((-1000.0, 1000.0));
    let error = lower(&graph, &wide, &Precision::uniform(8, 2), &[0.0; 4]).unwrap_err();
    assert!(matches!(error, LowerError::Unsupported { ref node, .. } if node == "relu"), "{error}");
}

#[test]
fn the_model_hash_is_pinned_and_moves_with_everything_that_matters() {
    let precision = Precision::uniform(8, 2);
    let graph = lower(&network(), &spec((-1.0, 1.0)), &precision, &[0.0; 4]).unwrap();
    let hash = graph.model_hash();
    insta::assert_snapshot!(format!("{hash:#x}"));
    let moved = |change: &dyn Fn(&mut QuantGraph)| {
        let mut changed = graph.clone();
        change(&mut changed);
        changed.model_hash() != hash
    };
    assert!(moved(&|g| g.input.ranges[1].hi += 1));
    assert!(moved(&|g| g.nodes[1].scale_log2 += 1));
    assert!(moved(&|g| g.outputs[0].name.push('x')));
    assert!(moved(&|g| g.outputs[0].value = 2));
    assert!(moved(&|g| g.nodes[2].op = QuantOp::Abs));
    assert!(moved(&|g| if let QuantOp::Dense { weights, .. } = &mut g.nodes[1].op {
        weights[0] += 1
    }));
    assert!(moved(&|g| if let QuantOp::Dense { bias, .. } = &mut g.nodes[1].op {
        bias[2] -= 1
    }));
    // What only people read does not move it.
    assert!(!moved(&|g| g.nodes[1].name.push('x')));
    assert!(!moved(&|g| g.nodes[1].error = None));
}

#[test]
fn graphs_survive_json_and_tampered_ones_are_refused() {
    let precision = Precision::uniform(8, 2);
    let graph = lower(&network(), &spec((-1.0, 1.0)), &precision, &[0.0; 4]).unwrap();
    let json = serde_json::to_vec(&graph).unwrap();
    assert_eq!(QuantGraph::from_json(&json).unwrap(), graph);
    let refused = |change: &dyn Fn(&mut QuantGraph)| {
        let mut changed = graph.clone();
        change(&mut changed);
        changed.validate().unwrap_err()
    };
    assert!(matches!(refused(&|g| g.nodes[1].ranges[0].hi -= 1), GraphError::Ranges { index: 1 }));
    assert!(matches!(refused(&|g| g.nodes[2].inputs = vec![2]), GraphError::Operands { index: 2 }));
    assert!(matches!(refused(&|g| g.nodes[2].inputs = vec![]), GraphError::Operands { index: 2 }));
    assert!(matches!(
        refused(&|g| g.nodes[2].op = QuantOp::Input),
        GraphError::InputNode { index: 2 }
    ));
    assert!(matches!(
        refused(&|g| g.nodes[2].op = QuantOp::Gather(vec![3])),
        GraphError::Operands { index: 2 }
    ));
    assert!(matches!(
        refused(&|g| g.nodes[2].op = QuantOp::Shift { bits: 200 }),
        GraphError::Operands { index: 2 }
    ));
    assert!(matches!(
        refused(&|g| g.nodes[2].op = QuantOp::Div { bits: 3 }),
        GraphError::Operands { index: 2 }
    ));
    assert!(matches!(refused(&|g| g.outputs[0].value = 9), GraphError::Output { index: 0 }));
    assert!(matches!(refused(&|g| g.nodes.clear()), GraphError::InputNode { index: 0 }));
    let wide = |g: &mut QuantGraph| g.input.ranges[0].hi = i128::MAX;
    assert!(matches!(refused(&wide), GraphError::Input));
    assert!(matches!(QuantGraph::from_json(b"{}").unwrap_err(), GraphError::Json(_)));
}
