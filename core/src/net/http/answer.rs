//! The answer of the service, read whole.

use std::io::Read as _;
use std::time::Instant;

use ureq::http::HeaderMap;
use ureq::http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use zeroize::Zeroizing;

use crate::net::channel::Channel;
use crate::net::failure::{Failure, Stage};
use crate::net::head::{Head, Input, NoHead};

/// The largest body that is read, in bytes, before and after decompression.
const MAX_BODY: usize = 1024 * 1024;
/// The longest line that describes a chunk.
const MAX_LINE: usize = 4096;

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// The body, decompressed; `Err` where it could not be read to its end.
    pub(crate) body: Result<Zeroizing<Vec<u8>>, Failure>,
}

/// Where a body ends (RFC 9112, section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// Reads an answer. Also returns whether the connection can carry another exchange.
pub(in crate::net) fn read(
    input: &mut Input,
    channel: &mut dyn Channel,
    until: Instant,
) -> Result<(Answer, bool), Failure> {
    let head = Head::read(input, channel, until).map_err(no_answer)?;
    let (body, is_complete) = match framing(&head) {
        Ok(framing) => {
            let body = read_body(framing, input, channel, until);
            let is_complete = body.is_ok() && framing != Framing::UntilClose;
            (body.and_then(|body| decoded(&head, body)), is_complete)
        }
        Err(failure) => (Err(failure), false),
    };
    // What lies behind an answer was not asked for. A server that fails may do better, or
    // another one behind the same name, when it is asked anew.
    let is_reusable =
        is_complete && input.unused().is_empty() && head.status < 500 && is_kept_open(&head);
    Ok((Answer { status: head.status, headers: head.headers, body }, is_reusable))
}

fn no_answer(why: NoHead) -> Failure {
    match why {
        NoHead::Broken { error, is_empty } => {
            let what = if is_empty { "no answer came" } else { "the answer broke off" };
            Failure::from_io(what, error, Stage::AfterSent)
        }
        NoHead::NotHttp => Failure::invalid_response("the answer is not valid HTTP"),
        NoHead::TooLarge(limit) => Failure::invalid_response(format!(
            "the head of the answer is over the limit of {limit}"
        )),
    }
}

fn is_kept_open(head: &Head) -> bool {
    let is_ambiguous =
        head.headers.contains_key(TRANSFER_ENCODING) && head.headers.contains_key(CONTENT_LENGTH);
    let is_kept = if head.is_http_11 {
        !head.has_word(CONNECTION, "close")
    } else {
        head.has_word(CONNECTION, "keep-alive")
    };
    is_kept && !is_ambiguous && head.status != 101
}

fn framing(head: &Head) -> Result<Framing, Failure> {
    if matches!(head.status, 101 | 204 | 304) {
        return Ok(Framing::Length(0));
    }
    if head.is_http_11 {
        let codings = head.words(TRANSFER_ENCODING).filter(|word| !word.is_empty());
        let codings: Vec<&str> =
            codings.filter(|coding| !coding.eq_ignore_ascii_case("identity")).collect();
        match codings[..] {
            [] => {}
            [only] if only.eq_ignore_ascii_case("chunked") => return Ok(Framing::Chunked),
            _ => {
                return Err(Failure::invalid_response(
                    "the answer has a transfer encoding that was not asked for",
                ));
            }
        }
    }
    let bad = || Failure::invalid_response("the answer does not tell its length in a valid way");
    let mut length = None;
    for word in head.words(CONTENT_LENGTH) {
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        // What overflows is too large in any case.
        let value = word.parse().unwrap_or(usize::MAX);
        if !is_number || length.is_some_and(|other| other != value) {
            return Err(bad());
        }
        length = Some(value);
    }
    match length {
        Some(length) if length > MAX_BODY => Err(too_large()),
        Some(length) => Ok(Framing::Length(length)),
        None => Ok(Framing::UntilClose),
    }
}

fn too_large() -> Failure {
    Failure::invalid_response("the answer is over the limit of 1 MiB")
}

fn broken(error: std::io::Error) -> Failure {
    Failure::from_io("the answer broke off", error, Stage::AfterSent)
}

/// Where a body is read from.
struct Source<'a> {
    input: &'a mut Input,
    channel: &'a mut dyn Channel,
    until: Instant,
    body: Zeroizing<Vec<u8>>,
}

fn read_body(
    framing: Framing,
    input: &mut Input,
    channel: &mut dyn Channel,
    until: Instant,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // With the length known, the buffer never moves.
    let expected = if let Framing::Length(length) = framing { length } else { 8 * 1024 };
    let body = Zeroizing::new(Vec::with_capacity(expected));
    let mut source = Source { input, channel, until, body };
    match framing {
        Framing::Length(length) => source.take(length)?,
        Framing::Chunked => source.take_chunks()?,
        Framing::UntilClose => {
            while source.fill()? > 0 {
                source.take(source.input.unused().len())?;
            }
        }
    }
    Ok(source.body)
}

