//! Answers: status, headers, body, and how they are written as HTTP/1.1.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;
use serde_json::json;

use crate::clock::{self, Now};
use crate::fault::Headers;
use crate::form::{Compress, FillerHeaders, Form, Interim};
use crate::random;

/// An answer.
pub(crate) struct Response {
    pub(crate) status: u16,
    headers: Vec<(Cow<'static, str>, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) chunked: bool,
    /// Headers that a fault said, in lower case: nothing usual takes their place.
    given: Vec<String>,
    form: Option<Box<Form>>,
}

/// An answer's bytes.
pub(crate) struct Wire {
    /// Answers before it.
    pub(crate) interim: Vec<Vec<u8>>,
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
            given: Vec::new(),
            form: None,
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

    pub(crate) fn text(status: u16, text: impl Into<Vec<u8>>) -> Self {
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

    /// Puts these in place of the usual ones.
    pub(crate) fn set(&mut self, headers: &Headers, now: Now) {
        for (name, values) in headers {
            self.replace(name, values.0.iter().map(|value| now.fill_in(value)).collect());
            self.given.push(name.to_ascii_lowercase());
        }
    }

    /// Says the time, unless a fault said another.
    pub(crate) fn date(&mut self, now: Now) {
        if !self.is_given("date") {
            self.replace("date", vec![clock::http_date(now.service)]);
        }
    }

    fn is_given(&self, name: &str) -> bool {
        self.given.iter().any(|given| given == name)
    }

    pub(crate) fn gzip(&mut self) {
        self.body = Compress::Gzip.encode(&self.body);
        self.replace("content-encoding", vec!["gzip".into()]);
    }

    /// Gives the body the form that a fault wants, and keeps in mind that of the head.
    pub(crate) fn take_form(&mut self, form: &Form) {
        if form.as_json_string {
            let text = String::from_utf8_lossy(&self.body);
            self.body = serde_json::to_vec(&text).expect("a text can be written as JSON");
        }
        self.body.splice(..0, form.prefix.0.iter().copied());
        let named = form.content_encoding.as_deref().map(Compress::named);
        let compress = form.compress.or(named).unwrap_or(Compress::None);
        let members = form.gzip_members.unwrap_or(1);
        let piece = self.body.len().div_ceil(members).max(1);
        self.body = match compress {
            Compress::Gzip if !self.body.is_empty() => {
                self.body.chunks(piece).flat_map(|piece| compress.encode(piece)).collect()
            }
            _ => compress.encode(&self.body),
        };
        self.body.truncate(self.body.len().saturating_sub(form.cut));
        if let Some(coding) = &form.content_encoding {
            self.replace("content-encoding", vec![coding.clone()]);
        }
        if let Some(filler) = form.filler_headers {
            self.fill_with(filler);
        }
        self.chunked |= form.chunks.is_some();
        self.form = Some(Box::new(form.clone()));
    }

    fn fill_with(&mut self, FillerHeaders { count, bytes }: FillerHeaders) {
        for number in 1..=count {
            let name = format!("x-filler-{number}");
            // With the separator and the end of the line.
            let length = (bytes / count).saturating_sub(name.len() + 4);
            self.headers.push((name.into(), "f".repeat(length)));
        }
    }

    /// Whether the connection can go on after it, if the client wants that.
    pub(crate) fn keeps_connection(&self) -> bool {
        let says_close = |(name, value): &(Cow<'_, str>, String)| {
            name.eq_ignore_ascii_case("connection") && value.to_ascii_lowercase().contains("close")
        };
        let status_line = self.form.as_ref().and_then(|form| form.status_line.as_ref());
        let old = status_line.is_some_and(|line| line.starts_with("HTTP/1.0"));
        let own_length = self.is_given("content-length") || self.is_given("transfer-encoding");
        !(old || own_length || self.headers.iter().any(says_close))
    }

    /// Writes it out. An answer to HEAD keeps its length and loses its body.
    pub(crate) fn encode(mut self, keep_alive: bool, to_head: bool) -> Wire {
        let bodiless = matches!(self.status, 204 | 304);
        let keep_alive = keep_alive && self.keeps_connection();
        let form = self.form.take().unwrap_or_default();
        let head = self.head(&form, keep_alive, bodiless);
        let mut body = match (bodiless || to_head, self.chunked) {
            (true, _) => Vec::new(),
            (false, false) => self.body,
            (false, true) => form.chunks.unwrap_or_default().encode(&self.body),
        };
        body.extend(form.suffix.0);
        let interim = form.interim.iter().map(Interim::encode).collect();
        Wire { interim, head, body }
    }

    fn head(&self, form: &Form, keep_alive: bool, bodiless: bool) -> Vec<u8> {
        let end = form.line_end.as_deref().unwrap_or("\r\n");
        let separator = form.separator.as_deref().unwrap_or(": ");
        let mut head = String::with_capacity(512);
        match &form.status_line {
            Some(line) => head.push_str(line),
            None => {
                let _ = write!(head, "HTTP/1.1 {} {}", self.status, reason(self.status));
            }
        }
        head.push_str(end);
        for line in &form.raw_headers {
            let _ = write!(head, "{line}{end}");
        }
        let mut header = |name: &str, value: &str| {
            let _ = write!(head, "{name}{separator}{value}{end}");
        };
        for (name, value) in &self.headers {
            header(name, value);
        }
        if self.chunked {
            if !self.is_given("transfer-encoding") {
                header("transfer-encoding", "chunked");
            }
        } else if !bodiless && !self.is_given("content-length") {
            header("content-length", &self.body.len().to_string());
        }
        if !self.is_given("connection") {
            header("connection", if keep_alive { "keep-alive" } else { "close" });
        }
        head.push_str(end);
        head.into_bytes()
    }
}

pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        102 => "Processing",
        103 => "Early Hints",
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
