//! Connections: how many there may be, and how long they may say nothing.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
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

use super::limits::bucket;

/// Connections at the same time.
const MAX_CONNECTIONS: usize = 1_024;
/// Connections of one address.
const MAX_OF_ADDRESS: usize = 128;
/// How long a request's head may take to arrive, and a connection may be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
const MAX_HEAD: usize = 64 << 10;

/// Serves until `stop`; requests that are being answered are answered.
///
/// # Errors
/// The listener has no address any more.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.local_addr()?;
    let room = Room::default();
    let (stopping, stopped) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            // Whoever finds no room is told so by the end of the connection.
            Ok((stream, peer)) => {
                if let Some(place) = room.take(peer.ip()) {
                    let connection = connection(stream, peer, router.clone(), stopped.clone());
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
    mut stopped: watch::Receiver<()>,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended");
    }
}

/// Who is connected.
#[derive(Clone, Debug, Default)]
struct Room(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection's place, until it is dropped.
struct Place {
    room: Room,
    address: IpAddr,
}

impl Room {
    /// A place, if there is one. This machine's own addresses are a proxy's as a rule, which speaks for many.
    fn take(&self, address: IpAddr) -> Option<Place> {
        let address = bucket(address);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(&address).copied().unwrap_or(0);
        let is_full = taken.values().sum::<usize>() >= MAX_CONNECTIONS
            || (own >= MAX_OF_ADDRESS && !address.is_loopback());
        if is_full {
            return None;
        }
        taken.insert(address, own + 1);
        Some(Place { room: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.0.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                taken.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::time::{timeout, Instant};

    use super::*;

    #[test]
    fn nobody_takes_all_the_room() {
        let room = Room::default();
        let of = |last: u8| IpAddr::from([203, 0, 113, last]);
        let mut places: Vec<_> = (0..MAX_OF_ADDRESS).map(|_| room.take(of(1)).unwrap()).collect();
        assert!(room.take(of(1)).is_none());
        places.pop();
        places.push(room.take(of(1)).unwrap());
        for last in 2..=(MAX_CONNECTIONS / MAX_OF_ADDRESS) as u8 {
            places.extend((0..MAX_OF_ADDRESS).map(|_| room.take(of(last)).unwrap()));
        }
        assert!(room.take(of(99)).is_none(), "{MAX_CONNECTIONS} in all");
        drop(places);
        assert!(room.0.lock().unwrap().is_empty());
        let proxy = IpAddr::from([127, 0, 0, 1]);
        let places: Vec<_> = (0..MAX_CONNECTIONS).map_while(|_| room.take(proxy)).collect();
        assert_eq!(places.len(), MAX_CONNECTIONS);
    }

    #[tokio::test]
    async fn who_says_nothing_is_left_and_who_asks_is_answered_to_the_end() {
        let slow = || async {
            sleep(Duration::from_millis(300)).await;
            "done"
        };
        let router = Router::new().route("/", axum::routing::get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, router, async {
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
        asker.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        sleep(Duration::from_millis(100)).await;
        stop.send(()).unwrap();
        timeout(HEAD_TIMEOUT, asker.read_to_string(&mut text)).await.unwrap().unwrap();
        assert!(text.ends_with("done"), "{text}");
        timeout(HEAD_TIMEOUT, serving).await.unwrap().unwrap().unwrap();
    }
}
