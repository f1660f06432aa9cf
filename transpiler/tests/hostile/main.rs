//! Hostile model files: each is refused with its own error, none panics or asks for much memory.

#![allow(clippy::unwrap_used)]

#[path = "../onnx_ops/support.rs"]
mod support;

mod external;
mod files;
mod mutations;
mod tensors;
mod trees;
