//! The models of the zoo on a node: published, called, held against the reference, measured.

use std::time::{Duration, Instant};

use nilometer_cairo::compile_contract;
use nilometer_starknet::registry::predict_call;
use nilometer_starknet::types::{NewModel, NewVersion};
use nilometer_starknet::{Class, Event, Felt, Registry};
use nilometer_transpiler::plan::{choose_shapes, PlanOptions};

use crate::chain::{text, World, ALICE, PUBLISHER};
use crate::zoo::{self, Model};

/// Rows of the claim of several.
const BATCH: usize = 8;

/// What a model costs on chain.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The model.
    pub name: String,
    /// Felts of the contract's bytecode.
    pub bytecode_len: usize,
    /// Felts of its Sierra program.
    pub sierra_len: usize,
    /// Bytes of its class.
    pub class_len: usize,
    /// L2 gas of declaring the class.
    pub declare_gas_l2: u64,
    /// L2 gas of registering the model.
    pub register_gas_l2: u64,
    /// L2 gas of a transaction that calls the model's contract, the account's part included.
    pub predict_gas_l2: u64,
    /// The same through the registry, paid.
    pub paid_gas_l2: u64,
    /// L2 gas of a claim of one row.
    pub claim_gas_l2: u64,
    /// L2 gas of a claim of eight rows, per row.
    pub claim_row_gas_l2: u64,
    /// L2 gas of the challenge that upholds the claim of one row.
    pub challenge_gas_l2: u64,
    /// Declaring and registering.
    pub publish_time: Duration,
    /// Rows that were executed on chain and were equal to the reference.
    pub rows: usize,
}

/// Publishes a model and calls it on its first rows, every result held against the reference; none if its
/// class is above Starknet's limits.
pub async fn publish_and_call(world: &World, name: &str, rows: usize) -> Option<Cost> {
    let model = Model::load(name);
    let plan = model.plan(&PlanOptions::default());
    let graph = &plan.graph;
    let mut built = zoo::build(graph, None, true);
    let mut compiled = compile_contract(&built.class).unwrap();
    if !compiled.is_within_limits() {
        built = zoo::build(graph, Some(choose_shapes(graph, None, false)), true);
        compiled = compile_contract(&built.class).unwrap();
    }
    if !compiled.is_within_limits() {
        return None;
    }
    let class = Class::new(&built.class, compiled.compiled_class_hash).unwrap();
    let publisher = &world.node.accounts[PUBLISHER];
    let start = Instant::now();
    let declared = match publisher.declare(&class).await {
        Ok(declared) => declared.unwrap(),
        Err(error) => panic!("{name} ({} bytes): {error}", compiled.class_len),
    };
    let new = NewModel {
        name: name.to_owned(),
        kind: text("zoo"),
        licence: text("MIT"),
        price: 10,
        bond: 0,
    };
    let first = NewVersion {
        class_hash: class.class_hash,
        model_hash: graph.model_hash(),
        program_hash: built.program.hash(),
        metadata_uri: String::new(),
        metadata_hash: 0_u64.into(),
        challenge_gas: 0,
    };
    let registry: Registry = world.registry;
    let registered = world.run(PUBLISHER, registry.register(&new, &first)).await;
    let publish_time = start.elapsed();
    let (id, contract) = world
        .events(&registered)
        .into_iter()
        .find_map(|event| match event {
            Event::VersionPublished { model_id, contract, .. } => Some((model_id, contract)),
            _ => None,
        })
        .unwrap();

    let mut cost = Cost {
        name: name.to_owned(),
        bytecode_len: compiled.bytecode_len,
        sierra_len: compiled.sierra_len,
        class_len: compiled.class_len,
        declare_gas_l2: declared.fee.gas_l2,
        register_gas_l2: registered.fee.gas_l2,
        predict_gas_l2: 0,
        paid_gas_l2: 0,
        claim_gas_l2: 0,
        claim_row_gas_l2: 0,
        challenge_gas_l2: 0,
        publish_time,
        rows: 0,
    };
    let felts = |row: &[i128]| row.iter().map(|&x| Felt::from(x)).collect::<Vec<_>>();
    for row in model.inputs.iter().take(rows) {
        let input = graph.input.encode(row).unwrap();
        let (input, expected) = (felts(&input), felts(&graph.run(&input)));
        let receipt = world.run(ALICE, registry.call(id, 1, &input, 10)).await;
        let events = world.events(&receipt);
        let [Event::Called { output, .. }] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(*output, expected, "{name}: the chain gives the reference's integers");
        cost.paid_gas_l2 = cost.paid_gas_l2.max(receipt.fee.gas_l2);
        let alone = world.run(ALICE, predict_call(contract, &input)).await;
        cost.predict_gas_l2 = cost.predict_gas_l2.max(alone.fee.gas_l2);
        cost.rows += 1;
        if cost.rows == rows {
            let claimed = world.run(ALICE, registry.claim(id, 1, &input, &expected, 100)).await;
            let claim_id = registry.totals(&world.node.chain).await.unwrap().n_claims;
            let challenge = world.challenge(claim_id, &input).await;
            let challenged = world.run(PUBLISHER, challenge).await;
            let inputs = vec![input.clone(); BATCH];
            let outputs = vec![expected.clone(); BATCH];
            let batch = registry.claim_batch(id, 1, &inputs, &outputs, 100);
            let batch = world.run(ALICE, batch).await;
            cost.claim_row_gas_l2 = batch.fee.gas_l2 / BATCH as u64;
            let upheld = world.events(&challenged);
            assert!(matches!(upheld[0], Event::Upheld { .. }), "{name}: {upheld:?}");
            cost.claim_gas_l2 = claimed.fee.gas_l2;
            cost.challenge_gas_l2 = challenged.fee.gas_l2;
        }
    }
    Some(cost)
}

