//! ONNX models to integer graphs to Cairo packages.
//!
//! Input: the bytes of an ONNX file and, as a rule, calibration rows. Output: a [`quant::QuantGraph`],
//! which is the model's identity and its reference, and a Cairo package that computes the same
//! integers. The stages, each a module: [`onnx`] imports, [`passes`] simplify the float graph,
//! [`quant`] chooses the precision and proves the ranges, [`emit`] writes Cairo; [`eval`] is the float
//! model and [`cost`] the price of the integer one.
//!
//! This crate reads no files, runs no compiler and prints nothing. The same input gives the same
//! bytes on every machine: no clock, no environment, no platform mathematics.

pub mod cost;
pub mod decision;
pub mod emit;
pub mod eval;
mod float;
pub mod graph;
pub mod onnx;
pub mod passes;
pub mod quant;
pub mod schema;
