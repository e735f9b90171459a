//! `/_emulator/`: how tests see and steer the service over HTTP.

use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::http::Head;
use crate::response::Response;
use crate::server::Shared;

/// Answers a request under `/_emulator/`.
pub(crate) async fn answer(shared: &Shared, head: &Head, body: &[u8]) -> Response {
    if let Some(requests) = parameter(head, "wait_requests") {
        let limit = Duration::from_millis(parameter(head, "timeout_ms").unwrap_or(10_000));
        let arrived = |shared: &Shared| shared.service().journal.counts.requests >= requests;
        shared.wait_until(arrived, limit).await;
    }
    match act(shared, head, body) {
        Ok(response) => response,
        Err(message) => Response::errors(400, &[&message]),
    }
}

fn act(shared: &Shared, head: &Head, body: &[u8]) -> Result<Response, String> {
    let method = if head.method == "HEAD" { "GET" } else { head.method.as_str() };
    let answer = match (method, head.path.trim_start_matches("/_emulator/")) {
        ("GET", "health") => json!({"status": "ok"}),
        ("GET", "state") => json!(shared.state()),
        ("POST", "reset") => {
            shared.service().reset();
            json!({"reset": true})
        }
        ("POST", "clock") => {
            let Advance { advance_seconds } = parse(body)?;
            let mut service = shared.service();
            service.clock.advance(advance_seconds);
            json!(service.clock_state())
        }
        ("POST", "faults") => {
            let faults = match parse(body)? {
                Value::Array(faults) => faults,
                fault => vec![fault],
            };
            let faults: Vec<Fault> = from_value(Value::Array(faults))?;
            shared.add_faults(faults)?;
            json!({"faults_pending": shared.service().faults.len()})
        }
        ("POST", "release") => {
            shared.release();
            json!({"released": true})
        }
        ("DELETE", "faults") => {
            shared.service().faults.clear();
            json!({"faults_pending": 0})
        }
        ("GET", "options") => json!(shared.service().options().live()),
        ("POST", "options") => {
            let mut service = shared.service();
            service.set_options(&parse::<Map<String, Value>>(body)?)?;
            json!(service.options().live())
        }
        (_, "health" | "state" | "reset" | "clock" | "faults" | "release" | "options") => {
            let message = format!("{} is not allowed for {}", head.method, head.path);
            return Ok(Response::framework_error(405, &message));
        }
        _ => {
            let message = format!("Cannot {} {}", head.method, head.path);
            return Ok(Response::framework_error(404, &message));
        }
    };
    Ok(Response::json(200, &answer))
}

fn parameter(head: &Head, name: &str) -> Option<u64> {
    let pairs = head.query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(known, _)| *known == name)?.1.parse().ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(value).map_err(|error| error.to_string())
}
