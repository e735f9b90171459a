//! Another process with a store on the same directory: this test program once more, which does
//! as it is told, line by line.

use std::io::{BufRead as _, BufReader, Write as _, stdin, stdout};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::*;

/// Tells the program to be a peer, and where.
const DIRECTORY: &str = "FRONTEGG_TOKEN_TEST_PEER";
/// What precedes an answer; the test harness writes to the same stream.
const ANSWER: &str = "peer> ";

pub(super) struct Peer {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    pub(super) fn new(room: &Room) -> Self {
        Self::start(room, Command::new(std::env::current_exe().unwrap()))
    }

    /// One that may write nothing to any file.
    pub(super) fn without_disk(room: &Room) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"trap "" XFSZ; ulimit -f 0; exec "$0" "$@""#]);
        shell.arg(std::env::current_exe().unwrap());
        Self::start(room, shell)
    }

    fn start(room: &Room, mut command: Command) -> Self {
        let mut process = command
            .args(["--exact", "store::file::tests::peer::does_as_it_is_told", "--nocapture"])
            .env(DIRECTORY, room.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, orders, answers }
    }

    pub(super) fn ask(&mut self, order: &str) -> String {
        self.tell(order);
        self.answer()
    }

    pub(super) fn tell(&mut self, order: &str) {
        writeln!(self.orders, "{order}").unwrap();
    }

    pub(super) fn answer(&mut self) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert_ne!(self.answers.read_line(&mut line).unwrap(), 0, "the peer has ended");
            if let Some((_, answer)) = line.split_once(ANSWER) {
                return answer.trim_end().to_owned();
            }
        }
    }

    /// Ends it as kill -9 does.
    pub(super) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Stops it wherever it is.
    pub(super) fn stop(&self) {
        kill_process(self.id(), Signal::STOP).unwrap();
    }

    pub(super) fn go_on(&self) {
        kill_process(self.id(), Signal::CONT).unwrap();
    }

    fn id(&self) -> Pid {
        Pid::from_child(&self.process)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a peer is. In a run of the tests themselves nobody tells it anything.
#[test]
fn does_as_it_is_told() {
    let Some(directory) = std::env::var_os(DIRECTORY) else {
        return;
    };
    let store = FileStore::in_directory(directory).unwrap();
    let mut held = None;
    for order in stdin().lines() {
        let order = order.unwrap();
        let words: Vec<&str> = order.split(' ').collect();
        let answer = match words[..] {
            ["load"] => store.load(NAME, PATIENCE).map(|loaded| {
                loaded.map_or("none".into(), |it| String::from_utf8(it.entry).unwrap())
            }),
            ["save", replaces, entry] => {
                let replaces = (replaces != "none").then_some(replaces.as_bytes());
                save(&store, replaces, entry.as_bytes()).map(|is_put| is_put.to_string())
            }
            ["lease", owner, milliseconds] => {
                let span = Duration::from_millis(milliseconds.parse().unwrap());
                store.lease(NAME, owner, span, PATIENCE).map(|lease| format!("{lease:?}"))
            }
            ["release", owner] => store.release(NAME, owner, PATIENCE).map(|()| "released".into()),
            // Into the microseconds of the short lock.
            ["hold"] => lock::take(&store.prepare(NAME).unwrap(), NAME, PATIENCE).map(|lock| {
                held = Some(lock);
                "held".into()
            }),
            ["let-go"] => {
                held = None;
                Ok("let go".into())
            }
            ["count", times, mode] => {
                count(&store, times.parse().unwrap(), mode == "leased");
                Ok("counted".into())
            }
            _ => panic!("no such order: {order}"),
        };
        let answer = answer.unwrap_or_else(|error| error.to_string());
        writeln!(stdout(), "\n{ANSWER}{answer}").unwrap();
    }
    drop(held);
}

/// Adds one to the number in the entry, so many times, among others who do the same.
pub(super) fn count(store: &FileStore, times: u32, leased: bool) {
    for _ in 0..times {
        let owner = format!("{:?}", std::thread::current().id());
        while leased && lease(store, &owner, LONG) == Lease::Held {
            std::thread::yield_now();
        }
        loop {
            let current = loaded(store);
            let number = current
                .as_deref()
                .map_or(0, |entry| str::from_utf8(entry).unwrap().parse::<u32>().unwrap());
            if save(store, current.as_deref(), (number + 1).to_string().as_bytes()).unwrap() {
                break;
            }
            assert!(!leased, "somebody came between under a lease");
        }
        store.release(NAME, &owner, PATIENCE).unwrap();
    }
}
