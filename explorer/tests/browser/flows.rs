//! Visits in a browser.

use std::io::Write;

use crate::chromium::Browser;
use crate::with_browser;

#[test]
fn the_list_is_searched_filtered_sorted_and_paged() {
    with_browser(|browser, origin| async move {
        browser.open(&origin).await;
        assert_eq!(browser.text("#found").await, "31 models");
        assert_eq!(browser.count(".card").await, 24);
        browser.click("a[rel=next]").await;
        browser.wait_for_text(".pager", "Page 2 of 2").await;
        assert_eq!(browser.count(".card").await, 7);
        browser.fill("#q", "rocky").await;
        browser.click(".search button").await;
        browser.wait_for_text("#found", "1 model").await;
        assert!(browser.text(".card").await.contains("rockybot"));
        browser.open(&format!("{origin}/?kind=tree")).await;
        assert_eq!(browser.text("#found").await, "3 models");
        // A choice applies by itself.
        browser
            .run(
                "const s = document.querySelector('#price'); s.value = 'free';
            s.dispatchEvent(new Event('change', {bubbles: true}))",
            )
            .await;
        browser.wait_for_text("#found", "0 models").await;
        assert!(browser.text(".empty").await.contains("No model matches"));
        browser.click(".empty a").await;
        browser.wait_for_text("#found", "31 models").await;
        browser.open(&format!("{origin}/?trust=proved")).await;
        assert_eq!(browser.text("#found").await, "1 model");
        browser.click(".card h2 a").await;
        browser.wait_for_text("h1", "iris_tree").await;
        browser.assert_quiet("the list").await;
        browser
    });
}

#[test]
fn every_tab_is_reached_and_marked() {
    with_browser(|browser, origin| async move {
        browser.open(&format!("{origin}/models/1")).await;
        let tabs = [
            ("Versions", "Version 2"),
            ("Try it", "Ask the contract"),
            ("Proofs", "Check a proof"),
            ("Disputes", "Anyone may challenge it"),
            ("Usage", "Executed calls"),
            ("Contract", "What it can do"),
            ("Use it", "Command line"),
            ("Card", "Model card"),
        ];
        for (tab, says) in tabs {
            let script = format!(
                "[...document.querySelectorAll('.tabs a')].find((a) => a.textContent.startsWith('{tab}')).click()"
            );
            browser.run(&script).await;
            browser.wait_for_text("main", says).await;
            assert!(browser.text(".tabs a[aria-current=page]").await.starts_with(tab));
            browser.assert_quiet(tab).await;
        }
        browser
    });
}

#[test]
fn a_model_is_tried() {
    with_browser(|browser, origin| async move {
        browser.open(&format!("{origin}/models/1/try")).await;
        for (i, value) in ["5.1", "3.5", "1.4", "0.2"].into_iter().enumerate() {
            browser.fill(&format!("#f{i}"), value).await;
        }
        browser.click("#row-title ~ form button[type=submit]").await;
        browser.wait_for_text("#answer", "The model decides").await;
        let word = browser.text("#answer .trust").await;
        assert!(
            word.contains("Simulated by the node"),
            "an answer without a transaction is not executed: {word}"
        );
        assert!(browser.count("#answer .tree .on.edge").await > 0, "the path is drawn");
        assert!(browser.count("#answer .bars .mark.top").await > 0, "the decision is drawn");
        browser.picture("tried-tree").await;
        // Wide trees are shown from their root.
        browser.open(&format!("{origin}/models/2?tree=7")).await;
        let shown = "const f = document.querySelector('.figure-scroll').getBoundingClientRect();
            const r = document.querySelector('rect.node').getBoundingClientRect();
            return f.left <= r.left && r.right <= f.right";
        assert_eq!(browser.run(shown).await, true, "the root is in sight");
        browser.open(&format!("{origin}/models/1/try")).await;
        // A whole row; and one that the model refuses.
        browser.click("details summary").await;
        browser.fill("#row", "[6.7, 3.0, 5.2, 2.3]").await;
        browser.click("#row-title ~ form button[type=submit]").await;
        browser.wait_for_text("#answer .answer", "2").await;
        browser.fill("#row", "1, 2").await;
        browser.click("#row-title ~ form button[type=submit]").await;
        browser.wait_for_text("#answer", "the model takes 4 features and the row has 2").await;
        browser.fill("#row", "a, b, c, d").await;
        browser.click("#row-title ~ form button[type=submit]").await;
        browser.wait_for_text("#answer", "which is not a number").await;
        browser.assert_quiet("trying").await;
        browser.open(&format!("{origin}/models/3/try")).await;
        browser.click("button[data-fill=random]").await;
        browser.click("#row-title ~ form button[type=submit]").await;
        browser.wait_for_text("#answer", "The largest of its outputs").await;
        browser.picture("tried-network").await;
        browser.assert_quiet("trying a network").await;
        browser
    });
}

