//! The program: its ready line, its files, its end.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::wire::{V2, call, send};

/// The program under test. It ends with its standard input, so that no failure leaves it behind.
struct Program {
    child: Child,
    ready: Value,
}

impl Program {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        Program { ready: serde_json::from_str(&line).expect("JSON"), child }
    }

    fn text(&self, member: &str) -> &str {
        self.ready[member].as_str().unwrap_or_else(|| panic!("no {member} in the ready line"))
    }

    fn authenticate(&self, client_id: &str, secret: &str) -> u16 {
        let body = json!({"clientId": client_id, "secret": secret});
        send(self.text("http"), &call(V2, &body)).status
    }

    /// Whether it ends well.
    fn ends(&mut self) -> bool {
        self.child.wait().expect("it ends").success()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_frontegg-emulator"));
    command.args(["--exit-with-stdin", "--algorithm", "HS256"]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

#[test]
fn the_ready_line_says_where_and_how_to_call() {
    let program = Program::start(&["--port", "0"]);
    assert_eq!(program.text("http_base_url"), format!("{}/identity", program.text("http")));
    assert_eq!(program.text("base_url"), format!("{}/identity", program.text("https")));
    assert!(program.text("https").starts_with("https://127.0.0.1:"));
    assert!(program.text("control").starts_with("http://127.0.0.1:"));
    assert!(program.text("hs256_secret").len() > 30);
    let token = &program.ready["api_tokens"][0];
    assert_eq!(token["type"], "tenantApiToken");
    let (id, secret) = (token["client_id"].as_str(), token["secret"].as_str());
    assert_eq!(program.authenticate(id.expect("text"), secret.expect("text")), 200);
    for absent in ["https_faulty", "mtls", "mtls_tls12", "client_cert_file", "client_key_file"] {
        assert_eq!(program.ready[absent], Value::Null, "{absent}");
    }
}

#[test]
fn credentials_come_from_the_command_line() {
    let program = Program::start(&[
        "--api-token",
        "a:1",
        "--api-token",
        "b:2:user",
        "--client-id",
        "c",
        "--secret",
        "3",
    ]);
    let tokens = json!([
        {"client_id": "a", "secret": "1", "type": "tenantApiToken"},
        {"client_id": "b", "secret": "2", "type": "userApiToken"},
        {"client_id": "c", "secret": "3", "type": "tenantApiToken"},
    ]);
    assert_eq!(program.ready["api_tokens"], tokens);
    for (id, secret) in [("a", "1"), ("b", "2"), ("c", "3")] {
        assert_eq!(program.authenticate(id, secret), 200);
    }
    assert_eq!(program.authenticate("a", "2"), 401);
}

#[test]
fn flags_reach_the_options() {
    let program = Program::start(&[
        "--access-token-lifetime",
        "77",
        "--required-header",
        "x-gate: open",
        "--rotation",
        "false",
        "--refresh-token-cap",
        "5",
        "--refresh-token-lifetime",
        "88",
        "--rate-limit",
        "9",
        "--vendor-host",
        "a.example.com",
        "--api-tokens-disabled",
        "--date",
        "--workers",
        "2",
    ]);
    let options = crate::wire::request("GET", "/_emulator/options", "", "");
    let expected = json!({
        "access_token_lifetime": 77,
        "refresh_token_lifetime": 88,
        "refresh_token_cap": 5,
        "rotation": false,
        "rate_limit": 9,
        "api_tokens_disabled": true,
        "date": true,
        "vendor_host": "a.example.com",
        "required_header": {"name": "x-gate", "value": "open"},
    });
    assert_eq!(send(program.text("control"), &options).json(), expected);
}

#[test]
fn files_are_private_and_last_as_long_as_the_program() {
    let mut program = Program::start(&["--mtls", "--tls-faults"]);
    let files = ["ca_file", "client_cert_file", "client_key_file"]
        .map(|name| program.text(name).to_owned());
    for file in &files {
        assert!(std::fs::read_to_string(file).expect("a file").starts_with("-----BEGIN "));
    }
    assert!(
        program.text("mtls").starts_with("https://")
            && program.text("mtls") != program.text("mtls_tls12")
    );
    let faulty = program.ready["https_faulty"].as_object().expect("asked for");
    assert_eq!(faulty.len(), frontegg_emulator::TlsFault::ALL.len());
    assert_ne!(faulty["expired"], faulty["version_1"]);
    let folder = Path::new(&files[0]).parent().expect("a folder").to_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| {
            std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
        };
        assert_eq!((mode(&folder), mode(Path::new(&files[2]))), (0o700, 0o600));
    }
    drop(program.child.stdin.take());
    assert!(program.ends());
    assert!(!folder.exists());
}

#[test]
fn files_can_go_to_a_given_folder_which_stays() {
    let parent = tempfile::TempDir::new().expect("a disk");
    let folder = parent.path().join("given");
    let mut program = Program::start(&["--dir", folder.to_str().expect("text")]);
    assert_eq!(Path::new(program.text("ca_file")), folder.join("ca.pem"));
    drop(program.child.stdin.take());
    assert!(program.ends());
    std::fs::remove_dir(&folder).expect("the folder is there, and empty");
}

#[cfg(unix)]
#[test]
fn signals_end_it_at_once_and_in_good_order() {
    use std::io::Write;
    for signal in ["INT", "TERM", "HUP"] {
        let mut program = Program::start(&[]);
        // Not even a request under way keeps it.
        let hang = crate::wire::request(
            "POST",
            "/_emulator/faults",
            "",
            r#"{"on": "any", "action": {"hang": {}}}"#,
        );
        assert_eq!(send(program.text("control"), &hang).status, 200);
        let mut stream = crate::wire::connect(program.text("http"));
        stream.write_all(&call(V2, &json!({}))).expect("it reads");
        let sent = Command::new("kill")
            .args([&format!("-{signal}"), &program.child.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
        assert!(program.ends(), "{signal}");
        assert!(!Path::new(program.text("ca_file")).exists(), "{signal}");
    }
}

#[test]
fn help_is_complete() {
    let output = command(&["--help"]).output().expect("it runs");
    let help = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success());
    for word in [
        "--host",
        "--port",
        "--https-port",
        "--control-port",
        "--workers",
        "--algorithm",
        "--hs256-secret",
        "--api-token",
        "--client-id",
        "--secret",
        "--issuer",
        "--audience",
        "--application-id",
        "--access-token-lifetime",
        "--refresh-token-lifetime",
        "--refresh-token-cap",
        "--rotation",
        "--rate-limit",
        "--api-tokens-disabled",
        "--date",
        "--vendor-host",
        "--required-header",
        "--tls-name",
        "--tls-faults",
        "--mtls",
        "--request-log",
        "--no-request-log",
        "--dir",
        "--exit-with-stdin",
        "/_emulator/faults",
    ] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn wrong_arguments_are_refused_without_repeating_secrets() {
    for arguments in [
        &["--client-id", "a"][..],
        &["--api-token", "sesame"],
        &["--algorithm", "none"],
        &["--required-header", "x"],
        &["--host", "203.0.113.1"],
        &["--no-request-log", "--request-log", "5"],
    ] {
        let output = command(arguments).stderr(Stdio::piped()).output().expect("it runs");
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
        let complaint = String::from_utf8(output.stderr).expect("text");
        assert!(!complaint.is_empty() && !complaint.contains("sesame"), "{complaint}");
    }
}
