//! For each check of the verifier, a cheat that only that check stops.

use super::*;
use crate::domain::{horner, power};
use crate::prove::Message;
use crate::verify::{Part, Tree};
use crate::Blake3;

/// A prover who satisfies everything but what a function changes in one of the messages.
struct Cheat<F>(F);

impl<H: ProverHash, F: FnMut(Message<'_, H>)> Strategy<H> for Cheat<F> {
    fn is_honest(&self) -> bool {
        false
    }
    fn send(&mut self, message: Message<'_, H>) {
        (self.0)(message);
    }
}

fn outcome(n_rows: usize, cheat: impl FnMut(Message<'_, Blake3>)) -> Result<(), VerifyError> {
    let case = Case::<Blake3>::new(n_rows, Target::Native);
    let proof = case.prove_with(case.columns.main.clone(), &mut Cheat(cheat)).unwrap();
    case.verify(&proof)
}

#[test]
fn a_cheat_that_changes_nothing_is_accepted() {
    // So that it is the changes that the others are refused for.
    assert_eq!(outcome(2048, |_| {}), Ok(()));
}

#[test]
fn constraints_that_do_not_hold() {
    let case = Case::<Blake3>::new(64, Target::Native);
    let one = Felt::from(1_u64);
    // A value that is not in the table; a wrong count; in the middle, first and last.
    for (column, row) in [(0, 3), (1, 30), (1, 0), (1, 63)] {
        let mut main = case.columns.main.clone();
        main[column][row] += one;
        let honest = case.prove_with(main.clone(), &mut crate::prove::Honest);
        assert_eq!(honest, Err(ProveError::Unsatisfied));
        let proof = case.prove_with(main, &mut Cheat(|_: Message<'_, Blake3>| {})).unwrap();
        assert_eq!(case.verify(&proof), Err(VerifyError::Constraints), "{column}, {row}");
    }
}

#[test]
fn values_out_of_the_domain_that_fit_the_constraints_but_not_the_columns() {
    // The first quotient's value at z can be chosen so that the constraints hold: FRI refuses it.
    let case = Case::<Blake3>::new(64, Target::Native);
    let mut main = case.columns.main.clone();
    main[0][3] += Felt::from(1_u64);
    let fit = |message: Message<'_, Blake3>| {
        if let Message::Values { values, z, constraints } = message {
            // After 3 preprocessed, 2 main and 1 auxiliary: 3 quotients.
            let actual = horner(&values[6..9], power(z, 64));
            values[6] += constraints - actual;
        }
    };
    let proof = case.prove_with(main, &mut Cheat(fit)).unwrap();
    assert_eq!(case.verify(&proof), Err(VerifyError::Remainder));
}

#[test]
fn every_value_out_of_the_domain_counts() {
    // 9 columns at z, 3 at z·g; those that no constraint reads (the selector's own row) included.
    let mut refused = Vec::new();
    for i in 0..12 {
        let result = outcome(64, |message| {
            if let Message::Values { values, .. } = message {
                values[i] += Felt::from(1_u64);
            }
        });
        refused.push(result.unwrap_err());
    }
    // No constraint reads the first selector on its own row.
    assert_eq!(refused[1], VerifyError::Remainder);
    refused.remove(1);
    assert!(refused.iter().all(|error| *error == VerifyError::Constraints), "{refused:?}");
}

#[test]
fn rows_that_were_not_committed_to() {
    for tree in [Tree::Main, Tree::Aux, Tree::Quotient] {
        let result = outcome(64, |message| {
            if let Message::Root(of, root) = message {
                if of == tree {
                    root[0] ^= 1;
                }
            }
        });
        assert_eq!(result, Err(VerifyError::Opening { tree }));
    }
    // The key's columns: another key is in the transcript, and then the rows are not its.
    let case = Case::<Blake3>::new(64, Target::Native);
    let mut key = case.key();
    key[0] ^= 1;
    let mut cheat = Cheat(|message: Message<'_, Blake3>| {
        if let Message::Key(of_transcript) = message {
            *of_transcript = key;
        }
    });
    let proof = case.prove_with(case.columns.main.clone(), &mut cheat).unwrap();
    let result = verify::<Blake3, _>(&case.air, &key, &case.params, &proof);
    assert_eq!(result, Err(VerifyError::Opening { tree: Tree::Preprocessed }));
}

#[test]
fn layers_that_were_not_committed_to() {
    for wanted in 0..2 {
        let result = outcome(2048, |message| {
            if let Message::LayerRoot(layer, root) = message {
                if layer == wanted {
                    root[31] ^= 0x80;
                }
            }
        });
        assert_eq!(result, Err(VerifyError::Layer { layer: wanted }));
    }
}

#[test]
fn a_layer_that_is_not_folded_from_the_one_before() {
    let result = outcome(2048, |message| {
        if let Message::Layer(1, values) = message {
            for value in values {
                *value += Felt::from(1_u64);
            }
        }
    });
    assert_eq!(result, Err(VerifyError::Layer { layer: 1 }));
}

#[test]
fn a_function_that_is_not_of_low_degree() {
    for n_rows in [64, 2048] {
        let mut count = 0_u64;
        let result = outcome(n_rows, |message| {
            if let Message::Layer(0, values) = message {
                for value in values {
                    count += 1;
                    *value = Felt::from(count * count).inverse();
                }
            }
        });
        // With a layer, its values are not those of the rows.
        let layer = VerifyError::Layer { layer: 0 };
        assert_eq!(result, Err(if n_rows == 64 { VerifyError::Remainder } else { layer }));
    }
}

#[test]
fn a_forged_remainder() {
    for n_rows in [64, 2048] {
        for coefficient in [0, 7, 31] {
            let result = outcome(n_rows, |message| {
                if let Message::Remainder(remainder) = message {
                    remainder[coefficient] += Felt::from(1_u64);
                }
            });
            assert_eq!(result, Err(VerifyError::Remainder), "{n_rows}, {coefficient}");
        }
    }
}

#[test]
fn a_remainder_that_is_chosen_after_the_queries() {
    // Any change of the remainder changes the transcript, so the queries that it was fitted to are gone.
    let case = Case::<Blake3>::new(64, Target::Native);
    let proof = case.prove();
    let roots = 3;
    let at = 32 * (roots + 12 + 5);
    let mut other = proof.clone();
    other[at] ^= 1;
    let error = case.verify(&other).unwrap_err();
    assert!(matches!(error, VerifyError::Work { .. }), "{error}");
}

#[test]
fn no_proof_of_work() {
    let result = outcome(64, |message| {
        if let Message::Nonce(nonce) = message {
            *nonce += 1;
        }
    });
    assert_eq!(result, Err(VerifyError::Work { wanted: 17 }));
}

#[test]
fn ends_and_words() {
    let case = Case::<Blake3>::new(2048, Target::Native);
    let proof = case.prove();
    let truncated = |len: usize, part| {
        assert_eq!(case.verify(&proof[..len]), Err(VerifyError::Truncated { part }), "{len}");
    };
    truncated(0, Part::Root(Tree::Main));
    truncated(31, Part::Root(Tree::Main));
    truncated(32, Part::Root(Tree::Aux));
    truncated(64, Part::Root(Tree::Quotient));
    truncated(96, Part::Values);
    truncated(96 + 32 * 11, Part::Values);
    truncated(96 + 32 * 12, Part::LayerRoot(0));
    truncated(96 + 32 * 13, Part::LayerRoot(1));
    truncated(96 + 32 * 14, Part::Remainder);
    truncated(96 + 32 * (14 + 32), Part::Nonce);
    truncated(96 + 32 * (14 + 33), Part::Rows);
    truncated(proof.len() - 1, Part::LayerOpening(1));
    for extra in [1, 32] {
        let mut longer = proof.clone();
        longer.extend(vec![0; extra]);
        assert_eq!(case.verify(&longer), Err(VerifyError::Trailing { bytes: extra }));
    }
}
