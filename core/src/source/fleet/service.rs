//! The service as its documentation has it: for one API token, refresh tokens of which each is
//! good for one refresh, of which it keeps so many, and a limit to authentications.

use std::collections::BTreeSet;

use super::plan::{SECOND, Time};

/// What is asked of it. Refresh tokens and access tokens are numbered, each by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    Authenticate,
    Refresh(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Response {
    Granted {
        token: u32,
        refresh_token: u32,
    },
    /// 401.
    Rejected,
    /// 429, until then.
    Limited(Time),
}

#[derive(Debug)]
pub(super) struct Service {
    slots: usize,
    rate: u32,
    /// When each access token was issued.
    issued: Vec<Time>,
    /// The refresh tokens that are good, the earliest first.
    live: BTreeSet<u32>,
    /// Which refresh tokens were presented, and taken notice of.
    presented: Vec<bool>,
    /// A second, and how many authentications came in it.
    window: (Time, u32),
    pub(super) evicted: u64,
    pub(super) most_live: usize,
    pub(super) presented_twice: u64,
}

impl Service {
    pub(super) fn new(slots: usize, rate: u32) -> Self {
        Self {
            slots,
            rate,
            issued: Vec::new(),
            live: BTreeSet::new(),
            presented: Vec::new(),
            window: (0, 0),
            evicted: 0,
            most_live: 0,
            presented_twice: 0,
        }
    }

    pub(super) fn process(&mut self, request: Request, now: Time) -> Response {
        match request {
            Request::Authenticate => {
                let second = now - now % SECOND;
                if self.window.0 != second {
                    self.window = (second, 0);
                }
                if self.window.1 == self.rate {
                    return Response::Limited(second + SECOND);
                }
                self.window.1 += 1;
                let granted = self.grant(now);
                while self.live.len() > self.slots {
                    self.live.pop_first();
                    self.evicted += 1;
                }
                self.most_live = self.most_live.max(self.live.len());
                granted
            }
            Request::Refresh(number) => {
                self.note(number);
                if self.live.remove(&number) { self.grant(now) } else { Response::Rejected }
            }
        }
    }

    /// Takes notice of a request that it does not process.
    pub(super) fn ignore(&mut self, request: Request) {
        if let Request::Refresh(number) = request {
            self.note(number);
        }
    }

    fn note(&mut self, number: u32) {
        let presented = &mut self.presented[number as usize];
        self.presented_twice += u64::from(std::mem::replace(presented, true));
    }

    fn grant(&mut self, now: Time) -> Response {
        let (token, refresh_token) = (self.issued.len() as u32, self.presented.len() as u32);
        self.issued.push(now);
        self.presented.push(false);
        self.live.insert(refresh_token);
        Response::Granted { token, refresh_token }
    }

    pub(super) fn issued(&self, token: u32) -> Time {
        self.issued[token as usize]
    }
}
