//! Many features in front of a dense layer: functions that read, check and sum up a part of them each.
//!
//! A check that fails leaves the function, and for each such exit the compiler keeps account of every variable
//! that is alive there. In one function that is the square of the number of features (2.5 GB of memory for
//! 800 of them, 0.55 GB in parts); in parts of [`PART`] features it is a multiple of the number.

use starknet_types_core::felt::Felt;

use super::cell::Cell;
use super::Body;
use crate::layout::one_dense_reads_the_row;
use crate::quant::QuantGraph;

/// Up to so many features are read in one function.
pub(super) const MOST_IN_ONE: usize = 200;
/// Features in a part.
const PART: usize = 64;

/// A sum over the features: the weight of each, and a constant.
pub(super) struct Sum<'a> {
    pub column: &'a dyn Fn(usize) -> Felt,
    pub constant: Felt,
}

/// Whether a model's features are read in parts.
pub(super) fn are_wanted(graph: &QuantGraph) -> bool {
    graph.input_len() > MOST_IN_ONE && one_dense_reads_the_row(graph)
}

impl Body<'_> {
    /// The variables that hold the sums.
    pub(super) fn sums_in_parts(&mut self, x: &[Cell], sums: &[Sum<'_>]) -> Vec<String> {
        let mut totals: Vec<String> = Vec::new();
        for (number, features) in x.chunks(PART).enumerate() {
            let start = number * PART;
            let outer = std::mem::take(&mut self.statements);
            for (j, cell) in features.iter().enumerate() {
                self.check(start + j, cell);
            }
            let mut results = Vec::with_capacity(sums.len());
            for sum in sums {
                let constant = if number == 0 { sum.constant } else { Felt::ZERO };
                let column = |j: usize| (sum.column)(start + j);
                results.push(self.weighted_sum(features, &column, constant));
            }
            for j in 0..features.len() {
                if !self.read.contains(&format!("i{}", start + j)) {
                    let check = &mut self.statements[j];
                    *check = check.replacen("let i", "let _i", 1);
                }
            }
            let body = std::mem::replace(&mut self.statements, outer);
            let row: Vec<_> = (start..start + features.len()).map(|i| format!("x{i}")).collect();
            let row = row.join(", ");
            self.parts.push(format!(
                "#[inline(never)]\nfn part{number}(row: [felt252; {}]) -> [felt252; {}] {{\n    let [{row}] = \
                 row;\n    {}\n    [{}]\n}}",
                features.len(),
                sums.len(),
                body.join("\n    "),
                results.join(", ")
            ));
            let names: Vec<_> = sums.iter().map(|_| self.fresh("p")).collect();
            self.push(format!("let [{}] = part{number}([{row}]);", names.join(", ")));
            totals = if number == 0 {
                names
            } else {
                let pairs = totals.iter().zip(&names);
                pairs
                    .map(|(total, part)| self.bind_felt("a", &format!("{total} + {part}")))
                    .collect()
            };
        }
        totals
    }
}
