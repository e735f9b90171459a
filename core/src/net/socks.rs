//! A tunnel through a SOCKS proxy: versions 4 and 4a, and 5 (RFC 1928) with a user name and
//! password (RFC 1929).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use zeroize::Zeroizing;

use super::channel::Channel;
use super::failure::{Failure, Stage};
use super::proxy_server::{ProxyServer, Scheme};
use crate::Code;

/// Where the proxy is to connect to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target<'a> {
    Address(SocketAddr),
    Name(&'a str, u16),
}

impl<'a> Target<'a> {
    /// A name that is an address counts as one.
    pub(super) fn of(host: &'a str, port: u16) -> Self {
        host.parse::<IpAddr>()
            .map_or(Self::Name(host, port), |ip| Self::Address(SocketAddr::new(ip, port)))
    }

    fn port(self) -> u16 {
        match self {
            Self::Address(address) => address.port(),
            Self::Name(_, port) => port,
        }
    }
}

/// Asks the proxy at the other end of the channel for a connection to the target.
pub(super) fn open(
    proxy: &ProxyServer,
    channel: &mut dyn Channel,
    target: Target<'_>,
    until: Instant,
) -> Result<(), Failure> {
    let mut peer = Peer { proxy, channel, until };
    match proxy.scheme {
        Scheme::Socks4 | Scheme::Socks4a => peer.version_4(target),
        _ => peer.version_5(target),
    }
}

struct Peer<'a> {
    proxy: &'a ProxyServer,
    channel: &'a mut dyn Channel,
    until: Instant,
}

impl Peer<'_> {
    fn version_4(&mut self, target: Target<'_>) -> Result<(), Failure> {
        let mut request = Zeroizing::new(Vec::with_capacity(600));
        request.extend([4, 1]);
        request.extend(target.port().to_be_bytes());
        let user = self.proxy.credentials.as_ref().map_or("", |(user, _)| user.expose());
        let name = match target {
            Target::Address(SocketAddr::V4(address)) => {
                request.extend(address.ip().octets());
                None
            }
            Target::Address(SocketAddr::V6(_)) => {
                return Err(self.refused("speaks SOCKS 4, which has no IPv6 addresses"));
            }
            Target::Name(name, _) => {
                request.extend([0, 0, 0, 1]);
                Some(name)
            }
        };
        for text in [Some(user), name].into_iter().flatten() {
            if text.len() > 255 || text.contains('\0') {
                return Err(self.refused("cannot be told so long a name"));
            }
            request.extend_from_slice(text.as_bytes());
            request.push(0);
        }
        self.send(&request)?;
        let [version, reply, ..] = self.receive::<8>()?;
        match (version, reply) {
            (0, 90) => Ok(()),
            (0, 91) => Err(self.unreachable("could not connect to the service")),
            (0, 92 | 93) => Err(self.refused("does not accept this user")),
            _ => Err(self.not_socks()),
        }
    }

    fn version_5(&mut self, target: Target<'_>) -> Result<(), Failure> {
        let credentials = self.proxy.credentials.as_ref();
        // No authentication; a user name and password, where there are some.
        self.send(if credentials.is_some() { &[5, 2, 2, 0] } else { &[5, 1, 0] })?;
        match (self.receive::<2>()?, credentials) {
            ([5, 0], _) => {}
            ([5, 2], Some((user, password))) => {
                let mut request = Zeroizing::new(Vec::with_capacity(513));
                request.push(1);
                for text in [user.expose(), password.expose()] {
                    let length = u8::try_from(text.len()).map_err(|_| {
                        self.refused("takes no user name or password over 255 bytes")
                    })?;
                    request.push(length);
                    request.extend_from_slice(text.as_bytes());
                }
                self.send(&request)?;
                if self.receive::<2>()?[1] != 0 {
                    return Err(self.refused("does not accept the user name and password"));
                }
            }
            ([5, 255 | 2], None) => {
                return Err(self.refused("asks for authentication, and no user name was given"));
            }
            ([5, _], _) => {
                return Err(self.refused("asks for an authentication that is not supported"));
            }
            _ => return Err(self.not_socks()),
        }
        let mut request = vec![5, 1, 0];
        match target {
            Target::Address(SocketAddr::V4(address)) => {
                request.push(1);
                request.extend(address.ip().octets());
            }
            Target::Address(SocketAddr::V6(address)) => {
                request.push(4);
                request.extend(address.ip().octets());
            }
            Target::Name(name, _) => {
                let length = u8::try_from(name.len())
                    .map_err(|_| self.refused("cannot be told so long a name"))?;
                request.extend([3, length]);
                request.extend_from_slice(name.as_bytes());
            }
        }
        request.extend(target.port().to_be_bytes());
        self.send(&request)?;
        let [version, reply, _, kind] = self.receive::<4>()?;
        if version != 5 {
            return Err(self.not_socks());
        }
        match reply {
            0 => {}
            2 => return Err(self.refused("does not allow connections to the service")),
            7 | 8 => return Err(self.refused("cannot connect in the way that was asked for")),
            3 => return Err(self.unreachable("finds the service's network unreachable")),
            4 => return Err(self.unreachable("finds the service's host unreachable")),
            5 => return Err(self.unreachable("was refused by the service's host")),
            6 => return Err(self.unreachable("spent its time connecting to the service")),
            _ => return Err(self.unreachable("failed")),
        }
        // The address that the proxy connects from, and its port.
        match kind {
            1 => drop(self.receive::<6>()?),
            4 => drop(self.receive::<18>()?),
            3 => {
                let [length] = self.receive::<1>()?;
                let mut name = vec![0; usize::from(length) + 2];
                self.fill(&mut name)?;
            }
            _ => return Err(self.not_socks()),
        }
        Ok(())
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let sent = self.channel.write_all(bytes, self.until);
        sent.map_err(|error| broken(self.proxy, error))
    }

    fn receive<const N: usize>(&mut self) -> Result<[u8; N], Failure> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Failure> {
        let filled = self.channel.read_exact(bytes, self.until);
        filled.map_err(|error| broken(self.proxy, error))
    }

    /// What the proxy would refuse again.
    fn refused(&self, why: &str) -> Failure {
        Failure::not_sent(Code::Proxy, format!("{} {why}", self.proxy))
    }

    fn unreachable(&self, why: &str) -> Failure {
        Failure::not_sent(Code::Connect, format!("{} {why}", self.proxy))
    }

    fn not_socks(&self) -> Failure {
        Failure::not_sent(Code::Connect, format!("{} does not speak SOCKS", self.proxy))
    }
}

fn broken(proxy: &ProxyServer, error: io::Error) -> Failure {
    Failure::from_io(&format!("no connection through {proxy}"), error, Stage::BeforeSent)
}
