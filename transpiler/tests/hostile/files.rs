//! Files and graphs as a whole.

use std::time::Instant;

use nilometer_transpiler::onnx::limits::{
    MAX_DERIVED_ELEMENTS, MAX_MESSAGES, MAX_NODES, MAX_OPERANDS, MAX_TEXTS,
};
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::NodeProto;
use nilometer_transpiler::onnx::{import, inspect, ImportError};

use crate::support::*;

fn is_decode(bytes: &[u8]) -> bool {
    matches!(import(bytes), Err(ImportError::Decode { .. }))
}

#[test]
fn bytes_that_are_no_model() {
    assert!(matches!(import(&[]), Err(ImportError::NoGraph)));
    assert!(matches!(inspect(&[]), Err(ImportError::NoGraph)));
    assert!(is_decode(b"not a model"));
    assert!(is_decode(&[0xff; 64]));
    let bytes = float_model(2).node("Relu", &["x"], &["y"], vec![]).output("y").bytes();
    assert!(is_decode(&bytes[..bytes.len() - 3]));
}

#[test]
fn no_output() {
    assert!(matches!(float_model(2).error(), ImportError::NoOutput));
}

#[test]
fn names_given_twice() {
    let twice = |model: Model, name: &str| match model.output("y").error() {
        ImportError::DuplicateName { name: found } => assert_eq!(found, name),
        error => panic!("{error}"),
    };
    let two_nodes = float_model(2).node("Relu", &["x"], &["y"], vec![]);
    twice(two_nodes.node("Abs", &["x"], &["y"], vec![]), "y");
    twice(float_model(2).node("Relu", &["x"], &["x"], vec![]), "x");
    let two_tensors = float_model(2).init(floats("c", &[], &[1.0])).init(floats("c", &[], &[2.0]));
    twice(two_tensors.node("Add", &["x", "c"], &["y"], vec![]), "c");
    twice(float_model(2).input("x", DataType::Float, &[-1, 2]), "x");
}

#[test]
fn names_that_nothing_makes() {
    let missing = |model: Model, wanted_user: &str, wanted: &str| match model.error() {
        ImportError::MissingValue { user, name } => {
            assert_eq!((user.as_str(), name.as_str()), (wanted_user, wanted));
        }
        error => panic!("{error}"),
    };
    let model = float_model(2).node("MatMul", &["x", "w"], &["y"], vec![]).output("y");
    missing(model, "node \"y_node\"", "w");
    missing(float_model(2).output("y"), "the graph's outputs", "y");
}

#[test]
fn operands_left_out() {
    let bare = float_model(2).node("Gemm", &["x"], &["y"], vec![]).output("y");
    assert!(matches!(bare.error(), ImportError::Arity { what: "input", index: 1, .. }));
    let empty = float_model(2).node("Add", &["x", ""], &["y"], vec![]).output("y");
    assert!(matches!(empty.error(), ImportError::Arity { what: "input", index: 1, .. }));
}

#[test]
fn cycles() {
    let circle = float_model(2).node("Add", &["x", "b"], &["a"], vec![]);
    let circle = circle.node("Relu", &["a"], &["b"], vec![]).output("b");
    let ImportError::Cycle { node } = circle.error() else { panic!("other error") };
    assert_eq!(node, "a_node");
    let own = float_model(2).node("Add", &["x", "a"], &["a"], vec![]).output("a");
    assert!(matches!(own.error(), ImportError::Cycle { .. }));
}

