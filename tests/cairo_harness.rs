//! Cairo snippets over the runtime package: compiled once, run on many inputs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nilometer_cairo::{Program, Run, RunError, RunOptions, Sources, Toolchain, ToolchainOptions};
use starknet_types_core::felt::Felt;

/// The Cairo sources of the runtime package.
pub fn runtime() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime-cairo/src")
}

/// The pinned toolchain of the user's cache.
pub fn toolchain() -> &'static Toolchain {
    static FOUND: OnceLock<Toolchain> = OnceLock::new();
    FOUND.get_or_init(|| {
        Toolchain::locate(&ToolchainOptions::default(), &|_| {})
            .unwrap_or_else(|error| panic!("{error}\nhelp: {}", error.help()))
    })
}

/// A compiled crate `model` with a `main` that uses the runtime.
pub struct Snippet {
    program: Program,
}

impl Snippet {
    /// Compiles `source`, a whole `lib.cairo` with the usual `main`. Warnings are errors.
    pub fn new(source: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("lib.cairo"), source).unwrap();
        let crates = BTreeMap::from([
            ("model".to_owned(), folder.path().to_owned()),
            ("nilometer_runtime".to_owned(), runtime()),
        ]);
        let main = crates.keys().cloned().collect();
        let compiled =
            toolchain().compile(&Sources { crates, main }, &["model::main"], &[]).unwrap();
        assert_eq!(compiled.warnings, "", "the snippet and the runtime compile without warnings");
        Self { program: Program::from_sierra(&compiled.sierra.unwrap(), "model::main").unwrap() }
    }

    /// Length of the code in felts.
    pub fn code_len(&self) -> usize {
        self.program.code_len()
    }

    /// Runs `main`.
    pub fn try_run(&self, input: &[Felt]) -> Result<Run, RunError> {
        self.program.run(input, &RunOptions::default())
    }

    /// The output for `input`.
    pub fn felts(&self, input: &[Felt]) -> Vec<Felt> {
        self.try_run(input).unwrap().output
    }

    /// The output for `input`, both as signed integers.
    pub fn integers(&self, input: &[i128]) -> Vec<i128> {
        self.felts(&felts(input)).iter().map(signed).collect()
    }

    /// The steps that `main` takes.
    pub fn steps(&self, input: &[i128]) -> usize {
        self.try_run(&felts(input)).unwrap().steps
    }

    /// What `main` panics with.
    pub fn panic(&self, input: &[i128]) -> String {
        match self.try_run(&felts(input)) {
            Err(RunError::Panic { message, .. }) => message,
            Err(error) => panic!("{error}"),
            Ok(run) => panic!("no panic but {:?}", run.output),
        }
    }
}

/// Signed integers as felts.
pub fn felts(integers: &[i128]) -> Vec<Felt> {
    integers.iter().map(|integer| Felt::from(*integer)).collect()
}

/// A felt as the signed integer next to zero.
///
/// # Panics
/// If it is too large for 128 bits.
pub fn signed(felt: &Felt) -> i128 {
    let narrow = |felt: &Felt| {
        let bytes = felt.to_bytes_be();
        let (high, low) = bytes.split_at(16);
        assert_eq!(high, [0; 16], "a felt of {felt:#x}");
        i128::from_be_bytes(low.try_into().unwrap())
    };
    let negated = -*felt;
    if negated < *felt {
        -narrow(&negated)
    } else {
        narrow(felt)
    }
}

/// A generator of test inputs: the same numbers in every run.
pub struct Rng(u64);

impl Rng {
    /// A sequence of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 bits (the SplitMix64 sequence).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer of `lo..=hi`; the range has fewer than `2^127` values.
    pub fn between(&mut self, lo: i128, hi: i128) -> i128 {
        let wide = u128::from(self.bits()) << 64 | u128::from(self.bits());
        lo + (wide % (hi - lo + 1) as u128) as i128
    }

    /// An integer of at most `bits` bits and either sign; small ones are as frequent as large ones.
    pub fn any(&mut self, bits: u32) -> i128 {
        let bits = self.between(0, bits.into()) as u32;
        let limit = (1i128 << bits) - 1;
        self.between(-limit, limit)
    }

    /// `n` integers of [`Self::any`].
    pub fn many(&mut self, n: usize, bits: u32) -> Vec<i128> {
        (0..n).map(|_| self.any(bits)).collect()
    }
}

/// The integers around zero and around each power of two up to `2^bits`, of magnitude below `2^bits`.
pub fn edges(bits: u32) -> Vec<i128> {
    let limit = 1i128 << bits;
    let mut edges: Vec<i128> = (0..=bits)
        .flat_map(|bit| (-2..=2).map(move |near| (1i128 << bit) + near))
        .flat_map(|x| [x, -x])
        .filter(|x| x.abs() < limit)
        .collect();
    edges.sort_unstable();
    edges.dedup();
    edges
}
