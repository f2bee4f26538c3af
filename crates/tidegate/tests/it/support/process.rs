//! The server as a process of its own, to be stopped, killed, and started again on the same folder; for what people do
//! on a command line there is `binary.rs`.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tidegate::{accounts::Registered, app::App, clock::Clock};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

use super::{
    server::{SERVER_KEY, settings},
    soon,
};

/// A running process; dropping it kills it.
pub struct Process {
    pub url: String,
    pub log: PathBuf,
    child: Child,
}

/// Makes an account in the folder `data`, which no server holds now.
pub async fn register_in(data: &Path, email: &str) -> Registered {
    let app = App::open(settings(data), Clock::system()).await.unwrap();
    let registered = app.accounts.register(email, "correct horse".into()).await.unwrap();
    app.close().await;
    registered
}

impl Process {
    /// Starts the binary on the folder `data` with more settings, as variables.
    pub async fn start(data: &Path, variables: &[(&str, &str)]) -> Self {
        let command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        Self::run(command, data, variables).await
    }

    /// Starts the binary on a small disk of its own, mounted at `data` where only the process sees it, with a copy of
    /// what is in `data` on it. It goes away with the process.
    ///
    /// # Panics
    ///
    /// When this user may not mount anything, not even in a namespace of its own: the test cannot be done then.
    pub async fn start_on_small_disk(data: &Path, size: &str) -> Self {
        const SCRIPT: &str = r#"
            seed=$(mktemp -d) && cp -a "$1/." "$seed" &&
            mount -t tmpfs -o "size=$2" tmpfs "$1" && cp -a "$seed/." "$1" && rm -r "$seed" || exit 1
            bin=$3; shift 3; exec "$bin" "$@""#;
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--mount", "sh", "-c", SCRIPT, "small-disk"])
            .arg(data)
            .args([size, env!("CARGO_BIN_EXE_tidegate")]);
        Self::run(command, data, &[]).await
    }

    async fn run(mut command: Command, data: &Path, variables: &[(&str, &str)]) -> Self {
        let log = data.with_extension("log");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TIDEGATE_") {
                command.env_remove(name);
            }
        }
        let mut child = command
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("TIDEGATE_SECRETS_SERVER_KEY", SERVER_KEY)
            .env("TIDEGATE_LOG_FORMAT", "json")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        soon("the process listens", stdout.read_line(&mut line)).await.unwrap();
        let first: Value = serde_json::from_str(&line).unwrap_or_else(|_| {
            panic!("the process did not start: {line}{}", std::fs::read_to_string(&log).unwrap())
        });
        Self { url: first["listening"].as_str().unwrap().to_owned(), log, child }
    }

    /// The folder `path` as the process sees it.
    pub fn sees(&self, path: &Path) -> PathBuf {
        let root = format!("/proc/{}/root", self.child.id().unwrap());
        Path::new(&root).join(path.strip_prefix("/").unwrap())
    }

    /// What has been logged, an event a line.
    pub fn events(&self) -> Vec<Value> {
        let log = std::fs::read_to_string(&self.log).unwrap();
        log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Ends it without warning, as a power cut does to a process.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to stop, and returns whether it ended well.
    pub async fn stop(mut self) -> bool {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
        soon("the process ends", self.child.wait()).await.unwrap().success()
    }
}
