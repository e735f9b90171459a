//! What a scenario says of its proxy.

use frontegg_emulator::{Bytes, FillerHeaders, Headers, Interim};
use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) protocol: Protocol,
    /// `user:password`, which it wants.
    pub(crate) credentials: Option<String>,
    /// Statuses with which it refuses the first requests.
    pub(crate) refuse: Vec<u16>,
    /// How it answers the first requests, whatever they show.
    pub(crate) answers: Vec<Answer>,
    /// Where it leads whatever it is asked for: what makes hosts of other networks reachable.
    pub(crate) route: Option<String>,
    /// Whether it reads requests and answers nothing at all.
    pub(crate) hang: bool,
    /// Whether it accepts connections and does not even read.
    pub(crate) deaf: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Protocol {
    /// CONNECT.
    #[default]
    Http,
    /// The same over TLS, with a certificate of the scenario's CA.
    Https,
    /// SOCKS5 and SOCKS4a, whichever is asked.
    Socks,
}

/// An answer to the request for a tunnel.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Answer {
    /// How many requests it is for; 0 for all that follow.
    pub(crate) times: usize,
    /// Its status: a tunnel begins at 2xx.
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    pub(crate) filler_headers: Option<FillerHeaders>,
    /// Stands behind the head, in the same packet.
    pub(crate) body: Bytes,
    /// Answers before it, each in a packet of its own.
    pub(crate) interim: Vec<Interim>,
    /// All bytes of the answer, in place of what is said above.
    pub(crate) raw: Option<Bytes>,
    /// The code of a reply by SOCKS.
    pub(crate) code: Option<u8>,
    /// All bytes of SOCKS5's choice of a method, in place of the right ones.
    pub(crate) method: Option<Bytes>,
    /// What happens next; by default a tunnel at 2xx and at success by SOCKS, else the end.
    pub(crate) then: Option<Then>,
    /// How many bytes of the service a tunnel carries before it breaks.
    pub(crate) carry: Option<u64>,
}

impl Default for Answer {
    fn default() -> Self {
        Answer {
            times: 1,
            status: 200,
            headers: Headers::new(),
            filler_headers: None,
            body: Bytes::default(),
            interim: Vec::new(),
            raw: None,
            code: None,
            method: None,
            then: None,
            carry: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    Tunnel,
    Close,
    /// The connection is reset.
    Reset,
    /// Nothing until the client goes.
    Hang,
}

impl Settings {
    /// Reads what stands in a scenario.
    pub(crate) fn read(settings: &Value) -> Result<Self, String> {
        let settings: Settings = serde_json::from_value(settings.clone())
            .map_err(|error| format!("`proxy`: {error}"))?;
        settings.check()?;
        Ok(settings)
    }

    /// Says what is wrong with them, if something is.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.answers.iter().any(|answer| !(200..=999).contains(&answer.status)) {
            return Err("the proxy's final answers are no interim ones".into());
        }
        let unreachable = self.answers.iter().rev().skip(1).any(|answer| answer.times == 0);
        if unreachable || (!self.answers.is_empty() && !self.refuse.is_empty()) {
            return Err("some answer of the proxy comes to no request".into());
        }
        Ok(())
    }

    /// The answer to the request of this number, from 0, if one was said.
    pub(crate) fn answer(&self, number: usize) -> Option<Answer> {
        if let Some(status) = self.refuse.get(number) {
            return Some(Answer::refusal(*status));
        }
        let mut from = 0;
        self.answers
            .iter()
            .find(|answer| {
                from += answer.times;
                answer.times == 0 || number < from
            })
            .cloned()
    }
}

impl Answer {
    /// A refusal as proxies usually word it.
    pub(crate) fn refusal(status: u16) -> Self {
        let header = |name: &str, value: &str| {
            (name.to_owned(), frontegg_emulator::Values(vec![value.to_owned()]))
        };
        let headers = Headers::from_iter([
            header("connection", "close"),
            header("content-length", "0"),
            header("proxy-authenticate", "Basic realm=\"proxy\""),
        ]);
        Answer { status, headers, ..Answer::default() }
    }

    /// What happens after an answer that is a success or not.
    pub(crate) fn then(&self, success: bool) -> Then {
        self.then.unwrap_or(if success { Then::Tunnel } else { Then::Close })
    }
}
