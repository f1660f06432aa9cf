//! Starknet contract classes to CASM classes, and the network's limits on both.

use cairo_lang_starknet_classes::allowed_libfuncs::ListSelector;
use cairo_lang_starknet_classes::casm_contract_class::CasmContractClass;
use cairo_lang_starknet_classes::contract_class::ContractClass;
use serde::Serialize;
use starknet_types_core::felt::Felt;
use thiserror::Error;

/// The most felts of CASM bytecode that Starknet accepts in a class.
///
/// Constants and unrolled weights count: a model that is larger must be looped over packed data,
/// or not run on chain.
pub const MAX_BYTECODE_LEN: usize = 81_920;

/// The most bytes of a Sierra class that Starknet accepts, counted in the form that a declare
/// transaction carries: JSON without debug information, the ABI as a string.
pub const MAX_CLASS_LEN: usize = 4_089_446;

/// The most felts of a class's Sierra program that Starknet accepts.
///
/// Constants count here too, each being a type of its own: unrolled models reach this limit first.
pub const MAX_SIERRA_LEN: usize = 81_920;

/// The list of library functions that Starknet's networks accept.
const LIBFUNCS: &str = "audited";

/// A contract, ready to be declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledContract {
    /// The CASM class, as JSON.
    pub casm: Vec<u8>,
    /// Felts of CASM bytecode; [`MAX_BYTECODE_LEN`] are allowed.
    pub bytecode_len: usize,
    /// Bytes of the Sierra class in a declare transaction; [`MAX_CLASS_LEN`] are allowed.
    pub class_len: usize,
    /// Felts of the Sierra program; [`MAX_SIERRA_LEN`] are allowed.
    pub sierra_len: usize,
    /// The compiled class hash (Blake2s, Starknet 0.14.1 and later).
    pub compiled_class_hash: Felt,
}

impl CompiledContract {
    /// Whether the class is within all of the network's limits.
    pub fn is_within_limits(&self) -> bool {
        self.bytecode_len <= MAX_BYTECODE_LEN
            && self.class_len <= MAX_CLASS_LEN
            && self.sierra_len <= MAX_SIERRA_LEN
    }
}

/// Why a contract class was not compiled.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The bytes are not a contract class.
    #[error("not a contract class: {reason}")]
    Class {
        /// What is wrong.
        reason: String,
    },
    /// The class uses what the networks do not accept.
    #[error("the contract class is not accepted by Starknet: {reason}")]
    NotAllowed {
        /// The library function, and the list that it is not on.
        reason: String,
    },
    /// The class did not compile.
    #[error("compiling the contract class to CASM: {reason}")]
    Casm {
        /// What the compiler says.
        reason: String,
    },
}

/// Compiles a contract class (JSON) with the compiler that the network's nodes use.
///
/// A class above the network's limits is compiled all the same, so that it can be measured.
///
/// # Errors
///
/// If the bytes are not a contract class, it uses a library function that is not audited, or it does
/// not compile.
pub fn compile_contract(class: &[u8]) -> Result<CompiledContract, ContractError> {
    let malformed =
        |error: &dyn std::fmt::Display| ContractError::Class { reason: error.to_string() };
    let class: ContractClass = serde_json::from_slice(class).map_err(|error| malformed(&error))?;
    let program = class.extract_sierra_program(false).map_err(|error| malformed(&error))?;
    program
        .validate_version_compatible(ListSelector::ListName(LIBFUNCS.to_owned()))
        .map_err(|error| ContractError::NotAllowed { reason: error.to_string() })?;
    let sierra_len = class.sierra_program.len();
    let class_len = declared_len(&class).map_err(|error| malformed(&error))?;
    let casm = CasmContractClass::from_contract_class(class, program, false, usize::MAX)
        .map_err(|error| ContractError::Casm { reason: error.to_string() })?;
    Ok(CompiledContract {
        bytecode_len: casm.bytecode.len(),
        class_len,
        sierra_len,
        compiled_class_hash: casm.compiled_class_hash(),
        casm: serde_json::to_vec(&casm)
            .map_err(|error| ContractError::Casm { reason: error.to_string() })?,
    })
}

/// Compiles a class as a node has it: the ABI is a string there, which plays no part.
///
/// # Errors
///
/// As [`compile_contract`].
pub fn compile_sierra(class: &[u8]) -> Result<CompiledContract, ContractError> {
    compile_contract(&as_compiler_writes(class)?)
}

/// A class as a node has it in the form that the compiler writes and reads.
pub(crate) fn as_compiler_writes(class: &[u8]) -> Result<Vec<u8>, ContractError> {
    let malformed = |error: serde_json::Error| ContractError::Class { reason: error.to_string() };
    let mut class: serde_json::Value = serde_json::from_slice(class).map_err(malformed)?;
    if let Some(fields) = class.as_object_mut() {
        fields.insert("abi".to_owned(), serde_json::Value::Null);
        fields.insert("sierra_program_debug_info".to_owned(), serde_json::Value::Null);
    }
    serde_json::to_vec(&class).map_err(malformed)
}

/// Bytes of the class as a declare transaction carries it.
fn declared_len(class: &ContractClass) -> Result<usize, serde_json::Error> {
    #[derive(Serialize)]
    struct Declared<'a, P, E> {
        sierra_program: &'a P,
        contract_class_version: &'a str,
        entry_points_by_type: &'a E,
        abi: String,
    }
    let declared = Declared {
        sierra_program: &class.sierra_program,
        contract_class_version: &class.contract_class_version,
        entry_points_by_type: &class.entry_points_by_type,
        abi: class.abi.as_ref().map(serde_json::to_string).transpose()?.unwrap_or_default(),
    };
    Ok(serde_json::to_vec(&declared)?.len())
}
