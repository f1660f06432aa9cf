//! Floating-point helpers that give the same bits on every machine.
//!
//! The standard library's transcendental functions come from the platform; the bytes that the
//! transpiler makes must not depend on it, so everything goes through `libm`.

/// `2^n`.
pub(crate) fn pow2(n: i32) -> f64 {
    libm::ldexp(1.0, n)
}

/// The least `n` with `|x| < 2^n`, for finite `x ≠ 0`: the bits of the integer part of its magnitude.
pub(crate) fn magnitude_bits(x: f64) -> i32 {
    libm::frexp(x.abs()).1
}

/// The greatest `n` with `2^n ≤ x`, for finite `x > 0`.
pub(crate) fn floor_log2(x: f64) -> i32 {
    magnitude_bits(x) - 1
}

/// The least `n` with `x ≤ 2^n`, for finite `x > 0`.
pub(crate) fn ceil_log2(x: f64) -> i32 {
    let (fraction, exponent) = libm::frexp(x);
    exponent - i32::from(fraction == 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_exact_at_powers_of_two() {
        for n in -300..300 {
            let x = pow2(n);
            assert_eq!((floor_log2(x), ceil_log2(x), magnitude_bits(x)), (n, n, n + 1));
            let above = x * (1.0 + f64::EPSILON);
            assert_eq!((floor_log2(above), ceil_log2(above)), (n, n + 1));
        }
        assert_eq!(magnitude_bits(-5.0), 3);
    }
}
