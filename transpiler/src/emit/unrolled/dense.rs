//! Dense layers and lane splitting.

use num_bigint::BigInt;
use starknet_types_core::felt::Felt;

use super::cell::{Cell, IntType, Raw};
use super::parts::Sum;
use super::Body;
use crate::layout::{packs, LanePlan};
use crate::quant::Range;

impl Body<'_> {
    /// `W·x + b`. Lanes are packed where that takes fewer steps.
    pub(super) fn dense(
        &mut self,
        index: usize,
        weights: &[i64],
        bias: &[i128],
        align: u32,
    ) -> Vec<Cell> {
        let node = &self.graph.nodes[index];
        let x = self.operand(node, 0);
        let ranges = node.ranges.clone();
        let plan = LanePlan::new(&ranges, align);
        let in_parts = self.in_parts && node.inputs[0] == 0;
        if !packs(&plan, x.len(), bias.len()) {
            if in_parts {
                let x_len = x.len();
                let columns: Vec<_> = (0..bias.len())
                    .map(|row| move |j: usize| Felt::from(weights[row * x_len + j]))
                    .collect();
                let sums: Vec<_> = columns
                    .iter()
                    .zip(bias)
                    .map(|(column, &bias)| Sum { column, constant: Felt::from(bias) })
                    .collect();
                let names = self.sums_in_parts(&x, &sums);
                let cells = names.into_iter().zip(&ranges);
                return cells.map(|(name, &range)| Cell::felt(name, 0, range)).collect();
            }
            return (0..bias.len())
                .map(|row| {
                    let weights = &weights[row * x.len()..][..x.len()];
                    self.plain_row(&x, weights, bias[row], ranges[row])
                })
                .collect();
        }
        let mut cells = Vec::with_capacity(bias.len());
        if in_parts {
            let groups: Vec<_> = (0..bias.len())
                .step_by(plan.per_felt())
                .map(|start| start..(start + plan.per_felt()).min(bias.len()))
                .collect();
            let (plan, x_len) = (&plan, x.len());
            let columns: Vec<_> = groups
                .iter()
                .map(|rows| {
                    move |j: usize| plan.pack(rows.clone().map(|r| weights[r * x_len + j].into()))
                })
                .collect();
            let constant = |rows: &std::ops::Range<usize>| {
                plan.pack(rows.clone().map(|row| bias[row])) + plan.pack_offset(rows.len())
            };
            let sums: Vec<_> = columns
                .iter()
                .zip(&groups)
                .map(|(column, rows)| Sum { column, constant: constant(rows) })
                .collect();
            let names = self.sums_in_parts(&x, &sums);
            for (packed, rows) in names.iter().zip(groups) {
                cells.extend(self.split(packed, plan, &ranges[rows]));
            }
            return cells;
        }
        for start in (0..bias.len()).step_by(plan.per_felt()) {
            let rows = start..(start + plan.per_felt()).min(bias.len());
            let column =
                |j: usize| plan.pack(rows.clone().map(|r| weights[r * x.len() + j].into()));
            let constant =
                plan.pack(rows.clone().map(|row| bias[row])) + plan.pack_offset(rows.len());
            let packed = self.weighted_sum(&x, &column, constant);
            cells.extend(self.split(&packed, &plan, &ranges[rows]));
        }
        cells
    }

    fn plain_row(&mut self, x: &[Cell], weights: &[i64], bias: i128, range: Range) -> Cell {
        let sum = self.weighted_sum(x, &|j| Felt::from(weights[j]), Felt::from(bias));
        Cell::felt(sum, 0, range)
    }

    /// The variable that holds `constant + Σ x_j · column(j)`.
    pub(super) fn weighted_sum(
        &mut self,
        x: &[Cell],
        column: &dyn Fn(usize) -> Felt,
        mut constant: Felt,
    ) -> String {
        let mut terms = Vec::with_capacity(x.len());
        for (j, x) in x.iter().enumerate() {
            let weight = column(j);
            if weight == Felt::ZERO {
                continue;
            }
            constant += weight * Felt::from(x.offset);
            if !matches!(x.raw, Raw::Literal) {
                terms.push((self.raw_felt(x), weight));
            }
        }
        let Some(((first, weight), rest)) = terms.split_first() else {
            return self.bind_felt("a", &hex(&constant));
        };
        let start = product(first, weight);
        let mut sum = if constant == Felt::ZERO {
            self.bind_felt("a", &start)
        } else {
            self.bind_felt("a", &format!("{start} + {}", hex(&constant)))
        };
        for (x, weight) in rest {
            sum = self.bind_felt("a", &format!("{sum} + {}", product(x, weight)));
        }
        sum
    }

    /// Splits a packed felt into its lanes.
    pub(super) fn split(&mut self, packed: &str, plan: &LanePlan, ranges: &[Range]) -> Vec<Cell> {
        let (low, high) = ranges.split_at(ranges.len().min(plan.n_low));
        let mut cells = Vec::with_capacity(ranges.len());
        if high.is_empty() {
            let name = self.fresh("l");
            self.push(format!("let {name}: u128 = {packed}.try_into().expect('lanes');"));
            self.split_half(name, plan, low, &mut cells);
        } else {
            let name = self.fresh("h");
            self.push(format!("let {name}: u256 = {packed}.into();"));
            self.split_half(format!("{name}.low"), plan, low, &mut cells);
            self.split_half(format!("{name}.high"), plan, high, &mut cells);
        }
        cells
    }

    fn split_half(
        &mut self,
        mut name: String,
        plan: &LanePlan,
        ranges: &[Range],
        cells: &mut Vec<Cell>,
    ) {
        let radix = BigInt::from(plan.radix);
        let mut ty = IntType::u128();
        for (i, &range) in ranges.iter().enumerate() {
            // What remains after the other lanes is the last one.
            let lane = if i + 1 == ranges.len() {
                name.clone()
            } else {
                let (quotient, rest) = self.div_rem(&name, &ty, &radix);
                cells.push(Cell::int(rest, IntType::new(0, &radix - 1), -plan.offset, range));
                ty = IntType::new(0, &ty.hi / &radix);
                name = quotient;
                continue;
            };
            cells.push(Cell::int(lane, ty.clone(), -plan.offset, range));
        }
    }
}

fn product(x: &str, weight: &Felt) -> String {
    if *weight == Felt::ONE {
        x.to_owned()
    } else {
        format!("{x} * {}", hex(weight))
    }
}

/// A felt as Cairo source.
pub(super) fn hex(felt: &Felt) -> String {
    format!("{felt:#x}")
}
