//! Reads faults, and refuses those that make no sense.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fault::{Action, CloseWhen, Fault, On, Values};

impl Fault {
    /// Says what is wrong with it, if something is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut before_read = false;
        let mut fits_connection = false;
        let mut fits_request = true;
        let mut status = 200;
        match &self.action {
            Action::Respond(respond) => {
                status = respond.status;
                if respond.body.is_some() && respond.json.is_some() {
                    return Err("`body` and `json` exclude each other".into());
                }
                respond.form.check()?;
            }
            Action::Rewrite(rewrite) => {
                status = rewrite.status.unwrap_or(200);
                rewrite.form.check()?;
            }
            Action::Redirect { status: of_redirect, .. } => status = *of_redirect,
            Action::Drip(drip) if drip.bytes == 0 => {
                return Err("drops of 0 bytes never end".into());
            }
            Action::Close(close) => {
                fits_request =
                    !matches!(close.when, CloseWhen::MidHandshake | CloseWhen::AfterHandshake);
                before_read = close.when == CloseWhen::BeforeRead;
                fits_connection = before_read || !fits_request;
            }
            Action::Alert { .. } | Action::ServerHello { .. } => {
                fits_request = false;
                fits_connection = true;
            }
            Action::Hang {} | Action::Garbage { .. } | Action::Delay(_) => fits_connection = true,
            _ => {}
        }
        if !(200..=999).contains(&status) {
            return Err(format!("{status} is no status of a final answer"));
        }
        if self.on == On::Connection && !fits_connection {
            let fit = "`close` (`before_read`, `mid_handshake`, `after_handshake`), `hang`, `delay`, \
                       `alert`, `server_hello` and `garbage`";
            return Err(format!("for a connection there are {fit}"));
        }
        if self.on != On::Connection && !fits_request {
            return Err("only a connection has a handshake".into());
        }
        if self.on == On::Connection && self.same_connection {
            return Err("a connection is the same once".into());
        }
        if self.hold && (self.on == On::Connection || before_read) {
            return Err("only a request that was read can be held".into());
        }
        match self.process {
            Some(false) if self.action.shows_genuine_answer() || self.action.is_lost_answer() => {
                Err(format!("`{}` needs the request to be processed", self.action.name()))
            }
            Some(true) if before_read => Err("an unread request cannot be processed".into()),
            _ => Ok(()),
        }
    }
}

/// A fault as it stands in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    on: On,
    #[serde(default)]
    skip: u64,
    #[serde(default = "once")]
    times: u64,
    #[serde(default)]
    process: Option<bool>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    hold: bool,
    #[serde(default)]
    same_connection: bool,
    action: Map<String, Value>,
}

fn once() -> u64 {
    1
}

impl TryFrom<Written> for Fault {
    type Error = String;

    fn try_from(mut written: Written) -> Result<Self, String> {
        let delay_ms = match written.action.remove("delay_ms") {
            None => written.delay_ms,
            Some(value) => value.as_u64().ok_or("`delay_ms` must be a number of milliseconds")?,
        };
        let hold = match written.action.remove("hold") {
            None => written.hold,
            Some(value) => value.as_bool().ok_or("`hold` must be true or false")?,
        };
        let action = serde_json::from_value(Value::Object(written.action))
            .map_err(|error| format!("`action`: {error}"))?;
        let Written { on, skip, times, process, same_connection, .. } = written;
        let fault = Fault { on, skip, times, process, delay_ms, hold, same_connection, action };
        fault.check()?;
        Ok(fault)
    }
}

impl TryFrom<Value> for Values {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Null => Ok(Values(Vec::new())),
            Value::String(text) => Ok(Values(vec![text])),
            Value::Array(values) => values
                .into_iter()
                .map(|value| {
                    value.as_str().map(String::from).ok_or("a header's values are strings".into())
                })
                .collect::<Result<_, _>>()
                .map(Values),
            _ => Err("a header is a string, a list of strings, or null".into()),
        }
    }
}
