//! What a scenario is made of. Unknown members are errors, so that a typo is one.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::step::Step;

/// A scenario and its name: its file's, that of its case and of its call.
#[derive(Clone, Debug)]
pub struct Named {
    /// Such as `bodies/errors: two messages (refresh)`.
    pub name: String,
    pub(crate) scenario: Scenario,
}

impl Named {
    /// Why it does not apply to a language, if it does not.
    pub fn not_for(&self, language: &str) -> Option<&str> {
        self.scenario.not_for.get(language).map(String::as_str)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// What it shows, in a sentence.
    pub(crate) about: String,
    /// Languages that it cannot apply to, and why.
    #[serde(default)]
    pub(crate) not_for: BTreeMap<String, String>,
    /// The environment of the driver's process, which is a new one then.
    #[serde(default)]
    pub(crate) env: BTreeMap<String, String>,
    /// Names, with their addresses, that the driver's process has instead of those of the machine.
    #[serde(default)]
    pub(crate) hosts: BTreeMap<String, Vec<String>>,
    /// Addresses, with their ports, that swallow what is sent there.
    #[serde(default)]
    pub(crate) black_holes: Vec<String>,
    /// Files in the folder of the scenario: name and content.
    #[serde(default)]
    pub(crate) files: Map<String, Value>,
    #[serde(default)]
    pub(crate) service: Service,
    /// Starts a proxy with these `Settings`.
    pub(crate) proxy: Option<Value>,
    /// Settings of the client `a`, made before the first step; `null` for none.
    #[serde(default = "default_client")]
    pub(crate) client: Option<Map<String, Value>>,
    /// Settings of the source `s`, made next, if there is to be one.
    pub(crate) source: Option<Map<String, Value>>,
    pub(crate) steps: Vec<Step>,
    /// The requests that the service must have seen: these, in this order, and no others.
    pub(crate) service_saw: Vec<Map<String, Value>>,
    /// What the service must have counted.
    #[serde(default)]
    pub(crate) service_counted: Map<String, Value>,
    /// The requests that the proxy must have seen.
    #[serde(default)]
    pub(crate) proxy_saw: Vec<Map<String, Value>>,
}

#[allow(clippy::unnecessary_wraps)] // the type of the member
fn default_client() -> Option<Map<String, Value>> {
    Some(Map::new())
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Service {
    /// Options that an emulator has from its start.
    pub(crate) start: Map<String, Value>,
    /// Options that can change while it runs.
    pub(crate) options: Map<String, Value>,
    pub(crate) faults: Vec<Value>,
}
