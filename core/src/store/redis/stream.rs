//! Bytes to and from the server, each read and write within what is left of the time.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::transport::{go_on, is_pause, is_silent};

/// What is left until then, or an error of a time-out.
pub(super) fn left(until: Instant) -> io::Result<Duration> {
    match until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        // A system's time-outs are coarser than ours, and nothing is none at all.
        Some(left) => Ok(left.max(Duration::from_millis(1))),
        None => Err(io::ErrorKind::TimedOut.into()),
    }
}

/// A socket that gives up when its time is up.
pub(super) struct Timed {
    socket: Socket,
    until: Instant,
}

impl Timed {
    /// Connects, within the share of the time that this is given.
    pub(super) fn connect(
        address: &SockAddr,
        share: Duration,
        until: Instant,
    ) -> io::Result<Timed> {
        let socket = Socket::new(address.domain(), Type::STREAM, None)?;
        socket.connect_timeout(address, share)?;
        if address.domain() != Domain::UNIX {
            socket.set_tcp_nodelay(true)?;
        }
        Ok(Timed { socket, until })
    }

    /// Goes on until an attempt comes to anything but a pause.
    fn attempt<T>(
        &self,
        set_timeout: impl Fn(Option<Duration>) -> io::Result<()>,
        mut attempt: impl FnMut() -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            set_timeout(Some(left(self.until)?))?;
            match attempt() {
                Err(error) if is_pause(&error) => go_on(&error)?,
                outcome => return outcome,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.attempt(|left| self.socket.set_read_timeout(left), || (&self.socket).read(buffer))
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(|left| self.socket.set_write_timeout(left), || (&self.socket).write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) enum Stream {
    Plain(Timed),
    Tls(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Stream {
    /// Shakes hands over a connection.
    pub(super) fn encrypt(
        mut socket: Timed,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> io::Result<Self> {
        let mut session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut socket)?;
        }
        Ok(Self::Tls(Box::new(StreamOwned::new(session, socket))))
    }

    /// Until when its reads and writes may take.
    pub(super) fn set_until(&mut self, until: Instant) {
        match self {
            Self::Plain(socket) => socket.until = until,
            Self::Tls(session) => session.sock.until = until,
        }
    }

    /// Whether nothing has come that nobody asked for, not even the end.
    pub(super) fn is_silent(&self) -> bool {
        match self {
            Self::Plain(timed) => is_silent(&timed.socket),
            Self::Tls(session) => is_silent(&session.sock.socket),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(session) => session.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(session) => session.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(session) => session.flush(),
        }
    }
}
