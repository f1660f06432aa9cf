//! A publisher's Markdown as HTML that can be shown.
//!
//! Two barriers: raw HTML and images never leave the parser (images become links), and what does is sanitised with
//! a list of what is allowed. Headings move one level down, below the page's own.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use pulldown_cmark::{html, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::draw::is_unfit;

/// Longer texts are cut.
pub const MAX_BYTES: usize = 128 * 1024;

/// What is nested deeper loses its markup: trees of any depth cost the sanitiser quadratic time.
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

/// Renders Markdown.
pub fn render(markdown: &str) -> String {
    let cut = markdown.floor_char_boundary(MAX_BYTES.min(markdown.len()));
    let visible = |c: char| match c {
        '\n' | '\t' => c,
        c if is_unfit(c) => '\u{fffd}',
        c => c,
    };
    let text: String = markdown[..cut].replace("\r\n", "\n").chars().map(visible).collect();
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut rendered = String::with_capacity(text.len() * 3 / 2);
    let mut depth = 0usize;
    let shallow = Parser::new_ext(&text, options).filter(|event| match event {
        Event::Start(_) => {
            depth += 1;
            depth <= MAX_DEPTH
        }
        Event::End(_) => {
            depth = depth.saturating_sub(1);
            depth < MAX_DEPTH
        }
        _ => true,
    });
    html::push_html(&mut rendered, shallow.map(tame));
    SANITISER.clean(&rendered).to_string()
}

/// Raw HTML as the text that it is, images as links to them, headings one level down.
fn tame(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url, title, id })
        }
        Event::End(TagEnd::Image) => Event::End(TagEnd::Link),
        Event::Start(Tag::Heading { level, .. }) => Event::Start(Tag::Heading {
            level: down(level),
            id: None,
            classes: vec![],
            attrs: vec![],
        }),
        Event::End(TagEnd::Heading(level)) => Event::End(TagEnd::Heading(down(level))),
        event => event,
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
        assert_eq!(
            render("[x](/models/1)"),
            "<p><a rel=\"nofollow noopener noreferrer\">x</a></p>\n"
        );
    }

    #[test]
    fn headings_move_down_and_tables_stay() {
        assert_eq!(render("# a"), "<h2>a</h2>\n");
        assert_eq!(render("###### a"), "<h6>a</h6>\n");
        assert!(render("| a |\n|---|\n| b |").contains("<td>b</td>"));
    }

    #[test]
    fn large_and_deep_texts_end() {
        let start = std::time::Instant::now();
        let texts = [
            ">".repeat(MAX_BYTES),
            "* ".repeat(MAX_BYTES / 2),
            "é".repeat(MAX_BYTES),
            "[".repeat(MAX_BYTES),
            "*a **a ".repeat(MAX_BYTES / 7),
            "[a](b".repeat(MAX_BYTES / 5),
            "<a ".repeat(MAX_BYTES / 3),
            "`".repeat(MAX_BYTES),
            "| a ".repeat(MAX_BYTES / 4),
            "a\n> ".repeat(MAX_BYTES / 4),
        ];
        for text in &texts {
            let rendered = render(text);
            assert!(rendered.len() < 60 * MAX_BYTES, "{:?}", &text[..4]);
            assert!(start.elapsed().as_secs() < 20, "{:?} takes {:?}", &text[..4], start.elapsed());
        }
    }
}
