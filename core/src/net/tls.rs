//! TLS over a channel.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, ClientConnection};

use super::channel::Channel;
use super::client_certificate::ClientCertificate;
use super::roots::Roots;
use super::tls_error;
#[cfg(not(any(windows, target_vendor = "apple")))]
use crate::logs::log_line;

/// How long to wait for the reason of a server that has closed a connection.
const LAST_WORD: Duration = Duration::from_millis(100);

/// Whom to trust and what to show, as TLS wants it.
pub(crate) fn client_config(
    roots: &Roots,
    client: Option<&ClientCertificate>,
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let mut trusted = rustls::RootCertStore::empty();
    match roots {
        #[cfg(any(windows, target_vendor = "apple"))]
        Roots::Platform => {
            use rustls_platform_verifier::BuilderVerifierExt as _;
            let builder = builder.with_platform_verifier()?;
            return Ok(Arc::new(with_client(builder, client)));
        }
        #[cfg(not(any(windows, target_vendor = "apple")))]
        Roots::Platform => {
            trusted.add_parsable_certificates(super::roots::of_platform());
            if trusted.is_empty() {
                log_line!(
                    Warn,
                    "the platform has no certificate authorities: using the bundled ones"
                );
                trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
        }
        Roots::Bundled => trusted.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Roots::Certificates(certificates) => {
            trusted.add_parsable_certificates(certificates.0.iter().cloned());
        }
    }
    Ok(Arc::new(with_client(builder.with_root_certificates(trusted), client)))
}

fn with_client(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>,
    client: Option<&ClientCertificate>,
) -> ClientConfig {
    match client {
        Some(ClientCertificate(certified)) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified.clone())))
        }
        None => builder.with_no_client_auth(),
    }
}

/// A channel that is encrypted. Each write goes down to the channel beneath before it returns,
/// so that its error is this write's and not that of a later read.
pub(crate) struct Tls {
    session: ClientConnection,
    channel: Box<dyn Channel>,
}

impl Tls {
    /// Shakes hands. A rejected certificate is an error that holds a [`rustls::Error`].
    pub(crate) fn connect(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        channel: Box<dyn Channel>,
        until: Instant,
    ) -> io::Result<Self> {
        let session = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut tls = Self { session, channel };
        while tls.session.is_handshaking() {
            tls.send(until)?;
            if tls.session.is_handshaking() && tls.receive(until)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        tls.send(until)?;
        Ok(tls)
    }

    /// The same as `flush`; where that fails since the server has closed the connection, the
    /// error is what the server said before.
    fn send(&mut self, until: Instant) -> io::Result<()> {
        self.flush(until).map_err(|error| {
            let soon = until.min(Instant::now() + LAST_WORD);
            self.receive(soon).err().filter(|said| tls_error::find(said).is_some()).unwrap_or(error)
        })
    }

    /// Hands all that is encrypted to the channel.
    fn flush(&mut self, until: Instant) -> io::Result<()> {
        while self.session.wants_write() {
            self.session.write_tls(&mut Within { channel: &mut *self.channel, until })?;
        }
        Ok(())
    }

    /// Reads what the peer has sent, and decrypts it. Returns 0 at the end of the stream.
    fn receive(&mut self, until: Instant) -> io::Result<usize> {
        let amount = self.session.read_tls(&mut Within { channel: &mut *self.channel, until })?;
        if let Err(error) = self.session.process_new_packets() {
            // Tells the peer why, if that can be.
            let _ = self.flush(until);
            return Err(io::Error::other(error));
        }
        // Key updates and the like; an error is that of the next write.
        if !self.session.is_handshaking() {
            let _ = self.flush(until);
        }
        Ok(amount)
    }
}

impl Channel for Tls {
    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize> {
        loop {
            match self.session.reader().read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // The connection ended without a notice: whether anything is missing is told by
                // what was read, for HTTP and Redis say how long their answers are.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
                outcome => return outcome,
            }
            self.receive(until)?;
        }
    }

    fn write_all(&mut self, mut bytes: &[u8], until: Instant) -> io::Result<()> {
        while !bytes.is_empty() {
            let taken = self.session.writer().write(bytes)?;
            bytes = &bytes[taken..];
            self.send(until)?;
        }
        Ok(())
    }

    fn is_silent(&mut self) -> bool {
        // What was received and not read yet would have been handed out by the last read.
        self.channel.is_silent()
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// A channel as the standard library reads and writes.
struct Within<'a> {
    channel: &'a mut dyn Channel,
    until: Instant,
}

impl Read for Within<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.channel.read(buffer, self.until)
    }
}

impl Write for Within<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.channel.write_all(bytes, self.until)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
