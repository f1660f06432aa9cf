//! The pages in a real browser. `scripts/chromium` installs it; pictures go to the build folder's `screenshots`.

#![allow(clippy::unwrap_used, missing_docs)]

mod answers;
mod chromium;
mod flows;
mod samples;
mod world;

use chromium::{Browser, Driver};

/// Runs a test with a browser and the world's address.
fn with_browser<F>(test: impl FnOnce(Browser, String) -> F)
where
    F: std::future::Future<Output = Browser>,
{
    let Some(driver) = Driver::start() else {
        panic!("chromedriver is not installed: run scripts/chromium");
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let origin = world::serve().await;
        let browser = driver.browser().await;
        test(browser, origin).await.close().await;
    });
}

/// All kinds of pages.
const PAGES: [(&str, &str); 19] = [
    ("list", "/"),
    ("list-nothing", "/?q=nothing-like-it"),
    ("card-tree", "/models/1"),
    ("card-forest", "/models/2?tree=7"),
    ("card-network", "/models/3"),
    ("card-missing", "/models/5"),
    ("versions", "/models/1/versions"),
    ("version", "/models/3/versions/1"),
    ("try", "/models/1/try"),
    ("try-many", "/models/3/try"),
    ("proofs", "/models/1/proofs"),
    ("disputes", "/models/1/disputes"),
    ("usage", "/models/1/usage"),
    ("contract", "/models/1/contract"),
    ("use", "/models/1/use"),
    ("claims", "/claims"),
    ("claim", "/claims/3"),
    ("account", "/accounts/0x64b48806902a367c8598f4f95c305e8c1a1acba5f082d294a43793113115691"),
    ("about", "/about"),
];

#[test]
fn every_page_fits_every_screen_and_theme() {
    with_browser(|browser, origin| async move {
        for (width, height, screen) in [(1280, 900, "desktop"), (320, 640, "phone")] {
            browser.viewport(width, height).await;
            for theme in ["light", "dark"] {
                browser.prefers(theme).await;
                for (name, path) in PAGES {
                    let what = format!("{name}-{screen}-{theme}");
                    browser.open(&format!("{origin}{path}")).await;
                    browser.picture(&what).await;
                    browser.assert_no_sideways_scroll(&what).await;
                    browser.assert_quiet(&what).await;
                }
            }
        }
        browser
    });
}
