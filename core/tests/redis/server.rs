//! A redis-server of a test's own.

use std::fs;
use std::net::TcpListener;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use frontegg_token::{RedisStore, RedisStoreBuilder};
use rustix::process::{Pid, Signal, kill_process};

pub(crate) struct Server {
    child: Child,
    folder: Folder,
    options: Vec<String>,
}

impl Server {
    /// One on a Unix socket alone.
    pub(crate) fn start() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(options: &[&str]) -> Self {
        let folder = Folder::new();
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let child = spawn(&folder, &options).expect("redis-server starts");
        Self { child, folder, options }
    }

    /// One that listens on a port of loopback too, as the option says.
    pub(crate) fn on_port(option: &str, options: &[&str]) -> (Self, u16) {
        let folder = Folder::new();
        // Somebody else may take a port before the server does.
        for _ in 0..20 {
            let port = free_port();
            let mut all = vec![option.to_owned(), port.to_string(), "--bind".into()];
            all.push("127.0.0.1".into());
            all.extend(options.iter().map(ToString::to_string));
            if let Some(child) = spawn(&folder, &all) {
                return (Self { child, folder, options: all }, port);
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", socket(&self.folder).display())
    }

    pub(crate) fn builder(&self) -> RedisStoreBuilder {
        RedisStore::builder(self.url())
    }

    pub(crate) fn store(&self) -> RedisStore {
        self.builder().build().unwrap()
    }

    /// What the server answers to a command of the test's.
    pub(crate) fn command<T: redis::FromRedisValue>(&self, words: &str) -> T {
        let mut words = words.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        let client = redis::Client::open(self.url()).unwrap();
        command.query(&mut client.get_connection().unwrap()).unwrap()
    }

    /// How many connections it has taken, other than to be asked this.
    pub(crate) fn connections(&self, asked_before: u64) -> u64 {
        let info: String = self.command("INFO stats");
        let line = info.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        // One to see whether it was up, and this one.
        line.unwrap().parse::<u64>().unwrap() - 2 - asked_before
    }

    pub(crate) fn stop(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    pub(crate) fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Another server in the place of this one, which remembers nothing.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.folder, &self.options).expect("redis-server starts again");
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A folder of its own, short enough for the path of a socket. It goes with this.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("frontegg-redis-{}-{next}", std::process::id());
        let folder = Self(std::env::temp_dir().join(name));
        fs::create_dir(&folder.0).unwrap();
        folder
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}

/// Starts one and waits until it answers; `None` where it ends instead.
fn spawn(folder: &Path, options: &[String]) -> Option<Child> {
    let socket = socket(folder);
    let _ = fs::remove_file(&socket);
    let mut command = Command::new("redis-server");
    command.args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--unixsocket"]);
    command.arg(&socket).arg("--dir").arg(folder).stdout(Stdio::null());
    if !options.iter().any(|option| option == "--port") {
        command.args(["--port", "0"]);
    }
    let mut child = command.args(options).spawn().expect("redis-server is installed");
    let client = redis::Client::open(format!("unix://{}", socket.display())).unwrap();
    loop {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        if client.get_connection().is_ok() {
            return Some(child);
        }
        thread::sleep(Duration::from_millis(2));
    }
}
