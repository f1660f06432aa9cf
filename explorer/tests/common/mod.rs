//! A Starknet node whose answers a test chooses, malformed ones as well.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod events;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use nilometer_starknet::codec::push_span;
use nilometer_starknet::{Chain, Felt};
use serde_json::{json, Value};

pub use events::Emitted;
use nilometer_explorer::store::{Identity, Store};
use nilometer_explorer::{App, Options};
use nilometer_transpiler::schema::{FeatureEncoding, InputRun, OutputSchema, Schema};

pub const REGISTRY: u64 = 0x7e9;

/// A row of two features in quarters from -10 to 10, and two scores in halves.
pub fn schema() -> Vec<Felt> {
    let run =
        InputRun { count: 2, encoding: FeatureEncoding::Fixed { scale_log2: 2 }, lo: -40, hi: 40 };
    let output = OutputSchema {
        name: "scores".to_owned(),
        len: 2,
        scale_log2: 1,
        is_label: false,
        classes: None,
    };
    Schema { inputs: vec![run], features: vec![], outputs: vec![output] }.to_felts()
}

/// A block of the stub.
#[derive(Clone, Debug)]
pub struct StubBlock {
    pub hash: u64,
    pub time: u64,
    pub events: Vec<Emitted>,
}

/// What the stub says.
#[derive(Debug)]
pub struct Chapter {
    pub blocks: Vec<StubBlock>,
    pub chain_id: String,
    pub dead: bool,
    pub has_registry: bool,
    /// The most blocks in one answer about events.
    pub max_range: u64,
    /// Swaps the chain after so many requests.
    pub swap_after: Option<(u32, Vec<StubBlock>)>,
    pub requests: u32,
    /// What `schema` and `predict` answer.
    pub schema: Vec<Felt>,
    pub output: Vec<Felt>,
    /// Adds this much to every answer.
    pub padding: usize,
}

/// A node on a port of its own.
#[derive(Clone, Debug)]
pub struct Stub {
    pub url: String,
    pub chapter: Arc<Mutex<Chapter>>,
}

/// Blocks with these events, on a fork of this name.
pub fn blocks(fork: u64, events: Vec<Vec<Emitted>>) -> Vec<StubBlock> {
    let block = |(number, events): (usize, Vec<Emitted>)| StubBlock {
        hash: fork * 1_000_000 + number as u64 + 1,
        time: 1_700_000_000 + number as u64 * 60,
        events,
    };
    events.into_iter().enumerate().map(block).collect()
}

impl Stub {
    pub async fn start(blocks: Vec<StubBlock>) -> Self {
        let chapter = Arc::new(Mutex::new(Chapter {
            blocks,
            chain_id: "0x534e5f5445535400".to_owned(),
            dead: false,
            has_registry: true,
            max_range: u64::MAX,
            swap_after: None,
            requests: 0,
            schema: Vec::new(),
            output: Vec::new(),
            padding: 0,
        }));
        let app = Router::new().route("/", post(answer)).with_state(chapter.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, chapter }
    }

    pub fn set(&self, change: impl FnOnce(&mut Chapter)) {
        change(&mut self.chapter.lock().unwrap());
    }

    /// A service over a new index in a folder.
    pub async fn app(&self, folder: &std::path::Path) -> App {
        self.app_with(folder, Options { poll: Duration::from_millis(20), ..Options::default() })
            .await
    }

    pub async fn app_with(&self, folder: &std::path::Path, options: Options) -> App {
        let chain = Chain::connect(&self.url).await.unwrap();
        let identity = Identity { chain: chain.chain_name(), registry: Felt::from(REGISTRY) };
        let store = Store::open(&folder.join("index.sqlite"), &identity).unwrap();
        App::new(chain, Felt::from(REGISTRY), store, options)
    }
}

fn hex(number: u64) -> String {
    format!("{number:#x}")
}

fn felt_list(felts: &[Felt]) -> Vec<String> {
    felts.iter().map(|felt| format!("{felt:#x}")).collect()
}

