//! Attempts to cheat: each is a whole trace, adapted so that exactly one constraint stops it.
//!
//! With that constraint left out, the attempt passes: the set of failing constraints is exactly that one. Reads
//! that nothing writes fail in the sum of the bus alone. A constraint without an attempt fails the last test.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::{challenges, felt, graph, satisfied};
use nilometer_stark::prove::failures;
use nilometer_stark::{Air, Columns};
use nilometer_tensor::{auxiliary, Compiled};
use nilometer_tensor_air::constraints::CONSTRAINTS;
use nilometer_tensor_air::layout::{aux, limb_bits, limb_row, main, pre, CELLS};
use nilometer_tensor_air::{Felt, Instance, ModelAir};
use nilometer_transpiler::graph::Aggregate;
use nilometer_transpiler::quant::{
    Branch, KeyTest, QuantOp, QuantTree, QuantTreeNode, QuantTrees, Range, Table, TableFunction,
};
use winter_math::FieldElement;

/// A trace that is being forged.
struct Forgery {
    compiled: Compiled,
    instance: Instance,
    main: Vec<Vec<Felt>>,
    /// Added to a running value at a row: column, row, what.
    jump: Option<(usize, usize, Felt)>,
    /// Added to a pair's fractions at a row.
    pair: Option<(usize, usize, Felt)>,
}

impl Forgery {
    fn of(ranges: &[(i128, i128)], nodes: &[(QuantOp, &[usize])], input: &[i128]) -> Self {
        let graph = graph(ranges, nodes, &[]);
        let (compiled, witness) = satisfied(&graph, &[input.to_vec()]);
        Self { compiled, instance: witness.instance, main: witness.main, jump: None, pair: None }
    }

    fn p(&self, column: usize, row: usize) -> Felt {
        self.compiled.preprocessed[column][row]
    }

    /// Rows on which a preprocessed column is not 0.
    fn rows(&self, column: usize) -> Vec<usize> {
        let column = &self.compiled.preprocessed[column];
        (0..column.len()).filter(|&row| column[row] != Felt::ZERO).collect()
    }

    fn add(&mut self, column: usize, row: usize, by: Felt) {
        self.main[column][row] += by;
    }

    /// Claims another output, by `by`, and copies it from its row.
    fn claim(&mut self, output: usize, by: Felt) {
        let row = self.output_row(output);
        self.add(main::X, row, by);
        self.add(main::A, row, by);
        self.instance.outputs[0][output] += by;
    }

    fn output_row(&self, output: usize) -> usize {
        let n = self.instance.outputs[0].len();
        let rows = self.rows(pre::MA);
        let copies: Vec<usize> =
            rows.into_iter().filter(|&row| self.p(pre::MA, row) == Felt::ONE).collect();
        copies[copies.len() - n + output]
    }

    /// The row whose Y the output's row reads.
    fn source_row(&self, output: usize) -> usize {
        let number = self.p(pre::NX, self.output_row(output));
        let n_rows = self.compiled.n_rows();
        let at = |row| Felt::from(nilometer_tensor_air::layout::result_number(n_rows, row));
        (0..n_rows).find(|&row| at(row) == number).unwrap()
    }

    /// Counts limbs again.
    fn recount(&mut self) {
        let n_rows = self.compiled.n_rows();
        let mut counts = vec![0_u64; n_rows];
        for row in self.rows(pre::RANGE) {
            for i in 0..6 {
                let width = self.p(pre::WIDTH + i, row).to_u64().unwrap() as u32;
                if let Some(limb) = self.main[main::LIMB + i][row].to_u64() {
                    if limb < 1 << width {
                        counts[limb_row(n_rows, width, limb as u32)] += 1;
                    }
                }
            }
        }
        for (row, count) in counts.into_iter().enumerate() {
            self.main[main::LIMB_COUNT][row] = Felt::from(count);
        }
    }

