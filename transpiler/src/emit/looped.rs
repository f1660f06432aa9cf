//! The looped shape: constant data and tight loops from the runtime.

use super::EmitError;
use crate::quant::QuantGraph;

pub(super) fn module(_graph: &QuantGraph) -> Result<String, EmitError> {
    Err(EmitError::Template { template: "looped.cairo".into(), reason: "not there yet".into() })
}
