//! The code around a program: where a proof-mode run starts and ends.
//!
//! ```text
//!  0: ap += nb          skip the builtin pointers, which the stack starts with
//!  2: call rel 4        the entry code
//!  4: jmp rel 0         the end: the run stops here, padding repeats it
//!  6: ap += np          room for the function's arguments; hint: input
//!     [ap - i] = ...    builtin pointers, in the function's order; output start and end
//!     call rel main
//!     [ap - 3] = 0      if the function can panic; hint: panic message
//!     [ap] = ..., ap++  stop pointers, in the program's order
//!     ret
//! ```
//!
//! The function's output array starts empty at the start of the output segment, so what it appends
//! is the program's output. A function that returns another array leaves a stop pointer outside of
//! the output segment, which no run and no proof accepts.

use cairo_lang_casm::instructions::{Instruction, InstructionBody};
use cairo_lang_casm::{casm, casm_extend};

use super::Builtin;
use crate::hint::{Cell, Hint, Operand, Register};

/// Where a run starts.
pub const ENTRY_PC: usize = 0;
/// Where a run ends: `jmp rel 0`.
pub const END_PC: usize = 4;
/// Length of the header that every program starts with, in felts.
pub const HEADER_LEN: usize = 6;

/// What the entry code needs to know of a function.
#[derive(Debug)]
pub(super) struct Signature {
    /// The builtins that it takes, in its order.
    pub(super) takes: Vec<Builtin>,
    /// The builtins that it returns, in its order.
    pub(super) returns: Vec<Builtin>,
    /// Whether it returns a `PanicResult` around the output.
    pub(super) panics: bool,
    /// Its offset in the code.
    pub(super) offset: usize,
}

impl Signature {
    /// The program's builtins: the output, then what the function takes, in canonical order.
    pub(super) fn builtins(&self) -> Vec<Builtin> {
        let mut builtins = self.takes.clone();
        builtins.push(Builtin::Output);
        builtins.sort_unstable();
        builtins
    }
}

/// The header and the entry code, and their hints by offset.
pub(super) fn entry_code(signature: &Signature) -> (Vec<Instruction>, Vec<(usize, Hint)>) {
    let builtins = signature.builtins();
    let n_builtins = small(builtins.len());
    let n_takes = small(signature.takes.len());
    let n_returns = small(signature.returns.len());
    let n_args = n_takes + 4;

    let mut code = header(builtins.len());
    let mut hints = vec![(code.current_code_offset, Hint::Input { dst: ap(n_takes) })];
    casm_extend!(code, ap += n_args;);
    let start_pointer = |wanted: Builtin| position(&builtins, wanted) - n_builtins - 2;
    for (index, builtin) in (0..).zip(&signature.takes) {
        let (to, from) = (index - n_args, start_pointer(*builtin));
        casm_extend!(code, [ap + to] = [fp + from];);
    }
    let output = start_pointer(Builtin::Output);
    casm_extend!(code, [ap - 2] = [fp + output]; [ap - 1] = [fp + output];);
    let call = code.instructions.len();
    let call_offset = code.current_code_offset;
    casm_extend!(code, call rel 0;);
    if signature.panics {
        let panic = Hint::Panic {
            flag: Operand::Cell(ap(-3)),
            start: Operand::Cell(ap(-2)),
            end: Operand::Cell(ap(-1)),
        };
        hints.push((code.current_code_offset, panic));
        casm_extend!(code, [ap - 3] = 0;);
    }
    let n_results = n_returns + if signature.panics { 3 } else { 2 };
    for (written, builtin) in (0..).zip(&builtins) {
        let result = match builtin {
            Builtin::Output => -1,
            other => position(&signature.returns, *other) - n_results,
        };
        let from = result - written;
        casm_extend!(code, [ap] = [ap + from], ap++;);
    }
    casm_extend!(code, ret;);

    let distance = code.current_code_offset - call_offset + signature.offset;
    if let InstructionBody::Call(instruction) = &mut code.instructions[call].body {
        instruction.target = distance.into();
    }
    (code.instructions, hints)
}

/// The words that a program with so many builtins starts with.
pub(super) fn header_words(n_builtins: usize) -> Vec<starknet_types_core::felt::Felt> {
    let encode = |instruction: &Instruction| instruction.assemble().encode();
    header(n_builtins).instructions.iter().flat_map(encode).map(|word| (&word).into()).collect()
}

fn header(n_builtins: usize) -> cairo_lang_casm::inline::CasmContext {
    casm! {
        ap += n_builtins;
        call rel 4;
        jmp rel 0;
    }
}

fn ap(offset: i16) -> Cell {
    Cell(Register::Ap, offset)
}

/// Builtins are few.
fn small(length: usize) -> i16 {
    i16::try_from(length).unwrap_or(i16::MAX)
}

fn position(list: &[Builtin], wanted: Builtin) -> i16 {
    small(list.iter().position(|builtin| *builtin == wanted).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_is_the_one_that_verifiers_expect() {
        let words: Vec<String> = header_words(2).iter().map(nilometer_field::hex::format).collect();
        let expected =
            ["0x40780017fff7fff", "0x2", "0x1104800180018000", "0x4", "0x10780017fff7fff", "0x0"];
        assert_eq!(words, expected);
        assert_eq!(words.len(), HEADER_LEN);
    }

    #[test]
    fn entry_code_of_a_function_with_a_range_check() {
        let signature = Signature {
            takes: vec![Builtin::RangeCheck],
            returns: vec![Builtin::RangeCheck],
            panics: true,
            offset: 0,
        };
        let (code, hints) = entry_code(&signature);
        let text: Vec<String> = code[3..].iter().map(ToString::to_string).collect();
        let expected = [
            "ap += 5",
            "[ap + -5] = [fp + -3]",
            "[ap + -2] = [fp + -4]",
            "[ap + -1] = [fp + -4]",
            "call rel 7",
            "[ap + -3] = 0",
            "[ap + 0] = [ap + -1], ap++",
            "[ap + 0] = [ap + -5], ap++",
            "ret",
        ];
        assert_eq!(text, expected);
        assert_eq!(hints.len(), 2);
        assert_eq!(hints[0].0, HEADER_LEN);
    }
}
