//! Functions of several scalars.

use num_bigint::BigInt;

use super::cell::{self, Cell, IntType, Raw};
use super::{Body, ImplKey};
use crate::quant::{QuantOp, Range};

impl Body<'_> {
    /// The element-wise operations of two operands.
    pub(super) fn pair(&mut self, op: &QuantOp, a: &Cell, b: &Cell, range: Range) -> Cell {
        if let QuantOp::Larger = op {
            return self.maximum(&[a.clone(), b.clone()], range);
        }
        let (x, y) = (self.raw_felt(a), self.raw_felt(b));
        let (name, offset) = match op {
            QuantOp::Add => (self.bind_felt("s", &format!("{x} + {y}")), a.offset + b.offset),
            QuantOp::Sub => (self.bind_felt("s", &format!("{x} - {y}")), a.offset - b.offset),
            QuantOp::Mul => {
                let (x, y) = (self.value(a), self.value(b));
                (self.bind_felt("p", &format!("{x} * {y}")), 0)
            }
            QuantOp::Div { bits } => {
                let (x, y) = (self.value(a), self.value(b));
                let scale = 1u128 << bits;
                let (div_round, divisor) = (self.scalar("div_round"), self.scalar("divisor"));
                let call = format!("{div_round}({x} * {scale}, {divisor}({y}))");
                (self.bind_felt("d", &call), 0)
            }
            QuantOp::MaskZero => {
                let (x, mask) = (self.value(a), self.value(b));
                (self.bind_felt("k", &format!("if {mask} == 0 {{ 0 }} else {{ {x} }}")), 0)
            }
            _ => unreachable!("only operations of two operands are dispatched here"),
        };
        Cell::felt(name, offset, range)
    }

    /// The value as a variable or a literal.
    fn value(&mut self, cell: &Cell) -> String {
        match (&cell.raw, cell.offset) {
            (Raw::Literal, offset) => offset.to_string(),
            (Raw::Felt(name), 0) => name.clone(),
            _ => {
                let value = self.felt_expr(cell);
                self.bind_felt("v", &value)
            }
        }
    }

    pub(super) fn sum(&mut self, x: &[Cell], range: Range) -> Cell {
        let offset = x.iter().map(|x| x.offset).sum();
        let terms = x.iter().filter(|x| !matches!(x.raw, Raw::Literal));
        let terms: Vec<_> = terms.map(|x| self.raw_felt(x)).collect();
        let Some((first, rest)) = terms.split_first() else { return Cell::literal(offset) };
        let mut sum = self.bind_felt("s", first);
        for term in rest {
            sum = self.bind_felt("s", &format!("{sum} + {term}"));
        }
        Cell::felt(sum, offset, range)
    }

    /// All cells as integers of one type and offset, ready to be compared.
    fn comparable(&mut self, x: &[Cell]) -> (Vec<String>, IntType, i128) {
        let same_offset = x.windows(2).all(|pair| pair[0].offset == pair[1].offset);
        let all_int = x.iter().all(|x| matches!(x.raw, Raw::Int(..)));
        let lowest = x.iter().map(|x| x.range.lo).min().unwrap_or(0);
        let parts: Vec<_> = if same_offset && all_int {
            x.iter().map(|x| self.typed(x)).collect()
        } else {
            x.iter()
                .map(|x| {
                    let value = self.felt_expr(x);
                    let felt = self.bind_felt("v", &cell::shifted(&value, -lowest));
                    let range = Range { lo: x.range.lo - lowest, hi: x.range.hi - lowest };
                    let (name, ty, _) = self.typed(&Cell::felt(felt, 0, range));
                    (name, ty, lowest)
                })
                .collect()
        };
        let ty = parts.iter().map(|(_, ty, _)| ty.clone()).reduce(|a, b| a.union(&b));
        let ty = ty.unwrap_or_else(|| IntType::point(0));
        let offset = parts.first().map_or(0, |(_, _, offset)| *offset);
        let names = parts
            .into_iter()
            .map(|(name, own, _)| {
                if own == ty {
                    return name;
                }
                let wide = self.fresh("w");
                let value = self.upcast(&name);
                self.push(format!("let {wide}: {} = {value};", ty.cairo()));
                wide
            })
            .collect();
        (names, ty, offset)
    }

    /// The expression that is `Ok` where `challenger − best < boundary`.
    fn challenge(&mut self, ty: &IntType, challenger: &str, best: &str, boundary: i128) -> String {
        let helper = self.helper(ImplKey::Sub(ty.clone(), ty.clone()));
        let difference = self.fresh("d");
        let ty_name = ty.cairo();
        self.push(format!(
            "let {difference} = sub::<{ty_name}, {ty_name}, {helper}>({challenger}, {best});"
        ));
        let ty = IntType::new(&ty.lo - &ty.hi, &ty.hi - &ty.lo);
        self.constrain(&difference, &ty, &BigInt::from(boundary))
    }

    /// The largest of integers of one type.
    fn best_of(&mut self, names: &[String], ty: &IntType) -> String {
        let mut best = names[0].clone();
        for challenger in &names[1..] {
            let test = self.challenge(ty, challenger, &best, 0);
            let next = self.fresh("t");
            self.push(format!(
                "let {next} = match {test} {{ Result::Ok(_) => {best}, Result::Err(_) => {challenger} }};"
            ));
            best = next;
        }
        best
    }

    pub(super) fn maximum(&mut self, x: &[Cell], range: Range) -> Cell {
        let (names, ty, offset) = self.comparable(x);
        let best = self.best_of(&names, &ty);
        Cell::int(best, ty, offset, range)
    }

    pub(super) fn sub_max(&mut self, x: &[Cell], ranges: &[Range]) -> Vec<Cell> {
        let (names, ty, _) = self.comparable(x);
        let best = self.best_of(&names, &ty);
        let helper = self.helper(ImplKey::Sub(ty.clone(), ty.clone()));
        let name = ty.cairo();
        // Integers stay non-negative: each difference is moved up by the type's width.
        let width = &ty.hi - &ty.lo;
        let difference = IntType::new(-&width, width.clone());
        let moved = IntType::new(0, &width * 2);
        let constant = IntType::point(width.clone());
        let up = self.helper(ImplKey::Add(difference.clone(), constant.clone()));
        let offset = -i128::try_from(&width).unwrap_or(i128::MAX);
        let (difference, constant) = (difference.cairo(), constant.cairo());
        names
            .iter()
            .zip(ranges)
            .map(|(x, &range)| {
                let d = self.fresh("d");
                self.push(format!(
                    "let {d} = add::<{difference}, {constant}, {up}>(sub::<{name}, {name}, \
                     {helper}>({x}, {best}), {width});"
                ));
                Cell::int(d, moved.clone(), offset, range)
            })
            .collect()
    }

    pub(super) fn arg_max(&mut self, x: &[Cell], select_last: bool, range: Range) -> Cell {
        if x.len() == 1 {
            return Cell::literal(0);
        }
        let (names, ty, _) = self.comparable(x);
        // A challenger wins from a difference of 1 on, or of 0 where the last of equals wins.
        let boundary = i128::from(!select_last);
        let (mut best, mut index) = (names[0].clone(), "0".to_owned());
        for (i, challenger) in names.iter().enumerate().skip(1) {
            let test = self.challenge(&ty, challenger, &best, boundary);
            let (next, at) = (self.fresh("t"), self.fresh("k"));
            if i + 1 == names.len() {
                self.push(format!(
                    "let {at}: felt252 = match {test} {{ Result::Ok(_) => {index}, Result::Err(_) => {i} }};"
                ));
            } else {
                self.push(format!(
                    "let ({next}, {at}): ({}, felt252) = match {test} {{ Result::Ok(_) => ({best}, \
                     {index}), Result::Err(_) => ({challenger}, {i}) }};",
                    ty.cairo()
                ));
            }
            best = next;
            index = at;
        }
        Cell::felt(index, 0, range)
    }
}
