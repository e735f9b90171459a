//! One connection: opened, logged in, and asked one thing after the other.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Instant;

use redis::{Parser, Value};
use rustls::ClientConfig;
use zeroize::Zeroizing;

use super::fault::Fault;
use super::target::{Address, Login, Target};
use crate::net::{Channel, Lookups, Tls};
use crate::reached::reached;
use crate::{LONGEST, Secret};

/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 1024 * 1024;

pub(super) struct Connection {
    channel: Box<dyn Channel>,
    /// Until when it may take over its answers.
    until: Instant,
}

impl Connection {
    /// Connects and logs in.
    pub(super) fn open(
        target: &Target,
        lookups: &Lookups,
        tls: impl FnOnce() -> Result<Arc<ClientConfig>, Fault>,
        until: Instant,
    ) -> Result<Self, Fault> {
        let mut channel: Box<dyn Channel> = match &target.address {
            #[cfg(unix)]
            Address::Unix(path) => Box::new(crate::net::connect_unix(path, "Redis", until)?),
            Address::Tcp(key) => Box::new(lookups.dial(key, "Redis", LONGEST, until)?.0),
        };
        if let Some(name) = &target.server_name {
            let encrypted = Tls::connect(tls()?, name.clone(), channel, until);
            channel =
                Box::new(encrypted.map_err(|error| Fault::io("encrypting the connection", error))?);
        }
        let mut connection = Self { channel, until };
        connection.log_in(&target.login)?;
        Ok(connection)
    }

    /// Until when it may take over its answers.
    pub(super) fn set_until(&mut self, until: Instant) {
        self.until = until;
    }

    /// Whether it can be asked. What is closed, or has said something that nobody asked for,
    /// cannot.
    pub(super) fn is_usable(&mut self) -> bool {
        self.channel.is_silent()
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
        let sent = self.channel.write_all(request, self.until);
        sent.map_err(|error| Fault::io("sending the request", error))
    }

    fn receive(&mut self, parser: &mut Parser) -> Result<Value, Fault> {
        let mut answer = Answer {
            channel: &mut *self.channel,
            until: self.until,
            left: MAX_ANSWER,
            fault: None,
        };
        let parsed = parser.parse_value(&mut answer);
        parsed.map_err(|_| answer.fault.take().unwrap_or(Fault::Unintelligible))
    }
}

/// What a parser reads from: bytes up to a limit. It keeps what went wrong, since a parser
/// takes that for its own affair.
struct Answer<'a> {
    channel: &'a mut dyn Channel,
    until: Instant,
    left: usize,
    fault: Option<Fault>,
}

impl Read for Answer<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let fault = match self.channel.read(buffer, self.until) {
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