/// The costs as a Markdown table.
pub fn markdown(costs: &[Cost]) -> String {
    let mut text = String::from(
        "| model | bytecode, felts | Sierra, felts | class, bytes | declare | register | predict | paid call | claim | claim of 8, per row | challenge |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let millions = |gas: u64| format!("{:.2}M", gas as f64 / 1e6);
    for cost in costs {
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
            cost.name,
            cost.bytecode_len,
            cost.sierra_len,
            cost.class_len,
            millions(cost.declare_gas_l2),
            millions(cost.register_gas_l2),
            millions(cost.predict_gas_l2),
            millions(cost.paid_gas_l2),
            millions(cost.claim_gas_l2),
            millions(cost.claim_row_gas_l2),
            millions(cost.challenge_gas_l2),
        );
    }
    text
}

/// The costs as JSON, a list.
pub fn json(costs: &[Cost]) -> String {
    let rows = costs.iter().map(|cost| {
        format!(
            "  {{\"model\": \"{}\", \"bytecode_felts\": {}, \"sierra_felts\": {}, \"class_bytes\": {}, \"declare_gas_l2\": {}, \
             \"register_gas_l2\": {}, \"predict_gas_l2\": {}, \"paid_call_gas_l2\": {}, \"claim_gas_l2\": {}, \
             \"claim_row_gas_l2\": {}, \"challenge_gas_l2\": {}, \"publish_ms\": {}, \"rows\": {}}}",
            cost.name,
            cost.bytecode_len,
            cost.sierra_len,
            cost.class_len,
            cost.declare_gas_l2,
            cost.register_gas_l2,
            cost.predict_gas_l2,
            cost.paid_gas_l2,
            cost.claim_gas_l2,
            cost.claim_row_gas_l2,
            cost.challenge_gas_l2,
            cost.publish_time.as_millis(),
            cost.rows,
        )
    });
    format!("[\n{}\n]\n", rows.collect::<Vec<_>>().join(",\n"))
}
