//! A Redis server of a test's own.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tempfile::TempDir;

use crate::pki::{self, Face, TlsFault};
use crate::random;

/// How long a server may take until it answers.
const STARTS_WITHIN: Duration = Duration::from_secs(30);
/// How many times another port is tried.
const TRIES: usize = 5;

/// What a [`RedisServer`] is to be. By default, it listens on a Unix socket alone.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// Listens on a port of 127.0.0.1 too.
    pub tcp: bool,
    /// Listens with TLS on a port of 127.0.0.1 too. The CA is the emulators', the certificate for
    /// `127.0.0.1` and `localhost`; clients need none.
    pub tls: bool,
    /// That certificate is for a host of another name.
    pub tls_wrong_host: bool,
    /// Runs in this network namespace, one of those that `ip netns` lists: its ports are there,
    /// its Unix socket is where it always is. Linux alone.
    pub namespace: Option<String>,
    /// Further arguments of the program. They take precedence over those that it gets anyway.
    pub arguments: Vec<String>,
}

/// A running Redis or Valkey server that keeps nothing on the disk. Dropping it kills it.
///
/// It needs `redis-server` in the `PATH`, or the program that the environment variable
/// `REDIS_SERVER` names. Any number of them run side by side. Unix alone.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    /// What starts it.
    program: Vec<OsString>,
    /// All of them, with the ports.
    arguments: Vec<String>,
    /// Private, with a name that leaves room for a socket's.
    folder: TempDir,
    tcp_port: Option<u16>,
    tls_port: Option<u16>,
    ca_pem: Option<String>,
}

impl RedisServer {
    /// Starts one. When it returns, the server answers.
    ///
    /// Fails where there is no such program, or where it does not take the arguments; what it has
    /// to say of them is on the standard error.
    pub fn start(options: RedisOptions) -> io::Result<Self> {
        let RedisOptions { tcp, tls, tls_wrong_host, namespace, arguments: further } = options;
        let mut program: Vec<OsString> = Vec::new();
        if let Some(name) = namespace {
            program.extend(["ip".into(), "netns".into(), "exec".into(), name.into()]);
        }
        program.push(env::var_os("REDIS_SERVER").unwrap_or_else(|| "redis-server".into()));
        let folder = tempfile::Builder::new()
            .prefix("frontegg-redis-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir()?;
        let (certificate, ca_pem) = if tls {
            let (arguments, ca_pem) = certify(folder.path(), tls_wrong_host)?;
            (arguments, Some(ca_pem))
        } else {
            (Vec::new(), None)
        };
        let mut tries = 0;
        loop {
            let (tcp_port, tls_port) = (tcp.then(port), tls.then(port));
            let mut arguments = vec!["--port".into(), tcp_port.unwrap_or(0).to_string()];
            if let Some(port) = tls_port {
                arguments.extend(["--tls-port".into(), port.to_string()]);
            }
            arguments.extend(certificate.iter().chain(&further).cloned());
            tries += 1;
            match spawn(&program, folder.path(), &arguments) {
                Ok(child) => {
                    return Ok(Self {
                        child,
                        program,
                        arguments,
                        folder,
                        tcp_port,
                        tls_port,
                        ca_pem,
                    });
                }
                // Somebody may have the port.
                Err(error)
                    if error.kind() == ErrorKind::UnexpectedEof
                        && (tcp || tls)
                        && tries < TRIES => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// `unix://` and the path of its socket.
    pub fn url(&self) -> String {
        format!("unix://{}", socket(self.folder.path()).display())
    }

    /// `redis://127.0.0.1:` and the port, with [`RedisOptions::tcp`].
    pub fn tcp_url(&self) -> Option<String> {
        self.tcp_port.map(|port| format!("redis://127.0.0.1:{port}"))
    }

    /// `rediss://127.0.0.1:` and the port, with [`RedisOptions::tls`].
    pub fn tls_url(&self) -> Option<String> {
        self.tls_port.map(|port| format!("rediss://127.0.0.1:{port}"))
    }

    /// The certificate of the CA, with [`RedisOptions::tls`]: the same for all of the process.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The id of its process: another one after [`Self::restart`].
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Stops its process, as the system does with one that gets no time: connections are taken by
    /// the system, and nobody answers. When it returns, the process stands still.
    pub fn pause(&self) -> io::Result<()> {
        kill_process(self.pid(), Signal::STOP)?;
        let stands = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(self.pid()), stands)?;
        Ok(())
    }

    /// Lets it go on after [`Self::pause`].
    pub fn resume(&self) -> io::Result<()> {
        Ok(kill_process(self.pid(), Signal::CONT)?)
    }

    /// Kills it. When it returns, its connections are broken and nobody listens.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts another one in its place, with the same URLs, which remembers nothing. It is killed
    /// before if it runs.
    pub fn restart(&mut self) -> io::Result<()> {
        self.kill()?;
        self.child = spawn(&self.program, self.folder.path(), &self.arguments)?;
        Ok(())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Runs the program and waits until it answers. `UnexpectedEof` where it ends instead.
fn spawn(program: &[OsString], folder: &Path, arguments: &[String]) -> io::Result<Child> {
    let socket = socket(folder);
    match fs::remove_file(&socket) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut child = Command::new(&program[0])
        .args(&program[1..])
        .args(["--daemonize", "no", "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"])
        .arg("--unixsocket")
        .arg(&socket)
        .arg("--dir")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", program[0].display()))
        })?;
    let outcome = until_it_answers(&mut child, &socket);
    if outcome.is_err() {
        let _ = child.kill();
        let _ = child.wait();
    }
    outcome.map(|()| child)
}

fn until_it_answers(child: &mut Child, socket: &Path) -> io::Result<()> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            let text = format!("the Redis server ended: {status}");
            return Err(io::Error::new(ErrorKind::UnexpectedEof, text));
        }
        let left = STARTS_WITHIN.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(io::Error::new(ErrorKind::TimedOut, "the Redis server does not answer"));
        }
        if answers(socket, left).is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(2));
    }
}

/// Asks for any answer: where there is a password, it is an error.
fn answers(socket: &Path, within: Duration) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(within))?;
    stream.write_all(b"PING\r\n")?;
    stream.read_exact(&mut [0])
}

/// The files of a server's certificate, as arguments, and the CA's.
fn certify(folder: &Path, wrong_host: bool) -> io::Result<(Vec<String>, String)> {
    let authority = pki::authority()?;
    let ca_pem = authority.pem();
    let face = if wrong_host {
        Face::Bad(TlsFault::WrongHost)
    } else {
        Face::Good(&[], [127, 0, 0, 1].into())
    };
    let identity = authority.server_identity(face)?;
    let mut arguments = vec!["--tls-auth-clients".to_owned(), "no".to_owned()];
    for (argument, name, text) in [
        ("--tls-cert-file", "server.pem", &identity.certificate_pem),
        ("--tls-key-file", "server-key.pem", &identity.key_pem),
        ("--tls-ca-cert-file", "ca.pem", &ca_pem),
    ] {
        let path = folder.join(name);
        fs::write(&path, text)?;
        arguments.extend([argument.to_owned(), path.to_string_lossy().into_owned()]);
    }
    Ok((arguments, ca_pem))
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}

/// Any port below those that systems give to who asks for none in particular, so that nobody gets
/// it while the server is away.
fn port() -> u16 {
    10_000 + u16::from_ne_bytes(random::bytes()) % 20_000
}
