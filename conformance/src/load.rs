//! Reads scenarios, and makes several of a file with cases.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use frontegg_emulator::{Bytes, Fault};
use serde_json::{Map, Value};

use crate::scenario::{Named, Scenario};
use crate::step::Step;
use crate::{proxy, stage, template};

/// Reads all scenarios below a folder, in the order of their names; says what is wrong with
/// the first that is not right.
pub fn load(folder: &Path) -> Result<Vec<Named>, String> {
    let mut files = Vec::new();
    collect(folder, &mut files).map_err(|error| format!("{}: {error}", folder.display()))?;
    files.sort();
    let mut scenarios = Vec::new();
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).with_extension("");
        let name = name.to_string_lossy().replace('\\', "/");
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{name}: {error}"))?;
        scenarios.extend(parse(&name, &text).map_err(|error| format!("{name}: {error}"))?);
    }
    if scenarios.is_empty() {
        return Err(format!("{}: no scenarios", folder.display()));
    }
    Ok(scenarios)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

/// The scenarios of one file: one for each of its `cases` and `calls`, or just one.
pub(crate) fn parse(name: &str, text: &str) -> Result<Vec<Named>, String> {
    let mut file: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    let cases = match file.remove("cases") {
        None => vec![(String::new(), Map::new())],
        Some(Value::Object(cases)) => cases
            .into_iter()
            .map(|(case, variables)| match variables {
                Value::Object(variables) => Ok((format!(": {case}"), variables)),
                _ => Err(format!("case {case}: not an object")),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err("`cases` is not an object".into()),
    };
    let calls: Vec<Option<String>> = match file.remove("calls") {
        None => vec![None],
        Some(calls) => serde_json::from_value::<Vec<String>>(calls)
            .map_err(|error| format!("`calls`: {error}"))?
            .into_iter()
            .map(Some)
            .collect(),
    };
    let template = Value::Object(file);
    let mut scenarios = Vec::new();
    for (case, variables) in &cases {
        for call in &calls {
            let mut variables = variables.clone();
            let mut full_name = format!("{name}{case}");
            if let Some(call) = call {
                full_name = format!("{full_name} ({call})");
                variables.insert("call".into(), call.as_str().into());
            }
            let scenario = instantiate(&template, &variables)
                .map_err(|error| format!("{full_name}: {error}"))?;
            scenarios.push(Named { name: full_name, scenario });
        }
    }
    Ok(scenarios)
}

fn instantiate(template: &Value, variables: &Map<String, Value>) -> Result<Scenario, String> {
    let mut used = Vec::new();
    template::names(template, &mut used);
    if let Some(unused) = variables.keys().find(|name| !used.contains(name)) {
        return Err(format!("nothing uses the variable {unused}"));
    }
    let mut value = template.clone();
    template::fill(&mut value, &|name| variables.get(name).cloned());
    let mut left = Vec::new();
    template::names(&value, &mut left);
    if let Some(unknown) = left.iter().find(|name| !is_known(name)) {
        return Err(format!("unknown variable {{{unknown}}}"));
    }
    let scenario: Scenario = serde_json::from_value(value).map_err(|error| error.to_string())?;
    check(&scenario)?;
    Ok(scenario)
}

/// A variable of the stage, or a time that the emulator puts into a header.
fn is_known(name: &str) -> bool {
    let word = name.split(['+', '-']).next().unwrap_or_default();
    let hashed = word.strip_suffix("_sha256").unwrap_or(word);
    let time = word.strip_prefix("service_").unwrap_or(word);
    stage::VARIABLES.contains(&hashed) || ["rfc3339", "httpdate", "unix"].contains(&time)
}

/// What the model alone does not tell.
fn check(scenario: &Scenario) -> Result<(), String> {
    if scenario.about.is_empty() || scenario.steps.is_empty() {
        return Err("`about` or `steps` is empty".into());
    }
    for address in scenario.hosts.values().flatten() {
        address.parse::<IpAddr>().map_err(|error| format!("`hosts`: {address}: {error}"))?;
    }
    for (name, content) in &scenario.files {
        Bytes::try_from(content.clone()).map_err(|error| format!("the file {name}: {error}"))?;
    }
    check_faults(&scenario.service.faults)?;
    if let Some(settings) = &scenario.proxy {
        proxy::Settings::read(settings)?;
    }
    check_steps(&scenario.steps)
}

fn check_faults(faults: &[Value]) -> Result<(), String> {
    for fault in faults {
        serde_json::from_value::<Fault>(fault.clone())
            .map_err(|error| format!("a fault: {error}"))?;
    }
    Ok(())
}

fn check_steps(steps: &[Step]) -> Result<(), String> {
    for step in steps {
        match step {
            Step::Faults { faults } => check_faults(faults)?,
            Step::Repeat { steps, .. } => check_steps(steps)?,
            _ => {}
        }
        if step.expect().is_some_and(|expect| expect.ok.is_some() && expect.error.is_some()) {
            return Err("a step expects both `ok` and `error`".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        "about": "{call} with {status}",
        "calls": ["authenticate", "refresh"],
        "cases": {"one": {"status": 400}, "two": {"status": 418}},
        "service": {"faults": [{"on": "{call}", "action": {"respond": {"status": "{status}"}}}]},
        "steps": [{"do": "{call}", "expect": {"error": {"http_status": "{status}"}}}],
        "service_saw": [{"kind": "{call}", "status": "{status}"}]
    }"#;

    #[test]
    fn cases_and_calls_multiply() {
        let names: Vec<String> =
            parse("x", FILE).unwrap().into_iter().map(|named| named.name).collect();
        let expected = [
            "x: one (authenticate)",
            "x: one (refresh)",
            "x: two (authenticate)",
            "x: two (refresh)",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn typing_errors_are_errors() {
        for (right, wrong, says) in [
            ("\"expect\"", "\"expects\"", "unknown field `expects`"),
            ("\"{status}\"}}}]", "\"{statsu}\"}}}]", "unknown variable {statsu}"),
            ("\"one\": {", "\"one\": {\"unused\": 1, ", "nothing uses the variable unused"),
            ("\"respond\"", "\"responds\"", "unknown variant `responds`"),
            ("\"service_saw\"", "\"service_sees\"", "unknown field `service_sees`"),
            ("\"do\": \"{call}\"", "\"do\": \"login\"", "unknown variant `login`"),
        ] {
            let error = parse("x", &FILE.replace(right, wrong)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_loop_is_looked_into() {
        let file = |steps: &str| {
            let steps = format!(r#"[{{"do": "repeat", "times": 2, "steps": [{steps}]}}]"#);
            parse("x", &format!(r#"{{"about": "x", "steps": {steps}, "service_saw": []}}"#))
        };
        assert!(file(r#"{"do": "token"}"#).is_ok());
        for (steps, says) in [
            (r#"{"do": "token", "expects": {}}"#, "unknown field `expects`"),
            (r#"{"do": "token", "expect": {"ok": {}, "error": {}}}"#, "both `ok` and `error`"),
            (r#"{"do": "faults", "faults": [{"on": "token"}]}"#, "a fault: unknown variant"),
        ] {
            let error = file(steps).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
