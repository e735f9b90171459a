//! The queue in which faults wait for their requests.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::fault::{Fault, On};

/// The faults that wait.
#[derive(Default)]
pub(crate) struct Queue(VecDeque<Queued>);

struct Queued {
    fault: Arc<Fault>,
    skip: u64,
    /// The connection that it is for.
    bound: Option<u64>,
    /// How often it is still to hit; nothing for always.
    left: Option<u64>,
}

impl Queue {
    pub(crate) fn push(&mut self, fault: Fault) {
        let left = (fault.times > 0).then_some(fault.times);
        self.0.push_back(Queued { skip: fault.skip, bound: None, left, fault: Arc::new(fault) });
    }

    /// The fault for one event, `on` being what happened on which connection.
    pub(crate) fn take(&mut self, on: On, connection: u64) -> Option<Arc<Fault>> {
        let mut at = None;
        for (index, queued) in self.0.iter_mut().enumerate() {
            if !queued.fault.on.covers(on) || queued.bound.is_some_and(|it| it != connection) {
                continue;
            }
            if queued.skip == 0 {
                at = Some(index);
                break;
            }
            queued.skip -= 1;
        }
        let queued = self.0.get_mut(at?)?;
        let fault = Arc::clone(&queued.fault);
        queued.bound = fault.same_connection.then_some(connection);
        if let Some(left) = &mut queued.left {
            *left -= 1;
            if *left == 0 {
                self.0.remove(at?);
            }
        }
        Some(fault)
    }

    /// Forgets those that are for a connection which has ended.
    pub(crate) fn connection_ended(&mut self, connection: u64) {
        self.0.retain(|queued| queued.bound != Some(connection));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

impl On {
    fn covers(self, event: On) -> bool {
        self == event || (self == On::Any && event != On::Connection)
    }
}
