//! Proofs that were changed by somebody who has no trace: none may be accepted, none may panic.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::{Blake3, Poseidon};

/// The modulus, as it would be added to a residue.
const MODULUS: [u64; 4] = [1, 0, 0, 0x0800_0000_0000_0011];
const WORD: usize = 32;

fn mutate(proof: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = proof.to_vec();
    let at = random.random_range(0..bytes.len());
    let word = at / WORD * WORD;
    match random.random_range(0..9) {
        0 => bytes[at] ^= 1 << random.random_range(0..8),
        1 => bytes[at] = bytes[at].wrapping_add(random.random_range(1..=255)),
        2 => bytes.truncate(at),
        3 => bytes.truncate(word),
        4 => bytes.insert(at, random.random()),
        5 => {
            let copy: Vec<u8> = bytes[word..word + WORD].to_vec();
            bytes.splice(word..word, copy);
        }
        6 => {
            bytes.drain(word..word + WORD);
        }
        7 => {
            let other = random.random_range(0..bytes.len()) / WORD * WORD;
            for i in 0..WORD {
                bytes.swap(word + i, other + i);
            }
        }
        _ => add_modulus(&mut bytes[word..word + WORD]),
    }
    bytes
}

/// Another spelling of the same residue.
fn add_modulus(word: &mut [u8]) {
    let mut carry = 0;
    for (limb, term) in word.chunks_exact_mut(8).zip(MODULUS) {
        let value = u64::from_le_bytes(limb.try_into().unwrap());
        let sum = u128::from(value) + u128::from(term) + carry;
        limb.copy_from_slice(&(sum as u64).to_le_bytes());
        carry = sum >> 64;
    }
}

fn check<H: ProverHash>(case: &Case<H>, count: usize, seed: u64) {
    let proof = case.prove();
    let mut random = StdRng::seed_from_u64(seed);
    for i in 0..count {
        let mutant = mutate(&proof, &mut random);
        if mutant != proof {
            assert!(case.verify(&mutant).is_err(), "mutant {i} of seed {seed}");
        }
    }
}

#[test]
fn no_mutant_is_accepted() {
    check(&Case::<Blake3>::new(256, Target::Native), 2_000, 1);
    check(&Case::<Poseidon>::new(16, Target::Starknet), 50, 2);
}

#[test]
#[ignore = "a minute"]
fn none_of_20_000_mutants_is_accepted() {
    check(&Case::<Blake3>::new(256, Target::Native), 20_000, 3);
    check(&Case::<Poseidon>::new(16, Target::Starknet), 1_000, 4);
}

#[test]
fn no_word_has_a_second_spelling() {
    let case = Case::<Poseidon>::new(16, Target::Starknet);
    let proof = case.prove();
    for word in (0..proof.len()).step_by(WORD).take(60) {
        let mut mutant = proof.clone();
        add_modulus(&mut mutant[word..word + WORD]);
        let error = case.verify(&mutant).unwrap_err();
        assert!(matches!(error, VerifyError::Word { .. }), "word {}: {error}", word / WORD);
    }
}

/// The words of the native proof of 64 rows: roots, values, remainder, nonce, and then rows.
const ROWS_START: usize = 3 + 12 + 64 + 1;

#[test]
fn lists_have_one_length_and_one_order() {
    let case = Case::<Blake3>::new(64, Target::Native);
    let proof = case.prove();
    let words: Vec<&[u8]> = proof.chunks_exact(WORD).collect();
    let refused = |words: Vec<&[u8]>, what: &str| {
        let bytes = words.concat();
        assert_ne!(bytes, proof, "{what}");
        assert!(case.verify(&bytes).is_err(), "{what}");
    };
    let mut swapped = words.clone();
    for i in 0..3 {
        // The preprocessed columns of two positions; a row has nine columns.
        swapped.swap(ROWS_START + i, ROWS_START + 9 + i);
    }
    refused(swapped, "two rows");
    let mut repeated = words.clone();
    for i in 0..3 {
        repeated.insert(ROWS_START, words[ROWS_START + 2 - i]);
    }
    refused(repeated, "a row twice");
    let mut siblings = words.clone();
    let last = siblings.len() - 1;
    siblings.swap(last, last - 1);
    refused(siblings, "two siblings");
    let zero = [0; WORD];
    for at in [0, 3, 15, ROWS_START - 1, ROWS_START, words.len()] {
        let mut padded = words.clone();
        padded.insert(at, &zero);
        refused(padded, "a word of zeros");
    }
    let mut turned = words;
    turned[ROWS_START..].reverse();
    refused(turned, "all openings backwards");
}

#[test]
fn another_nonce_needs_other_openings() {
    let case = Case::<Blake3>::new(64, Target::Native);
    let proof = case.prove();
    let at = WORD * (ROWS_START - 1);
    let nonce = crate::hash::felt_from_bytes(proof[at..at + WORD].try_into().unwrap()).unwrap();
    for other in [0, 1, nonce.to_u64().unwrap() + 1] {
        let mut mutant = proof.clone();
        let word = crate::hash::felt_to_bytes(&Felt::from(other));
        mutant[at..at + WORD].copy_from_slice(&word);
        assert!(case.verify(&mutant).is_err());
    }
    // A nonce is a number below 2^64.
    let mut mutant = proof;
    let word = crate::hash::felt_to_bytes(&-Felt::from(1_u64));
    mutant[at..at + WORD].copy_from_slice(&word);
    let part = crate::verify::Part::Nonce;
    assert_eq!(case.verify(&mutant), Err(VerifyError::Word { part }));
}
