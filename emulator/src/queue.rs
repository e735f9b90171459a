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
    /// How often it is still to hit; nothing for always.
    left: Option<u64>,
}

impl Queue {
    pub(crate) fn push(&mut self, fault: Fault) {
        let left = (fault.times > 0).then_some(fault.times);
        self.0.push_back(Queued { skip: fault.skip, left, fault: Arc::new(fault) });
    }

    /// The fault for one event, `on` being what happened.
    pub(crate) fn take(&mut self, on: On) -> Option<Arc<Fault>> {
        let mut at = None;
        for (index, queued) in self.0.iter_mut().enumerate() {
            if !queued.fault.on.covers(on) {
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
        if let Some(left) = &mut queued.left {
            *left -= 1;
            if *left == 0 {
                self.0.remove(at?);
            }
        }
        Some(fault)
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
