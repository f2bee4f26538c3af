//! The command line: one file per command, and what they share.
//!
//! Every command prints for people, or with `--json` one JSON value on standard output. Errors go to standard error (with
//! `--json` as `{"error": …}`), and the exit code says what kind they are.

mod serve;

use std::{io::Write, process::ExitCode};

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
}

/// How a command ended that did not do what it should.
#[derive(Debug)]
enum Failure {
    /// Something went wrong: exit code 1.
    Failed(anyhow::Error),
    /// The command line or a setting is wrong: 2.
    Usage(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl Failure {
    fn code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
        }
    }

    fn error(&self) -> &anyhow::Error {
        match self {
            Self::Failed(error) | Self::Usage(error) => error,
        }
    }
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output { json: cli.json };
    let done = match cli.command {
        Command::Serve(command) => serve::run(command, output),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.error(failure.error());
            ExitCode::from(failure.code())
        }
    }
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

    /// Prints an error and its causes in one line.
    fn error(self, error: &anyhow::Error) {
        if self.json {
            eprintln!("{}", serde_json::json!({"error": format!("{error:#}")}));
        } else {
            eprintln!("tidegate: {error:#}");
        }
    }
}
