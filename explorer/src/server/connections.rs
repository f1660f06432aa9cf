//! Connections: how many there may be, and what happens to those that make no progress.
//!
//! A connection that neither reads nor writes gives way to a newcomer: first within its own address, and when the server
//! is full, within the address that has most connections. A client that does not read what it asked for is cut off.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{header, HeaderValue};
use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::Request;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tower::ServiceExt;

use super::progress::{Progress, Watched};
use super::proxies::Proxies;
use super::room::Room;

/// How long a request's head may take to arrive, and a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request's head, and of requests that are read ahead.
const MAX_HEAD: usize = 16 << 10;
/// Requests that a client may send without waiting for answers.
const MAX_PIPELINED: u32 = 8;
/// How long sent bytes may stay unacknowledged.
const ACK_TIMEOUT: Duration = Duration::from_secs(20);
/// What the kernel holds of an answer for a slow client.
const SEND_BUFFER: usize = 128 << 10;

/// Serves until `stop`; requests that are being answered are answered.
///
/// # Errors
/// The listener has no address any more.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    proxies: Proxies,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.local_addr()?;
    let room = Room::new(proxies);
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            // A client that finds no room sees the connection end.
            Ok((stream, peer)) => {
                if let Some(place) = room.take(peer.ip()) {
                    let progress = place.progress.clone();
                    let connection =
                        connection(stream, peer, router.clone(), progress, stopped.clone());
                    tokio::spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
            }
            // No more files may be open: some will be closed.
            Err(error) => {
                tracing::warn!(%error, "accepting a connection");
                sleep(Duration::from_millis(200)).await;
            }
        }
    }
    drop(stopped);
    stopping.send_replace(());
    stopping.closed().await;
    Ok(())
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    progress: Arc<Progress>,
    mut stopped: watch::Receiver<()>,
) {
    if let Err(error) = configure(&stream) {
        tracing::debug!(%error, %peer, "a connection's options");
    }
    let watched = progress.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let (router, progress) = (router.clone(), watched.clone());
        async move {
            let is_last = progress.requested() > MAX_PIPELINED;
            let mut response = router.oneshot(request.map(Body::new)).await?;
            progress.answered();
            if is_last {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(header::CONNECTION, close);
            }
            Ok::<_, std::convert::Infallible>(response)
        }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD);
    let stream = TokioIo::new(Watched::new(stream, progress.clone()));
    let mut connection = pin!(builder.serve_connection(stream, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = progress.displaced() => return,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended");
    }
}

