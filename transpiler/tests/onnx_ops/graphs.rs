//! Whole graphs: inputs, names, order, dead nodes, unsupported nodes, summaries.

use nilometer_transpiler::graph::{DType, Op};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::OperatorSetIdProto;
use nilometer_transpiler::onnx::{inspect, ImportError, ValueSummary};

use crate::support::*;

#[test]
fn inputs_of_all_shapes_and_types() {
    let relu = |data_type, dims: &[i64]| {
        let model = model(17, 1).input("x", data_type, dims);
        model.node("Identity", &["x"], &["y"], vec![]).output("y")
    };
    for (dims, len) in [
        (&[-1, 4][..], 4),
        (&[1, 4], 4),
        (&[32, 4], 4),
        (&[4], 4),
        (&[-1, 2, 2, 3], 12),
        (&[0, 4], 4),
    ] {
        assert_eq!(relu(DataType::Float, dims).import().input.len, len, "{dims:?}");
    }
    assert_eq!(relu(DataType::Double, &[-1, 4]).import().input.dtype, DType::F64);
    assert_eq!(relu(DataType::Int64, &[-1, 4]).import().input.dtype, DType::I64);
    for dims in [&[-1, -1][..], &[-1], &[], &[1, 1, 1, 1, 1], &[-1, 0], &[-1, -7]] {
        let error = relu(DataType::Float, dims).error();
        assert!(matches!(error, ImportError::Input { .. }), "{dims:?}: {error}");
    }
    assert_eq!(relu(DataType::Float16, &[-1, 4]).import().input.dtype, DType::F32);
    assert!(matches!(relu(DataType::Complex64, &[-1, 4]).error(), ImportError::Input { .. }));
    for dims in [&[-1, 1 << 40][..], &[-1, i64::MAX, i64::MAX]] {
        assert!(matches!(relu(DataType::Float, dims).error(), ImportError::TooLarge { .. }));
    }
}

#[test]
fn inputs_that_are_used_are_columns() {
    let two = |node_inputs: &[&str]| {
        let model = float_model(2).input("z", DataType::Float, &[-1, 2]);
        model.node("Sub", node_inputs, &["y"], vec![]).output("y")
    };
    assert_eq!(two(&["z", "z"]).import().input.name, "z");
    let both = two(&["z", "x"]);
    both.gives(&[1.0, 2.0, 30.0, 50.0], &[29.0, 48.0]);
    let names: Vec<String> = both.import().input.features.into_iter().map(|f| f.name).collect();
    assert_eq!(names, ["x[0]", "x[1]", "z[0]", "z[1]"]);
    // An input that an initialiser fills is none.
    let filled = two(&["x", "z"]).init(floats("z", &[1, 2], &[1.0, 2.0]));
    filled.gives(&[0.0, 0.0], &[-1.0, -2.0]);
    let none = model(17, 1).init(floats("c", &[1], &[1.0])).output("c");
    assert!(matches!(none.error(), ImportError::NoInput));
}

#[test]
fn nodes_may_stand_in_any_order() {
    let model = float_model(2).node("Neg", &["h"], &["y"], vec![]);
    let model = model.node("Abs", &["x"], &["h"], vec![]).output("y");
    model.gives(&[-1.0, 2.0], &[-1.0, -2.0]);
}

#[test]
fn dead_nodes_do_not_matter() {
    let model = float_model(2).node("Abs", &["x"], &["y"], vec![]);
    let model = model.domain_node("com.example", "Fancy", &["x"], &["unused"], vec![]);
    let model = model.node("Exp", &["x"], &["unused_too"], vec![]).output("y");
    assert_eq!(model.import().nodes.len(), 2);
}

