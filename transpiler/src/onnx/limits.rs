//! What the importer takes from an untrusted file.
//!
//! Memory is bounded by the file's size: what is not backed by its bytes (scalars spread over a
//! vector, index lists, default attributes) comes out of a budget.

use super::ImportError;

/// Bytes in a model file.
pub const MAX_FILE_BYTES: usize = 1 << 30;
/// Nodes in a graph.
pub const MAX_NODES: usize = 20_000;
/// Protocol-buffer messages in a file (a node, an attribute, a tensor, a dimension are one each):
/// an empty one takes 2 bytes in the file but hundreds in memory.
pub const MAX_MESSAGES: usize = 1 << 17;
/// Texts and names in a file: each may take 2 bytes there but dozens in memory.
pub const MAX_TEXTS: usize = 1 << 22;
/// Inputs or outputs of a node.
pub const MAX_OPERANDS: usize = 1 << 12;
/// Axes of a tensor.
pub const MAX_RANK: usize = 16;
/// Features in a row.
pub const MAX_FEATURES: usize = 1 << 20;
/// Branches between a tree's root and a leaf, as in onnxruntime.
pub const MAX_TREE_DEPTH: usize = 1_000;
/// Tree nodes, beyond those that the file lists, that are copied because several branches lead to them.
pub const MAX_COPIED_TREE_NODES: usize = 1 << 20;
/// Elements, beyond one for each byte of the file, in constants and values that the import makes.
pub const MAX_DERIVED_ELEMENTS: usize = 1 << 24;

/// Counts the elements that the import allocates.
#[derive(Debug)]
pub(crate) struct Budget {
    used: usize,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(file_bytes: usize) -> Self {
        Self { used: 0, limit: file_bytes.saturating_add(MAX_DERIVED_ELEMENTS) }
    }

    /// Takes `elements` out of the budget, before they are allocated.
    pub(crate) fn claim(&mut self, elements: usize) -> Result<(), ImportError> {
        self.used = self.used.saturating_add(elements);
        check("elements of derived values", self.used, self.limit)
    }
}

pub(crate) fn check(what: &'static str, actual: usize, limit: usize) -> Result<(), ImportError> {
    if actual > limit {
        return Err(ImportError::TooLarge { what, actual, limit });
    }
    Ok(())
}