async fn upload(browser: &Browser, bytes: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    browser.keys("#proof", file.path().to_str().unwrap()).await;
    browser.click("#check-title ~ form button").await;
    browser.find("#verdict:not(.busy) .verdict").await;
}

#[test]
fn proofs_are_checked() {
    with_browser(|browser, origin| async move {
        let page = format!("{origin}/models/1/proofs");
        browser.open(&page).await;
        upload(&browser, b"good").await;
        browser.wait_for_text("#verdict", "The proof is valid").await;
        assert!(browser.text("#verdict .trust").await.contains("Proved"));
        let verdict = browser.text("#verdict").await;
        for says in ["100 bits", "What was checked", "81"] {
            assert!(verdict.contains(says), "{says}: {verdict}");
        }
        browser.picture("proof-good").await;
        for (bytes, reason) in
            [(&b"good but changed"[..], "does not hold"), (b"\0\xff garbage", "not a proof")]
        {
            browser.open(&page).await;
            upload(&browser, bytes).await;
            browser.wait_for_text("#verdict", "The proof is not valid").await;
            assert!(browser.text("#verdict").await.contains(reason));
            assert_eq!(browser.count("#verdict .trust").await, 0, "nothing is proved");
        }
        browser.picture("proof-garbage").await;
        browser.open(&page).await;
        upload(&browser, &vec![7; 5 << 20]).await;
        browser.wait_for_text("#verdict", "Not checked").await;
        browser.wait_for_text("#verdict", "a proof at most 4,194,304").await;
        browser
    });
}

#[test]
fn a_first_visitor_finds_the_way() {
    with_browser(|browser, origin| async move {
        // On a phone, every tab is in sight.
        browser.viewport(320, 640).await;
        browser.open(&format!("{origin}/models/1")).await;
        let hidden = "return [...document.querySelectorAll('.tabs a')].filter((a) => {
            const r = a.getBoundingClientRect(); return r.left < 0 || r.right > innerWidth }).length";
        assert_eq!(browser.run(hidden).await, 0);
        browser.viewport(1280, 900).await;
        browser.open(&format!("{origin}/models/1")).await;
        let glance = browser.text("section[aria-labelledby=glance]").await;
        for says in ["Tells three species", "99.8%", "nilo registry call 1", "0.01 STRK"] {
            assert!(glance.contains(says), "{says}: {glance}");
        }
        let in_sight = "return document.querySelector('#glance').closest('section')
            .getBoundingClientRect().bottom < innerHeight";
        assert_eq!(browser.run(in_sight).await, true, "above the fold");
        // The form has names, units and a real row.
        browser.open(&format!("{origin}/models/1/try")).await;
        assert_eq!(browser.text("label[for=f0]").await, "sepal length");
        assert!(browser.text("#h0").await.starts_with("cm, "));
        assert_eq!(browser.run("return document.querySelector('#f0').value").await, "5.1");
        browser.click("button[data-fill=random]").await;
        browser.click("button[data-fill=reset]").await;
        assert_eq!(browser.run("return document.querySelector('#f3').value").await, "0.2");
        browser.open(&origin).await;
        assert!(browser.text(".card .quote").await.contains("Tells three species"));
        let footer = browser.text("footer").await;
        assert!(footer.contains("local devnet (chain id SN_SEPOLIA)"), "{footer}");
        // The filters stand in lines.
        let askew = "const bottoms = [...document.querySelectorAll('.filters > .field')]
            .map((f) => [f.getBoundingClientRect().top, f.lastElementChild.getBoundingClientRect().bottom]);
            return bottoms.filter(([t, b]) => bottoms.some(([u, c]) => Math.abs(t - u) < 40 && Math.abs(b - c) > 4)).length";
        assert_eq!(browser.run(askew).await, 0);
        // An owner leads to an account.
        browser.click(".card .hash a").await;
        browser.wait_for_text("h1", "Account").await;
        browser.wait_for_text("main", "To withdraw").await;
        browser.assert_quiet("a first visit").await;
        browser
    });
}

#[test]
fn a_publisher_cannot_speak_for_the_explorer() {
    with_browser(|browser, origin| async move {
        browser.open(&format!("{origin}/models/4")).await;
        // The card is framed, and nothing in it is a badge or a link that leads nowhere.
        assert_eq!(browser.count(".words > .prose").await, 1);
        assert_eq!(
            browser
                .count(".words .trust, .words svg, .words [class]:not(.prose):not(.words-edge)")
                .await,
            0
        );
        assert_eq!(browser.count(".prose a:not([href])").await, 0);
        let edges = browser.text(".words").await;
        assert!(
            edges.starts_with("Written by the publisher")
                && edges.trim().ends_with("publisher's words.")
        );
        let marks = "return /[\\u2713\\u2714\\u2705\\u2611]/.test(document.querySelector('main').textContent
            .replace(document.querySelector('.prose').textContent, ''))";
        assert_eq!(browser.run(marks).await, false);
        browser
    });
}

