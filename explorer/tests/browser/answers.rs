//! Answers of the tests' models, and claims about them.

use nilometer_explorer::view::*;
use nilometer_transpiler::graph::{Labels, OutputKind};
use nilometer_transpiler::quant::{QuantGraph, QuantOp};

use crate::samples::{DIGEST, HASH, HOSTILE, OTHER, OWNER, START, STRK};
use crate::world::Sample;

pub fn contract(version: &VersionView) -> ContractView {
    let is_hostile = version.model_id == 4;
    let entry = |name: &str, inputs: &[&str], outputs: &[&str]| Entry {
        name: name.to_owned(),
        inputs: inputs.iter().map(|text| (*text).to_owned()).collect(),
        outputs: outputs.iter().map(|text| (*text).to_owned()).collect(),
        is_view: true,
    };
    let span = "core::array::Span::<core::felt252>";
    ContractView {
        address: version.contract.clone(),
        class_hash: version.class_hash.clone(),
        actual_class_hash: Some(if is_hostile { OTHER } else { HASH }.to_owned()),
        class_unchanged: Some(!is_hostile),
        system_calls: Some(if is_hostile { vec![HOSTILE.to_owned()] } else { vec![] }),
        entries: vec![
            entry("predict", &[&format!("input: {span}")], &[span]),
            entry("model_hash", &[], &["core::felt252"]),
            entry(if is_hostile { HOSTILE } else { "schema" }, &[], &[span]),
            entry("version", &[], &["core::felt252"]),
        ],
        abi: Some(format!(
            "[\n  {{ \"type\": \"function\", \"name\": \"{}\" }}\n]",
            if is_hostile { HOSTILE } else { "predict" }
        )),
        trouble: None,
    }
}

/// A graph's results as pages show them.
pub fn outputs(graph: &QuantGraph, integers: &[i128]) -> Vec<OutputView> {
    let prediction = graph.interpret(integers.to_vec());
    let mut rest = integers;
    let outputs = graph.outputs.iter().zip(prediction.outputs).map(|(output, values)| {
        let (these, others) = rest.split_at(values.len());
        rest = others;
        let names = |labels: &Labels| match labels {
            Labels::Ints(list) => list.iter().map(ToString::to_string).collect(),
            Labels::Strings(list) => list.clone(),
        };
        let (is_label, classes) = match &output.kind {
            OutputKind::Label(labels) => (true, names(labels)),
            OutputKind::Numbers { classes } => {
                (false, classes.as_ref().map(names).unwrap_or_default())
            }
        };
        OutputView {
            name: output.name.clone(),
            is_label,
            integers: these.iter().map(ToString::to_string).collect(),
            is_probabilities: false,
            values,
            classes,
        }
    });
    outputs.collect()
}

pub fn prediction(
    sample: &Sample,
    graph: &QuantGraph,
    row: Vec<Option<f64>>,
) -> Result<Prediction, ApiError> {
    let floats: Vec<f64> = row.iter().map(|value| value.unwrap_or(f64::NAN)).collect();
    let refused = |message: String| ApiError::new(ErrorKind::BadRequest, message);
    let input = graph.input.encode(&floats).map_err(|error| refused(error.to_string()))?;
    let integers = graph.run(&input);
    let newest = sample.detail.newest().unwrap();
    let paths = graph.nodes.iter().find_map(|node| match &node.op {
        QuantOp::Trees(trees) => {
            let forest = nilometer_explorer::draw::tree::Forest::of(graph).unwrap();
            Some((0..trees.trees.len()).map(|tree| forest.path(tree, &input)).collect::<Vec<_>>())
        }
        _ => None,
    });
    let step = |node| TreeStep { node, feature: None, threshold: None, test: None, holds: None };
    Ok(Prediction {
        model_id: newest.model_id,
        version: newest.version,
        contract: newest.contract.clone(),
        input: row,
        input_int: input.iter().map(ToString::to_string).collect(),
        input_hash: HASH.to_owned(),
        outputs: outputs(graph, &integers),
        output_hash: HASH.to_owned(),
        label: graph.interpret(integers).label.map(|(_, name)| name),
        block: Some(20_481),
        gas_l2: Some(870_380),
        price: sample.detail.summary.price,
        paths: paths
            .unwrap_or_default()
            .into_iter()
            .map(|path| path.into_iter().map(step).collect())
            .collect(),
        matches_description: Some(true),
        evidence: "Simulated by the node and not verified: no transaction was sent.".to_owned(),
    })
}

