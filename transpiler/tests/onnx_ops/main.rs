//! Operators, one by one: their values, a non-default attribute, a shape, and, where tract has the
//! operator, its own evaluation as an independent check.

#![allow(clippy::unwrap_used)]

mod activations;
mod columns;
mod constants;
mod convolution;
mod dense;
mod evaluation;
mod graphs;
mod labels;
mod linear;
mod logic;
mod reductions;
mod select;
mod shape;
mod support;
mod tree_forms;
mod tree_heads;
mod tree_tests;
mod unary;
mod validation;
mod vectors;
