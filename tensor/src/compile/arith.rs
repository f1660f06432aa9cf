//! Operations on each element, pairs of elements, sums.

use nilometer_transpiler::quant::{QuantOp, Range};

use super::{bits, constants, eq1, eq2, Compiler, Failed};
use crate::circuit::{Hint, Port, Row, Signal};

impl Compiler<'_> {
    /// Compiles an operation other than a dense layer or trees.
    pub(super) fn operation(
        &mut self,
        batch_row: usize,
        node: usize,
    ) -> Result<Vec<Signal>, Failed> {
        let graph = self.graph;
        let inputs = &graph.nodes[node].inputs;
        let operand = |this: &Self, i: usize| this.values[batch_row][inputs[i]].clone();
        let each = |this: &mut Self, f: Each<'_, Self>| {
            let x = operand(this, 0);
            let ranges = this.ranges(inputs[0]);
            (0..x.len()).map(|i| f(this, i, x[i], ranges[i])).collect::<Result<Vec<_>, _>>()
        };
        // Pairs of signals and ranges; a second operand of one element stands beside all of the first.
        let pairs =
            |this: &mut Self,
             f: &mut dyn FnMut(&mut Self, usize, Pair) -> Result<Signal, Failed>| {
                let (a, b) = (operand(this, 0), operand(this, 1));
                let b_ranges = this.ranges(inputs[1]);
                (0..a.len())
                    .map(|i| {
                        let j = if b.len() == 1 { 0 } else { i };
                        let pair = Pair { a: a[i], b: b[j], b_range: b_ranges[j] };
                        f(this, i, pair)
                    })
                    .collect::<Result<Vec<_>, _>>()
            };
        match &graph.nodes[node].op {
            // Compiled elsewhere.
            QuantOp::Input | QuantOp::Dense { .. } | QuantOp::Trees(_) => {
                Err(Failed::Unsupported { node, reason: "an operation in the wrong place" })
            }
            QuantOp::Constant(values) => Ok(values.iter().map(|&v| self.constant(v)).collect()),
            QuantOp::Scale { mul, add } => {
                each(self, &mut |this, i, x, _| Ok(this.linear(x, mul[i].into(), add[i])))
            }
            QuantOp::Shift { bits } => each(self, &mut |this, i, x, range| {
                let half = if *bits == 0 { 0 } else { 1 << (bits - 1) };
                this.floor_shift(x, range, half, *bits, Self::reference(batch_row, node, i))
            }),
            QuantOp::Relu => each(self, &mut |this, _, x, range| this.at_least(x, range, 0)),
            QuantOp::LeakyRelu { slope, bits } => each(self, &mut |this, _, x, range| {
                // Y = slope·X + S·(2^bits − slope)·X
                let slope = i128::from(*slope);
                let result = constants(&[(eq2::X, slope), (eq2::SX, (1 << bits) - slope)]);
                this.sign(x, range, 0, Row { result, ..Row::default() })
            }),
            QuantOp::Clip { lo, hi } => {
                each(self, &mut |this, _, x, range| this.clip(x, range, *lo, *hi))
            }
            QuantOp::Abs => each(self, &mut |this, _, x, range| {
                if range.lo >= 0 {
                    return Ok(x);
                }
                let result = constants(&[(eq2::X, -1), (eq2::SX, 2)]);
                this.sign(x, range, 0, Row { result, ..Row::default() })
            }),
            QuantOp::Greater { threshold } => each(self, &mut |this, _, x, range| {
                this.is_at_least(x, range, threshold.saturating_add(1))
            }),
            QuantOp::Truncate { bits } => {
                each(self, &mut |this, _, x, range| this.truncate(x, range, *bits))
            }
            QuantOp::Sqrt => each(self, &mut |this, i, x, _| {
                this.sqrt(x, Self::reference(batch_row, node, i), graph.nodes[node].ranges[i])
            }),
            QuantOp::Lookup(table) => each(self, &mut |this, i, x, range| {
                this.lookup(node, table, x, range, Self::reference(batch_row, node, i))
            }),
            QuantOp::Add => pairs(self, &mut |this, _, p| Ok(this.combine(p.a, 1, p.b, 1))),
            QuantOp::Sub => pairs(self, &mut |this, _, p| Ok(this.combine(p.a, 1, p.b, -1))),
            QuantOp::Mul => pairs(self, &mut |this, _, p| Ok(this.product(p.a, p.b))),
            QuantOp::Div { bits } => pairs(self, &mut |this, i, p| {
                this.divide(
                    p,
                    *bits,
                    Self::reference(batch_row, node, i),
                    graph.nodes[node].ranges[i],
                )
            }),
            QuantOp::Larger => {
                let a_ranges = self.ranges(inputs[0]);
                pairs(self, &mut |this, i, p| this.larger(p.a, a_ranges[i], p.b, p.b_range, false))
            }
            QuantOp::MaskZero => pairs(self, &mut |this, _, p| this.mask_zero(p)),
            QuantOp::Sum => {
                let x = operand(self, 0);
                let sum = x.into_iter().reduce(|sum, x| self.combine(sum, 1, x, 1));
                Ok(vec![sum.unwrap_or_else(|| self.constant(0))])
            }
            QuantOp::Max => {
                let (x, ranges) = (operand(self, 0), self.ranges(inputs[0]));
                Ok(vec![self.largest(&x, ranges)?])
            }
            QuantOp::SubMax => {
                let (x, ranges) = (operand(self, 0), self.ranges(inputs[0]));
                let most = self.largest(&x, ranges)?;
                Ok(x.into_iter().map(|x| self.combine(x, 1, most, -1)).collect())
            }
            QuantOp::ArgMax { select_last } => {
                let (x, ranges) = (operand(self, 0), self.ranges(inputs[0]));
                Ok(vec![self.arg_max(&x, ranges, *select_last)?])
            }
            QuantOp::Gather(indices) => {
                let x = operand(self, 0);
                Ok(indices.iter().map(|&i| x[i]).collect())
            }
            QuantOp::Concat => Ok((0..inputs.len()).flat_map(|i| operand(self, i)).collect()),
        }
    }

    /// `mul·x + add`. One value: an equation of integers below the modulus.
    pub(super) fn linear(&mut self, x: Signal, mul: i128, add: i128) -> Signal {
        let result = constants(&[(eq2::X, mul), (eq2::Y0, add)]);
        self.result(Row { x: Port::Read(x), result, ..Row::default() })
    }

    /// `ka·a + kb·b`.
    pub(super) fn combine(&mut self, a: Signal, ka: i128, b: Signal, kb: i128) -> Signal {
        let result = constants(&[(eq2::X, ka), (eq2::A, kb)]);
        self.result(Row { x: Port::Read(a), a: Port::Read(b), result, ..Row::default() })
    }

    /// `a·b`.
    pub(super) fn product(&mut self, a: Signal, b: Signal) -> Signal {
        let result = constants(&[(eq2::AB, 1)]);
        self.result(Row { a: Port::Read(a), b: Port::Read(b), result, ..Row::default() })
    }

    /// A row whose S is whether `x ≥ threshold`, with what `row` makes of it.
    ///
    /// One value: where S is 1 the argument is `x − threshold`, where it is 0 `threshold − 1 − x`, and both must
    /// be in `[0, 2^bits)`, which is far below the modulus. Exactly one is.
    pub(super) fn sign(
        &mut self,
        x: Signal,
        range: Range,
        threshold: i128,
        row: Row,
    ) -> Result<Signal, Failed> {
        let bits = bits((range.hi - threshold).max(threshold - 1 - range.lo));
        let row = Row { x: Port::Read(x), ..signed(row, threshold) };
        self.checked_result(row, bits)
    }

    /// 1 where `x ≥ threshold`, else 0.
    pub(super) fn is_at_least(
        &mut self,
        x: Signal,
        range: Range,
        threshold: i128,
    ) -> Result<Signal, Failed> {
        if range.lo >= threshold || range.hi < threshold {
            return Ok(self.constant(i128::from(range.lo >= threshold)));
        }
        let result = constants(&[(eq2::S, 1)]);
        self.sign(x, range, threshold, Row { result, ..Row::default() })
    }

    /// `max(x, lo)`: `lo + S·(X − lo)`.
    pub(super) fn at_least(&mut self, x: Signal, range: Range, lo: i128) -> Result<Signal, Failed> {
        if range.lo >= lo {
            return Ok(x);
        }
        if range.hi <= lo {
            return Ok(self.constant(lo));
        }
        let result = constants(&[(eq2::Y0, lo), (eq2::S, -lo), (eq2::SX, 1)]);
        self.sign(x, range, lo, Row { result, ..Row::default() })
    }

    /// `min(max(x, lo), hi)`.
    pub(super) fn clip(
        &mut self,
        x: Signal,
        range: Range,
        lo: i128,
        hi: i128,
    ) -> Result<Signal, Failed> {
        let x = self.at_least(x, range, lo)?;
        let range = Range { lo: range.lo.max(lo), hi: range.hi.max(lo) };
        if range.hi <= hi {
            return Ok(x);
        }
        if range.lo >= hi {
            return Ok(self.constant(hi));
        }
        // X + S·(hi − X)
        let result = constants(&[(eq2::X, 1), (eq2::S, hi), (eq2::SX, -1)]);
        self.sign(x, range, hi, Row { result, ..Row::default() })
    }

    /// `floor((x + add) / 2^shift)`; `hint` is its value.
    ///
    /// One value: `x + add − 2^shift·q0 = r + 2^shift·h` with `0 ≤ r < 2^shift` and `0 ≤ h < 2^n`, where q0 is the least
    /// quotient; the right side is below 2^(shift + n) < p/2, so it is the division of integers.
    pub(super) fn floor_shift(
        &mut self,
        x: Signal,
        range: Range,
        add: i128,
        shift: u32,
        hint: Hint,
    ) -> Result<Signal, Failed> {
        if shift == 0 {
            return Ok(if add == 0 { x } else { self.linear(x, 1, add) });
        }
        let quotients = Range { lo: (range.lo + add) >> shift, hi: (range.hi + add) >> shift };
        let n = bits(quotients.hi - quotients.lo);
        if shift <= self.half_capacity() && n <= self.half_capacity() {
            let least = quotients.lo << shift;
            return Ok(self.result(Row {
                x: Port::Read(x),
                argument: constants(&[(eq1::X, 1), (eq1::K0, add - least), (eq1::H, 1 << shift)]),
                result: constants(&[(eq2::Y0, quotients.lo), (eq2::H, 1)]),
                widths: Some(self.widths(shift, n)),
                ..Row::default()
            }));
        }
        let (quotient, _) = self.hint(hint, quotients)?;
        let argument = constants(&[(eq1::A, 1), (eq1::K0, add), (eq1::X, -(1 << shift))]);
        let row = Row { x: Port::Read(quotient), a: Port::Read(x), argument, ..Row::default() };
        self.check_nonnegative(row, shift)?;
        Ok(quotient)
    }

    /// `x / 2^shift`, rounded towards zero.
    ///
    /// One value: S says the sign as in [`Self::sign`], but for 0, where both signs give 0; then the division
    /// of `|x|`.
    fn truncate(&mut self, x: Signal, range: Range, shift: u32) -> Result<Signal, Failed> {
        if shift == 0 {
            return Ok(x);
        }
        let n = bits(range.hi.max(-range.lo)).saturating_sub(shift);
        if shift > self.half_capacity() || n > self.half_capacity() {
            return Err(Failed::Narrow);
        }
        Ok(self.result(Row {
            x: Port::Read(x),
            argument: constants(&[(eq1::X, -1), (eq1::SX, 2), (eq1::H, 1 << shift)]),
            result: constants(&[(eq2::H, -1), (eq2::SH, 2)]),
            widths: Some(self.widths(shift, n)),
            sign: Some(0),
            ..Row::default()
        }))
    }

    /// `⌊√x⌋`; `hint` is its value, within `range`.
    ///
    /// One value: `x − y² ≥ 0` and `y² + 2y − x ≥ 0` with `0 ≤ y < 2^61`, all far below the modulus.
    fn sqrt(&mut self, x: Signal, hint: Hint, range: Range) -> Result<Signal, Failed> {
        let (y, n) = self.hint(hint, range)?;
        let square = self.product(y, y);
        // x − y² of the true root is at most 2y.
        let most = bits(2 * range.hi).max(n + 1);
        let row = Row {
            x: Port::Read(x),
            a: Port::Read(square),
            argument: constants(&[(eq1::X, 1), (eq1::A, -1)]),
            result: constants(&[(eq2::X, 1), (eq2::A, -1)]),
            ..Row::default()
        };
        let above = self.checked_result(row, most)?;
        let argument = constants(&[(eq1::X, 2), (eq1::A, -1)]);
        let row = Row { x: Port::Read(y), a: Port::Read(above), argument, ..Row::default() };
        self.check_nonnegative(row, most)?;
        Ok(y)
    }

    /// `floor(a·2^shift / b + 1/2)`; `hint` is its value, within `range`.
    ///
    /// One value: `r = 2·2^shift·a + b − 2·b·q` with `0 ≤ r` and `0 ≤ 2b − 1 − r`. With q in a window of at most twice its
    /// range, `|2·b·q| < 2^(120 + 122 + 1)`, so nothing wraps: it is the division of integers.
    fn divide(
        &mut self,
        pair: Pair,
        shift: u32,
        hint: Hint,
        range: Range,
    ) -> Result<Signal, Failed> {
        let (quotient, _) = self.hint(hint, range)?;
        let most = bits(2 * pair.b_range.hi);
        let result = constants(&[(eq2::X, 2 << shift), (eq2::A, 1), (eq2::AB, -2)]);
        let rest = self.result(Row {
            x: Port::Read(pair.a),
            a: Port::Read(pair.b),
            b: Port::Read(quotient),
            result,
            ..Row::default()
        });
        let argument = constants(&[(eq1::X, 1)]);
        self.check_nonnegative(Row { x: Port::Read(rest), argument, ..Row::default() }, most)?;
        let argument = constants(&[(eq1::K0, -1), (eq1::A, 2), (eq1::X, -1)]);
        let row = Row { x: Port::Read(rest), a: Port::Read(pair.b), argument, ..Row::default() };
        self.check_nonnegative(row, most)?;
        Ok(quotient)
    }

    /// 0 where `b` is 0, else `a`.
    fn mask_zero(&mut self, pair: Pair) -> Result<Signal, Failed> {
        let Pair { a, b, b_range } = pair;
        let positive = self.is_at_least(b, b_range, 1)?;
        let kept = self.product(a, positive);
        if b_range.lo >= 0 {
            return Ok(kept);
        }
        // Negative where it is not at least 0.
        let not_negative = self.is_at_least(b, b_range, 0)?;
        let negative = self.linear(not_negative, -1, 1);
        let result = constants(&[(eq2::X, 1), (eq2::AB, 1)]);
        Ok(self.result(Row {
            x: Port::Read(kept),
            a: Port::Read(a),
            b: Port::Read(negative),
            result,
            ..Row::default()
        }))
    }
}

/// Compiles one element of an operation: its index, signal and range.
type Each<'f, C> = &'f mut dyn FnMut(&mut C, usize, Signal, Range) -> Result<Signal, Failed>;

/// Elements of two operands.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub a: Signal,
    pub b: Signal,
    pub b_range: Range,
}

/// Equation 1 for S being whether `X ≥ threshold`.
pub(super) fn signed(row: Row, threshold: i128) -> Row {
    let argument = constants(&[
        (eq1::K0, threshold - 1),
        (eq1::X, -1),
        (eq1::S, 1 - 2 * threshold),
        (eq1::SX, 2),
    ]);
    Row { argument, sign: Some(threshold), ..row }
}
