//! From Sierra to a program.

use cairo_lang_runnable_utils::builder::{create_code_footer, RunnableBuilder};
use cairo_lang_sierra::extensions::core::CoreTypeConcrete;
use cairo_lang_sierra::ids::ConcreteTypeId;
use cairo_lang_sierra::program::{
    Function, GenericArg, Program as SierraProgram, VersionedProgram,
};

use super::code_map::CodeMap;
use super::entry::{entry_code, Signature};
use super::CachedHash;
use super::{Builtin, Program, ProgramError, MAX_CODE_LEN};
use crate::hint::Hint;

impl Program {
    /// Compiles a function of a Sierra program (versioned JSON) to a program.
    ///
    /// The function is named by its full path, such as `model::main`, and is
    /// `fn(input: Span<felt252>, ref output: Array<felt252>)`. It uses no gas and no syscalls.
    ///
    /// # Errors
    ///
    /// If the bytes are not Sierra, the function is not there, has another signature, needs a
    /// builtin or a hint that a provable program cannot have, or does not compile.
    pub fn from_sierra(sierra: &[u8], function: &str) -> Result<Self, ProgramError> {
        Self::from_sierra_with_map(sierra, function).map(|(program, _)| program)
    }

    /// [`Program::from_sierra`], and which Sierra each address comes from.
    ///
    /// # Errors
    ///
    /// As [`Program::from_sierra`].
    pub fn from_sierra_with_map(
        sierra: &[u8],
        function: &str,
    ) -> Result<(Self, CodeMap), ProgramError> {
        let sierra = parse(sierra)?;
        let found = find(&sierra, function)?.clone();
        let builder = RunnableBuilder::new(sierra, None)
            .map_err(|error| ProgramError::Casm { reason: error.to_string() })?;
        let signature = signature(&builder, function, &found)?;

        let (entry, mut hints) = entry_code(&signature);
        let casm = builder.casm_program();
        let assembled = casm.assemble_ex(&entry, &create_code_footer());
        if assembled.bytecode.len() > MAX_CODE_LEN {
            return Err(ProgramError::TooLong {
                actual: assembled.bytecode.len(),
                max: MAX_CODE_LEN,
            });
        }
        let code_offset = entry.iter().map(|instruction| instruction.body.op_size()).sum();
        for (pc, list) in &assembled.hints {
            for hint in list {
                let hint = Hint::from_casm(hint)
                    .map_err(|unsupported| ProgramError::Hint { hint: unsupported.0 })?;
                hints.extend(hint.map(|hint| (*pc, hint)));
            }
        }
        let map = CodeMap::new(builder.sierra_program(), casm, &entry, code_offset);
        let program = Self {
            function: function.to_owned(),
            builtins: signature.builtins(),
            code_offset,
            bytecode: assembled.bytecode.iter().map(Into::into).collect(),
            hint_counts: counts(&hints),
            hints: hints.into_iter().map(|(_, hint)| hint).collect(),
            cached_hash: CachedHash::default(),
        };
        Ok((program, map))
    }
}

fn parse(bytes: &[u8]) -> Result<SierraProgram, ProgramError> {
    let sierra = |reason: String| ProgramError::Sierra { reason };
    let program: VersionedProgram =
        serde_json::from_slice(bytes).map_err(|error| sierra(error.to_string()))?;
    Ok(program.into_v1().map_err(|error| sierra(error.to_string()))?.program)
}

fn find<'a>(program: &'a SierraProgram, name: &str) -> Result<&'a Function, ProgramError> {
    let named = |function: &&Function| function.id.debug_name.as_deref() == Some(name);
    program.funcs.iter().find(named).ok_or_else(|| ProgramError::FunctionNotFound {
        name: name.to_owned(),
        available: program.funcs.iter().map(|function| function.id.to_string()).collect(),
    })
}

/// How many hints stand at each address.
fn counts(hints: &[(usize, Hint)]) -> Vec<(usize, usize)> {
    let runs = hints.chunk_by(|a, b| a.0 == b.0);
    runs.map(|run| (run[0].0, run.len())).collect()
}

