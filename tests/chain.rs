//! A devnet with the registry's contracts: started once per test binary, used by many scenarios.

use std::future::Future;
use std::path::{Path, PathBuf};

use nilometer_cairo::{compile_contract, Sources};
use nilometer_starknet::devnet::{self, DevnetOptions};
use nilometer_starknet::registry::{self, call, deploy, deployed, ClaimRecord};
use nilometer_starknet::types::{Change, NewModel, NewVersion, Status};
use nilometer_starknet::{
    Call, Chain, ChainError, Class, Devnet, Event, Felt, Receipt, Registry, Sender,
};

use crate::cairo_harness::toolchain;

/// Seconds of a claim's window in tests.
pub const WINDOW: u64 = 3_600;
/// Seconds of notice in tests.
pub const DELAY: u64 = 14_400;
/// The smallest bond in tests.
pub const MIN_BOND: u128 = 100;
/// What every account has of the tests' token.
pub const FUNDS: u128 = 1_000_000;

/// The contracts that the tests declare.
pub struct Classes {
    /// The registry.
    pub registry: Class,
    /// The token whose manners can be set.
    pub token: Class,
    /// The model whose manners can be set.
    pub rogue: Class,
    /// The model whose answers are not lists of felts.
    pub garbage: Class,
    /// A contract of another interface.
    pub stranger: Class,
    /// The model that answers otherwise when gas runs out, as JSON.
    pub miser: Vec<u8>,
    /// The registry, as JSON.
    pub registry_json: Vec<u8>,
}

/// The registry's sources.
pub fn registry_sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry-contracts/src")
}

