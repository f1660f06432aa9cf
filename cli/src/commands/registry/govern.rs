//! `nilo registry govern`: what the registry's owner has announced, and the owner's actions.

use anyhow::Result;
use clap::Args;
use nilometer_starknet::types::{Action, Rules, Scheduled, Settings, Totals};
use nilometer_starknet::{Call, Felt};
use serde::Serialize;

use crate::args::ToolchainArgs;
use crate::chain::amount::Amount;
use crate::chain::date::{date, parse_span, span};
use crate::chain::declare::{declare, Declared};
use crate::chain::rules::check;
use crate::chain::{
    class, hex, parse_felt, transaction, ChainArgs, SendArgs, Session, Transaction,
};
use crate::failure::UsageError;
use crate::output::{Message, Output};
use crate::table::fields;

/// Arguments of `nilo registry govern`.
#[derive(Debug, Args)]
#[group(id = "action", required = false, multiple = false, args = [
    "announce_upgrade", "announce_rules", "cancel", "pause", "unpause", "upgrade", "set_rules", "offer", "withdraw_offer",
    "accept", "sweep",
])]
#[command(
    after_help = "Without an action: the registry's settings, and what its owner has announced.

Examples:
  nilo registry govern
  nilo registry govern --announce-upgrade
  nilo registry govern --upgrade 0x1234…
  nilo registry govern --announce-rules --min-bond 2STRK"
)]
pub struct GovernArgs {
    /// Announce an upgrade to this class [default: this program's registry, declared if it is not]
    #[arg(long, value_name = "CLASS", num_args = 0..=1, value_parser = parse_felt)]
    pub announce_upgrade: Option<Option<Felt>>,
    /// Announce other rules for new claims: what `--window`, `--min-bond` and `--gas-price` say, the rest as it is
    #[arg(long)]
    pub announce_rules: bool,
    /// How long claims can be challenged at least: seconds, or such as 90m, 2h or 7d
    #[arg(long, value_name = "SPAN", value_parser = parse_span, requires = "announce_rules")]
    pub window: Option<u64>,
    /// The smallest bond of any claim
    #[arg(long, value_name = "AMOUNT", requires = "announce_rules")]
    pub min_bond: Option<Amount>,
    /// Smallest units of the fee token per L2 gas
    #[arg(long, value_name = "AMOUNT", requires = "announce_rules")]
    pub gas_price: Option<Amount>,
    /// Take back what was announced
    #[arg(long)]
    pub cancel: bool,
    /// Pause at once, for three days at most: no new models, versions, calls or claims
    #[arg(long)]
    pub pause: bool,
    /// End a pause before its time
    #[arg(long)]
    pub unpause: bool,
    /// Upgrade to this class, as announced
    #[arg(long, value_name = "CLASS", value_parser = parse_felt)]
    pub upgrade: Option<Felt>,
    /// Change the rules, as announced
    #[arg(long)]
    pub set_rules: bool,
    /// Offer the registry to this address, which has to accept it
    #[arg(long, value_name = "ADDRESS", value_parser = parse_felt)]
    pub offer: Option<Felt>,
    /// Take the offer back
    #[arg(long)]
    pub withdraw_offer: bool,
    /// Accept the registry that was offered to you
    #[arg(long)]
    pub accept: bool,
    /// Send burnt parts of lost bonds out of reach; anyone may do it
    #[arg(long)]
    pub sweep: bool,
    #[command(flatten)]
    pub chain: ChainArgs,
    #[command(flatten)]
    pub send: SendArgs,
    #[command(flatten)]
    pub toolchain: ToolchainArgs,
}

/// The command's result: how things stand after it.
#[derive(Serialize)]
struct Governed {
    address: String,
    class_hash: String,
    #[serde(flatten)]
    settings: Settings,
    network: &'static str,
    totals: Totals,
    scheduled: Scheduled,
    offered_to: Option<String>,
    declaration: Option<Declared>,
    tx_hash: Option<String>,
    gas_l2: u64,
    transaction: Option<Transaction>,
}

/// Acts, and shows how things stand.
///
/// # Errors
/// The account is not the owner's, the action was not announced in time, the account cannot pay, or the node fails.
pub fn run(args: &GovernArgs, output: &Output) -> Result<u8> {
    let session = Session::open(&args.chain)?;
    let registry = session.registry()?;
    let (call, declaration) = call(args, &session)?;
    let mut transaction = None;
    if let Some(call) = call {
        let sender = session.sender()?;
        let (sent, _) =
            transaction::send(&session, &sender, vec![call], args.send, "governing the registry")?;
        transaction = Some(sent);
    }
    let chain = &session.chain;
    let offered_to = session.wait(registry.offered_registry(chain))?;
    output.result(&Governed {
        address: hex(&registry.address),
        class_hash: hex(&session.wait(chain.class_hash_at(registry.address))?),
        settings: session.wait(registry.settings(chain))?,
        network: session.network.name(),
        totals: session.wait(registry.totals(chain))?,
        scheduled: session.wait(registry.scheduled(chain))?,
        offered_to: (offered_to != Felt::ZERO).then(|| hex(&offered_to)),
        declaration,
        tx_hash: transaction.as_ref().and_then(|sent| sent.tx_hash.clone()),
        gas_l2: transaction.as_ref().map_or(0, |sent| sent.gas_l2),
        transaction,
    })?;
    Ok(0)
}

