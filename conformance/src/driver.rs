//! The process of a driver: one line in, one line out.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};
use std::str::FromStr;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long an answer may take. Only a driver that hangs takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the end of a process may take.
const FAREWELL: Duration = Duration::from_secs(10);

/// A language's driver: its name, and the program with its arguments.
#[derive(Clone, Debug)]
pub struct Command {
    /// Such as `python`.
    pub name: String,
    program: String,
    arguments: Vec<String>,
}

impl Command {
    /// A program without arguments.
    pub(crate) fn of(program: &str) -> Self {
        Command { name: program.to_owned(), program: program.to_owned(), arguments: Vec::new() }
    }

    /// The same as the last arguments of another program.
    pub(crate) fn wrapped(&self, program: &str, mut arguments: Vec<String>) -> Self {
        arguments.push(self.program.clone());
        arguments.extend(self.arguments.iter().cloned());
        Command { name: self.name.clone(), program: program.to_owned(), arguments }
    }

    /// The program and its arguments.
    pub(crate) fn parts(&self) -> (&str, &[String]) {
        (&self.program, &self.arguments)
    }
}

impl FromStr for Command {
    type Err = String;

    /// `NAME=PROGRAM ARGUMENT…`, separated by white space.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or("expected NAME=COMMAND")?;
        let mut words = command.split_whitespace().map(String::from);
        let program = words.next().ok_or("the command is empty")?;
        Ok(Command { name: name.trim().to_owned(), program, arguments: words.collect() })
    }
}

/// A running driver.
pub(crate) struct Driver {
    child: Child,
    stdin: Option<ChildStdin>,
    replies: Receiver<String>,
    stderr: JoinHandle<Vec<u8>>,
}

/// What a driver leaves behind.
pub(crate) struct Remains {
    /// All that it wrote to standard error: its log.
    pub(crate) stderr: Vec<u8>,
    /// What was wrong with its end, if something was.
    pub(crate) complaint: Option<String>,
}

impl Driver {
    /// Starts it with the environment of this process, but for the variables that clients read.
    pub(crate) fn start(
        command: &Command,
        variables: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let mut process = std::process::Command::new(&command.program);
        process
            .args(&command.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            let upper = name.to_string_lossy().to_ascii_uppercase();
            let others = ["SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD", "NODE_EXTRA_CA_CERTS"];
            if upper.starts_with("FRONTEGG_")
                || upper.ends_with("_PROXY")
                || others.contains(&upper.as_str())
            {
                process.env_remove(&name);
            }
        }
        process.envs(variables);
        let mut child = process
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", command.program))?;
        let stdout = child.stdout.take().expect("piped");
        let mut errors = child.stderr.take().expect("piped");
        let (sender, replies) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut all = Vec::new();
            let _ = errors.read_to_end(&mut all);
            all
        });
        let stdin = child.stdin.take();
        Ok(Driver { child, stdin, replies, stderr })
    }

    /// Sends a request and waits for its reply.
    pub(crate) fn ask(&mut self, request: &Value) -> Result<Value, String> {
        self.send(request)?;
        self.receive()
    }

    /// Sends a request.
    pub(crate) fn send(&mut self, request: &Value) -> Result<(), String> {
        let stdin = self.stdin.as_mut().expect("open until the end");
        let sent = stdin.write_all(format!("{request}\n").as_bytes()).and_then(|()| stdin.flush());
        sent.map_err(|error| format!("the driver takes no requests: {error}"))
    }

    /// Waits for the next reply.
    pub(crate) fn receive(&mut self) -> Result<Value, String> {
        let line = self.replies.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => format!("no reply within {PATIENCE:?}"),
            RecvTimeoutError::Disconnected => "the driver died".to_owned(),
        })?;
        serde_json::from_str(&line).map_err(|_| format!("a reply that is not JSON: {line}"))
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended, by whatever, and tells how.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus, String> {
        self.child.wait().map_err(|error| error.to_string())
    }

    /// Closes its input, upon which it must end by itself.
    pub(crate) fn end(mut self) -> Remains {
        drop(self.stdin.take());
        let patience = Instant::now() + FAREWELL;
        let mut complaint = None;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) if status.success() => break,
                Ok(Some(status)) => {
                    complaint = Some(format!("the driver ended with {status}"));
                    break;
                }
                _ if Instant::now() > patience => {
                    complaint = Some("the driver did not end with its input".into());
                    break;
                }
                _ => thread::sleep(Duration::from_millis(5)),
            }
        }
        if complaint.is_none()
            && let Ok(line) = self.replies.recv_timeout(FAREWELL)
        {
            complaint = Some(format!("a line that nobody asked for: {line}"));
        }
        let Remains { stderr, .. } = self.kill();
        Remains { stderr, complaint }
    }

    /// Ends it at once.
    pub(crate) fn kill(mut self) -> Remains {
        // What it may have started itself ends with its input.
        drop(self.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
        Remains { stderr: self.stderr.join().unwrap_or_default(), complaint: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_a_name_and_arguments() {
        let command: Command = "python-async=python3 driver.py --async".parse().unwrap();
        assert_eq!((command.name.as_str(), command.program.as_str()), ("python-async", "python3"));
        assert_eq!(command.arguments, ["driver.py", "--async"]);
        assert!("python".parse::<Command>().is_err());
        assert!("python= ".parse::<Command>().is_err());
    }
}