impl Source<'_> {
    fn fill(&mut self) -> Result<usize, Failure> {
        if !self.input.unused().is_empty() {
            return Ok(self.input.unused().len());
        }
        self.input.fill(self.channel, self.until).map_err(broken)
    }

    /// Makes sure that there is at least one byte more than these.
    fn fill_beyond(&mut self, amount: usize) -> Result<(), Failure> {
        while self.input.unused().len() <= amount {
            if self.input.fill(self.channel, self.until).map_err(broken)? == 0 {
                return Err(broken(std::io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(())
    }

    /// Takes so many bytes as part of the body.
    fn take(&mut self, mut amount: usize) -> Result<(), Failure> {
        if amount > MAX_BODY - self.body.len() {
            return Err(too_large());
        }
        while amount > 0 {
            self.fill_beyond(0)?;
            let unused = self.input.unused();
            let part = &unused[..amount.min(unused.len())];
            append(&mut self.body, part);
            let taken = part.len();
            self.input.consume(taken);
            amount -= taken;
        }
        Ok(())
    }

    /// Takes chunks to the last one, and what follows it (RFC 9112, section 7.1).
    fn take_chunks(&mut self) -> Result<(), Failure> {
        loop {
            let line = self.line()?;
            // Extensions mean nothing here.
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
            let is_hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
            let size = str::from_utf8(digits).ok().filter(|_| is_hex);
            let size = size.ok_or_else(not_chunks)?;
            // What overflows is too large in any case.
            match usize::from_str_radix(size, 16).unwrap_or(usize::MAX) {
                0 => break,
                size => self.take(size)?,
            }
            if !self.line()?.is_empty() {
                return Err(not_chunks());
            }
        }
        let mut trailers = 0;
        loop {
            match self.line()?.len() {
                0 => return Ok(()),
                length => trailers += length,
            }
            if trailers > MAX_LINE {
                return Err(not_chunks());
            }
        }
    }

    /// Takes a line, without its end.
    fn line(&mut self) -> Result<Vec<u8>, Failure> {
        let mut length = 0;
        loop {
            self.fill_beyond(length)?;
            let unused = self.input.unused();
            if let Some(end) = unused[length..].iter().position(|byte| *byte == b'\n') {
                let line = &unused[..length + end];
                let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
                self.input.consume(length + end + 1);
                return Ok(line);
            }
            length = unused.len();
            if length > MAX_LINE {
                return Err(not_chunks());
            }
        }
    }
}

fn not_chunks() -> Failure {
    Failure::invalid_response("the chunks of the answer are damaged")
}

/// Undoes what `Content-Encoding` names, in any case.
fn decoded(head: &Head, mut body: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let codings: Vec<String> = head.words(CONTENT_ENCODING).map(str::to_ascii_lowercase).collect();
    for coding in codings.iter().rev() {
        body = match coding.as_str() {
            "" | "identity" => body,
            "gzip" | "x-gzip" => unzipped(&body)?,
            unknown => {
                let is_name = unknown.len() <= 20
                    && unknown.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                let name = if is_name { unknown } else { "an unknown way" };
                return Err(Failure::invalid_response(format!(
                    "the answer is encoded in {name}, which was not asked for"
                )));
            }
        };
    }
    Ok(body)
}

fn unzipped(body: &[u8]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    // Labelled and not compressed, as some gateways send nothing at all.
    if body.is_empty() {
        return Ok(Zeroizing::default());
    }
    let mut out = Zeroizing::new(Vec::with_capacity(body.len().saturating_mul(4)));
    let mut decoder = flate2::read::MultiGzDecoder::new(body);
    let mut part = Zeroizing::new([0; 4096]);
    loop {
        let amount = decoder.read(&mut *part).map_err(|_| damaged())?;
        if amount == 0 {
            return Ok(out);
        }
        if out.len() + amount > MAX_BODY {
            return Err(too_large());
        }
        append(&mut out, &part[..amount]);
    }
}

fn damaged() -> Failure {
    Failure::invalid_response("the answer's compression is damaged")
}

/// Grows a buffer by hand: a reallocation would leave a copy behind that nobody zeroes.
fn append(buffer: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    if buffer.capacity() - buffer.len() < bytes.len() {
        let mut larger = Vec::with_capacity((buffer.len() + bytes.len()) * 2);
        larger.extend_from_slice(buffer);
        *buffer = Zeroizing::new(larger);
    }
    buffer.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests;
