//! Transforms give what Winterfell's give.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use common::{felts, BACKENDS};
use nilometer_field::Felt;
use nilometer_kernels::{
    evaluate, evaluate_with_offset, fft, interpolate, interpolate_with_offset, inverse_fft, Polys,
    Twiddles,
};
use winter_math::{fft as winter, polynom, FieldElement, StarkField};

/// Sizes in one piece and in several, powers of four and not.
const LOG_SIZES: [u32; 9] = [0, 1, 2, 5, 6, 7, 10, 11, 14];

fn columns(width: usize, size: usize) -> Vec<Vec<Felt>> {
    let mut columns: Vec<_> = (0..width).map(|i| felts(i as u64, size)).collect();
    // Extreme values as well.
    if let Some(column) = columns.last_mut() {
        column.fill(-Felt::ONE);
    }
    columns
}

/// By Winterfell, which needs at least two values.
fn reference_interpolate(values: &[Felt]) -> Vec<Felt> {
    let mut values = values.to_vec();
    if values.len() > 1 {
        let twiddles = winter::get_inv_twiddles::<Felt>(values.len());
        winter::interpolate_poly(&mut values, &twiddles);
    }
    values
}

fn reference_evaluate(poly: &[Felt], blowup: usize, offset: Felt) -> Vec<Felt> {
    if poly.len() == 1 {
        return vec![poly[0]; blowup];
    }
    let twiddles = winter::get_twiddles::<Felt>(poly.len());
    winter::evaluate_poly_with_offset(poly, &twiddles, offset, blowup)
}

#[test]
fn columns_to_polynomials_to_rows() {
    for backend in BACKENDS {
        for (log_size, width, blowup) in
            LOG_SIZES.iter().flat_map(|log| [(*log, 1, 4), (*log, 8, 1), (*log, 11, 2)])
        {
            let size = 1 << log_size;
            let columns = columns(width, size);
            let slices: Vec<_> = columns.iter().map(Vec::as_slice).collect();
            let twiddles = Twiddles::with_backend(size, backend());
            let polys = interpolate(&slices, &twiddles);
            let offset = Felt::GENERATOR;
            let rows = evaluate(&polys, &twiddles, blowup, offset);
            assert_eq!((rows.width(), rows.height()), (width, size * blowup));
            for (i, column) in columns.iter().enumerate() {
                let poly = reference_interpolate(column);
                assert_eq!(polys.coefficients(i), poly, "{:?} 2^{log_size}", backend());
                let values = reference_evaluate(&poly, blowup, offset);
                let found: Vec<_> = rows.data().iter().skip(i).step_by(width).copied().collect();
                assert_eq!(found, values, "{:?} 2^{log_size}", backend());
            }
        }
    }
}

#[test]
fn single_columns() {
    for backend in BACKENDS {
        for log_size in [0, 1, 2, 5, 6, 7, 9, 10, 13, 14, 15] {
            let size = 1 << log_size;
            let twiddles = Twiddles::with_backend(size, backend());
            let poly = felts(3, size);
            let offset = Felt::from(7_u64);
            let context = format!("{:?} 2^{log_size}", backend());

            let mut values = poly.clone();
            fft(&mut values, &twiddles);
            assert_eq!(values, reference_evaluate(&poly, 1, Felt::ONE), "{context}");
            inverse_fft(&mut values, &twiddles);
            assert_eq!(values, poly, "{context}");

            for blowup in [1, 4] {
                let values = evaluate_with_offset(&poly, &twiddles, blowup, offset);
                assert_eq!(values, reference_evaluate(&poly, blowup, offset), "{context}");
            }
            let values = evaluate_with_offset(&poly, &twiddles, 1, offset);
            assert_eq!(interpolate_with_offset(&values, &twiddles, offset), poly, "{context}");
        }
    }
}

#[test]
fn polynomials_at_a_point_and_combined() {
    for backend in BACKENDS {
        for (size, width) in [(1, 3), (64, 1), (1024, 8), (4096, 19)] {
            let columns = columns(width, size);
            let slices: Vec<_> = columns.iter().map(Vec::as_slice).collect();
            let polys = Polys::from_coefficients(&slices, backend());
            assert_eq!((polys.size(), polys.width()), (size, width));
            let point = felts(9, 3)[2];
            let expected: Vec<_> = columns.iter().map(|poly| polynom::eval(poly, point)).collect();
            assert_eq!(polys.evaluate_at(point), expected);

            let weights = felts(11, width);
            let expected: Vec<_> = (0..size)
                .map(|i| {
                    columns.iter().zip(&weights).fold(Felt::ZERO, |sum, (c, w)| sum + c[i] * *w)
                })
                .collect();
            assert_eq!(polys.combine(&weights), expected);
        }
    }
}

#[test]
fn more_polynomials_than_products_in_one_sum() {
    let columns = columns(8 * 64 + 9, 4);
    let slices: Vec<_> = columns.iter().map(Vec::as_slice).collect();
    for backend in BACKENDS {
        let polys = Polys::from_coefficients(&slices, backend());
        let weights = vec![-Felt::ONE; slices.len()];
        let expected: Vec<_> =
            (0..4).map(|i| -columns.iter().fold(Felt::ZERO, |sum, c| sum + c[i])).collect();
        assert_eq!(polys.combine(&weights), expected);
    }
}

#[test]
#[should_panic(expected = "a column's length")]
fn columns_of_another_size_are_refused() {
    interpolate(&[&felts(1, 4)], &Twiddles::new(8));
}
