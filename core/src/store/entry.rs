//! What sources of one API token tell each other, and how it is written down.
//!
//! The text is JSON. Times in it are spans in nanoseconds, counted from the moment of saving:
//! the reader finds out how long ago that was, see [`Written`], and no two hosts need agree on what
//! time it is.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::{Moment, nanos};
use crate::store::boot::{self, Boot};
use crate::{AccessToken, Code, Error, RefreshToken};

/// A clock of another host may be ahead by so much; what comes from further in the future was
/// not saved then.
const TOLERANCE: Duration = Duration::from_secs(300);

/// An idle fleet finds its refresh token for so long after the access token's end.
const REFRESHABLE_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

/// Spare time, so that what has ended is not looked for in vain.
const SPARE: Duration = Duration::from_secs(60);

/// What is shared. A refresh token that is missing was never there, or is spent: it is taken
/// out before it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stored {
    /// Rises with every renewal.
    pub(crate) generation: u64,
    pub(crate) token: Option<StoredToken>,
    pub(crate) refresh: Option<Refreshable>,
    pub(crate) rejection: Option<Rejection>,
}

#[derive(Debug, Clone)]
pub(crate) struct StoredToken {
    pub(crate) token: AccessToken,
    /// Before it was asked for, in terms of the reader's clocks.
    pub(crate) since: Moment,
    pub(crate) lifetime: Duration,
}

/// A refresh token that was not sent yet, or that the service gave back after it was.
#[derive(Debug, Clone)]
pub(crate) struct Refreshable {
    pub(crate) token: RefreshToken,
    /// Whether it has brought a token already, which happens where the service does not rotate.
    pub(crate) used: bool,
}

/// The service does not accept the credentials, and is to be left alone for a while.
#[derive(Debug, Clone)]
pub(crate) struct Rejection {
    pub(crate) error: Error,
    /// How many times in a row that was so.
    pub(crate) in_a_row: u32,
    /// By the reader's clock since boot, in nanoseconds.
    pub(crate) until: u64,
}

impl Stored {
    /// How long it is worth keeping.
    pub(crate) fn keep(&self, now: Moment) -> Duration {
        let token = self
            .token
            .as_ref()
            .map_or(Duration::ZERO, |token| token.lifetime.saturating_sub(now.age_of(token.since)));
        let refresh = if self.refresh.is_some() { REFRESHABLE_FOR } else { Duration::ZERO };
        let rejection = self.rejection.as_ref().map_or(0, |it| it.until.saturating_sub(now.boot));
        let worth = token.saturating_add(refresh).max(Duration::from_nanos(rejection));
        worth.saturating_add(SPARE).min(crate::LONGEST)
    }

    /// `on_its_way`: how long it may take to the store.
    pub(crate) fn write(&self, now: Moment, on_its_way: Duration) -> Zeroizing<Vec<u8>> {
        let written = Written::new(self, now, on_its_way, &boot::id());
        // Room for the longest escapes: it never grows, and leaves no copy behind.
        let texts = [
            written.token.as_ref().map_or(0, |token| token.text.len()),
            written.refresh.as_ref().map_or(0, |refresh| refresh.text.len()),
        ];
        let mut bytes = Zeroizing::new(Vec::with_capacity(texts.iter().sum::<usize>() * 6 + 4096));
        serde_json::to_writer(&mut *bytes, &written).expect("a vector takes all");
        bytes
    }

    /// `left`: how long the store keeps it yet, by the store's clock. `None` for what this
    /// version cannot read.
    pub(crate) fn read(bytes: &[u8], left: Option<Duration>, now: Moment) -> Option<Self> {
        let written: Written = serde_json::from_slice(bytes).ok()?;
        Some(written.into_stored(left, now, &boot::id()))
    }
}

/// As it is written down.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Written {
    generation: u64,
    saved: Saved,
    /// How long the store keeps it from the time on that it has it; and how long that may take,
    /// so that a token is rather older than it seems, however often it is saved again.
    keep: u64,
    token: Option<WrittenToken>,
    refresh: Option<WrittenRefresh>,
    rejection: Option<WrittenRejection>,
}

impl Written {
    /// `host`: what tells the writer's boot from any other.
    pub(crate) fn new(stored: &Stored, now: Moment, on_its_way: Duration, host: &str) -> Self {
        Self {
            generation: stored.generation,
            saved: Saved { wall: now.wall, boot: now.boot, host: host.into() },
            keep: nanos(stored.keep(now).saturating_add(on_its_way)),
            token: stored.token.as_ref().map(|token| WrittenToken {
                text: Zeroizing::new(token.token.as_str().to_owned()),
                age: now.nanos_since(token.since),
                lifetime: nanos(token.lifetime),
            }),
            refresh: stored.refresh.as_ref().map(|refresh| WrittenRefresh {
                text: Zeroizing::new(refresh.token.as_str().to_owned()),
                used: refresh.used,
            }),
            rejection: stored.rejection.as_ref().map(|it| WrittenRejection {
                code: it.error.code().number(),
                message: it.error.message().into(),
                http_status: it.error.http_status(),
                messages: it.error.messages().to_vec(),
                error_code: it.error.error_code().map(Into::into),
                trace_id: it.error.trace_id().map(Into::into),
                in_a_row: it.in_a_row,
                left: it.until.saturating_sub(now.boot),
            }),
        }
    }

