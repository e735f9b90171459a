//! The operations as the server runs them: one script each, and one step.
//!
//! Each may come twice, where the connection broke before the answer, and answers the second
//! time as it did the first.

use redis::{Cmd, ServerErrorKind, Value};

use super::connection::Connection;
use super::fault::Fault;

pub(super) struct Scripts {
    pub(super) load: Script,
    pub(super) save: Script,
    pub(super) lease: Script,
    pub(super) release: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            load: Script::new(include_str!("load.lua")),
            save: Script::new(include_str!("save.lua")),
            lease: Script::new(include_str!("lease.lua")),
            release: Script::new(include_str!("release.lua")),
        }
    }
}

pub(super) struct Script {
    text: &'static str,
    hash: redis::Script,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, hash: redis::Script::new(text) }
    }

    /// Runs it by its hash, or whole where the server does not know it, and then does.
    pub(super) fn run(
        &self,
        connection: &mut Connection,
        key: &str,
        arguments: &[&[u8]],
    ) -> Result<Value, Fault> {
        let known = connection.ask(&request("EVALSHA", self.hash.get_hash(), key, arguments))?;
        let answer = match known {
            Value::ServerError(error) if error.kind() == Some(ServerErrorKind::NoScript) => {
                connection.ask(&request("EVAL", self.text, key, arguments))?
            }
            known => known,
        };
        Fault::refusal("the request", answer)
    }
}

fn request(command: &str, script: &str, key: &str, arguments: &[&[u8]]) -> Vec<u8> {
    let mut request = Cmd::new();
    request.arg(command).arg(script).arg(1).arg(key);
    for argument in arguments {
        request.arg(argument);
    }
    request.get_packed_command()
}
