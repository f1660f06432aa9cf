//! Whether a contract class can know anything but what it is given.
//!
//! The registry settles claims by executing a model. That is fair only if the model answers a row in the same way
//! no matter who asks, when, and with how much gas. A class is *pure* if all of this holds:
//!
//! * It is of a Sierra version below 1.7, and says so in both places that nodes read. Classes from 1.7 on
//!   are metered in gas as they run, so that they see the gas that the sender chose.
//! * It uses only library functions on `PURE_LIBFUNCS` or `GAS_LIBFUNCS`. This is a list of what is allowed, not
//!   of what is forbidden: what a later compiler adds is refused until somebody has looked at it.
//! * Running out of gas cannot become an answer, nor a refusal. `withdraw_gas` branches on the gas that is left, so
//!   its failing branch must panic with `Out of gas` and do nothing else; and a panic must go from each function to
//!   its caller unchanged, because a function that catches one could answer otherwise.
//!
//! The last rule is checked on the Sierra statements, by types rather than by names: names in a class are its
//! author's. *Panic enums* are enums of two variants, the second of which is a pair of an empty structure and a list of
//! felts. They may be made, matched, moved and returned, but not dropped, copied, or put into another type.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cairo_lang_sierra::ids::{ConcreteLibfuncId, ConcreteTypeId, VarId};
use cairo_lang_sierra::program::{
    ConcreteLibfuncLongId, ConcreteTypeLongId, GenericArg, Invocation, Program, Statement,
    StatementIdx,
};
use cairo_lang_starknet_classes::contract_class::ContractClass;
use num_bigint::BigInt;

use crate::contract::{as_compiler_writes, ContractError};

/// The first Sierra version whose classes are metered in gas.
const METERED: (usize, usize) = (1, 7);
/// What the compiler writes for the version of a class, whatever its Sierra.
const CLASS_VERSION: &str = "0.1.0";
/// `Out of gas` as a felt.
const OUT_OF_GAS: &[u8] = b"Out of gas";

