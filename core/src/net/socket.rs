//! A socket whose reads and writes end in time, at few system calls: its time-outs are set
//! only when they change by a step, and an idle connection is probed with one call.

use std::fmt;
use std::io::{self, Read};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::unversioned::transport::ShutdownHandle;

use super::channel::Channel;
use super::failure::time_is_up;
use crate::{cancel, interrupt};

/// A server that is gone is an error, and not a signal: by SIGPIPE, a host that is not Rust's
/// ends. Apple's sockets are told when they are made.
#[cfg(all(unix, not(target_vendor = "apple")))]
const NO_SIGNAL: std::ffi::c_int = libc::MSG_NOSIGNAL;
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
const NO_SIGNAL: std::ffi::c_int = 0;

/// What another thread needs to end the waits of a socket.
pub(crate) struct Shared(socket2::Socket);

impl ShutdownHandle for Shared {
    fn shutdown(&self) {
        // Fails where the peer was first, which is as good.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// A connected socket.
pub(crate) struct Socket {
    shared: Arc<Shared>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
}

impl Socket {
    /// `socket` blocks and is connected.
    pub(super) fn new(socket: socket2::Socket) -> Self {
        Self { shared: Arc::new(Shared(socket)), read_timeout: None, write_timeout: None }
    }

    /// The part of it that a close needs.
    pub(super) fn shutdown_handle(&self) -> Arc<dyn ShutdownHandle> {
        self.shared.clone()
    }
}

impl Channel for Socket {
    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize> {
        cancel::while_watching(&self.shared, || {
            let mut socket = &self.shared.0;
            loop {
                step(until, &mut self.read_timeout, |timeout| socket.set_read_timeout(timeout))?;
                match socket.read(buffer) {
                    Err(error) if is_pause(&error) => go_on(&error)?,
                    outcome => return outcome,
                }
            }
        })
    }

    fn write_all(&mut self, mut bytes: &[u8], until: Instant) -> io::Result<()> {
        cancel::while_watching(&self.shared, || {
            let socket = &self.shared.0;
            while !bytes.is_empty() {
                step(until, &mut self.write_timeout, |timeout| socket.set_write_timeout(timeout))?;
                match socket.send_with_flags(bytes, NO_SIGNAL) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => bytes = &bytes[written..],
                    Err(error) if is_pause(&error) => go_on(&error)?,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        })
    }

    fn is_silent(&mut self) -> bool {
        matches!(probe(&self.shared.0), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket").finish_non_exhaustive()
    }
}

/// What is left until then, or the error of a time that is up.
pub(super) fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(time_is_up()) } else { Ok(left) }
}

/// Sets a socket's time-out, rounded down to a step so that warm calls need not set it anew.
///
/// The socket wakes a little early, finds that time is left, and waits for the rest.
fn step(
    until: Instant,
    current: &mut Option<Duration>,
    set: impl FnOnce(Option<Duration>) -> io::Result<()>,
) -> io::Result<()> {
    let wanted = Some(rounded_down(left(until)?));
    if wanted != *current {
        set(wanted)?;
        *current = wanted;
    }
    Ok(())
}

/// Two digits of the milliseconds; at least one, since none at all would be no time-out.
pub(super) fn rounded_down(left: Duration) -> Duration {
    let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    let step = 10_u64.pow(millis.max(10).ilog10() - 1);
    Duration::from_millis((millis / step * step).max(1))
}

/// The socket's own time-out (spelt differently by platforms), or a signal.
pub(super) fn is_pause(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => true,
        // On Unix this is the network's (retransmissions given up): a failure.
        io::ErrorKind::TimedOut => cfg!(windows),
        _ => false,
    }
}

/// Whether to wait on: a signal may be meant to end the call.
pub(super) fn go_on(pause: &io::Error) -> io::Result<()> {
    if pause.kind() == io::ErrorKind::Interrupted && interrupt::is_wanted() {
        // Not `Interrupted`, upon which the layers above would read again.
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    Ok(())
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
    fn a_timeout_changes_by_steps() {
        let rounded = |millis| rounded_down(Duration::from_millis(millis)).as_millis();
        let seen: Vec<u128> = [9_999, 9_950, 9_400, 120, 119, 9, 1].map(rounded).into();
        assert_eq!(seen, [9_900, 9_900, 9_400, 120, 110, 9, 1]);
        assert_eq!(rounded_down(Duration::from_nanos(5)), Duration::from_millis(1));
    }
}

#[cfg(all(test, target_os = "linux", feature = "redis"))]
mod signal_tests {
    #![allow(unsafe_code)]

    use std::os::unix::net::UnixListener;

    use socket2::SockAddr;

    use super::*;
    use crate::net::connect::connect_unix;

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
        let mut client = connect_unix(&SockAddr::unix(&path).unwrap(), "it", until).unwrap();
        drop(server.accept().unwrap());
        assert!(!is_signalled(|| {
            assert_eq!(
                client.write_all(b"PING", until).unwrap_err().kind(),
                io::ErrorKind::BrokenPipe
            );
        }));
        // That it would be seen.
        assert!(is_signalled(|| {
            client.shared.0.send(b"PING").unwrap_err();
        }));
    }
}
