//! What a fleet costs.

use super::plan::Time;
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
        }
    }

    pub(super) fn operation(&mut self) {
        self.operations += 1;
    }

    pub(super) fn reply(&mut self, request: Request, reply: &Reply) {
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
