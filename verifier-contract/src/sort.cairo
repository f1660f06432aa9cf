//! Sorting.

/// The numbers in ascending order.
pub fn sort(numbers: Span<u64>) -> Span<u64> {
    let length = numbers.len();
    if length < 2 {
        return numbers;
    }
    let middle = length / 2;
    let first = sort(numbers.slice(0, middle));
    merge(first, sort(numbers.slice(middle, length - middle)))
}

/// Two sorted lists that are not empty, in one.
fn merge(mut first: Span<u64>, mut second: Span<u64>) -> Span<u64> {
    let mut merged: Array<u64> = array![];
    let mut a = *first.pop_front().unwrap();
    let mut b = *second.pop_front().unwrap();
    loop {
        if a < b {
            merged.append(a);
            match first.pop_front() {
                Option::Some(next) => { a = *next; },
                Option::None => {
                    merged.append(b);
                    merged.append_span(second);
                    break;
                },
            }
        } else {
            merged.append(b);
            match second.pop_front() {
                Option::Some(next) => { b = *next; },
                Option::None => {
                    merged.append(a);
                    merged.append_span(first);
                    break;
                },
            }
        }
    };
    merged.span()
}
