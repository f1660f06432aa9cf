//! Package names: what Scarb and the Cairo compiler take, and nothing that hides a name of Cairo's own.
//!
//! A package's name is the name of its crate, and a path that starts with a crate's name is looked up there
//! before the prelude: in a crate called `i64` the type of that name is out of reach.

/// Keywords, also those that Cairo only reserves.
const KEYWORDS: [&str; 52] = [
    "as",
    "assert",
    "box",
    "break",
    "const",
    "continue",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "extrinsic",
    "false",
    "final",
    "fn",
    "for",
    "hint",
    "if",
    "impl",
    "implicits",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "never",
    "nopanic",
    "of",
    "override",
    "priv",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "static_assert",
    "struct",
    "super",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "use",
    "where",
    "while",
    "with",
];
/// Types, functions, modules and macros that every file sees, and crates that every package has.
const PRELUDE: [&str; 47] = [
    "array",
    "bool",
    "byte_array",
    "bytes31",
    "class_hash",
    "consteval_int",
    "contract_address",
    "core",
    "corelib",
    "cmp",
    "dict",
    "ec",
    "ecdsa",
    "felt252",
    "felt252_dict",
    "format",
    "gas",
    "hash",
    "i128",
    "i16",
    "i32",
    "i64",
    "i8",
    "integer",
    "keccak",
    "math",
    "nilometer_runtime",
    "nullable",
    "option",
    "panic",
    "panic_with_felt252",
    "pedersen",
    "poseidon",
    "print",
    "println",
    "result",
    "serde",
    "starknet",
    "storage",
    "string",
    "traits",
    "u128",
    "u16",
    "u256",
    "u32",
    "u64",
    "u8",
];
/// The rest of the prelude's lower-case names.
const MORE: [&str; 9] =
    ["assert_eq", "assert_ne", "usize", "u512", "u384", "u96", "write", "writeln", "yield"];
/// Longer names are cut: some file systems and Starknet's tools have limits of their own.
const MAX_LEN: usize = 100;

/// A package name made of any text: lower-case letters, digits and underscores, a letter first, and no
/// name that Cairo itself uses. A text that is such a name stays as it is.
pub fn package_name(text: &str) -> String {
    let valid = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.chars().map(valid).collect();
    let cut = |name: &str| name.chars().take(MAX_LEN).collect::<String>();
    let name = cut(name.trim_matches('_')).trim_end_matches('_').to_owned();
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return cut(format!("model_{name}").trim_end_matches('_'));
    }
    if is_taken(&name) {
        return format!("{name}_model");
    }
    name
}

/// Whether a package may have the name.
pub(super) fn is_package_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !is_taken(name)
}

/// Whether Cairo itself uses the name.
fn is_taken(name: &str) -> bool {
    KEYWORDS.contains(&name) || PRELUDE.contains(&name) || MORE.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe() {
        for (text, expected) in [
            ("my_model_2", "my_model_2"),
            ("My-Model 2", "my_model_2"),
            ("4layers", "model_4layers"),
            ("模型", "model"),
            ("größe", "gr__e"),
            ("", "model"),
            ("___", "model"),
            ("_x_", "x"),
            ("i64", "i64_model"),
            ("I64", "i64_model"),
            ("core", "core_model"),
            ("match", "match_model"),
            ("nilometer_runtime", "nilometer_runtime_model"),
            ("i64_model", "i64_model"),
        ] {
            assert_eq!(package_name(text), expected, "{text}");
            assert!(is_package_name(expected), "{expected}");
        }
        assert_eq!(package_name(&"x".repeat(500)).len(), MAX_LEN);
        for wrong in ["I64", "i64", "", "4x", "_x", "a-b", "å", "self"] {
            assert!(!is_package_name(wrong), "{wrong}");
        }
    }
}
