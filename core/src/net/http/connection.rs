//! A connection as ureq knows it, which sends a request in one piece and reads its answer whole.
//!
//! ureq hands head and body to its connection one after the other. Holding both back until the
//! answer is awaited saves a TLS record, a system call and a wake-up of the server; and it makes
//! the moment of sending a single one, so that an error can say on which side of it it fell.
//! That is what decides whether a single-use refresh token may be sent again.

use std::fmt;
use std::io;

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use zeroize::Zeroizing;

use super::answer;
use super::in_flight::InFlight;
use crate::clock::Clock;
use crate::net::channel::Channel;
use crate::net::failure::{Failure, Stage};
use crate::net::head::Input;

/// Room for what ureq writes of a head at once: its longest line.
const OUTPUT: usize = 16 * 1024;

pub(super) struct Connection {
    channel: Box<dyn Channel>,
    is_tls: bool,
    /// Whether it can carry another exchange.
    is_reusable: bool,
    /// When the last answer had been read, by the boot-time clock, which goes on while the
    /// machine is suspended.
    idle_since: u64,
    /// The request as ureq has written it so far.
    request: Vec<u8>,
    input: Input,
    shown: Shown,
}

impl Connection {
    pub(super) fn new(channel: Box<dyn Channel>, is_tls: bool) -> Self {
        Self {
            channel,
            is_tls,
            is_reusable: true,
            idle_since: Clock::System.now().boot,
            request: Vec::new(),
            input: Input::default(),
            shown: Shown::default(),
        }
    }

    /// Sends the request that is held back, and reads its answer.
    fn exchange(&mut self, in_flight: &mut InFlight) -> Result<answer::Answer, Failure> {
        // Until it is known that it can.
        self.is_reusable = false;
        let request = completed(&self.request, in_flight);
        self.request.clear();
        let sent = self.channel.write_all(&request, in_flight.until);
        sent.map_err(|error| {
            Failure::from_io("the request could not be sent", error, Stage::BeforeSent)
        })?;
        let outcome = answer::read(&mut self.input, &mut *self.channel, in_flight.until);
        self.input.clear();
        let (answer, is_reusable) = outcome?;
        self.is_reusable = is_reusable;
        self.idle_since = Clock::System.now().boot;
        Ok(answer)
    }
}

/// The request as it goes out: what ureq wrote, with the confidential headers at the end of its
/// head, and the true body in the place of one that is as long.
fn completed(written: &[u8], in_flight: &InFlight) -> Zeroizing<Vec<u8>> {
    let (headers, body) = (&in_flight.headers, &in_flight.body);
    let head = &written[..written.len() - body.len()];
    let (lines, end) = head.split_at(head.len() - 2);
    let mut request = Zeroizing::new(Vec::with_capacity(written.len() + headers.len()));
    for part in [lines, headers, end, body] {
        request.extend_from_slice(part);
    }
    request
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.shown
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        self.request.extend_from_slice(&self.shown.output()[..amount]);
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        let succeeded = InFlight::with(|in_flight| {
            let outcome = self.exchange(in_flight);
            let succeeded = outcome.is_ok();
            in_flight.outcome = Some(outcome);
            succeeded
        });
        if succeeded != Some(true) {
            // The reason lies with the exchange.
            return Err(io::Error::other("the exchange failed").into());
        }
        self.shown.show_end();
        Ok(true)
    }

    /// Whether it is idle and healthy, and has not been idle for too long for the exchange under
    /// way. Bytes that wait, or an end of stream, mean that the server has said something that
    /// nobody asked for.
    fn is_open(&mut self) -> bool {
        let idle = Clock::System.now().boot.saturating_sub(self.idle_since);
        let max_idle = InFlight::with(|in_flight| in_flight.max_idle).unwrap_or(0);
        self.is_reusable && idle <= max_idle && self.channel.is_silent()
    }

    fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// What ureq is shown: the end of an exchange, and room to write a head.
#[derive(Default)]
struct Shown {
    output: Vec<u8>,
    input: &'static [u8],
}

impl Shown {
    /// The answer has been read, and nothing of it is ureq's to read.
    fn show_end(&mut self) {
        self.input = b"HTTP/1.1 204 \r\n\r\n";
    }
}

impl Buffers for Shown {
    fn output(&mut self) -> &mut [u8] {
        self.output.resize(OUTPUT, 0);
        &mut self.output
    }

    fn input(&self) -> &[u8] {
        self.input
    }

    fn input_append_buf(&mut self) -> &mut [u8] {
        &mut []
    }

    fn input_appended(&mut self, _: usize) {}

    fn input_consume(&mut self, amount: usize) {
        self.input = &self.input[amount..];
    }

    fn tmp_and_output(&mut self) -> (&mut [u8], &mut [u8]) {
        self.output.resize(OUTPUT, 0);
        (&mut [], &mut self.output)
    }

    fn can_use_input(&self) -> bool {
        !self.input.is_empty()
    }
}
