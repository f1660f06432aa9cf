//! What comes of a folder of ONNX models, in this process: refused and why, or taken and how well.
//!
//! `cargo run -p nilometer-transpiler --example corpus_import -- FOLDER [PART OF A NAME] [--import]`
//!
//! A model `NAME.onnx` may have rows `NAME_inputs.npy` and recorded answers `NAME_expected.npy` (numbers)
//! and `NAME_expected_label.npy`. With `--import` models are imported only, and nothing is quantised.

#![allow(clippy::print_stdout, reason = "an example")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use nilometer_transpiler::eval::evaluate;
use nilometer_transpiler::graph::{Graph, OutputKind};
use nilometer_transpiler::onnx::ImportError;
use nilometer_transpiler::plan::{plan, Calibration, PlanOptions};
use nilometer_transpiler::quant::QuantGraph;
use nilometer_transpiler::{onnx, passes};

/// An array of numbers or texts, by rows.
struct Array {
    rows: Vec<Vec<f64>>,
    texts: Option<Vec<String>>,
}

/// Reads little-endian numbers and texts; nothing else.
fn read_npy(path: &Path) -> Option<Array> {
    let bytes = std::fs::read(path).ok()?;
    let length = usize::from(u16::from_le_bytes(bytes.get(8..10)?.try_into().ok()?));
    let header = std::str::from_utf8(bytes.get(10..10 + length)?).ok()?;
    let field = |key: &str| Some(header.split_once(key)?.1.trim_start_matches([':', ' ', '\'']));
    let kind = field("'descr'")?.split('\'').next()?;
    let shape = field("'shape'")?.split_once('(')?.1.split_once(')')?.0;
    let shape: Vec<usize> = shape.split(',').filter_map(|n| n.trim().parse().ok()).collect();
    let columns_first = field("'fortran_order'")?.starts_with("True");
    let data = bytes.get(10 + length..)?;
    if let Some(width) = kind.strip_prefix("<U") {
        let width: usize = width.parse().ok()?;
        let text = |cell: &[u8]| {
            let chars = cell.chunks_exact(4).filter_map(|c| {
                char::from_u32(u32::from_le_bytes([c[0], c[1], c[2], c[3]])).filter(|&c| c != '\0')
            });
            chars.collect::<String>()
        };
        return Some(Array {
            rows: vec![],
            texts: Some(data.chunks(4 * width).map(text).collect()),
        });
    }
    let numbers: Vec<f64> = match kind {
        "<f4" => data.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect(),
        "<f8" => data.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
        "<i8" => data.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
        "<i4" => data.as_chunks::<4>().0.iter().map(|b| i32::from_le_bytes(*b).into()).collect(),
        "|b1" | "|u1" => data.iter().map(|&b| b.into()).collect(),
        _ => return None,
    };
    let rows = *shape.first()?;
    let columns = numbers.len().checked_div(rows)?;
    let at = |row: usize, column: usize| match columns_first {
        true => numbers[column * rows + row],
        false => numbers[row * columns + column],
    };
    let row = |row| (0..columns).map(|column| at(row, column)).collect();
    Some(Array { rows: (0..rows).map(row).collect(), texts: None })
}

fn message(error: &ImportError) -> String {
    match error {
        ImportError::Unsupported { nodes } => {
            let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
            for node in nodes {
                *reasons.entry(format!("{}: {}", node.op, node.reason)).or_default() += 1;
            }
            reasons.into_iter().map(|(reason, n)| format!("[{n}] {reason}; ")).collect()
        }
        error => error.to_string(),
    }
}

