//! A PostgreSQL cluster for this test run: the machine's own binaries in a folder of its own, reached by a socket in
//! that folder, so that no port is involved.
//!
//! A small shell script watches over it. Its input is a pipe that this process holds: when the process ends,
//! however it ends, the script sees the pipe close, stops the cluster and removes the folder.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// $1 is the folder with the binaries, $2 ours, and the rest is the command that becomes the cluster's user.
const GUARD: &str = r#"
bin=$1; home=$2; shift 2
"$@" "$bin/initdb" -D "$home/data" -U tidegate -A trust -E UTF8 --locale=C -N >"$home/log" 2>&1 &&
"$@" "$bin/pg_ctl" -D "$home/data" -l "$home/server.log" -w -o "-c listen_addresses='' \
    -c unix_socket_directories='$home' -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=400 -c shared_buffers=64MB" start >>"$home/log" 2>&1 &&
echo ready || { cat "$home/log" "$home/server.log"; echo failed; }
cat >/dev/null
"$@" "$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1
rm -rf "$home"
"#;

/// The URL of a new, empty database.
///
/// # Panics
///
/// When PostgreSQL is not installed or does not start: these tests are not optional.
pub async fn fresh_database() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let cluster = tokio::task::spawn_blocking(cluster).await.unwrap();
    cluster.run(&format!("CREATE DATABASE {name}")).await;
    cluster.url(&name)
}

/// Runs one statement in the database behind `url`, past the data layer.
pub async fn run_in(url: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    connection.await.unwrap().unwrap();
}

struct Cluster {
    home: PathBuf,
    _guard: (Child, ChildStdin),
}

impl Cluster {
    fn url(&self, database: &str) -> String {
        let host = self.home.to_str().unwrap().replace('/', "%2F");
        format!("postgresql://tidegate@{host}/{database}")
    }

    async fn run(&self, sql: &str) {
        run_in(&self.url("postgres"), sql).await;
    }
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(start)
}

fn start() -> Cluster {
    let bin = binaries().expect(
        "PostgreSQL's server binaries were not found: install the Debian package `postgresql` \
         (or put `pg_ctl` and `initdb` into PATH)",
    );
    // Not kept as a TempDir: the guard removes it, after the server that writes to it.
    let home = tempfile::Builder::new().prefix("tidegate-pg-").tempdir().unwrap().keep();
    let mut user: Vec<String> = Vec::new();
    if rustix::process::geteuid().is_root() {
        // The server refuses to run as root.
        let name = if Command::new("id").arg("postgres").output().is_ok_and(|output| output.status.success())
        {
            "postgres"
        } else {
            "nobody"
        };
        assert!(Command::new("chown").arg(name).arg(&home).status().unwrap().success());
        user = ["runuser", "-u", name, "--"].map(str::to_owned).to_vec();
    }
    let mut guard = Command::new("sh")
        .args(["-c", GUARD, "guard"])
        .arg(&bin)
        .arg(&home)
        .args(if user.is_empty() { vec!["env".to_owned()] } else { user })
        .current_dir(&home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    let mut said = String::new();
    for line in BufReader::new(guard.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if line == "ready" {
            let pipe = guard.stdin.take().unwrap();
            return Cluster { home, _guard: (guard, pipe) };
        }
        if line == "failed" {
            break;
        }
        said.push_str(&line);
        said.push('\n');
    }
    drop(guard.stdin.take());
    guard.wait().unwrap();
    panic!("PostgreSQL did not start:\n{said}");
}

/// The folder with `initdb` and `pg_ctl`: the newest that Debian installed, or the one in PATH.
fn binaries() -> Option<PathBuf> {
    let complete = |folder: &Path| folder.join("initdb").exists() && folder.join("pg_ctl").exists();
    let mut debian: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin")))
        })
        .filter(|(_, folder)| complete(folder))
        .collect();
    debian.sort();
    debian
        .pop()
        .map(|(_, folder)| folder)
        .or_else(|| std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| complete(folder)))
}