/// Library functions that depend on nothing but their arguments.
const PURE_LIBFUNCS: &[&str] = &[
    "alloc_local",
    "array_append",
    "array_get",
    "array_len",
    "array_new",
    "array_pop_front",
    "array_pop_front_consume",
    "array_slice",
    "array_snapshot_multi_pop_back",
    "array_snapshot_multi_pop_front",
    "array_snapshot_pop_back",
    "array_snapshot_pop_front",
    "bitwise",
    "bool_and_impl",
    "bool_not_impl",
    "bool_or_impl",
    "bool_to_felt252",
    "bool_xor_impl",
    "bounded_int_add",
    "bounded_int_constrain",
    "bounded_int_div_rem",
    "bounded_int_is_zero",
    "bounded_int_mul",
    "bounded_int_sub",
    "bounded_int_trim_max",
    "bounded_int_trim_min",
    "bounded_int_wrap_non_zero",
    "box_forward_snapshot",
    "branch_align",
    "bytes31_const",
    "bytes31_to_felt252",
    "bytes31_try_from_felt252",
    "const_as_box",
    "const_as_immediate",
    "disable_ap_tracking",
    "downcast",
    "drop",
    "dup",
    "enable_ap_tracking",
    "enum_from_bounded_int",
    "enum_init",
    "enum_match",
    "enum_snapshot_match",
    "felt252_add",
    "felt252_const",
    "felt252_dict_entry_finalize",
    "felt252_dict_entry_get",
    "felt252_dict_new",
    "felt252_dict_squash",
    "felt252_div",
    "felt252_is_zero",
    "felt252_mul",
    "felt252_sub",
    "finalize_locals",
    "function_call",
    "hades_permutation",
    "i128_const",
    "i128_diff",
    "i128_eq",
    "i128_overflowing_add_impl",
    "i128_overflowing_sub_impl",
    "i128_to_felt252",
    "i128_try_from_felt252",
    "i16_const",
    "i16_diff",
    "i16_eq",
    "i16_overflowing_add_impl",
    "i16_overflowing_sub_impl",
    "i16_to_felt252",
    "i16_try_from_felt252",
    "i16_wide_mul",
    "i32_const",
    "i32_diff",
    "i32_eq",
    "i32_overflowing_add_impl",
    "i32_overflowing_sub_impl",
    "i32_to_felt252",
    "i32_try_from_felt252",
    "i32_wide_mul",
    "i64_const",
    "i64_diff",
    "i64_eq",
    "i64_overflowing_add_impl",
    "i64_overflowing_sub_impl",
    "i64_to_felt252",
    "i64_try_from_felt252",
    "i64_wide_mul",
    "i8_const",
    "i8_diff",
    "i8_eq",
    "i8_overflowing_add_impl",
    "i8_overflowing_sub_impl",
    "i8_to_felt252",
    "i8_try_from_felt252",
    "i8_wide_mul",
    "into_box",
    "jump",
    "match_nullable",
    "null",
    "nullable_forward_snapshot",
    "nullable_from_box",
    "pedersen",
    "rename",
    "revoke_ap_tracking",
    "snapshot_take",
    "span_from_tuple",
    "store_local",
    "store_temp",
    "struct_boxed_deconstruct",
    "struct_construct",
    "struct_deconstruct",
    "struct_snapshot_deconstruct",
    "tuple_from_span",
    "u128_byte_reverse",
    "u128_const",
    "u128_eq",
    "u128_guarantee_mul",
    "u128_is_zero",
    "u128_mul_guarantee_verify",
    "u128_overflowing_add",
    "u128_overflowing_sub",
    "u128_safe_divmod",
    "u128_sqrt",
    "u128_to_felt252",
    "u128s_from_felt252",
    "u16_bitwise",
    "u16_const",
    "u16_eq",
    "u16_is_zero",
    "u16_overflowing_add",
    "u16_overflowing_sub",
    "u16_safe_divmod",
    "u16_sqrt",
    "u16_to_felt252",
    "u16_try_from_felt252",
    "u16_wide_mul",
    "u256_is_zero",
    "u256_safe_divmod",
    "u256_sqrt",
    "u32_bitwise",
    "u32_const",
    "u32_eq",
    "u32_is_zero",
    "u32_overflowing_add",
    "u32_overflowing_sub",
    "u32_safe_divmod",
    "u32_sqrt",
    "u32_to_felt252",
    "u32_try_from_felt252",
    "u32_wide_mul",
    "u64_bitwise",
    "u64_const",
    "u64_eq",
    "u64_is_zero",
    "u64_overflowing_add",
    "u64_overflowing_sub",
    "u64_safe_divmod",
    "u64_sqrt",
    "u64_to_felt252",
    "u64_try_from_felt252",
    "u64_wide_mul",
    "u8_bitwise",
    "u8_const",
    "u8_eq",
    "u8_is_zero",
    "u8_overflowing_add",
    "u8_overflowing_sub",
    "u8_safe_divmod",
    "u8_sqrt",
    "u8_to_felt252",
    "u8_try_from_felt252",
    "u8_wide_mul",
    "unbox",
    "unwrap_non_zero",
    "upcast",
];

/// Library functions about gas that the compiler writes by itself. The first two branch, and are looked at
/// where they are used; the others give the program nothing to branch on.
const GAS_LIBFUNCS: &[&str] =
    &["withdraw_gas", "withdraw_gas_all", "get_builtin_costs", "redeposit_gas"];

/// What a class can know besides its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purity {
    /// The system calls that the class makes, by the names of Sierra's library functions, sorted.
    pub system_calls: Vec<String>,
    /// Everything that keeps the class from being pure, system calls among it, sorted; empty if it is pure.
    pub impurities: Vec<String>,
}

impl Purity {
    /// Whether the class depends on its arguments alone: it answers a row in the same way for every caller.
    pub fn is_pure(&self) -> bool {
        self.impurities.is_empty()
    }
}

