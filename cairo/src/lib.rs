//! Cairo source to Sierra to CASM to an execution trace.