#[test]
fn attributes_of_the_wrong_kind() {
    let relu =
        |attributes| float_model(2).node("LeakyRelu", &["x"], &["y"], attributes).output("y");
    let wrong = relu(vec![int("alpha", 1)]).error().to_string();
    assert!(wrong.ends_with("attribute alpha: has the type INT, wants FLOAT"), "{wrong}");
    let twice = relu(vec![float("alpha", 0.1), float("alpha", 0.2)]);
    assert!(matches!(twice.error(), ImportError::Attribute { .. }));
    let infinite = relu(vec![float("alpha", f32::INFINITY)]);
    assert!(matches!(infinite.error(), ImportError::AttributeNonFinite { .. }));
    let mut referring = relu(vec![float("alpha", 0.1)]);
    referring.graph().node[0].attribute[0].ref_attr_name = "outer".into();
    assert!(matches!(referring.error(), ImportError::Attribute { .. }));
    let bad_text = float_model(2).ml_node("Normalizer", &["x"], &["y"], vec![text("norm", "L1")]);
    let mut bad_text = bad_text.output("y");
    bad_text.graph().node[0].attribute[0].s = vec![0xff];
    assert!(matches!(bad_text.error(), ImportError::Attribute { .. }));
}

#[test]
fn too_many_nodes() {
    let mut model = float_model(2);
    model.graph().node =
        vec![NodeProto { op_type: "Relu".into(), ..NodeProto::default() }; MAX_NODES + 1];
    let model = model.output("x");
    let ImportError::TooLarge { what, limit, .. } = model.error() else { panic!("other error") };
    assert_eq!((what, limit), ("nodes in the graph", MAX_NODES));
}

#[test]
fn too_many_messages() {
    // Field 7 (graph) of empty nodes: two bytes each.
    let n_nodes = MAX_MESSAGES + 1;
    let mut graph = Vec::with_capacity(2 * n_nodes);
    (0..n_nodes).for_each(|_| graph.extend([0x0a, 0x00]));
    let mut bytes = vec![0x3a];
    let mut len = graph.len();
    while len >= 0x80 {
        bytes.push(len as u8 | 0x80);
        len >>= 7;
    }
    bytes.push(len as u8);
    bytes.extend(graph);
    let error = import(&bytes).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { what: "messages in the file", .. }), "{error}");
}

#[test]
fn too_many_texts() {
    let n_texts = MAX_TEXTS + 1;
    let mut model = float_model(2).node("Concat", &["x"], &["y"], vec![]).output("y");
    model.graph().node[0].input = vec![String::new(); n_texts];
    let error = model.error();
    assert!(matches!(error, ImportError::TooLarge { what: "texts in the file", .. }), "{error}");
}

#[test]
fn too_many_operands() {
    let names = vec!["x"; MAX_OPERANDS + 1];
    let wide = float_model(2).node("Concat", &names, &["y"], vec![int("axis", 1)]).output("y");
    let error = wide.error();
    assert!(matches!(error, ImportError::TooLarge { what: "inputs of a node", .. }), "{error}");
    float_model(2)
        .node("Concat", &names[1..], &["y"], vec![int("axis", 1)])
        .output("y")
        .gives(&[1.0, 2.0], &[1.0, 2.0].repeat(MAX_OPERANDS));
}

/// Thousands of classes with one name of a megabyte.
#[test]
fn long_labels_are_bounded() {
    let name = "n".repeat(1 << 20);
    let model = model(17, 2).input("x", DataType::Float, &[-1, 1 << 12]);
    let model = model.node("ArgMax", &["x"], &["i"], vec![int("axis", 1)]);
    let dictionary = vec![
        int_list("keys_int64s", &[-1]),
        text_list("values_strings", &["none"]),
        text("default_string", &name),
    ];
    let model = model.ml_node("LabelEncoder", &["i"], &["y"], dictionary).output("y");
    assert!(matches!(model.error(), ImportError::TooLarge { .. }));
}