async fn answer(
    State(chapter): State<Arc<Mutex<Chapter>>>,
    Json(request): Json<Value>,
) -> axum::response::Response {
    use axum::response::IntoResponse;
    let mut chapter = chapter.lock().unwrap();
    chapter.requests += 1;
    if let Some((after, blocks)) = chapter.swap_after.clone() {
        if chapter.requests >= after {
            chapter.blocks = blocks;
            chapter.swap_after = None;
        }
    }
    if chapter.dead {
        return axum::http::StatusCode::BAD_GATEWAY.into_response();
    }
    let result = respond(&chapter, request["method"].as_str().unwrap(), &request["params"]);
    let mut body = match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": 1, "result": result }),
        Err((code, message)) => {
            json!({ "jsonrpc": "2.0", "id": 1, "error": { "code": code, "message": message } })
        }
    };
    if chapter.padding > 0 {
        body["padding"] = json!("x".repeat(chapter.padding));
    }
    Json(body).into_response()
}

/// Parameters come by name or by place.
fn param<'a>(params: &'a Value, name: &str, place: usize) -> &'a Value {
    if params.is_array() {
        &params[place]
    } else {
        &params[name]
    }
}

fn respond(chapter: &Chapter, method: &str, params: &Value) -> Result<Value, (i64, &'static str)> {
    let price = json!({ "price_in_fri": "0x1", "price_in_wei": "0x1" });
    match method {
        "starknet_chainId" => Ok(json!(chapter.chain_id)),
        "starknet_blockNumber" => match chapter.blocks.len() {
            0 => Err((32, "There are no blocks")),
            length => Ok(json!(length - 1)),
        },
        "starknet_getBlockWithTxHashes" => {
            let number = param(params, "block_id", 0)["block_number"].as_u64().unwrap() as usize;
            let block = chapter.blocks.get(number).ok_or((24, "Block not found"))?;
            let parent = if number == 0 { 0 } else { chapter.blocks[number - 1].hash };
            Ok(json!({
                "status": "ACCEPTED_ON_L2", "block_hash": hex(block.hash), "parent_hash": hex(parent),
                "block_number": number, "new_root": "0x0", "timestamp": block.time,
                "sequencer_address": "0x0", "l1_gas_price": price, "l2_gas_price": price,
                "l1_data_gas_price": price, "l1_da_mode": "BLOB", "starknet_version": "0.14.1",
                "event_commitment": "0x0", "transaction_commitment": "0x0", "receipt_commitment": "0x0",
                "state_diff_commitment": "0x0", "event_count": 0, "transaction_count": 0,
                "state_diff_length": 0, "transactions": []
            }))
        }
        "starknet_getEvents" => {
            let filter = param(params, "filter", 0);
            let from = filter["from_block"]["block_number"].as_u64().unwrap();
            let to = filter["to_block"]["block_number"].as_u64().unwrap();
            if to - from >= chapter.max_range {
                return Err((-32602, "the range is too long"));
            }
            let mut events = Vec::new();
            for (number, block) in chapter.blocks.iter().enumerate() {
                if !(from..=to).contains(&(number as u64)) {
                    continue;
                }
                for (index, event) in block.events.iter().enumerate() {
                    events.push(json!({
                        "from_address": hex(REGISTRY), "keys": felt_list(&event.keys),
                        "data": felt_list(&event.data), "block_hash": hex(block.hash),
                        "block_number": number, "transaction_hash": hex(block.hash * 100 + index as u64),
                        "transaction_index": index, "event_index": 0
                    }));
                }
            }
            // Small pages, so that tokens are used.
            let start: usize =
                filter["continuation_token"].as_str().map_or(0, |token| token.parse().unwrap());
            let page: Vec<Value> = events.iter().skip(start).take(3).cloned().collect();
            let next = start + page.len();
            let mut result = json!({ "events": page });
            if next < events.len() {
                result["continuation_token"] = json!(next.to_string());
            }
            Ok(result)
        }
        "starknet_getClassHashAt" if chapter.has_registry => Ok(json!("0x99")),
        "starknet_getClassHashAt" => Err((20, "Contract not found")),
        "starknet_getTransactionReceipt" => Err((29, "Transaction hash not found")),
        "starknet_call" => {
            let selector = param(params, "request", 0)["entry_point_selector"].as_str().unwrap();
            let is = |name: &str| selector == format!("{:#x}", events::selector(name));
            let mut felts = Vec::new();
            if is("schema") {
                push_span(&mut felts, &chapter.schema);
            } else if is("predict") {
                push_span(&mut felts, &chapter.output);
            } else {
                return Err((21, "Requested entrypoint does not exist in the contract"));
            }
            Ok(json!(felt_list(&felts)))
        }
        _ => Err((-32601, "Method not found")),
    }
}
