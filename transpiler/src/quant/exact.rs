//! Order-preserving integers for floats: comparisons of keys are comparisons of floats.

use super::Range;
use crate::graph::DType;

/// The key of a float: for finite `a`, `b` of the type, `a < b` exactly if `key(a) < key(b)`, and
/// `key(a) = key(b)` exactly if `a = b`. Missing values (NaN) sort below everything. `value` must be a
/// value of `dtype`; -0 and +0 have one key.
pub fn key_of(dtype: DType, value: f64) -> i128 {
    let value = if value == 0.0 { 0.0 } else { value };
    match dtype {
        DType::F32 if value.is_nan() => missing_key(dtype),
        DType::F32 => {
            let bits = (value as f32).to_bits();
            i128::from(if bits >> 31 == 1 { !bits } else { bits | 1 << 31 })
        }
        DType::F64 if value.is_nan() => missing_key(dtype),
        DType::F64 => {
            let bits = value.to_bits();
            i128::from(if bits >> 63 == 1 { !bits } else { bits | 1 << 63 })
        }
        DType::I64 => value as i128 + (1 << 63),
    }
}

/// The float of a key; the inverse of [`key_of`] on keys that it makes.
pub fn value_of(dtype: DType, key: i128) -> f64 {
    match dtype {
        DType::F32 if key == missing_key(dtype) => f64::NAN,
        DType::F32 => {
            let key = key as u32;
            f64::from(f32::from_bits(if key >> 31 == 1 { key ^ 1 << 31 } else { !key }))
        }
        DType::F64 if key == missing_key(dtype) => f64::NAN,
        DType::F64 => {
            let key = key as u64;
            f64::from_bits(if key >> 63 == 1 { key ^ 1 << 63 } else { !key })
        }
        DType::I64 => (key - (1 << 63)) as f64,
    }
}

/// The key that stands for a missing value: just below negative infinity's.
pub(crate) fn missing_key(dtype: DType) -> i128 {
    match dtype {
        DType::F32 | DType::F64 => key_of(dtype, f64::NEG_INFINITY) - 1,
        DType::I64 => -1,
    }
}

/// The keys of every value that is accepted: the infinities and all between, and the missing key
/// below them where `missing`.
pub(crate) fn key_range(dtype: DType, missing: bool) -> Range {
    let range = match dtype {
        DType::F32 | DType::F64 => {
            Range { lo: key_of(dtype, f64::NEG_INFINITY), hi: key_of(dtype, f64::INFINITY) }
        }
        DType::I64 => Range { lo: 0, hi: i128::from(u64::MAX) },
    };
    Range { lo: if missing { missing_key(dtype) } else { range.lo }, ..range }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_floats() {
        let values = [
            f64::NEG_INFINITY,
            -3.4e38,
            -1.5,
            -1e-45,
            0.0,
            1e-45,
            f64::from(f32::MIN_POSITIVE),
            0.1f32.into(),
            1.0,
            3.4e38,
            f64::INFINITY,
        ];
        for dtype in [DType::F32, DType::F64] {
            let keys: Vec<_> = values.map(|v| key_of(dtype, f64::from(v as f32))).to_vec();
            assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{keys:?}");
            for (value, key) in values.iter().zip(keys) {
                assert_eq!(value_of(dtype, key), f64::from(*value as f32));
            }
            assert_eq!(key_of(dtype, -0.0), key_of(dtype, 0.0));
            assert!(key_of(dtype, f64::NAN) < key_of(dtype, f64::NEG_INFINITY));
            assert!(value_of(dtype, key_of(dtype, f64::NAN)).is_nan());
        }
    }

    #[test]
    fn integer_keys_are_shifted() {
        assert_eq!(key_of(DType::I64, -7.0), (1 << 63) - 7);
        assert_eq!(value_of(DType::I64, key_of(DType::I64, 42.0)), 42.0);
    }
}