/// Looks at what a class can know; the class is as a node has it or as the compiler writes it.
///
/// # Errors
///
/// If the bytes are not a contract class.
pub fn purity(class: &[u8]) -> Result<Purity, ContractError> {
    let malformed =
        |error: &dyn std::fmt::Display| ContractError::Class { reason: error.to_string() };
    let class: ContractClass =
        serde_json::from_slice(&as_compiler_writes(class)?).map_err(|error| malformed(&error))?;
    let extracted = class.extract_sierra_program(false).map_err(|error| malformed(&error))?;
    let mut impurities = BTreeSet::new();
    let version = extracted.sierra_version;
    if (version.major, version.minor) >= METERED {
        impurities.insert(format!("Sierra {version}, which is metered in gas"));
    }
    if class.contract_class_version != CLASS_VERSION {
        impurities.insert(format!("class version {:?}", class.contract_class_version));
    }
    let names = extracted
        .program
        .libfunc_declarations
        .iter()
        .map(|declared| declared.long_id.generic_id.0.to_string());
    let names: BTreeSet<String> = names.collect();
    let is_system = |name: &&String| name.ends_with("_syscall") || name.as_str() == "cheatcode";
    let system_calls = names.iter().filter(is_system).cloned().collect();
    let known = |name: &&String| {
        PURE_LIBFUNCS.contains(&name.as_str()) || GAS_LIBFUNCS.contains(&name.as_str())
    };
    impurities.extend(names.iter().filter(|name| !known(name)).cloned());
    impurities.extend(Flow::new(&extracted.program).impurities());
    Ok(Purity { system_calls, impurities: impurities.into_iter().collect() })
}

/// The version of a class's Sierra, from the head of its program: what the network's nodes go by.
///
/// # Errors
///
/// If the bytes are not a contract class.
pub fn sierra_version(class: &[u8]) -> Result<(usize, usize, usize), ContractError> {
    let malformed =
        |error: &dyn std::fmt::Display| ContractError::Class { reason: error.to_string() };
    let class: ContractClass =
        serde_json::from_slice(&as_compiler_writes(class)?).map_err(|error| malformed(&error))?;
    let version = class.extract_sierra_program(false).map_err(|error| malformed(&error))?;
    let version = version.sierra_version;
    Ok((version.major, version.minor, version.patch))
}

/// Whether classes of this Sierra version are metered in gas while they run.
pub fn is_metered((major, minor, _): (usize, usize, usize)) -> bool {
    (major, minor) >= METERED
}

/// What a variable on the way to a panic holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    /// The felt `Out of gas`.
    OutOfGas,
    /// A list that was made here, empty.
    Empty,
    /// The list of what a panic carries: unchanged from where it came from, or nothing but `Out of gas`.
    Message,
    /// The empty structure of panics.
    Marker,
    /// What a panic carries: unchanged from where it came from, or `Out of gas`.
    Payload,
    /// A panic enum that is a panic with that payload.
    Panic,
}

/// What is known of variables before a statement.
type Known = BTreeMap<u64, Held>;

/// The statements of a program, and what its types are.
struct Flow<'a> {
    program: &'a Program,
    libfuncs: HashMap<&'a ConcreteLibfuncId, &'a ConcreteLibfuncLongId>,
    types: HashMap<&'a ConcreteTypeId, &'a ConcreteTypeLongId>,
    panic_enums: HashSet<&'a ConcreteTypeId>,
}

