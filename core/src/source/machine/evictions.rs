//! Refreshes that come to nothing each time: more holders than the service gives slots are
//! evicting one another's refresh tokens, which are rejected before they were ever used; or the
//! service refuses all refreshes, as the host of a region does that is not told the vendor host. A
//! refresh is then a request for nothing, and a source authenticates only, for a while.

use crate::token::Origin;
use crate::{Code, Error, Policy};

/// So many in a row are no accident.
const ACCIDENTS: u32 = 3;
/// So many authentications pass until a refresh is tried again; what that costs is then a
/// twentieth of a request a lifetime.
const AUTHENTICATIONS: u32 = 20;

#[derive(Debug, Clone)]
pub(super) struct Evictions {
    policy: Policy,
    rejected_in_a_row: u32,
    authentications_left: u32,
}

impl Evictions {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy, rejected_in_a_row: 0, authentications_left: 0 }
    }

    pub(super) fn prefer_refresh(&self) -> bool {
        match self.policy {
            Policy::RefreshFirst => true,
            Policy::AuthenticateOnly => false,
            Policy::Auto => self.authentications_left == 0,
        }
    }

    /// `used`: the refresh token had brought a token before, so that it was not evicted unused.
    pub(super) fn note_failed_refresh(&mut self, error: &Error, used: bool) {
        let for_nothing = match error.code() {
            Code::RefreshRejected => !used,
            Code::Forbidden | Code::Rejected => true,
            // Somebody who answers with another page than the service does.
            Code::InvalidResponse => error.http_status().is_some(),
            _ => false,
        };
        if !for_nothing {
            return;
        }
        self.rejected_in_a_row = (self.rejected_in_a_row + 1).min(ACCIDENTS);
        if self.policy == Policy::Auto && self.rejected_in_a_row == ACCIDENTS {
            self.authentications_left = AUTHENTICATIONS;
        }
    }

    pub(super) fn note_granted(&mut self, origin: Origin) {
        match origin {
            Origin::Refresh => self.rejected_in_a_row = 0,
            // Of rejections, the next one is enough to go without again.
            Origin::Authenticate => {
                self.authentications_left = self.authentications_left.saturating_sub(1);
            }
            // A sibling's request says nothing of this source's.
            Origin::Store => {}
        }
    }
}
