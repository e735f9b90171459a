//! What can go wrong, told so that a person can mend it and that nothing secret is in it.

use std::{fmt, io};

use redis::Value;

use crate::net::{Failure, is_time_up, tls_error};
use crate::{Code, Error};

/// Why there is no answer, or none that can be used.
#[derive(Debug)]
pub(super) enum Fault {
    /// The time was up, while this was done.
    Late(&'static str),
    /// No connection could be made.
    Unreachable(Failure),
    Tls(String),
    /// The connection broke: where it had been idle, as likely as not long before.
    Broken(io::Error),
    /// Redis answered this with an error, of which only its code is kept: the rest may quote.
    Refused(&'static str, String),
    Unintelligible,
    TooLong,
}

impl Fault {
    /// An answer to what was asked, if it is not an error.
    pub(super) fn refusal(asked: &'static str, answer: Value) -> Result<Value, Self> {
        let Value::ServerError(error) = answer else { return Ok(answer) };
        let code = error.code();
        let is_code =
            (1..=20).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_uppercase());
        Err(Self::Refused(asked, if is_code { code } else { "ERR" }.to_owned()))
    }

    /// What failed while this was done.
    pub(super) fn io(doing: &'static str, error: io::Error) -> Self {
        if is_time_up(&error) {
            return Self::Late(doing);
        }
        match tls_error::find(&error) {
            Some(error) => Self::Tls(tls_error::sentence(error)),
            None => Self::Broken(error),
        }
    }
}

/// What is behind a code, where that says more than the code.
fn meaning(code: &str) -> Option<&'static str> {
    Some(match code {
        "NOAUTH" => "it wants a password",
        "WRONGPASS" => "the user or the password is wrong",
        "NOPERM" => "its rules do not let this user do that",
        "READONLY" => "it is a replica, which takes no writes",
        "LOADING" => "it is still loading its data",
        "OOM" => "its memory is full",
        "MISCONF" => "it takes no writes, since it cannot save its data",
        "NOREPLICAS" => "it takes no writes without its replicas",
        "MASTERDOWN" => "it is a replica without its primary",
        "BUSY" => "it is busy with a script",
        "DENIED" => "it takes no remote clients without a password",
        "WRONGTYPE" => "something else has the key",
        "MOVED" | "ASK" | "TRYAGAIN" | "CLUSTERDOWN" | "CROSSSLOT" => {
            "it is part of a Redis Cluster, which is not supported"
        }
        _ => return None,
    })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(doing) => write!(f, "the time for Redis was up while {doing}"),
            Self::Unreachable(failure) => f.write_str(&failure.message),
            Self::Tls(reason) => write!(f, "no TLS connection to Redis: {reason}"),
            Self::Broken(error) => write!(f, "the connection to Redis broke: {error}"),
            Self::Refused(asked, code) => {
                write!(f, "Redis answered {code} to {asked}")?;
                meaning(code).map_or(Ok(()), |meaning| write!(f, ": {meaning}"))
            }
            Self::Unintelligible => f.write_str("the answer is not one of Redis"),
            Self::TooLong => f.write_str("the answer of Redis is over the limit of 1 MiB"),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        match failure.code {
            Code::Timeout => Self::Late("connecting"),
            _ => Self::Unreachable(failure),
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let error = Self::store(fault.to_string());
        match fault {
            Fault::Unreachable(failure) => error.with_cause(failure.source),
            Fault::Broken(cause) => error.with_source(cause),
            _ => error,
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_system_is_quoted_in_its_own_words() {
        let full = io::Error::from_raw_os_error(libc::EMFILE);
        let fault = Fault::io("sending the request", full);
        assert!(fault.to_string().contains("Too many open files"), "{fault}");
    }
}
