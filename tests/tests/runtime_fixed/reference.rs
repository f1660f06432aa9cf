//! The formulas of `nilometer_runtime::fixed` over big integers, with constants computed independently.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive};

/// Fractional bits.
const FRACTION: u32 = 32;
pub const ONE: i128 = 1 << FRACTION;
/// The largest representation.
pub const MAX: i128 = (1 << 79) - 1;

pub fn big(x: i128) -> BigInt {
    BigInt::from(x)
}

pub fn pow2(bits: u32) -> BigInt {
    BigInt::one() << bits
}

/// `⌊a / b⌋` of `b > 0`.
fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    let quotient = a / b;
    if a.is_negative() && &quotient * b != *a {
        quotient - 1
    } else {
        quotient
    }
}

/// `⌊a / b + 1/2⌋` of `b > 0`.
pub fn round_div(a: &BigInt, b: &BigInt) -> BigInt {
    floor_div(&(a * 2 + b), &(b * 2))
}

/// A result that is in range.
pub fn fit(x: BigInt) -> Option<i128> {
    x.to_i128().filter(|x| x.abs() <= MAX)
}

// ---- exact constants, by series in units of 2^-600 ----

const WIDE: u32 = 600;

/// `e^(x / 2^600)` in units of `2^-600`, for small `x`.
fn wide_exp(x: &BigInt) -> BigInt {
    let mut term = pow2(WIDE);
    let mut sum = term.clone();
    for k in 1..200 {
        term = ((&term * x) >> WIDE) / k;
        sum += &term;
    }
    sum
}

/// `ln(n / d)` in units of `2^-600`, of `n / d` from 1 to 2: twice the inverse hyperbolic tangent.
fn wide_ln(n: &BigInt, d: &BigInt) -> BigInt {
    let z = ((n - d) << WIDE) / (n + d);
    let square = (&z * &z) >> WIDE;
    let (mut power, mut sum) = (z.clone(), z);
    for k in 1..250 {
        power = (&power * &square) >> WIDE;
        sum += &power / (2 * k + 1);
    }
    sum * 2
}

/// A constant of units `2^-600` in units of `2^-bits`, rounded.
fn rounded(x: &BigInt, bits: u32) -> BigInt {
    round_div(x, &pow2(WIDE - bits))
}

/// The tables and coefficients.
pub struct Constants {
    pub log2_e: BigInt,
    pub roots: Vec<BigInt>,
    pub exp: Vec<BigInt>,
    pub inverses: Vec<BigInt>,
    pub logarithms: Vec<BigInt>,
    pub ln: Vec<BigInt>,
    pub ln_2: BigInt,
}

impl Constants {
    pub fn new() -> Self {
        let ln_2 = wide_ln(&big(2), &big(1));
        let inverses: Vec<BigInt> =
            (0..32).map(|i| round_div(&(pow2(62) * 64), &big(64 + 2 * i + 1))).collect();
        let factor = |k: usize| {
            // (ln 2)^k / k!
            (1..=k).fold(pow2(WIDE), |product, j| ((product * &ln_2) >> WIDE) / j)
        };
        Self {
            log2_e: round_div(&pow2(WIDE + 48), &ln_2),
            roots: (0..32).map(|i| rounded(&wide_exp(&(&ln_2 * i / 32)), 44)).collect(),
            exp: (0..6).map(|k| rounded(&factor(k), 244 - 40 * k as u32)).collect(),
            logarithms: inverses
                .iter()
                .map(|inverse| rounded(&wide_ln(&pow2(62), inverse), 130))
                .collect(),
            inverses,
            ln: (0..6u32)
                .map(|k| {
                    let coefficient = round_div(&pow2(212 - 40 * k), &big(i128::from(k) + 1));
                    if k % 2 == 0 {
                        coefficient
                    } else {
                        -coefficient
                    }
                })
                .collect(),
            ln_2: rounded(&ln_2, 130),
        }
    }

    /// `e^x`; `None` where it is out of range.
    pub fn exp(&self, x: i128) -> Option<i128> {
        if x < -23 * ONE {
            return Some(0);
        }
        if x >= 33 * ONE {
            return None;
        }
        // 40 fractional bits of x · log₂ e + 34, rounded.
        let power: BigInt = (big(x) * &self.log2_e + (big(34) << 80u32) + pow2(39)) >> 40u32;
        let (steps, f): (BigInt, BigInt) = (&power >> 35u32, &power & (pow2(35) - 1));
        let (n, i) = ((&steps >> 5u32).to_u32().unwrap(), (&steps & big(31)).to_usize().unwrap());
        let sum = self.exp.iter().rev().fold(BigInt::ZERO, |sum, c| sum * &f + c);
        let mantissa = ((sum >> 122u32) * &self.roots[i]) >> 104u32;
        fit(((mantissa << n) + pow2(63)) >> 64u32)
    }

    /// `ln x` of `x > 0`.
    pub fn ln(&self, x: i128) -> i128 {
        let shift = x.leading_zeros() - 49;
        let x = big(x) << shift;
        let index = (&x >> 73u32).to_usize().unwrap() - 32;
        let r: BigInt = ((&x * &self.inverses[index] + pow2(99)) >> 100u32) - pow2(40);
        let sum = self.ln.iter().rev().fold(BigInt::ZERO, |sum, c| sum * &r + c);
        let series = floor_div(&(sum * r), &pow2(122));
        let exponent = 46 - i128::from(shift);
        let total = series + &self.logarithms[index] + &self.ln_2 * exponent;
        round_div(&total, &pow2(98)).to_i128().unwrap()
    }

    /// `e^x` of `x ≤ 0`, below −23 (for twice `x`, −11.5) nothing.
    fn power(&self, x: i128) -> i128 {
        self.exp(x).unwrap()
    }

    pub fn sigmoid(&self, x: i128) -> i128 {
        let denominator = big(ONE + self.power(-x.abs()));
        let above = round_div(&pow2(64), &denominator).to_i128().unwrap();
        if x < 0 {
            ONE - above
        } else {
            above
        }
    }

    pub fn tanh(&self, x: i128) -> i128 {
        let power = self.power((-2 * x.abs()).max(-24 * ONE));
        let above = round_div(&big((ONE - power) << 32), &big(ONE + power)).to_i128().unwrap();
        if x < 0 {
            -above
        } else {
            above
        }
    }
}
