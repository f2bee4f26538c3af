//! The `tidegate` binary. What it does is in the library; this file only starts it and turns errors into exit codes.

use std::process::ExitCode;

/// Gives memory back sooner and splits it less than the system's allocator under many uploads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tidegate::cli::run()
}
