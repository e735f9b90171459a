//! Connecting to one of several addresses (RFC 8305): the next one is tried 250 ms after the
//! one before, or as soon as that has failed, and the first that connects is taken.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, SockAddr, Type};

use super::failure::time_is_up;
#[cfg(all(unix, feature = "redis"))]
use super::failure::{Failure, Stage};
use super::socket::{Socket, go_on};
#[cfg(all(unix, feature = "redis"))]
use super::socket::{is_pause, left, rounded_down};

/// The head start of an address over the next one ("Connection Attempt Delay").
const HEAD_START: Duration = Duration::from_millis(250);
/// How often to look whether the call was ended, while nothing happens.
const LOOK: Duration = Duration::from_millis(50);

/// Connects to one of these addresses. Returns the socket and the address's index.
///
/// `is_ended` tells whether the call was ended meanwhile.
pub(super) fn connect(
    addresses: &[SocketAddr],
    until: Instant,
    is_ended: &dyn Fn() -> bool,
) -> io::Result<(Socket, usize)> {
    let mut waiting = addresses.iter().enumerate();
    let mut attempts: Vec<(usize, socket2::Socket)> = Vec::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let mut next_start = Instant::now();
    loop {
        let now = Instant::now();
        if is_ended() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if now >= until {
            return Err(time_is_up());
        }
        if now >= next_start
            && let Some((index, address)) = waiting.next()
        {
            match start(&SockAddr::from(*address)) {
                Ok(Attempt::Connected(socket)) => return finish(socket).map(|it| (it, index)),
                Ok(Attempt::Pending(socket)) => {
                    attempts.push((index, socket));
                    next_start = now + HEAD_START;
                }
                Err(error) => failure = error,
            }
            continue;
        }
        if attempts.is_empty() && waiting.len() == 0 {
            return Err(failure);
        }
        let pause = until.min(if waiting.len() > 0 { next_start } else { until });
        wait(&attempts, pause.saturating_duration_since(now).min(LOOK))?;
        for (index, socket) in std::mem::take(&mut attempts) {
            match outcome(&socket) {
                Some(Ok(())) => return finish(socket).map(|it| (it, index)),
                Some(Err(error)) => {
                    failure = error;
                    next_start = now;
                }
                None => attempts.push((index, socket)),
            }
        }
    }
}

/// Connects to a Unix socket, which `name` names in errors.
#[cfg(all(unix, feature = "redis"))]
pub(crate) fn connect_unix(path: &SockAddr, name: &str, until: Instant) -> Result<Socket, Failure> {
    let connect = || {
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        loop {
            // Where the queue of the listener is full, Linux waits as long as for a write.
            socket.set_write_timeout(Some(rounded_down(left(until)?)))?;
            match socket.connect(path) {
                Ok(()) => return Ok(Socket::new(socket)),
                Err(error) if is_pause(&error) => go_on(&error)?,
                Err(error) => return Err(error),
            }
        }
    };
    connect().map_err(|error| {
        Failure::from_io(&format!("no connection to {name}"), error, Stage::BeforeSent)
    })
}

enum Attempt {
    Connected(socket2::Socket),
    Pending(socket2::Socket),
}

fn start(address: &SockAddr) -> io::Result<Attempt> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = socket2::Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(address) {
        Ok(()) => Ok(Attempt::Connected(socket)),
        Err(error) if is_pending(&error) => Ok(Attempt::Pending(socket)),
        Err(error) => Err(error),
    }
}

fn is_pending(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(libc::EINPROGRESS) {
        return true;
    }
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Waits until an attempt came to something, or the pause is over.
fn wait(attempts: &[(usize, socket2::Socket)], pause: Duration) -> io::Result<()> {
    let mut polled: Vec<PollFd<'_>> =
        attempts.iter().map(|(_, socket)| PollFd::new(socket, PollFlags::OUT)).collect();
    // Rounded up: a pause of nothing would be a busy wait.
    let pause = pause.max(Duration::from_millis(1));
    let pause = Timespec::try_from(pause).expect("a pause is short");
    match poll(&mut polled, Some(&pause)) {
        Ok(_) => Ok(()),
        Err(error) => {
            let error = io::Error::from(error);
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
            go_on(&error)
        }
    }
}

/// What came of an attempt; `None` where that is not known yet.
fn outcome(socket: &socket2::Socket) -> Option<io::Result<()>> {
    match socket.take_error() {
        Ok(Some(error)) | Err(error) => Some(Err(error)),
        Ok(None) => match socket.peer_addr() {
            Ok(_) => Some(Ok(())),
            Err(_) => None,
        },
    }
}

fn finish(socket: socket2::Socket) -> io::Result<Socket> {
    socket.set_nonblocking(false)?;
    socket.set_tcp_nodelay(true)?;
    Ok(Socket::new(socket))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    /// A listener that answers nobody: its queue is full, so that the system drops what comes.
    fn black_hole() -> (TcpListener, Vec<socket2::Socket>) {
        let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SockAddr::from(SocketAddr::from(([127, 0, 0, 1], 0)))).unwrap();
        socket.listen(0).unwrap();
        let listener = TcpListener::from(socket);
        let address = SockAddr::from(listener.local_addr().unwrap());
        let mut queue = Vec::new();
        // More than the queue takes.
        for _ in 0..8 {
            let socket = socket2::Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            queue.push(socket);
        }
        (listener, queue)
    }

    #[test]
    fn an_address_that_swallows_packets_gives_way_to_the_next() {
        let (hole, _queue) = black_hole();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [hole.local_addr().unwrap(), listener.local_addr().unwrap()];
        let start = Instant::now();
        let (_socket, index) = connect(&addresses, soon(), &|| false).unwrap();
        assert_eq!(index, 1);
        // Generous: only a share of the whole time would be beyond it.
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn an_address_that_refuses_costs_no_time() {
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addresses = [closed, closed, listener.local_addr().unwrap()];
        assert_eq!(connect(&addresses, soon(), &|| false).unwrap().1, 2);
        let error = connect(&[closed], soon(), &|| false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let error = connect(&[], soon(), &|| false).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn a_call_that_is_ended_stops_connecting() {
        let (hole, _queue) = black_hole();
        let looks = std::cell::Cell::new(0);
        let is_ended = || looks.replace(looks.get() + 1) > 2;
        let error = connect(&[hole.local_addr().unwrap()], soon(), &is_ended).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    }

    #[test]
    fn the_time_ends_a_wait_for_all_of_them() {
        let (hole, _queue) = black_hole();
        let until = Instant::now() + Duration::from_millis(30);
        let address = hole.local_addr().unwrap();
        let error = connect(&[address, address], until, &|| false).unwrap_err();
        assert!(super::super::failure::is_time_up(&error), "{error}");
    }

    #[test]
    fn a_connected_socket_blocks_and_carries_bytes() {
        use crate::net::channel::Channel as _;
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (mut socket, _) =
            connect(&[listener.local_addr().unwrap()], soon(), &|| false).unwrap();
        let (mut peer, _): (TcpStream, _) = listener.accept().unwrap();
        assert!(socket.is_silent());
        socket.write_all(b"ping", soon()).unwrap();
        let mut buffer = [0; 4];
        io::Read::read_exact(&mut peer, &mut buffer).unwrap();
        assert_eq!(&buffer, b"ping");
        drop(peer);
        assert_eq!(socket.read(&mut buffer, soon()).unwrap(), 0);
        assert!(!socket.is_silent());
    }
}