impl<'a> Flow<'a> {
    fn new(program: &'a Program) -> Self {
        let libfuncs =
            program.libfunc_declarations.iter().map(|declared| (&declared.id, &declared.long_id));
        let types: HashMap<_, _> = program
            .type_declarations
            .iter()
            .map(|declared| (&declared.id, &declared.long_id))
            .collect();
        let mut flow =
            Self { program, libfuncs: libfuncs.collect(), types, panic_enums: HashSet::new() };
        let is_panic = |declared: &&'a cairo_lang_sierra::program::TypeDeclaration| {
            flow.is_panic_enum(&declared.long_id)
        };
        let found = program.type_declarations.iter().filter(is_panic).map(|declared| &declared.id);
        flow.panic_enums = found.collect();
        flow
    }

    /// The members of a structure or the variants of an enum.
    fn parts(
        &self,
        long_id: &'a ConcreteTypeLongId,
        kind: &str,
    ) -> Option<Vec<&'a ConcreteTypeId>> {
        let (GenericArg::UserType(_), parts) = long_id.generic_args.split_first()? else {
            return None;
        };
        let part = |arg: &'a GenericArg| match arg {
            GenericArg::Type(id) => Some(id),
            _ => None,
        };
        (long_id.generic_id.0 == kind).then(|| parts.iter().map(part).collect()).flatten()
    }

    fn is_panic_enum(&self, long_id: &'a ConcreteTypeLongId) -> bool {
        let Some(variants) = self.parts(long_id, "Enum") else { return false };
        matches!(variants.as_slice(), [_, payload] if self.is_payload(payload))
    }

    /// A pair of an empty structure and a list of felts.
    fn is_payload(&self, id: &ConcreteTypeId) -> bool {
        let Some(members) = self.types.get(id).and_then(|long_id| self.parts(long_id, "Struct"))
        else {
            return false;
        };
        let [marker, list] = members.as_slice() else { return false };
        self.is_marker(marker) && self.is_list(list)
    }

    fn is_marker(&self, id: &ConcreteTypeId) -> bool {
        let members = self.types.get(id).and_then(|long_id| self.parts(long_id, "Struct"));
        members.is_some_and(|members| members.is_empty())
    }

    fn is_list(&self, id: &ConcreteTypeId) -> bool {
        let Some(long_id) = self.types.get(id) else { return false };
        let [GenericArg::Type(element)] = long_id.generic_args.as_slice() else { return false };
        let is_felt = self.types.get(element).is_some_and(|id| id.generic_id.0 == "felt252");
        long_id.generic_id.0 == "Array" && is_felt
    }

    /// Whether a generic argument names a panic enum.
    fn names_panic(&self, arg: &GenericArg) -> bool {
        matches!(arg, GenericArg::Type(id) if self.panic_enums.contains(id))
    }

    fn impurities(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let hidden = self.program.type_declarations.iter().any(|declared| {
            declared.long_id.generic_id.0 != "Uninitialized"
                && declared.long_id.generic_args.iter().any(|arg| self.names_panic(arg))
        });
        let moved =
            ["enum_init", "enum_match", "store_temp", "store_local", "alloc_local", "rename"];
        let handled = self.program.libfunc_declarations.iter().any(|declared| {
            !moved.contains(&declared.long_id.generic_id.0.as_str())
                && declared.long_id.generic_args.iter().any(|arg| self.names_panic(arg))
        });
        if hidden || handled {
            found.insert("a panic that is kept or dropped".to_owned());
        }
        for (index, statement) in self.program.statements.iter().enumerate() {
            let Statement::Invocation(invocation) = statement else { continue };
            let Some(libfunc) = self.libfuncs.get(&invocation.libfunc_id) else { continue };
            let Some(branch) = invocation.branches.get(1) else { continue };
            let start = StatementIdx(index).next(branch.target);
            match libfunc.generic_id.0.as_str() {
                name @ ("withdraw_gas" | "withdraw_gas_all")
                    if !self.panics(start, Known::new()) =>
                {
                    found.insert(format!("{name} that does not panic"));
                }
                "enum_match" if libfunc.generic_args.iter().any(|arg| self.names_panic(arg)) => {
                    let payload = branch.results.iter().map(|var| (var.id, Held::Payload));
                    if !self.panics(start, payload.collect()) {
                        found.insert("a panic that is caught".to_owned());
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Whether every way from a statement ends by returning a panic whose payload is the known one, or
    /// `Out of gas`.
    fn panics(&self, start: StatementIdx, known: Known) -> bool {
        let mut before: HashMap<usize, Known> = HashMap::from([(start.0, known)]);
        let mut work = vec![start.0];
        while let Some(index) = work.pop() {
            let known = before.get(&index).cloned().unwrap_or_default();
            match self.program.statements.get(index) {
                None => return false,
                Some(Statement::Return(vars)) => {
                    if !vars.iter().any(|var| known.get(&var.id) == Some(&Held::Panic)) {
                        return false;
                    }
                }
                Some(Statement::Invocation(invocation)) => {
                    for branch in &invocation.branches {
                        let after = self.after(invocation, &known, &branch.results);
                        let next = StatementIdx(index).next(branch.target).0;
                        match before.get_mut(&next) {
                            None => {
                                before.insert(next, after);
                                work.push(next);
                            }
                            Some(known) => {
                                let length = known.len();
                                known.retain(|var, held| after.get(var) == Some(held));
                                if known.len() != length {
                                    work.push(next);
                                }
                            }
                        }
                    }
                }
            }
        }
        true
    }

    /// What is known after a branch of a statement.
    fn after(&self, invocation: &Invocation, known: &Known, results: &[VarId]) -> Known {
        let held =
            |place: usize| invocation.args.get(place).and_then(|var| known.get(&var.id)).copied();
        let libfunc = self.libfuncs.get(&invocation.libfunc_id);
        let name = libfunc.map_or("", |libfunc| libfunc.generic_id.0.as_str());
        let args: &[GenericArg] = libfunc.map_or(&[], |libfunc| &libfunc.generic_args);
        let made = match (name, held(0), held(1)) {
            ("store_temp" | "rename", held, _) => held,
            ("store_local", _, held) => held,
            ("felt252_const" | "const_as_immediate", ..) if self.is_out_of_gas(args) => {
                Some(Held::OutOfGas)
            }
            ("array_new", ..) => Some(Held::Empty),
            ("array_append", Some(Held::Empty), Some(Held::OutOfGas)) => Some(Held::Message),
            ("struct_construct", None, None) if self.makes_marker(args) => Some(Held::Marker),
            ("struct_construct", Some(Held::Marker), Some(Held::Message)) => Some(Held::Payload),
            ("enum_init", Some(Held::Payload), _) if self.makes_panic(args) => Some(Held::Panic),
            _ => None,
        };
        let mut after = known.clone();
        for var in &invocation.args {
            // `dup` and snapshots are not followed: what they copy is not what panics return.
            if name != "dup" {
                after.remove(&var.id);
            }
        }
        for var in results {
            after.remove(&var.id);
        }
        if let (Some(held), Some(var)) = (made, results.first()) {
            after.insert(var.id, held);
        }
        // Panics of inlined functions are taken apart and put together again.
        if let ("struct_deconstruct", Some(Held::Payload), [marker, list]) =
            (name, held(0), results)
        {
            after.insert(marker.id, Held::Marker);
            after.insert(list.id, Held::Message);
        }
        after
    }

    fn is_out_of_gas(&self, args: &[GenericArg]) -> bool {
        let wanted = BigInt::from_bytes_be(num_bigint::Sign::Plus, OUT_OF_GAS);
        match args {
            [GenericArg::Value(value)] => *value == wanted,
            [GenericArg::Type(id)] => self.types.get(id).is_some_and(|long_id| {
                long_id.generic_id.0 == "Const"
                    && matches!(long_id.generic_args.as_slice(), [_, GenericArg::Value(value)] if *value == wanted)
            }),
            _ => false,
        }
    }

    fn makes_marker(&self, args: &[GenericArg]) -> bool {
        matches!(args, [GenericArg::Type(id)] if self.is_marker(id))
    }

    fn makes_panic(&self, args: &[GenericArg]) -> bool {
        let [GenericArg::Type(id), GenericArg::Value(variant)] = args else { return false };
        self.panic_enums.contains(id) && *variant == BigInt::from(1)
    }
}
