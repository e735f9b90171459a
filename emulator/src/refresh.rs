//! The refresh tokens of a workspace: single use, a cap for each API token, expiry.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use crate::random;

/// How many dead tokens are remembered, to tell a consumed one from an unknown one.
const REMEMBERED: usize = 100_000;

/// All refresh tokens, live and dead. API tokens are known by their index.
pub(crate) struct RefreshTokens {
    known: HashMap<Arc<str>, Record>,
    /// The live ones of each API token, the earliest first; expired ones go when there is no room.
    live: Vec<BTreeMap<u64, Live>>,
    dead: VecDeque<Arc<str>>,
    issued: u64,
}

struct Live {
    token: Arc<str>,
    expires: SystemTime,
}

struct Record {
    owner: usize,
    serial: u64,
    expires: SystemTime,
    fate: Fate,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Live,
    Consumed,
    /// Expired or evicted.
    Gone,
}

/// A refresh token just issued, or known.
pub(crate) struct Known {
    pub(crate) token: Arc<str>,
    /// Its number in the order of issue, from 1.
    pub(crate) serial: u64,
    pub(crate) owner: usize,
}

/// A refresh token that is not accepted.
pub(crate) struct Refused {
    pub(crate) serial: Option<u64>,
    pub(crate) owner: Option<usize>,
    /// Whether it was once accepted.
    pub(crate) consumed: bool,
}

impl RefreshTokens {
    pub(crate) fn new(owners: usize) -> Self {
        RefreshTokens {
            known: HashMap::new(),
            live: (0..owners).map(|_| BTreeMap::new()).collect(),
            dead: VecDeque::new(),
            issued: 0,
        }
    }

    /// A new token for an API token. Over the cap, the earliest ones die.
    pub(crate) fn issue(
        &mut self,
        owner: usize,
        now: SystemTime,
        expires: SystemTime,
        cap: usize,
    ) -> Known {
        if self.live[owner].len() >= cap {
            self.sweep(owner, now);
        }
        while self.live[owner].len() >= cap.max(1) {
            let Some((_, earliest)) = self.live[owner].pop_first() else { break };
            self.bury(earliest.token, Fate::Gone);
        }
        self.issued += 1;
        let serial = self.issued;
        let token: Arc<str> = random::uuid().into();
        self.live[owner].insert(serial, Live { token: token.clone(), expires });
        self.known.insert(token.clone(), Record { owner, serial, expires, fate: Fate::Live });
        Known { token, serial, owner }
    }

    /// The token as presented in a refresh, if it is good. It stays so until consumed.
    pub(crate) fn present(&mut self, token: &str, now: SystemTime) -> Result<Known, Refused> {
        let Some((key, record)) = self.known.get_key_value(token) else {
            return Err(Refused { serial: None, owner: None, consumed: false });
        };
        let (owner, serial) = (record.owner, record.serial);
        if record.fate == Fate::Live && record.expires > now {
            return Ok(Known { token: key.clone(), serial, owner });
        }
        let consumed = record.fate == Fate::Consumed;
        Err(Refused { serial: Some(serial), owner: Some(owner), consumed })
    }

    /// Uses a token up.
    pub(crate) fn consume(&mut self, known: &Known) {
        self.live[known.owner].remove(&known.serial);
        self.bury(known.token.clone(), Fate::Consumed);
    }

    /// How many tokens of an API token would be accepted.
    pub(crate) fn live(&self, owner: usize, now: SystemTime) -> usize {
        self.live[owner].values().filter(|live| live.expires > now).count()
    }

    /// Buries what has expired.
    fn sweep(&mut self, owner: usize, now: SystemTime) {
        let mut expired = Vec::new();
        self.live[owner].retain(|_, live| {
            let alive = live.expires > now;
            if !alive {
                expired.push(live.token.clone());
            }
            alive
        });
        for token in expired {
            self.bury(token, Fate::Gone);
        }
    }

    fn bury(&mut self, token: Arc<str>, fate: Fate) {
        if let Some(record) = self.known.get_mut(&token) {
            record.fate = fate;
        }
        self.dead.push_back(token);
        if self.dead.len() > REMEMBERED
            && let Some(oldest) = self.dead.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}
