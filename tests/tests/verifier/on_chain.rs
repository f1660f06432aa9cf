//! The contract on a node.

use nilometer_cairo::compile_contract;
use nilometer_stark::Level;
use nilometer_starknet::registry::call;
use nilometer_starknet::{ChainError, Felt};
use nilometer_tensor_air::calldata;
use nilometer_tests::chain::{block_on, Node};
use nilometer_tests::model_proofs::verifier;

use super::agreement::{mutants, prove};

/// The most L2 gas of a transaction that verifies RockyBot's proof.
const MAX_GAS_L2: u64 = 35_000_000;
/// The most felts of its calldata.
const MAX_FELTS: usize = 3_500;

#[test]
fn the_contract_verifies_and_remembers() {
    let compiled = compile_contract(&verifier().class_json).unwrap();
    assert!(compiled.is_within_limits());
    block_on(async {
        let node = Node::start().await;
        let address = node.deploy(&verifier().class(), &[]).await.unwrap();
        let proved = prove("rockybot", 1, Level::Bits100);
        let (arguments, fact) = (proved.arguments(), proved.fact());
        let view = |name: &str, calldata: &[Felt]| {
            let call = call(address, name, calldata.to_vec());
            let chain = node.chain.clone();
            async move { chain.call(&call).await }
        };
        let reason = |error: ChainError| match error {
            ChainError::Reverted { reason, .. } => reason,
            error => panic!("{error}"),
        };

        // The view writes nothing.
        assert_eq!(view("check", &arguments).await.unwrap(), fact);
        assert_eq!(view("is_verified", &fact).await.unwrap(), [Felt::ZERO]);
        let error = reason(view("assert_verified", &fact).await.unwrap_err());
        assert!(error.contains("not verified"), "{error}");
        let key: Vec<Felt> = calldata::key(&proved.key).unwrap().iter().map(Felt::from).collect();
        assert_eq!(view("key_hash", &key).await.unwrap(), fact[..1]);

        let sender = &node.accounts[1];
        let send = |calldata: Vec<Felt>| sender.execute(vec![call(address, "verify", calldata)]);
        let receipt = send(arguments.clone()).await.unwrap();
        assert!(receipt.fee.gas_l2 < MAX_GAS_L2, "{}", receipt.fee.gas_l2);
        assert!(arguments.len() < MAX_FELTS, "{}", arguments.len());
        let own: Vec<_> = receipt.events.iter().filter(|(from, ..)| *from == address).collect();
        let [(_, keys, data)] = own.as_slice() else { panic!("{own:?}") };
        assert_eq!((&keys[1..], data.as_slice()), (&fact[..2], &fact[2..]));
        assert_eq!(view("is_verified", &fact).await.unwrap(), [Felt::ONE]);
        assert_eq!(view("assert_verified", &fact).await.unwrap(), []);
        // Nothing else was verified.
        for i in 0..4 {
            let mut other = fact.clone();
            other[i] += Felt::ONE;
            assert_eq!(view("is_verified", &other).await.unwrap(), [Felt::ZERO], "{i}");
        }

        // A transaction with a wrong proof, and what is not even a proof.
        let mut wrong = proved.clone();
        let mut felts = wrong.felts();
        felts[3] += nilometer_tensor_air::Felt::from(1_u64);
        wrong.set_felts(&felts);
        let error = reason(send(wrong.arguments()).await.unwrap_err());
        assert!(error.contains("proof: constraints"), "{error}");
        for calldata in [vec![], arguments[..arguments.len() - 1].to_vec(), {
            let mut longer = arguments.clone();
            longer.push(Felt::ZERO);
            longer
        }] {
            let error = reason(view("check", &calldata).await.unwrap_err());
            let said = ["Failed to deserialize", "Input too long"];
            assert!(said.iter().any(|said| error.contains(said)), "{error}");
        }

        // Mutants: the class says what the program says.
        for (i, mutant) in mutants(&proved, 40, 5).into_iter().enumerate() {
            let program = verifier().run(&mutant.arguments());
            match (view("check", &mutant.arguments()).await, program) {
                (Ok(fact), Ok(wanted)) => assert_eq!(fact, wanted),
                (Err(error), Err(wanted)) => {
                    let error = reason(error);
                    assert!(error.contains(&wanted), "mutant {i}: {error}, not {wanted}");
                }
                (class, program) => panic!("mutant {i}: {class:?}, {program:?}"),
            }
        }
    });
}
