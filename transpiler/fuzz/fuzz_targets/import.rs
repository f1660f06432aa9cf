//! Any bytes, imported: no panic, and what is imported can be validated, simplified and evaluated.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nilometer_transpiler::{eval, onnx, passes};

/// Features of a row that is worth the fuzzer's time.
const MAX_FEATURES: usize = 1 << 12;

fuzz_target!(|bytes: &[u8]| {
    let _ = onnx::inspect(bytes);
    let Ok(graph) = onnx::import(bytes) else {
        return;
    };
    assert_eq!(graph.validate(), Ok(()));
    if graph.input.len > MAX_FEATURES {
        return;
    }
    let row = vec![1.0; graph.input.len];
    assert!(eval::evaluate(&graph, &row).is_ok());
    if let Some(label) = passes::label_only(&graph) {
        assert!(eval::evaluate(&label, &row).is_ok());
    }
    assert!(eval::evaluate(&passes::simplify(graph), &row).is_ok());
});