    /// Sets the limbs of a row to a low and a high part.
    fn limbs(&mut self, row: usize, low: u64, high: u64) {
        let bits = limb_bits(self.compiled.n_rows());
        for i in 0..3 {
            let limb = |part: u64| Felt::from((part >> (i as u32 * bits)) & ((1 << bits) - 1));
            self.main[main::LIMB + i][row] = limb(low);
            self.main[main::LIMB + 3 + i][row] = limb(high);
        }
    }

    /// The auxiliary columns, with what was forged in them.
    fn aux(&self, air: &ModelAir) -> Vec<Vec<Felt>> {
        let challenges = challenges();
        let derived = air.derive(&challenges).unwrap();
        let (rho, tau) = (challenges[2], challenges[3]);
        let mut all =
            auxiliary(air, &self.compiled.preprocessed, &self.main, &challenges, &derived);
        if let Some((pair, row, by)) = self.pair {
            all[aux::PAIR + pair][row] += by;
            for sum in &mut all[aux::SUM][row + 1..] {
                *sum += by;
            }
        }
        let Some((column, row, by)) = self.jump else { return all };
        if column == aux::SUM {
            for sum in &mut all[aux::SUM][row..] {
                *sum += by;
            }
            return all;
        }
        all[column][row] += by;
        for row in row..self.compiled.n_rows() - 1 {
            let p = |column| self.p(column, row);
            let x = self.main[main::X][row];
            let (u, inputs, t) =
                (all[aux::HORNER][row], all[aux::INPUTS][row], all[aux::TOTAL][row]);
            let one = Felt::ONE;
            let cells = (0..CELLS).fold(Felt::ZERO, |sum, i| sum * rho + self.p(i, row));
            let factor = one
                + p(pre::STEP) * (rho - one)
                + p(pre::WEIGHTS) * (rho.pow([CELLS as u64, 0, 0, 0]) - one);
            all[aux::HORNER][row + 1] = (one - p(pre::PRODUCT) - p(pre::SUM_END)) * u * factor
                + p(pre::WEIGHTS) * cells
                + p(pre::LANE) * x;
            all[aux::INPUTS][row + 1] =
                (one - p(pre::PRODUCT)) * inputs * (one + p(pre::INPUT) * (tau - one))
                    + p(pre::INPUT) * x;
            all[aux::TOTAL][row + 1] = t * (one + p(pre::SUM_END) * (tau - one))
                - p(pre::SUM_END) * u
                + p(pre::PRODUCT) * inputs * u;
        }
        all
    }

    /// The names of the constraints that fail.
    fn failing(&self) -> BTreeSet<&'static str> {
        let air = ModelAir::new(self.instance.clone()).unwrap();
        let challenges = challenges();
        let derived = air.derive(&challenges).unwrap();
        let aux = self.aux(&air);
        let columns = Columns {
            preprocessed: &self.compiled.preprocessed[..],
            main: &self.main[..],
            aux: &aux[..],
        };
        let failures = failures(&air, columns, &challenges, &derived);
        failures.into_iter().map(|failure| failure.constraint).collect()
    }

    fn stopped_by(&mut self, constraint: &'static str) {
        self.recount();
        assert_eq!(self.failing(), BTreeSet::from([constraint]));
    }

    /// What is missing in the sum of the bus.
    fn missing(&self) -> Felt {
        let air = ModelAir::new(self.instance.clone()).unwrap();
        let derived = air.derive(&challenges()).unwrap();
        derived[0] - self.aux(&air)[aux::SUM][self.compiled.n_rows() - 1]
    }

    /// The total at the row of the first check.
    fn total(&self) -> Felt {
        let air = ModelAir::new(self.instance.clone()).unwrap();
        self.aux(&air)[aux::TOTAL][self.rows(pre::CHECK)[0]]
    }

    /// Lets a running value jump so that the first check holds.
    fn jump_to_hold(&mut self, column: usize, row: usize) {
        let at = |this: &mut Self, by| {
            this.jump = Some((column, row, by));
            this.total()
        };
        let (zero, one) = (at(self, Felt::ZERO), at(self, Felt::ONE));
        assert_ne!(zero, one, "the jump changes the total");
        self.jump = Some((column, row, -zero * (one - zero).inverse()));
        assert_eq!(self.total(), Felt::ZERO);
    }
}

