//! Sends a request in one piece, and knows whether it went out.
//!
//! ureq hands head and body to its transport one after the other. Holding both back until
//! the answer is awaited saves a TLS record, a system call and a wake-up of the server; and
//! it makes the moment of sending a single one, so that an error can say on which side of it
//! it fell. That is what decides whether a single-use refresh token may be sent again.

use std::fmt;
use std::io;

use ureq::http::uri::Authority;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};
use zeroize::{Zeroize, Zeroizing};

/// An error that arose before the whole request had been handed to the network. What was
/// written of it, if anything, cannot be processed: its last bytes are missing.
#[derive(Debug)]
pub(super) struct NotSent(pub(super) ureq::Error);

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not sent: {}", self.0)
    }
}

impl std::error::Error for NotSent {}

pub(super) fn not_sent(error: ureq::Error) -> ureq::Error {
    ureq::Error::Io(io::Error::other(NotSent(error)))
}

/// Runs a chain of connectors, marks its errors as [`NotSent`], and corks what it opens.
#[derive(Debug)]
pub(super) struct CorkConnector<C> {
    pub(super) chain: C,
    /// The service's host. A connection to anything else is one to a proxy, whose CONNECT is
    /// not the request.
    pub(super) service: Authority,
}

impl<C: Connector> Connector for CorkConnector<C> {
    type Out = Box<dyn Transport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let details = ConnectionDetails {
            // Settings differ by request in their time-outs alone. Saying so would make the
            // TLS layer load the roots anew for each connection.
            request_level: false,
            uri: details.uri,
            addrs: details.addrs.clone(),
            config: details.config,
            resolver: details.resolver,
            now: details.now,
            timeout: details.timeout,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
        };
        let transport = self.chain.connect(&details, chained).map_err(not_sent)?;
        let is_service = details.uri.authority() == Some(&self.service);
        Ok(transport.map(|inner| -> Box<dyn Transport> {
            if is_service {
                Box::new(CorkTransport { inner, held: Zeroizing::new(Vec::new()) })
            } else {
                Box::new(inner)
            }
        }))
    }
}

#[derive(Debug)]
struct CorkTransport<T> {
    inner: T,
    /// What is held back; zeroed once sent, since it holds the secret.
    held: Zeroizing<Vec<u8>>,
}

impl<T: Transport> CorkTransport<T> {
    fn send(&mut self, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let mut sent = 0;
        while sent < self.held.len() {
            let output = self.inner.buffers().output();
            let amount = output.len().min(self.held.len() - sent);
            output[..amount].copy_from_slice(&self.held[sent..sent + amount]);
            let outcome = self.inner.transmit_output(amount, timeout);
            self.inner.buffers().output()[..amount].zeroize();
            outcome.map_err(not_sent)?;
            sent += amount;
        }
        // Not `Vec::zeroize`, which would also give up on the contents of spare capacity
        // one byte at a time; the written part is all there is.
        self.held.as_mut_slice().zeroize();
        self.held.clear();
        Ok(())
    }
}

impl<T: Transport> Transport for CorkTransport<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        let output = &mut self.inner.buffers().output()[..amount];
        if self.held.capacity() - self.held.len() < amount {
            // Grown by hand: a reallocation would leave an unzeroed copy behind.
            let mut larger = Vec::with_capacity((self.held.len() + amount).max(4096));
            larger.extend_from_slice(&self.held);
            self.held = Zeroizing::new(larger);
        }
        self.held.extend_from_slice(output);
        output.zeroize();
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        if !self.held.is_empty() {
            self.send(timeout)?;
        }
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}
