//! The contract, as a program, and the Rust verifier say the same of proofs and of what is not one.

use std::sync::OnceLock;

use nilometer_stark::verify::Tree;
use nilometer_stark::{Level, VerifyError};
use nilometer_tensor_air::{Felt, ModelVerifyError};
use nilometer_tests::model_proofs::{model_key, verifier, Proved};
use nilometer_tests::zoo::Model;
use nilometer_transpiler::plan::PlanOptions;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A proof about the first rows of a model of the zoo.
pub fn prove(name: &str, batch: usize, level: Level) -> Proved {
    let model = Model::load(name);
    let graph = model.plan(&PlanOptions::default()).graph;
    let rows: Vec<_> =
        model.inputs.iter().take(batch).map(|row| graph.input.encode(row).unwrap()).collect();
    Proved::new(&model_key(&graph, batch), &rows, level)
}

fn small() -> &'static Proved {
    static PROVED: OnceLock<Proved> = OnceLock::new();
    PROVED.get_or_init(|| prove("mlp_iris_4_16_3", 1, Level::Bits100))
}

fn accepted(proved: &Proved) {
    assert_eq!(proved.verify(), Ok(()));
    assert_eq!(verifier().run(&proved.arguments()), Ok(proved.fact()));
}

#[test]
fn proofs_are_accepted() {
    accepted(small());
    accepted(&prove("rockybot", 1, Level::Bits100));
    accepted(&prove("rockybot", 1, Level::Bits128));
}

#[test]
fn a_batch_is_accepted() {
    accepted(&prove("mlp_iris_4_16_3", 7, Level::Bits100));
}

#[test]
fn a_long_trace_is_accepted() {
    accepted(&prove("tree_wine_rf10", 8, Level::Bits100));
}

#[test]
fn queries_that_share_a_leaf_are_accepted() {
    // Two of 23 queries are in one leaf of FRI's first layer in about one of 30 proofs.
    let model = Model::load("tree_iris_dt4");
    let graph = model.plan(&PlanOptions::default()).graph;
    let key = model_key(&graph, 1);
    let rows = model.inputs.iter().map(|row| graph.input.encode(row).unwrap());
    let shared = rows.cycle().zip(0..300).find_map(|(mut row, i)| {
        row[0] += i / 100;
        let proved = Proved::new(&key, &[row], Level::Bits100);
        let functions = verifier().functions(&proved.arguments());
        functions.iter().any(|name| name.contains("many_known")).then_some(proved)
    });
    accepted(&shared.expect("one of 300 proofs"));
}

/// The contract's word for a refusal, where it has one.
fn word(error: &ModelVerifyError) -> Option<&'static str> {
    let ModelVerifyError::Proof(error) = error else { return None };
    Some(match error {
        VerifyError::Truncated { .. } => "proof: too short",
        VerifyError::Word { .. } => "proof: nonce",
        VerifyError::Trailing { .. } => "proof: too long",
        VerifyError::Constraints => "proof: constraints",
        VerifyError::Work { .. } => "proof: work",
        VerifyError::Opening { tree: Tree::Preprocessed } => "proof: rows of the key",
        VerifyError::Opening { tree: Tree::Main } => "proof: main rows",
        VerifyError::Opening { tree: Tree::Aux } => "proof: auxiliary rows",
        VerifyError::Opening { tree: Tree::Quotient } => "proof: quotient rows",
        VerifyError::Layer { .. } => "proof: FRI layer",
        VerifyError::Remainder => "proof: FRI remainder",
        VerifyError::Collision(_) | VerifyError::Point | VerifyError::Layout(_) => return None,
    })
}

/// Both refuse, for the same reason.
fn refused(proved: &Proved, what: &str) -> String {
    let error = proved.verify().expect_err(what);
    let said = verifier().run(&proved.arguments()).expect_err(what);
    if let Some(word) = word(&error) {
        assert_eq!(said, word, "{what}: {error}");
    }
    assert!(["key: ", "claim: ", "proof: "].iter().any(|kind| said.starts_with(kind)), "{said}");
    said
}

/// Changes one thing.
fn mutate(proved: &Proved, random: &mut StdRng) -> Proved {
    let mut other = proved.clone();
    let mut felts = proved.felts();
    let at = random.random_range(0..felts.len());
    let one = Felt::from(1_u64);
    match random.random_range(0..16) {
        0..4 => felts[at] += one,
        4 => felts[at] = -felts[at],
        5 => felts[at] = Felt::from(random.random::<u128>()),
        6 => felts.truncate(at),
        7 => felts.insert(at, felts[at]),
        8 => felts.insert(at, Felt::default()),
        9 => drop(felts.remove(at)),
        10 => {
            let with = random.random_range(0..felts.len());
            felts.swap(at, with);
        }
        11 => felts.push(Felt::from(random.random::<u64>())),
        // The parts before the rows are few.
        12 => felts[random.random_range(0..150)] += one,
        13 => match random.random_range(0..6) {
            0 => other.instance.inputs[0][0] += one,
            1 => other.instance.outputs[0][0] += one,
            2 => other.instance.outputs[0].push(Felt::default()),
            3 => drop(other.instance.outputs[0].pop()),
            4 => drop(other.instance.inputs[0].pop()),
            _ => other.instance.inputs[0].swap(0, 1),
        },
        14 => match random.random_range(0..5) {
            0 => other.key.root[random.random_range(0..31)] ^= 1,
            1 => {
                other.key.n_rows *= 2;
                other.instance.n_rows *= 2;
            }
            2 => other.key.batch += 1,
            3 => {
                let at = random.random_range(0..other.key.schema.len());
                other.key.schema[at] += one;
            }
            _ => other.level = Level::Bits128,
        },
        _ => {
            let count = random.random_range(1..8).min(felts.len() - at);
            felts[at..at + count].reverse();
        }
    }
    other.set_felts(&felts);
    other
}

