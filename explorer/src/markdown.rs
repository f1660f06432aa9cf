//! A publisher's Markdown as HTML that can be shown.
//!
//! Two barriers: raw HTML and images never leave the parser (images become links), and the result is sanitised with a
//! list of what is allowed. Headings move one level down, below the page's own. Rendering blocks for some milliseconds;
//! its result should be kept.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{html, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use url::Url;

use crate::draw::{self, escape, shorten};

/// Longer texts are cut.
pub const MAX_BYTES: usize = 128 * 1024;
/// The most bytes of HTML.
pub const MAX_OUTPUT: usize = 1 << 20;
/// Characters of a summary.
const MAX_SUMMARY: usize = 200;
/// Elements and texts of a card, and cells of its tables; the rest is cut. The parser pads rows that are shorter than
/// their table's head, so that a small text can stand for millions of cells.
const MAX_EVENTS: usize = 12_000;
const MAX_CELLS: usize = 4_000;
/// Tables with more columns are left out.
const MAX_COLUMNS: usize = 64;
/// What is nested deeper loses its markup: the sanitiser's time is quadratic in depth.
const MAX_DEPTH: usize = 32;

static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let tags = [
        "a",
        "blockquote",
        "br",
        "code",
        "del",
        "em",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "strong",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ];
    let attributes =
        HashMap::from([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))]);
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(tags))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::new())
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Deny)
        .link_rel(Some("nofollow noopener noreferrer"));
    builder
});

/// Renders Markdown. The result has at most [`MAX_OUTPUT`] bytes, whatever the text.
pub fn render(markdown: &str) -> String {
    let text = readable(cut(markdown, MAX_BYTES));
    let mut rendered = String::with_capacity(text.len() * 3 / 2);
    html::push_html(&mut rendered, Bounded::new(&text));
    let clean = SANITISER.clean(&rendered).to_string();
    match clean.len() <= MAX_OUTPUT {
        true => clean,
        // The bound on events keeps texts well below this.
        false => format!("<pre>{}</pre>", escape(cut(&text, MAX_OUTPUT / 8))),
    }
}

/// The first paragraph as plain text, at most `MAX_SUMMARY` characters; none without one.
pub fn summary(markdown: &str) -> Option<String> {
    let text = readable(cut(markdown, MAX_BYTES / 8));
    let (mut summary, mut is_inside) = (String::new(), false);
    for event in Parser::new_ext(&text, options()).take(MAX_EVENTS) {
        match event {
            Event::Start(Tag::Paragraph) => is_inside = true,
            Event::End(TagEnd::Paragraph) if !summary.trim().is_empty() => break,
            Event::End(TagEnd::Paragraph) => is_inside = false,
            Event::Text(part) | Event::Code(part) if is_inside => summary.push_str(&part),
            Event::SoftBreak | Event::HardBreak if is_inside => summary.push(' '),
            _ => {}
        }
        if summary.len() > 8 * MAX_SUMMARY {
            break;
        }
    }
    let summary = summary.split_whitespace().collect::<Vec<_>>().join(" ");
    (!summary.is_empty()).then(|| shorten(&summary, MAX_SUMMARY))
}

fn options() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH
}

fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max.min(text.len()))]
}

/// The text without characters that hide or pile up, lines kept.
fn readable(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let lines: Vec<_> = text.split('\n').map(|line| draw::readable(line, '\t')).collect();
    lines.join("\n")
}

/// The parser's events, bounded and tamed: raw HTML as text, images as links, links that lead nowhere as their text,
/// headings one level down.
struct Bounded<'a> {
    parser: Parser<'a>,
    events: usize,
    depth: usize,
    cells: usize,
    /// Of the tags that are open and shown, those to close when the text is cut.
    open: Vec<TagEnd>,
    /// For each open link or image, whether it is shown as one.
    links: Vec<bool>,
    table: Option<Table>,
}

/// A table that is being read: rows shorter than the head are padded by the parser, so cells are counted.
struct Table {
    is_shown: bool,
}

