//! Models with several inputs and columns of texts, from the rows to the answer; names of features.

use std::fs;

use nilometer_transpiler::onnx::pb::attribute_proto::AttributeType;
use nilometer_transpiler::onnx::pb::tensor_proto::DataType;
use nilometer_transpiler::onnx::pb::tensor_shape_proto::{dimension, Dimension};
use nilometer_transpiler::onnx::pb::{
    type_proto, AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto,
};
use prost::Message;
use serde_json::Value;

use crate::support::{json, json_error, transpile, Scratch};

fn input(name: &str, data_type: DataType) -> ValueInfoProto {
    let axis = |value| Dimension { value: Some(value), ..Dimension::default() };
    let dim = vec![
        axis(dimension::Value::DimParam("rows".to_owned())),
        axis(dimension::Value::DimValue(1)),
    ];
    let shape = Some(TensorShapeProto { dim });
    let tensor = type_proto::Tensor { elem_type: data_type as i32, shape };
    let value = Some(type_proto::Value::TensorType(tensor));
    let r#type = Some(TypeProto { value, ..TypeProto::default() });
    ValueInfoProto { name: name.to_owned(), r#type, ..ValueInfoProto::default() }
}

fn node(domain: &str, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> NodeProto {
    let (input, output) = inputs.split_at(inputs.len() - 1);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        input: names(input),
        output: names(output),
        op_type: op.to_owned(),
        domain: domain.to_owned(),
        attribute,
        ..NodeProto::default()
    }
}

fn tensor(name: &str, dims: &[i64], ints: &[i64], floats: &[f32]) -> TensorProto {
    let data_type = if ints.is_empty() { DataType::Float } else { DataType::Int64 };
    TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: data_type as i32,
        int64_data: ints.to_vec(),
        float_data: floats.to_vec(),
        ..TensorProto::default()
    }
}

/// `age / 2 + 3` for blue and `age / 2 - 2` for red; no other colour is taken.
fn model() -> Vec<u8> {
    let texts = |name: &str, texts: &[&str]| AttributeProto {
        name: name.to_owned(),
        strings: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
        r#type: AttributeType::Strings as i32,
        ..AttributeProto::default()
    };
    let int = |name: &str, i| AttributeProto {
        name: name.to_owned(),
        i,
        r#type: AttributeType::Int as i32,
        ..AttributeProto::default()
    };
    let graph = GraphProto {
        name: "columns".to_owned(),
        input: vec![input("age", DataType::Float), input("colour", DataType::String)],
        output: vec![ValueInfoProto { name: "y".to_owned(), ..ValueInfoProto::default() }],
        initializer: vec![
            tensor("flat", &[2], &[-1, 2], &[]),
            tensor("w", &[3, 1], &[], &[0.5, 3.0, -2.0]),
        ],
        node: vec![
            node(
                "ai.onnx.ml",
                "OneHotEncoder",
                &["colour", "hot3"],
                vec![texts("cats_strings", &["blue", "red"]), int("zeros", 0)],
            ),
            node("", "Reshape", &["hot3", "flat", "hot"], vec![]),
            node("", "Concat", &["age", "hot", "all"], vec![int("axis", 1)]),
            node("", "MatMul", &["all", "w", "y"], vec![]),
        ],
        ..GraphProto::default()
    };
    let opset = |domain: &str, version| OperatorSetIdProto { domain: domain.to_owned(), version };
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![opset("", 17), opset("ai.onnx.ml", 1)],
        graph: Some(graph),
        ..ModelProto::default()
    };
    model.encode_to_vec()
}

fn outputs(result: &Value) -> Vec<f64> {
    let rows = result["outputs"].as_array().unwrap();
    rows.iter().map(|row| row[0].as_f64().unwrap()).collect()
}