const ONE: Felt = Felt::ONE;

fn dense() -> QuantOp {
    QuantOp::Dense { weights: vec![3, -4, 5, 6, -7, 8], bias: vec![1, 2, 3] }
}

/// A layer whose first neuron's accumulator is claimed to be one more.
fn wrong_neuron() -> Forgery {
    let mut f = Forgery::of(&[(-50, 50), (-50, 50)], &[(dense(), &[0])], &[10, 20]);
    let row = f.source_row(0);
    f.add(main::X, row, ONE);
    f.add(main::Y, row, ONE);
    f.add(main::LIMB, row, ONE);
    f.claim(0, ONE);
    f
}

#[test]
fn a_sign_that_is_none() {
    let nodes = [(dense(), &[0][..]), (QuantOp::Relu, &[1]), (QuantOp::Shift { bits: 2 }, &[2])];
    let mut f = Forgery::of(&[(-50, 50), (-50, 50)], &nodes, &[10, 20]);
    let row = f.source_row(1);
    // S·(X + half) + (1 − S)·(−1 − X) = 4·7: Y = 7·S.
    f.limbs(row, 0, 7);
    let x = f.main[main::X][row];
    let (half, two) = (felt(2), felt(2));
    let s = (felt(28) + ONE + x) * (two * x + ONE + half).inverse();
    f.main[main::S][row] = s;
    let by = felt(7) * s - f.main[main::Y][row];
    f.add(main::Y, row, by);
    f.claim(1, by);
    f.stopped_by("gate::sign");
}

#[test]
fn an_argument_that_is_not_the_limbs() {
    let mut f = Forgery::of(&[(-9, 9)], &[(QuantOp::Greater { threshold: 4 }, &[0])], &[4]);
    let row = f.source_row(0);
    f.add(main::S, row, ONE);
    f.add(main::Y, row, ONE);
    f.claim(0, ONE);
    f.stopped_by("gate::argument");
}

#[test]
fn a_result_of_its_own() {
    let mut f = Forgery::of(&[(-9, 9)], &[(QuantOp::Shift { bits: 1 }, &[0])], &[4]);
    let row = f.source_row(0);
    f.add(main::Y, row, ONE);
    f.claim(0, ONE);
    f.stopped_by("gate::result");
}

fn tree() -> QuantOp {
    let leaf = |weight| QuantTreeNode::Leaf(vec![(0, weight)]);
    let test = KeyTest::AtMost { bound: 3, missing_fails: false };
    let branch = |feature| {
        QuantTreeNode::Branch(Branch { feature, test: test.clone(), on_true: 1, on_false: 2 })
    };
    let tree = |feature| QuantTree { nodes: vec![branch(feature), leaf(5), leaf(9)] };
    QuantOp::Trees(QuantTrees {
        trees: vec![tree(0), tree(1)],
        n_targets: 1,
        base: vec![0],
        aggregate: Aggregate::Sum,
        missing: None,
    })
}

/// Moves the read of an entry from one value to another; a row of entries holds both.
fn move_read(f: &mut Forgery, from: (Felt, Felt), to: (Felt, Felt)) {
    for (number, value, by) in [(from.0, from.1, -ONE), (to.0, to.1, ONE)] {
        let row_slot = f.rows(pre::ENTRIES).into_iter().find_map(|row| {
            let slot = (0..5).find(|&i| {
                f.p(pre::ENTRY_NUMBERS[i], row) == number
                    && f.main[main::ENTRY_VALUES[i]][row] == value
            });
            slot.map(|slot| (row, slot))
        });
        let (row, slot) = row_slot.unwrap();
        f.add(main::ENTRY_COUNTS[slot], row, by);
        // The result that nothing reads, which the count is a part of.
        fix_result(f, row);
    }
}

