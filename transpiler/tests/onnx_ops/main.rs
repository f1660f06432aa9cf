//! Operators, one by one: their values, a non-default attribute, a shape, and, where tract has the
//! operator, its own evaluation as an independent check.

mod constants;
mod dense;
mod graphs;
mod labels;
mod linear;
mod select;
mod shape;
mod support;
mod tree_heads;
mod tree_tests;
mod unary;