impl<'a> Bounded<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            parser: Parser::new_ext(text, options()),
            events: 0,
            depth: 0,
            cells: 0,
            open: Vec::new(),
            links: Vec::new(),
            table: None,
        }
    }

    /// An event as it is shown; none if it is left out.
    fn tame(&mut self, event: Event<'a>) -> Option<Event<'a>> {
        match event {
            Event::Start(tag) => {
                self.depth += 1;
                if let Tag::Table(alignments) = &tag {
                    self.table = Some(Table { is_shown: alignments.len() <= MAX_COLUMNS });
                }
                let is_cell = matches!(tag, Tag::TableCell);
                self.cells += usize::from(is_cell);
                self.start(tag).filter(|_| self.is_shown())
            }
            Event::End(end) => {
                let is_shown = self.is_shown();
                self.depth = self.depth.saturating_sub(1);
                if end == TagEnd::Table {
                    self.table = None;
                }
                let end = match end {
                    TagEnd::Link | TagEnd::Image => match self.links.pop() {
                        Some(true) => Some(TagEnd::Link),
                        _ => None,
                    },
                    TagEnd::Heading(level) => Some(TagEnd::Heading(down(level))),
                    end => Some(end),
                };
                end.filter(|_| is_shown).map(Event::End)
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                Some(Event::Text(html)).filter(|_| self.is_table_shown())
            }
            event => Some(event).filter(|_| self.is_table_shown()),
        }
    }

    fn start(&mut self, tag: Tag<'a>) -> Option<Event<'a>> {
        match tag {
            Tag::Link { link_type, dest_url, title, id }
            | Tag::Image { link_type, dest_url, title, id } => {
                let leads_somewhere = leads_somewhere(&dest_url);
                self.links.push(leads_somewhere);
                let link = Tag::Link { link_type, dest_url, title, id };
                leads_somewhere.then_some(Event::Start(link))
            }
            Tag::Heading { level, .. } => Some(Event::Start(Tag::Heading {
                level: down(level),
                id: None,
                classes: vec![],
                attrs: vec![],
            })),
            tag => Some(Event::Start(tag)),
        }
    }

    fn is_table_shown(&self) -> bool {
        self.table.as_ref().is_none_or(|table| table.is_shown)
    }

    fn is_shown(&self) -> bool {
        self.depth <= MAX_DEPTH && self.is_table_shown()
    }
}

impl<'a> Iterator for Bounded<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        while self.events < MAX_EVENTS && self.cells < MAX_CELLS {
            self.events += 1;
            let event = self.parser.next()?;
            let Some(event) = self.tame(event) else { continue };
            match &event {
                Event::Start(tag) => self.open.push(tag.to_end()),
                Event::End(_) => {
                    self.open.pop();
                }
                _ => {}
            }
            return Some(event);
        }
        self.open.pop().map(Event::End)
    }
}

/// Whether a browser would follow a link: only to a whole address of a known scheme.
fn leads_somewhere(address: &str) -> bool {
    match Url::parse(address) {
        Ok(url) => matches!(url.scheme(), "http" | "https" | "mailto"),
        Err(_) => false,
    }
}