#[test]
fn without_scripts_everything_works() {
    with_browser(|browser, origin| async move {
        browser.scripts(false).await;
        browser.open(&format!("{origin}/models/1/try")).await;
        browser.fill("#f0", "5").await;
        browser.click("#row-title ~ form button[type=submit]").await;
        browser.wait_for_text("#answer", "The model decides").await;
        assert_eq!(browser.count("#f0[value='5']").await, 1, "what was filled in stays");
        browser.open(&format!("{origin}/models/1/proofs")).await;
        upload(&browser, b"good").await;
        browser.wait_for_text("#verdict", "The proof is valid").await;
        browser.open(&format!("{origin}/?q=iris")).await;
        browser.wait_for_text("#found", "1 model").await;
        browser.picture("without-scripts").await;
        browser
    });
}

#[test]
fn themes_switch_and_stay() {
    with_browser(|browser, origin| async move {
        browser.prefers("light").await;
        browser.open(&origin).await;
        let ground = "return getComputedStyle(document.body).backgroundColor";
        let light = browser.run(ground).await;
        browser.click("[data-switch-theme]").await;
        let dark = browser.run(ground).await;
        assert_ne!(light, dark);
        browser.open(&format!("{origin}/about")).await;
        assert_eq!(browser.run(ground).await, dark, "the choice stays");
        browser.click("[data-switch-theme]").await;
        assert_eq!(browser.run(ground).await, light);
        browser
    });
}

#[test]
fn the_keyboard_suffices() {
    with_browser(|browser, origin| async move {
        const TAB: &str = "\u{e004}";
        const ENTER: &str = "\u{e007}";
        browser.open(&format!("{origin}/models/1")).await;
        browser.press(TAB).await;
        let focused = "return document.activeElement.textContent.trim()";
        assert_eq!(browser.run(focused).await, "Skip to the content");
        browser.press(ENTER).await;
        assert_eq!(browser.run("return document.activeElement.id").await, "content");
        // On to the tabs, and through one.
        let mut steps = 0;
        while browser.run("return document.activeElement.closest('.tabs') === null").await == true {
            browser.press(TAB).await;
            steps += 1;
            assert!(steps < 12, "the tabs come soon after the content's start");
        }
        let ring =
            browser.run("return getComputedStyle(document.activeElement).outlineStyle").await;
        assert_eq!(ring, "solid", "focus is seen");
        browser.press(TAB).await;
        browser.press(ENTER).await;
        browser.wait_for_text("caption", "A version never changes").await;
        browser
    });
}

#[test]
fn hostile_publishers_do_no_harm() {
    with_browser(|browser, origin| async move {
        let pages = [
            "/",
            "/models/4",
            "/models/4/versions",
            "/models/4/versions/1",
            "/models/4/try",
            "/models/4/proofs",
            "/models/4/disputes",
            "/models/4/usage",
            "/models/4/contract",
            "/models/4/use",
            "/claims",
            "/claims/3",
            "/?q=%3Cscript%3Ealert(1)%3C/script%3E&owner=%22onfocus=alert(1)%20autofocus",
            "/models/4?tree=%3Cscript%3E&version=1",
            "/models/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        ];
        for width in [1280, 320] {
            browser.viewport(width, 900).await;
            for path in pages {
                browser.open(&format!("{origin}{path}")).await;
                browser.assert_no_sideways_scroll(path).await;
                let strangers = "return document.querySelectorAll('iframe, img, object, base, \
                    script:not([src^=\"/assets/\"]), [onerror], [onload], [style], a[href^=javascript]').length";
                assert_eq!(browser.run(strangers).await, 0, "{path}");
                let text = browser.run("return document.documentElement.textContent").await;
                assert!(
                    !text.as_str().unwrap().contains('\u{202e}'),
                    "{path} overrides directions"
                );
                browser.assert_quiet(path).await;
            }
        }
        browser.viewport(1280, 900).await;
        browser.open(&format!("{origin}/models/4/try")).await;
        browser.click("#row-title ~ form button[type=submit]").await;
        browser.wait_for_text("#answer", "The model decides").await;
        browser.assert_quiet("a hostile answer").await;
        browser.picture("hostile-answer").await;
        browser.open(&format!("{origin}/models/4")).await;
        browser.picture("hostile-card").await;
        browser
    });
}

#[test]
fn hashes_are_copied() {
    with_browser(|browser, origin| async move {
        browser.open(&format!("{origin}/models/1/versions/1")).await;
        browser.click("button.copy").await;
        browser.wait_for_text("#say", "Copied").await;
        assert_eq!(browser.count("button.copy.done").await, 1);
        browser
    });
}

#[test]
fn what_is_not_there_is_said() {
    with_browser(|browser, origin| async move {
        for path in ["/models/999", "/models/x", "/claims/999", "/nothing", "/models/1/versions/9"]
        {
            browser.open(&format!("{origin}{path}")).await;
            assert_eq!(browser.text("h1").await, "Not found", "{path}");
        }
        browser
    });
}
