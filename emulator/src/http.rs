//! HTTP/1.1 on a stream: requests in, answers out, as whole bytes that a fault may cut.

use std::borrow::Cow;
use std::fmt::Write;
use std::io;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::random;

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
        let mut head = Head {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: target.split('?').next().unwrap_or_default().to_owned(),
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
        head.framing = match (head.header("transfer-encoding"), head.header("content-length")) {
            (None, None) => Framing::Length(0),
            (None, Some(length)) => {
                Framing::Length(length.parse().map_err(|_| refused(400, "bad content-length"))?)
            }
            (Some(coding), None) if coding.eq_ignore_ascii_case("chunked") => Framing::Chunked,
            _ => return Err(refused(400, "unclear length of the body")),
        };
        Ok(Some((head, length)))
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
            if !self.buffer.is_empty() {
                if let Some((head, length)) = Head::parse(&self.buffer)? {
                    self.buffer.drain(..length);
                    return Ok(head);
                }
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
        let _ = tokio::time::timeout(Duration::from_secs(1), self.until_gone()).await;
    }

    /// Breaks the connection: without TLS's farewell, and if `rst`, without TCP's.
    pub(crate) fn abort(self, rst: bool) {
        if rst {
            let _ = self.stream.tcp().set_zero_linger();
        }
    }
}

/// An answer.
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) chunked: bool,
}

/// An answer's bytes.
pub(crate) struct Wire {
    pub(crate) head: Vec<u8>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let mut response = Response {
            status,
            headers: vec![("frontegg-trace-id".into(), random::trace_id())],
            body: body.into(),
            chunked: false,
        };
        if !content_type.is_empty() {
            response.headers.push(("content-type".into(), content_type.to_owned()));
        }
        response
    }

    pub(crate) fn json(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("what is answered can be written as JSON");
        Response::new(status, "application/json; charset=utf-8", body)
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        Response::new(status, "text/plain; charset=utf-8", text)
    }

    /// The service's own way to refuse.
    pub(crate) fn errors(status: u16, errors: &[&str]) -> Self {
        Response::json(status, &json!({ "errors": errors }))
    }

    /// Its framework's way to refuse.
    pub(crate) fn framework_error(status: u16, message: &str) -> Self {
        let body = json!({"statusCode": status, "error": reason(status), "message": message});
        Response::json(status, &body)
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Puts these values in place of what the header has.
    pub(crate) fn replace(&mut self, name: &str, values: Vec<String>) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.extend(values.into_iter().map(|value| (name.to_owned().into(), value)));
    }

    pub(crate) fn gzip(&mut self) {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let written = io::Write::write_all(&mut encoder, &self.body);
        self.body = written.and_then(|()| encoder.finish()).expect("memory takes all bytes");
        self.replace("content-encoding", vec!["gzip".into()]);
    }

    /// Writes it out. An answer to HEAD keeps its length and loses its body.
    pub(crate) fn encode(self, keep_alive: bool, to_head: bool) -> Wire {
        let bodiless = matches!(self.status, 204 | 304);
        let mut head = String::with_capacity(512);
        let _ = write!(head, "HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if self.chunked {
            head.push_str("transfer-encoding: chunked\r\n");
        } else if !bodiless {
            let _ = write!(head, "content-length: {}\r\n", self.body.len());
        }
        head.push_str(if keep_alive {
            "connection: keep-alive\r\n\r\n"
        } else {
            "connection: close\r\n\r\n"
        });
        let body = match (bodiless || to_head, self.chunked) {
            (true, _) => Vec::new(),
            (false, false) => self.body,
            (false, true) => {
                let mut chunks: Vec<u8> = self.body.chunks(256).flat_map(chunk).collect();
                chunks.extend(b"0\r\n\r\n");
                chunks
            }
        };
        Wire { head: head.into_bytes(), body }
    }
}

/// Bytes as one chunk of a chunked body.
fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend(bytes);
    chunk.extend(b"\r\n");
    chunk
}

fn refused(status: u16, message: &str) -> ReadError {
    ReadError::Refused(Response::framework_error(status, message))
}

fn too_large() -> ReadError {
    refused(413, "request entity too large")
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