fn down(level: HeadingLevel) -> HeadingLevel {
    HeadingLevel::try_from((level as usize + 1).min(6)).unwrap_or(HeadingLevel::H6)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a browser would run or load: tags beyond the list, attributes beyond `href`, other schemes.
    fn assert_harmless(markdown: &str) {
        let rendered = render(markdown);
        for part in rendered.split('<').skip(1) {
            let (tag, rest) = part.split_once('>').unwrap_or((part, ""));
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
            assert!(
                !matches!(name, "script" | "img" | "svg" | "style" | "iframe" | "form" | "input"),
                "{rendered}"
            );
            let attributes = tag.strip_prefix(name).unwrap_or_default().to_lowercase();
            for bad in [
                " on",
                "style=",
                "src=",
                "javascript:",
                "data:",
                "vbscript:",
                "id=",
                "name=",
                "class=",
            ] {
                assert!(!attributes.contains(bad), "{bad} in {tag:?} of {rendered:?}");
            }
            assert!(!rest.contains('\u{202e}'));
        }
    }

    #[test]
    fn attacks_are_harmless() {
        let corpus = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg/onload=alert(1)>",
            "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java\nscript:alert(1))",
            "[x](javascript&colon;alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](\u{1}javascript:alert(1))",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](vbscript:msgbox(1))",
            "[x](//evil.example/x)",
            "[x](/models/1)",
            "![x](https://evil.example/pixel.png)",
            "![x](javascript:alert(1))",
            "![x](data:image/svg+xml,<svg onload=alert(1)>)",
            "[x]: javascript:alert(1)\n\n[x]",
            "[x](https://a.example 'title\" onmouseover=\"alert(1)')",
            "<javascript:alert(1)>",
            "<https://a.example/\" onclick=alert(1)>",
            "```\"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```",
            "`</code><script>alert(1)</script>`",
            "# h {#id .class onclick=alert(1)}",
            "<a href='javascript:alert(1)' style='position:fixed'>x</a>",
            "<style>*{display:none}</style>",
            "<form action=/><input name=x></form>",
            "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "| a |\n|---|\n| <script>alert(1)</script> |",
            "\u{202e}txt.exe",
            "<!-- --!><img src=x onerror=alert(1)> -->",
            "<![CDATA[<script>alert(1)</script>]]>",
            "<base href=https://evil.example>",
            "<meta http-equiv=refresh content='0;url=https://evil.example'>",
        ];
        for markdown in corpus {
            assert_harmless(markdown);
        }
    }

    #[test]
    fn raw_html_is_text() {
        assert_eq!(render("a <b>c</b>"), "<p>a &lt;b&gt;c&lt;/b&gt;</p>\n");
    }

    #[test]
    fn links_are_told_apart() {
        let link = r#"<a href="https://a.example/" rel="nofollow noopener noreferrer">x</a>"#;
        assert_eq!(render("[x](https://a.example/)"), format!("<p>{link}</p>\n"));
        assert_eq!(render("![x](https://a.example/)"), format!("<p>{link}</p>\n"));
    }

    #[test]
    fn headings_move_down_and_tables_stay() {
        assert_eq!(render("# a"), "<h2>a</h2>\n");
        assert_eq!(render("###### a"), "<h6>a</h6>\n");
        assert!(render("| a |\n|---|\n| b |").contains("<td>b</td>"));
    }

    /// Texts that are cheap to write and expensive to read.
    fn expensive() -> Vec<String> {
        let row = |columns: usize| format!("{}\n{}\n", "|a".repeat(columns), "|-".repeat(columns));
        vec![
            ">".repeat(MAX_BYTES),
            "* ".repeat(MAX_BYTES / 2),
            "é".repeat(MAX_BYTES),
            "[".repeat(MAX_BYTES),
            "*a **a ".repeat(MAX_BYTES / 7),
            "[a](b".repeat(MAX_BYTES / 5),
            "[a](https://a.b) ".repeat(MAX_BYTES / 17),
            "<a ".repeat(MAX_BYTES / 3),
            "`".repeat(MAX_BYTES),
            "| a ".repeat(MAX_BYTES / 4),
            "a\n> ".repeat(MAX_BYTES / 4),
            "e\u{301}\u{302}\u{303}".repeat(MAX_BYTES / 7),
            "&quot;".repeat(MAX_BYTES / 6),
            "\"&<>".repeat(MAX_BYTES / 4),
            "- a\n".repeat(MAX_BYTES / 4),
            // Thousands of columns, tens of thousands of rows of one cell.
            row(16_000) + &"|\n".repeat(30_000),
            row(60) + &"|\n".repeat(60_000),
            row(1) + &"|\n".repeat(60_000),
        ]
    }

    #[test]
    fn no_text_is_expensive() {
        // The slowest takes a few milliseconds on one core; debug builds and busy machines are slower.
        let bound =
            std::time::Duration::from_millis(if cfg!(debug_assertions) { 1_500 } else { 150 });
        for text in expensive() {
            let start = std::time::Instant::now();
            let rendered = render(&text);
            let elapsed = start.elapsed();
            let head: String = text.chars().take(8).collect();
            assert!(rendered.len() <= MAX_OUTPUT, "{head:?} gives {} bytes", rendered.len());
            assert!(rendered.matches("<td").count() <= MAX_CELLS, "{head:?}");
            assert!(elapsed < bound, "{head:?} takes {elapsed:?}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_text() {
        for bad in [
            "[here](javascript:alert(1))",
            "[here](JaVaScRiPt:alert(1))",
            "[here](data:text/html,x)",
            "[here](vbscript:x)",
            "[here](/models/1)",
            "[here](//evil.example/x)",
            "[here](#card)",
            "![here](javascript:alert(1))",
            "[here]\n\n[here]: javascript:alert(1)",
        ] {
            assert_eq!(render(bad), "<p>here</p>\n", "{bad}");
        }
        let nested = render("[a ![b](javascript:x) c](https://a.example/)");
        assert_eq!(nested.matches("<a ").count(), nested.matches("</a>").count());
    }

    #[test]
    fn invisible_and_piled_up_characters_show() {
        assert_eq!(render("pay\u{200b}pal"), "<p>pay\u{fffd}pal</p>\n");
        assert_eq!(render("\u{e0041}\u{2062}x\u{3164}"), "<p>\u{fffd}\u{fffd}x\u{fffd}</p>\n");
        let piled = format!("a{}", "\u{0301}".repeat(500));
        assert!(render(&piled).chars().filter(|c| *c == '\u{301}').count() <= 2);
        // Words of many languages stay as they are.
        for words in
            ["naïve", "Việt Nam", "שָׁלוֹם", "नमस्ते", "한국어", "日本語", "ภาษาไทย", "e\u{301}"]
        {
            assert_eq!(render(words), format!("<p>{words}</p>\n"));
        }
    }

    #[test]
    fn summaries_are_the_first_words() {
        let card = "# Iris\n\n![x](https://a.example/b.png)\n\nTells *three* species\nof `iris` apart.\n\nMore.";
        assert_eq!(summary(card).as_deref(), Some("x"));
        let card =
            "# Iris\n\n| a |\n|---|\n| b |\n\nTells *three* species\nof `iris` apart.\n\nMore.";
        assert_eq!(summary(card).as_deref(), Some("Tells three species of iris apart."));
        assert_eq!(summary("# only a title"), None);
        assert!(summary(&"long ".repeat(10_000)).unwrap().chars().count() <= MAX_SUMMARY);
    }
}
