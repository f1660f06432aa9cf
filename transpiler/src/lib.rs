//! ONNX models to integer graphs to Cairo packages.
//!
//! Input: the bytes of an ONNX file and, as a rule, calibration rows. Output: a [`quant::QuantGraph`],
//! which is the model's identity and its reference, and a Cairo package that computes the same
//! integers. The stages, each a module: [`onnx`] imports, [`passes`] simplify the float graph,
//! [`quant`] makes integers and proves their ranges, [`layout`] packs them into field elements, [`cost`] counts
//! steps, [`plan`] chooses precision and shapes by them, [`emit`] writes Cairo. Each uses those before it, none those
//! behind it. [`eval`] is the float model.
//!
//! This crate reads no files, runs no compiler and prints nothing. The same input gives the same
//! bytes on every machine: no clock, no environment, no platform mathematics.
//!
//! ```
//! use nilometer_transpiler::plan::{plan, PlanOptions};
//!
//! let onnx = include_bytes!("../../examples/zoo/tree_iris_dt4.onnx");
//! let graph = nilometer_transpiler::onnx::import(onnx)?;
//! let model = plan(&graph, None, &PlanOptions::default())?.graph;
//! let answer = model.predict(&[5.1, 3.5, 1.4, 0.2])?;
//! assert_eq!(answer.integers[0], 0, "the first class, setosa");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cost;
pub mod decision;
pub mod emit;
pub mod eval;
mod float;
pub mod graph;
pub mod layout;
pub mod onnx;
pub mod passes;
pub mod plan;
pub mod quant;
pub mod schema;