/// A stand-in for the verifier: these tests are about pages.
pub fn verification(sample: &Sample, proof: &[u8]) -> Verification {
    let valid = proof == b"good";
    let tampered = proof.starts_with(b"good");
    let graph = sample.graph.as_ref().unwrap();
    let check = |meaning: &str, passed| Check {
        what: "x".to_owned(),
        meaning: meaning.to_owned(),
        passed,
        expected: HASH.to_owned(),
        actual: if passed { HASH } else { OTHER }.to_owned(),
    };
    let mut checks = vec![];
    if tampered {
        checks.push(check("The file is a proof of a format that is known.", true));
        checks.push(check("The program is the registered one.", true));
        checks.push(check("The STARK proof holds for this claim.", valid));
    }
    let row = vec![0.0; graph.input_len()];
    let input = graph.input.encode(&row).unwrap();
    let reason = match (valid, tampered) {
        (true, _) => None,
        (_, true) => {
            Some("the proof does not hold: the constraints' evaluations do not agree".to_owned())
        }
        _ => Some("the file is not a proof: it does not start with the format's mark".to_owned()),
    };
    Verification {
        valid,
        trust: valid.then_some(Trust::Proved),
        reason,
        model_id: sample.detail.summary.id,
        version: 1,
        proof_hash: DIGEST.to_owned(),
        proof_bytes: proof.len(),
        checks,
        input: if valid { row } else { vec![] },
        input_int: vec![],
        input_hash: valid.then(|| HASH.to_owned()),
        outputs: if valid { outputs(graph, &graph.run(&input)) } else { vec![] },
        output_hash: valid.then(|| HASH.to_owned()),
        label: if valid {
            graph.interpret(graph.run(&input)).label.map(|(_, name)| name)
        } else {
            None
        },
        program_hash: HASH.to_owned(),
        options: valid.then(|| ProofOptionsView {
            security: "100 bits proven".to_owned(),
            proven_bits: 100,
            rows: 8_192,
            queries: 81,
            blowup: 4,
            grinding_bits: 20,
        }),
        contract_agrees: valid.then_some(true),
        records: if valid { vec![1] } else { vec![] },
        verify_ms: 10.13,
    }
}

fn results(sample: &Sample) -> (Vec<OutputView>, Option<String>) {
    match &sample.graph {
        Some(graph) => {
            let input = graph.input.encode(&vec![0.5; graph.input_len()]).unwrap();
            let integers = graph.run(&input);
            let label = graph.interpret(integers.clone()).label.map(|(_, name)| name);
            (outputs(graph, &integers), label)
        }
        None => (vec![], None),
    }
}