/// Y of a row of entries, from what the row holds.
fn fix_result(f: &mut Forgery, row: usize) {
    let place = felt(1 << limb_bits(f.compiled.n_rows()));
    let limb = |i: usize| f.main[main::LIMB + i][row];
    let high = limb(3) + place * limb(4) + place * place * limb(5);
    let (x, a, b) = (f.main[main::X][row], f.main[main::A][row], f.main[main::B][row]);
    let y = f.p(pre::Y0, row)
        + f.p(pre::YX, row) * x
        + f.p(pre::YA, row) * a
        + f.p(pre::YM, row) * a * b
        + f.p(pre::YH, row) * high;
    f.main[main::Y][row] = y;
}

/// The vote's row of a tree, and the number that it looks up.
fn vote(f: &Forgery, tree: usize) -> (usize, Felt) {
    let rows: Vec<usize> =
        f.rows(pre::LOOK).into_iter().filter(|&row| f.p(pre::TREE, row) == Felt::ZERO).collect();
    let row = rows[tree];
    (row, f.main[main::A][row] + f.p(pre::NB, row))
}

/// Sets the vote of tree 0 from 5 to another, and the sum with it.
fn change_sum(f: &mut Forgery, by: Felt) {
    let (row, _) = vote(f, 0);
    f.add(main::X, row, by);
    let sum = f.source_row(0);
    f.add(main::X, sum, by);
    f.add(main::Y, sum, by);
    f.add(main::LIMB, sum, by);
    f.claim(0, by);
}

#[test]
fn the_other_child() {
    let mut f = Forgery::of(&[(-9, 9), (-9, 9)], &[(tree(), &[0])], &[3, 3]);
    let step = f.rows(pre::TREE)[0];
    let (row, number) = vote(&f, 0);
    f.add(main::Y, step, ONE);
    f.add(main::A, row, ONE);
    move_read(&mut f, (number, felt(5)), (number + ONE, felt(9)));
    change_sum(&mut f, felt(4));
    f.stopped_by("tree::step");
}

#[test]
fn votes_and_nodes_that_no_table_holds() {
    // A vote of its own.
    let mut f = Forgery::of(&[(-9, 9), (-9, 9)], &[(tree(), &[0])], &[3, 3]);
    change_sum(&mut f, ONE);
    f.stopped_by("last::sum");
    // Another feature's value, on which the other child follows.
    let mut f = Forgery::of(&[(-9, 9), (-9, 9)], &[(tree(), &[0])], &[3, 4]);
    let step = f.rows(pre::TREE)[0];
    let (row, number) = vote(&f, 0);
    f.main[main::B][step] = felt(4);
    f.main[main::S][step] = Felt::ZERO;
    f.limbs(step, 0, 0);
    f.add(main::Y, step, ONE);
    f.add(main::A, row, ONE);
    move_read(&mut f, (number, felt(5)), (number + ONE, felt(9)));
    change_sum(&mut f, felt(4));
    f.stopped_by("last::sum");
    // And with that feature's number, which the node does not hold.
    f.add(main::F, step, ONE);
    for (row, by) in f.rows(pre::COUNTED).into_iter().take(2).zip([-ONE, ONE]) {
        f.add(main::F, row, by);
    }
    f.stopped_by("tree::step");
}

