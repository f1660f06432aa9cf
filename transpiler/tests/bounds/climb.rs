//! The search: hill climbing over accepted rows, in floats; the best row is judged exactly.

use nilometer_transpiler::eval;
use nilometer_transpiler::graph::Graph;
use nilometer_transpiler::quant::{Encoding, QuantGraph};

use super::exact;

/// A small generator: the same numbers everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.next()
    }

    pub fn below(&mut self, n: usize) -> usize {
        ((self.next() * n as f64) as usize).min(n - 1)
    }
}

/// A feature as an integer and where in the integer's unit the float lies.
type Place = (i128, f64);

/// Parts of a unit on both sides, up to just inside of what still rounds to the integer.
const PARTS: [f64; 7] = [-0.5, -0.499_999, -0.25, 0.0, 0.25, 0.499_999, 0.5];

fn row(graph: &QuantGraph, places: &[Place]) -> Vec<f64> {
    let Encoding::Fixed { scale_log2 } = &graph.input.encoding else {
        return places.iter().map(|&(q, _)| q as f64).collect();
    };
    let unit = |i: usize| libm::ldexp(1.0, -scale_log2[i]);
    places.iter().enumerate().map(|(i, &(q, part))| (q as f64 + part) * unit(i)).collect()
}

/// The largest error of the output at `row`; none if it is refused, or the model has no value there.
fn error(float: &Graph, graph: &QuantGraph, row: &[f64]) -> Option<f64> {
    let fixed = graph.predict(row).ok()?.outputs;
    let real = eval::evaluate(float, row).ok()?;
    let pairs = fixed[0].iter().zip(&real[0]).map(|(a, b)| (a - b).abs());
    pairs.reduce(f64::max).filter(|error| error.is_finite())
}

/// The largest error found, exactly where that can be had, and the row it was found at.
pub fn worst(
    float: &Graph,
    graph: &QuantGraph,
    random: &mut Random,
    steps: usize,
) -> (f64, Vec<f64>) {
    let ranges = &graph.input.ranges;
    let mut best = (0.0, row(graph, &vec![(0, 0.0); ranges.len()]));
    for start in 0..6 {
        let mut places: Vec<Place> = ranges
            .iter()
            .map(|range| {
                let q = match (start, random.next() < 0.5) {
                    (0, _) => range.lo,
                    (1, _) => range.hi,
                    (2 | 3, true) => range.lo,
                    (2 | 3, false) => range.hi,
                    _ => random.between(range.lo as f64, range.hi as f64) as i128,
                };
                (q, PARTS[random.below(PARTS.len())])
            })
            .collect();
        let mut here = error(float, graph, &row(graph, &places)).unwrap_or(0.0);
        for step in 0..steps {
            let mut next = places.clone();
            let i = random.below(ranges.len());
            let range = &ranges[i];
            let reach = (range.hi - range.lo) >> (step % 24);
            match random.below(6) {
                0 => next[i].0 = range.lo,
                1 => next[i].0 = range.hi,
                2 => next[i].0 += (reach as f64 * random.between(-1.0, 1.0)) as i128,
                3 => next[i].0 += if random.next() < 0.5 { 1 } else { -1 },
                4 => next[i].1 = PARTS[random.below(PARTS.len())],
                _ => {
                    for place in &mut next {
                        place.1 = PARTS[random.below(PARTS.len())];
                    }
                }
            }
            next[i].0 = next[i].0.clamp(range.lo, range.hi);
            if let Some(found) = error(float, graph, &row(graph, &next)) {
                if found >= here {
                    (here, places) = (found, next);
                }
            }
        }
        if here > best.0 {
            best = (here, row(graph, &places));
        }
    }
    (exactly(float, graph, &best.1).unwrap_or(best.0), best.1)
}

/// The error at one row by exact arithmetic; roots and transcendental functions are given some last
/// bits.
fn exactly(float: &Graph, graph: &QuantGraph, row: &[f64]) -> Option<f64> {
    let fixed = graph.predict(row).ok()?.outputs;
    let (real, is_exact) = exact::evaluate(float, row, float.outputs[0].value)?;
    let mut worst = 0.0f64;
    for (a, b) in fixed[0].iter().zip(&real) {
        let difference = exact::float(&(exact::rational(*a)? - b)).abs();
        let guard = if is_exact { 0.0 } else { 1e-13 * exact::float(b).abs() };
        worst = worst.max(difference - guard);
    }
    Some(worst)
}
