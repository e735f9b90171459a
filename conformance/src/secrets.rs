//! What no output may show, and where it is looked for.

use std::collections::BTreeSet;

/// Shorter ones may stand in a text by chance.
const SHORTEST: usize = 10;

/// Secrets and tokens that a scenario has to do with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets(BTreeSet<String>);

impl Secrets {
    /// Adds a secret: those parts of it that look the same however it is quoted or escaped,
    /// and of a JWT the parts that tell it from others.
    pub(crate) fn add(&mut self, secret: &str) {
        if let [_, payload, signature] = secret.split('.').collect::<Vec<_>>()[..] {
            self.insert(payload.get(payload.len().saturating_sub(32)..).unwrap_or(payload));
            self.insert(signature.get(..24).unwrap_or(signature));
        }
        let quotable = |c: char| c.is_ascii_graphic() && !"\"'\\/".contains(c);
        for part in secret.split(|c| !quotable(c)) {
            self.insert(part);
        }
    }

    fn insert(&mut self, part: &str) {
        if part.len() >= SHORTEST {
            self.0.insert(part.to_owned());
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether any of them stands in a text.
    pub(crate) fn are_in(&self, text: &str) -> bool {
        self.iter().any(|secret| text.contains(secret))
    }

    /// The text without them.
    pub(crate) fn mask(&self, text: &str) -> String {
        // Longer ones first: one may be a part of another.
        let mut all: Vec<&str> = self.iter().collect();
        all.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        all.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "<secret>"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_however_it_is_escaped_and_is_masked() {
        let mut secrets = Secrets::default();
        secrets.add("pä\"ss-0123456789");
        for text in [r#"{"secret":"pä\"ss-0123456789"}"#, r"'p\u00e4\x22ss-0123456789'"] {
            assert!(secrets.are_in(text), "{text}");
            assert!(!secrets.are_in(&secrets.mask(text)));
        }
        assert!(!secrets.are_in("ss-012345678"));
    }

    #[test]
    fn a_part_of_a_token_is_found() {
        let mut secrets = Secrets::default();
        let (payload, signature) = ("p".repeat(40), "s".repeat(40));
        secrets.add(&format!("eyJhbGciOiJIUzI1NiJ9.{payload}.{signature}"));
        assert!(secrets.are_in(&format!("…{}", &signature[..30])));
        assert!(secrets.are_in(&payload));
        assert!(!secrets.are_in("eyJhbGciOiJIUzI1NiJ9"));
    }
}
