//! The rows that the model is declared to take.

use super::{Calibration, PlanError, PlanOptions, RangeSource};
use crate::graph::{DType, Graph};
use crate::quant::InputSpec;

/// The default declared range, and the one that features are assumed to take in practice: standardised
/// features seldom leave it.
const DEFAULT_DECLARED: (f64, f64) = (-10.0, 10.0);
const DEFAULT_TYPICAL: (f64, f64) = (-4.0, 4.0);
/// Rows drawn from the typical range where no calibration is given.
const SYNTHETIC_ROWS: usize = 256;

/// The declared and the typical ranges, and where they come from.
pub(super) fn input_spec(
    graph: &Graph,
    calibration: Option<&Calibration>,
    options: &PlanOptions,
) -> Result<(InputSpec, RangeSource), PlanError> {
    let len = graph.input.len;
    let calibrated = match calibration {
        None => None,
        Some(Calibration { rows }) if rows.is_empty() => return Err(PlanError::NoRows),
        Some(Calibration { rows }) => {
            let mut spans = vec![(f64::INFINITY, f64::NEG_INFINITY); len];
            for row in rows {
                for (span, &x) in spans.iter_mut().zip(row).filter(|(_, x)| x.is_finite()) {
                    *span = (span.0.min(x), span.1.max(x));
                }
            }
            for span in spans.iter_mut().filter(|span| span.0 > span.1) {
                *span = (0.0, 0.0);
            }
            even_out(&mut spans);
            Some(spans)
        }
    };
    if let Some((lo, hi)) = options.input_range {
        if !(lo.is_finite() && hi.is_finite() && lo < hi) {
            return Err(PlanError::InputRange { lo, hi });
        }
    }
    let widest = |spans: &[(f64, f64)]| spans.iter().map(|(lo, hi)| hi - lo).fold(0.0, f64::max);
    let widen = |spans: &[(f64, f64)]| {
        // A feature that never moved may move as far as the others do.
        let fallback = Some(widest(spans)).filter(|&w| w > 0.0).unwrap_or(1.0);
        spans
            .iter()
            .map(|&(lo, hi)| {
                let span = if hi > lo { hi - lo } else { fallback };
                (lo - options.margin * span, hi + options.margin * span)
            })
            .collect()
    };
    let spec = |mut declared: Vec<(f64, f64)>, mut typical: Vec<(f64, f64)>| {
        for (index, feature) in graph.input.features.iter().enumerate() {
            // Beyond its limits a feature has no meaning.
            if let Some((lo, hi)) = feature.bounds() {
                declared[index] = (lo, hi);
                typical[index] = (lo, hi);
            }
        }
        InputSpec { declared, typical, features: options.features }
    };
    Ok(match (options.input_range, calibrated) {
        (Some(range), Some(spans)) => (spec(vec![range; len], spans), RangeSource::Given),
        (Some(range), None) => (spec(vec![range; len], vec![range; len]), RangeSource::Given),
        (None, Some(spans)) => (spec(widen(&spans), spans), RangeSource::Calibration),
        (None, None) => {
            (spec(vec![DEFAULT_DECLARED; len], vec![DEFAULT_TYPICAL; len]), RangeSource::Default)
        }
    })
}

/// Gives features that hardly moved the middle span where all features are of one kind: a pixel
/// that was dark in every calibration row is a pixel all the same.
fn even_out(spans: &mut [(f64, f64)]) {
    /// Features are of one kind if none moved further than this many times the middle one.
    const ALIKE: f64 = 4.0;
    let mut widths: Vec<f64> = spans.iter().map(|(lo, hi)| hi - lo).collect();
    widths.sort_unstable_by(f64::total_cmp);
    let (Some(&middle), Some(&widest)) = (widths.get(widths.len() / 2), widths.last()) else {
        return;
    };
    if widest <= ALIKE * middle {
        for span in spans.iter_mut().filter(|(lo, hi)| hi - lo < middle) {
            span.1 = span.0 + middle;
        }
    }
}

/// Rows spread evenly and reproducibly over the typical range.
pub(super) fn synthetic_rows(graph: &Graph, typical: &[(f64, f64)]) -> Vec<Vec<f64>> {
    let len = graph.input.len;
    let is_whole = |feature: usize| match graph.input.feature(feature) {
        Some(feature) => feature.whole,
        None => graph.input.dtype == DType::I64,
    };
    // Weyl sequences of a few irrational steps: equidistributed, and the same everywhere.
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..SYNTHETIC_ROWS)
        .map(|_| {
            (0..len)
                .map(|i| {
                    // The sum of three: more mass in the middle, as features have.
                    let unit = (next() + next() + next()) / 3.0;
                    let value = typical[i].0 + (typical[i].1 - typical[i].0) * unit;
                    if is_whole(i) {
                        value.round()
                    } else {
                        value
                    }
                })
                .collect()
        })
        .collect()
}