    /// `host`: the same of the reader's boot. Where nothing tells how old it is, it has no token
    /// and no rejection, since either may be over; a refresh token is worth a try.
    pub(crate) fn into_stored(self, left: Option<Duration>, now: Moment, host: &str) -> Stored {
        let saved_ago = self.age(left, now, host);
        let earlier = |span: u64| Moment {
            boot: now.boot.saturating_sub(span),
            wall: now.wall.saturating_sub(span),
        };
        Stored {
            generation: self.generation,
            token: self.token.zip(saved_ago).and_then(|(mut token, saved_ago)| {
                let age = token.age.saturating_add(saved_ago);
                // An expired one is of no use, and its age might be beyond what a clock holds.
                (age < token.lifetime).then(|| StoredToken {
                    token: AccessToken::new(std::mem::take(&mut *token.text)),
                    since: earlier(age),
                    lifetime: Duration::from_nanos(token.lifetime),
                })
            }),
            refresh: self.refresh.map(|mut refresh| Refreshable {
                token: RefreshToken::new(std::mem::take(&mut *refresh.text)),
                used: refresh.used,
            }),
            rejection: self.rejection.zip(saved_ago).and_then(|(it, saved_ago)| {
                let error = Error::new(Code::from_number(it.code)?, it.message)
                    .with_messages(it.messages, it.error_code)
                    .with_trace_id(it.trace_id);
                Some(Rejection {
                    error: it.http_status.into_iter().fold(error, Error::with_status),
                    in_a_row: it.in_a_row,
                    until: now.boot.saturating_add(it.left.saturating_sub(saved_ago)),
                })
            }),
        }
    }

    /// How long ago it was saved, in nanoseconds: as the store's own clock tells, where it does;
    /// as the clock since boot tells where it is the same; else as the wall clocks of two hosts
    /// tell. `None` where that cannot be, and where the wall clock may have been set since.
    fn age(&self, left: Option<Duration>, now: Moment, host: &str) -> Option<u64> {
        let by_store = left.map(|left| self.keep.saturating_sub(nanos(left)));
        let saved = Moment { boot: self.saved.boot, wall: self.saved.wall };
        let boot = boot::compare((saved, &self.saved.host), (now, host));
        let by_boot = now.boot.checked_sub(self.saved.boot);
        let ahead = self.saved.wall.saturating_sub(now.wall);
        let by_wall = now.wall.saturating_sub(self.saved.wall);
        match (by_store, boot) {
            (Some(by_store), Boot::Same) => Some(by_store.max(by_boot.unwrap_or(0))),
            (Some(by_store), _) => Some(by_store),
            (None, Boot::Same) => Some(by_boot?.max(by_wall)),
            (None, Boot::Other) => (ahead <= nanos(TOLERANCE)).then_some(by_wall),
            (None, Boot::Unknown) => None,
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct Saved {
    wall: u64,
    boot: u64,
    host: String,
}

#[derive(Clone, Serialize, Deserialize)]
struct WrittenToken {
    text: Zeroizing<String>,
    age: u64,
    lifetime: u64,
}

#[derive(Clone, Serialize, Deserialize)]
struct WrittenRefresh {
    text: Zeroizing<String>,
    used: bool,
}

#[derive(Clone, Serialize, Deserialize)]
struct WrittenRejection {
    code: i32,
    message: String,
    http_status: Option<u16>,
    messages: Vec<String>,
    error_code: Option<String>,
    trace_id: Option<String>,
    in_a_row: u32,
    left: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const SAVED: Moment = Moment { boot: 7_200_000_000_000, wall: 1_780_000_000_000_000_000 };

    /// What a reader finds of an entry with a token of an hour, once both clocks have gone on, and
    /// the wall clock was set by some minutes.
    fn read(hosts: [&str; 2], minutes: u64, set: i64, left: Option<Duration>) -> Stored {
        let stored = Stored {
            generation: 1,
            token: Some(StoredToken {
                token: AccessToken::new("token".into()),
                since: SAVED,
                lifetime: HOUR,
            }),
            refresh: Some(Refreshable { token: RefreshToken::new("refresh"), used: false }),
            rejection: None,
        };
        let written = Written::new(&stored, SAVED, Duration::ZERO, hosts[0]);
        let minute = nanos(HOUR) / 60;
        let now = Moment {
            boot: SAVED.boot + minutes * minute,
            wall: (SAVED.wall + minutes * minute).saturating_add_signed(set * 60_000_000_000),
        };
        written.into_stored(left, now, hosts[1])
    }

    #[test]
    fn a_wall_clock_that_was_set_back_serves_no_expired_token_on_any_system() {
        for hosts in [["a", "a"], ["", ""], ["a", ""], ["", "a"]] {
            for set in [-30, -59, -24 * 60, -4, 0, 30] {
                let found = read(hosts, 61, set, None);
                assert!(found.token.is_none(), "{hosts:?} {set}");
                assert_eq!(found.refresh.unwrap().token.as_str(), "refresh");
            }
            assert!(read(hosts, 30, 0, None).token.is_some());
            assert!(read(hosts, 30, -2, None).token.is_some());
        }
        // Nothing says whether it was set, or this is another boot.
        assert!(read(["", ""], 10, -30, None).token.is_none());
        assert!(read(["a", "a"], 10, -30, None).token.is_some());
    }

    #[test]
    fn another_boot_is_believed_its_wall_clock_and_a_store_its_own() {
        assert!(read(["a", "b"], 30, 0, None).token.is_some());
        assert!(read(["a", "b"], 61, 0, None).token.is_none());
        assert!(read(["a", "b"], 0, -6, None).token.is_none());
        let keep = Duration::from_secs(30 * 24 * 3600) + HOUR + SPARE;
        for hosts in [["a", "a"], ["a", "b"], ["", ""]] {
            assert!(read(hosts, 30, 0, Some(keep.saturating_sub(HOUR / 2))).token.is_some());
            assert!(read(hosts, 30, 0, Some(keep.saturating_sub(HOUR))).token.is_none());
        }
    }
}
