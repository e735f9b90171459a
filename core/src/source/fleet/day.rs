//! A day in the life of a fleet, healthy or not, with a store or without, and what it costs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Policy;

use super::live;
use super::plan::{Chances, Cut, HOUR, Illness, Incident, MINUTE, Plan, SECOND, Shared, Spell};

const DAY: u64 = 24 * HOUR;
const SEED: u64 = 24;
/// Seconds.
const LIFETIME: u64 = 3600;

/// Holders, of which 200 are the fleet that is run with real processes as well.
const SIZES: [u32; 6] = [10, 100, 200, 1000, 10_000, 100_000];

impl Plan {
    /// All holders start within a minute, and are there for a day. Of what does not depend on
    /// chance alone, each fault has an hour to itself, or some.
    fn of_a_day(holders: u32, shared: Option<Shared>, troubled: bool) -> Self {
        let mut plan = Self {
            seed: SEED,
            holders,
            policy: Policy::Auto,
            shared,
            lifetime: Duration::from_secs(LIFETIME),
            start_within: MINUTE,
            trouble_until: 0,
            end: DAY,
            slots: 100,
            rate: 100,
            chances: Chances::default(),
            skew: 0,
            glance_every: LIFETIME * SECOND,
            illnesses: Vec::new(),
            cuts: Vec::new(),
            incidents: Vec::new(),
        };
        if troubled {
            plan.trouble();
        }
        plan
    }

    fn trouble(&mut self) {
        self.trouble_until = 22 * HOUR;
        self.skew = 5 * MINUTE;
        // A process dies about once a day, and in the midst of whatever it does.
        self.chances = Chances {
            kill: 0.01,
            pause: 0.01,
            unsent: 0.01,
            lost: 0.01,
            late: 0.01,
            error: 0.01,
            store_unsent: 0.01,
            store_lost: 0.01,
            // Nothing could tell how old an entry is that comes later than its sender believes.
            store_late: 0.0,
            step: 0.01,
            invalidate: 0.0,
        };
        let minutes = |hour: u64, minutes| hour * HOUR..hour * HOUR + minutes * MINUTE;
        let illness = |hour, what, share| {
            let during = minutes(hour, 10);
            Spell { during, what, share, salt: hour }
        };
        self.illnesses = vec![
            illness(3, Illness::Down, 1.0),
            illness(7, Illness::Mute, 0.3),
            illness(11, Illness::Limited, 1.0),
            illness(15, Illness::Unreachable, 0.3),
            illness(19, Illness::Broken, 1.0),
        ];
        if self.shared.is_some() {
            let cut =
                |hour, what, share| Spell { during: minutes(hour, 20), what, share, salt: hour };
            self.cuts = vec![
                cut(5, Cut::Refused, 1.0),
                cut(9, Cut::Mute, 0.3),
                cut(13, Cut::Refused, 0.3),
                cut(17, Cut::Mute, 1.0),
            ];
            self.incidents.push((20 * HOUR, Incident::Emptied));
        }
        for hour in [2, 10, 18] {
            self.incidents.push((hour * HOUR, Incident::Rolling(10 * MINUTE)));
        }
    }
}

/// What a day costs.
fn costs(holders: u32, shared: Option<Shared>, troubled: bool) -> String {
    let world = live(Plan::of_a_day(holders, shared, troubled), false);
    let (counts, service, peaks) = (&world.counts, &world.service, world.counts.peaks());
    let lacked = counts.lacked as f64 / SECOND as f64 / f64::from(holders);
    format!(
        "{holders},{},{},{},{},{},{},{},{},{},{},{},{lacked:.1}\n",
        if shared.is_some() { "store" } else { "none" },
        if troubled { "faults" } else { "healthy" },
        counts.authentications,
        counts.refreshes,
        counts.rejected,
        counts.limited,
        peaks.requests,
        service.most_live,
        service.evicted,
        counts.operations,
        peaks.operations,
    )
}

const COLUMNS: &str = "holders,shared,day,authentications,refreshes,rejected_refreshes,limited,\
    peak_requests_a_second,most_live_refresh_tokens,evicted_refresh_tokens,store_operations,\
    peak_store_operations_a_second,seconds_without_token_per_holder\n";

fn table(sizes: impl Iterator<Item = u32>) -> String {
    let mut table = String::from(COLUMNS);
    for holders in sizes {
        for shared in [None, Some(Shared::Server)] {
            for troubled in [false, true] {
                table += &costs(holders, shared, troubled);
            }
        }
    }
    table
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fleet.csv")
}

#[test]
fn small_fleets_cost_what_the_table_says() {
    let committed = std::fs::read_to_string(committed()).expect("the table is there");
    let table = table(SIZES.into_iter().filter(|holders| *holders <= 200));
    assert!(committed.starts_with(&table), "`make fleet` writes it anew; it starts\n{table}");
}

/// Takes minutes.
#[test]
#[ignore = "writes fleet.csv: `make fleet` runs it"]
fn write_the_table() {
    std::fs::write(committed(), table(SIZES.into_iter())).expect("it can be written");
}
