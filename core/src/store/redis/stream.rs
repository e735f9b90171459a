//! Bytes to and from the server, each read and write within what is left of the time.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::net::{go_on, is_pause, is_silent};

/// A server that is gone is an error, and not a signal: by SIGPIPE, a host that is not Rust's ends.
/// Apple's sockets are told when they are made.
#[cfg(all(unix, not(target_vendor = "apple")))]
const NO_SIGNAL: libc::c_int = libc::MSG_NOSIGNAL;
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
const NO_SIGNAL: std::ffi::c_int = 0;

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
        let send = || self.socket.send_with_flags(bytes, NO_SIGNAL);
        self.attempt(|left| self.socket.set_write_timeout(left), send)
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(unsafe_code)]

    use std::os::unix::net::UnixListener;

    use super::*;

    /// Whether this thread has been sent a SIGPIPE, of which it is told no more than that.
    fn is_signalled(what: impl FnOnce()) -> bool {
        // SAFETY: they are sets of signals, emptied before their first use.
        unsafe {
            let (mut pipe, mut pending) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigemptyset(&raw mut pipe);
            libc::sigaddset(&raw mut pipe, libc::SIGPIPE);
            assert_eq!(
                libc::pthread_sigmask(libc::SIG_BLOCK, &raw const pipe, std::ptr::null_mut()),
                0
            );
            what();
            libc::sigemptyset(&raw mut pending);
            assert_eq!(libc::sigpending(&raw mut pending), 0);
            libc::sigismember(&raw const pending, libc::SIGPIPE) == 1
        }
    }

    #[test]
    fn a_server_that_is_gone_sends_no_signal_to_the_host() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("socket");
        let server = UnixListener::bind(&path).unwrap();
        let long = Duration::from_secs(60);
        let until = Instant::now() + long;
        let mut client = Timed::connect(&SockAddr::unix(&path).unwrap(), long, until).unwrap();
        drop(server.accept().unwrap());
        assert!(!is_signalled(|| {
            assert_eq!(client.write(b"PING").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        }));
        // That it would be seen.
        assert!(is_signalled(|| {
            client.socket.send(b"PING").unwrap_err();
        }));
    }
}
