//! What a verification rests on, link by link: checked here, or only stated by somebody.

use nilometer_package::pipeline::Rebuilt;
use nilometer_package::Package;
use serde::Serialize;

use crate::table::fields;

/// One step from a proof to what somebody wants to know.
#[derive(Debug, Serialize)]
pub struct Link {
    /// From what.
    from: &'static str,
    /// To what.
    to: &'static str,
    /// Whether it was checked here.
    checked: bool,
    /// How, or whose word it is.
    detail: String,
}

impl Link {
    /// A link that was checked.
    pub fn checked(from: &'static str, to: &'static str, how: impl Into<String>) -> Self {
        Self { from, to, checked: true, detail: how.into() }
    }

    /// A link that somebody states.
    pub fn stated(from: &'static str, to: &'static str, by: impl Into<String>) -> Self {
        Self { from, to, checked: false, detail: by.into() }
    }
}

/// From the model to the ONNX file: checked where it was transpiled again, to `what`.
pub fn onnx(package: &Package, rebuilt: Option<&Rebuilt>, what: &str) -> Link {
    match rebuilt {
        Some(rebuilt) => Link::checked(
            "model",
            "ONNX",
            format!("the file with the SHA-256 {} compiles to {what}", rebuilt.onnx_sha256),
        ),
        None => Link::stated(
            "model",
            "ONNX",
            format!(
                "the package names the SHA-256 {}; `--rebuild MODEL.onnx` checks it",
                package.manifest.onnx.sha256
            ),
        ),
    }
}

/// The links, one in each line.
pub fn text(links: &[Link]) -> String {
    let name = |link: &Link| format!("  {} -> {}", link.from, link.to);
    let names: Vec<String> = links.iter().map(name).collect();
    let rows = names.iter().zip(links).map(|(name, link)| {
        let status = if link.checked { "checked" } else { "not checked" };
        (name.as_str(), format!("{status}: {}", link.detail))
    });
    format!("\nwhat this rests on\n{}", fields(rows))
}
