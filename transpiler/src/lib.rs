//! ONNX models to quantised integer graphs to Cairo packages.

pub mod eval;
pub mod graph;
pub mod onnx;
pub mod passes;
