//! A proof has one spelling: every byte of a file follows from the rest of it.
//!
//! Each mutant here says the same as a good proof in other bytes. Winterfell accepts it, and so did the first
//! version of our verifier.

use std::panic::{catch_unwind, AssertUnwindSafe};

use nilometer_air::cairo::proof_system::{Coin, HashFn, Tree};
use nilometer_air::cairo::{CairoAir, FileError, ProofFile, PublicInputs, Security};
use nilometer_field::Felt;
use nilometer_prover::Witness;
use nilometer_verifier::{verify, StructureError, VerifyError};
use winter_air::proof::Proof;
use winter_utils::{ByteReader, ByteWriter, Serializable, SliceReader};
use winter_verifier::AcceptableOptions;

use crate::machine::Forger;
use crate::proofs::file;
use nilometer_test_support::programs::{countdown, with_dead_code};

const DIGEST: usize = 32;
/// Bytes of a row of the main, auxiliary and quotient segments, then of a FRI layer.
const ROW: [usize; 4] = [32 * 32, 5 * 32, 2 * 32, 8 * 32];

/// A tree's opening.
#[derive(Clone, Debug)]
struct Opening {
    values: Vec<u8>,
    depth: u8,
    lists: Vec<Vec<[u8; DIGEST]>>,
}

impl Opening {
    fn read(values: &[u8], nodes: &[u8]) -> Self {
        let source = &mut SliceReader::new(nodes);
        let depth = source.read_u8().unwrap();
        let n_lists = source.read_usize().unwrap();
        let mut digests = || {
            let count = source.read_usize().unwrap();
            (0..count).map(|_| source.read_array().unwrap()).collect()
        };
        let lists = (0..n_lists).map(|_| digests()).collect();
        Self { values: values.to_vec(), depth, lists }
    }

    fn nodes(&self) -> Vec<u8> {
        let mut bytes = vec![self.depth];
        bytes.write_usize(self.lists.len());
        for list in &self.lists {
            bytes.write_usize(list.len());
            list.iter().for_each(|digest| bytes.write_bytes(digest));
        }
        bytes
    }
}

/// A proof's bytes, taken apart.
#[derive(Clone, Debug)]
struct Parts {
    context: Vec<u8>,
    n_queries: u8,
    commitments: Vec<u8>,
    segments: Vec<Opening>,
    frames: Vec<Vec<u8>>,
    layers: Vec<Opening>,
    remainder: Vec<u8>,
    partitions: u8,
    nonce: u64,
}

impl Parts {
    fn of(bytes: &[u8]) -> Self {
        let context = Proof::from_bytes(bytes).unwrap().context.to_bytes();
        let source = &mut SliceReader::new(&bytes[context.len()..]);
        let n_queries = source.read_u8().unwrap();
        let short = |source: &mut SliceReader<'_>| {
            let len = source.read_u16().unwrap();
            source.read_vec(len.into()).unwrap()
        };
        let commitments = short(source);
        let segment = |source: &mut SliceReader<'_>| {
            let [values, nodes] = [0; 2].map(|_| {
                let len = source.read_usize().unwrap();
                source.read_vec(len).unwrap()
            });
            Opening::read(&values, &nodes)
        };
        let segments = (0..3).map(|_| segment(source)).collect();
        let frames = (0..2).map(|_| short(source)).collect();
        let layer = |source: &mut SliceReader<'_>| {
            let [values, nodes] = [0; 2].map(|_| {
                let len = source.read_u32().unwrap();
                source.read_vec(len as usize).unwrap()
            });
            Opening::read(&values, &nodes)
        };
        let n_layers = source.read_u8().unwrap();
        let layers = (0..n_layers).map(|_| layer(source)).collect();
        let remainder = short(source);
        let partitions = source.read_u8().unwrap();
        let nonce = source.read_u64().unwrap();
        assert!(!source.has_more_bytes());
        Self {
            context,
            n_queries,
            commitments,
            segments,
            frames,
            layers,
            remainder,
            partitions,
            nonce,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.context.clone();
        bytes.push(self.n_queries);
        bytes.write_u16(self.commitments.len() as u16);
        bytes.write_bytes(&self.commitments);
        for opening in &self.segments {
            for part in [&opening.values, &opening.nodes()] {
                bytes.write_usize(part.len());
                bytes.write_bytes(part);
            }
        }
        for frame in &self.frames {
            bytes.write_u16(frame.len() as u16);
            bytes.write_bytes(frame);
        }
        bytes.push(self.layers.len() as u8);
        for opening in &self.layers {
            for part in [&opening.values, &opening.nodes()] {
                bytes.write_u32(part.len() as u32);
                bytes.write_bytes(part);
            }
        }
        bytes.write_u16(self.remainder.len() as u16);
        bytes.write_bytes(&self.remainder);
        bytes.push(self.partitions);
        bytes.write_u64(self.nonce);
        bytes
    }

    /// Trees: three segments, then FRI layers.
    fn openings(&mut self) -> impl Iterator<Item = &mut Opening> {
        self.segments.iter_mut().chain(&mut self.layers)
    }

    fn n_openings(&self) -> usize {
        self.segments.len() + self.layers.len()
    }
}

