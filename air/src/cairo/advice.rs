//! What a prover adds to a claim in the open: where the run ended, and how often each entry of the public
//! tables is looked up.
//!
//! It is absorbed into the transcript before any challenge is drawn. Lying here gains a prover nothing: counts
//! that differ from the trace's lookups leave a sum that is not zero.

use nilometer_field::Felt;
use thiserror::Error;

use super::address;
use super::claim::Claim;
use super::isa::Instruction;
use super::layout::{range_check_capacity, LIMB_VALUES};

/// The largest count. No run comes near it, and sums of two still fit 32 bits.
const MAX_COUNT: u32 = 1 << 30;
/// Counts in one element of the transcript.
const COUNTS_PER_FELT: usize = 7;

/// What a prover adds to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The final ap, from the start of the stack.
    pub stack_len: u32,
    /// Integers that the program range-checked.
    pub range_checks: u32,
    /// How often the instruction at each word of the program was executed.
    pub instructions: Vec<u32>,
    /// How often each word of the program was read as data; immediates are.
    pub data: Vec<u32>,
    /// How often each felt of the output was accessed.
    pub output: Vec<u32>,
    /// How often each 12-bit integer was a limb.
    pub limbs: Vec<u32>,
}

/// Why advice cannot be that of a run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AdviceError {
    /// The bytes are not a canonical encoding.
    #[error("the advice has {problem}")]
    Bytes {
        /// What is wrong with them.
        problem: &'static str,
    },
    /// A list is not as long as its table.
    #[error("the advice counts {actual} {table}, there are {expected}")]
    Length {
        /// Which table.
        table: &'static str,
        /// Its entries.
        expected: usize,
        /// The advice's.
        actual: usize,
    },
    /// A count that no run reaches.
    #[error("the advice counts more than 2^30 of something")]
    Count,
    /// A word is executed that is not an instruction.
    #[error("the word at {offset} is executed, but it is not an instruction")]
    NoInstruction {
        /// Its offset in the program.
        offset: usize,
    },
    /// A felt of the output is never accessed, so the run does not bind it.
    #[error("felt {index} of the output was never written")]
    OutputHole {
        /// Its position.
        index: usize,
    },
    /// The final ap is outside of the stack.
    #[error("the run ends with ap = {actual} from the stack's start, outside of the stack")]
    FinalAp {
        /// Its distance from the stack's start.
        actual: u32,
    },
    /// More integers are range-checked than the rows have room for.
    #[error("{actual} integers are range-checked, {rows} rows have room for {capacity}")]
    RangeChecks {
        /// How many.
        actual: u32,
        /// The trace's rows.
        rows: usize,
        /// What they can hold.
        capacity: usize,
    },
}

impl Advice {
    /// Advice that counts nothing, for a run of a claim.
    pub fn new(claim: &Claim) -> Self {
        let code_len = claim.code().len();
        Self {
            stack_len: 0,
            range_checks: 0,
            instructions: vec![0; code_len],
            data: vec![0; code_len],
            output: vec![0; claim.output().len()],
            limbs: vec![0; LIMB_VALUES],
        }
    }

    /// The final ap.
    pub fn final_ap(&self) -> u64 {
        address::EXECUTION + u64::from(self.stack_len)
    }

    /// Checks everything that the sums do not.
    ///
    /// # Errors
    /// See [`AdviceError`].
    pub fn check(&self, claim: &Claim, rows: usize) -> Result<(), AdviceError> {
        let (code_len, output_len) = (claim.code().len(), claim.output().len());
        let lists = [
            ("instructions", &self.instructions, code_len),
            ("words", &self.data, code_len),
            ("felts of output", &self.output, output_len),
            ("limbs", &self.limbs, LIMB_VALUES),
        ];
        for (table, list, expected) in lists {
            if list.len() != expected {
                return Err(AdviceError::Length { table, expected, actual: list.len() });
            }
            if list.iter().any(|count| *count > MAX_COUNT) {
                return Err(AdviceError::Count);
            }
        }
        let executed = self.instructions.iter().zip(claim.code());
        if let Some(offset) = executed
            .clone()
            .position(|(count, word)| *count > 0 && Instruction::decode(word).is_none())
        {
            return Err(AdviceError::NoInstruction { offset });
        }
        if let Some(index) = self.output.iter().position(|count| *count == 0) {
            return Err(AdviceError::OutputHole { index });
        }
        // The stop pointers are above the first frame, and below the memory table's end.
        let lowest = 2 + 2 * claim.builtins().len();
        if !(lowest..=rows).contains(&(self.stack_len as usize)) {
            return Err(AdviceError::FinalAp { actual: self.stack_len });
        }
        let capacity = range_check_capacity(rows);
        if self.range_checks as usize > capacity {
            return Err(AdviceError::RangeChecks { actual: self.range_checks, rows, capacity });
        }
        Ok(())
    }

    /// The advice as felts, for the transcript; lengths are the claim's.
    pub(super) fn extend_elements(&self, elements: &mut Vec<Felt>) {
        elements.extend([Felt::from(self.stack_len), Felt::from(self.range_checks)]);
        for list in [&self.instructions, &self.data, &self.output, &self.limbs] {
            elements.extend(list.chunks(COUNTS_PER_FELT).map(pack));
        }
    }

