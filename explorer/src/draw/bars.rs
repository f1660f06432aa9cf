//! Bars of a model's scores for each class or output.

use super::{escape, number, shorten, Num, Svg};

/// The most bars in one drawing.
pub const MAX_BARS: usize = 40;

/// One bar.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// What it is about.
    pub name: String,
    /// How long it is; may be negative.
    pub value: f64,
    /// Whether it is the one that decides.
    pub chosen: bool,
}

const WIDTH: f64 = 420.0;
const ROW: f64 = 26.0;
const LEFT: f64 = 110.0;
const RIGHT: f64 = 78.0;

/// Whether the values are shares of one.
pub fn are_shares(values: &[f64]) -> bool {
    let sum: f64 = values.iter().sum();
    values.len() > 1
        && values.iter().all(|v| (-1e-6..=1.001).contains(v))
        && (sum - 1.0).abs() < 0.02
}

/// Horizontal bars; percentages where the values are shares of one.
pub fn draw(id: &str, title: &str, bars: &[Bar]) -> String {
    let shown = &bars[..bars.len().min(MAX_BARS)];
    let values: Vec<f64> = bars.iter().map(|bar| bar.value).collect();
    let shares = are_shares(&values);
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let lo = finite().fold(0.0, f64::min);
    let hi = if shares { 1.0 } else { finite().fold(0.0, f64::max) };
    let span = if hi - lo > 0.0 { hi - lo } else { 1.0 };
    let room = WIDTH - LEFT - RIGHT;
    let x = |value: f64| LEFT + (value.clamp(lo, hi) - lo) / span * room;
    let mut svg = Svg::new(WIDTH, ROW * shown.len() as f64 + 8.0);
    for (i, bar) in shown.iter().enumerate() {
        let y = 4.0 + ROW * i as f64;
        let value = if bar.value.is_finite() { bar.value } else { 0.0 };
        let (from, to) = (x(value.min(0.0)), x(value.max(0.0)));
        let (mark, weight) = if bar.chosen { ("mark top", "strong") } else { ("mark", "") };
        let text = if shares { format!("{:.1}%", value * 100.0) } else { number(bar.value) };
        svg.add(format_args!("<g><title>{}: {}</title>", escape(&bar.name), escape(&text)));
        svg.text((LEFT - 10.0, y + 17.0), "end", weight, &shorten(&bar.name, 14));
        svg.rect((LEFT, y + 4.0), (room, ROW - 8.0), 3.0, "bar-ground");
        svg.rect((from, y + 4.0), ((to - from).max(1.5), ROW - 8.0), 3.0, mark);
        svg.text((WIDTH - 2.0, y + 17.0), "end", weight, &text);
        svg.add(format_args!("</g>"));
    }
    if lo < 0.0 {
        let (zero, bottom) = (Num(x(0.0)), Num(ROW * shown.len() as f64 + 4.0));
        svg.add(format_args!(r#"<path class="base" d="M{zero} 4V{bottom}"/>"#));
    }
    let chosen = bars.iter().find(|bar| bar.chosen);
    let description = match chosen {
        Some(bar) => format!("{} bars; {} decides.", bars.len(), bar.name),
        None => format!("{} bars.", bars.len()),
    };
    svg.finish(id, "fit bars", title, &description)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(name: &str, value: f64) -> Bar {
        Bar { name: name.to_owned(), value, chosen: value > 0.5 }
    }

    #[test]
    fn shares_are_percentages() {
        let svg = draw("p", "Classes", &[bar("a", 0.25), bar("b", 0.75)]);
        assert!(svg.contains(">25.0%<") && svg.contains(">75.0%<"), "{svg}");
        assert_eq!(svg.matches("mark top").count(), 1);
    }

    #[test]
    fn scores_start_at_zero() {
        let svg = draw("p", "Scores", &[bar("a", -2.0), bar("b", 2.0)]);
        // The ground of 232 is halved by zero.
        assert_eq!(svg.matches(r#"width="116""#).count(), 2, "{svg}");
        assert!(svg.contains("−2") && svg.contains("class=\"base\""));
    }

    #[test]
    fn hostile_bars_are_harmless() {
        let hostile = [f64::NAN, f64::INFINITY, -1e308, 1e308].map(|v| bar("</svg><script>", v));
        let svg = draw("p", "x", &hostile);
        assert!(!svg.contains("<script") && !svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        let many: Vec<_> = (0..10_000).map(|i| bar(&i.to_string(), 1.0)).collect();
        assert_eq!(draw("p", "x", &many).matches("<g>").count(), MAX_BARS);
        assert!(draw("p", "x", &[]).ends_with("</svg>"));
    }
}
