//! The explorer under attack: `cargo run --release -p nilometer-explorer --example attacks [SECONDS]`.
//!
//! A server in a process of its own has 1,000 models, 100 of them with hostile descriptions. While each attack lasts, the
//! list page is asked for 200 times per second from another address, in an open loop; its times and the server's largest
//! resident memory are printed. The last scenario lasts SECONDS (300 by default) and mixes the list with tries and
//! malformed proofs. Fails if the slowest hundredth of list pages takes longer than 100 ms, if the memory exceeds
//! 300 MB, or if it grows during the last scenario. Linux only: it uses several addresses of the loopback network.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract;
use axum::routing::get;
use axum::Router;
use common::{blocks, events, schema, Stub, REGISTRY};
use nilometer_explorer::fetch::FetchOptions;
use nilometer_explorer::store::{Block, Identity, Incoming, RawEvent, Store};
use nilometer_explorer::{pages, server, App, Options};
use nilometer_starknet::{Chain, Felt};
use starknet_types_core::hash::{Poseidon, StarkHash};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::{interval, sleep, MissedTickBehavior};

const MODELS: u64 = 1_000;
const HOSTILE: u64 = 100;
const LISTS_PER_SECOND: u64 = 200;
const SECONDS: u64 = 20;
const MAX_TIME: Duration = Duration::from_millis(100);
const MAX_MEMORY: u64 = 300 << 20;
const SCHEMA_ROW: &str = r#"{"input": [1.5, -2]}"#;

