//! What scenarios want of the machine itself: names of their own, and addresses that swallow what is
//! sent there.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::driver::Command;
use crate::scenario::Scenario;

/// How long a connection takes that is on its way to nowhere: on the loopback address any other is
/// there at once.
const SOON: Duration = Duration::from_millis(50);

/// What this machine lacks to play a scenario, if it lacks something.
pub(crate) fn lacks(scenario: &Scenario) -> Option<&'static str> {
    static HOSTS: OnceLock<bool> = OnceLock::new();
    static IPV6: OnceLock<bool> = OnceLock::new();
    let ipv6 = || *IPV6.get_or_init(|| TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok());
    let hosts = || *HOSTS.get_or_init(can_have_hosts);
    let addresses = scenario.hosts.values().flatten().chain(&scenario.black_holes);
    if addresses.into_iter().any(|address| address.contains("::")) && !ipv6() {
        return Some("this machine has no IPv6");
    }
    if !scenario.hosts.is_empty() && !hosts() {
        return Some("on this machine no process can have a hosts file of its own");
    }
    None
}

/// Runs a program with this hosts file, in a mount namespace of its own, as root or as whoever may
/// be root in a user namespace.
const WITH_HOSTS: &str = r#"mount --bind "$0" /etc/hosts && exec "$@""#;

/// The command in a world with this hosts file.
pub(crate) fn with_hosts(command: &Command, hosts: &Path) -> Command {
    let mut words = vec!["--mount".to_owned()];
    if !is_root() {
        words.extend(["--user", "--map-root-user"].map(String::from));
    }
    words.extend(["--", "sh", "-c", WITH_HOSTS].map(String::from));
    words.push(hosts.to_string_lossy().into_owned());
    command.wrapped("unshare", words)
}

/// A hosts file.
pub(crate) fn hosts_file(hosts: &BTreeMap<String, Vec<String>>) -> String {
    let mut file = String::new();
    for (name, addresses) in hosts {
        for address in addresses {
            let _ = writeln!(file, "{address} {name}");
        }
    }
    file
}

fn can_have_hosts() -> bool {
    let command = with_hosts(&Command::of("true"), Path::new("/etc/hosts"));
    let (program, arguments) = command.parts();
    let mut process = std::process::Command::new(program);
    process.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    process.status().is_ok_and(|status| status.success())
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// An address that swallows what is sent there: a listener with a full queue, to which nobody gets
/// a connection and nobody a refusal.
pub(crate) struct BlackHole {
    address: SocketAddr,
    _listener: Socket,
    /// Those that fill the queue.
    _callers: Vec<Socket>,
}

impl BlackHole {
    /// With port 0, at a free one.
    pub(crate) fn at(address: SocketAddr) -> io::Result<Self> {
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if address.is_ipv6() {
            listener.set_only_v6(true)?;
        }
        listener.bind(&address.into())?;
        listener.listen(0)?;
        let address = listener.local_addr()?.as_socket().ok_or(io::ErrorKind::InvalidInput)?;
        let mut callers = Vec::new();
        // Linux takes in one more than it is told to, others take a few.
        for _ in 0..64 {
            let caller = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            match caller.connect_timeout(&address.into(), SOON) {
                Ok(()) => callers.push(caller),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    return Ok(BlackHole { address, _listener: listener, _callers: callers });
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("the queue of a listener does not get full"))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use super::*;

    #[test]
    fn nobody_gets_through_to_a_black_hole() {
        for host in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(hole) = BlackHole::at(host.parse().unwrap()) else {
                assert!(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err(), "{host}");
                continue;
            };
            for _ in 0..3 {
                let error = TcpStream::connect_timeout(&hole.address(), SOON).unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::TimedOut);
            }
        }
        let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(BlackHole::at(open.local_addr().unwrap()).is_err(), "the port is taken");
    }

    #[test]
    fn a_hosts_file_has_a_line_for_each_address() {
        let hosts = BTreeMap::from([("a.test".to_owned(), vec!["::1".into(), "127.0.0.1".into()])]);
        assert_eq!(hosts_file(&hosts), "::1 a.test\n127.0.0.1 a.test\n");
    }
}
