//! The form of an answer: what a fault can say of its body and its head, down to each byte.

use std::fmt::Write;
use std::io;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use serde::Deserialize;
use serde_json::Value;

use crate::fault::Headers;
use crate::response::reason;

/// How an answer is written. In JSON, the member `form` of `respond` and of `rewrite`; every member
/// may be left out:
///
/// ```json
/// {"prefix": {"base64": "77u/"}, "content_encoding": "GZIP", "filler_headers": {"count": 150, "bytes": 20000}}
/// ```
///
/// The body is made in this order: [`as_json_string`](Self::as_json_string),
/// [`prefix`](Self::prefix), [`compress`](Self::compress), [`cut`](Self::cut).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Form {
    /// Whether the body becomes a JSON string that holds it.
    pub as_json_string: bool,
    /// Stands before the body.
    pub prefix: Bytes,
    /// The value of `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// How the body is really encoded; by default as `content_encoding` says, as far as that names
    /// a coding that is known here, in any case.
    pub compress: Option<Compress>,
    /// In how many members a body is compressed by gzip.
    pub gzip_members: Option<usize>,
    /// How many bytes the body lacks at its end. Its length is told as it is then.
    pub cut: usize,
    /// Headers to fill the head with.
    pub filler_headers: Option<FillerHeaders>,
    /// Lines in front of the headers, as they are: one may lack its space or its colon, or go on
    /// with the line before it.
    pub raw_headers: Vec<String>,
    /// What stands between a header's name and its value; by default `: `.
    pub separator: Option<String>,
    /// The whole status line; by default version, status and reason.
    pub status_line: Option<String>,
    /// What ends a line of the head; by default `\r\n`.
    pub line_end: Option<String>,
    /// Answers that come before this one, each in a packet of its own.
    pub interim: Vec<Interim>,
    /// Sends the body in chunks of this form.
    pub chunks: Option<Chunks>,
    /// Stands behind the answer, in the same packet.
    pub suffix: Bytes,
}

/// Bytes: in JSON a text, or `{"base64": "77u/"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Bytes(pub Vec<u8>);

impl TryFrom<Value> for Bytes {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Encoded {
            base64: String,
        }
        match value {
            Value::String(text) => Ok(Bytes(text.into_bytes())),
            Value::Object(_) => {
                let Encoded { base64 } =
                    serde_json::from_value(value).map_err(|error| error.to_string())?;
                BASE64_STANDARD.decode(base64).map(Bytes).map_err(|error| error.to_string())
            }
            _ => Err("bytes are a text or `{\"base64\": …}`".into()),
        }
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Bytes(text.into())
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(bytes)
    }
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compress {
    /// Not at all.
    None,
    /// RFC 1952.
    Gzip,
    /// RFC 1950, which `deflate` means.
    Zlib,
    /// RFC 1951, which some servers send as `deflate`.
    Deflate,
}

impl Compress {
    /// What a `Content-Encoding` names.
    pub(crate) fn named(coding: &str) -> Self {
        match coding.trim().to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Compress::Gzip,
            "deflate" => Compress::Zlib,
            _ => Compress::None,
        }
    }
}

/// Headers `x-filler-1`, `x-filler-2`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillerHeaders {
    /// How many.
    pub count: usize,
    /// About how many bytes they have all together, names and ends of lines included.
    pub bytes: usize,
}

/// An answer before the final one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interim {
    /// 1xx.
    pub status: u16,
    /// Its headers.
    #[serde(default)]
    pub headers: Headers,
}

/// How the body is divided into chunks.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Chunks {
    /// The bytes of each.
    pub size: usize,
    /// Stands behind the size of each: `;name=value`.
    pub extension: String,
    /// Whether sizes are written in capitals.
    pub upper_case: bool,
    /// Zeros in front of each size.
    pub zeros: usize,
    /// Headers behind the last.
    pub trailers: Headers,
}

impl Default for Chunks {
    fn default() -> Self {
        Chunks {
            size: 256,
            extension: String::new(),
            upper_case: false,
            zeros: 0,
            trailers: Headers::new(),
        }
    }
}

impl Form {
    /// Says what is wrong with it, if something is.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.chunks.as_ref().is_some_and(|chunks| chunks.size == 0) {
            return Err("chunks of 0 bytes end the body".into());
        }
        if let Some(interim) = self.interim.iter().find(|it| !(100..=199).contains(&it.status)) {
            return Err(format!("{} is no status of an interim answer", interim.status));
        }
        if self.gzip_members == Some(0) {
            return Err("gzip of 0 members is none".into());
        }
        if self.filler_headers.is_some_and(|filler| filler.count == 0) {
            return Err("0 headers fill nothing".into());
        }
        Ok(())
    }
}

impl Interim {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, values) in &self.headers {
            for value in &values.0 {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

impl Chunks {
    pub(crate) fn encode(&self, body: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        for bytes in body.chunks(self.size) {
            self.size_line(&mut all, bytes.len());
            all.extend(bytes);
            all.extend(b"\r\n");
        }
        self.size_line(&mut all, 0);
        for (name, values) in &self.trailers {
            for value in &values.0 {
                all.extend(format!("{name}: {value}\r\n").bytes());
            }
        }
        all.extend(b"\r\n");
        all
    }

    fn size_line(&self, all: &mut Vec<u8>, size: usize) {
        let mut digits = "0".repeat(self.zeros);
        let _ =
            if self.upper_case { write!(digits, "{size:X}") } else { write!(digits, "{size:x}") };
        all.extend(format!("{digits}{}\r\n", self.extension).bytes());
    }
}

impl Compress {
    pub(crate) fn encode(self, bytes: &[u8]) -> Vec<u8> {
        let level = Compression::fast();
        let encoded = match self {
            Compress::None => Ok(bytes.to_vec()),
            Compress::Gzip => finish(GzEncoder::new(Vec::new(), level), bytes, GzEncoder::finish),
            Compress::Zlib => {
                finish(ZlibEncoder::new(Vec::new(), level), bytes, ZlibEncoder::finish)
            }
            Compress::Deflate => {
                finish(DeflateEncoder::new(Vec::new(), level), bytes, DeflateEncoder::finish)
            }
        };
        encoded.expect("memory takes all bytes")
    }
}

fn finish<E: io::Write>(
    mut encoder: E,
    bytes: &[u8],
    finish: impl FnOnce(E) -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    encoder.write_all(bytes)?;
    finish(encoder)
}
