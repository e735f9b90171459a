//! What `crate::fuzzing` tries of this module: answers of services and proxies, as bytes.

use std::io;
use std::time::{Duration, Instant};

use ureq::http::HeaderMap;
use zeroize::Zeroizing;

pub(crate) use super::no_proxy::is_excluded;

use super::channel::Channel;
use super::failure::Failure;
use super::head::Input;
use super::proxy_server::ProxyServer;
use super::{http, socks, tunnel};

/// A peer that takes everything, has sent these bytes, so many at a time, and closes.
#[derive(Debug)]
struct Peer {
    bytes: Vec<u8>,
    read: usize,
    at_once: usize,
}

impl Channel for Peer {
    fn read(&mut self, buffer: &mut [u8], _: Instant) -> io::Result<usize> {
        let rest = &self.bytes[self.read..];
        let amount = self.at_once.min(buffer.len()).min(rest.len());
        buffer[..amount].copy_from_slice(&rest[..amount]);
        self.read += amount;
        Ok(amount)
    }

    fn write_all(&mut self, _: &[u8], _: Instant) -> io::Result<()> {
        Ok(())
    }

    fn is_silent(&mut self) -> bool {
        self.read == self.bytes.len()
    }
}

fn peer(bytes: &[u8], at_once: usize) -> Peer {
    Peer { bytes: bytes.to_vec(), read: 0, at_once: at_once.max(1) }
}

fn until() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// Reads an answer of the service: status, headers and body.
pub(crate) fn answer(
    bytes: &[u8],
    at_once: usize,
) -> Result<(u16, HeaderMap, Zeroizing<Vec<u8>>), Failure> {
    let mut input = Input::default();
    let (answer, _) = http::read_answer(&mut input, &mut peer(bytes, at_once), until())?;
    Ok((answer.status, answer.headers, answer.body?))
}

/// Asks a proxy that answers so for a tunnel.
pub(crate) fn open_tunnel(url: &str, bytes: &[u8], at_once: usize) -> Result<(), Failure> {
    let proxy = ProxyServer::parse(url, "the proxy").expect("a good URL");
    let mut peer = peer(bytes, at_once);
    if url.starts_with("socks") {
        let target = socks::Target::of("api.example.com", 443);
        return socks::open(&proxy, &mut peer, target, until());
    }
    tunnel::open(&proxy, Box::new(peer), "api.example.com:443", "fuzz", until()).map(drop)
}
