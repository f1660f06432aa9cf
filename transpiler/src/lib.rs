//! ONNX models to quantised integer graphs to Cairo packages.

pub mod graph;
