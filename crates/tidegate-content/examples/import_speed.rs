//! How fast files are imported, next to SHA-256 alone: the bound no importer can pass.
//!
//! ```text
//! cargo run --release -p tidegate-content --example import_speed -- [--json] [--mib 256] [--rounds 9]
//! ```
//!
//! Every round measures each variant once on the same bytes in memory; a ratio is taken within its round, so a busy
//! machine slows both sides of it. What is printed are medians over the rounds.

use std::convert::Infallible;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Instant;

use bytes::Bytes;
use tidegate_content::{BlockSink, FileImport, Hasher, Imported, NewBlock, Profile, sha256};

/// Files of this size stand for small ones.
const SMALL_FILE_BYTES: usize = 8;
const SMALL_FILES: usize = 65_536;

fn main() -> Result<(), String> {
    let options = Options::from_args()?;
    let content = content(options.mib);
    let (inline, all_cores) = (Hasher::inline(), Hasher::all_cores());
    let (v0, v1) = (Profile::UNIXFS_V0_2015, Profile::UNIXFS_V1_2025);
    let variants = [
        ("v0 inline", v0, &inline, 1 << 20),
        ("v0 all cores", v0, &all_cores, 1 << 20),
        ("v0 all cores, pushes of 16 KiB", v0, &all_cores, 16 << 10),
        ("v0 all cores, pushes of 1 KiB", v0, &all_cores, 1 << 10),
        ("v1 all cores", v1, &all_cores, 1 << 20),
    ];

    let mut raw_seconds = Vec::new();
    let mut bound = Vec::new();
    let mut ratios = vec![Vec::new(); variants.len()];
    let mut per_small_file = Vec::new();
    for round in 0..=options.rounds {
        let raw = seconds(|| {
            black_box(sha256(&[&content]));
        });
        let raw_all_cores = seconds(|| sha256_on_all_cores(&content));
        let relative: Vec<f64> = variants
            .iter()
            .map(|(_, profile, hasher, push)| raw / seconds(|| import(*profile, hasher, &content, *push)))
            .collect();
        let small = seconds(|| {
            for at in (0..SMALL_FILES).map(|file| file * SMALL_FILE_BYTES) {
                import(v0, &all_cores, &content.slice(at..at + SMALL_FILE_BYTES), SMALL_FILE_BYTES);
            }
        });
        if round == 0 {
            continue; // it filled caches and started threads
        }
        raw_seconds.push(raw);
        bound.push(raw / raw_all_cores);
        ratios.iter_mut().zip(relative).for_each(|(all, ratio)| all.push(ratio));
        per_small_file.push(1e6 * small / SMALL_FILES as f64);
    }

    let names = variants.iter().map(|variant| variant.0);
    let mut relative = vec![("SHA-256 alone, all cores", median(bound))];
    relative.extend(names.zip(ratios.into_iter().map(median)));
    let report = Report {
        options,
        mib_per_second: content.len() as f64 / f64::from(1 << 20) / median(raw_seconds),
        ratios: relative,
        microseconds_per_small_file: median(per_small_file),
    };
    report.print();
    Ok(())
}

struct Report {
    options: Options,
    mib_per_second: f64,
    ratios: Vec<(&'static str, f64)>,
    microseconds_per_small_file: f64,
}

impl Report {
    fn print(&self) {
        let Self { options: Options { json, mib, rounds }, .. } = self;
        if *json {
            let ratios: serde_json::Map<_, _> =
                self.ratios.iter().map(|(name, ratio)| ((*name).to_owned(), (*ratio).into())).collect();
            let report = serde_json::json!({
                "mib": mib,
                "rounds": rounds,
                "sha256_mib_per_second": self.mib_per_second,
                "speed_relative_to_sha256": ratios,
                "microseconds_per_small_file": self.microseconds_per_small_file,
            });
            println!("{report}");
            return;
        }
        println!("SHA-256 in one thread: {:.0} MiB/s ({mib} MiB, {rounds} rounds)", self.mib_per_second);
        for (name, ratio) in &self.ratios {
            println!("{ratio:6.2} x   {name}");
        }
        println!("{:6.2} us  for each file of {SMALL_FILE_BYTES} bytes", self.microseconds_per_small_file);
    }
}

struct Options {
    json: bool,
    mib: usize,
    rounds: usize,
}

impl Options {
    fn from_args() -> Result<Self, String> {
        let mut options = Self { json: false, mib: 256, rounds: 9 };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut number = || {
                let value = args.next().and_then(|value| value.parse().ok()).filter(|value| *value > 0);
                value.ok_or_else(|| format!("{arg} needs a number, as in {arg} 9"))
            };
            match arg.as_str() {
                "--json" => options.json = true,
                "--mib" => options.mib = number()?,
                "--rounds" => options.rounds = number()?,
                _ => return Err(format!("unknown option {arg}")),
            }
        }
        Ok(options)
    }
}

/// Takes blocks and forgets them.
struct Forget;

impl BlockSink for Forget {
    type Error = Infallible;

    fn put(&mut self, block: &NewBlock) -> Result<(), Infallible> {
        black_box(block.cid());
        Ok(())
    }
}

fn import(profile: Profile, hasher: &Hasher, content: &Bytes, push: usize) {
    let mut import = FileImport::new(profile, hasher);
    let mut at = 0;
    while at < content.len() {
        let end = content.len().min(at + push);
        let Ok(()) = import.push(content.slice(at..end), &mut Forget);
        at = end;
    }
    let Ok::<Imported, Infallible>(root) = import.finish(&mut Forget);
    black_box(root);
}

/// What the machine could do at best in this moment: its other cores may have other work.
fn sha256_on_all_cores(content: &Bytes) {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| {
        for part in content.chunks(content.len().div_ceil(cores)) {
            scope.spawn(move || black_box(sha256(&[part])));
        }
    });
}

/// Bytes without repetition.
fn content(mib: usize) -> Bytes {
    let mut state = 1_u64;
    let mut bytes = Vec::with_capacity(mib << 20);
    while bytes.len() < mib << 20 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&state.to_be_bytes());
    }
    bytes.into()
}

fn seconds(run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
