//! Functions by table with linear interpolation.

use nilometer_tensor_air::key::felt;
use nilometer_tensor_air::Felt;
use nilometer_transpiler::quant::{Range, Table};

use super::{bits, constants, eq1, eq2, Compiler, Failed};
use crate::circuit::{Entry, Hint, Port, Row, Signal};

/// Numbers of a table's entries: slope and offset of segment `i` stand at `i` behind these.
#[derive(Clone, Copy)]
pub(super) struct Blocks {
    slopes: u64,
    offsets: u64,
}

impl Compiler<'_> {
    /// The table's value at `x`; `hint` is it.
    ///
    /// One value: x is brought into the table's domain, where its segment is a division of integers; slope and offset
    /// are the entries of that number and no others, as a table's block holds nothing else; the result is the
    /// division of `slope·x + offset`, which is not negative.
    pub(super) fn lookup(
        &mut self,
        node: usize,
        table: &Table,
        x: Signal,
        range: Range,
        hint: Hint,
    ) -> Result<Signal, Failed> {
        let blocks = self.blocks(node, table)?;
        let x = self.clip(x, range, table.lo, table.hi)?;
        let clamp = |x: i128| x.clamp(table.lo, table.hi);
        let range = Range { lo: clamp(range.lo), hi: clamp(range.hi) };
        let step = table.step_bits;
        let last = (range.hi - table.lo) >> step;
        let segment = if step == 0 {
            self.linear(x, 1, -table.lo)
        } else {
            let n = bits(last);
            if step > self.half_capacity() || n > self.half_capacity() {
                return Err(Failed::Narrow);
            }
            self.result(Row {
                x: Port::Read(x),
                argument: constants(&[(eq1::X, 1), (eq1::K0, -table.lo), (eq1::H, 1 << step)]),
                result: constants(&[(eq2::H, 1)]),
                widths: Some(self.widths(step, n)),
                ..Row::default()
            })
        };
        let mut read = |base: u64| {
            let result = constants(&[(eq2::X, 1)]);
            let a = Port::Read(segment);
            self.result(Row { a, look: true, base, result, ..Row::default() })
        };
        let (slope, offset) = (read(blocks.slopes), read(blocks.offsets));
        let n = bits(table.max_sum() >> table.shift);
        if table.shift <= self.half_capacity() && n <= self.half_capacity() && table.shift > 0 {
            return Ok(self.result(Row {
                x: Port::Read(offset),
                a: Port::Read(slope),
                b: Port::Read(x),
                argument: constants(&[(eq1::X, 1), (eq1::AB, 1), (eq1::H, 1 << table.shift)]),
                result: constants(&[(eq2::H, 1), (eq2::Y0, -i128::from(table.bias))]),
                widths: Some(self.widths(table.shift, n)),
                ..Row::default()
            }));
        }
        let sum = self.result(Row {
            x: Port::Read(offset),
            a: Port::Read(slope),
            b: Port::Read(x),
            result: constants(&[(eq2::X, 1), (eq2::AB, 1)]),
            ..Row::default()
        });
        let bias = i128::from(table.bias);
        let sums = Range { lo: 0, hi: table.max_sum() };
        let quotient = Hint { minus: hint.minus - bias, ..hint };
        let quotient = self.floor_shift(sum, sums, 0, table.shift, quotient)?;
        Ok(self.linear(quotient, 1, -bias))
    }

    /// Lays a table out, once for all rows of the batch and all elements.
    fn blocks(&mut self, node: usize, table: &Table) -> Result<Blocks, Failed> {
        if let Some(blocks) = self.tables.get(&node) {
            return Ok(*blocks);
        }
        // Segments are numbered within a block of 2^32.
        if table.segments.len() > 1 << 24 || (table.hi - table.lo) >> table.step_bits >= 1 << 24 {
            return Err(Failed::Unsupported { node, reason: "a table of more than 2^24 segments" });
        }
        let blocks = Blocks { slopes: self.table_block(), offsets: self.table_block() };
        for (i, &(slope, offset)) in (0_u64..).zip(&table.segments) {
            // a·(x − start) + b = a·x + (b − a·start)
            let start = table.lo + (i128::from(i) << table.step_bits);
            let offset = felt(offset.into()) - felt(slope.into()) * felt(start);
            let mut entry =
                |number: u64, value: Felt| self.entry(Entry { number, value, node: None });
            entry(blocks.slopes + i, felt(slope.into()));
            entry(blocks.offsets + i, offset);
        }
        self.tables.insert(node, blocks);
        Ok(blocks)
    }
}
