//! One connection: opened, logged in, and asked one thing after the other.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::{Parser, Value};
use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::stream::{Stream, Timed, left};
use super::target::{Address, Login, Target};
use crate::Secret;
use crate::reached::reached;
use crate::net::{Lookups, Unresolved};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

pub(super) struct Connection(Stream);

impl Connection {
    /// Connects and logs in.
    pub(super) fn open(
        target: &Target,
        lookups: &Lookups,
        tls: impl FnOnce() -> Result<Arc<ClientConfig>, Fault>,
        until: Instant,
    ) -> Result<Self, Fault> {
        let socket = connect(&target.address, lookups, until)?;
        let stream = match &target.server_name {
            None => Stream::Plain(socket),
            Some(name) => Stream::encrypt(socket, tls()?, name.clone())
                .map_err(|error| Fault::io("encrypting the connection", error))?,
        };
        let mut connection = Self(stream);
        connection.log_in(&target.login)?;
        Ok(connection)
    }

    /// Until when it may take over its answers.
    pub(super) fn set_until(&mut self, until: Instant) {
        self.0.set_until(until);
    }

    /// Whether it can be asked. What is closed, or has said something that nobody asked for,
    /// cannot.
    pub(super) fn is_usable(&self) -> bool {
        self.0.is_silent()
    }

    /// Sends a request and reads its answer, which may be an error.
    pub(super) fn ask(&mut self, request: &[u8]) -> Result<Value, Fault> {
        self.send(request)?;
        reached("writing");
        self.receive(&mut Parser::new())
    }

    /// User, password and database, in one round trip.
    fn log_in(&mut self, login: &Login) -> Result<(), Fault> {
        let mut asked = Vec::new();
        if let Some(password) = &login.password {
            let words: Zeroizing<Vec<Vec<u8>>> = Zeroizing::new(
                ["AUTH"]
                    .into_iter()
                    .chain(login.user.as_ref().map(Secret::expose))
                    .chain([password.expose()])
                    .map(|word| word.as_bytes().to_vec())
                    .collect(),
            );
            self.send(&Zeroizing::new(redis::pack_command(&words)))?;
            asked.push("the password");
        }
        if login.database != 0 {
            self.send(&redis::cmd("SELECT").arg(login.database).get_packed_command())?;
            asked.push("the number of the database");
        }
        let mut parser = Parser::new();
        for what in asked {
            Fault::refusal(what, self.receive(&mut parser)?)?;
        }
        Ok(())
    }

    fn send(&mut self, request: &[u8]) -> Result<(), Fault> {
        let sent = self.0.write_all(request).and_then(|()| self.0.flush());
        sent.map_err(|error| Fault::io("sending the request", error))
    }

    fn receive(&mut self, parser: &mut Parser) -> Result<Value, Fault> {
        let mut answer = Answer { stream: &mut self.0, left: MAX_ANSWER, fault: None };
        let parsed = parser.parse_value(&mut answer);
        parsed.map_err(|_| answer.fault.take().unwrap_or(Fault::Unintelligible))
    }
}

/// Tries each address in turn; each gets an equal share of what is left of the time.
fn connect(address: &Address, lookups: &Lookups, until: Instant) -> Result<Timed, Fault> {
    let late = |error| Fault::io("connecting", error);
    let mut addresses = Vec::new();
    match address {
        Address::Unix(path) => addresses.push(path.clone()),
        Address::Tcp(host) => {
            let limit = left(until).map_err(late)?;
            lookups.resolve(host, Some(limit), |address| addresses.push(address.into())).map_err(
                |unresolved| match unresolved {
                    Unresolved::NotFound => Fault::NotFound,
                    Unresolved::Late => Fault::Late("looking up its host"),
                    Unresolved::NoThread(error) => Fault::Unreachable(error),
                },
            )?;
        }
    }
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for (tried, address) in addresses.iter().enumerate() {
        let others = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        let share = left(until).map_err(late)? / others;
        match Timed::connect(address, share.max(Duration::from_millis(1)), until) {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    if let Address::Tcp(host) = address {
        lookups.forget(host);
    }
    Err(match late(last) {
        Fault::Broken(error) => Fault::Unreachable(error),
        fault => fault,
    })
}

/// What a parser reads from: bytes up to a limit. It keeps what went wrong, since a parser
/// takes that for its own affair.
struct Answer<'a> {
    stream: &'a mut Stream,
    left: usize,
    fault: Option<Fault>,
}

impl Read for Answer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fault = match self.stream.read(buffer) {
            Ok(0) => Fault::Broken(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) if read > self.left => Fault::TooLong,
            Ok(read) => {
                self.left -= read;
                return Ok(read);
            }
            Err(error) => Fault::io("waiting for an answer", error),
        };
        self.fault = Some(fault);
        Err(io::ErrorKind::Other.into())
    }
}
