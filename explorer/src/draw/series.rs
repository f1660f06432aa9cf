//! Numbers over time, as columns.

use super::{escape, Num, Svg};

/// One column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// When, for people.
    pub when: String,
    /// How much.
    pub value: f64,
    /// How much, for people.
    pub text: String,
}

/// The most columns in one drawing.
pub const MAX_COLUMNS: usize = 120;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 180.0;
const LEFT: f64 = 52.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 28.0;

/// Columns from zero up. `axis` writes the numbers of the vertical axis.
pub fn draw(id: &str, title: &str, columns: &[Column], axis: impl Fn(f64) -> String) -> String {
    let columns = &columns[columns.len().saturating_sub(MAX_COLUMNS)..];
    let finite = |value: f64| if value.is_finite() { value.max(0.0) } else { 0.0 };
    let most = columns.iter().map(|column| finite(column.value)).fold(0.0, f64::max);
    let top = round_up(most);
    let (room, floor) = (WIDTH - LEFT - 8.0, HEIGHT - BOTTOM);
    let y = |value: f64| floor - finite(value).min(top) / top * (floor - TOP);
    let mut svg = Svg::new(WIDTH, HEIGHT);
    for part in 0..=2 {
        let value = top * f64::from(part) / 2.0;
        let (at, left, right) = (Num(y(value)), Num(LEFT), Num(WIDTH - 8.0));
        let class = if part == 0 { "base" } else { "axis" };
        svg.add(format_args!(r#"<path class="{class}" d="M{left} {at}H{right}"/>"#));
        svg.text((LEFT - 8.0, y(value) + 4.0), "end", "quiet", &axis(value));
    }
    let step = room / columns.len().max(1) as f64;
    let wide = (step * 0.72).clamp(1.0, 26.0);
    for (i, column) in columns.iter().enumerate() {
        let middle = LEFT + step * (i as f64 + 0.5);
        let height = floor - y(column.value);
        let (when, text) = (escape(&column.when), escape(&column.text));
        svg.add(format_args!("<g><title>{when}: {text}</title>"));
        // A column that is not nothing is seen.
        let height = if finite(column.value) > 0.0 { height.max(1.5) } else { 0.0 };
        svg.rect((middle - wide / 2.0, floor - height), (wide, height), 2.0, "mark");
        svg.add(format_args!("</g>"));
    }
    let last = columns.len().saturating_sub(1);
    for (i, anchor) in [(0, "start"), (last, "end")] {
        let Some(column) = columns.get(i) else { continue };
        let x = if i == 0 { LEFT } else { WIDTH - 8.0 };
        svg.text((x, HEIGHT - 8.0), anchor, "quiet", &column.when);
        if last == 0 {
            break;
        }
    }
    let description = match (columns.first(), columns.last()) {
        (Some(first), Some(end)) => {
            format!("{} columns from {} to {}.", columns.len(), first.when, end.when)
        }
        _ => "Nothing yet.".to_owned(),
    };
    svg.finish(id, "fit series", title, &description)
}

/// The next 1, 2, 4 or 5 times a power of ten: twice what is halfway up, so both numbers are short.
fn round_up(value: f64) -> f64 {
    if value <= 2.0 {
        return if value > 1.0 || value <= 0.0 { 2.0 } else { small(value) };
    }
    small(value)
}

fn small(value: f64) -> f64 {
    let unit = 10f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 6.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * unit).find(|top| *top >= value).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(value: f64) -> Column {
        Column { when: "12 May".to_owned(), value, text: value.to_string() }
    }

    #[test]
    fn axes_end_at_short_numbers() {
        for (value, top) in
            [(0.0, 2.0), (1.0, 1.0), (3.0, 4.0), (17.0, 20.0), (100.0, 100.0), (0.03, 0.04)]
        {
            assert!((round_up(value) - top).abs() < 1e-12, "{value}");
        }
    }

    #[test]
    fn columns_scale_to_the_top() {
        let svg = draw("c", "Calls", &[column(2.0), column(4.0), column(0.0)], |v| v.to_string());
        for height in ["69", "138", "0"] {
            assert!(svg.contains(&format!(r#"height="{height}" rx="2""#)), "{height}: {svg}");
        }
    }

    #[test]
    fn odd_numbers_draw_something() {
        for values in [vec![], vec![f64::NAN], vec![-5.0, f64::INFINITY], vec![1e-300, 1e300]] {
            let columns: Vec<_> = values.into_iter().map(column).collect();
            let svg = draw("c", "x", &columns, |v| v.to_string());
            assert!(!svg.contains("NaN\"") && !svg.contains("inf\""), "{svg}");
        }
    }
}
