//! The command line: one file per command, and what they share.
//!
//! Every command prints for people, or with `--json` one JSON value on standard output. Errors go to standard error (with
//! `--json` as `{"error": …}`), and the exit code says what kind they are.

mod account;
mod cid;
mod client;
mod endpoint;
mod form;
mod get;
mod import;
mod import_nonces;
mod login;
mod pin;
mod profile;
mod progress;
mod rebuild;
mod receipt;
mod remote_path;
mod resumable;
mod save;
mod sending;
mod serve;
mod tarball;
mod tree;
mod unfinished;
mod unpin;
mod verify;

use std::{io::Write, process::ExitCode};

use anyhow::Context;

use clap::{Parser, Subcommand};
use serde::Serialize;

/// Pins content, serves it, and sells or grants access to it: one binary.
#[derive(Parser)]
#[command(version, max_term_width = 110, propagate_version = true, after_help = EXIT_CODES)]
struct Cli {
    /// Print one JSON value instead of text for people.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 content or data is damaged, \
                          4 not allowed, 5 not found";

#[derive(Subcommand)]
enum Command {
    Serve(serve::Serve),
    Account(account::Account),
    Endpoint(endpoint::Endpoint),
    Login(login::Login),
    Cid(cid::CidOf),
    Pin(pin::Pin),
    Unpin(unpin::Unpin),
    Get(get::Get),
    Verify(verify::Verify),
    Rebuild(rebuild::Rebuild),
    Receipt(receipt::Receipt),
    ImportNonces(import_nonces::ImportNonces),
}

/// How a command ended that did not do what it should.
#[derive(Debug)]
enum Failure {
    /// Something went wrong: exit code 1.
    Failed(anyhow::Error),
    /// The command line or a setting is wrong: 2.
    Usage(anyhow::Error),
    /// Content is not what its name says: 3.
    Damaged(anyhow::Error),
    /// A key is wrong or may not do this: 4.
    NotAllowed(anyhow::Error),
    /// What was asked for is not there: 5.
    NotFound(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

/// The error and its causes in one line.
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.error())
    }
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Damaged(_) => 3,
            Self::NotAllowed(_) => 4,
            Self::NotFound(_) => 5,
        }
    }

    fn error(&self) -> &anyhow::Error {
        match self {
            Self::Failed(error)
            | Self::Usage(error)
            | Self::Damaged(error)
            | Self::NotAllowed(error)
            | Self::NotFound(error) => error,
        }
    }
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.json };
    let done = match cli.command {
        Command::Serve(command) => serve::run(command, output),
        Command::Account(command) => account::run(command, output),
        Command::Endpoint(command) => endpoint::run(command, output),
        Command::Login(command) => login::run(command, output),
        Command::Cid(command) => cid::run(&command, output),
        Command::Pin(command) => pin::run(command, output),
        Command::Unpin(command) => unpin::run(command, output),
        Command::Get(command) => get::run(command, output),
        Command::Verify(command) => verify::run(&command, output),
        Command::Rebuild(command) => rebuild::run(&command, output),
        Command::Receipt(command) => receipt::run(&command, output),
        Command::ImportNonces(command) => import_nonces::run(&command, output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.error(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Runs the asynchronous part of a command.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(work)
}

/// Where results go, and in which form.
#[derive(Clone, Copy)]
struct Output {
    json: bool,
}

impl Output {
    /// Prints a result: `text` for people, `value` for programs.
    fn result(self, text: &str, value: &impl Serialize) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, value)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{text}")?;
        }
        Ok(out.flush()?)
    }

    /// Prints why a command did not do what it should.
    fn error(self, failure: &Failure) {
        if self.json {
            eprintln!("{}", serde_json::json!({"error": failure.to_string()}));
        } else {
            eprintln!("tidegate: {failure}");
        }
    }
}
