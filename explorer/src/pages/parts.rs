//! Small pieces that all pages share: badges of trust, hashes, names; times and numbers from `format`.

use std::fmt;

use askama::filters::HtmlSafe;

pub use super::format::*;
use super::icons;
use crate::draw::{self, escape, shorten};
use crate::view::{Activity, CallView, ClaimStatus, ClaimView, OutputView, Trust};

/// Markup that was made here; templates do not escape it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Trusts markup: only what this crate has made or sanitised.
    pub(super) fn trusted(markup: impl Into<String>) -> Self {
        Self(markup.into())
    }

    /// The markup.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}

/// A name from the chain: in a direction of its own, at most 80 characters.
pub fn name(text: &str) -> Html {
    match text.trim() {
        "" => Html::trusted(r#"<span class="muted">no name</span>"#),
        // Names of packages are long words: they may break where their parts end.
        text => {
            let text = escape(&unmarked(&shorten(text, 80))).replace('_', "_<wbr>");
            Html::trusted(format!("<bdi>{text}</bdi>"))
        }
    }
}

/// Longer text from the chain: as [`name`], at most 2,000 characters.
pub fn text(text: &str) -> Html {
    Html::trusted(format!("<bdi>{}</bdi>", escape(&unmarked(&shorten(text, 2_000)))))
}

/// Untrusted text for titles and attributes, in one line, at most 80 characters: templates escape it.
pub fn plain(text: &str) -> String {
    unmarked(&draw::readable(&shorten(text, 80), ' ')).replace(['\n', '\t'], " ")
}

/// The text without the marks with which this explorer says that something was checked.
fn unmarked(text: &str) -> String {
    let is_mark = |c: char| {
        matches!(
            c,
            '\u{2611}' | '\u{2612}' | '\u{2713}'
                ..='\u{2718}' | '\u{2705}' | '\u{274c}' | '\u{221a}'
        ) || matches!(
            c,
            '\u{1f5f8}'..='\u{1f5f9}' | '\u{1f6e1}' | '\u{1f512}' | '\u{1f50f}' | '\u{10102}'
        )
    };
    text.chars().map(|c| if is_mark(c) { '\u{fffd}' } else { c }).collect()
}

/// `0x5c8a…6755` of a long number.
pub fn short_hash(full: &str) -> String {
    let digits = full.chars().count();
    if digits <= 16 {
        return full.to_owned();
    }
    let head: String = full.chars().take(if full.starts_with("0x") { 6 } else { 4 }).collect();
    let tail: String = full.chars().skip(digits - 4).collect();
    format!("{head}…{tail}")
}

/// A shortened hash with a button that copies the whole.
pub fn hash(full: &str) -> Html {
    let (short, full) = (escape(&short_hash(full)), escape(full));
    Html::trusted(format!(
        r#"<span class="hash"><span title="{full}">{short}</span>{}</span>"#,
        copy(&full, &short)
    ))
}

/// A whole hash with a button that copies it.
pub fn full_hash(full: &str) -> Html {
    let (short, full) = (escape(&short_hash(full)), escape(full));
    Html::trusted(format!(
        r#"<span class="hash"><span class="full-hash">{full}</span>{}</span>"#,
        copy(&full, &short)
    ))
}

fn copy(full: &str, short: &str) -> String {
    format!(
        r#"<button type="button" class="icon copy js-only" data-copy="{full}" aria-label="Copy {short}">{}</button>"#,
        icons::COPY
    )
}

/// An account, as a link to its page.
pub fn account(address: &str) -> Html {
    let (short, full) = (escape(&short_hash(address)), escape(address));
    Html::trusted(format!(
        r#"<span class="hash over"><a href="/accounts/{full}" title="{full}">{short}</a>{}</span>"#,
        copy(&full, &short)
    ))
}

/// A level of trust: its word, icon and colour.
pub fn trust(trust: &Trust) -> Html {
    let (slug, word, icon) = (trust.slug(), trust.word(), icons::trust(*trust));
    let meaning = escape(trust.meaning());
    Html::trusted(format!(r#"<span class="trust {slug}" title="{meaning}">{icon}{word}</span>"#))
}

/// How much evidence there is of each level.
pub fn trust_counts(activity: &Activity) -> Html {
    let some = Trust::ALL.into_iter().filter(|trust| activity.of(*trust) > 0);
    let mut all: Vec<_> = some.map(|trust| trust_count(trust, activity.of(trust)).0).collect();
    if all.is_empty() {
        all.push(r#"<span class="trust none">Not used yet</span>"#.to_owned());
    }
    Html::trusted(format!(r#"<div class="row pills">{}</div>"#, all.concat()))
}

/// The badge of claims.
pub fn claimed() -> Html {
    trust(&Trust::Claimed)
}

/// The badge of checked proofs.
pub fn proved() -> Html {
    trust(&Trust::Proved)
}

/// The badge of executed outputs.
pub fn executed() -> Html {
    trust(&Trust::Executed)
}

/// An answer without a transaction has no level of trust.
pub fn node_word() -> Html {
    let meaning = "The node was asked without a transaction: nothing of this is on chain.";
    let icon = icons::NODE;
    Html::trusted(format!(
        r#"<span class="trust none" title="{meaning}">{icon}Simulated by the node</span>"#
    ))
}

/// A level of trust with how much evidence there is of it.
fn trust_count(trust: Trust, count: u64) -> Html {
    let (slug, word, icon) = (trust.slug(), trust.word(), icons::trust(trust));
    let meaning = escape(trust.meaning());
    Html::trusted(format!(
        r#"<span class="trust {slug}" title="{meaning}">{icon}{word} {}</span>"#,
        self::count(count)
    ))
}

/// The state of a claim.
pub fn status(status: &ClaimStatus) -> Html {
    let class = match status {
        ClaimStatus::Open => "open",
        ClaimStatus::Contested => "late",
        ClaimStatus::Refuted => "bad",
        ClaimStatus::Upheld => "good",
        ClaimStatus::Final | ClaimStatus::Void => "",
    };
    let (word, meaning) = (status.word(), status.meaning());
    Html::trusted(format!(r#"<span class="state {class}" title="{meaning}">{word}</span>"#))
}

/// What an integer `q` of this scale stands for.
pub fn unit(scale_log2: &i32) -> Html {
    match scale_log2 {
        0 => Html::trusted("q"),
        scale => Html::trusted(format!("q · 2<sup>{}</sup>", -i64::from(*scale))),
    }
}

/// What a claim says in a word.
pub fn says(claim: &ClaimView) -> Html {
    said(claim.label.as_deref(), &claim.outputs)
}

/// What a call was answered in a word.
pub fn answered(call: &CallView) -> Html {
    said(call.label.as_deref(), &call.outputs)
}

fn said(label: Option<&str>, outputs: &[OutputView]) -> Html {
    match label {
        // A bare number reads as a value.
        Some(label) if label.parse::<i64>().is_ok() => return name(&format!("class {label}")),
        Some(label) => return name(label),
        None => {}
    }
    let values: Vec<_> = outputs.iter().flat_map(|output| &output.values).collect();
    let shown: Vec<_> = values.iter().take(3).map(|value| draw::number(**value)).collect();
    if !shown.is_empty() {
        let more = if values.len() > shown.len() { ", …" } else { "" };
        return name(&format!("{}{more}", shown.join(", ")));
    }
    let integers: Vec<_> = outputs.iter().flat_map(|output| &output.integers).collect();
    match integers.split_first() {
        None => Html::trusted(r#"<span class="muted">nothing</span>"#),
        Some((first, [])) => name(first),
        Some((first, _)) => name(&format!("{}, …", shorten(first, 30))),
    }
}

/// Code from the chain: every line of it, no direction of its own.
pub fn code(text: &str) -> Html {
    let lines: Vec<_> = text.lines().map(escape).collect();
    Html::trusted(lines.join("\n"))
}

/// A kind of model in words: `mlp_classifier` is `MLP classifier`.
pub fn kind(kind: &str) -> Html {
    let words = kind.replace('_', " ");
    let words = match words.strip_prefix("mlp") {
        Some(rest) => format!("MLP{rest}"),
        None => words,
    };
    name(&words)
}

/// A tick.
pub fn yes() -> Html {
    mark(&true)
}

/// A cross.
pub fn no() -> Html {
    mark(&false)
}

/// Whether something was checked: a tick or a cross.
pub fn mark(passed: &bool) -> Html {
    Html::trusted(if *passed { icons::TICK } else { icons::CROSS })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place() {
        let hostile = "</bdi><script>alert(1)</script>\u{202e}x";
        let markup = name(hostile).to_string();
        assert!(!markup.contains("<script") && !markup.contains('\u{202e}'), "{markup}");
        assert!(name(&"x".repeat(10_000)).as_str().chars().count() < 100);
        for markup in
            [hash(hostile), full_hash(hostile), account(hostile), text(hostile), kind(hostile)]
        {
            assert!(!markup.as_str().contains("<script"), "{markup}");
        }
    }

    #[test]
    fn names_cannot_draw_our_marks() {
        for mark in ["✓", "✔", "✅", "☑", "🗸", "🛡", "🔒"] {
            let text = format!("{mark} Proved by this explorer");
            for markup in [name(&text), self::text(&text), kind(&text)] {
                assert!(!markup.as_str().contains(mark), "{markup}");
            }
            assert!(!plain(&text).contains(mark));
        }
        assert!(!name("pay\u{200b}pal").as_str().contains('\u{200b}'));
    }

    #[test]
    fn hashes_are_short() {
        assert_eq!(short_hash("0x5c8a9c85aed6c78d3a6755"), "0x5c8a…6755");
        assert_eq!(short_hash("0x12"), "0x12");
        assert_eq!(short_hash(&"é".repeat(64)), "éééé…éééé");
    }
}
