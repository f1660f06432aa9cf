//! Bounded integers: a felt whose range the compiler knows.
//!
//! `BoundedInt<MIN, MAX>` holds an integer of `[MIN, MAX]`. Addition, subtraction and
//! multiplication cost one step each and no range check, because the result's type is the result's
//! exact range;
//! division with remainder costs 7 steps, a comparison with a constant 3. The compiler does not
//! compute ranges: say them in an `impl` of the operation's helper trait. They must be exact, or
//! the program does not compile to CASM. For example, to cut 20 bits off a `u128`:
//!
//! ```
//! impl Cut of DivRemHelper<u128, BoundedInt<0x100000, 0x100000>> {
//!     type DivT = BoundedInt<0, 0xfffffffffffffffffffffffffff>;
//!     type RemT = BoundedInt<0, 0xfffff>;
//! }
//! let (high, low) = div_rem::<u128, BoundedInt<0x100000, 0x100000>>(x, 0x100000);
//! ```
//!
//! These are the libfuncs that Cairo's own integers are made of. All of them are on Starknet's list
//! of audited libfuncs.

use core::RangeCheck;
use core::integer::NumericLiteral;

/// An integer from `MIN` to `MAX`, both included. A literal out of range does not compile.
pub extern type BoundedInt<const MIN: felt252, const MAX: felt252>;

impl BoundedIntCopy<const MIN: felt252, const MAX: felt252> of Copy<BoundedInt<MIN, MAX>>;
impl BoundedIntDrop<const MIN: felt252, const MAX: felt252> of Drop<BoundedInt<MIN, MAX>>;
impl BoundedIntLiteral<
    const MIN: felt252, const MAX: felt252
> of NumericLiteral<BoundedInt<MIN, MAX>>;

/// The integer as a field element, negative ones as field negatives.
pub impl BoundedIntIntoFelt<
    const MIN: felt252, const MAX: felt252
> of Into<BoundedInt<MIN, MAX>, felt252> {
    #[inline(always)]
    fn into(self: BoundedInt<MIN, MAX>) -> felt252 {
        upcast(self)
    }
}

/// The integer `VALUE`, for constants that no literal can write: negative ones.
#[inline(always)]
pub fn constant<const VALUE: felt252>() -> BoundedInt<VALUE, VALUE> nopanic {
    const_as_immediate::<Const<BoundedInt<VALUE, VALUE>, VALUE>>()
}

extern type Const<T, const VALUE: felt252>;

trait ConstType<C> {
    type Inner;
}

impl ConstTypeImpl<T, const VALUE: felt252> of ConstType<Const<T, VALUE>> {
    type Inner = T;
}

extern fn const_as_immediate<C, impl Info: ConstType<C>>() -> Info::Inner nopanic;

/// `value` as a type whose range holds it: `None` if it does not. From a `felt252`, negative
/// integers are field negatives and the target has fewer than `2^123` values. 5 steps from a
/// `felt252`, 3 to 5 between integers.
pub extern fn downcast<FromType, ToType>(
    value: FromType,
) -> Option<ToType> implicits(RangeCheck) nopanic;

/// `value` as a type whose range includes its type's range. Free.
pub extern fn upcast<FromType, ToType>(value: FromType) -> ToType nopanic;

/// Ranges of a sum: `Result` is exactly `[min + min, max + max]`.
pub trait AddHelper<Lhs, Rhs> {
    /// The type of the sum.
    type Result;
}

/// `lhs + rhs`; 1 step.
pub extern fn bounded_int_add<Lhs, Rhs, impl Helper: AddHelper<Lhs, Rhs>>(
    lhs: Lhs, rhs: Rhs,
) -> Helper::Result nopanic;

/// Ranges of a difference: `Result` is exactly `[min − max, max − min]`.
pub trait SubHelper<Lhs, Rhs> {
    /// The type of the difference.
    type Result;
}

/// `lhs − rhs`; 1 step.
pub extern fn bounded_int_sub<Lhs, Rhs, impl Helper: SubHelper<Lhs, Rhs>>(
    lhs: Lhs, rhs: Rhs,
) -> Helper::Result nopanic;

/// Ranges of a product: `Result` is exactly the range spanned by the products of the ends.
pub trait MulHelper<Lhs, Rhs> {
    /// The type of the product.
    type Result;
}

/// `lhs · rhs`; 1 step.
pub extern fn bounded_int_mul<Lhs, Rhs, impl Helper: MulHelper<Lhs, Rhs>>(
    lhs: Lhs, rhs: Rhs,
) -> Helper::Result nopanic;

/// Ranges of a quotient and a remainder of non-negative integers: `DivT` is exactly
/// `[⌊lhs.min / rhs.max⌋, ⌊lhs.max / rhs.min⌋]`, `RemT` exactly `[0, rhs.max − 1]`.
pub trait DivRemHelper<Lhs, Rhs> {
    /// The type of the quotient.
    type DivT;
    /// The type of the remainder.
    type RemT;
}

/// `⌊lhs / rhs⌋` and the remainder, of `lhs ≥ 0` and `rhs ≥ 1`. The quotient's type must
/// lie below `2^128`. 7 steps where `rhs < 2^123`, else up to 11.
pub extern fn bounded_int_div_rem<Lhs, Rhs, impl Helper: DivRemHelper<Lhs, Rhs>>(
    lhs: Lhs, rhs: NonZero<Rhs>,
) -> (Helper::DivT, Helper::RemT) implicits(RangeCheck) nopanic;

/// Ranges on both sides of a boundary: `LowT` is exactly `[min, BOUNDARY − 1]`, `HighT` exactly
/// `[BOUNDARY, max]`; each has at most `2^128` values.
pub trait ConstrainHelper<T, const BOUNDARY: felt252> {
    /// The type below the boundary.
    type LowT;
    /// The type from the boundary on.
    type HighT;
}

/// `Ok` if `value < BOUNDARY`, else `Err`, each with the value in its narrower type; 3 steps.
pub extern fn bounded_int_constrain<
    T, const BOUNDARY: felt252, impl Helper: ConstrainHelper<T, BOUNDARY>
>(
    value: T,
) -> Result<Helper::LowT, Helper::HighT> implicits(RangeCheck) nopanic;

/// `value`, whose type does not include 0, as a divisor. Free.
pub extern fn bounded_int_wrap_non_zero<T>(value: T) -> NonZero<T> nopanic;

pub use {
    bounded_int_add as add, bounded_int_sub as sub, bounded_int_mul as mul,
    bounded_int_div_rem as div_rem, bounded_int_constrain as constrain,
    bounded_int_wrap_non_zero as non_zero,
};
