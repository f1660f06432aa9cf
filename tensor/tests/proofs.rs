//! Proofs of models on the engine: what verifies, and what does not.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use common::{graph, zoo};
use nilometer_stark::{Blake3, Level, Poseidon, Target};
use nilometer_tensor::{compile, ModelKey};
use nilometer_tensor_air::{verify, Felt, Instance, Key, ModelVerifyError};
use nilometer_transpiler::graph::Aggregate;
use nilometer_transpiler::quant::{
    Branch, KeyTest, QuantGraph, QuantOp, QuantTree, QuantTreeNode, QuantTrees, Range, Table,
    TableFunction,
};
use winter_math::FieldElement;

fn key(graph: &QuantGraph, batch: usize) -> ModelKey<Blake3> {
    ModelKey::new(compile(graph, batch).unwrap(), Target::Native).unwrap()
}

fn check(key: &Key, instance: &Instance, proof: &[u8]) -> Result<(), ModelVerifyError> {
    verify::<Blake3>(key, instance.clone(), Level::Bits100, proof)
}

/// A model of all kinds of rows: weights `w`, a threshold, a table's entry.
fn model(w: i64, threshold: i128, entry: i64) -> QuantGraph {
    let leaf = |weight| QuantTreeNode::Leaf(vec![(0, weight)]);
    let test = KeyTest::AtMost { bound: threshold, missing_fails: false };
    let branch = QuantTreeNode::Branch(Branch { feature: 0, test, on_true: 1, on_false: 2 });
    let trees = QuantTrees {
        trees: vec![QuantTree { nodes: vec![branch, leaf(5), leaf(9)] }],
        n_targets: 1,
        base: vec![0],
        aggregate: Aggregate::Sum,
        missing: None,
    };
    let mut table = Table::build(TableFunction::Tanh, Range { lo: -100, hi: 100 }, 4, 10, 16);
    table.segments[0].1 += entry;
    graph(
        &[(-100, 100), (-100, 100)],
        &[
            (QuantOp::Dense { weights: vec![w, 2, 3, -4], bias: vec![1, 2] }, &[0]),
            (QuantOp::Relu, &[1]),
            (QuantOp::Lookup(table), &[0]),
            (QuantOp::Trees(trees), &[0]),
            (QuantOp::Concat, &[2, 3, 4]),
            (QuantOp::ArgMax { select_last: false }, &[5]),
        ],
        &[5],
    )
}

#[test]
fn a_proof_verifies_and_is_about_one_claim() {
    let key = key(&model(7, 3, 0), 1);
    let (instance, proof) = key.prove(&[vec![5, -6]], Level::Bits100, &|_| {}).unwrap();
    println!("{} rows, {} bytes", key.key().n_rows, proof.len());
    assert_eq!(check(key.key(), &instance, &proof), Ok(()));
    assert_eq!(Key::from_bytes(&key.key().to_bytes()).unwrap(), *key.key());
    for element in 0..instance.outputs[0].len() {
        let mut other = instance.clone();
        other.outputs[0][element] += Felt::ONE;
        assert!(matches!(check(key.key(), &other, &proof), Err(ModelVerifyError::Proof(_))));
    }
    for element in 0..2 {
        let mut other = instance.clone();
        other.inputs[0][element] += Felt::ONE;
        assert!(matches!(check(key.key(), &other, &proof), Err(ModelVerifyError::Proof(_))));
    }
    let mut other = instance.clone();
    other.inputs[0][0] = Felt::from(101_u64);
    let range = ModelVerifyError::Range { row: 0, feature: 0 };
    assert_eq!(check(key.key(), &other, &proof), Err(range));
    other.inputs[0].pop();
    assert!(matches!(check(key.key(), &other, &proof), Err(ModelVerifyError::Form { .. })));
    let level = verify::<Blake3>(key.key(), instance.clone(), Level::Bits128, &proof);
    assert!(matches!(level, Err(ModelVerifyError::Proof(_))));
    let hash = verify::<Poseidon>(key.key(), instance.clone(), Level::Bits100, &proof);
    assert!(matches!(hash, Err(ModelVerifyError::Hash { .. })));
    for place in (0..proof.len()).step_by(proof.len() / 60) {
        let mut other = proof.clone();
        other[place] ^= 1;
        assert!(check(key.key(), &instance, &other).is_err(), "byte {place}");
    }
}

#[test]
fn one_models_proof_fails_with_anothers_key() {
    let own = key(&model(7, 3, 0), 1);
    // Neither difference shows in this row's results.
    let row = vec![0, -6];
    let (instance, proof) = own.prove(std::slice::from_ref(&row), Level::Bits100, &|_| {}).unwrap();
    assert_eq!(check(own.key(), &instance, &proof), Ok(()));
    for (what, other) in
        [("weight", model(8, 3, 0)), ("threshold", model(7, 4, 0)), ("table entry", model(7, 3, 1))]
    {
        let other = key(&other, 1);
        let (theirs, _) = other.prove(std::slice::from_ref(&row), Level::Bits100, &|_| {}).unwrap();
        assert_eq!(theirs.outputs, instance.outputs, "{what}");
        assert_ne!(own.key().hash(), other.key().hash(), "{what}");
        let verdict = check(other.key(), &instance, &proof);
        assert!(matches!(verdict, Err(ModelVerifyError::Proof(_))), "{what}: {verdict:?}");
    }
}

#[test]
fn rows_of_a_batch_have_one_proof() {
    let key = key(&model(7, 3, 0), 3);
    let rows = [vec![5, -6], vec![-100, 100], vec![0, 0]];
    let (instance, proof) = key.prove(&rows, Level::Bits100, &|_| {}).unwrap();
    assert_eq!(check(key.key(), &instance, &proof), Ok(()));
    let mut swapped = instance.clone();
    swapped.outputs.swap(0, 1);
    assert!(matches!(check(key.key(), &swapped, &proof), Err(ModelVerifyError::Proof(_))));
    let fewer = Instance {
        inputs: instance.inputs[..2].to_vec(),
        outputs: instance.outputs[..2].to_vec(),
        ..instance
    };
    assert!(matches!(check(key.key(), &fewer, &proof), Err(ModelVerifyError::Form { .. })));
}

#[test]
fn a_proof_with_poseidon() {
    let compiled = compile(&model(7, 3, 0), 1).unwrap();
    let key = ModelKey::<Poseidon>::new(compiled, Target::Starknet).unwrap();
    let (instance, proof) = key.prove(&[vec![5, -6]], Level::Bits100, &|_| {}).unwrap();
    assert_eq!(verify::<Poseidon>(key.key(), instance, Level::Bits100, &proof), Ok(()));
}

#[test]
fn zoo_models_are_proved() {
    for name in ["mlp_iris_4_16_3_softmax", "tree_iris_dt4_zipmap", "rockybot"] {
        let (graph, rows) = zoo(name);
        let key = key(&graph, 1);
        let (instance, proof) = key.prove(&rows[..1], Level::Bits100, &|_| {}).unwrap();
        println!("{name}: {} rows, {} bytes", key.key().n_rows, proof.len());
        assert_eq!(check(key.key(), &instance, &proof), Ok(()), "{name}");
    }
}