/// A good proof of several lengths and levels, with its claim.
fn good() -> Vec<(Witness, Security, ProofFile)> {
    let runs = [(with_dead_code(), 64), (countdown(60), 256), (countdown(60), 1024)];
    let mut proofs = Vec::new();
    for (code, rows) in runs {
        let witness = Forger::default().run(&code, rows).settle();
        for bits in [96, 128] {
            let security = Security::new(bits).unwrap();
            proofs.push((witness.clone(), security, file(&witness, security)));
        }
    }
    proofs
}

/// Whether Winterfell's own verifier accepts a proof's bytes.
///
/// A surplus FRI leaf fails one of its debug assertions, and nothing in release builds. With debug assertions, that
/// panic therefore counts as an acceptance.
fn stock_accepts(witness: &Witness, bytes: &[u8]) -> bool {
    let proof = Proof::from_bytes(bytes).unwrap();
    let acceptable = AcceptableOptions::OptionSet(vec![proof.options().clone()]);
    let inputs = PublicInputs { claim: witness.claim.clone(), advice: witness.advice.clone() };
    let verify =
        || winter_verifier::verify::<CairoAir, HashFn, Coin, Tree>(proof, inputs, &acceptable);
    match catch_unwind(AssertUnwindSafe(verify)) {
        Ok(verdict) => verdict.is_ok(),
        Err(panic) => {
            let message = panic.downcast_ref::<&str>().copied().unwrap_or_default();
            cfg!(debug_assertions) && message.starts_with("number of X coordinate batches")
        }
    }
}

