//! Which Sierra the code comes from.

use cairo_lang_casm::instructions::Instruction;
use cairo_lang_sierra::program::{Program as SierraProgram, Statement};
use cairo_lang_sierra_to_casm::compiler::CairoProgram;

/// Sierra functions and operations by code address; instructions as text.
///
/// It is made beside a program and is no part of it: for profiles and for reading code.
#[derive(Clone, Debug)]
pub struct CodeMap {
    /// First addresses of functions, rising.
    functions: Vec<(usize, String)>,
    /// First addresses of statements, rising, and their library functions.
    operations: Vec<(usize, String)>,
    instructions: Vec<(usize, String)>,
}

/// Name of the header and the entry code.
const ENTRY: &str = "<entry>";

impl CodeMap {
    pub(super) fn new(
        sierra: &SierraProgram,
        casm: &CairoProgram,
        entry: &[Instruction],
        code_offset: usize,
    ) -> Self {
        let infos = &casm.debug_info.sierra_statement_info;
        let at =
            |statement: usize| infos.get(statement).map(|info| info.start_offset + code_offset);
        let mut functions = vec![(0, ENTRY.to_owned())];
        functions.extend(
            sierra.funcs.iter().filter_map(|f| Some((at(f.entry_point.0)?, f.id.to_string()))),
        );
        functions.sort_by_key(|(pc, _)| *pc);

        let mut operations = vec![(0, ENTRY.to_owned())];
        for (index, statement) in sierra.statements.iter().enumerate() {
            let name = match statement {
                Statement::Invocation(call) => call.libfunc_id.to_string(),
                Statement::Return(_) => "return".to_owned(),
            };
            operations.extend(at(index).map(|pc| (pc, name)));
        }
        let mut pc = 0;
        let mut instructions = Vec::with_capacity(entry.len() + casm.instructions.len());
        for instruction in entry.iter().chain(&casm.instructions) {
            instructions.push((pc, instruction.to_string()));
            pc += instruction.body.op_size();
        }
        Self { functions, operations, instructions }
    }

    /// The Sierra function that the code at `pc` belongs to.
    pub fn function(&self, pc: usize) -> &str {
        lookup(&self.functions, pc)
    }

    /// The Sierra library function (or `return`) that the code at `pc` belongs to.
    pub fn operation(&self, pc: usize) -> &str {
        lookup(&self.operations, pc)
    }

    /// Instructions with their addresses; the compiler's hints stand before their instruction.
    pub fn instructions(&self) -> impl Iterator<Item = (usize, &str)> {
        self.instructions.iter().map(|(pc, text)| (*pc, text.as_str()))
    }
}

/// The last entry that starts at or before `pc`; statements without code share an address with
/// the next one, which is the one that the code is of.
fn lookup(list: &[(usize, String)], pc: usize) -> &str {
    let after = list.partition_point(|(start, _)| *start <= pc);
    after.checked_sub(1).map_or(ENTRY, |index| list[index].1.as_str())
}
