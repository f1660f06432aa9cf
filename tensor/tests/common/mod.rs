//! Models by hand and of the zoo, and traces of them.

#![allow(dead_code, reason = "each test uses a part")]

use std::fs;

use nilometer_stark::prove::{failures, Failure};
use nilometer_stark::{Air, Columns};
use nilometer_tensor::{auxiliary, compile, Compiled, Witness};
use nilometer_tensor_air::{Felt, Instance, ModelAir};
use nilometer_test_support::zoo::{folder, rows};
use nilometer_transpiler::graph::OutputKind;
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};
use nilometer_transpiler::quant::{
    Encoding, QuantGraph, QuantInput, QuantNode, QuantOp, QuantOutput, Range,
};
use nilometer_transpiler::{onnx, passes};

/// A graph of operations on earlier nodes over inputs in `ranges`; the last node and those in `shown` are
/// outputs.
pub fn graph(
    ranges: &[(i128, i128)],
    nodes: &[(QuantOp, &[usize])],
    shown: &[usize],
) -> QuantGraph {
    let node = |(op, inputs): &(QuantOp, &[usize])| QuantNode {
        name: String::new(),
        op: op.clone(),
        inputs: inputs.to_vec(),
        scale_log2: 0,
        ranges: Vec::new(),
        error: None,
    };
    let input = (QuantOp::Input, &[][..]);
    let nodes: Vec<QuantNode> = [input].iter().chain(nodes).map(node).collect();
    let output = |value: usize| QuantOutput {
        name: format!("y{value}"),
        value,
        kind: OutputKind::Numbers { classes: None },
    };
    let outputs = shown.iter().copied().chain([nodes.len() - 1]).map(output).collect();
    let input = QuantInput {
        name: "x".into(),
        encoding: Encoding::Fixed { scale_log2: vec![0; ranges.len()] },
        ranges: ranges.iter().map(|&(lo, hi)| Range { lo, hi }).collect(),
        features: vec![],
    };
    QuantGraph { name: "test".into(), input, nodes, outputs }.with_proved_ranges().unwrap()
}

/// Any challenges.
pub fn challenges() -> Vec<Felt> {
    (1..5_u64).map(|i| Felt::from(0x9e37_79b9_7f4a_7c15 ^ i).pow([i + 2, i, 7, 0])).collect()
}

/// The constraints that fail on columns.
pub fn check(compiled: &Compiled, instance: &Instance, main: &[Vec<Felt>]) -> Vec<Failure> {
    let air = ModelAir::new(instance.clone()).unwrap();
    let challenges = challenges();
    let derived = air.derive(&challenges).unwrap();
    let aux = auxiliary(&air, &compiled.preprocessed, main, &challenges, &derived);
    let columns = Columns { preprocessed: &compiled.preprocessed[..], main, aux: &aux[..] };
    failures(&air, columns, &challenges, &derived)
}

/// Compiles a graph, fills its trace for rows and checks it; the outputs are the reference's.
pub fn satisfied(graph: &QuantGraph, inputs: &[Vec<i128>]) -> (Compiled, Witness) {
    let compiled = compile(graph, inputs.len()).unwrap();
    satisfied_by(&compiled, inputs)
}

/// [`satisfied`] of a compiled graph.
pub fn satisfied_by(compiled: &Compiled, inputs: &[Vec<i128>]) -> (Compiled, Witness) {
    let witness = compiled.fill(inputs).unwrap();
    for (row, outputs) in inputs.iter().zip(&witness.instance.outputs) {
        let expected: Vec<Felt> = compiled.graph().run(row).into_iter().map(felt).collect();
        assert_eq!(outputs, &expected);
    }
    let failures = check(compiled, &witness.instance, &witness.main);
    let first: Vec<_> = failures.iter().take(12).collect();
    assert!(failures.is_empty(), "{} failures, {first:#?}", failures.len());
    (compiled.clone(), witness)
}

/// An integer as an element.
pub fn felt(value: i128) -> Felt {
    let magnitude = Felt::from(value.unsigned_abs());
    if value < 0 {
        -magnitude
    } else {
        magnitude
    }
}

/// A model of the zoo, quantised with the defaults, and its rows.
pub fn zoo(name: &str) -> (QuantGraph, Vec<Vec<i128>>) {
    let file = |suffix: &str| folder().join(format!("{name}{suffix}"));
    let float = passes::simplify(onnx::import(&fs::read(file(".onnx")).unwrap()).unwrap());
    let inputs = rows(&file("_inputs.npy"));
    let own = file("_calibration.npy");
    let calibration = Calibration { rows: if own.exists() { rows(&own) } else { inputs.clone() } };
    let graph = plan(&float, Some(&calibration), &PlanOptions::default()).unwrap().graph;
    let encoded = inputs.iter().map(|row| graph.input.encode(row).unwrap()).collect();
    (graph, encoded)
}
