//! Every model of the zoo is imported, and its float evaluation agrees with onnxruntime's recorded
//! scores and labels.

#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::path::PathBuf;

use ndarray::{Array1, Array2};
use ndarray_npy::ReadNpyExt;
use nilometer_transpiler::eval::evaluate;
use nilometer_transpiler::graph::{Graph, Labels, OutputKind};
use nilometer_transpiler::{onnx, passes};
use serde::Deserialize;

#[derive(Deserialize)]
struct Entry {
    name: String,
    rows: usize,
    params: usize,
    files: Files,
}

#[derive(Deserialize)]
struct Files {
    model: String,
    inputs: String,
    expected: String,
    expected_label: Option<String>,
}

fn zoo() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/zoo")
}

fn entries() -> Vec<Entry> {
    serde_json::from_reader(File::open(zoo().join("zoo.json")).unwrap()).unwrap()
}

fn import(entry: &Entry) -> Graph {
    let bytes = std::fs::read(zoo().join(&entry.files.model)).unwrap();
    onnx::import(&bytes).unwrap_or_else(|error| panic!("{}: {error}", entry.name))
}

/// An array of floats of either width, one row a row of the batch.
fn read_floats(file: &str) -> Array2<f64> {
    let open = || File::open(zoo().join(file)).unwrap();
    Array2::<f32>::read_npy(open())
        .map(|array| array.mapv(f64::from))
        .or_else(|_| Array2::<f64>::read_npy(open()))
        .or_else(|_| {
            Array1::<f32>::read_npy(open())
                .map(|array| array.mapv(f64::from).insert_axis(ndarray::Axis(1)))
        })
        .unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn float_evaluation_agrees_with_onnxruntime() {
    for entry in entries() {
        let graph = import(&entry);
        let inputs = read_floats(&entry.files.inputs);
        let expected = read_floats(&entry.files.expected);
        assert_eq!(inputs.nrows(), entry.rows, "{}", entry.name);
        let is_scores = |kind: &OutputKind| matches!(kind, OutputKind::Numbers { .. });
        let scores_at = graph.outputs.iter().position(|output| is_scores(&output.kind)).unwrap();
        let mut worst = 0.0_f64;
        for (row, expected) in inputs.rows().into_iter().zip(expected.rows()) {
            let outputs = evaluate(&graph, &row.to_vec()).unwrap();
            let scores = &outputs[scores_at];
            assert_eq!(scores.len(), expected.len(), "{}", entry.name);
            // Near 0 a score's rounding errors are those of the row's largest.
            let largest = expected.iter().fold(0.0_f64, |largest, score| largest.max(score.abs()));
            for (score, expected) in scores.iter().zip(expected) {
                let allowed = 1e-4 * expected.abs() + 1e-5 * largest + 1e-7;
                worst = worst.max((score - expected).abs() / allowed);
            }
        }
        assert!(worst < 1.0, "{}: {worst} times the tolerance", entry.name);
    }
}

#[test]
fn labels_equal_onnxruntimes() {
    let mut n_models = 0;
    for entry in entries() {
        let Some(file) = &entry.files.expected_label else {
            continue;
        };
        n_models += 1;
        let graph = import(&entry);
        let is_label = |kind: &OutputKind| matches!(kind, OutputKind::Label(_));
        let at = graph.outputs.iter().position(|output| is_label(&output.kind)).unwrap();
        let OutputKind::Label(Labels::Ints(labels)) = &graph.outputs[at].kind else {
            panic!("{}: labels are not integers", entry.name);
        };
        let inputs = read_floats(&entry.files.inputs);
        let expected = Array1::<i64>::read_npy(File::open(zoo().join(file)).unwrap()).unwrap();
        assert_eq!(expected.len(), inputs.nrows());
        for (row, expected) in inputs.rows().into_iter().zip(&expected) {
            let outputs = evaluate(&graph, &row.to_vec()).unwrap();
            assert_eq!(labels[outputs[at][0] as usize], *expected, "{}", entry.name);
        }
    }
    assert_eq!(n_models, 9);
}

#[test]
fn simplified_models_agree_with_the_models() {
    for entry in entries() {
        let graph = import(&entry);
        let simple = passes::simplify(graph.clone());
        let label = passes::label_only(&graph);
        assert_eq!(label.is_some(), entry.files.expected_label.is_some(), "{}", entry.name);
        let label_at = |graph: &Graph| {
            graph.outputs.iter().position(|output| matches!(output.kind, OutputKind::Label(_)))
        };
        for row in read_floats(&entry.files.inputs).rows() {
            let row = row.to_vec();
            let wanted = evaluate(&graph, &row).unwrap();
            let found = evaluate(&simple, &row).unwrap();
            for (wanted, found) in wanted.iter().flatten().zip(found.iter().flatten()) {
                let error = (wanted - found).abs() / wanted.abs().max(1.0);
                assert!(error < 1e-4, "{}: {wanted} became {found}", entry.name);
            }
            if let (Some(label), Some(at)) = (&label, label_at(&graph)) {
                assert_eq!(evaluate(label, &row).unwrap()[0], wanted[at], "{}", entry.name);
            }
        }
    }
}

#[test]
fn summaries_say_what_the_zoo_says() {
    for entry in entries() {
        let bytes = std::fs::read(zoo().join(&entry.files.model)).unwrap();
        let summary = onnx::inspect(&bytes).unwrap();
        assert_eq!(summary.problem, None, "{}", entry.name);
        assert!(summary.unsupported.is_empty(), "{}", entry.name);
        // The zoo does not count the scalar 1 that the pipelines keep as an initialiser.
        assert!(summary.parameters.abs_diff(entry.params) <= 1, "{}", entry.name);
        assert!(summary.nodes.iter().all(|node| node.known), "{}", entry.name);
    }
}
