//! Proved error bounds beside the worst errors that a search finds: the table of `docs/error-bounds.md`.
//!
//! `cargo run --release -p nilometer-transpiler --example bounds -- examples/zoo`

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "an example")]

#[path = "../tests/bounds/climb.rs"]
mod climb;
#[path = "../tests/bounds/exact.rs"]
mod exact;

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis};
use nilometer_transpiler::graph::OutputKind;
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};
use nilometer_transpiler::{onnx, passes};

fn rows(path: &Path) -> Option<Vec<Vec<f64>>> {
    let array: ArrayD<f64> = match ndarray_npy::read_npy::<_, ArrayD<f32>>(path) {
        Ok(array) => array.mapv(f64::from),
        Err(_) => ndarray_npy::read_npy(path).ok()?,
    };
    Some(array.axis_iter(Axis(0)).map(|row| row.iter().copied().collect()).collect())
}

/// Three digits, as a power of ten where the number is small.
fn short(x: f64) -> String {
    if x == 0.0 {
        "0".to_owned()
    } else if x < 0.01 {
        format!("{x:.1e}")
    } else {
        format!("{x:.3}")
    }
}

fn main() {
    let folder =
        PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "examples/zoo".to_owned()));
    let mut models: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .collect();
    models.sort();
    println!("| model | proved bound | worst found | bound / worst |");
    println!("|---|---:|---:|---:|");
    for path in models {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Some(rows) = rows(&folder.join(format!("{name}_inputs.npy"))) else { continue };
        let mut graph = passes::simplify(onnx::import(&std::fs::read(&path).unwrap()).unwrap());
        // Labels are indices: they have no error.
        graph.outputs.retain(|output| matches!(output.kind, OutputKind::Numbers { .. }));
        graph.outputs.truncate(1);
        if graph.outputs.is_empty() {
            continue;
        }
        let planned = match plan(&graph, Some(&Calibration { rows }), &PlanOptions::default()) {
            Ok(planned) => planned,
            Err(error) => {
                println!("| {name} | {error} | | |");
                continue;
            }
        };
        let bound = planned.graph.nodes[planned.graph.outputs[0].value].error;
        let macs = graph.parameter_count().max(1);
        let steps = (40_000_000 / macs).clamp(40, 2_000);
        let (found, _) = climb::worst(&graph, &planned.graph, &mut climb::Random(1), steps);
        match bound {
            Some(0.0) => println!("| {name} | 0 | {} | exact |", short(found)),
            Some(bound) => {
                println!("| {name} | {} | {} | {:.1} |", short(bound), short(found), bound / found);
            }
            None => println!("| {name} | none | {} | |", short(found)),
        }
    }
}
