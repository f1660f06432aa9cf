//! Honest proofs, and what they are bound to.

use super::*;
use crate::prove::failures;
use crate::{prove, Air, Blake3, Columns, LayoutError, Poseidon};

fn fibonacci<H: ProverHash>(level: Level, target: Target, n_rows: usize) {
    let params = Params::new(level, target, n_rows);
    let (air, main) = Fibonacci::new(n_rows);
    let none = Preprocessed::<H>::new(&[], &params).unwrap();
    let proof = prove(&air, &none, &params, main, |_, _, _| vec![], &|_| {}).unwrap();
    assert_eq!(verify::<H, _>(&air, &none.key(), &params, &proof), Ok(()));
}

#[test]
fn fibonacci_at_every_small_length() {
    for log2 in 4..=11 {
        fibonacci::<Blake3>(Level::Bits100, Target::Native, 1 << log2);
        fibonacci::<Blake3>(Level::Bits128, Target::Native, 1 << log2);
    }
}

#[test]
fn fibonacci_for_starknet() {
    fibonacci::<Poseidon>(Level::Bits100, Target::Starknet, 1 << 4);
    fibonacci::<Poseidon>(Level::Bits100, Target::Starknet, 1 << 7);
}

#[test]
fn lookups_with_a_preprocessed_table() {
    for n_rows in [16, 256, 2048] {
        let case = Case::<Blake3>::new(n_rows, Target::Native);
        let proof = case.prove();
        assert_eq!(case.verify(&proof), Ok(()), "{n_rows}");
        assert_eq!(proof, case.prove(), "the same bytes");
    }
    let case = Case::<Poseidon>::new(64, Target::Starknet);
    assert_eq!(case.verify(&case.prove()), Ok(()));
}

#[test]
fn a_wide_air() {
    let n_rows = 256;
    let params = Params::new(Level::Bits100, Target::Native, n_rows);
    let (air, columns, main) = Wide::new(n_rows);
    let preprocessed = Preprocessed::<Blake3>::new(&columns, &params).unwrap();
    let aux = |main: &[Vec<Felt>], challenges: &[Felt], _: &[Felt]| Wide::aux(main, challenges);
    let proof = prove(&air, &preprocessed, &params, main, aux, &|_| {}).unwrap();
    assert_eq!(verify::<Blake3, _>(&air, &preprocessed.key(), &params, &proof), Ok(()));
}

#[test]
fn free_rows_may_hold_anything() {
    let n_rows = 128;
    let params = Params::new(Level::Bits100, Target::Native, n_rows);
    for exempt_rows in [1, 2, 5, 40] {
        let (air, columns) = Lookup::new(n_rows, exempt_rows);
        let preprocessed = Preprocessed::<Blake3>::new(&columns.preprocessed, &params).unwrap();
        let mut main = columns.main.clone();
        let first_free = air.shape.last_row() + 1;
        for column in &mut main {
            for value in &mut column[first_free..] {
                *value = Felt::from(0xdead_u64);
            }
        }
        let aux = |main: &[Vec<Felt>], z: &[Felt], _: &[Felt]| {
            let mut aux = air.aux(&columns, main, z[0]);
            for value in &mut aux[0][first_free..] {
                *value = Felt::from(0xbad_u64);
            }
            aux
        };
        let proof = prove(&air, &preprocessed, &params, main.clone(), aux, &|_| {}).unwrap();
        let key = preprocessed.key();
        assert_eq!(verify::<Blake3, _>(&air, &key, &params, &proof), Ok(()), "{exempt_rows}");

        // The last row is under constraints, whatever follows on it.
        main[0][air.shape.last_row()] += Felt::from(1_u64);
        let result = prove(&air, &preprocessed, &params, main, aux, &|_| {});
        assert_eq!(result, Err(ProveError::Unsatisfied), "{exempt_rows}");
    }
}

#[test]
fn the_key_depends_on_columns_and_target_alone() {
    let key = |columns: &[Vec<Felt>], level, target| {
        Preprocessed::<Blake3>::new(columns, &Params::new(level, target, 64)).unwrap().key()
    };
    let (_, columns) = Lookup::new(64, 1);
    let columns = columns.preprocessed;
    let native = key(&columns, Level::Bits100, Target::Native);
    assert_eq!(native, key(&columns, Level::Bits128, Target::Native));
    assert_ne!(native, key(&columns, Level::Bits100, Target::Starknet));
    let mut other = columns;
    other[0][3] += Felt::from(1_u64);
    assert_ne!(native, key(&other, Level::Bits100, Target::Native));
}