pub fn claim(models: &[Sample], id: u64) -> ClaimView {
    let status = ClaimStatus::ALL[(id - 1) as usize];
    let sample = &models[(id % 4) as usize];
    let (outputs, label) = results(sample);
    let settled = !matches!(status, ClaimStatus::Open | ClaimStatus::Contested);
    let event = |name: &str, after: u64| ClaimEvent {
        name: name.to_owned(),
        by: Some(OTHER.to_owned()),
        at: START + after,
        block: 20_000 + id,
        tx_hash: HASH.to_owned(),
    };
    let mut events = vec![event("Claimed", 0)];
    if settled {
        events.push(event("Refuted", 600));
    }
    ClaimView {
        id,
        model_id: sample.detail.summary.id,
        model_name: sample.detail.summary.name.clone(),
        version: 1,
        status,
        trust: status.trust(),
        claimant: OWNER.to_owned(),
        contester: (status == ClaimStatus::Contested).then(|| OTHER.to_owned()),
        challenger: (status == ClaimStatus::Refuted).then(|| OTHER.to_owned()),
        bond: Amount(10 * STRK),
        reward: Amount(if status == ClaimStatus::Refuted { 8 * STRK } else { 0 }),
        burnt: Amount(if status == ClaimStatus::Refuted { 2 * STRK } else { 0 }),
        refused: false,
        claimed_at: START,
        deadline: START + 3_600,
        expired: true,
        settled_at: settled.then_some(START + 600),
        input_hash: HASH.to_owned(),
        executed_output_hash: (status == ClaimStatus::Refuted).then(|| HASH.to_owned()),
        input_int: vec!["1".to_owned(); 4],
        input: vec![5.1, 3.5, 1.4, 0.2],
        outputs,
        label,
        events,
    }
}

pub fn proofs(model_id: u64) -> Vec<ProofView> {
    let proof = |id: u64| ProofView {
        id,
        model_id,
        model_name: "x".to_owned(),
        version: 1,
        recorder: OWNER.to_owned(),
        proof_hash: DIGEST.to_owned(),
        input_hash: HASH.to_owned(),
        output_hash: HASH.to_owned(),
        security_bits: 100,
        format_version: 1,
        recorded_at: START,
        tx_hash: HASH.to_owned(),
        trust: if id == 1 { Trust::Proved } else { Trust::Claimed },
        checked: (id == 1).then_some(CheckedHere { at: START, proven_bits: 100 }),
    };
    vec![proof(2), proof(1)]
}

pub fn calls(sample: &Sample) -> Vec<CallView> {
    let (outputs, label) = results(sample);
    let count = sample.detail.summary.activity.calls.min(60);
    let call = |id: u64| CallView {
        id,
        model_id: sample.detail.summary.id,
        version: 1,
        caller: if id.is_multiple_of(3) { OWNER } else { OTHER }.to_owned(),
        price: sample.detail.summary.price,
        input_hash: HASH.to_owned(),
        outputs: outputs.clone(),
        label: label.clone(),
        at: START + id * 600,
        block: 20_000 + id,
        tx_hash: HASH.to_owned(),
        gas_l2: id.is_multiple_of(2).then_some(5_165_300),
        trust: Trust::Executed,
    };
    (1..=count).rev().map(call).collect()
}

pub fn usage(sample: &Sample) -> Usage {
    let summary = &sample.detail.summary;
    let point = |day: u64| {
        let calls = (day * 7_919 + 13) % 40;
        UsagePoint {
            start: START - 864_000 + day * 86_400,
            calls,
            revenue: Amount(u128::from(calls) * summary.price.0.min(STRK)),
            gas_l2: calls * 5_165_300,
        }
    };
    Usage {
        model_id: summary.id,
        bucket_seconds: 86_400,
        points: if summary.activity.calls > 0 { (0..24).map(point).collect() } else { vec![] },
        calls: summary.activity.calls,
        revenue: summary.revenue,
        callers: if summary.activity.calls > 0 { 12 } else { 0 },
        mean_gas_l2: (summary.activity.calls > 0).then_some(5_165_300),
    }
}

pub fn account(address: &str, number: u32) -> AccountView {
    let credit = |n: u32| CreditView {
        amount: Amount(STRK / 100 * u128::from(n)),
        withdrawn: n.is_multiple_of(5),
        at: START - u64::from(n) * 3_600,
        block: 20_000 - u64::from(n),
        tx_hash: HASH.to_owned(),
    };
    AccountView {
        address: address.to_owned(),
        models: 2,
        calls: 17,
        claims: 1,
        credited: Amount(4 * STRK),
        withdrawn: Amount(STRK),
        balance: Amount(3 * STRK),
        credits: Page {
            items: (1..=12).map(credit).collect(),
            total: 12,
            page: number,
            per_page: 20,
        },
    }
}