#[test]
fn entries_of_its_own() {
    let names = ["entries::x", "entries::a", "entries::b", "entries::limb_0", "entries::limb_2"];
    let table = Table::build(TableFunction::Tanh, Range { lo: -100, hi: 100 }, 4, 10, 16);
    let mut stopped = BTreeSet::new();
    for segment in 0..table.segments.len() as i128 {
        let x = table.lo + (segment << table.step_bits);
        let lookup = (QuantOp::Lookup(table.clone()), &[0][..]);
        let mut f = Forgery::of(&[(-100, 100)], &[lookup], &[x.min(100)]);
        // One more in the offset's integer part: one more in the result.
        let by = felt(1 << table.shift);
        let look = f.rows(pre::LOOK)[1];
        let number = f.main[main::A][look] + f.p(pre::NB, look);
        let (row, slot) = f
            .rows(pre::ENTRIES)
            .into_iter()
            .find_map(|row| {
                let slot = (0..5).find(|&i| f.p(pre::ENTRY_NUMBERS[i], row) == number);
                slot.map(|slot| (row, slot))
            })
            .unwrap();
        f.add(main::ENTRY_VALUES[slot], row, by);
        fix_result(&mut f, row);
        f.add(main::X, look, by);
        f.add(main::Y, look, by);
        let sum = f.source_row(0);
        f.add(main::X, sum, by);
        f.add(main::LIMB + 3, sum, ONE);
        f.add(main::Y, sum, ONE);
        f.claim(0, ONE);
        if f.main[main::LIMB + 3][sum].to_u64().unwrap() >> limb_bits(f.compiled.n_rows()) != 0 {
            continue;
        }
        f.stopped_by(names[slot]);
        stopped.insert(names[slot]);
    }
    assert_eq!(stopped, BTreeSet::from(names));
}

#[test]
fn results_of_a_layer_and_running_values() {
    wrong_neuron().stopped_by("dense::check");
    // From the layer's weights on, with the sum of the neurons complete.
    let weights = |f: &Forgery| f.rows(pre::WEIGHTS)[0];
    for (column, jump, first) in [
        (aux::HORNER, "dense::horner", "first::horner"),
        (aux::INPUTS, "dense::inputs", "first::inputs"),
        (aux::TOTAL, "dense::total", "first::total"),
    ] {
        let mut f = wrong_neuron();
        let row = weights(&f) + 1;
        f.jump_to_hold(column, row);
        f.stopped_by(jump);
        let mut f = wrong_neuron();
        f.jump_to_hold(column, 0);
        f.stopped_by(first);
    }
}

#[test]
fn lanes_that_carry_into_the_next() {
    // 2^M more in one lane and 1 less in the next: the same packed sum, outside of the first lane's window.
    let mut f = Forgery::of(&[(-50, 50), (-50, 50)], &[(dense(), &[0])], &[10, 20]);
    let rows = [f.source_row(0), f.source_row(1)];
    let [place, next] = rows.map(|row| f.p(pre::LANE, row));
    assert_eq!(place, ONE);
    for (output, by) in [(0, next), (1, -ONE)] {
        let row = rows[output];
        f.add(main::X, row, by);
        f.add(main::Y, row, by);
        f.add(main::LIMB, row, by);
        f.claim(output, by);
    }
    f.stopped_by("last::sum");
    // The window is exactly what the radix counts.
    let width =
        |row: usize| (0..6).map(|i| f.p(pre::WIDTH + i, row).to_u64().unwrap()).sum::<u64>();
    assert!(rows.iter().all(|&row| next.to_u64().unwrap() >= 1 << width(row)));
}

/// The largest weights and inputs that the ranges admit, at both ends: packed sums must not wrap.
#[test]
fn the_largest_weights_and_inputs() {
    let most = (1_i128 << 55) - 1;
    let ranges = [(-most - 1, most); 3];
    let op = || QuantOp::Dense {
        weights: [i64::MAX, i64::MIN, i64::MAX].into_iter().cycle().take(3 * 7).collect(),
        bias: (0..7).map(|i| if i % 2 == 0 { 1 << 118 } else { -(1 << 118) }).collect(),
    };
    for relu in [false, true] {
        let nodes = [(op(), &[0][..]), (QuantOp::Relu, &[1])];
        for input in [[most, -most - 1, most], [-most - 1, most, -most - 1], [0, 0, 0]] {
            let graph = graph(&ranges, &nodes[..1 + usize::from(relu)], &[]);
            satisfied(&graph, &[input.to_vec()]);
        }
    }
}

