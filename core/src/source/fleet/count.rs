//! What a fleet costs.

use super::plan::{SECOND, Time};
use super::service::{Request, Response};
use super::world::Reply;

#[derive(Debug)]
pub(super) struct Counts {
    pub(super) authentications: u64,
    pub(super) refreshes: u64,
    /// Refreshes of tokens that the service did not keep.
    pub(super) rejected: u64,
    /// Answers of 429.
    pub(super) limited: u64,
    pub(super) operations: u64,
    /// For how long holders were refused a token, all together.
    pub(super) lacked: Time,
    lacks_since: Vec<Option<Time>>,
    /// Requests and the store's operations, second by second.
    seconds: Vec<Second>,
}

/// What comes in a second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Second {
    pub(super) requests: u32,
    pub(super) operations: u32,
}

impl Counts {
    pub(super) fn new(holders: usize) -> Self {
        Self {
            authentications: 0,
            refreshes: 0,
            rejected: 0,
            limited: 0,
            operations: 0,
            lacked: 0,
            lacks_since: vec![None; holders],
            seconds: Vec::new(),
        }
    }

    pub(super) fn operation(&mut self, now: Time) {
        self.operations += 1;
        self.second(now).operations += 1;
    }

    fn second(&mut self, now: Time) -> &mut Second {
        let second = (now / SECOND) as usize;
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, Second::default());
        }
        &mut self.seconds[second]
    }

    /// The most of each in any second.
    pub(super) fn peaks(&self) -> Second {
        self.seconds.iter().fold(Second::default(), |most, second| Second {
            requests: most.requests.max(second.requests),
            operations: most.operations.max(second.operations),
        })
    }

    pub(super) fn request(&mut self, request: Request, reply: &Reply, now: Time) {
        self.second(now).requests += 1;
        match (request, reply) {
            (Request::Authenticate, Reply::Answered(Response::Granted { .. })) => {
                self.authentications += 1;
            }
            (Request::Refresh(_), Reply::Answered(Response::Granted { .. })) => self.refreshes += 1,
            (Request::Refresh(_), Reply::Answered(Response::Rejected)) => self.rejected += 1,
            (_, Reply::Answered(Response::Limited(_))) => self.limited += 1,
            _ => {}
        }
    }

    pub(super) fn lack_begins(&mut self, who: usize, now: Time) {
        self.lacks_since[who].get_or_insert(now);
    }

    pub(super) fn lack_ends(&mut self, who: usize, now: Time) {
        if let Some(since) = self.lacks_since[who].take() {
            self.lacked += now - since;
        }
    }
}