#[test]
fn callers_pass_texts() {
    let scratch = Scratch::new();
    let onnx = scratch.file("columns.onnx", model());
    let calibration: String =
        (0..40).map(|i| format!("{},{}\n", i, ["blue", "red"][i % 2])).collect();
    let calibration = scratch.file("rows.csv", format!("age,colour\n{calibration}"));
    let package = scratch.join("package");
    json(&["transpile", &onnx, "-o", &package, "--calibration", &calibration]);

    let close = |found: &[f64], wanted: &[f64]| {
        let same = found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 0.1);
        assert!(found.len() == wanted.len() && same, "{found:?} {wanted:?}");
    };
    let rows = scratch.file("rows.json", r#"[[10, "red"], [11, "blue"], [12, 1]]"#);
    close(&outputs(&json(&["run", &package, "--input", &rows])), &[3.0, 8.5, 4.0]);
    // A first line of texts that the column holds is a row.
    let rows = scratch.file("plain.csv", "10,red\n11,blue\n");
    close(&outputs(&json(&["run", &package, "--input", &rows])), &[3.0, 8.5]);
    let checked = json(&["check", &package, "--data", &calibration]);
    assert_eq!((checked["rows"].as_u64(), checked["refused"].as_u64()), (Some(40), Some(0)));

    let row = scratch.file("row.json", r#"[10, "red"]"#);
    let proof = scratch.join("row.proof");
    json(&["prove", &package, "--input", &row, "-o", &proof]);
    let verified = json(&["verify", &proof, "--model", &package, "--input", &row]);
    assert_eq!(verified["valid"], true);
    let other = scratch.file("other.json", r#"[10, "blue"]"#);
    assert_eq!(json_error(&["verify", &proof, "--model", &package, "--input", &other]).0, 5);

    for (name, text, reason) in [
        (
            "a.csv",
            "age,colour\n10,green\n",
            "line 2, column 2: \"green\" is none of the texts of this column: \"blue\", \"red\"",
        ),
        ("a.json", "[10, \"green\"]", "element 1: \"green\" is none of the texts"),
        ("b.json", "[\"red\", \"red\"]", "element 0: \"red\" is not a number"),
        ("c.json", "[10, 2]", "feature 1 (colour) is 2, outside the declared range [0, 1]"),
        ("d.json", "[10, 0.5]", "feature 1 (colour) is 0.5, and takes whole numbers"),
        ("e.json", "[1000, \"red\"]", "feature 0 (age) is 1000, outside the declared range"),
    ] {
        let file = scratch.file(name, text);
        let (code, error) = json_error(&["run", &package, "--input", &file]);
        let message = error["message"].as_str().unwrap();
        assert!(code == 1 && message.contains(reason), "{name}: {code} {message}");
    }

    let schema: Value =
        serde_json::from_slice(&fs::read(format!("{package}/schema.json")).unwrap()).unwrap();
    assert_eq!(schema["features"][1]["categories"], serde_json::json!(["blue", "red"]));
    let description = fs::read(format!("{package}/description.json")).unwrap();
    let description: Value = serde_json::from_slice(&description).unwrap();
    assert_eq!(description["features"][1]["name"], "colour");
}

#[test]
fn features_are_named_by_headers_and_by_hand() {
    let scratch = Scratch::new();
    let (package, _) = transpile(&scratch, "tree_iris_dt4", &["--feature-names", "sl,sw,pl,pw"]);
    let row = scratch.file("row.json", "[5.1, 3.5, \"x\", 0.2]");
    assert_eq!(json_error(&["run", &package, "--input", &row]).0, 1);
    let row = scratch.file("row.json", "[5.1, 3.5, null, 0.2]");
    let (_, error) = json_error(&["run", &package, "--input", &row]);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("feature 2 (pl) is not a number"), "{message}");
    let model = format!("{package}/model.onnx");
    let (code, error) =
        json_error(&["transpile", &model, "-o", &scratch.join("p"), "--feature-names", "a,b"]);
    let message = error["message"].as_str().unwrap();
    assert!(
        code == 2 && message.contains("2 feature names are given, and the model takes 4"),
        "{message}"
    );
}
