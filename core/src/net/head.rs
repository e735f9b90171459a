//! The head of an HTTP answer: of the service's, and of a proxy's.

use std::fmt;
use std::io;
use std::time::Instant;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroize as _;

use super::channel::Channel;

/// The longest head that is read, in bytes, that of interim answers before it included.
const MAX_HEAD: usize = 64 * 1024;
/// The most headers that are read.
const MAX_HEADERS: usize = 256;
/// Few answers have more, for which a larger table is laid out.
const USUAL_HEADERS: usize = 32;
/// How much is read at once.
const CHUNK: usize = 16 * 1024;

/// Bytes that were read and not used yet. What passed through is zeroed, since it may hold
/// tokens: when it is cleared, when it moves, and when it is dropped.
#[derive(Default)]
pub(super) struct Input {
    buffer: Vec<u8>,
    /// What is not used yet lies between these.
    start: usize,
    end: usize,
    /// Nothing was ever written behind this.
    written: usize,
}

impl Input {
    pub(super) fn unused(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    pub(super) fn consume(&mut self, amount: usize) {
        self.start += amount;
    }

    /// Reads more. Returns 0 at the end of the stream.
    pub(super) fn fill(&mut self, channel: &mut dyn Channel, until: Instant) -> io::Result<usize> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.end == self.buffer.len() {
            self.make_room();
        }
        let amount = channel.read(&mut self.buffer[self.end..], until)?;
        self.end += amount;
        self.written = self.written.max(self.end);
        Ok(amount)
    }

    /// Moves what is unused into a larger buffer. By hand: a reallocation would leave a copy
    /// behind that nobody zeroes.
    fn make_room(&mut self) {
        let unused = self.unused();
        let mut larger = vec![0; unused.len() + CHUNK];
        larger[..unused.len()].copy_from_slice(unused);
        let end = unused.len();
        self.zeroize();
        *self = Self { buffer: larger, start: 0, end, written: end };
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.zeroize();
        (self.start, self.end, self.written) = (0, 0, 0);
        // A long head is rare, and connections are many.
        self.buffer.truncate(CHUNK);
        self.buffer.shrink_to_fit();
    }

    fn zeroize(&mut self) {
        self.buffer[..self.written].zeroize();
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").field("unused", &(self.end - self.start)).finish_non_exhaustive()
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.zeroize();
    }
}

/// The head of a final answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    /// Whether it is of HTTP/1.1 rather than 1.0.
    pub(super) is_http_11: bool,
    pub(super) headers: HeaderMap,
}

/// Why there is no head.
#[derive(Debug)]
pub(super) enum NoHead {
    /// The connection failed or ended; whether anything had come before.
    Broken { error: io::Error, is_empty: bool },
    /// What came is not HTTP.
    NotHttp,
    /// It is over a limit, which is named.
    TooLarge(&'static str),
}

impl Head {
    /// Reads the head of the final answer, past interim ones (1xx).
    pub(super) fn read(
        input: &mut Input,
        channel: &mut dyn Channel,
        until: Instant,
    ) -> Result<Self, NoHead> {
        let mut interim = 0;
        loop {
            if let Some((head, length)) = Self::parse(input.unused())? {
                input.consume(length);
                if !(100..200).contains(&head.status) || head.status == 101 {
                    return Ok(head);
                }
                interim += length;
            } else {
                let is_empty = interim == 0 && input.unused().is_empty();
                let broken = |error| NoHead::Broken { error, is_empty };
                if input.fill(channel, until).map_err(broken)? == 0 {
                    return Err(broken(io::ErrorKind::UnexpectedEof.into()));
                }
            }
            if interim + input.unused().len() > MAX_HEAD + CHUNK {
                return Err(NoHead::TooLarge("64 KiB"));
            }
        }
    }

    /// `None` where more bytes are to come.
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, NoHead> {
        match Self::parse_into(bytes, &mut [httparse::EMPTY_HEADER; USUAL_HEADERS]) {
            Err(NoHead::TooLarge(_)) => {
                Self::parse_into(bytes, &mut [httparse::EMPTY_HEADER; MAX_HEADERS])
            }
            outcome => outcome,
        }
    }

    fn parse_into<'a>(
        bytes: &'a [u8],
        headers: &mut [httparse::Header<'a>],
    ) -> Result<Option<(Self, usize)>, NoHead> {
        let mut response = httparse::Response::new(headers);
        let parsed = httparse::ParserConfig::default()
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .parse_response(&mut response, bytes);
        let length = match parsed {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => return Err(NoHead::TooLarge("256 headers")),
            Err(_) => return Err(NoHead::NotHttp),
        };
        if length > MAX_HEAD {
            return Err(NoHead::TooLarge("64 KiB"));
        }
        let status = response.code.filter(|code| *code >= 100).ok_or(NoHead::NotHttp)?;
        let mut map = HeaderMap::with_capacity(response.headers.len());
        for header in response.headers.iter() {
            let name = HeaderName::from_bytes(header.name.as_bytes());
            let value = HeaderValue::from_bytes(header.value);
            let (Ok(name), Ok(value)) = (name, value) else { return Err(NoHead::NotHttp) };
            map.append(name, value);
        }
        let is_http_11 = response.version == Some(1);
        Ok(Some((Self { status, is_http_11, headers: map }, length)))
    }

    /// Whether a header that is a list of words has this one, in any case.
    pub(super) fn has_word(&self, name: HeaderName, word: &str) -> bool {
        self.words(name).any(|other| other.eq_ignore_ascii_case(word))
    }

    /// The words of a header that is a list, over all its lines. One that is not text counts as
    /// a word that nobody knows.
    pub(super) fn words(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(name).into_iter();
        values.flat_map(|value| value.to_str().unwrap_or("?").split(',').map(str::trim))
    }
}