#[test]
fn another_weight_or_input() {
    // An input of the layer that is not what the public side writes.
    let mut f = wrong_neuron();
    let row = f.rows(pre::INPUT)[0];
    f.add(main::X, row, ONE);
    // The row of weights satisfies equations that nothing reads.
    let k = f.p(pre::KX, row);
    let place = felt(1 << (2 * limb_bits(f.compiled.n_rows())));
    f.add(main::LIMB + 2, row, k * place.inverse());
    let k = f.p(pre::YX, row);
    f.add(main::Y, row, k);
    // x0 + 1 adds the first column of W: 3, 5, −7.
    for (output, by) in [(0, 3 - 1), (1, 5), (2, -7)] {
        let row = f.source_row(output);
        f.add(main::X, row, felt(by));
        f.add(main::Y, row, felt(by));
        let low = (f.main[main::LIMB][row] + felt(by)).to_u64().unwrap();
        f.main[main::LIMB][row] = Felt::from(low);
        f.claim(output, felt(by));
    }
    f.recount();
    let failing = f.failing();
    assert!(failing.contains("last::sum") && !failing.contains("dense::check"), "{failing:?}");
}

#[test]
fn reads_and_sums_that_nothing_balances() {
    let honest = || Forgery::of(&[(-9, 9)], &[(QuantOp::Shift { bits: 1 }, &[0])], &[4]);
    // Another output is claimed, and nothing else.
    let claimed = || {
        let mut f = honest();
        f.instance.outputs[0][0] += ONE;
        f
    };
    claimed().stopped_by("last::sum");
    let mut other_input = honest();
    other_input.instance.inputs[0][0] += ONE;
    other_input.stopped_by("last::sum");
    let pairs = [
        "bus::x_a",
        "bus::b_y",
        "bus::lookups",
        "bus::limbs_0_1",
        "bus::limbs_2_3",
        "bus::limbs_4_5",
    ];
    for (pair, name) in pairs.into_iter().enumerate() {
        let mut f = claimed();
        f.pair = Some((pair, 1, f.missing()));
        f.stopped_by(name);
    }
    let mut f = claimed();
    f.jump = Some((aux::SUM, 5, f.missing()));
    f.stopped_by("bus::sum");
    let mut f = claimed();
    f.jump = Some((aux::SUM, 0, f.missing()));
    f.stopped_by("first::sum");
}

#[test]
fn limbs_outside_of_their_widths() {
    // (x + 1) / 2 of 4: 5 = 1 + 2·2. Each limb by itself takes up what another claims.
    let op = || QuantOp::Shift { bits: 20 };
    for limb in 0..6 {
        let ranges = [(-(1 << 40), 1 << 40)];
        let mut f = Forgery::of(&ranges, &[(op(), &[0])], &[(1 << 39) + 12345]);
        let row = f.source_row(0);
        let bits = limb_bits(f.compiled.n_rows());
        let place = |i: usize| felt(1 << (i as u32 % 3 * bits));
        let k = f.p(pre::KH, row);
        // Into the high part's first limb comes 1, out of this limb goes as much: for a limb of the high part,
        // the low part's first limb pays.
        let pays = if limb < 3 { limb } else { 0 };
        let by = -k * place(pays).inverse();
        let target = if limb < 3 { 3 } else { limb };
        f.add(main::LIMB + target, row, ONE);
        f.add(main::LIMB + pays, row, by * place(target));
        f.add(main::Y, row, place(target));
        f.claim(0, place(target));
        f.stopped_by("last::sum");
    }
}

#[test]
fn counts_of_the_limb_table() {
    for by in [ONE, -ONE] {
        let mut f = Forgery::of(&[(-9, 9)], &[(QuantOp::Shift { bits: 1 }, &[0])], &[4]);
        f.add(main::LIMB_COUNT, 3, by);
        assert_eq!(f.failing(), BTreeSet::from(["last::sum"]));
    }
}

#[test]
fn every_constraint_has_an_attempt() {
    let source = include_str!("soundness.rs");
    for constraint in CONSTRAINTS {
        assert!(source.contains(&format!("\"{}\"", constraint.name)), "{}", constraint.name);
    }
}
