//! Hostile proof files: mutants of two good ones. A process of its own with one test, because it counts
//! allocations.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::panic::{catch_unwind, AssertUnwindSafe};

use nilometer_air::cairo::{Claim, ProofFile, Security};
use nilometer_cairo::RunOptions;
use nilometer_test_support::programs;
use nilometer_verifier::{verify, VerifyError};
use peak_alloc::PeakAlloc;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::json;

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

/// Mutants and truncations.
const MUTANTS: usize = 20_000;
/// Lengths and counts that are at the edge of something.
const EDGES: [u64; 10] =
    [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, u64::MAX];

fn proof(n: i64) -> (Claim, Vec<u8>) {
    let program = programs::countdown(n).program(&json!([]));
    let run = program.run(&[], &RunOptions { trace: true, ..Default::default() }).unwrap();
    let file = nilometer_prover::prove(&program, &run, Security::DEFAULT, &|_| {}).unwrap();
    (program.claim(&run.output).unwrap(), file.to_bytes())
}

/// Where the interesting bytes are: the header, the ends of the parts, and everything that is not an element.
struct Mutator {
    rng: StdRng,
    files: [Vec<u8>; 2],
}

impl Mutator {
    /// A position, most often where lengths and the context stand.
    fn position(&mut self, len: usize) -> usize {
        let near_start = self.rng.random_bool(0.4);
        let most = if near_start { len.min(600) } else { len };
        self.rng.random_range(0..most)
    }

    /// A mutant of the first file: of the whole, or of one of its parts with the header's lengths put right.
    fn mutant(&mut self) -> Vec<u8> {
        let part = self.rng.random_range(0..3);
        let mut files = [0, 1].map(|i| ProofFile::from_bytes(&self.files[i]).unwrap());
        let sources: [Vec<u8>; 2] = match part {
            0 => self.files.clone(),
            1 => files.each_mut().map(|file| std::mem::take(&mut file.advice)),
            _ => files.each_mut().map(|file| std::mem::take(&mut file.proof)),
        };
        let mut bytes = sources[0].clone();
        for _ in 0..self.rng.random_range(1..=2) {
            self.mutate(&mut bytes, &sources[1]);
        }
        match part {
            0 => return bytes,
            1 => {
                files[0].advice = bytes;
                files[0].proof = ProofFile::from_bytes(&self.files[0]).unwrap().proof;
            }
            _ => {
                files[0].proof = bytes;
                files[0].advice = ProofFile::from_bytes(&self.files[0]).unwrap().advice;
            }
        }
        files[0].to_bytes()
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            bytes.extend_from_slice(other);
        }
        let at = self.position(bytes.len());
        match self.rng.random_range(0..9) {
            0 => bytes[at] ^= 1 << self.rng.random_range(0..8),
            1 => bytes[at] = *[0, 1, 0x7f, 0x80, 0xff].choose(&mut self.rng).unwrap(),
            2 => {
                // A length field.
                let edge = EDGES.choose(&mut self.rng).unwrap().to_le_bytes();
                let len = *[1, 2, 4, 8].choose(&mut self.rng).unwrap();
                let end = bytes.len().min(at + len);
                let len = end - at;
                bytes[at..end].copy_from_slice(&edge[..len]);
            }
            3 => bytes.truncate(at),
            4 => {
                // The other proof from here on.
                let from = at.min(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            5 => {
                // A part of the other proof.
                let len = self.rng.random_range(1..=2000);
                let end = (at + len).min(bytes.len()).min(other.len());
                if at < end {
                    bytes[at..end].copy_from_slice(&other[at..end]);
                }
            }
            6 => {
                let len = self.rng.random_range(1..=64);
                let new: Vec<u8> = (0..len).map(|_| self.rng.random()).collect();
                bytes.splice(at..at, new);
            }
            7 => {
                let end = (at + self.rng.random_range(1..=64)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                // A part twice.
                let end = (at + self.rng.random_range(1..=256)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
}

/// Where bytes first and last differ.
fn difference(a: &[u8], b: &[u8]) -> Option<(usize, usize)> {
    let differs = |i: &usize| a.get(*i) != b.get(*i);
    let len = a.len().max(b.len());
    Some(((0..len).find(differs)?, (0..len).rfind(differs)?))
}

#[test]
fn mutants_are_refused_within_bounds() {
    let (claim, good) = proof(9);
    let (other_claim, other) = proof(10);
    verify(&claim, &good, Security::DEFAULT).unwrap();
    verify(&other_claim, &other, Security::DEFAULT).unwrap();
    assert!(verify(&claim, &other, Security::DEFAULT).is_err());

    let mut mutator = Mutator { rng: StdRng::seed_from_u64(20_000), files: [good.clone(), other] };
    let (mut panics, mut identical) = (0, 0);
    let mut stages = std::collections::BTreeMap::<&str, usize>::new();
    // What a verifier of this claim needs for any file: the AIR, the tables of limbs.
    let constant = 512 << 10;
    for i in 0..MUTANTS {
        // Every length from both ends, then mutants.
        let mutant = match i {
            0..1000 => good[..i].to_vec(),
            1000..1500 => good[..good.len() - (i - 999)].to_vec(),
            _ => mutator.mutant(),
        };
        let before = ALLOCATED.current_usage();
        ALLOCATED.reset_peak_usage();
        let verdict = catch_unwind(AssertUnwindSafe(|| verify(&claim, &mutant, Security::DEFAULT)));
        let peak = ALLOCATED.peak_usage() - before;
        assert!(peak <= 4 * mutant.len() + constant, "mutant {i}: {peak} bytes");
        let stage = match verdict.unwrap_or_else(|_| panic!("mutant {i}: a panic escaped")) {
            Ok(_) if mutant == good => {
                identical += 1;
                "identical"
            }
            Ok(_) => panic!("mutant {i} was accepted: {:?}", difference(&mutant, &good)),
            Err(VerifyError::File(_)) => "file",
            Err(VerifyError::Security { .. }) => "security",
            Err(VerifyError::Program { .. }) => "program",
            Err(VerifyError::Output { .. }) => "output",
            Err(VerifyError::Advice(_)) => "advice",
            Err(VerifyError::Structure(_)) => "structure",
            Err(VerifyError::Remainder) => "remainder",
            Err(VerifyError::Proof(_)) => "proof",
            Err(VerifyError::Panic) => {
                panics += 1;
                "panic"
            }
            Err(_) => "other",
        };
        *stages.entry(stage).or_default() += 1;
    }
    // Winterfell does not get to see what could make it panic.
    assert_eq!(panics, 0, "{stages:?}");
    // The mutants get past each of the checks.
    for stage in ["file", "program", "output", "advice", "structure", "remainder", "proof"] {
        assert!(stages.get(stage).is_some_and(|count| *count >= 40), "{stages:?}");
    }
    assert!(identical < MUTANTS / 20, "{stages:?}");
}
