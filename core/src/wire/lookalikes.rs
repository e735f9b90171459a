//! Finds what looks like a token or like a value that has no place in a message, whoever put it
//! there.

use std::ops::Range;

use super::redaction::View;

/// Shorter than any token, longer than most words.
const LONG: usize = 20;
/// As many digits are in no word.
const MANY_DIGITS: usize = 8;
/// A value that is said to be secret and has a digit in it is one from this length on.
const SHORTEST_VALUE: usize = 8;
/// As many single letters or numbers in a row are a listing of something's bytes.
const LISTING: usize = 16;

/// What values are called that have no place in a message.
const NAMES: &[&[u8]] = &[
    b"token",
    b"secret",
    b"passw",
    b"authorization",
    b"bearer",
    b"basic",
    b"api-key",
    b"api_key",
    b"apikey",
    b"jwt",
    b"cookie",
    b"credential",
];

/// Adds the parts of the text that look like it.
pub(super) fn find(view: &View, text: &str, found: &mut Vec<Range<usize>>) {
    words(view, found);
    spaced_tokens(view, text, found);
    opaque(view, found);
    values(view, found);
    documents(view, text, found);
    listings(view, found);
}

/// Those that consist of bytes of a kind.
fn runs(view: &View, is_part: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in view.bytes.iter().enumerate().filter(|(_, byte)| is_part(**byte)) {
        match runs.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

fn part_of_text(view: &View, part: &Range<usize>) -> Range<usize> {
    view.from[part.start].start..view.from[part.end - 1].end
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// The end of the message that holds this place.
fn end_of_message(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |length| at + length)
}

/// JSON Web Tokens, also in base64.
fn words(view: &View, found: &mut Vec<Range<usize>>) {
    for word in runs(view, |byte| !byte.is_ascii_whitespace() && !byte.is_ascii_control()) {
        let bytes = &view.bytes[word.clone()];
        if contains(bytes, b"eyJ") || contains(bytes, b"ZXlK") {
            found.push(part_of_text(view, &word));
        }
    }
}

/// A JSON Web Token with something between its letters: nobody can say where it ends.
fn spaced_tokens(view: &View, text: &str, found: &mut Vec<Range<usize>>) {
    const FRONTS: [&[u8]; 3] = [b"eyJhbGci", b"eyJ0eXAi", b"eyJraWQi"];
    let letters: Vec<usize> =
        (0..view.bytes.len()).filter(|at| view.bytes[*at].is_ascii_alphanumeric()).collect();
    for window in letters.windows(FRONTS[0].len()) {
        let is_spaced = window[window.len() - 1] - window[0] >= window.len();
        if is_spaced
            && FRONTS.iter().any(|front| window.iter().map(|at| &view.bytes[*at]).eq(*front))
        {
            let start = view.from[window[0]].start;
            found.push(start..end_of_message(text, start));
        }
    }
}

/// Long ones that are no words.
fn opaque(view: &View, found: &mut Vec<Range<usize>>) {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-+/=.~".contains(&byte);
    for run in runs(view, is_part) {
        let bytes = &view.bytes[run.clone()];
        let mut segments = bytes.split(|byte| b"/=.".contains(byte));
        if is_opaque(bytes) || segments.any(is_opaque) {
            found.push(part_of_text(view, &run));
        }
    }
}

/// Many digits, or all kinds of letters mixed.
fn is_opaque(run: &[u8]) -> bool {
    let kind = |byte: &u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let letters = run.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let kinds: Vec<_> = letters.map(kind).collect();
    let digits = kinds.iter().filter(|(is_digit, _)| *is_digit).count();
    let changes = kinds.windows(2).filter(|pair| pair[0] != pair[1]).count();
    run.len() >= LONG && (digits >= MANY_DIGITS || 3 * changes >= kinds.len())
}

/// Whether a value of this length can be a secret where nothing but its place says so.
fn may_be_secret(value: &[u8]) -> bool {
    let has_digit = value.iter().any(u8::is_ascii_digit);
    value.len() >= LONG || (value.len() >= SHORTEST_VALUE && has_digit)
}

/// What is called a token, a secret or the like: `token=…`, `"secret": "…"`, `Bearer …`.
fn values(view: &View, found: &mut Vec<Range<usize>>) {
    let bytes = &*view.bytes;
    let is_quote = |byte: &u8| b"\"'`\\".contains(byte);
    let skip = |at: usize, of: &dyn Fn(&u8) -> bool| {
        at + bytes[at..].iter().take_while(|byte| of(byte)).count()
    };
    let mut at = 0;
    while at < bytes.len() {
        let is_called = |name: &&&[u8]| {
            bytes.get(at..at + name.len()).is_some_and(|part| part.eq_ignore_ascii_case(name))
        };
        let Some(name) = NAMES.iter().find(is_called) else {
            at += 1;
            continue;
        };
        let end =
            skip(at + name.len(), &|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte));
        at = end;
        let quoted = skip(end, &is_quote);
        let spaced = skip(quoted, &u8::is_ascii_whitespace);
        let separated = skip(spaced, &|byte| b":=>".contains(byte));
        let start = skip(separated, &u8::is_ascii_whitespace);
        let value = skip(start, &is_quote);
        // Within quotes, white space is a part of it.
        let ends = |byte: &u8| is_quote(byte) || b",;&<>)}]".contains(byte);
        let is_quoted = value > start;
        let mut end_of_value = skip(value, &|byte| {
            !ends(byte) && !byte.is_ascii_control() && (is_quoted || *byte != b' ')
        });
        if !is_quoted {
            let ends_sentence = bytes[value..end_of_value].iter().rev();
            end_of_value -= ends_sentence.take_while(|byte| b".!?".contains(byte)).count();
        }
        if end_of_value == value || value == end {
            continue;
        }
        let separator = &bytes[spaced..separated];
        let is_assigned = contains(separator, b"=")
            || contains(separator, b">")
            || (!separator.is_empty() && (quoted > end || is_quoted));
        // Behind a colon or a space words may follow too.
        if is_assigned || may_be_secret(&bytes[value..end_of_value]) {
            found.push(part_of_text(view, &(value..end_of_value)));
            at = end_of_value;
        }
    }
}

/// JSON in the midst of a message, whole or not: it may hold anything.
fn documents(view: &View, text: &str, found: &mut Vec<Range<usize>>) {
    for (at, _) in view.bytes.iter().enumerate().filter(|(_, byte)| b"{[".contains(byte)) {
        let mut inside = view.bytes[at + 1..].iter();
        let first = inside.find(|byte| !byte.is_ascii_whitespace() && **byte != b'\\');
        if matches!(first, Some(b'"' | b'\'' | b'{')) {
            let start = view.from[at].start;
            found.push(start..end_of_message(text, start));
        }
    }
}

/// The letters of something one by one, or its bytes as numbers.
fn listings(view: &View, found: &mut Vec<Range<usize>>) {
    let is_item = |item: &Range<usize>| {
        let bytes = &view.bytes[item.clone()];
        let digits = bytes.strip_prefix(b"0x").unwrap_or(bytes);
        let is_number = bytes.len() <= 3 && bytes.iter().all(u8::is_ascii_digit);
        let is_pair = digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit);
        bytes.len() == 1 || is_number || is_pair
    };
    let items = runs(view, |byte| byte.is_ascii_alphanumeric());
    let are_apart = |one: &Range<usize>, next: &Range<usize>| {
        !is_item(one) || !is_item(next) || view.bytes[one.end..next.start].contains(&b'\n')
    };
    for listing in items.chunk_by(|one, next| !are_apart(one, next)) {
        if listing.len() >= LISTING {
            let listing = listing[0].start..listing[listing.len() - 1].end;
            found.push(part_of_text(view, &listing));
        }
    }
}