/// A hostile description; its kind follows from the model's number.
fn hostile(id: u64) -> Vec<u8> {
    let file = |part: &str| {
        format!(
            r#"{{"format":"nilometer-description-v1","card":"model {id}","report":null,"schema":null,{part}}}"#
        )
    };
    match id % 4 {
        // 16,000 columns, 30,000 rows of one cell.
        0 => {
            let card = format!("{id}\n\n{}\n{}\n", "|a".repeat(16_000), "|-".repeat(16_000));
            (card + &"|\n".repeat(30_000)).into_bytes()
        }
        // Nearly 32 MB of program.
        1 => file(&format!(
            r#""graph":null,"program":{{"format":"nilometer-program-v1","function":"f","builtins":["output"],"code_offset":0,"bytecode":[{}"0x1"],"hints":[]}}"#,
            "\"0x1111111111111111111111111111\",".repeat(1_000_000)
        ))
        .into_bytes(),
        // Nearly 32 MB of lists in a graph.
        2 => file(&format!(r#""program":null,"graph":[{}[]]"#, "[],".repeat(10_000_000))).into_bytes(),
        // A megabyte of program.
        _ => file(&format!(
            r#""graph":null,"program":{{"format":"nilometer-program-v1","function":"f","builtins":["output"],"code_offset":0,"bytecode":[{}"0x1"],"hints":[]}}"#,
            "\"0x1\",".repeat(1 << 17)
        ))
        .into_bytes(),
    }
}

/// Serves hostile descriptions, made when they are asked for.
async fn host() -> String {
    let serve = |extract::Path(id): extract::Path<u64>| async move {
        tokio::task::spawn_blocking(move || hostile(id)).await.unwrap()
    };
    let app = Router::new().route("/{id}", get(serve));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

fn index(folder: &Path, chain: &Chain, host: &str) -> Store {
    let identity = Identity { chain: chain.chain_name(), registry: Felt::from(REGISTRY) };
    let store = Store::open(&folder.join("index.sqlite"), &identity).unwrap();
    let schema_hash = Poseidon::hash_array(&schema());
    let mut incoming = Incoming::default();
    for id in 1..=MODELS {
        incoming.blocks.push(Block {
            number: id,
            hash: format!("{id:#x}"),
            time: 1_700_000_000 + id * 600,
        });
        let name = format!("model_{id}_of_many");
        let (uri, hash) = if id <= HOSTILE {
            let mut hash = [0; 32];
            hex::decode_to_slice(nilometer_package::sha256(&hostile(id)), &mut hash).unwrap();
            (format!("{host}/{id}"), hash)
        } else {
            (String::new(), [7; 32])
        };
        let mut emitted = vec![
            events::registered(id, id % 97, &name, "mlp_classifier", "MIT", 10_u128.pow(16)),
            events::published(id, 1, schema_hash, &uri, hash),
        ];
        emitted.extend(
            (0..id % 5).map(|n| events::called(id, n, id * 10 + n, 10_u128.pow(16), &[1, 2])),
        );
        let at = |event: events::Emitted| RawEvent {
            block: id,
            tx_hash: Felt::from(id),
            keys: event.keys,
            data: event.data,
        };
        incoming.events.extend(emitted.into_iter().map(at));
    }
    store.advance(None, &incoming).unwrap();
    store
}

/// The server's process: says its address and serves until it is killed.
async fn serve(node: &str, host: &str) {
    let folder = tempfile::tempdir().unwrap();
    let chain = Chain::connect(node).await.unwrap();
    let store = index(folder.path(), &chain, host);
    let fetch = FetchOptions { allow_http: true, allow_private: true, ipfs_gateway: None };
    // Wide enough for 200 list pages per second from one address.
    let options = Options {
        fetch,
        requests_per_second: 300,
        uploads_per_minute: 1_000_000,
        ..Options::default()
    };
    let app = App::new(chain, Felt::from(REGISTRY), store, options);
    let router = server::router(&app, pages::router(app.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    server::serve(listener, router, server::Proxies::default(), std::future::pending())
        .await
        .unwrap();
}

fn memory(server: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// A client at an address of its own.
fn client(last: u8) -> reqwest::Client {
    let local = std::net::IpAddr::from([127, 0, 0, last]);
    let builder = reqwest::Client::builder().no_proxy().local_address(local);
    builder.timeout(Duration::from_secs(60)).build().unwrap()
}

/// What was measured while an attack lasted.
struct Measured {
    p50: Duration,
    p99: Duration,
    slowest: Duration,
    failures: usize,
    memory: Vec<u64>,
}

async fn measure(server: &Child, address: SocketAddr, seconds: u64) -> Measured {
    let visitor = client(100);
    let queries = ["", "?page=2", "?sort=name", "?sort=calls&page=3", "?q=many", "?price=paid"];
    let mut tick = interval(Duration::from_nanos(1_000_000_000 / LISTS_PER_SECOND));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut requests, mut used) = (Vec::new(), Vec::new());
    for number in 0..LISTS_PER_SECOND * seconds {
        let due = tick.tick().await;
        if number % (LISTS_PER_SECOND / 10) == 0 {
            used.push(memory(server));
        }
        let query = queries[number as usize % queries.len()];
        let request = visitor.get(format!("http://{address}/{query}"));
        requests.push(tokio::spawn(async move {
            let is_ok = match request.send().await {
                Ok(response) => response.status() == 200 && response.bytes().await.is_ok(),
                Err(_) => false,
            };
            (is_ok, due.elapsed())
        }));
    }
    let (mut times, mut failures) = (Vec::new(), 0);
    for request in requests {
        let (is_ok, time) = request.await.unwrap();
        times.push(time);
        failures += usize::from(!is_ok);
    }
    times.sort_unstable();
    let share = |hundredths: usize| times[(times.len() - 1) * hundredths / 100];
    Measured { p50: share(50), p99: share(99), slowest: share(100), failures, memory: used }
}

/// Measures during an attack, which is then stopped; whether the bounds hold.
async fn scenario(
    name: &str,
    server: &Child,
    address: SocketAddr,
    seconds: u64,
    attack: impl std::future::Future<Output = ()> + Send + 'static,
) -> (bool, Measured) {
    let attack = tokio::spawn(attack);
    let measured = measure(server, address, seconds).await;
    attack.abort();
    let most = measured.memory.iter().max().copied().unwrap_or(0);
    let holds = measured.p99 <= MAX_TIME && most <= MAX_MEMORY && measured.failures == 0;
    println!(
        "{name}: list p50 {:.1?}, p99 {:.1?}, slowest {:.1?}, {} failures; at most {} MB{}",
        measured.p50,
        measured.p99,
        measured.slowest,
        measured.failures,
        most >> 20,
        if holds { "" } else { "  <- beyond the bounds" },
    );
    (holds, measured)
}

/// Views of pages at a fixed rate, from an attacker's address.
async fn views(address: SocketAddr, per_second: u64, paths: Vec<String>) {
    let attacker = client(50);
    let mut tick = interval(Duration::from_nanos(1_000_000_000 / per_second));
    for number in 0usize.. {
        tick.tick().await;
        let request = attacker.get(format!("http://{address}{}", paths[number % paths.len()]));
        tokio::spawn(async move {
            if let Ok(response) = request.send().await {
                let _ = response.bytes().await;
            }
        });
    }
}

/// 2,200 sockets from two addresses that ask ahead and never read; those that are closed are opened again.
async fn idlers(address: SocketAddr) {
    let open = move |n: u64| async move {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(2_048)?;
        socket.bind(SocketAddr::from(([127, 0, 0, 10 + (n % 2) as u8], 0)))?;
        let mut stream = socket.connect(address).await?;
        stream.write_all(&b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".repeat(20)).await?;
        std::io::Result::Ok(stream)
    };
    let mut streams = Vec::new();
    for n in 0u64.. {
        if let Ok(stream) = open(n).await {
            streams.push(stream);
        }
        if streams.len() >= 2_200 {
            streams.remove(0);
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Forty requests at once for four descriptions of 32 MB, once per second.
async fn burst(address: SocketAddr) {
    loop {
        let attacker = client(51);
        let asked = (0..40).map(|n| {
            let id = 4 * (n % 4) + 1;
            let request = attacker.get(format!("http://{address}/models/{id}"));
            tokio::spawn(async move { request.send().await.map(|response| response.status()) })
        });
        for answer in asked.collect::<Vec<_>>() {
            let _ = answer.await;
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Tries and malformed proofs.
async fn work(address: SocketAddr, done: Arc<AtomicU64>) {
    let visitor = client(52);
    let mut tick = interval(Duration::from_millis(50));
    for number in 0u64.. {
        tick.tick().await;
        let model = HOSTILE + 1 + number % (MODELS - HOSTILE);
        let path = format!("http://{address}/api/v1/models/{model}/versions/1");
        let request = match number % 2 {
            0 => visitor
                .post(format!("{path}/predict"))
                .header("content-type", "application/json")
                .body(SCHEMA_ROW),
            _ => visitor.post(format!("{path}/verify")).body(vec![number as u8; 200_000]),
        };
        let done = done.clone();
        tokio::spawn(async move {
            if request.send().await.is_ok() {
                done.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, mode, node, host] = &arguments[..] {
        assert_eq!(mode, "serve");
        return serve(node, host).await;
    }
    let long = arguments.get(1).map_or(300, |seconds| seconds.parse().unwrap());
    let stub = Stub::start(blocks(1, vec![vec![]])).await;
    stub.set(|chapter| {
        chapter.schema = schema();
        chapter.output = events::felts(&[3, -8]);
    });
    let host = host().await;
    let program = std::env::current_exe().unwrap();
    let mut server = Command::new(program)
        .args(["serve", &stub.url, &host])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().parse().unwrap();

    let start = Instant::now();
    let mut all_hold = true;
    let quiet = scenario("nobody else", &server, address, 5, std::future::pending()).await;
    all_hold &= quiet.0;
    let card = vec!["/models/4".to_owned()];
    all_hold &= scenario(
        "1. a hostile card, 90 views per second",
        &server,
        address,
        SECONDS,
        views(address, 90, card),
    )
    .await
    .0;
    all_hold &=
        scenario("2. 2,200 clients that do not read", &server, address, SECONDS, idlers(address))
            .await
            .0;
    all_hold &= scenario(
        "3. 40 requests for four descriptions of 32 MB",
        &server,
        address,
        SECONDS,
        burst(address),
    )
    .await
    .0;
    let all = (1..=HOSTILE).map(|id| format!("/models/{id}")).collect();
    all_hold &= scenario(
        "4. 100 hostile descriptions, 20 views per second",
        &server,
        address,
        SECONDS,
        views(address, 20, all),
    )
    .await
    .0;
    let done = Arc::new(AtomicU64::new(0));
    let name = format!("5. {long} seconds with tries and proofs");
    let (holds, measured) =
        scenario(&name, &server, address, long, work(address, done.clone())).await;
    all_hold &= holds;
    // The first fifth warms caches up.
    let mean = |part: &[u64]| part.iter().sum::<u64>() / part.len().max(1) as u64;
    let fifth = measured.memory.len() / 5;
    let early = mean(&measured.memory[fifth..2 * fifth]);
    let late = mean(&measured.memory[measured.memory.len() - fifth..]);
    println!(
        "   {} tries and proofs; memory {} MB in the second fifth, {} MB in the last; {:.0?} in all",
        done.load(Ordering::Relaxed),
        early >> 20,
        late >> 20,
        start.elapsed()
    );
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(all_hold, "a bound does not hold");
    assert!(late <= early + (16 << 20), "memory grows");
}
