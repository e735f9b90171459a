//! Answers: status, headers, body, and how they are written as HTTP/1.1.

use std::borrow::Cow;
use std::fmt::Write;
use std::io;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use serde_json::json;

use crate::random;

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