fn signature(
    builder: &RunnableBuilder,
    name: &str,
    function: &Function,
) -> Result<Signature, ProgramError> {
    let wrong = |reason: String| ProgramError::Signature { name: name.to_owned(), reason };
    let types = Types { builder };

    let [implicits @ .., input, output] = &function.signature.param_types[..] else {
        return Err(wrong(format!("has {} parameters", function.signature.param_types.len())));
    };
    if !types.is_felt_span(input) {
        return Err(wrong(format!("has `{input}` as its first parameter")));
    }
    if !types.is_felt_array(output) {
        return Err(wrong(format!("has `{output}` as its second parameter")));
    }
    // A function that cannot panic returns the output itself.
    let (results, panics) = match &function.signature.ret_types[..] {
        [results @ .., last] if types.is_felt_array(last) => (results, false),
        [results @ .., last] if types.is_panic_result(last) => (results, true),
        _ => return Err(wrong("returns a value".to_owned())),
    };
    let builtins = |list: &[ConcreteTypeId]| -> Result<Vec<Builtin>, ProgramError> {
        if let Some(ty) = list.iter().find(|ty| types.is_user_type(ty)) {
            return Err(wrong(format!("also takes or returns `{ty}`")));
        }
        let (known, unknown): (Vec<_>, Vec<_>) =
            list.iter().map(|ty| types.builtin(ty).ok_or(ty)).partition(Result::is_ok);
        if !unknown.is_empty() {
            let types = unknown.into_iter().filter_map(Result::err).map(ToString::to_string);
            return Err(ProgramError::Builtin { name: name.to_owned(), types: types.collect() });
        }
        Ok(known.into_iter().filter_map(Result::ok).collect())
    };
    let signature = Signature {
        takes: builtins(implicits)?,
        returns: builtins(results)?,
        panics,
        offset: start_offset(builder, function),
    };
    let sorted = |list: &[Builtin]| {
        let mut list = list.to_vec();
        list.sort_unstable();
        list
    };
    let takes = sorted(&signature.takes);
    if takes != sorted(&signature.returns) || takes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(wrong("does not return each builtin that it takes".to_owned()));
    }
    Ok(signature)
}

fn start_offset(builder: &RunnableBuilder, function: &Function) -> usize {
    let statements = &builder.casm_program().debug_info.sierra_statement_info;
    statements[function.entry_point.0].start_offset
}

/// Questions about Sierra types.
struct Types<'a> {
    builder: &'a RunnableBuilder,
}

impl Types<'_> {
    fn get(&self, ty: &ConcreteTypeId) -> Option<&CoreTypeConcrete> {
        self.builder.registry().get_type(ty).ok()
    }

    fn is_felt_array(&self, ty: &ConcreteTypeId) -> bool {
        matches!(self.get(ty), Some(CoreTypeConcrete::Array(array))
            if matches!(self.get(&array.ty), Some(CoreTypeConcrete::Felt252(_))))
    }

    fn is_felt_span(&self, ty: &ConcreteTypeId) -> bool {
        let [GenericArg::UserType(_), GenericArg::Type(member)] =
            &self.builder.type_long_id(ty).generic_args[..]
        else {
            return false;
        };
        matches!(self.get(ty), Some(CoreTypeConcrete::Struct(_)))
            && matches!(self.get(member), Some(CoreTypeConcrete::Snapshot(snapshot))
                if self.is_felt_array(&snapshot.ty))
    }

    fn is_unit(&self, ty: &ConcreteTypeId) -> bool {
        matches!(self.get(ty), Some(CoreTypeConcrete::Struct(unit)) if unit.members.is_empty())
    }

    /// `PanicResult<(Array<felt252>, ())>`: a flag, then the output or the panic's felts.
    fn is_panic_result(&self, ty: &ConcreteTypeId) -> bool {
        let Some(CoreTypeConcrete::Enum(result)) = self.get(ty) else { return false };
        let [success, panic] = &result.variants[..] else { return false };
        let members = |ty| match self.get(ty) {
            Some(CoreTypeConcrete::Struct(tuple)) => &tuple.members[..],
            _ => &[],
        };
        matches!(members(success), [output, unit]
                if self.is_felt_array(output) && self.is_unit(unit))
            && matches!(members(panic), [marker, felts]
                if self.is_unit(marker) && self.is_felt_array(felts))
            && self.builder.type_size(ty) == 3
    }

    fn builtin(&self, ty: &ConcreteTypeId) -> Option<Builtin> {
        super::builtin::of_sierra_type(&self.builder.type_long_id(ty).generic_id.0)
    }

    fn is_user_type(&self, ty: &ConcreteTypeId) -> bool {
        self.builder.is_user_arg_type(&self.builder.type_long_id(ty).generic_id)
    }
}
