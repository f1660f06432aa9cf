//! Quantisation: precision search, ranges, identity, and graphs that come from files.

#![allow(clippy::unwrap_used, reason = "a test")]

use nilometer_transpiler::graph::{DType, Graph, Input, Node, Op, Output, OutputKind, Unary};
use nilometer_transpiler::plan::{plan, Calibration, PlanError, PlanOptions, RangeSource};
use nilometer_transpiler::quant::{
    lower, EncodeError, FeatureMode, GraphError, InputSpec, LowerError, Precision, QuantGraph,
    QuantOp,
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
        input: Input { name: "x".into(), len: 2, dtype: DType::F32, features: vec![] },
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
        plan.recipe.precision().weight_bits.iter().sum::<u32>() + plan.recipe.precision().input_bits
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
    assert!(matches!(error, LowerError::Exponent { ref node, .. } if node == "relu"), "{error}");
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

/// What the first of the search's passes accepts on some rows may fail on the rest. Once it tried the
/// same precisions forever.
#[test]
fn rows_that_the_search_has_not_seen_do_not_keep_it_from_ending() {
    let (inputs, hidden) = (900, 1200);
    let mut state = 1u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let mut dense = |rows: usize, cols: usize| Op::Dense {
        weights: (0..rows * cols).map(|_| next() / (cols as f64).sqrt()).collect(),
        bias: vec![0.0; rows],
    };
    let node = |name: &str, op, inputs: &[usize], len| Node {
        name: name.into(),
        op,
        inputs: inputs.to_vec(),
        len,
    };
    let nodes = vec![
        node("x", Op::Input, &[], inputs),
        node("first", dense(hidden, inputs), &[0], hidden),
        node("relu", Op::Unary(Unary::Relu), &[1], hidden),
        node("second", dense(2, hidden), &[2], 2),
    ];
    let mut graph = Graph {
        name: "wide".into(),
        input: Input { name: "x".into(), len: inputs, dtype: DType::F32, features: vec![] },
        nodes,
        outputs: vec![Output {
            name: "y".into(),
            value: 3,
            kind: OutputKind::Numbers { classes: None },
        }],
    };
    // The first rows are easy to decide; the later ones are close to the boundary, each on its own side.
    let base: Vec<f64> = (0..inputs).map(|i| (i % 7) as f64 / 7.0).collect();
    let gap_of = |graph: &Graph, row: &[f64]| {
        let y = nilometer_transpiler::eval::evaluate(graph, row).unwrap().remove(0);
        y[0] - y[1]
    };
    let other: Vec<f64> = base.iter().map(|x| -x).collect();
    let middle = (gap_of(&graph, &base) + gap_of(&graph, &other)) / 2.0;
    let Op::Dense { bias, .. } = &mut graph.nodes[3].op else { panic!() };
    bias[0] = -middle;
    let gap = |row: &[f64]| gap_of(&graph, row);
    let (mut a, mut b) = (base.clone(), other);
    assert!(gap(&a) * gap(&b) < 0.0, "the two ends are decided differently");
    for _ in 0..20 {
        let middle: Vec<f64> = a.iter().zip(&b).map(|(a, b)| (a + b) / 2.0).collect();
        if gap(&middle) * gap(&a) > 0.0 {
            a = middle;
        } else {
            b = middle;
        }
    }
    let mut rows = vec![base; 27];
    for (i, row) in rows.iter_mut().enumerate() {
        row[i] += 0.01;
    }
    rows.extend((0..8).flat_map(|_| [a.clone(), b.clone()]));
    let started = std::time::Instant::now();
    let result = plan(&graph, Some(&Calibration { rows }), &PlanOptions::default());
    assert!(started.elapsed().as_secs() < 300, "{:?}", started.elapsed());
    match result {
        Ok(plan) => assert_eq!((plan.accuracy.flips, plan.accuracy.rows), (0, 43)),
        Err(PlanError::Accuracy { trials, .. }) => assert!(!trials.is_empty()),
        Err(other) => panic!("{other}"),
    }
}

/// The gate holds where the search has no choices too.
#[test]
fn the_gate_holds_for_trees_and_fixed_bits() {
    use nilometer_transpiler::graph::{Aggregate, Labels, Test, Tree, TreeEnsemble, TreeNode};
    let leaf = |w: f64| TreeNode::Leaf(vec![(0, w)]);
    let branch = TreeNode::Branch {
        feature: 0,
        test: Test::LessOrEqual(0.5),
        missing_is_true: false,
        on_true: 1,
        on_false: 2,
    };
    let ensemble = TreeEnsemble {
        trees: vec![Tree { nodes: vec![branch, leaf(0.0), leaf(1.0)] }],
        n_targets: 1,
        base: vec![0.0],
        aggregate: Aggregate::Sum,
        dtype: DType::F32,
    };
    let node =
        |op, inputs: &[usize], len| Node { name: String::new(), op, inputs: inputs.to_vec(), len };
    let graph = Graph {
        name: "tree".into(),
        input: Input { name: "x".into(), len: 1, dtype: DType::F32, features: vec![] },
        nodes: vec![
            node(Op::Input, &[], 1),
            node(Op::Trees(ensemble), &[0], 1),
            node(Op::Unary(Unary::Binarize { threshold: 0.5 }), &[1], 1),
        ],
        outputs: vec![Output {
            name: "label".into(),
            value: 2,
            kind: OutputKind::Label(Labels::Ints(vec![0, 1])),
        }],
    };
    let calibration = |rows: &[f64]| Calibration { rows: rows.iter().map(|&x| vec![x]).collect() };
    // NaN goes to the false side in the float model; the integer model takes none here.
    let mut values: Vec<f64> = (0..40).map(|i| f64::from(i) / 40.0).collect();
    values[3] = f64::NAN;
    match plan(&graph, Some(&calibration(&values)), &PlanOptions::default()) {
        Err(PlanError::Refused { refused: 1, rows: 40, allowed: 0, row: 3, .. }) => {}
        other => panic!("{other:?}"),
    }
    let loose = PlanOptions { max_loss: 0.03, ..PlanOptions::default() };
    let planned = plan(&graph, Some(&calibration(&values)), &loose).unwrap();
    // Refused rows and rows decided differently are two numbers.
    assert_eq!((planned.accuracy.refused, planned.accuracy.flips), (1, 0));
    assert_eq!(planned.accuracy.agreement, 1.0);
    // One outlier makes every fixed-point feature too coarse for the threshold.
    let mut values: Vec<f64> = (0..40).map(|i| 0.49 + f64::from(i) / 2000.0).collect();
    values[39] = 1e9;
    let fixed = PlanOptions { features: FeatureMode::Fixed, ..PlanOptions::default() };
    match plan(&graph, Some(&calibration(&values)), &fixed) {
        Err(PlanError::Accuracy { trials, .. }) => assert!(trials[0].accuracy.flips > 0),
        other => panic!("{other:?}"),
    }
    let few_bits = PlanOptions { bits: Some(2), max_loss: 0.0, ..PlanOptions::default() };
    let error = plan(&network(), Some(&rows()), &few_bits).unwrap_err();
    assert!(matches!(error, PlanError::Accuracy { bits: 2, .. }), "{error}");
}

#[test]
fn calibration_that_says_little_is_announced_and_bits_have_a_floor() {
    use nilometer_transpiler::plan::Warning;
    let of = |rows: Vec<Vec<f64>>| {
        plan(&network(), Some(&Calibration { rows }), &PlanOptions::default()).unwrap()
    };
    let one = of(vec![vec![0.3, -0.4]]);
    assert!(one.warnings.contains(&Warning::FewRows { rows: 1, distinct: 1 }));
    assert!(one.recipe.precision().weight_bits.iter().all(|&bits| bits >= 8), "{:?}", one.recipe);
    let same = of(vec![vec![0.3, -0.4]; 100]);
    assert!(same.warnings.contains(&Warning::FewRows { rows: 100, distinct: 1 }));
    assert!(same.warnings.iter().any(|w| matches!(w, Warning::OneClass { rows: 100, .. })));
    let constant = Warning::ConstantFeatures { count: 2, features: 2, first: 0 };
    assert!(same.warnings.contains(&constant));
    for warning in &same.warnings {
        assert!(warning.to_string().contains(|c: char| c.is_ascii_digit()), "{warning}");
    }
    assert_eq!(of(rows().rows).warnings, []);
    assert_eq!(plan(&network(), None, &PlanOptions::default()).unwrap().warnings, []);
}

/// Each number of a regression has its own range: a large one does not hide the error of a small one.
#[test]
fn errors_are_shares_of_each_numbers_own_range() {
    let mut graph = network();
    let Op::Dense { weights, bias } = &mut graph.nodes[3].op else { panic!() };
    weights[..3].iter_mut().for_each(|w| *w *= 1000.0);
    bias[0] *= 1000.0;
    graph.outputs[0].name = "variable".into();
    let options = PlanOptions { max_loss: 0.01, ..PlanOptions::default() };
    let planned = plan(&graph, Some(&rows()), &options).unwrap();
    assert_eq!(planned.decision, nilometer_transpiler::decision::Decision::None);
    for i in 0..2 {
        let (mut lo, mut hi, mut worst) = (f64::INFINITY, f64::NEG_INFINITY, 0.0f64);
        for row in rows().rows {
            let y = nilometer_transpiler::eval::evaluate(&graph, &row).unwrap()[0][i];
            let q = planned.graph.predict(&row).unwrap().outputs[0][i];
            (lo, hi, worst) = (lo.min(y), hi.max(y), worst.max((y - q).abs()));
        }
        assert!(worst <= 0.01 * (hi - lo), "{i}: {worst} of {}", hi - lo);
    }
}

/// Precision is gated on the decision that is made.
#[test]
fn a_threshold_is_what_precision_is_gated_on() {
    use nilometer_transpiler::decision::Decision;
    let mut graph = network();
    graph.nodes.push(Node { name: "one".into(), op: Op::Gather(vec![0]), inputs: vec![3], len: 1 });
    graph.nodes.push(Node {
        name: "p".into(),
        op: Op::Unary(Unary::Sigmoid),
        inputs: vec![4],
        len: 1,
    });
    graph.outputs[0].value = 5;
    let decision = Decision::at_threshold(&graph, "y>0.62").unwrap();
    let options = PlanOptions { decision: Some(decision), max_loss: 0.0, ..PlanOptions::default() };
    let planned = plan(&graph, Some(&rows()), &options).unwrap();
    assert_eq!(planned.decision, decision);
    let above = |p: f64| p > 0.62;
    let mut positive = 0;
    for row in rows().rows {
        let float = nilometer_transpiler::eval::evaluate(&graph, &row).unwrap()[0][0];
        let fixed = planned.graph.predict(&row).unwrap().outputs[0][0];
        assert_eq!(above(float), above(fixed), "{row:?}");
        positive += usize::from(above(float));
    }
    assert!(positive > 10 && positive < 190, "{positive}");
}
