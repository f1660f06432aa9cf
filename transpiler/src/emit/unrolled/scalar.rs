//! Functions of one scalar.

use num_bigint::BigInt;

use super::cell::{shifted, Cell, IntType, Raw};
use super::{constrain_types, div_rem_expr, div_rem_types, Body, ImplKey};
use crate::quant::{shift_round, Range, Table};

impl Body<'_> {
    /// `x · mul + add`.
    pub(super) fn scale(&mut self, x: &Cell, mul: i128, add: i128, range: Range) -> Cell {
        if matches!(x.raw, Raw::Literal) || mul == 0 {
            return Cell::literal(range.lo);
        }
        let offset = x.offset * mul + add;
        if mul == 1 {
            return Cell { offset, range, ..x.clone() };
        }
        let raw = self.raw_felt(x);
        let name = self.bind_felt("m", &format!("{raw} * {mul}"));
        Cell::felt(name, offset, range)
    }

    /// `max(x, 0)`.
    pub(super) fn relu(&mut self, x: &Cell, range: Range) -> Cell {
        if x.range.lo >= 0 {
            return Cell { range, ..x.clone() };
        }
        if x.range.hi <= 0 {
            return Cell::literal(0);
        }
        let (name, ty, offset) = self.typed(x);
        // Below the boundary the value is negative: the boundary itself stands for 0.
        let boundary = BigInt::from(-offset);
        let test = self.constrain(&name, &ty, &boundary);
        let y = self.fresh("y");
        self.push(format!(
            "let {y} = match {test} {{ Result::Ok(_) => {boundary}, Result::Err(x) => x }};"
        ));
        Cell::int(y, constrain_types(&ty, &boundary).1, offset, range)
    }

    /// `shift_round(max(x, 0), bits)`; the division is done for positive values only.
    pub(super) fn relu_shift(&mut self, x: &Cell, bits: u32, range: Range) -> Cell {
        if x.range.lo >= 0 {
            return self.shift(x, bits, range);
        }
        if x.range.hi <= 0 || bits == 0 {
            let relu = self.relu(x, Range { lo: x.range.lo.max(0), hi: x.range.hi.max(0) });
            return self.shift(&relu, bits, range);
        }
        let (name, ty, offset) = self.dividend(x, bits);
        let (step, half) = (1i128 << bits, 1i128 << (bits - 1));
        // raw = value + half + K·step: from value = −half on, raw / step is the rounded value + K.
        let zero = -(offset + half) / step;
        let boundary = BigInt::from(zero * step);
        if boundary <= ty.lo {
            return self.shift(x, bits, range);
        }
        let test = self.constrain(&name, &ty, &boundary);
        let high = constrain_types(&ty, &boundary).1;
        let divisor = BigInt::from(step);
        let helper = self.helper(ImplKey::DivRem(high.clone(), divisor.clone()));
        let quotient = div_rem_types(&high, &divisor).0;
        let division = div_rem_expr(&high, &divisor, &helper, "x");
        let y = self.fresh("y");
        self.push(format!(
            "let {y} = match {test} {{ Result::Ok(_) => {zero}, Result::Err(x) => {{ let (q, _) = \
             {division}; q }} }};"
        ));
        Cell::int(y, quotient, -zero, range)
    }

    /// `floor((x + 2^(bits−1)) / 2^bits)`.
    pub(super) fn shift(&mut self, x: &Cell, bits: u32, range: Range) -> Cell {
        if bits == 0 {
            return Cell { range, ..x.clone() };
        }
        if matches!(x.raw, Raw::Literal) {
            return Cell::literal(shift_round(x.offset, bits));
        }
        let (name, ty, offset) = self.dividend(x, bits);
        let (step, half) = (1i128 << bits, 1i128 << (bits - 1));
        let q = self.quotient(&name, &ty, &BigInt::from(step));
        let quotient = div_rem_types(&ty, &BigInt::from(step)).0;
        Cell::int(q, quotient, (offset + half) / step, range)
    }

    /// The raw part of `x` moved so that it is never negative and `offset + 2^(bits−1)` is a multiple
    /// of `2^bits`: then the raw part's quotient is the rounded value's, but for a constant.
    fn dividend(&mut self, x: &Cell, bits: u32) -> (String, IntType, i128) {
        let (name, ty, offset) = self.typed(x);
        let (step, half) = (1i128 << bits, 1i128 << (bits - 1));
        let mut shift = (offset + half).rem_euclid(step);
        if ty.lo < BigInt::from(0) {
            let lo = i128::try_from(&ty.lo).unwrap_or(i128::MIN / 2);
            // Up by whole steps until nothing is negative.
            shift += (-(lo + shift)).max(0).div_euclid(step) * step;
            if lo + shift < 0 {
                shift += step;
            }
        }
        if shift == 0 {
            return (name, ty, offset);
        }
        let constant = IntType::point(shift);
        let helper = self.helper(ImplKey::Add(ty.clone(), constant.clone()));
        let moved = self.fresh("n");
        self.push(format!(
            "let {moved} = add::<{}, {}, {helper}>({name}, {shift});",
            ty.cairo(),
            constant.cairo()
        ));
        let ty = IntType::new(&ty.lo + shift, &ty.hi + shift);
        (moved, ty, offset - shift)
    }

    /// `x · 2^bits` where `x ≥ 0`, else `x · slope`.
    pub(super) fn leaky_relu(&mut self, x: &Cell, slope: i64, bits: u32, range: Range) -> Cell {
        let one = 1i128 << bits;
        if x.range.lo >= 0 {
            return self.scale(x, one, 0, range);
        }
        if x.range.hi < 0 {
            return self.scale(x, slope.into(), 0, range);
        }
        let (name, ty, offset) = self.typed(x);
        let test = self.constrain(&name, &ty, &BigInt::from(-offset));
        let y = self.fresh("y");
        let (below, above) = (
            shifted(&format!("{} * {slope}", self.upcast("x")), offset * i128::from(slope)),
            shifted(&format!("{} * {one}", self.upcast("x")), offset * one),
        );
        self.push(format!(
            "let {y}: felt252 = match {test} {{ Result::Ok(x) => {below}, Result::Err(x) => {above} }};"
        ));
        Cell::felt(y, 0, range)
    }

    /// `min(max(x, lo), hi)`.
    pub(super) fn clip(&mut self, x: &Cell, lo: i128, hi: i128, range: Range) -> Cell {
        let mut x = x.clone();
        if x.range.hi <= lo || hi <= lo {
            return Cell::literal(range.lo);
        }
        if x.range.lo >= hi {
            return Cell::literal(hi);
        }
        if x.range.lo < lo {
            let (name, ty, offset) = self.typed(&x);
            let boundary = BigInt::from(lo - offset);
            let test = self.constrain(&name, &ty, &boundary);
            let y = self.fresh("y");
            self.push(format!(
                "let {y} = match {test} {{ Result::Ok(_) => {boundary}, Result::Err(x) => x }};"
            ));
            let ty = constrain_types(&ty, &boundary).1;
            x = Cell::int(y, ty, offset, Range { lo, hi: x.range.hi });
        }
        if x.range.hi > hi {
            let (name, ty, offset) = self.typed(&x);
            let boundary = BigInt::from(hi - offset + 1);
            let test = self.constrain(&name, &ty, &boundary);
            let y = self.fresh("y");
            self.push(format!(
                "let {y} = match {test} {{ Result::Ok(x) => x, Result::Err(_) => {} }};",
                &boundary - 1
            ));
            let ty = constrain_types(&ty, &boundary).0;
            x = Cell::int(y, ty, offset, range);
        }
        Cell { range, ..x }
    }

    /// `|x|`.
    pub(super) fn abs(&mut self, x: &Cell, range: Range) -> Cell {
        if x.range.lo >= 0 {
            return x.clone();
        }
        if x.range.hi <= 0 {
            return self.scale(x, -1, 0, range);
        }
        let (name, ty, offset) = self.typed(x);
        let test = self.constrain(&name, &ty, &BigInt::from(-offset));
        let y = self.fresh("y");
        let value = self.upcast("x");
        let below = format!("{} - {value}", -offset);
        let above = shifted(&value, offset);
        self.push(format!(
            "let {y}: felt252 = match {test} {{ Result::Ok(x) => {below}, Result::Err(x) => {above} }};"
        ));
        Cell::felt(y, 0, range)
    }

    /// `⌊√x⌋`.
    pub(super) fn sqrt(&mut self, x: &Cell, range: Range) -> Cell {
        let value = self.felt_expr(x);
        let value = self.bind_felt("v", &value);
        let y = self.fresh("y");
        let sqrt = self.scalar("sqrt");
        self.push(format!("let {y}: felt252 = {sqrt}({value});"));
        Cell::felt(y, 0, range)
    }

    /// 1 where `x > threshold`, else 0.
    pub(super) fn greater(&mut self, x: &Cell, threshold: i128, range: Range) -> Cell {
        if range.lo == range.hi {
            return Cell::literal(range.lo);
        }
        let (name, ty, offset) = self.typed(x);
        let test = self.constrain(&name, &ty, &BigInt::from(threshold - offset + 1));
        let y = self.fresh("y");
        self.push(format!(
            "let {y}: felt252 = match {test} {{ Result::Ok(_) => 0, Result::Err(_) => 1 }};"
        ));
        Cell::felt(y, 0, range)
    }

    /// `x / 2^bits` towards zero.
    pub(super) fn truncate(&mut self, x: &Cell, bits: u32, range: Range) -> Cell {
        if bits == 0 {
            return Cell { range, ..x.clone() };
        }
        let value = self.felt_expr(x);
        let value = self.bind_felt("v", &value);
        let y = self.fresh("y");
        let truncate = self.scalar("truncate");
        self.push(format!("let {y}: felt252 = {truncate}({value}, {});", 1u128 << bits));
        Cell::felt(y, 0, range)
    }

    /// A table lookup: clamp, split into segment and rest, interpolate, round.
    pub(super) fn lookup(&mut self, x: &Cell, table: &Table, name: &str, range: Range) -> Cell {
        if x.range.lo == x.range.hi {
            return Cell::literal(table.apply(x.range.lo));
        }
        let clipped = Range {
            lo: x.range.lo.clamp(table.lo, table.hi),
            hi: x.range.hi.clamp(table.lo, table.hi),
        };
        let x = self.clip(x, table.lo, table.hi, clipped);
        if let Raw::Literal = x.raw {
            return Cell::literal(table.apply(x.offset));
        }
        // Distance from the table's start.
        let (raw, ty, offset) = self.typed(&x);
        let (mut raw, mut ty) = self.narrow(raw, ty, offset, clipped);
        let start = table.lo - offset;
        if start != 0 {
            let constant = IntType::point(start.abs());
            let (key, function) = if start > 0 {
                (ImplKey::Sub(ty.clone(), constant.clone()), "sub")
            } else {
                (ImplKey::Add(ty.clone(), constant.clone()), "add")
            };
            let helper = self.helper(key);
            let moved = self.fresh("n");
            self.push(format!(
                "let {moved} = {function}::<{}, {}, {helper}>({raw}, {});",
                ty.cairo(),
                constant.cairo(),
                start.abs()
            ));
            ty = IntType::new(&ty.lo - start, &ty.hi - start);
            raw = moved;
        }
        let (segment, rest) = if table.step_bits == 0 {
            (raw, None)
        } else {
            let (q, r) = self.div_rem(&raw, &ty, &(BigInt::from(1) << table.step_bits));
            (q, Some(r))
        };
        let (slope, base) = (self.fresh("s"), self.fresh("o"));
        let segment = self.upcast(&segment);
        self.push(format!("let ({slope}, {base}) = *{name}.span().at({segment});"));
        let sum = match rest {
            Some(rest) => {
                let rest = self.upcast(&rest);
                self.bind_felt("a", &format!("{slope} * {rest} + {base}"))
            }
            None => base,
        };
        let sum_range = Range { lo: 0, hi: table.max_sum() };
        let (sum, sum_ty, _) = self.typed(&Cell::felt(sum, 0, sum_range));
        let divisor = BigInt::from(1) << table.shift;
        let y = self.quotient(&sum, &sum_ty, &divisor);
        let quotient = div_rem_types(&sum_ty, &divisor).0;
        Cell::int(y, quotient, -i128::from(table.bias), range)
    }
}