/// The largest difference from the recorded numbers as a share of their range.
fn off(graph: &Graph, rows: &[Vec<f64>], expected: &Array) -> Option<f64> {
    let columns = expected.rows.first()?.len();
    let shows = |kind: &OutputKind| matches!(kind, OutputKind::Numbers { .. });
    let mut outputs = graph.outputs.iter().enumerate();
    let (at, _) = outputs.find(|(_, o)| shows(&o.kind) && graph.len_of(o.value) == columns)?;
    let numbers = || expected.rows.iter().flatten().copied().filter(|x| x.is_finite());
    let (lo, hi) = (numbers().fold(f64::MAX, f64::min), numbers().fold(f64::MIN, f64::max));
    let span = (hi - lo).max(1e-9);
    let mut worst = 0.0f64;
    for (row, wanted) in rows.iter().zip(&expected.rows) {
        let found = evaluate(graph, row).ok()?;
        for (a, b) in found[at].iter().zip(wanted) {
            worst = worst.max((a - b).abs() / span);
        }
    }
    Some(worst)
}

/// The share of rows whose label is the recorded one.
fn same_labels(quant: &QuantGraph, rows: &[Vec<f64>], expected: &Array) -> Option<f64> {
    let wanted: Vec<String> = match &expected.texts {
        Some(texts) => texts.clone(),
        None => expected
            .rows
            .iter()
            .map(|row| row.first().map_or(String::new(), f64::to_string))
            .collect(),
    };
    let label = |row: &[f64]| Some(quant.predict(row).ok()?.label?.1);
    let same =
        rows.iter().zip(&wanted).filter(|(row, wanted)| label(row).as_ref() == Some(*wanted));
    label(rows.first()?)?;
    Some(same.count() as f64 / rows.len() as f64)
}

fn judge(path: &Path, import_only: bool) -> Result<String, String> {
    let beside = |part: &str| {
        let name = path.file_stem()?.to_string_lossy().into_owned();
        read_npy(&path.with_file_name(format!("{name}{part}.npy")))
    };
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let imported = onnx::import(&bytes).map_err(|error| message(&error))?;
    let graph = passes::simplify(imported.clone());
    let inputs = beside("_inputs");
    let rows = inputs.as_ref().map_or(&[][..], |array| &array.rows);
    let expected = beside("_expected");
    let float = expected.as_ref().and_then(|expected| off(&imported, rows, expected));
    let float = float.map_or("-".to_owned(), |off| format!("{off:.1e}"));
    if import_only {
        return Ok(format!("float off by {float}"));
    }
    let calibration = (!rows.is_empty()).then(|| Calibration { rows: rows.to_vec() });
    let planned = plan(&graph, calibration.as_ref(), &PlanOptions::default());
    let planned = planned.map_err(|error| format!("float off by {float}; {error}"))?;
    let labels = beside("_expected_label");
    let labels = labels.and_then(|labels| same_labels(&planned.graph, rows, &labels));
    let bound = planned.graph.outputs.iter().filter_map(|o| planned.graph.nodes[o.value].error);
    Ok(format!(
        "float off by {float}, labels {}, agreement {}, error {:.1e}, bound {:.1e}, steps {}",
        labels.map_or("-".to_owned(), |share| format!("{share:.4}")),
        planned.accuracy.agreement,
        planned.accuracy.relative_error,
        bound.fold(0.0, f64::max),
        planned.trials.last().map_or(0, |trial| trial.steps),
    ))
}

fn main() {
    let (options, places): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let folder = PathBuf::from(places.first().map_or("examples/zoo", String::as_str));
    let part = places.get(1).map_or("", String::as_str);
    let Ok(entries) = std::fs::read_dir(&folder) else {
        println!("{} cannot be read", folder.display());
        return;
    };
    let mut models: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .filter(|path| path.to_string_lossy().contains(part))
        .collect();
    models.sort();
    let import_only = options.iter().any(|option| option == "--import");
    let mut taken = 0;
    for path in &models {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let started = std::time::Instant::now();
        let judged = judge(path, import_only);
        taken += usize::from(judged.is_ok());
        let seconds = started.elapsed().as_secs_f64();
        match judged {
            Ok(text) => println!("ok {name:36} {seconds:5.1} s  {text}"),
            Err(text) => println!("NO {name:36} {seconds:5.1} s  {text}"),
        }
    }
    println!("{taken} of {} taken", models.len());
}