/// What is to be sent, if anything is.
fn call(args: &GovernArgs, session: &Session) -> Result<(Option<Call>, Option<Declared>)> {
    let registry = session.registry()?;
    let mut declaration = None;
    let call = match args {
        GovernArgs { announce_rules: true, .. } => {
            let now = session.wait(registry.settings(&session.chain))?;
            let rules = Rules {
                window: args.window.unwrap_or(now.window),
                min_bond: args.min_bond.map_or(now.min_bond, |bond| bond.0),
                gas_price: args.gas_price.map_or(now.gas_price, |price| price.0),
            };
            check(&rules, now.delay)?;
            registry.schedule_rules(rules)
        }
        GovernArgs { set_rules: true, .. } => {
            match session.wait(registry.scheduled(&session.chain))?.action {
                Action::SetRules { rules } => registry.set_rules(rules),
                _ => return Err(UsageError("no rules are announced".to_owned()).into()),
            }
        }
        GovernArgs { sweep: true, .. } => registry.sweep(),
        GovernArgs { announce_upgrade: Some(class), .. } => {
            let class_hash = match class {
                Some(class_hash) => *class_hash,
                None => {
                    let built = class::registry(&args.toolchain)?;
                    let declared = declare(session, &session.sender()?, &built.class, args.send)?;
                    declaration = Some(declared);
                    built.class.class_hash
                }
            };
            registry.schedule_upgrade(class_hash)
        }
        GovernArgs { cancel: true, .. } => registry.cancel_scheduled(),
        GovernArgs { pause: true, .. } => registry.pause(),
        GovernArgs { unpause: true, .. } => registry.unpause(),
        GovernArgs { upgrade: Some(class_hash), .. } => registry.upgrade(*class_hash),
        GovernArgs { offer: Some(to), .. } => registry.offer_registry(*to),
        GovernArgs { withdraw_offer: true, .. } => registry.offer_registry(Felt::ZERO),
        GovernArgs { accept: true, .. } => registry.accept_registry(),
        _ => return Ok((None, None)),
    };
    Ok((Some(call), declaration))
}

impl Message for Governed {
    fn text(&self) -> String {
        let settings = &self.settings;
        let mut list = vec![
            ("registry", self.address.clone()),
            ("class", self.class_hash.clone()),
            ("owner", hex(&settings.owner)),
            ("fee token", hex(&settings.fee_token)),
            ("network", self.network.to_owned()),
            ("window", format!("{} at least to challenge a claim", span(settings.window))),
            (
                "delay",
                format!("{} of notice before an upgrade or other rules", span(settings.delay)),
            ),
            ("min bond", Amount(settings.min_bond).to_string()),
            ("gas price", format!("{} per L2 gas, for bonds", Amount(settings.gas_price))),
            (
                "burnt",
                format!(
                    "{}, and {} sent out of reach",
                    Amount(self.totals.burnt),
                    Amount(self.totals.swept)
                ),
            ),
        ];
        if settings.paused {
            let until = date(settings.paused_until);
            list.push((
                "paused",
                format!("until {until}: no new models, versions, calls or claims"),
            ));
        }
        let action = match &self.scheduled.action {
            Action::None => None,
            Action::SetRules { rules } => Some(format!(
                "other rules (window {}, min bond {}, gas price {})",
                span(rules.window),
                Amount(rules.min_bond),
                Amount(rules.gas_price)
            )),
            Action::Upgrade { class_hash } => Some(format!("an upgrade to {class_hash:#x}")),
        };
        list.push((
            "announced",
            match action {
                None => "nothing".to_owned(),
                Some(action) => format!(
                    "{action}, possible from {} until {}",
                    date(self.scheduled.ready_at),
                    date(self.scheduled.lapses_at)
                ),
            },
        ));
        if let Some(to) = &self.offered_to {
            list.push(("offered to", format!("{to}, who has to accept")));
        }
        list.extend(self.declaration.iter().map(|declared| ("new class", declared.line())));
        list.extend(self.transaction.iter().flat_map(Transaction::fields));
        fields(list)
    }
}
