//! Styles, scripts and icons, in the binary. Their addresses carry a hash of their bytes, so that browsers may keep
//! them forever.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

/// A file that pages refer to.
#[derive(Debug)]
pub struct Asset {
    /// Its name in templates.
    pub name: &'static str,
    /// Its path below `/assets/`.
    pub path: String,
    /// Its type.
    pub content_type: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// The logo, for inlining.
pub(super) const LOGO: &str = include_str!("../../assets/logo.svg");

const STYLE: &str = concat!(
    include_str!("../../assets/base.css"),
    include_str!("../../assets/parts.css"),
    include_str!("../../assets/figures.css"),
);

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let script = "text/javascript; charset=utf-8";
    let files: [(&str, &str, &[u8]); 4] = [
        ("style.css", "text/css; charset=utf-8", STYLE.as_bytes()),
        ("theme.js", script, include_bytes!("../../assets/theme.js")),
        ("app.js", script, include_bytes!("../../assets/app.js")),
        ("favicon.svg", "image/svg+xml", include_bytes!("../../assets/favicon.svg")),
    ];
    let asset = |(name, content_type, bytes): (&'static str, _, &'static [u8])| {
        let digest = hex::encode(&Sha256::digest(bytes)[..8]);
        let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
        Asset { name, path: format!("{stem}.{digest}.{ending}"), content_type, bytes }
    };
    files.into_iter().map(asset).collect()
});

/// The asset at a path below `/assets/`.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The address of an asset by its name.
pub(super) fn address(name: &str) -> String {
    match ASSETS.iter().find(|asset| asset.name == name) {
        Some(asset) => format!("/assets/{}", asset.path),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_bytes() {
        for asset in ASSETS.iter() {
            let address = address(asset.name);
            let found = find(address.strip_prefix("/assets/").unwrap()).unwrap();
            assert_eq!(found.bytes, asset.bytes);
        }
        assert!(find("style.css").is_none(), "names without a hash are not served");
        assert!(find("../Cargo.toml").is_none());
    }

    #[test]
    fn assets_are_of_this_host() {
        for asset in ASSETS.iter() {
            let text = std::str::from_utf8(asset.bytes).unwrap();
            for word in ["http://", "https://", "//cdn", "@import", "eval("] {
                let known = text.matches("http://www.w3.org/2000/svg").count();
                let count = text.matches(word).count();
                let allowed = if word == "http://" { known } else { 0 };
                assert_eq!(count, allowed, "{word} in {}", asset.name);
            }
        }
    }

    /// The two colours of a token, for light and for dark.
    fn token(name: &str) -> [[f64; 3]; 2] {
        let start = format!("--{name}: light-dark(");
        let (_, rest) = STYLE.split_once(&start).unwrap_or_else(|| panic!("no token {name}"));
        let (pair, _) = rest.split_once(')').unwrap();
        let colour = |text: &str| {
            let bytes = hex::decode(text.trim().trim_start_matches('#')).unwrap();
            [bytes[0], bytes[1], bytes[2]].map(|byte| f64::from(byte) / 255.0)
        };
        let (light, dark) = pair.split_once(',').unwrap();
        [colour(light), colour(dark)]
    }

    /// As WCAG 2 defines it.
    fn contrast(a: [f64; 3], b: [f64; 3]) -> f64 {
        let linear =
            |c: f64| if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) };
        let luminance = |[r, g, b]: [f64; 3]| {
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05
        };
        let (a, b) = (luminance(a), luminance(b));
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_can_be_read_in_both_themes() {
        let mut pairs = vec![("accent-ink", "accent"), ("muted", "accent-wash")];
        for ground in ["paper", "surface", "sunk"] {
            pairs.extend(["ink", "muted", "accent", "executed", "bad"].map(|ink| (ink, ground)));
        }
        for (ink, ground) in [
            ("executed", "executed-wash"),
            ("proved", "proved-wash"),
            ("claimed", "claimed-wash"),
            ("bad", "bad-wash"),
            ("accent", "accent-wash"),
        ] {
            pairs.extend([(ink, ground), ("ink", ground)]);
        }
        for (ink, ground) in pairs {
            for theme in 0..2 {
                let ratio = contrast(token(ink)[theme], token(ground)[theme]);
                assert!(ratio >= 4.5, "{ink} on {ground} in theme {theme}: {ratio:.2}");
            }
        }
        // Borders of fields need less contrast than text.
        for theme in 0..2 {
            assert!(contrast(token("edge")[theme], token("surface")[theme]) >= 3.0);
        }
    }
}