/// Checks that a mutant is a second spelling for Winterfell, and that our verifier refuses it.
fn refused(good: &(Witness, Security, ProofFile), name: &str, parts: &Parts) -> StructureError {
    let (witness, security, file) = good;
    let proof = parts.to_bytes();
    assert_ne!(proof, file.proof, "{name}");
    assert!(stock_accepts(witness, &proof), "{name}: Winterfell refuses it already");
    let mutant = ProofFile { proof, ..file.clone() };
    match verify(&witness.claim, &mutant.to_bytes(), *security) {
        Err(VerifyError::Structure(error)) => error,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn parts_are_the_whole() {
    for (witness, security, file) in good() {
        let parts = Parts::of(&file.proof);
        assert_eq!(parts.to_bytes(), file.proof);
        for (i, opening) in parts.segments.iter().chain(&parts.layers).enumerate() {
            assert_eq!(opening.values.len() % ROW[i.min(3)], 0);
        }
        assert!(stock_accepts(&witness, &file.proof));
        verify(&witness.claim, &file.to_bytes(), security).unwrap();
    }
}

#[test]
fn a_surplus_digest_in_a_list_of_nodes() {
    for good in good() {
        let parts = Parts::of(&good.2.proof);
        for tree in 0..parts.n_openings() {
            // At the end of the first and of the last list.
            for last in [false, true] {
                let mut mutant = parts.clone();
                let lists = &mut mutant.openings().nth(tree).unwrap().lists;
                let list = if last { lists.len() - 1 } else { 0 };
                let expected = lists[list].len();
                lists[list].push([7; DIGEST]);
                match refused(&good, "surplus digest", &mutant) {
                    StructureError::Nodes { list: of, expected: needed, actual, .. } => {
                        assert_eq!((of, needed, actual), (list, expected, expected + 1));
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
    }
}

#[test]
fn lists_of_nodes_at_full_depth() {
    for good in good() {
        let parts = Parts::of(&good.2.proof);
        for tree in 0..parts.n_openings() {
            let mut mutant = parts.clone();
            let opening = mutant.openings().nth(tree).unwrap();
            let depth = opening.depth.into();
            opening.lists.iter_mut().for_each(|list| list.resize(depth, [0; DIGEST]));
            let error = refused(&good, "full depth", &mutant);
            assert!(matches!(error, StructureError::Nodes { .. }), "{error:?}");
        }
    }
}

#[test]
fn a_garbage_row_where_queries_collide() {
    let mut collisions = 0;
    for good in good() {
        let (_, security, file) = &good;
        let parts = Parts::of(&file.proof);
        if usize::from(parts.n_queries) == security.options(file.rows).num_queries() {
            continue;
        }
        collisions += 1;
        let mut mutant = parts.clone();
        mutant.n_queries += 1;
        for (segment, row) in mutant.segments.iter_mut().zip(ROW) {
            let len = segment.values.len();
            segment.values.resize(len + row, 0);
        }
        let expected = parts.n_queries.into();
        let rows = StructureError::Rows { field: "queries", expected, actual: expected + 1 };
        assert_eq!(refused(&good, "garbage row", &mutant), rows);
    }
    assert!(collisions >= 4, "short traces have queries that collide");
}

#[test]
fn a_garbage_leaf_in_a_fri_layer() {
    let mut tried = 0;
    for good in good() {
        let (_, security, file) = &good;
        let parts = Parts::of(&file.proof);
        let mut domain = 4 * file.rows;
        for layer in 0..parts.layers.len() {
            domain /= 8;
            let rows = parts.layers[layer].values.len() / ROW[3];
            // Beyond these numbers the form alone forbids another row.
            if rows == domain || rows == usize::from(parts.n_queries) {
                continue;
            }
            tried += 1;
            let mut mutant = parts.clone();
            let values = &mut mutant.layers[layer].values;
            values.resize(values.len() + ROW[3], 0);
            let expected =
                StructureError::Rows { field: "FRI layer", expected: rows, actual: rows + 1 };
            assert_eq!(refused(&good, "garbage leaf", &mutant), expected, "{security}");
        }
    }
    assert!(tried >= 4, "{tried}");
}

/// A length in more bytes than it needs.
#[test]
fn a_length_in_a_longer_form() {
    for (witness, security, file) in good() {
        let parts = Parts::of(&file.proof);
        // The main segment's values come after the context, the number of queries and the commitments.
        let at = parts.context.len() + 1 + 2 + parts.commitments.len();
        let len = file.proof[at].trailing_zeros() as usize + 1;
        let value = parts.segments[0].values.len() as u64;
        let longer = ((value << 1 | 1) << len).to_le_bytes();
        let mut proof = file.proof.clone();
        proof.splice(at..at + len, longer[..=len].iter().copied());
        assert!(stock_accepts(&witness, &proof));
        let mutant = ProofFile { proof, ..file };
        let verdict = verify(&witness.claim, &mutant.to_bytes(), security);
        let long = StructureError::LongLength { field: "main queries" };
        assert!(matches!(&verdict, Err(VerifyError::Structure(e)) if *e == long), "{verdict:?}");
    }
}

/// The file's own felts: each has one spelling, and each is that of the claim.
#[test]
fn felts_of_the_file() {
    let witness = Forger::default().run(&countdown(9), 64).settle();
    let security = Security::new(96).unwrap();
    let file = file(&witness, security);
    let bytes = file.to_bytes();
    let verdict = |bytes: &[u8]| verify(&witness.claim, bytes, security);
    let hash = file.program_hash.to_be_bytes();
    let hash_at = bytes.windows(32).position(|window| window == hash).unwrap();
    let output_at = hash_at + 32 + 12;
    assert_eq!(bytes[output_at..output_at + 32], file.output[0].to_be_bytes());

    // The same felt plus p.
    let plus_p = |at: usize| {
        let mut bytes = bytes.clone();
        // p = 2^251 + 17·2^192 + 1.
        let mut carry = 0;
        for (i, byte) in bytes[at..at + 32].iter_mut().enumerate().rev() {
            let of_p = match i {
                0 => 8,
                7 => 17,
                31 => 1,
                _ => 0,
            };
            let sum = u16::from(*byte) + of_p + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        bytes
    };
    let refusal = |bytes: &[u8]| match verdict(bytes) {
        Err(VerifyError::File(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refusal(&plus_p(hash_at)), FileError::Field { field: "program hash", .. }));
    assert_eq!(refusal(&plus_p(output_at)), FileError::Output { index: 0 });

    // Another program's hash.
    let program_hash = file.program_hash + Felt::from(1_u64);
    let other = ProofFile { program_hash, ..file.clone() };
    let verdict = verdict(&other.to_bytes());
    assert!(matches!(verdict, Err(VerifyError::Program { .. })), "{verdict:?}");
}

/// A changed byte is refused wherever it is: the whole header, advice and tail, and a sample of the rest.
#[test]
fn every_byte_is_forced() {
    let (witness, security, file) = good().remove(0);
    let bytes = file.to_bytes();
    let head = bytes.len() - file.proof.len() + 200;
    let tail = bytes.len() - 100;
    let positions = (0..head).chain((head..tail).step_by(41)).chain(tail..bytes.len());
    let mut tried = 0;
    for at in positions {
        let mut mutant = bytes.clone();
        mutant[at] ^= 1 << (at % 8);
        let verdict = verify(&witness.claim, &mutant, security);
        assert!(verdict.is_err(), "byte {at} of {} is free", bytes.len());
        tried += 1;
    }
    assert!(tried > 2_000, "{tried}");
}
