//! What holds whatever happens: time that passes, stands still and steps, answers of every
//! kind, and calls in any order.

use std::collections::HashSet;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::lab::{Got, HOUR, Lab, seconds};
use super::*;
use crate::source::fake::soak;
use crate::{Code, Policy};

#[derive(Debug, Clone)]
enum Happening {
    /// Time passes, or the machine is suspended.
    Advance(Duration),
    /// The wall clock is set.
    Step(i64),
    Call(Duration),
    Answer(Answer),
    /// A resource server rejects the current token, or an older one.
    Invalidate {
        current: bool,
    },
    Credentials {
        same: bool,
    },
    Crash,
}

#[derive(Debug, Clone)]
enum Answer {
    Grant { lifetime: Option<Duration>, took: Duration, refresh_token: Given },
    Lost(Code),
    Unsent(Code),
    Limited(Duration),
}

#[derive(Debug, Clone, Copy)]
enum Given {
    New,
    Same,
    None,
}

fn happening() -> impl Strategy<Value = Happening> {
    let span = prop_oneof![
        (0..5_000_u64).prop_map(Duration::from_millis),
        (0..7_200_u64).prop_map(seconds),
        (0..400_u64).prop_map(|days| seconds(days * 86_400)),
    ];
    let step = prop_oneof![-7_200..7_200_i64, -400_000_000..400_000_000_i64];
    let min_validity = prop_oneof![3 => Just(0), 1 => 0..4_000_u64].prop_map(seconds);
    prop_oneof![
        4 => span.prop_map(Happening::Advance),
        1 => step.prop_map(Happening::Step),
        6 => min_validity.prop_map(Happening::Call),
        6 => answer().prop_map(Happening::Answer),
        1 => any::<bool>().prop_map(|current| Happening::Invalidate { current }),
        1 => any::<bool>().prop_map(|same| Happening::Credentials { same }),
        1 => Just(Happening::Crash),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let lifetime = prop_oneof![
        1 => Just(None),
        2 => (1..20_u64).prop_map(|s| Some(seconds(s))),
        6 => (600..90_000_u64).prop_map(|s| Some(seconds(s))),
        1 => Just(Some(seconds(180 * 86_400))),
        1 => Just(Some(Duration::MAX)),
    ];
    let took = (0..30_000_u64).prop_map(Duration::from_millis);
    let given = prop_oneof![4 => Just(Given::New), 1 => Just(Given::Same), 1 => Just(Given::None)];
    let lost = prop::sample::select(vec![
        Code::Timeout,
        Code::Interrupted,
        Code::ServerError,
        Code::InvalidCredentials,
        Code::RefreshRejected,
        Code::Forbidden,
        Code::Rejected,
        Code::InvalidResponse,
    ]);
    let unsent =
        prop::sample::select(vec![Code::Connect, Code::Timeout, Code::Tls, Code::Exhausted]);
    prop_oneof![
        4 => (lifetime, took, given).prop_map(|(lifetime, took, refresh_token)| {
            Answer::Grant { lifetime, took, refresh_token }
        }),
        3 => lost.prop_map(Answer::Lost),
        1 => unsent.prop_map(Answer::Unsent),
        1 => (0..4_000_u64).prop_map(|s| Answer::Limited(seconds(s))),
    ]
}

/// A lab, and what its observer knows by itself.
struct Watch {
    lab: Lab,
    /// Those the service may have consumed.
    spent: HashSet<String>,
    last_leg: Option<String>,
    /// How many requests the flight has made.
    requests: u32,
    generation: u64,
    /// When the last failure was that nothing has voided since, by the clock since boot.
    failed_at: Option<u64>,
}

impl Watch {
    fn new(policy: Policy) -> Self {
        let lab = Lab::new(policy);
        Self {
            lab,
            spent: HashSet::new(),
            last_leg: None,
            requests: 0,
            generation: 0,
            failed_at: None,
        }
    }

    fn happen(&mut self, happening: &Happening) {
        match happening {
            Happening::Advance(span) => self.lab.advance(*span),
            Happening::Step(seconds) => self.lab.step_wall(*seconds),
            Happening::Call(min_validity) => self.call(*min_validity),
            Happening::Answer(answer) => self.answer(answer),
            Happening::Invalidate { current } => self.invalidate(*current),
            Happening::Credentials { same } => {
                self.lab.state.replace_credentials(*same);
                self.lab.flight = None;
                self.last_leg = None;
                self.failed_at = None;
            }
            Happening::Crash => {
                let Some(number) = self.lab.flight.take() else { return };
                let held = self.serves();
                let error = Error::internal("on purpose");
                let outcome =
                    self.lab.state.crashed(number, error, self.lab.now, 0.5, &mut Vec::new());
                self.last_leg = None;
                self.check_failure(outcome, held);
            }
        }
        let generation = self.lab.state.generation;
        assert!(generation >= self.generation, "the generation goes back");
        self.generation = generation;
    }

    fn call(&mut self, min_validity: Duration) {
        let in_the_air = self.lab.flight.is_some();
        match self.lab.call_for(min_validity) {
            Got::Token(text) | Got::TokenAndRenewal(text) => self.check_valid(&text, min_validity),
            // That nobody is refused while a flight is in the air, and that no second one
            // begins, the lab asserts.
            Got::Wait | Got::Error(_) => {}
        }
        if !in_the_air && self.lab.flight.is_some() {
            if let Some(failed_at) = self.failed_at {
                let waited = self.lab.now.boot - failed_at;
                assert!(waited >= 750_000_000, "again after {waited} ns");
            }
            self.requests = 0;
            self.take_leg();
        }
    }

    /// A token that is served is the one that is held, and alive by both clocks.
    fn check_valid(&self, text: &str, min_validity: Duration) {
        let held = self.lab.state.held().expect("what is served is held");
        assert_eq!((held.token.as_str(), held.generation), (text, self.lab.state.generation));
        let now = self.lab.now;
        let (boot, wall) = (now.boot - held.since.boot, now.wall.saturating_sub(held.since.wall));
        let age = Duration::from_nanos(boot.max(wall));
        assert!(age < held.lifetime, "an expired token is served");
        assert!(held.lifetime >= age + min_validity, "less is left than was asked for");
    }

    fn take_leg(&mut self) {
        let leg = self.lab.leg();
        assert!(!self.spent.contains(&leg), "{leg} is sent again");
        if leg != "authenticate" {
            self.spent.insert(leg.clone());
        }
        // A refresh and an authentication, and the same once more after a token that had
        // expired on its way.
        self.requests += 1;
        assert!(self.requests <= 4, "a flight does not end");
        self.last_leg = Some(leg);
    }

    fn answer(&mut self, answer: &Answer) {
        let Some(leg) = self.last_leg.clone().filter(|_| self.lab.flight.is_some()) else {
            return;
        };
        let before = self.serves();
        let outcome = match answer {
            Answer::Grant { lifetime, took, refresh_token } => {
                let new = format!("refresh-{}", self.lab.granted + 1);
                let given = match refresh_token {
                    Given::New => Some(new),
                    Given::Same => Some(leg).filter(|leg| leg != "authenticate"),
                    Given::None => None,
                };
                // The service gave it back.
                if let Some(given) = &given {
                    self.spent.remove(given);
                }
                self.lab.grant_with(*lifetime, given.as_deref(), *took)
            }
            Answer::Lost(code) => self.lab.fail(*code),
            Answer::Unsent(code) => {
                self.spent.remove(&leg);
                self.lab.fail_unsent(*code)
            }
            Answer::Limited(retry_after) => {
                self.spent.remove(&leg);
                self.lab.limit(*retry_after)
            }
        };
        let Some(outcome) = outcome else { return self.take_leg() };
        self.last_leg = None;
        // The time that the request took has passed meanwhile.
        let before = before.filter(|_| self.serves().is_some());
        match outcome {
            Outcome::Landed(..) => self.failed_at = None,
            Outcome::Failed(_) => self.check_failure(outcome, before),
            Outcome::Superseded => panic!("nothing has superseded it"),
        }
    }

    fn check_failure(&mut self, outcome: Outcome, before: Option<String>) {
        let Outcome::Failed(error) = &outcome else { panic!("{outcome:?}") };
        // Nobody waits for this machine to have what it lacks.
        self.failed_at = Some(self.lab.now.boot).filter(|_| error.code() != Code::Exhausted);
        if let Some(before) = before {
            assert_eq!(self.lab.settle(outcome), Some(Ok(before)), "a valid token is displaced");
        }
    }

    fn invalidate(&mut self, current: bool) {
        let held = self.lab.state.held().map(|held| held.token.as_str().to_owned());
        let text = held.filter(|_| current).unwrap_or_else(|| "token-0".to_owned());
        let was_final = self.lab.state.trouble.as_ref().is_some_and(Trouble::is_final);
        if self.lab.state.invalidate(&text, self.lab.now) && was_final {
            self.failed_at = None;
        }
    }

    /// The token that is held, if it is valid.
    fn serves(&self) -> Option<String> {
        let (held, _) = self.lab.state.valid(self.lab.now)?;
        Some(held.token.as_str().to_owned())
    }

    /// The service is well from now on: after the longest wait there is, one call is enough.
    fn recover(&mut self) {
        let well =
            Answer::Grant { lifetime: Some(HOUR), took: Duration::ZERO, refresh_token: Given::New };
        self.answer(&well);
        self.lab.advance(seconds(15 * 60 + 2));
        self.call(Duration::ZERO);
        self.answer(&well);
        match self.lab.call() {
            Got::Token(text) | Got::TokenAndRenewal(text) => {
                self.check_valid(&text, Duration::ZERO);
            }
            other => panic!("no token from a service that is well: {other:?}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: soak(4_000, 200_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn invariants_hold(
        policy in prop::sample::select(vec![
            Policy::Auto, Policy::RefreshFirst, Policy::AuthenticateOnly,
        ]),
        draw in 0.0..=1.0_f64,
        happenings in vec(happening(), 1..120),
    ) {
        let mut watch = Watch::new(policy);
        watch.lab.draw = draw;
        for happening in &happenings {
            watch.happen(happening);
        }
        watch.recover();
    }

    /// However often it is called, a service that fails is asked as rarely as the waits say:
    /// about 6 times in the first minute, and then every 30 s.
    #[test]
    fn a_failing_service_is_left_alone(
        draw in 0.0..=1.0_f64,
        pauses in vec(1..2_000_u64, 1..600),
    ) {
        let mut lab = Lab::new(Policy::Auto);
        lab.draw = draw;
        let (start, mut flights) = (lab.now.boot, 0_u64);
        for pause in pauses {
            lab.advance(Duration::from_millis(pause));
            if lab.call() == Got::Wait {
                lab.leg();
                lab.fail(Code::ServerError);
                flights += 1;
            }
        }
        let passed = (lab.now.boot - start) / 1_000_000_000;
        prop_assert!(flights <= 7 + passed / 22, "{flights} in {passed} s");
    }
}
