//! HTTP/1.1 on a stream: reads requests, and writes bytes.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::response::Response;

const HEAD_LIMIT: usize = 64 * 1024;
const BODY_LIMIT: usize = 64 * 1024;

/// A byte stream over TCP.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Transport for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Transport for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// The head of a request.
pub(crate) struct Head {
    pub(crate) method: String,
    /// Without query.
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) keep_alive: bool,
    framing: Framing,
}

#[derive(Clone, Copy)]
enum Framing {
    Length(usize),
    Chunked,
}

/// Why there is no request.
pub(crate) enum ReadError {
    /// The connection ended or broke.
    Gone,
    /// This is to be said, and the connection closed.
    Refused(Response),
}

impl From<io::Error> for ReadError {
    fn from(_: io::Error) -> Self {
        ReadError::Gone
    }
}

impl Head {
    /// The first value of a header, its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, ReadError> {
        let mut slots = [httparse::EMPTY_HEADER; 100];
        let mut parsed = httparse::Request::new(&mut slots);
        let length = match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() < HEAD_LIMIT => return Ok(None),
            Ok(httparse::Status::Partial) => return Err(refused(431, "the head is too long")),
            Err(error) => return Err(refused(400, &format!("malformed request: {error}"))),
        };
        let headers: Vec<(String, String)> = parsed
            .headers
            .iter()
            .map(|header| {
                let value = String::from_utf8_lossy(header.value).into_owned();
                (header.name.to_ascii_lowercase(), value)
            })
            .collect();
        let target = parsed.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut head = Head {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers,
            keep_alive: parsed.version == Some(1),
            framing: Framing::Length(0),
        };
        let connection = head.header("connection").unwrap_or_default().to_ascii_lowercase();
        if connection.contains("close") {
            head.keep_alive = false;
        } else if connection.contains("keep-alive") {
            head.keep_alive = true;
        }
        if parsed.version == Some(1) && head.values("host").len() != 1 {
            return Err(refused(400, "a request has one host"));
        }
        head.framing = match (&*head.values("transfer-encoding"), &*head.values("content-length")) {
            ([], []) => Framing::Length(0),
            // Digits alone: a number with a sign is one to some, and none to others.
            ([], [length]) if length.bytes().all(|byte| byte.is_ascii_digit()) => {
                Framing::Length(length.parse().map_err(|_| refused(400, "bad content-length"))?)
            }
            ([coding], []) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
            _ => return Err(refused(400, "unclear length of the body")),
        };
        Ok(Some((head, length)))
    }

    /// All values of a header.
    fn values(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// A connection between requests or within one.
pub(crate) struct Connection<S> {
    stream: S,
    /// Read but not yet used.
    buffer: Vec<u8>,
}

impl<S: Transport> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Connection { stream, buffer: Vec::new() }
    }

    /// The next head; nothing if the client closed.
    pub(crate) async fn head(&mut self) -> Result<Head, ReadError> {
        loop {
            if !self.buffer.is_empty()
                && let Some((head, length)) = Head::parse(&self.buffer)?
            {
                self.buffer.drain(..length);
                return Ok(head);
            }
            self.fill().await?;
        }
    }

    /// The body that follows this head.
    pub(crate) async fn body(&mut self, head: &Head) -> Result<Vec<u8>, ReadError> {
        let expected =
            head.header("expect").is_some_and(|it| it.eq_ignore_ascii_case("100-continue"));
        if expected && self.buffer.is_empty() {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        match head.framing {
            Framing::Length(length) if length > BODY_LIMIT => Err(too_large()),
            Framing::Length(length) => self.take(length).await,
            Framing::Chunked => self.chunks().await,
        }
    }

    async fn chunks(&mut self) -> Result<Vec<u8>, ReadError> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let Ok(httparse::Status::Complete((_, size))) = httparse::parse_chunk_size(&line)
            else {
                return Err(refused(400, "malformed chunk"));
            };
            if size == 0 {
                while self.line().await? != b"\r\n" {}
                return Ok(body);
            }
            let size = usize::try_from(size).unwrap_or(usize::MAX);
            if size.saturating_add(body.len()) > BODY_LIMIT {
                return Err(too_large());
            }
            body.extend(self.take(size).await?);
            if self.take(2).await? != b"\r\n" {
                return Err(refused(400, "malformed chunk"));
            }
        }
    }

    async fn line(&mut self) -> Result<Vec<u8>, ReadError> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                return Ok(self.buffer.drain(..end + 2).collect());
            }
            if self.buffer.len() > HEAD_LIMIT {
                return Err(refused(400, "malformed chunk"));
            }
            self.fill().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>, ReadError> {
        while self.buffer.len() < length {
            self.fill().await?;
        }
        Ok(self.buffer.drain(..length).collect())
    }

    async fn fill(&mut self) -> Result<(), ReadError> {
        self.buffer.reserve(2048);
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(ReadError::Gone),
            _ => Ok(()),
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    /// Reads on, to no end but to learn that the client is gone.
    pub(crate) async fn until_gone(&mut self) {
        loop {
            self.buffer.clear();
            if self.fill().await.is_err() {
                return;
            }
        }
    }

    /// Ends the connection in an orderly way.
    pub(crate) async fn close(mut self) {
        let _ = self.stream.shutdown().await;
    }

    /// The same where the client may still be sending: takes that in for a while, since TCP would
    /// else reset the connection and the client could lose the answer.
    pub(crate) async fn close_unread(mut self) {
        let _ = self.stream.shutdown().await;
        let _ = tokio::time::timeout(Duration::from_secs(10), self.until_gone()).await;
    }

    /// Breaks the connection: without TLS's farewell, and if `rst`, without TCP's.
    pub(crate) fn abort(self, rst: bool) {
        if rst {
            let _ = self.stream.tcp().set_zero_linger();
        }
    }
}

fn refused(status: u16, message: &str) -> ReadError {
    ReadError::Refused(Response::framework_error(status, message))
}

fn too_large() -> ReadError {
    refused(413, "request entity too large")
}
