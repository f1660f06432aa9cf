//! `nilometer_runtime::int` from another crate: what generated programs do with it.

#![allow(clippy::unwrap_used)]

use nilometer_tests::cairo_harness::{edges, Rng, Snippet};

#[test]
fn helpers_are_implemented_by_the_user() {
    let source = "
        use nilometer_runtime::int::{
            AddHelper, BoundedInt, ConstrainHelper, DivRemHelper, MulHelper, SubHelper, add,
            constant, constrain, div_rem, downcast, mul, non_zero, sub, upcast,
        };

        type Input = BoundedInt<-1000, 1000>;
        impl Low of ConstrainHelper<Input, 0> {
            type LowT = BoundedInt<-1000, -1>;
            type HighT = BoundedInt<0, 1000>;
        }
        impl Square of MulHelper<Input, Input> {
            type Result = BoundedInt<-1000000, 1000000>;
        }
        impl Lift of AddHelper<BoundedInt<-1000000, 1000000>, BoundedInt<1000000, 1000000>> {
            type Result = BoundedInt<0, 2000000>;
        }
        impl Cut of DivRemHelper<BoundedInt<0, 2000000>, BoundedInt<1024, 1024>> {
            type DivT = BoundedInt<0, 1953>;
            type RemT = BoundedInt<0, 1023>;
        }
        impl Less of SubHelper<BoundedInt<0, 1953>, Input> {
            type Result = BoundedInt<-1000, 2953>;
        }
        impl Twice of MulHelper<BoundedInt<0, 1000>, BoundedInt<-2, -2>> {
            type Result = BoundedInt<-2000, 0>;
        }
        impl ByInput of DivRemHelper<BoundedInt<0, 2000000>, BoundedInt<1, 1000>> {
            type DivT = BoundedInt<0, 2000000>;
            type RemT = BoundedInt<0, 999>;
        }

        fn main(input: Span<felt252>, ref output: Array<felt252>) {
            for x in input {
                let x: Input = downcast(*x).expect('out of range');
                let lifted = add(mul::<Input, Input>(x, x), 1000000);
                let (quotient, rest) = div_rem::<_, BoundedInt<1024, 1024>>(lifted, 1024);
                output.append(rest.into());
                output.append(upcast(sub::<_, Input>(quotient, x)));
                output.append(match constrain::<Input, 0>(x) {
                    Result::Ok(_) => 1,
                    Result::Err(x) => upcast(mul(x, constant::<-2>())),
                });
                let divisor: BoundedInt<1, 1000> = match downcast(x) {
                    Option::Some(divisor) => divisor,
                    Option::None => 1000,
                };
                let (quotient, rest) = div_rem(lifted, non_zero(divisor));
                output.append(quotient.into());
                output.append(rest.into());
            }
        }
    ";
    let snippet = Snippet::new(source);
    let mut inputs: Vec<i128> = edges(11).into_iter().filter(|x| x.abs() <= 1000).collect();
    let mut rng = Rng::new(21);
    inputs.extend((0..300).map(|_| rng.between(-1000, 1000)));
    let reference = |x: i128| {
        let lifted = x * x + 1_000_000;
        let divisor = if x < 1 { 1000 } else { x };
        let branch = if x < 0 { 1 } else { -2 * x };
        [lifted % 1024, lifted / 1024 - x, branch, lifted / divisor, lifted % divisor]
    };
    let expected: Vec<i128> = inputs.iter().flat_map(|x| reference(*x)).collect();
    assert_eq!(snippet.integers(&inputs), expected);
    for refused in [1001, -1001, 1 << 120, -(1 << 120)] {
        assert_eq!(snippet.panic(&[refused]), "out of range");
    }
}
