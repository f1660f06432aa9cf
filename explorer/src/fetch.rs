//! Fetching from addresses that a publisher has written on chain: bounded, and never from this machine or its network.
//!
//! A name is resolved once, every address is checked, and the connection goes to a checked address, so that a second
//! resolution cannot lead elsewhere. Each redirect is checked in the same way.

use std::io::{Seek, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use nilometer_package::description::MAX_BYTES;
use sha2::{Digest, Sha256};
use tempfile::SpooledTempFile;
use thiserror::Error;
use tokio::sync::Semaphore;
use url::{Host, Url};

/// All of a fetch, redirects included.
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_REDIRECTS: usize = 3;
const MAX_URI: usize = 2_048;
/// Files of at most so many bytes are fetched side by side, larger ones one at a time.
pub const SMALL: usize = 1 << 20;

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// The bytes, on disk if they are more than [`SMALL`].
    pub file: SpooledTempFile,
    /// How many they are.
    pub length: usize,
    /// Their SHA-256 in hexadecimal.
    pub digest: String,
    /// The host that they came from.
    pub host: String,
}

/// What may be fetched.
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// Whether plain http is allowed.
    pub allow_http: bool,
    /// Whether this machine and its network may be asked.
    pub allow_private: bool,
    /// Where `ipfs://` is asked for; its host is chosen by the operator and may be private.
    pub ipfs_gateway: Option<Url>,
}

/// A fetch that failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The text is not an address that is fetched from.
    #[error("its address is not fetched from: {reason}")]
    Uri {
        /// Why.
        reason: String,
    },
    /// The host is this machine or in its network.
    #[error("its host {host} is at {address}, which is not a public address")]
    Private {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// The host has no address.
    #[error("its host {host} has no address")]
    Host {
        /// The host.
        host: String,
    },
    /// The server does not answer with status 200.
    #[error("its server answers {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The answer is too long.
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLong,
    /// There is no room for a temporary file.
    #[error("this explorer cannot write a temporary file")]
    Disk,
    /// Too many redirects.
    #[error("it is redirected more than {MAX_REDIRECTS} times")]
    Redirects,
    /// It took too long.
    #[error("it did not arrive in {} s", TIMEOUT.as_secs())]
    Timeout,
    /// HTTP fails.
    #[error("it cannot be fetched: {reason}")]
    Http {
        /// What happened.
        reason: String,
    },
}

/// Whether an address is one of the public Internet.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = a == 0
        || a == 10
        || a == 127
        || (a == 100 && (64..128).contains(&b))
        || (a == 169 && b == 254)
        || (a == 172 && (16..32).contains(&b))
        || (a == 192 && b == 168)
        || (a == 192 && b == 0 && (c == 0 || c == 2))
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || (a == 198 && b == 51 && c == 100)
        || (a == 203 && b == 0 && c == 113)
        || a >= 224;
    !is_special
}

/// Of version 6, only global unicast without tunnels into version 4, and without examples.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let is_global = segments[0] & 0xe000 == 0x2000;
    let is_special = (segments[0] == 0x2001 && (segments[1] < 0x0200 || segments[1] == 0x0db8))
        || segments[0] == 0x2002
        || (segments[0] == 0x3fff && segments[1] < 0x1000);
    is_global && !is_special
}

/// Fetches what is at a URI. Who has a permit of `large` may hold more than [`SMALL`] bytes.
///
/// # Errors
/// See [`FetchError`].
pub async fn fetch(
    uri: &str,
    options: &FetchOptions,
    large: &Semaphore,
) -> Result<Fetched, FetchError> {
    match tokio::time::timeout(TIMEOUT, follow(uri, options, large)).await {
        Ok(result) => result,
        Err(_) => Err(FetchError::Timeout),
    }
}

fn refused<T>(reason: impl Into<String>) -> Result<T, FetchError> {
    Err(FetchError::Uri { reason: reason.into() })
}

