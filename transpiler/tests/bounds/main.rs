//! Every operator's error bound is searched for a row that breaks it.
//!
//! Small random graphs of every operator are quantised at random precisions. Hill climbing then looks for
//! the accepted row with the largest error, at the corners and up to half a unit outside of the declared
//! range. What it finds may come near to the bound and not beyond.

#![allow(clippy::unwrap_used, reason = "a test")]

mod cases;
mod climb;
mod exact;
mod models;