#[test]
fn a_proof_is_bound_to_its_statement() {
    let n_rows = 64;
    let params = Params::new(Level::Bits100, Target::Native, n_rows);
    let (air, main) = Fibonacci::new(n_rows);
    let none = Preprocessed::<Blake3>::new(&[], &params).unwrap();
    let proof = prove(&air, &none, &params, main, |_, _, _| vec![], &|_| {}).unwrap();
    let check = |air: &Fibonacci, key: [u8; 32], params: &Params| {
        verify::<Blake3, _>(air, &key, params, &proof)
    };
    assert_eq!(check(&air, none.key(), &params), Ok(()));
    for i in 0..3 {
        let (mut other, _) = Fibonacci::new(n_rows);
        other.public[i] += Felt::from(1_u64);
        assert!(check(&other, none.key(), &params).is_err(), "public value {i}");
    }
    let (mut other, _) = Fibonacci::new(n_rows);
    other.name = "fibonaccj";
    assert!(check(&other, none.key(), &params).is_err());
    let (mut other, _) = Fibonacci::new(n_rows);
    other.version = 2;
    assert!(check(&other, none.key(), &params).is_err());
    assert!(check(&air, [1; 32], &params).is_err(), "another key");
    let level = Params::new(Level::Bits128, Target::Native, n_rows);
    assert!(check(&air, none.key(), &level).is_err(), "another level");
    let target = Params::new(Level::Bits100, Target::Starknet, n_rows);
    assert!(check(&air, none.key(), &target).is_err(), "another target");
    let rows = Params::new(Level::Bits100, Target::Native, 2 * n_rows);
    let error = LayoutError::Rows { params: 128, air: 64 };
    assert_eq!(check(&air, none.key(), &rows), Err(error.into()));
    let (longer, _) = Fibonacci::new(2 * n_rows);
    assert!(check(&longer, none.key(), &rows).is_err(), "another length");
    assert!(
        verify::<Poseidon, _>(&air, &Felt::default(), &params, &proof).is_err(),
        "another hash function"
    );
}

#[test]
fn a_proof_is_bound_to_the_shape() {
    let case = Case::<Blake3>::new(64, Target::Native);
    let proof = case.prove();
    let changes: [fn(&mut crate::Shape); 5] = [
        |shape| shape.n_challenges = 2,
        |shape| shape.argument_degree += 1,
        |shape| shape.n_derived = 3,
        |shape| shape.exempt_rows = 2,
        |shape| shape.next.main = vec![0, 1],
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let (mut air, _) = Lookup::new(64, 1);
        change(&mut air.shape);
        let result = verify::<Blake3, _>(&air, &case.key(), &case.params, &proof);
        assert!(result.is_err(), "change {i}");
    }
    let (mut other, _) = Lookup::new(64, 1);
    // The same values in another order.
    other.public.rotate_left(1);
    assert!(verify::<Blake3, _>(&other, &case.key(), &case.params, &proof).is_err());
}

#[test]
fn a_collision_is_an_error_on_both_sides() {
    let mut case = Case::<Blake3>::new(16, Target::Native);
    let proof = case.prove();
    case.air.collides = true;
    assert!(matches!(case.verify(&proof), Err(VerifyError::Collision(_))));
    let main = case.columns.main.clone();
    let result = case.prove_with(main, &mut crate::prove::Honest);
    assert!(matches!(result, Err(ProveError::Collision(_))));
}

#[test]
fn the_row_checker_names_what_fails() {
    let case = Case::<Blake3>::new(32, Target::Native);
    let z = Felt::from(123_456_789_u64);
    let derived = case.air.derive(&[z]).unwrap();
    let failing = |main: &[Vec<Felt>], aux: &[Vec<Felt>]| {
        let columns = Columns { preprocessed: &case.columns.preprocessed[..], main, aux };
        let list = failures(&case.air, columns, &[z], &derived);
        list.iter().map(|failure| (failure.constraint, failure.row)).collect::<Vec<_>>()
    };
    let main = case.columns.main.clone();
    let aux = case.air.aux(&case.columns, &main, z);
    assert_eq!(failing(&main, &aux), []);
    let one = Felt::from(1_u64);
    let mut other = aux.clone();
    other[0][0] += one;
    assert_eq!(failing(&main, &other), [("sum", 0), ("sum_first", 0)]);
    let mut other = aux.clone();
    other[0][31] += one;
    assert_eq!(failing(&main, &other), [("sum", 30), ("sum_last", 31)]);
    let mut other = main.clone();
    other[0][10] += one;
    let names = failing(&other, &aux);
    assert!(names.contains(&("selected_value", 10)), "{names:?}");
    let mut other = main;
    other[1][4] += one;
    assert_eq!(failing(&other, &aux), [("sum", 4)]);
}

#[test]
fn wrong_columns_are_refused() {
    let case = Case::<Blake3>::new(32, Target::Native);
    let mut few = case.columns.main.clone();
    few.pop();
    let mut short = case.columns.main.clone();
    short[1].pop();
    for (main, count, rows) in [(few, 1, 32), (short, 2, 31)] {
        let error =
            ProveError::Columns { tree: "main", count, rows, expected: 2, expected_rows: 32 };
        assert_eq!(case.prove_with(main, &mut crate::prove::Honest), Err(error));
    }
    let params = Params::new(Level::Bits100, Target::Native, 64);
    assert!(Preprocessed::<Blake3>::new(&case.columns.preprocessed, &params).is_err());
}

#[test]
fn impossible_shapes_are_errors() {
    let params = Params::new(Level::Bits100, Target::Native, 64);
    let changes: [fn(&mut crate::Shape); 7] = [
        |shape| shape.exempt_rows = 0,
        |shape| shape.exempt_rows = 64,
        |shape| shape.width.main = 0,
        |shape| shape.width.main = 1 << 20,
        |shape| shape.next.main = vec![2],
        |shape| shape.next.aux = vec![0, 0],
        |shape| shape.argument_degree = u64::MAX,
    ];
    for (i, change) in changes.into_iter().enumerate() {
        let (mut air, _) = Lookup::new(64, 1);
        change(&mut air.shape);
        let result = verify::<Blake3, _>(&air, &[0; 32], &params, &[]);
        // 2^64 fractions still have more than 100 bits.
        let expected = if i < 6 { "cannot be" } else { "ends in the middle" };
        assert!(result.unwrap_err().to_string().contains(expected), "change {i}");
    }
}
