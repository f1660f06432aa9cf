//! Rewrites of float graphs that keep what the outputs show.

mod dead;

pub use dead::remove_dead_nodes;
