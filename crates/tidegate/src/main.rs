//! The `tidegate` binary. What it does is in the library; this file only starts it and turns errors into exit codes.

use std::process::ExitCode;

fn main() -> ExitCode {
    tidegate::cli::run()
}
