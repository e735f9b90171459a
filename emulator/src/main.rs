//! The emulator as a program.

mod cli;
mod files;

use std::io::{Read, Write};
use std::process::ExitCode;

use clap::Parser;
use frontegg_emulator::{Emulator, TlsFault};
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::cli::Cli;
use crate::files::Files;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("frontegg-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    // Watched before the ready line is out, so that a signal right after it ends us in good order.
    let signalled = runtime.block_on(async { signalled() })?;
    let stdin_ended = cli.exit_with_stdin.then(stdin_ended);
    let (options, dir) = cli.into_options().map_err(std::io::Error::other)?;
    let emulator = Emulator::start(options)?;
    let files = Files::create(dir, &emulator)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", ready(&emulator, &files))?;
    stdout.flush()?;
    runtime.block_on(async {
        match stdin_ended {
            None => signalled.await,
            Some(ended) => tokio::select! {
                () = signalled => {}
                _ = ended => {}
            },
        }
    });
    Ok(())
}

/// The one line that says where everything is.
fn ready(emulator: &Emulator, files: &Files) -> Value {
    let api_tokens: Vec<Value> = emulator
        .api_tokens()
        .iter()
        .map(|token| {
            json!({
                "client_id": token.client_id,
                "secret": token.secret.expose(),
                "type": token.kind.as_str(),
            })
        })
        .collect();
    let faulty: Map<String, Value> = TlsFault::ALL
        .into_iter()
        .filter_map(|fault| {
            Some((fault.name().to_owned(), emulator.https_faulty_url(fault)?.into()))
        })
        .collect();
    json!({
        "http": emulator.http_url(),
        "https": emulator.https_url(),
        "control": emulator.control_url(),
        "base_url": emulator.https_base_url(),
        "http_base_url": emulator.base_url(),
        "ca_file": files.ca,
        "api_tokens": api_tokens,
        "hs256_secret": emulator.hs256_secret(),
        "https_faulty": if faulty.is_empty() { Value::Null } else { faulty.into() },
        "mtls": emulator.mtls_url(),
        "mtls_tls12": emulator.mtls_tls12_url(),
        "client_cert_file": files.client_certificate,
        "client_key_file": files.client_key,
    })
}

/// Waits for Ctrl-C, or for what else asks a program to end. Has signals watched once it returns.
#[cfg(unix)]
fn signalled() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    })
}

/// Waits for Ctrl-C.
#[cfg(windows)]
fn signalled() -> std::io::Result<impl Future<Output = ()>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        ctrl_c.recv().await;
    })
}

/// Waits until whoever holds the other end of standard input is gone.
fn stdin_ended() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut buffer = [0; 1024];
        while matches!(stdin.read(&mut buffer), Ok(read) if read > 0) {}
        let _ = sender.send(());
    });
    receiver
}