/// Compiles the registry and what the tests throw at it. Warnings are errors.
pub fn compile() -> Classes {
    let mocks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../registry-contracts/mocks/src");
    let (main, other) = ("nilometer_registry", "nilometer_registry_mocks");
    let sources = Sources {
        crates: [(main.to_owned(), registry_sources()), (other.to_owned(), mocks)].into(),
        main: vec![main.to_owned(), other.to_owned()],
    };
    let contracts = [
        "nilometer_registry::registry::ModelRegistry",
        "nilometer_registry_mocks::token::Token",
        "nilometer_registry_mocks::models::Rogue",
        "nilometer_registry_mocks::models::Garbage",
        "nilometer_registry_mocks::models::Stranger",
        "nilometer_registry_mocks::models::Miser",
    ];
    let compiled = match toolchain().compile(&sources, &[], &contracts) {
        Ok(compiled) => compiled,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(compiled.warnings, "", "the contracts compile without warnings");
    let jsons = compiled.contracts;
    let class = |index: usize| self::class(&jsons[index]);
    Classes {
        registry: class(0),
        token: class(1),
        rogue: class(2),
        garbage: class(3),
        stranger: class(4),
        miser: jsons[5].clone(),
        registry_json: jsons[0].clone(),
    }
}

/// A compiled class, ready to be declared; within the network's limits.
pub fn class(json: &[u8]) -> Class {
    let compiled = compile_contract(json).unwrap();
    assert!(compiled.is_within_limits());
    Class::new(json, compiled.compiled_class_hash).unwrap()
}

/// Runs what waits for the chain.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A devnet and its accounts.
pub struct Node {
    devnet: Devnet,
    /// The node.
    pub chain: Chain,
    /// Its predeployed accounts.
    pub accounts: Vec<Sender>,
}

impl Node {
    /// Starts a node.
    pub async fn start() -> Self {
        let devnet = Devnet::start(&DevnetOptions::default())
            .unwrap_or_else(|error| panic!("{error}; run scripts/devnet"));
        let chain = Chain::connect(devnet.url()).await.unwrap();
        let accounts = devnet::accounts(devnet.url()).await.unwrap();
        let accounts = accounts.iter().map(|account| Sender::new(chain.clone(), account)).collect();
        Self { devnet, chain, accounts }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        self.devnet.url()
    }

    /// Lets its clock jump.
    pub async fn pass(&self, seconds: u64) {
        devnet::increase_time(self.url(), seconds).await.unwrap();
    }

    /// Deploys a contract.
    pub async fn deploy(&self, class: &Class, constructor: &[Felt]) -> Result<Felt, ChainError> {
        let sender = &self.accounts[0];
        sender.declare(class).await?;
        let salt = sender.nonce().await?;
        let receipt = sender.execute(vec![deploy(class.class_hash, salt, constructor)]).await?;
        Ok(deployed(&receipt).expect("the deployer tells the address"))
    }
}

/// A registry and a token on a node, with everybody rich and everything approved.
pub struct World {
    /// The node.
    pub node: Node,
    /// Its classes.
    pub classes: Classes,
    /// The registry of the scenario.
    pub registry: Registry,
    /// The fee token of the scenario.
    pub token: Felt,
}

/// The accounts' parts: account 0 owns the registry.
pub const OWNER: usize = 0;
/// Publishes models.
pub const PUBLISHER: usize = 1;
/// Calls, claims.
pub const ALICE: usize = 2;
/// Challenges.
pub const BOB: usize = 3;
/// Looks on.
pub const CAROL: usize = 4;

impl World {
    /// Starts a node and declares everything.
    pub async fn start() -> Self {
        let classes = compile();
        let node = Node::start().await;
        let sender = &node.accounts[0];
        for class in
            [&classes.registry, &classes.token, &classes.rogue, &classes.garbage, &classes.stranger]
        {
            sender.declare(class).await.unwrap();
        }
        let mut world =
            Self { node, classes, registry: Registry::at(Felt::ZERO), token: Felt::ZERO };
        world.renew().await;
        world
    }

    /// Starts over with a new registry and a new token.
    pub async fn renew(&mut self) {
        self.token = self.node.deploy(&self.classes.token, &[]).await.unwrap();
        let owner = self.address(OWNER);
        let constructor = Registry::constructor(owner, self.token, WINDOW, DELAY, MIN_BOND, 0);
        let address = self.node.deploy(&self.classes.registry, &constructor).await.unwrap();
        self.registry = Registry::at(address);
        let mut mint = Vec::new();
        for account in &self.node.accounts {
            let calldata = vec![account.address(), FUNDS.into(), Felt::ZERO];
            mint.push(call(self.token, "mint", calldata));
        }
        self.node.accounts[0].execute(mint).await.unwrap();
        for who in [PUBLISHER, ALICE, BOB, CAROL] {
            self.approve(who, FUNDS).await;
        }
    }

    /// An account's address.
    pub fn address(&self, who: usize) -> Felt {
        self.node.accounts[who].address()
    }

    /// Lets the registry take so much of an account's tokens.
    pub async fn approve(&self, who: usize, amount: u128) {
        self.run(who, registry::approve(self.token, self.registry.address, amount)).await;
    }

    /// Sends a call that must go well.
    pub async fn run(&self, who: usize, call: Call) -> Receipt {
        match self.try_run(who, call).await {
            Ok(receipt) => receipt,
            Err(error) => panic!("account {who}: {error}"),
        }
    }

    /// Sends a call.
    pub async fn try_run(&self, who: usize, call: Call) -> Result<Receipt, ChainError> {
        self.node.accounts[who].execute(vec![call]).await
    }

    /// Sends a call that must fail for this reason.
    pub async fn fails(&self, who: usize, call: Call, reason: &str) {
        match self.try_run(who, call).await {
            Err(ChainError::Reverted { reason: actual, .. }) => {
                assert!(actual.split(", ").any(|part| part == reason), "{reason:?}: {actual:?}");
            }
            Err(error) => panic!("{reason:?}: {error}"),
            Ok(_) => panic!("no failure, wants {reason:?}"),
        }
    }

    /// The registry's events in a receipt.
    pub fn events(&self, receipt: &Receipt) -> Vec<Event> {
        let own = receipt.events.iter().filter(|(from, ..)| *from == self.registry.address);
        own.map(|(_, keys, data)| Event::read(keys, data).unwrap().expect("a known event"))
            .collect()
    }

    /// Runs a call and wants exactly one event.
    pub async fn event(&self, who: usize, call: Call) -> Event {
        let mut events = self.events(&self.run(who, call).await);
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0)
    }

    /// Registers the tests' model; its number and contract.
    pub async fn publish(&self, price: u128, bond: u128) -> (u64, Felt) {
        let register = self.registry.register(&model(price, bond), &self.rogue());
        for event in self.events(&self.run(PUBLISHER, register).await) {
            if let Event::VersionPublished { model_id, contract, .. } = event {
                return (model_id, contract);
            }
        }
        panic!("no version")
    }

    /// A version with the model whose manners can be set.
    pub fn rogue(&self) -> NewVersion {
        NewVersion {
            class_hash: self.classes.rogue.class_hash,
            model_hash: text("rogue"),
            program_hash: Felt::from(77),
            metadata_uri: "ipfs://a-model".to_owned(),
            metadata_hash: 12_u64.into(),
            challenge_gas: 0,
        }
    }

    /// A claim as it is now.
    pub async fn record(&self, claim_id: u64) -> ClaimRecord {
        self.registry.claim_record(&self.node.chain, claim_id).await.unwrap()
    }

    /// What has become of a claim.
    pub async fn status(&self, claim_id: u64) -> Status {
        self.registry.claim_state(&self.node.chain, claim_id).await.unwrap().status
    }

    /// A call that challenges a claim's first row.
    pub async fn challenge(&self, claim_id: u64, input: &[Felt]) -> Call {
        self.registry.challenge(claim_id, &self.record(claim_id).await.claim, 0, input)
    }

    /// A call that contests a claim's first row.
    pub async fn contest(&self, claim_id: u64) -> Call {
        self.registry.contest(claim_id, &self.record(claim_id).await.claim, 0)
    }

    /// A call that finalises a claim.
    pub async fn finalize(&self, claim_id: u64) -> Call {
        self.registry.finalize(claim_id, &self.record(claim_id).await.claim)
    }

    /// Announces a change to a model, and lets the delay pass.
    pub async fn announce(&self, model_id: u64, change: &Change) {
        self.run(PUBLISHER, self.registry.announce(model_id, change)).await;
        self.node.pass(DELAY).await;
    }

    /// Sets a model's manners.
    pub async fn model_manners(&self, contract: Felt, manners: &str) {
        let calldata = vec![text(manners), self.registry.address];
        self.run(OWNER, call(contract, "set_manners", calldata)).await;
    }

    /// Sets the token's manners.
    pub async fn token_manners(&self, manners: &str, model_id: u64) {
        self.run(OWNER, call(self.token, "set_manners", vec![text(manners), model_id.into()]))
            .await;
    }

    /// An account's tokens.
    pub async fn tokens(&self, who: usize) -> u128 {
        self.tokens_of(self.address(who)).await
    }

    /// An address's tokens.
    pub async fn tokens_of(&self, address: Felt) -> u128 {
        let balance = registry::token_balance(&self.node.chain, self.token, address).await.unwrap();
        assert_eq!(balance.high(), 0);
        balance.low()
    }

    /// What an account can withdraw.
    pub async fn balance(&self, who: usize) -> u128 {
        self.registry.balance_of(&self.node.chain, self.address(who)).await.unwrap()
    }
}

/// The tests' model.
pub fn model(price: u128, bond: u128) -> NewModel {
    NewModel { name: "rogue".to_owned(), kind: text("test"), licence: text("MIT"), price, bond }
}

/// A short string; empty is zero.
pub fn text(text: &str) -> Felt {
    nilometer_starknet::codec::to_short_string(text).unwrap()
}