/// Mutants of a proof.
pub fn mutants(proved: &Proved, count: usize, seed: u64) -> Vec<Proved> {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(|_| mutate(proved, &mut random)).collect()
}

/// Both say the same of mutants of a proof.
fn agree(proved: &Proved, count: usize, seed: u64) {
    let mut reasons = std::collections::BTreeMap::<String, usize>::new();
    for (i, mutant) in mutants(proved, count, seed).into_iter().enumerate() {
        let same = mutant.arguments() == proved.arguments();
        if same || mutant.verify().is_ok() {
            // A range that a mutant widens is part of the key, not of the proof.
            accepted(&mutant);
            *reasons.entry("accepted".into()).or_default() += 1;
            continue;
        }
        let reason = refused(&mutant, &format!("mutant {i} of seed {seed}"));
        *reasons.entry(reason).or_default() += 1;
    }
    for reason in ["proof: constraints", "proof: too short", "proof: too long", "proof: main rows"]
    {
        assert!(reasons.contains_key(reason), "{reason}: {reasons:?}");
    }
}

#[test]
fn they_agree_on_mutants() {
    agree(small(), 200, 1);
}

#[test]
#[ignore = "minutes"]
fn they_agree_on_2_000_mutants() {
    agree(small(), 1_000, 2);
    agree(&prove("mlp_iris_4_16_3", 3, Level::Bits100), 500, 3);
    agree(&prove("tree_wine_rf10", 1, Level::Bits100), 500, 4);
}

#[test]
fn every_felt_of_a_proof_counts() {
    let proved = small();
    let felts = proved.felts();
    let one = Felt::from(1_u64);
    let mut reasons = std::collections::BTreeSet::new();
    for at in (0..felts.len()).step_by(if felts.len() > 500 { 61 } else { 1 }) {
        let mut other = felts.clone();
        other[at] += one;
        let mut mutant = proved.clone();
        mutant.set_felts(&other);
        reasons.insert(refused(&mutant, &format!("felt {at}")));
    }
    assert!(reasons.contains("proof: FRI layer"), "{reasons:?}");
}

/// The first run's bounds in a schema.
const LO: usize = 5;
/// See [`LO`].
const HI: usize = 6;

#[test]
fn keys_and_claims_that_could_mislead() {
    let one = Felt::from(1_u64);
    let two_127 = Felt::from(1_u128 << 127);
    let two_128 = two_127 + two_127;
    let change = |change: &dyn Fn(&mut Proved)| {
        let mut other = small().clone();
        change(&mut other);
        other
    };
    let key = |at: usize, value: Felt| change(&|other| other.key.schema[at] = value);
    let input = |value: Felt| change(&|other| other.instance.inputs[0][0] = value);
    let schema = &small().key.schema;
    let (lo, hi) = (schema[LO], schema[HI]);

    // Wider ranges and other names are another key, about which the same is true.
    let wider = key(HI, hi + one);
    accepted(&wider);
    assert_ne!(wider.fact()[0], small().fact()[0]);
    let mut renamed = small().clone();
    renamed.key.schema.push(one);
    accepted(&renamed);
    assert_ne!(renamed.fact()[0], small().fact()[0]);

    let out_of_range = "claim: input out of range";
    for value in [lo - one, hi + one, lo - two_128, hi + two_128, -two_128, two_127] {
        assert_eq!(refused(&input(value), "an input out of range"), out_of_range);
    }
    let reversed = change(&|other| other.key.schema.swap(LO, HI));
    assert_eq!(refused(&reversed, "lo above hi"), out_of_range);

    let malformed = "key: malformed schema";
    for (at, value) in [
        (0, Felt::default()),
        (0, one + one + one),
        (1, Felt::from(schema.len() as u64 - 2) * Felt::from(5_u64).inverse()),
        (1, -one),
        (2, -one),
        (LO, -two_127),
        (LO, two_127),
        (HI, two_127),
        (HI, two_128),
    ] {
        assert_eq!(refused(&key(at, value), "a schema"), malformed, "{at}");
    }

    // No features, and many rows of nothing.
    let nothing = change(&|other| {
        other.key.schema = vec![one, Felt::default()];
        other.key.batch = 512;
        other.instance.inputs = vec![vec![]; 512];
        other.instance.outputs = vec![vec![]; 512];
    });
    assert_eq!(refused(&nothing, "no features"), "claim: number of inputs");
    for rows in [0, 256, 1000, 1 << 23] {
        let other = change(&|other| {
            other.key.n_rows = rows;
            other.instance.n_rows = rows;
        });
        let said = refused(&other, "rows of trace");
        assert!(
            ["key: no such parameters", "proof: constraints"].contains(&said.as_str()),
            "{said}"
        );
    }
}
