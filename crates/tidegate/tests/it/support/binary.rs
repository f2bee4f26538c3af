//! The real binary: running a command and looking at what it did, and a server of one's own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A command of the binary, in an environment that holds nothing of ours.
pub struct Tidegate(Command);

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Tidegate {
    pub fn new<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(args);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("TIDEGATE_") {
                command.env_remove(name);
            }
        }
        // No profile but one that a test names.
        command.env_remove("HOME").env_remove("XDG_CONFIG_HOME");
        command.stdin(Stdio::null());
        Self(command)
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Begins it; what it says is not looked at.
    pub fn start(mut self) -> Child {
        self.0.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    pub fn run(self) -> Ended {
        self.run_with_input(b"")
    }

    pub fn run_with_input(mut self, input: &[u8]) -> Ended {
        self.0.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.0.spawn().unwrap();
        // A command that ends before it has read everything is no fault of the test.
        let _ = child.stdin.take().unwrap().write_all(input);
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ended {
    /// The one JSON value on standard output of a command that did what it should.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self.value()
    }

    /// The one JSON value on standard output, whatever the exit code.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// Asserts that the command failed with this code and that its message says so.
    pub fn failed_with(&self, code: i32, words: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.stderr.contains(words), "{self:?}");
    }
}

/// A server on a port of its own and a data folder of its own. Killed when dropped.
pub struct RunningServer {
    child: Child,
    /// `http://127.0.0.1:…`
    pub address: String,
    /// The link for the first administrator, while there is none.
    pub first_admin: Option<String>,
    data: TempDir,
}

impl RunningServer {
    pub fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap())
    }

    pub fn start_in(data: TempDir) -> Self {
        Self::start_with(data, &[])
    }

    /// With settings in its environment.
    pub fn start_with(data: TempDir, settings: &[(&str, &str)]) -> Self {
        let mut command = Tidegate::new(["serve", "--json", "--listen", "127.0.0.1:0", "--data"])
            .arg(data.path())
            .env("TIDEGATE_LOG_LEVEL", "error")
            .0;
        command.envs(settings.iter().copied());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).expect("the server says where it listens");
        let text = |field: &str| said[field].as_str().map(str::to_owned);
        Self { child, address: text("listening").unwrap(), first_admin: text("firstAdmin"), data }
    }

    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Stops it as an operator does; returns its data folder.
    pub fn stop(mut self) -> TempDir {
        let process = Pid::from_child(&self.child);
        kill_process(process, Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
        std::mem::replace(&mut self.data, tempfile::tempdir().unwrap())
    }

    /// Someone with an account here, logged in.
    pub fn user(&self, email: &str) -> User {
        let home = tempfile::tempdir().unwrap();
        let account = self.account(["create", "--email", email]).run();
        account.json();
        let user = User {
            profile: home.path().join("profile.toml"),
            home,
            address: self.address.clone(),
            account: account.value(),
        };
        let login = user.tidegate(["login", "--json", "--from", "-"]);
        login.run_with_input(&account.stdout).json();
        user
    }

    /// `tidegate account …` on this server's data folder.
    pub fn account<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Tidegate {
        let mut command = Tidegate::new(["account", "--json", "--data"]).arg(self.data.path());
        command.0.args(args);
        command
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Someone with an account, a profile, and a folder of their own.
pub struct User {
    pub home: TempDir,
    pub profile: PathBuf,
    /// What `account create` said.
    pub account: Value,
    /// Which server they call.
    pub address: String,
}

impl User {
    /// A command run by this user, in their folder.
    pub fn tidegate<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Tidegate {
        Tidegate::new(args)
            .env("TIDEGATE_PROFILE", &self.profile)
            .env("TIDEGATE_URL", &self.address)
            .in_folder(self.home.path())
    }

    /// Pins what is at `path`; returns its CID.
    pub fn pin(&self, path: impl AsRef<OsStr>) -> String {
        let pinned = self.tidegate(["pin", "--json"]).arg(path).run().json();
        pinned["cid"].as_str().unwrap().to_owned()
    }
}
