//! Icons as SVG, drawn for this explorer on a grid of 16.

use crate::view::Trust;

macro_rules! icon {
    ($body:literal) => {
        concat!(
            r#"<svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" "#,
            r#"stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">"#,
            $body,
            "</svg>"
        )
    };
}

/// Two sheets.
pub(super) const COPY: &str = icon!(
    r#"<rect x="5.5" y="5.5" width="8" height="8" rx="1.5"/><path d="M3 10.5V4A1.5 1.5 0 0 1 4.5 2.5H10.5"/>"#
);
/// A tick.
pub(super) const TICK: &str = icon!(r#"<path d="M3 8.5l3.3 3.3L13 5"/>"#);
/// A cross.
pub(super) const CROSS: &str = icon!(r#"<path d="M4 4l8 8M12 4l-8 8"/>"#);
/// A half-filled circle.
pub(super) const THEME: &str = icon!(
    r#"<circle cx="8" cy="8" r="5.8"/><path d="M8 2.2a5.8 5.8 0 0 1 0 11.6z" fill="currentColor"/>"#
);
/// A machine in a rack.
pub(super) const NODE: &str =
    icon!(r#"<path d="M2.5 2.5h11v4.6h-11zM2.5 8.9h11v4.6h-11zM5 4.8h.01M5 11.2h.01"/>"#);
/// A filled circle.
pub(super) const DOT: &str = r#"<svg viewBox="0 0 10 10" aria-hidden="true" focusable="false"><circle cx="5" cy="5" r="5"/></svg>"#;

/// A block of the chain.
const EXECUTED: &str =
    icon!(r#"<path d="M8 1.8l5.4 3.1v6.2L8 14.2l-5.4-3.1V4.9zM2.6 4.9L8 8l5.4-3.1M8 8v6.2"/>"#);
/// A seal with a tick.
const PROVED: &str = icon!(
    r#"<path d="M8 1.5l5.5 2v4.2c0 3.2-2.2 5.7-5.5 6.8-3.3-1.1-5.5-3.6-5.5-6.8V3.5zM5.4 7.9l1.9 1.9 3.3-3.6"/>"#
);
/// Speech.
const CLAIMED: &str = icon!(r#"<path d="M2.5 3h11v7.5H8.2L5 13.5v-3H2.5zM5.3 6.7h5.4"/>"#);

/// The icon of a level of trust.
pub(super) fn trust(trust: Trust) -> &'static str {
    match trust {
        Trust::Executed => EXECUTED,
        Trust::Proved => PROVED,
        Trust::Claimed => CLAIMED,
    }
}
