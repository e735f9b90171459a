//! Virtual time, and what happens in it: events in a queue, one after the other.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use crate::Error;
use crate::clock::Moment;
use crate::store::{Lease, Written};

use super::count::Counts;
use super::holder::{Clocks, Holder};
use super::plan::{HOUR, Incident, MINUTE, Plan, SECOND, Shared, Time};
use super::rng::{Rng, stir};
use super::service::{Request, Response, Service};
use super::store::{Loaded, Store};
use super::watch::Watch;

/// Processes that ended are started again within this.
const RESTARTED_AFTER: std::ops::Range<Time> = SECOND / 10..MINUTE;
const PAUSED_FOR: [Time; 4] = [SECOND, 10 * SECOND, 20 * SECOND, 3 * MINUTE];

pub(super) enum Event {
    /// A holder's program asks for a token, as planned.
    Call {
        who: usize,
        plan: u64,
    },
    /// The same, at any moment.
    Glance {
        who: usize,
    },
    /// A request has come to the service.
    Requested {
        from: Sender,
        request: Request,
    },
    /// An operation has come to the store.
    Asked {
        from: Sender,
        operation: Operation,
    },
    /// An answer has come to a holder.
    Replied {
        who: usize,
        ticket: u64,
        reply: Reply,
    },
    Start {
        who: usize,
    },
    Restart {
        who: usize,
    },
    Happen(Incident),
}

/// Who has sent a message, and wants an answer, if it is not lost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sender {
    pub(super) who: usize,
    pub(super) ticket: Option<u64>,
    /// How long the answer takes to come back.
    pub(super) back: Time,
}

pub(super) enum Operation {
    Load,
    Lease { owner: u64, span: Duration },
    Save { replaces: Option<u64>, written: Rc<Written>, generation: u64, keep: Duration },
    Release { owner: u64 },
}

pub(super) enum Reply {
    Answered(Response),
    /// 5xx.
    Troubled(u16),
    /// No answer; the second says whether the request may have been processed.
    Failed(crate::Code, bool),
    /// The client's wait before it repeats a request is over.
    Again,
    Loaded(Loaded),
    Leased(Lease),
    Saved(Option<u64>),
    StoreFailed(Error),
    Rested,
    TimeIsUp,
}

struct Due {
    at: Time,
    serial: u64,
    event: Event,
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) now: Time,
    pub(super) rng: Rng,
    pub(super) holders: Vec<Holder>,
    pub(super) service: Service,
    pub(super) store: Option<Store>,
    pub(super) watch: Watch,
    pub(super) counts: Counts,
    queue: BinaryHeap<Reverse<Due>>,
    serial: u64,
    /// What happened, in a number.
    pub(super) hash: u64,
    pub(super) told: bool,
}

impl World {
    pub(super) fn new(plan: Plan) -> Self {
        let mut rng = Rng::new(plan.seed ^ 0x000f_1ee7);
        let one_host = Clocks::draw(&mut rng, plan.skew);
        let holders = (0..plan.holders as usize).map(|who| match plan.shared {
            Some(Shared::Files) => Holder::new(&plan, one_host, 0),
            _ => Holder::new(&plan, Clocks::draw(&mut rng, plan.skew), who),
        });
        let mut world = Self {
            holders: holders.collect(),
            service: Service::new(plan.slots, plan.rate),
            store: plan.shared.map(Store::new),
            watch: Watch::default(),
            counts: Counts::new(plan.holders as usize),
            now: 0,
            queue: BinaryHeap::new(),
            serial: 0,
            hash: plan.seed,
            told: false,
            rng,
            plan,
        };
        for who in 0..world.holders.len() {
            let at = world.rng.within(0..world.plan.start_within);
            world.push(at, Event::Start { who });
            let first = world.rng.within(0..world.plan.glance_every);
            world.push(first, Event::Glance { who });
        }
        for (at, incident) in world.plan.incidents.clone() {
            world.push(at, Event::Happen(incident));
        }
        world
    }

    pub(super) fn push(&mut self, at: Time, event: Event) {
        self.serial += 1;
        self.queue.push(Reverse(Due { at, serial: self.serial, event }));
    }

