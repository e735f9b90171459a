//! Bytes to and from a peer, each read and write within a limit of time.

use std::fmt;
use std::io;
use std::time::Instant;

use zeroize::Zeroizing;

/// A connected stream of bytes: a socket, TLS over one, or TLS over a tunnel through a proxy.
pub(crate) trait Channel: fmt::Debug + Send + Sync {
    /// Reads what is there, at least one byte. Returns 0 at the end of the stream.
    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize>;

    /// Hands all bytes to the system. After an error, not all of them were.
    fn write_all(&mut self, bytes: &[u8], until: Instant) -> io::Result<()>;

    /// Whether the peer has neither sent anything that was not read nor closed: an idle
    /// connection that can be used again.
    fn is_silent(&mut self) -> bool;

    /// Fills the whole buffer.
    fn read_exact(&mut self, mut buffer: &mut [u8], until: Instant) -> io::Result<()> {
        while !buffer.is_empty() {
            let amount = self.read(buffer, until)?;
            if amount == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer = &mut buffer[amount..];
        }
        Ok(())
    }
}

/// A channel of which some bytes were read already, and are read again first.
#[derive(Debug)]
pub(super) struct Prefixed {
    pub(super) prefix: Zeroizing<Vec<u8>>,
    pub(super) channel: Box<dyn Channel>,
}

impl Channel for Prefixed {
    fn read(&mut self, buffer: &mut [u8], until: Instant) -> io::Result<usize> {
        if self.prefix.is_empty() {
            return self.channel.read(buffer, until);
        }
        let amount = buffer.len().min(self.prefix.len());
        buffer[..amount].copy_from_slice(&self.prefix[..amount]);
        self.prefix.drain(..amount);
        Ok(amount)
    }

    fn write_all(&mut self, bytes: &[u8], until: Instant) -> io::Result<()> {
        self.channel.write_all(bytes, until)
    }

    fn is_silent(&mut self) -> bool {
        self.prefix.is_empty() && self.channel.is_silent()
    }
}