#[test]
fn messages_nested_deep() {
    // A subgraph in an attribute of a node of a subgraph, and so on.
    let mut bytes = Vec::new();
    for _ in 0..200 {
        // node (1) { attribute (5) { graph (6) { … } } }, built from the inside.
        for tag in [0x32, 0x2a, 0x0a] {
            let mut outer = vec![tag];
            let mut len = bytes.len();
            while len >= 0x80 {
                outer.push(len as u8 | 0x80);
                len >>= 7;
            }
            outer.push(len as u8);
            outer.append(&mut bytes);
            bytes = outer;
        }
        if bytes.len() > 60_000 {
            break;
        }
    }
    let mut model = vec![0x3a];
    let mut len = bytes.len();
    while len >= 0x80 {
        model.push(len as u8 | 0x80);
        len >>= 7;
    }
    model.push(len as u8);
    model.extend(bytes);
    let error = import(&model).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { what: "nesting of messages", .. }), "{error}");
}

/// Each step doubles a vector: 40 of them would take 2^40 elements.
#[test]
fn doubling_is_stopped() {
    let started = Instant::now();
    let double = |first: Model, from: &str| {
        let mut model = first;
        let mut last = from.to_string();
        for step in 0..40 {
            let next = format!("v{step}");
            model = model.node("Concat", &[&last, &last], &[&next], vec![int("axis", -1)]);
            last = next;
        }
        model.output(&last).error()
    };
    let rows = double(float_model(2), "x");
    assert!(matches!(rows, ImportError::TooLarge { .. }), "{rows}");
    let constants = double(float_model(2).init(floats("c", &[2], &[0.0; 2])), "c");
    assert!(matches!(constants, ImportError::TooLarge { .. }), "{constants}");
    assert!(started.elapsed().as_secs() < 30);
}

#[test]
fn broadcasts_are_bounded() {
    let side = 1 << 13;
    let row = model(17, 1).input("x", DataType::Float, &[-1, side, 1]);
    let column = row.init(floats("c", &[1, side], &vec![0.0; side as usize]));
    let model = column.node("Add", &["x", "c"], &["y"], vec![]).output("y");
    assert!(side * side > MAX_DERIVED_ELEMENTS as i64);
    assert!(matches!(model.error(), ImportError::TooLarge { .. }));
    // A broadcast axis after axis: the product is never formed.
    let mut wide = float_model(1);
    wide.graph().input[0] = value_info("x", DataType::Float, &[-1, 1 << 16, 1]);
    let wide = wide.init(floats("c", &[1, 1, 1 << 16], &vec![0.0; 1 << 16]));
    let wide = wide.node("Mul", &["x", "c"], &["y"], vec![]).output("y");
    assert!(matches!(wide.error(), ImportError::TooLarge { .. }));
}

#[test]
fn repeated_gathers_are_bounded() {
    let model = model(17, 1).input("x", DataType::Float, &[-1, 1 << 12, 1 << 4]);
    let model = model.init(ints("i", &[1 << 12], &vec![3; 1 << 12]));
    let model = model.node("Gather", &["x", "i"], &["h"], vec![int("axis", 2)]);
    let model = model.node("Gather", &["h", "i"], &["y"], vec![int("axis", 2)]).output("y");
    assert!(matches!(model.error(), ImportError::TooLarge { .. }));
}

#[test]
fn shared_weights_are_bounded() {
    // One matrix of 2^16 elements, used a thousand times over.
    let side = 1 << 8;
    let mut model = float_model(side).init(floats("w", &[side, side], &vec![0.0; 1 << 16]));
    let mut last = "x".to_string();
    for step in 0..1000 {
        let next = format!("v{step}");
        model = model.node("MatMul", &[&last, "w"], &[&next], vec![]);
        last = next;
    }
    assert!(matches!(model.output(&last).error(), ImportError::TooLarge { .. }));
}

#[test]
fn constants_that_overflow() {
    let model = float_model(1).init(floats("a", &[], &[1.0])).init(floats("b", &[], &[0.0]));
    let model = model.node("Div", &["a", "b"], &["c"], vec![]);
    let model = model.node("Mul", &["x", "c"], &["y"], vec![]).output("y");
    let error = model.error();
    assert!(matches!(error, ImportError::Graph { .. }), "{error}");
    assert!(error.to_string().ends_with("node 1 (y_node): constant is not finite"), "{error}");
}