    /// Lives through the plan.
    pub(super) fn run(&mut self) {
        while let Some(Reverse(due)) = self.queue.pop() {
            if due.at >= self.plan.end {
                break;
            }
            self.now = due.at;
            self.note(&due.event);
            self.happen(due.event);
        }
        self.now = self.plan.end;
    }

    fn happen(&mut self, event: Event) {
        // A process that is stopped does what it has to once it goes on.
        if let Event::Call { who, .. } | Event::Glance { who } | Event::Replied { who, .. } = event
        {
            let until = self.holders[who].paused_until;
            if until > self.now {
                return self.push(until, event);
            }
        }
        match event {
            Event::Call { who, plan } => {
                if self.holders[who].planned == plan {
                    self.call(who);
                }
            }
            Event::Glance { who } => self.glance(who),
            Event::Requested { from, request } => self.process(from, request),
            Event::Asked { from, operation } => self.operate(from, operation),
            Event::Replied { who, ticket, reply } => {
                if self.holders[who].ticket == ticket {
                    self.reply(who, reply);
                }
            }
            Event::Start { who } => self.start(who),
            Event::Restart { who } => self.kill(who),
            Event::Happen(incident) => self.incident(incident),
        }
    }

    /// Takes in an answer, unless the process ends or is stopped right before or after that.
    fn reply(&mut self, who: usize, reply: Reply) {
        let troubled = self.in_trouble();
        let chances = self.plan.chances;
        let killed = troubled && self.rng.chance(chances.kill);
        if killed && self.rng.chance(0.5) {
            return self.kill(who);
        }
        if troubled && self.rng.chance(chances.pause) {
            let span = self.rng.one_of(&PAUSED_FOR);
            self.pause(who, self.rng.clone().within(SECOND / 10..span));
            let ticket = self.holders[who].ticket;
            let at = self.holders[who].paused_until;
            return self.push(at, Event::Replied { who, ticket, reply });
        }
        self.advance(who, reply);
        if killed {
            self.kill(who);
        }
    }

    fn pause(&mut self, who: usize, span: Time) {
        self.holders[who].pause(self.now + span);
    }

    fn kill(&mut self, who: usize) {
        if !self.holders[who].up {
            return;
        }
        let owner = self.end_of_process(who);
        if let (Some(store), Some(owner)) = (&mut self.store, owner) {
            store.let_go(owner);
        }
        let at = self.now + self.rng.within(RESTARTED_AFTER);
        self.push(at, Event::Start { who });
    }

    fn incident(&mut self, incident: Incident) {
        match incident {
            Incident::Emptied => self.store.iter_mut().for_each(Store::empty),
            Incident::FailedOver => {
                let saves = self.rng.within(1..3);
                self.store.iter_mut().for_each(|store| store.fail_over(saves));
                self.watch.relapsed();
            }
            Incident::Rolling(span) => {
                for who in 0..self.holders.len() {
                    let part = span * who as Time / self.holders.len() as Time;
                    self.push(self.now + part, Event::Restart { who });
                }
            }
        }
    }

    /// Whether faults happen.
    pub(super) fn in_trouble(&self) -> bool {
        self.now < self.plan.trouble_until
    }

    /// Whether all has been well for so long that every call is served.
    pub(super) fn has_recovered(&self) -> bool {
        self.now >= self.plan.trouble_until + self.plan.recovery()
    }

    /// True time as the world's clocks have it.
    pub(super) fn wall(at: Time) -> Time {
        1_780_000_000 * SECOND + at
    }

    pub(super) fn moment(&self, who: usize) -> Moment {
        self.holders[who].clocks.at(self.now)
    }

    fn note(&mut self, event: &Event) {
        let (kind, who) = event.signature();
        self.hash = stir(self.hash ^ self.now ^ (kind << 56) ^ ((who as u64) << 32));
        if self.told {
            self.tell(who, &event.to_string());
        }
    }

    /// A line of the story of a seed that is played again.
    pub(super) fn tell(&self, who: usize, what: &str) {
        if self.told {
            let (hours, rest) = (self.now / HOUR, self.now % HOUR);
            let (minutes, rest) = (rest / MINUTE, rest % MINUTE);
            println!("{hours}:{minutes:02}:{:09.6} [{who}] {what}", rest as f64 / 1e9);
        }
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.serial == other.serial
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.serial).cmp(&(other.at, other.serial))
    }
}
