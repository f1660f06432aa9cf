//! What all pages share: header, state of the node, footer, links between pages of a list.

use askama::Template;

use super::parts::{self, Html};
use super::{assets, icons, Rendered};
use crate::view::{Status, TroubleKind};

/// Header and footer of a page.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The state of the service.
    pub status: &'a Status,
    section: &'static str,
}

/// Why a page may not show the newest state.
pub(super) struct Notice {
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) text: String,
}

impl<'a> Shell<'a> {
    pub(super) fn new(status: &'a Status, section: &'static str) -> Self {
        Self { status, section }
    }

    pub(super) fn is(&self, section: &str) -> bool {
        self.section == section
    }

    pub(super) fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    pub(super) fn logo(&self) -> Html {
        Html::trusted(assets::LOGO.trim_end())
    }

    pub(super) fn network(&self) -> Html {
        parts::name(&self.status.network())
    }

    pub(super) fn pulse_class(&self) -> &'static str {
        match (&self.status.trouble, self.status.is_live()) {
            (Some(_), _) => "down",
            (None, true) => "",
            (None, false) => "late",
        }
    }

    pub(super) fn pulse_short(&self) -> String {
        match (&self.status.trouble, self.status.indexed_block) {
            (Some(trouble), _) => match trouble.kind {
                TroubleKind::Node => "Node unreachable",
                TroubleKind::OtherNetwork => "Other network",
                TroubleKind::Restarted => "Chain restarted",
                TroubleKind::NoRegistry => "No registry",
                TroubleKind::Index => "Index fails",
            }
            .to_owned(),
            (None, None) => "Indexing".to_owned(),
            (None, Some(block)) => format!("Block {}", parts::count(block)),
        }
    }

    pub(super) fn pulse_more(&self) -> String {
        match self.status.blocks_behind {
            0 => String::new(),
            behind => format!(", {} behind", parts::plural(behind, "block")),
        }
    }

    pub(super) fn trouble(&self) -> Option<Notice> {
        if let Some(trouble) = &self.status.trouble {
            let since = parts::plain_time(trouble.since);
            let reason = parts::plain(&trouble.reason);
            let last_known = "What you see is the last known state.";
            let (title, text) = match trouble.kind {
                TroubleKind::Node => (
                    format!("The node has been unreachable since {since}."),
                    format!("{last_known} The error is: {reason}"),
                ),
                TroubleKind::OtherNetwork => (
                    format!("The node has been on another network since {since}."),
                    format!("{last_known} {reason}."),
                ),
                TroubleKind::Restarted => (
                    format!("The node's chain was restarted, and the registry is not on it (since {since})."),
                    "What you see is the last known state of the old chain. Deploy the registry at the same address, or \
                     start the explorer with the address of a new one."
                        .to_owned(),
                ),
                TroubleKind::NoRegistry => (
                    "There is no registry at this address.".to_owned(),
                    "Check --registry and --rpc, or deploy a registry there.".to_owned(),
                ),
                TroubleKind::Index => (
                    format!("This explorer's index has failed since {since}."),
                    format!("{last_known} Its operator finds the cause in the server's log."),
                ),
            };
            return Some(Notice { class: "bad", title, text });
        }
        let settings = self.status.settings.as_ref();
        if settings.is_some_and(|settings| settings.paused) {
            return Some(Notice {
                class: "late",
                title: "The registry is paused.".to_owned(),
                text: "New models, calls and claims are refused.".to_owned(),
            });
        }
        // A few blocks behind is normal.
        if self.status.blocks_behind > 5 {
            return Some(Notice {
                class: "late",
                title: format!("{} behind.", parts::plural(self.status.blocks_behind, "block")),
                text: "The index is catching up with the chain.".to_owned(),
            });
        }
        None
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    shell: Shell<'a>,
    title: &'a str,
    text: &'a str,
}

/// An error as a page.
///
/// # Errors
/// The template fails.
pub fn problem(status: &Status, title: &str, text: &str) -> Rendered {
    Problem { shell: Shell::new(status, ""), title, text }.render()
}

#[derive(Template)]
#[template(path = "about.html")]
struct About<'a> {
    shell: Shell<'a>,
}

/// What this is, and the state of node and index.
///
/// # Errors
/// The template fails.
pub fn about(status: &Status) -> Rendered {
    About { shell: Shell::new(status, "about") }.render()
}

#[derive(Template)]
#[template(path = "pager.html")]
struct Pager {
    page: u32,
    pages: u32,
    previous: String,
    next: String,
}

/// Links to the pages before and after.
pub(super) fn pager(
    page: u32,
    pages: u32,
    link: impl Fn(u32) -> String,
) -> Result<Html, askama::Error> {
    let previous = link(page.saturating_sub(1).min(pages).max(1));
    let pager = Pager { page, pages, previous, next: link(page.saturating_add(1)) };
    Ok(Html::trusted(pager.render()?))
}
