//! The types that pages show and the API serialises.
//!
//! Felts and hashes are hexadecimal text, amounts decimal text in the fee token's smallest unit, times seconds since the
//! epoch. All other text is untrusted: pages escape it, and nothing interprets it.

mod account;
mod amount;
mod error;
mod evidence;
mod list;
mod model;
mod tried;

pub use account::{AccountView, CreditView};
pub use amount::Amount;
pub use error::{ApiError, ErrorKind};
pub use evidence::{CallView, CheckedHere, ClaimEvent, ClaimStatus, ClaimView, ProofView, Trust};
pub use list::{
    Activity, Facet, Facets, ListQuery, ModelSummary, Page, Price, Sort, MAX_PAGE, MAX_PER_PAGE,
};
pub use model::{
    Check, ContractView, DescriptionState, DescriptionView, Entry, FeatureText, FieldView,
    ModelDetail, OutputSchemaView, SchemaView, ShareView, VersionView,
};
pub use tried::{
    Decoded, OutputView, Prediction, ProofOptionsView, TreeStep, Usage, UsagePoint, Verification,
};

use serde::Serialize;
use utoipa::ToSchema;

/// The state of the service, and which registry it shows.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Status {
    /// The network's id, such as `SN_MAIN`. A local devnet has the id of a public network.
    pub chain: String,
    /// Whether the node is a local devnet.
    pub is_devnet: bool,
    /// The registry's address.
    pub registry: String,
    /// The node, without what may be a key in its address.
    pub node: String,
    /// The newest block that is in the index; none before the first.
    pub indexed_block: Option<u64>,
    /// When that block was made.
    pub indexed_time: Option<u64>,
    /// The node's newest block, as it last said.
    pub tip_block: Option<u64>,
    /// How many blocks the index is behind the node.
    pub blocks_behind: u64,
    /// When the index was last in step with the node.
    pub synced_at: Option<u64>,
    /// Why the index does not follow the chain, if it does not.
    pub trouble: Option<Trouble>,
    /// Rises with every change of the index.
    pub revision: u64,
    /// How often the chain was reorganised or restarted under this index.
    pub rollbacks: u64,
    /// Events that could not be read.
    pub unreadable_events: u64,
    /// Counts over the whole registry.
    pub totals: TotalsView,
    /// The registry's settings; none if the node never answered.
    pub settings: Option<SettingsView>,
    /// The explorer's version.
    pub version: String,
}

impl Status {
    /// The network as people call it.
    pub fn network(&self) -> String {
        let chain = &self.chain;
        let is_local = url::Url::parse(&self.node).is_ok_and(|url| match url.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        });
        match (self.is_devnet, is_local) {
            (true, _) => format!("local devnet (chain id {chain})"),
            (false, true) => format!("{chain} by a node on this machine"),
            (false, false) => chain.clone(),
        }
    }

    /// Whether the index is in step with a node that answers.
    pub fn is_live(&self) -> bool {
        self.trouble.is_none() && self.blocks_behind == 0
    }
}

/// Why the index does not follow the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Trouble {
    /// What kind of trouble it is.
    pub kind: TroubleKind,
    /// Since when.
    pub since: u64,
    /// The error, for people.
    pub reason: String,
}

/// Kinds of [`Trouble`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    /// The node does not answer, or not with what was asked for.
    Node,
    /// The node is on another network.
    OtherNetwork,
    /// The node's chain is another one than before, and the registry is not on it.
    Restarted,
    /// There is no registry at the address.
    NoRegistry,
    /// This server's index fails.
    Index,
}

/// Counts and sums over the whole registry, from its events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct TotalsView {
    /// Models.
    pub models: u64,
    /// Versions.
    pub versions: u64,
    /// Rows that were paid for and executed.
    pub calls: u64,
    /// Claims.
    pub claims: u64,
    /// Claims that can still be challenged.
    pub open_claims: u64,
    /// Proof records.
    pub proofs: u64,
    /// Everything that callers have paid.
    #[schema(value_type = String)]
    pub revenue: Amount,
    /// Parts of lost bonds that nobody gets.
    #[schema(value_type = String)]
    pub burnt: Amount,
}

/// What the registry was deployed with, and what its owner has announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SettingsView {
    /// The registry's owner.
    pub owner: String,
    /// The ERC-20 in which calls and bonds are paid.
    pub fee_token: String,
    /// Seconds during which a claim can be challenged.
    pub window: u64,
    /// Seconds between the announcement of a pause or an upgrade and its effect.
    pub delay: u64,
    /// The smallest bond of any claim.
    #[schema(value_type = String)]
    pub min_bond: Amount,
    /// Whether new models, calls and claims are refused.
    pub paused: bool,
    /// `pause` or `upgrade`, if one is announced.
    pub announced: Option<String>,
    /// When the announced action can be carried out.
    pub announced_for: Option<u64>,
}