/// Whether anything could be fetched from a URI; it need not be there.
///
/// # Errors
/// Why not.
pub fn target(uri: &str, options: &FetchOptions) -> Result<Url, FetchError> {
    if uri.len() > MAX_URI {
        return refused("it is too long");
    }
    let Ok(url) = Url::parse(uri) else { return refused("it is not a URL") };
    match url.scheme() {
        "https" => {}
        "http" if options.allow_http => {}
        "http" => return refused("plain http is not allowed"),
        "ipfs" => {
            let Some(gateway) = &options.ipfs_gateway else {
                return refused("no gateway to IPFS is set");
            };
            let path = uri["ipfs://".len().min(uri.len())..].trim_start_matches("ipfs/");
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
            if path.is_empty() || path.contains("..") || !path.chars().all(plain) {
                return refused("it is not an address in IPFS");
            }
            let base = gateway.as_str().trim_end_matches('/');
            return Url::parse(&format!("{base}/ipfs/{path}"))
                .or_else(|_| refused("it is not an address in IPFS"));
        }
        _ => return refused("its scheme is neither https nor ipfs"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refused("it has a user");
    }
    Ok(url)
}

async fn follow(
    uri: &str,
    options: &FetchOptions,
    large: &Semaphore,
) -> Result<Fetched, FetchError> {
    let mut url = target(uri, options)?;
    // The operator has named the gateway, but not where it redirects to.
    let mut is_trusted = uri.starts_with("ipfs:");
    for _ in 0..=MAX_REDIRECTS {
        let mut response = request(&url, is_trusted, options).await?;
        let status = response.status();
        if status.is_redirection() {
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            let Some(next) = next else {
                return Err(FetchError::Status { status: status.as_u16() });
            };
            if !matches!(next.scheme(), "http" | "https") {
                return refused("it redirects to another scheme");
            }
            url = target(next.as_str(), options)?;
            is_trusted = false;
            continue;
        }
        if status.as_u16() != 200 {
            return Err(FetchError::Status { status: status.as_u16() });
        }
        if response.content_length().is_some_and(|length| length > MAX_BYTES as u64) {
            return Err(FetchError::TooLong);
        }
        let (mut file, mut permit) = (SpooledTempFile::new(SMALL), None);
        let (mut length, mut digest) = (0, Sha256::new());
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            length += chunk.len();
            if length > MAX_BYTES {
                return Err(FetchError::TooLong);
            }
            if length > SMALL && permit.is_none() {
                permit = large.acquire().await.ok();
            }
            digest.update(&chunk);
            file.write_all(&chunk).map_err(|_| FetchError::Disk)?;
        }
        file.rewind().map_err(|_| FetchError::Disk)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        return Ok(Fetched { file, length, digest: hex::encode(digest.finalize()), host });
    }
    Err(FetchError::Redirects)
}

fn failed(error: reqwest::Error) -> FetchError {
    FetchError::Http { reason: error.without_url().to_string() }
}

/// One request, to a checked address.
async fn request(
    url: &Url,
    is_trusted: bool,
    options: &FetchOptions,
) -> Result<reqwest::Response, FetchError> {
    let no_host = || FetchError::Uri { reason: "it has no host".to_owned() };
    let port = url.port_or_known_default().ok_or_else(no_host)?;
    let host = url.host_str().ok_or_else(no_host)?.to_owned();
    let addresses: Vec<SocketAddr> = match url.host().ok_or_else(no_host)? {
        Host::Ipv4(address) => vec![SocketAddr::from((address, port))],
        Host::Ipv6(address) => vec![SocketAddr::from((address, port))],
        Host::Domain(domain) => match tokio::net::lookup_host((domain, port)).await {
            Ok(addresses) => addresses.take(16).collect(),
            Err(_) => Vec::new(),
        },
    };
    if addresses.is_empty() {
        return Err(FetchError::Host { host });
    }
    // One private address among public ones is an attempt to reach it.
    if !options.allow_private && !is_trusted {
        if let Some(inside) = addresses.iter().find(|address| !is_public(address.ip())) {
            return Err(FetchError::Private { host, address: inside.ip() });
        }
    }
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .timeout(TIMEOUT)
        .resolve_to_addrs(&host, &addresses)
        .build()
        .map_err(failed)?;
    client.get(url.clone()).send().await.map_err(failed)
}