fn configure(stream: &TcpStream) -> io::Result<()> {
    let socket = socket2::SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(ACK_TIMEOUT))?;
    stream.set_nodelay(true)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpSocket;
    use tokio::sync::oneshot;
    use tokio::time::{timeout, Instant};

    use super::super::progress::WRITE_TIMEOUT;
    use super::super::room::{MAX_CONNECTIONS, MAX_OF_ADDRESS};
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    async fn start(router: Router) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(listener, router, Proxies::default(), std::future::pending()));
        address
    }

    /// A client of another address of this machine, with a small receive buffer.
    async fn client(server: SocketAddr, last: u8) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(2_048)?;
        socket.bind(SocketAddr::from(([127, 0, 0, last], 0)))?;
        socket.connect(server).await
    }

    /// Asks once on a new connection; how long the answer took.
    async fn ask(server: SocketAddr, last: u8) -> Duration {
        let start = Instant::now();
        let mut visitor = client(server, last).await.unwrap();
        visitor.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        timeout(Duration::from_secs(5), visitor.read_to_end(&mut answer)).await.unwrap().unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&answer));
        start.elapsed()
    }

    fn large() -> Router {
        Router::new().route("/", axum::routing::get(|| async { "x".repeat(400_000) }))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn clients_that_do_not_read_do_not_keep_others_out() {
        let server = start(large()).await;
        let mut idlers = Vec::new();
        for n in 0..2_200 {
            // From twenty addresses, more than the server has room for.
            let Ok(mut idler) = client(server, 2 + (n % 20) as u8).await else { continue };
            let _ = idler.write_all(&GET.repeat(40)).await;
            idlers.push(idler);
        }
        assert!(idlers.len() > 2 * MAX_CONNECTIONS);
        sleep(Duration::from_millis(400)).await;
        // A visitor from elsewhere, and one who shares an attacker's address.
        for last in [200, 2] {
            for _ in 0..20 {
                assert!(ask(server, last).await < Duration::from_secs(1));
            }
        }
    }

    #[tokio::test]
    async fn who_does_not_read_is_cut_off() {
        let server = start(large()).await;
        let mut idler = client(server, 3).await.unwrap();
        idler.write_all(&GET.repeat(40)).await.unwrap();
        sleep(WRITE_TIMEOUT + Duration::from_secs(2)).await;
        let mut rest = Vec::new();
        // What is left is what the kernel still had.
        let read = timeout(Duration::from_secs(5), idler.read_to_end(&mut rest)).await.unwrap();
        assert!(read.is_err() || rest.len() < 8 * 400_000, "{} bytes", rest.len());
    }

    #[tokio::test]
    async fn only_a_few_requests_are_answered_ahead() {
        let router = Router::new().route("/", axum::routing::get(|| async { "small" }));
        let server = start(router).await;
        let mut client = client(server, 4).await.unwrap();
        client.write_all(&GET.repeat(100)).await.unwrap();
        let mut text = Vec::new();
        let _ = timeout(Duration::from_secs(5), client.read_to_end(&mut text)).await.unwrap();
        let answers = String::from_utf8_lossy(&text).matches("HTTP/1.1 200").count();
        assert!((1..=MAX_PIPELINED as usize + 1).contains(&answers), "{answers}");
    }

    #[tokio::test]
    async fn a_slow_reader_that_reads_is_served() {
        let server = start(large()).await;
        let mut reader = client(server, 5).await.unwrap();
        reader.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let (mut total, mut buffer) = (0, vec![0; 16 << 10]);
        loop {
            // About 320 KB per second.
            sleep(Duration::from_millis(50)).await;
            match reader.read(&mut buffer).await.unwrap() {
                0 => break,
                n => total += n,
            }
        }
        assert!(total > 400_000, "{total}");
    }

    #[tokio::test]
    async fn who_asks_keeps_the_place_and_who_idles_gives_it_up() {
        let router = Router::new().route("/", axum::routing::get(|| async { "small" }));
        let server = start(router).await;
        let mut idlers = Vec::new();
        for _ in 0..MAX_OF_ADDRESS {
            idlers.push(client(server, 6).await.unwrap());
        }
        sleep(Duration::from_millis(500)).await;
        let mut active = client(server, 6).await.unwrap();
        let mut buffer = vec![0; 4_096];
        for n in 0..20 {
            active.write_all(GET).await.unwrap();
            assert!(active.read(&mut buffer).await.unwrap() > 0, "{n}");
            idlers.push(client(server, 6).await.unwrap());
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(idlers[0].read(&mut buffer).await.unwrap_or(0), 0, "the oldest has gone");
    }

    #[tokio::test]
    async fn half_a_head_is_not_waited_for_and_an_answer_is_finished() {
        let slow = || async {
            sleep(Duration::from_millis(300)).await;
            "done"
        };
        let router = Router::new().route("/", axum::routing::get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, router, Proxies::default(), async {
            let _ = stopped.await;
        }));
        let mut text = String::new();

        // Half a head, and never the rest.
        let start = Instant::now();
        let mut idler = TcpStream::connect(address).await.unwrap();
        idler.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        timeout(HEAD_TIMEOUT * 2, idler.read_to_string(&mut text)).await.unwrap().unwrap();
        assert!(start.elapsed() >= HEAD_TIMEOUT / 2 && !text.contains("done"), "{text}");

        let mut asker = TcpStream::connect(address).await.unwrap();
        asker.write_all(GET).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        timeout(HEAD_TIMEOUT, asker.read_to_string(&mut text)).await.unwrap().unwrap();
        assert!(text.ends_with("done"), "{text}");
        timeout(HEAD_TIMEOUT, serving).await.unwrap().unwrap().unwrap();
    }
}