    /// The advice as bytes: LEB128 numbers; a run of equal counts is written once.
    ///
    /// Straight-line code, whose every instruction is executed once, takes a few bytes: the words that
    /// instructions start at come before the others, and reads of immediates follow from the
    /// instructions.
    pub fn to_bytes(&self, claim: &Claim) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_number(&mut bytes, self.stack_len.into());
        write_number(&mut bytes, self.range_checks.into());
        let sweep = Sweep::new(claim);
        let instructions: Vec<u32> =
            sweep.order.iter().map(|&offset| self.instructions[offset]).collect();
        let immediates = sweep.immediate_reads(&self.instructions);
        // Every execution of an instruction with an immediate reads it.
        let data: Vec<u32> =
            self.data.iter().zip(immediates).map(|(all, own)| all.saturating_sub(own)).collect();
        for list in [&instructions, &data, &self.output, &self.limbs] {
            write_counts(&mut bytes, list);
        }
        bytes
    }

    /// Reads what [`Self::to_bytes`] wrote. Allocates no more than the claim's own lengths.
    ///
    /// # Errors
    /// See [`AdviceError`].
    pub fn from_bytes(claim: &Claim, bytes: &[u8]) -> Result<Self, AdviceError> {
        let source = &mut &*bytes;
        let mut advice = Self::new(claim);
        advice.stack_len = read_count(source)?;
        advice.range_checks = read_count(source)?;
        let sweep = Sweep::new(claim);
        for (&offset, count) in sweep.order.iter().zip(read_counts(source, claim.code().len())?) {
            advice.instructions[offset] = count;
        }
        let immediates = sweep.immediate_reads(&advice.instructions);
        let data = read_counts(source, claim.code().len())?.into_iter().zip(immediates);
        advice.data = data.map(|(other, own)| other.saturating_add(own)).collect();
        advice.output = read_counts(source, claim.output().len())?;
        advice.limbs = read_counts(source, LIMB_VALUES)?;
        if !source.is_empty() {
            return Err(AdviceError::Bytes { problem: "more bytes than it should" });
        }
        // Runs could be split, numbers padded, and single counts written instead of runs: only one encoding is valid.
        if advice.to_bytes(claim) != bytes {
            return Err(AdviceError::Bytes { problem: "another encoding than the canonical one" });
        }
        Ok(advice)
    }
}

fn pack(counts: &[u32]) -> Felt {
    let mut limbs = [0_u64; 4];
    for (i, &count) in counts.iter().enumerate() {
        limbs[i / 2] |= u64::from(count) << (32 * (i % 2));
    }
    // Seven counts have 224 bits.
    Felt::from_limbs(limbs).unwrap_or_default()
}

/// A program's words in the order in which its instructions' counts are written.
struct Sweep {
    /// Where instructions start, read from the first word on, then all other offsets.
    order: Vec<usize>,
    /// Which words are instructions with an immediate.
    has_immediate: Vec<bool>,
}

impl Sweep {
    fn new(claim: &Claim) -> Self {
        let decoded = claim.code().iter().map(Instruction::decode);
        let sizes: Vec<usize> = decoded
            .map(|instruction| instruction.map_or(0, |instruction| instruction.size() as usize))
            .collect();
        let mut order = Vec::with_capacity(sizes.len());
        let mut others = Vec::new();
        let mut next = 0;
        for (offset, &size) in sizes.iter().enumerate() {
            if offset == next {
                order.push(offset);
                next = offset + size.max(1);
            } else {
                others.push(offset);
            }
        }
        order.append(&mut others);
        Self { order, has_immediate: sizes.iter().map(|size| *size == 2).collect() }
    }

    /// How often each word is read as an immediate.
    fn immediate_reads<'a>(&'a self, executed: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let reads = self.has_immediate.iter().zip(executed);
        std::iter::once(0).chain(reads.map(|(has, count)| if *has { *count } else { 0 }))
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Even numbers are a count, doubled; odd ones say how often the number after them repeats.
fn write_counts(bytes: &mut Vec<u8>, counts: &[u32]) {
    for run in counts.chunk_by(|a, b| a == b) {
        let count = u64::from(run[0]);
        if run.len() > 2 {
            write_number(bytes, (run.len() as u64) << 1 | 1);
            write_number(bytes, count);
        } else {
            run.iter().for_each(|_| write_number(bytes, count << 1));
        }
    }
}

fn read_number(source: &mut &[u8]) -> Result<u64, AdviceError> {
    let mut number = 0_u64;
    for shift in (0..42).step_by(7) {
        let (&byte, rest) =
            source.split_first().ok_or(AdviceError::Bytes { problem: "too few bytes" })?;
        *source = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(AdviceError::Count)
}

fn read_count(source: &mut &[u8]) -> Result<u32, AdviceError> {
    to_count(read_number(source)?)
}

fn to_count(number: u64) -> Result<u32, AdviceError> {
    u32::try_from(number).ok().filter(|count| *count <= MAX_COUNT).ok_or(AdviceError::Count)
}

fn read_counts(source: &mut &[u8], len: usize) -> Result<Vec<u32>, AdviceError> {
    let mut counts = Vec::with_capacity(len);
    while counts.len() < len {
        let number = read_number(source)?;
        if number & 1 == 0 {
            counts.push(to_count(number >> 1)?);
        } else {
            let repeats = (number >> 1) as usize;
            let count = read_count(source)?;
            if repeats > len - counts.len() {
                return Err(AdviceError::Bytes { problem: "a run beyond the end of its list" });
            }
            counts.resize(counts.len() + repeats, count);
        }
    }
    Ok(counts)
}
