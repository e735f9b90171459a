//! A connection as ureq knows it, which sends a request in one piece and reads its answer whole.
//!
//! ureq hands head and body to its connection one after the other. Holding both back until the
//! answer is awaited saves a TLS record, a system call and a wake-up of the server; and it makes
//! the moment of sending a single one, so that an error can say on which side of it it fell.
//! That is what decides whether a single-use refresh token may be sent again.

use std::fmt;
use std::io;
use std::sync::Arc;

use ureq::unversioned::transport::{Buffers, NextTimeout, Transport};
use zeroize::Zeroizing;

use super::answer;
use super::in_flight::InFlight;
use super::pool::{Connection, Pool};
use crate::net::failure::{Failure, Stage};

/// Room for what ureq writes of a head at once: its longest line.
const OUTPUT: usize = 16 * 1024;
/// Room for a request that is as long as most.
const USUAL_REQUEST: usize = 1024;

pub(super) struct Exchanging {
    /// Until it has gone back to the pool.
    connection: Option<Connection>,
    pool: Arc<Pool>,
    /// Whether it can carry another exchange.
    is_reusable: bool,
    /// The request as ureq has written it so far.
    request: Vec<u8>,
}

impl Exchanging {
    pub(super) fn new(connection: Connection, pool: Arc<Pool>) -> Self {
        Self {
            connection: Some(connection),
            pool,
            is_reusable: false,
            request: Vec::with_capacity(USUAL_REQUEST),
        }
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it is there until it is dropped")
    }

    /// Sends the request that is held back, and reads its answer.
    fn exchange(&mut self, in_flight: &mut InFlight) -> Result<answer::Answer, Failure> {
        let request = completed(&self.request, in_flight);
        let Connection { channel, input, .. } = self.connection();
        let sent = channel.write_all(&request, in_flight.until);
        sent.map_err(|error| {
            Failure::from_io("the request could not be sent", error, Stage::BeforeSent)
        })?;
        let outcome = answer::read(input, &mut **channel, in_flight.until);
        input.clear();
        let (answer, is_reusable) = outcome?;
        self.is_reusable = is_reusable;
        Ok(answer)
    }
}

impl Drop for Exchanging {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take_if(|_| self.is_reusable) {
            self.pool.put(connection);
        }
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

impl Transport for Exchanging {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.connection().shown
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let connection = self.connection.as_mut().expect("it is there until it is dropped");
        self.request.extend_from_slice(&connection.shown.output()[..amount]);
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
        self.connection().shown.show_end();
        Ok(true)
    }

    /// Not for ureq, whose pool stays empty.
    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.is_tls)
    }
}

impl fmt::Debug for Exchanging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanging").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// What ureq is shown: the end of an exchange, and room to write a head.
#[derive(Debug, Default)]
pub(super) struct Shown {
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
