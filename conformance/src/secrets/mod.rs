//! What no output may show, and where it is looked for.
//!
//! A secret is looked for by its letters and digits alone: so it is found whatever stands between
//! them. A run of eight of them is enough, since what is cut is a secret too. Texts are read in every
//! form that bytes are logged in; see `forms`.

mod forms;
mod search;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use forms::SHORTEST;
pub(crate) use search::{Found, Search};

/// Of a text that is not random, shorter ones may stand somewhere by chance.
const SHORTEST_TEXT: usize = 10;
/// The same for a run of hexadecimal digits: there are many in a log, and all look alike.
const SHORTEST_HEXADECIMAL: usize = 12;

/// Secrets and tokens that a scenario has to do with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    parts: BTreeSet<Part>,
    /// To be masked.
    texts: BTreeSet<String>,
}

/// Letters and digits that stand one behind the other in a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    what: &'static str,
    letters: Vec<u8>,
    /// Whether it was drawn at random, so that it is known by any run of it.
    random: bool,
}

impl Part {
    /// What to look for, and where it stands.
    fn windows(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let all = if self.random { usize::MAX } else { 1 };
        self.letters.windows(SHORTEST).enumerate().take(all)
    }

    /// How long this run must be to count.
    fn needed(&self, run: &[u8]) -> usize {
        match self.random {
            false => self.letters.len(),
            true if run.iter().all(u8::is_ascii_hexdigit) => SHORTEST_HEXADECIMAL,
            true => SHORTEST,
        }
    }
}

impl Secrets {
    /// Adds a secret that was drawn at random.
    pub(crate) fn add_random(&mut self, what: &'static str, secret: &str) {
        self.insert(what, secret, true);
        self.mask_too(secret);
    }

    /// Adds what may be a token, and drawn at random if it looks like a JWT or a UUID, or any text.
    pub(crate) fn add(&mut self, what: &'static str, secret: &str) {
        if let [_, payload, signature] = secret.split('.').collect::<Vec<_>>()[..] {
            // Its beginning says what many others say.
            self.insert(what, payload.get(payload.len().saturating_sub(32)..).unwrap_or(""), true);
            self.insert(what, signature, true);
        }
        if is_uuid(secret) {
            return self.add_random(what, secret);
        }
        for part in quotable_parts(secret) {
            if part.len() >= SHORTEST_TEXT {
                self.insert(what, part, false);
            }
        }
        self.mask_too(secret);
    }

    fn insert(&mut self, what: &'static str, part: &str, random: bool) {
        let letters: Vec<u8> = part.bytes().filter(u8::is_ascii_alphanumeric).collect();
        if letters.len() >= SHORTEST {
            self.parts.insert(Part { what, letters, random });
        }
    }

    fn mask_too(&mut self, secret: &str) {
        let parts = quotable_parts(secret).chain(secret.split('.'));
        let parts = parts.filter(|part| part.len() >= SHORTEST_TEXT);
        self.texts.extend(parts.map(String::from));
    }

    /// A search for these alone.
    pub(crate) fn search(&self) -> Search<'_> {
        Secrets::search_all([self])
    }

    /// A search for those of several owners.
    pub(crate) fn search_all<'a>(all: impl IntoIterator<Item = &'a Secrets>) -> Search<'a> {
        let all = all.into_iter().enumerate();
        Search::new(
            all.flat_map(|(owner, secrets)| secrets.parts.iter().map(move |part| (owner, part))),
        )
    }

    /// The text without them, as far as they stand in it as they are.
    pub(crate) fn mask(&self, text: &str) -> String {
        // Longer ones first: one may be a part of another.
        let mut all: Vec<&String> = self.texts.iter().collect();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        all.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "<secret>"))
    }
}

/// The parts of a text that look the same however it is quoted.
fn quotable_parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_graphic() || "\"'\\/".contains(c))
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|it| it == b'-' || it.is_ascii_hexdigit())
}
