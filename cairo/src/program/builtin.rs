//! Builtins as the virtual machine and Sierra name them.

use cairo_vm::types::builtin_name::BuiltinName;
use nilometer_air::cairo::Builtin;

/// A builtin as the virtual machine names it.
pub(crate) fn vm_name(builtin: Builtin) -> BuiltinName {
    match builtin {
        Builtin::Output => BuiltinName::output,
        Builtin::Pedersen => BuiltinName::pedersen,
        Builtin::RangeCheck => BuiltinName::range_check,
        Builtin::Bitwise => BuiltinName::bitwise,
        Builtin::Poseidon => BuiltinName::poseidon,
    }
}

/// The builtin of a Sierra type, if it is one.
pub(crate) fn of_sierra_type(generic_id: &str) -> Option<Builtin> {
    match generic_id {
        "Pedersen" => Some(Builtin::Pedersen),
        "RangeCheck" => Some(Builtin::RangeCheck),
        "Bitwise" => Some(Builtin::Bitwise),
        "Poseidon" => Some(Builtin::Poseidon),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_virtual_machine() {
        for builtin in [
            Builtin::Output,
            Builtin::Pedersen,
            Builtin::RangeCheck,
            Builtin::Bitwise,
            Builtin::Poseidon,
        ] {
            assert_eq!(builtin.name(), vm_name(builtin).to_str());
        }
    }
}