#[test]
fn all_unsupported_nodes_are_reported_at_once() {
    let model = float_model(2).node("Cosh", &["x"], &["a"], vec![]);
    let model = model.node("Relu", &["a"], &["b"], vec![]);
    let model = model.domain_node("com.example", "Fancy", &["b"], &["c"], vec![]);
    let model = model.node("ArgMax", &["x"], &["d"], vec![]);
    let model = model.node("Acos", &["c"], &["y"], vec![]).output("y").output("d");
    let ImportError::Unsupported { nodes } = model.error() else { panic!("other error") };
    let found: Vec<_> = nodes.iter().map(|n| (n.name.as_str(), n.op.as_str(), n.opset)).collect();
    let expected = [
        ("a_node", "Cosh", 17),
        ("c_node", "Fancy", 0),
        ("d_node", "ArgMax", 17),
        ("y_node", "Acos", 17),
    ];
    assert_eq!(found, expected);
    assert_eq!(nodes[1].domain, "com.example");
    assert_eq!(nodes[2].reason, "reduces over the rows of the batch");
    let text = model.error().to_string();
    assert!(text.starts_with("4 unsupported nodes: a_node (ai.onnx Cosh, opset 17): "), "{text}");
}

#[test]
fn operator_sets_are_checked() {
    let with_opset = |version| {
        let model = model(version, 1).input("x", DataType::Float, &[-1, 2]);
        model.node("Relu", &["x"], &["y"], vec![]).output("y")
    };
    assert_eq!(with_opset(3).unsupported(), ["wants ai.onnx opset 6 to 26"]);
    assert_eq!(with_opset(99).unsupported(), ["wants ai.onnx opset 6 to 26"]);
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    let mut twice = with_opset(17);
    twice.proto.opset_import.push(opset("ai.onnx", 17));
    twice.import();
    twice.proto.opset_import.push(opset("", 16));
    assert!(matches!(twice.error(), ImportError::Opset { .. }));
    let mut none = with_opset(17);
    none.proto.opset_import.clear();
    assert!(matches!(none.error(), ImportError::Opset { .. }));
}

#[test]
fn nameless_nodes_are_called_by_their_place() {
    let mut model = float_model(2).node("Abs", &["x"], &["h"], vec![]);
    model = model.node("Neg", &["h"], &["y"], vec![]).output("y");
    model.graph().node[1].name.clear();
    assert_eq!(model.import().nodes[2].name, "Neg_1");
}

#[test]
fn summary_of_a_model() {
    let model = float_model(2).init(floats("w", &[2, 3], &[0.0; 6])).init(ints("n", &[1], &[1]));
    let model = model.node("MatMul", &["x", "w"], &["h"], vec![]);
    let model = model.node("Cosh", &["h"], &["e"], vec![]);
    let mut model = model.ml_node("Normalizer", &["e"], &["y"], vec![]);
    model.graph().output.push(value_info("y", DataType::Float, &[-1, 3]));
    model.proto.producer_name = "hand".into();
    let summary = inspect(&model.bytes()).unwrap();
    assert_eq!((summary.graph.as_str(), summary.producer.as_str()), ("test", "hand"));
    let value = |name: &str, shape: &[&str]| ValueSummary {
        name: name.into(),
        element_type: "FLOAT".into(),
        shape: Some(shape.iter().map(|axis| axis.to_string()).collect()),
    };
    assert_eq!(summary.inputs, [value("x", &["batch", "2"])]);
    assert_eq!(summary.outputs, [value("y", &["batch", "3"])]);
    assert_eq!(summary.parameters, 6);
    let counts: Vec<_> = summary.op_counts.iter().map(|(op, n)| (op.as_str(), *n)).collect();
    assert_eq!(counts, [("Cosh", 1), ("MatMul", 1), ("ai.onnx.ml.Normalizer", 1)]);
    let known: Vec<bool> = summary.nodes.iter().map(|node| node.known).collect();
    assert_eq!(known, [true, false, true]);
    assert_eq!(summary.unsupported.len(), 1);
    assert_eq!(summary.problem, None);
    let broken = float_model(2).node("Relu", &["nothing"], &["y"], vec![]).output("y");
    let problem = inspect(&broken.bytes()).unwrap().problem.unwrap();
    assert!(problem.contains("nothing"), "{problem}");
}

#[test]
fn folded_constants_keep_their_precision() {
    let model = float_model(1).init(floats("a", &[], &[0.1])).init(floats("b", &[], &[0.2]));
    let model = model.node("Add", &["a", "b"], &["c"], vec![]);
    let model = model.node("Mul", &["x", "c"], &["y"], vec![]).output("y");
    let graph = model.import();
    let Op::WithConstant { constant, .. } = &graph.nodes[1].op else { panic!("no constant") };
    assert_eq!(constant[0], f64::from(0.1_f32 + 0.2_f32));
}
