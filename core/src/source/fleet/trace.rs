//! Events as a person reads them who plays a seed again.

use std::fmt;

use super::world::{Event, Operation, Reply};

impl Event {
    /// What tells it from others, and whose it is.
    pub(super) fn signature(&self) -> (u64, usize) {
        match self {
            Event::Call { who, .. } => (1, *who),
            Event::Glance { who } => (2, *who),
            Event::Requested { from, .. } => (3, from.who),
            Event::Asked { from, .. } => (4, from.who),
            Event::Replied { who, .. } => (5, *who),
            Event::Start { who } => (6, *who),
            Event::Restart { who } => (7, *who),
            Event::Happen(_) => (8, 0),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Call { .. } => f.write_str("calls"),
            Event::Glance { .. } => f.write_str("looks"),
            Event::Requested { from, request } => write!(f, "service: {request:?}{}", lost(from)),
            Event::Asked { from, operation } => write!(f, "store: {operation}{}", lost(from)),
            Event::Replied { ticket, reply, .. } => write!(f, "hears {reply} ({ticket})"),
            Event::Start { .. } => f.write_str("starts"),
            Event::Restart { .. } => f.write_str("is ended"),
            Event::Happen(incident) => write!(f, "all: {incident:?}"),
        }
    }
}

fn lost(from: &super::world::Sender) -> String {
    from.ticket.map_or(" (unheard)".into(), |ticket| format!(" ({ticket})"))
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Load => f.write_str("load"),
            Operation::Lease { span, .. } => write!(f, "lease for {span:?}"),
            Operation::Save { replaces, generation, .. } => {
                write!(f, "save generation {generation} in the place of {replaces:?}")
            }
            Operation::Release { .. } => f.write_str("release"),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Answered(response) => write!(f, "{response:?}"),
            Reply::Troubled(status) => write!(f, "{status}"),
            Reply::Failed(code, processed) => write!(f, "{code}, processed: {processed}"),
            Reply::Again => f.write_str("itself: again"),
            Reply::Loaded(loaded) => {
                write!(f, "entry {:?}", loaded.as_ref().map(|(entry, _)| entry.number))
            }
            Reply::Leased(lease) => write!(f, "{lease:?}"),
            Reply::Saved(number) => write!(f, "saved {number:?}"),
            Reply::StoreFailed(error) => write!(f, "{error}"),
            Reply::Rested => f.write_str("itself: go on"),
            Reply::TimeIsUp => f.write_str("itself: time is up"),
        }
    }
}
