//! Helper implementations: the result types of integer operations.
//!
//! The Cairo compiler wants them spelled out and exactly its own; the back end refuses others.

use num_bigint::BigInt;

use super::cell::IntType;
use super::Body;

/// The operation that a helper is for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ImplKey {
    DivRem(IntType, BigInt),
    Constrain(IntType, BigInt),
    Add(IntType, IntType),
    Sub(IntType, IntType),
}

/// A helper implementation.
pub(super) struct Helper {
    pub name: String,
    pub text: String,
}

impl Body<'_> {
    /// The name of the helper for an operation.
    pub(super) fn helper(&mut self, key: ImplKey) -> String {
        if let Some(helper) = self.impls.get(&key) {
            return helper.name.clone();
        }
        let n = self.impls.len();
        let helper = match &key {
            ImplKey::DivRem(ty, divisor) => {
                self.imports.extend(["DivRemHelper", "div_rem"]);
                let name = format!("DivRem{n}");
                let (quotient, rest) = div_rem_types(ty, divisor);
                let text = format!(
                    "impl {name} of DivRemHelper<{}, {}> {{ type DivT = {}; type RemT = {}; }}",
                    ty.cairo(),
                    IntType::point(divisor.clone()).cairo(),
                    quotient.cairo(),
                    rest.cairo()
                );
                Helper { name, text }
            }
            ImplKey::Constrain(ty, boundary) => {
                self.imports.extend(["ConstrainHelper", "constrain"]);
                let name = format!("Constrain{n}");
                let (low, high) = constrain_types(ty, boundary);
                let text = format!(
                    "impl {name} of ConstrainHelper<{}, {boundary}> {{ type LowT = {}; type HighT \
                     = {}; }}",
                    ty.cairo(),
                    low.cairo(),
                    high.cairo()
                );
                Helper { name, text }
            }
            ImplKey::Add(a, b) => {
                self.imports.extend(["AddHelper", "add"]);
                let name = format!("Add{n}");
                let sum = IntType::new(&a.lo + &b.lo, &a.hi + &b.hi);
                let text = format!(
                    "impl {name} of AddHelper<{}, {}> {{ type Result = {}; }}",
                    a.cairo(),
                    b.cairo(),
                    sum.cairo()
                );
                Helper { name, text }
            }
            ImplKey::Sub(a, b) => {
                self.imports.extend(["SubHelper", "sub"]);
                let name = format!("Sub{n}");
                let difference = IntType::new(&a.lo - &b.hi, &a.hi - &b.lo);
                let text = format!(
                    "impl {name} of SubHelper<{}, {}> {{ type Result = {}; }}",
                    a.cairo(),
                    b.cairo(),
                    difference.cairo()
                );
                Helper { name, text }
            }
        };
        let name = helper.name.clone();
        self.impls.insert(key, helper);
        name
    }
}

/// The types of quotient and remainder, which must be exactly the compiler's own.
pub(super) fn div_rem_types(ty: &IntType, divisor: &BigInt) -> (IntType, IntType) {
    (IntType::new(&ty.lo / divisor, &ty.hi / divisor), IntType::new(0, divisor - 1))
}

pub(super) fn constrain_types(ty: &IntType, boundary: &BigInt) -> (IntType, IntType) {
    (IntType::new(ty.lo.clone(), boundary - 1), IntType::new(boundary.clone(), ty.hi.clone()))
}

pub(super) fn div_rem_expr(ty: &IntType, divisor: &BigInt, helper: &str, name: &str) -> String {
    let rhs = IntType::point(divisor.clone()).cairo();
    format!("div_rem::<{}, {rhs}, {helper}>({name}, {divisor})", ty.cairo())
}
