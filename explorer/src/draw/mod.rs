//! Drawings of models and numbers as SVG.
//!
//! Pure functions to SVG text. Names in a graph are untrusted: all text goes through [`escape`], every count is
//! bounded, and nothing recurses deeper than [`tree::MAX_DEPTH`]. Drawings carry no styles: classes
//! are those of `assets/figures.css`.

pub mod bars;
mod labels;
mod layout;
pub mod network;
pub mod series;
pub mod tree;

use std::fmt::{Display, Write};

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

pub use labels::{class_names, number, ClassNames};

/// An SVG document that is being written.
struct Svg {
    body: String,
    width: f64,
    height: f64,
}

impl Svg {
    fn new(width: f64, height: f64) -> Self {
        Self { body: String::new(), width, height }
    }

    /// Adds markup. Arguments that come from a graph must be [`escape`]d.
    fn add(&mut self, markup: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.body.write_fmt(markup);
    }

    fn text(&mut self, (x, y): (f64, f64), anchor: &str, class: &str, text: &str) {
        let text = escape(text);
        let (x, y) = (Num(x), Num(y));
        self.add(format_args!(
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" class="{class}">{text}</text>"#
        ));
    }

    fn rect(&mut self, (x, y): (f64, f64), (w, h): (f64, f64), radius: f64, class: &str) {
        let (x, y, w, h, r) = (Num(x), Num(y), Num(w), Num(h), Num(radius));
        self.add(format_args!(
            r#"<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{r}" class="{class}"/>"#
        ));
    }

    fn path(&mut self, class: &str, d: &str) {
        self.add(format_args!(r#"<path class="{class}" d="{d}"/>"#));
    }

    /// The document. `id` makes the references between its parts unique on a page.
    fn finish(self, id: &str, class: &str, title: &str, description: &str) -> String {
        let Self { body, width, height } = self;
        let (w, h, id) = (Num(width), Num(height), escape(id));
        let (title, description) = (escape(title), escape(description));
        format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" class="figure {class}" viewBox="0 0 {w} {h}" width="{w}" height="{h}" role="img" aria-labelledby="{id}-t {id}-d"><title id="{id}-t">{title}</title><desc id="{id}-d">{description}</desc>{body}</svg>"#
        )
    }
}

/// A coordinate, to a tenth; `NaN` and infinities become 0.
struct Num(f64);

impl Display for Num {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = if self.0.is_finite() { (self.0 * 10.0).round() / 10.0 } else { 0.0 };
        // No negative zero.
        write!(f, "{}", tenths + 0.0)
    }
}

/// Text for SVG or HTML, in one line, [`readable`].
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in readable(text, '\n').chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Marks on one letter: no living script needs more than this in text as people write it.
const MAX_MARKS: usize = 4;
/// Marks of other scripts, such as accents, of which a few already cover the lines around them.
const MAX_ACCENTS: usize = 2;

/// The text with `U+FFFD` for what would disguise it or the text beside it: controls, characters that change
/// directions, invisible characters, and accents piled on one letter. `kept` is a control that stays.
pub fn readable(text: &str, kept: char) -> String {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
    let mut marks = 0;
    let mut result = String::with_capacity(text.len());
    let mut is_pile = false;
    for c in text.chars() {
        if c.is_ascii() {
            marks = 0;
            is_pile = false;
            let is_shown = !c.is_control() || c == kept || c == '\t' || c == '\n';
            result.push(if is_shown { c } else { HIDDEN });
            continue;
        }
        let category = categories.get(c);
        let is_mark =
            matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark);
        match c {
            // Emoji and some scripts join or choose glyphs with these: without them the text still reads.
            '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{ad}' => continue,
            c if is_unfit(c) || ignorable.contains(c) || is_blank(c) => {
                marks = 0;
                result.push(HIDDEN);
            }
            c if is_mark => {
                marks += 1;
                let most = if is_accent(c) { MAX_ACCENTS } else { MAX_MARKS };
                if marks <= most {
                    result.push(c);
                } else if !is_pile {
                    is_pile = true;
                    result.push(HIDDEN);
                }
                continue;
            }
            c => {
                marks = 0;
                result.push(c);
            }
        }
        is_pile = false;
    }
    result
}

const HIDDEN: char = '\u{fffd}';

/// Combining marks without a script of their own.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Symbols and letters without ink.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{1d159}' | '\u{fff9}'..='\u{fffb}')
}

/// Controls, and the characters that override or embed directions.
pub(crate) fn is_unfit(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}')
}

/// At most `most` characters, with an ellipsis where some are left out.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => {
            let head: String = text.chars().take(most.saturating_sub(1)).collect();
            format!("{}…", head.trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_leave_its_place() {
        assert_eq!(escape("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        assert_eq!(escape("a\u{202e}b\u{0}c\u{2066}d\n"), "a\u{fffd}b\u{fffd}c\u{fffd}d ");
    }

    #[test]
    fn coordinates_are_numbers() {
        assert_eq!(Num(f64::NAN).to_string(), "0");
        assert_eq!(Num(f64::INFINITY).to_string(), "0");
        assert_eq!(Num(-0.01).to_string(), "0");
        assert_eq!(Num(1.26).to_string(), "1.3");
    }

    #[test]
    fn shortened_text_says_so() {
        assert_eq!(shorten("setosa", 6), "setosa");
        assert_eq!(shorten("versicolor", 6), "versi…");
        assert_eq!(shorten("ναι και όχι", 5), "ναι…");
    }
}
