//! The command line, from outside: exact texts, exit codes, JSON fields, files.

#![allow(clippy::unwrap_used)]

mod columns;
mod data;
mod docs;
mod doctor;
mod explore;
mod external;
mod files;
mod inspect;
mod model_proof;
mod models;
mod package;
mod prove;
mod registry;
mod rows;
mod support;
mod transpile;
mod trust;
mod usage;
