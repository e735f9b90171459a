//! Plain TCP for ureq, at fewer system calls than its own: a socket's time-outs are set
//! only when they change by a step, and an idle connection is probed with one call.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, ShutdownHandle,
    Transport,
};

use crate::{cancel, interrupt};

/// Opens a TCP connection where no proxy has opened one.
#[derive(Debug, Default)]
pub(super) struct TcpConnector;

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        if let Some(opened) = chained {
            return Ok(Some(Either::A(opened)));
        }
        let stream = open(details)?;
        stream.set_nodelay(true)?;
        let socket = Arc::new(Socket(stream));
        let handle: Arc<dyn ShutdownHandle> = socket.clone();
        (details.register_shutdown)(Arc::downgrade(&handle))?;
        let config = details.config;
        Ok(Some(Either::B(TcpTransport {
            socket,
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
            read_timeout: None,
            write_timeout: None,
        })))
    }
}

/// Tries each address in turn; each gets an equal share of what is left of the budget.
fn open(details: &ConnectionDetails<'_>) -> Result<TcpStream, ureq::Error> {
    let give_up = Until::new(details.timeout);
    let mut last = None;
    for (tried, address) in details.addrs.iter().enumerate() {
        let others = u32::try_from(details.addrs.len() - tried).unwrap_or(1);
        let attempt = match give_up.left()? {
            Some(left) => TcpStream::connect_timeout(address, left / others.max(1)),
            None => TcpStream::connect(address),
        };
        match attempt {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let error = last.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    // Only our own budget is a time-out; one by the system's is a connection that failed.
    if error.kind() == io::ErrorKind::TimedOut && error.raw_os_error().is_none() {
        return Err(ureq::Error::Timeout(details.timeout.reason));
    }
    Err(error.into())
}

struct Socket(TcpStream);

impl ShutdownHandle for Socket {
    fn shutdown(&self) {
        // Fails where the peer was first, which is as good.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

pub(super) struct TcpTransport {
    socket: Arc<Socket>,
    buffers: LazyBuffers,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let give_up = Until::new(timeout);
        cancel::while_watching(&self.socket, || {
            let stream: &TcpStream = &self.socket.0;
            let mut rest = &self.buffers.output()[..amount];
            while !rest.is_empty() {
                step(give_up.left()?, &mut self.write_timeout, |t| stream.set_write_timeout(t))?;
                match (&*stream).write(rest) {
                    Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                    Ok(written) => rest = &rest[written..],
                    Err(error) if is_pause(&error) => go_on(&error)?,
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        })
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let give_up = Until::new(timeout);
        cancel::while_watching(&self.socket, || {
            let stream: &TcpStream = &self.socket.0;
            loop {
                step(give_up.left()?, &mut self.read_timeout, |t| stream.set_read_timeout(t))?;
                match (&*stream).read(self.buffers.input_append_buf()) {
                    Ok(amount) => {
                        self.buffers.input_appended(amount);
                        return Ok(amount > 0);
                    }
                    Err(error) if is_pause(&error) => go_on(&error)?,
                    Err(error) => return Err(error.into()),
                }
            }
        })
    }

    /// Whether the connection is idle and healthy. Bytes that wait, or an end of stream, mean
    /// that the server has said something that nobody asked for: such a connection is dropped.
    fn is_open(&mut self) -> bool {
        is_silent(&socket2::SockRef::from(&self.socket.0))
    }
}

impl fmt::Debug for TcpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpTransport").finish_non_exhaustive()
    }
}

/// The moment at which a time-out falls due.
struct Until {
    at: Option<Instant>,
    timeout: NextTimeout,
}

impl Until {
    fn new(timeout: NextTimeout) -> Self {
        let at = (!timeout.after.is_not_happening()).then(|| Instant::now() + *timeout.after);
        Self { at, timeout }
    }

    /// What is left, or the time-out's error.
    fn left(&self) -> Result<Option<Duration>, ureq::Error> {
        let Some(at) = self.at else { return Ok(None) };
        match at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            Some(left) => Ok(Some(left)),
            None => Err(ureq::Error::Timeout(self.timeout.reason)),
        }
    }
}

/// Sets a socket's time-out, rounded down to a step so that warm calls need not set it anew.
///
/// The socket wakes a little early, finds that time is left, and waits for the rest.
fn step(
    left: Option<Duration>,
    current: &mut Option<Duration>,
    set: impl FnOnce(Option<Duration>) -> io::Result<()>,
) -> Result<(), ureq::Error> {
    let wanted = left.map(|left| {
        let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let step = 10_u64.pow(millis.max(10).ilog10() - 1);
        Duration::from_millis((millis / step * step).max(1))
    });
    if wanted != *current {
        set(wanted)?;
        *current = wanted;
    }
    Ok(())
}

/// The socket's own time-out (spelt differently by platforms), or a signal.
pub(crate) fn is_pause(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => true,
        // On Unix this is the network's (retransmissions given up): a failure.
        io::ErrorKind::TimedOut => cfg!(windows),
        _ => false,
    }
}

/// Whether to wait on: a signal may be meant to end the call.
pub(crate) fn go_on(pause: &io::Error) -> io::Result<()> {
    if pause.kind() == io::ErrorKind::Interrupted && interrupt::is_wanted() {
        // Not `Interrupted`, upon which the layers above would read again.
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(())
}

/// Whether the peer has neither sent anything that was not read nor closed.
pub(crate) fn is_silent(socket: &socket2::Socket) -> bool {
    matches!(probe(socket), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

#[cfg(unix)]
fn probe(socket: &socket2::Socket) -> io::Result<usize> {
    let mut byte = [std::mem::MaybeUninit::uninit()];
    socket.recv_with_flags(&mut byte, libc::MSG_PEEK | libc::MSG_DONTWAIT)
}

#[cfg(not(unix))]
fn probe(socket: &socket2::Socket) -> io::Result<usize> {
    socket.set_nonblocking(true)?;
    let result = socket.peek(&mut [std::mem::MaybeUninit::uninit()]);
    socket.set_nonblocking(false)?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_set_only_when_it_changes_by_a_step() {
        let mut current = None;
        let mut seen = Vec::new();
        for millis in [9_999, 9_950, 9_400, 120, 119, 9, 1] {
            step(Some(Duration::from_millis(millis)), &mut current, |timeout| {
                seen.push(timeout.unwrap().as_millis());
                Ok(())
            })
            .unwrap();
        }
        assert_eq!(seen, [9_900, 9_400, 120, 110, 9, 1]);
    }
}
