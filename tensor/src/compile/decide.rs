//! The largest element and its index.

use nilometer_transpiler::quant::Range;

use super::{constants, eq2, Compiler, Failed};
use crate::circuit::{Port, Row, Signal};

impl Compiler<'_> {
    /// The largest of `x`: a chain of `best + S·(x − best)` with S the difference's sign.
    pub(super) fn largest(&mut self, x: &[Signal], ranges: &[Range]) -> Result<Signal, Failed> {
        let (mut best, mut range) = (x[0], ranges[0]);
        for (&x, &r) in x.iter().zip(ranges).skip(1) {
            best = self.larger(best, range, x, r, false)?;
            range = Range { lo: range.lo.max(r.lo), hi: range.hi.max(r.hi) };
        }
        Ok(best)
    }

    /// The larger of two, or the smaller.
    pub(super) fn larger(
        &mut self,
        a: Signal,
        a_range: Range,
        b: Signal,
        b_range: Range,
        smaller: bool,
    ) -> Result<Signal, Failed> {
        let difference = self.combine(b, 1, a, -1);
        let range = Range { lo: b_range.lo - a_range.hi, hi: b_range.hi - a_range.lo };
        let result = if smaller {
            // A + X − S·X
            constants(&[(eq2::A, 1), (eq2::X, 1), (eq2::SX, -1)])
        } else {
            constants(&[(eq2::A, 1), (eq2::SX, 1)])
        };
        self.sign(difference, range, 0, Row { a: Port::Read(a), result, ..Row::default() })
    }

    /// The index of the largest of `x`: the first of equals, or the last.
    pub(super) fn arg_max(
        &mut self,
        x: &[Signal],
        ranges: &[Range],
        select_last: bool,
    ) -> Result<Signal, Failed> {
        let (mut best, mut range) = (x[0], ranges[0]);
        let mut index = self.constant(0);
        for (i, (&x, &r)) in x.iter().zip(ranges).enumerate().skip(1) {
            let difference = self.combine(x, 1, best, -1);
            let span = Range { lo: r.lo - range.hi, hi: r.hi - range.lo };
            // It wins where it is larger, or as large and later ones win.
            let wins = self.is_at_least(difference, span, i128::from(!select_last))?;
            let result = constants(&[(eq2::X, 1), (eq2::AB, 1)]);
            best = self.result(Row {
                x: Port::Read(best),
                a: Port::Read(difference),
                b: Port::Read(wins),
                result,
                ..Row::default()
            });
            // index + wins·(i − index)
            let result = constants(&[(eq2::X, 1), (eq2::A, i as i128), (eq2::AB, -1)]);
            index = self.result(Row {
                x: Port::Read(index),
                a: Port::Read(wins),
                b: Port::Read(index),
                result,
                ..Row::default()
            });
            range = Range { lo: range.lo.max(r.lo), hi: range.hi.max(r.hi) };
        }
        Ok(index)
    }
}
