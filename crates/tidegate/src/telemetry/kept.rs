//! The last lines of the log, in memory, so that the panel can find what a request wrote by its id. They are what standard error
//! gets too: nothing is in them that is not there.
//!
//! A ring of slots, each with a lock of its own: whoever writes a line takes the next number and that slot alone, so nobody waits but
//! for a reader of the very same line. Slots keep their memory, so that a line costs no allocation once the ring is full.

use std::{
    fmt::{self, Write as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

use super::request::{REQUEST, RequestId};
use crate::clock::{Clock, Timestamp};

/// The longest line that is kept whole, in bytes.
const LINE_BYTES: usize = 1024;

/// See the module's documentation. Clones share the lines.
#[derive(Clone)]
pub struct KeptLines(Arc<Ring>);

struct Ring {
    clock: Clock,
    /// How many lines there were.
    count: AtomicU64,
    slots: Box<[Mutex<Slot>]>,
}

#[derive(Default)]
struct Slot {
    /// Counted from one; zero before there was a line.
    number: u64,
    at: Option<Timestamp>,
    level: Option<Level>,
    target: &'static str,
    request: String,
    text: String,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptLine {
    /// Its place among all lines since the start, counted from one.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// How bad it is.
    pub level: Level,
    /// Which part of the program wrote it.
    pub target: &'static str,
    /// The request that was being answered; empty for what belongs to none.
    pub request: String,
    /// The message and its fields.
    pub text: String,
}

/// Which lines are looked for. All of it has to hold.
#[derive(Debug, Clone)]
pub struct Query {
    /// Only lines before this number.
    pub before: u64,
    /// Only lines as bad as this, or worse.
    pub level: Level,
    /// Only lines of this request, unless empty.
    pub request: String,
    /// Only lines that hold each of these words, in any case.
    pub words: Vec<String>,
}

/// All lines.
impl Default for Query {
    fn default() -> Self {
        Self { before: u64::MAX, level: Level::TRACE, request: String::new(), words: Vec::new() }
    }
}

impl KeptLines {
    /// Room for so many lines.
    #[must_use]
    pub fn new(lines: usize, clock: Clock) -> Self {
        let slots = (0..lines).map(|_| Mutex::default()).collect();
        Self(Arc::new(Ring { clock, count: AtomicU64::new(0), slots }))
    }

    /// How many lines there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.0.slots.len()
    }

    /// What takes lines in, for a subscriber.
    #[must_use]
    pub fn layer<S: Subscriber>(&self) -> impl Layer<S> + use<S> {
        Keeper(self.clone())
    }

    /// Up to `limit` lines that are kept and looked for, the youngest first.
    #[must_use]
    pub fn find(&self, query: &Query, limit: usize) -> Vec<KeptLine> {
        let last = self.0.count.load(Ordering::Acquire).min(query.before.saturating_sub(1));
        self.lines((self.oldest()..=last).rev(), |slot| query.matches(slot)).take(limit).collect()
    }

    /// The line with this number and up to `reach` before and behind it, the youngest first.
    #[must_use]
    pub fn around(&self, number: u64, reach: u64) -> Vec<KeptLine> {
        let count = self.0.count.load(Ordering::Acquire);
        let first = number.saturating_sub(reach).max(self.oldest());
        self.lines((first..=number.saturating_add(reach).min(count)).rev(), |_| true).collect()
    }

    /// The number of the oldest line that is kept.
    fn oldest(&self) -> u64 {
        self.0.count.load(Ordering::Acquire).saturating_sub(self.0.slots.len() as u64) + 1
    }

    fn lines(
        &self,
        numbers: impl Iterator<Item = u64>,
        wanted: impl Fn(&Slot) -> bool,
    ) -> impl Iterator<Item = KeptLine> {
        numbers.filter_map(move |number| {
            let slot = self.slot(number)?.lock().unwrap_or_else(PoisonError::into_inner);
            // Another line may be there by now, or this one not yet.
            (slot.number == number && wanted(&slot)).then(|| slot.line()).flatten()
        })
    }

    fn slot(&self, number: u64) -> Option<&Mutex<Slot>> {
        let slots = &self.0.slots;
        let place = number.checked_sub(1)?.checked_rem(slots.len() as u64)?;
        slots.get(usize::try_from(place).ok()?)
    }

    fn keep(&self, event: &Event<'_>) {
        let number = self.0.count.fetch_add(1, Ordering::AcqRel) + 1;
        let Some(slot) = self.slot(number) else { return };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let Slot { number: its_number, at, level, target, request, text } = &mut *slot;
        // One who was delayed for a whole round leaves the younger line.
        if *its_number > number {
            return;
        }
        let metadata = event.metadata();
        (*its_number, *at, *level) = (number, Some(self.0.clock.now()), Some(*metadata.level()));
        *target = metadata.target();
        text.clear();
        request.clear();
        if let Some(id) = RequestId::current() {
            request.push_str(id.as_str());
        }
        let text = Bounded { text, is_full: false };
        event.record(&mut Writing { text, request, of_request: *target == REQUEST });
    }
}

impl fmt::Debug for KeptLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptLines").field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

impl Slot {
    fn line(&self) -> Option<KeptLine> {
        Some(KeptLine {
            number: self.number,
            at: self.at?,
            level: self.level?,
            target: self.target,
            request: self.request.clone(),
            text: self.text.clone(),
        })
    }
}

impl Query {
    fn matches(&self, slot: &Slot) -> bool {
        slot.level.is_some_and(|level| level <= self.level)
            && (self.request.is_empty() || self.request == slot.request)
            && self.words.iter().all(|word| holds(&slot.text, word) || holds(slot.target, word))
    }
}

/// Is `word` in `text`, in any case of its Latin letters?
fn holds(text: &str, word: &str) -> bool {
    word.is_empty()
        || text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

struct Keeper(KeptLines);

impl<S: Subscriber> Layer<S> for Keeper {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.keep(event);
    }
}

/// Writes message and fields, as a line for people has them.
struct Writing<'a> {
    text: Bounded<'a>,
    request: &'a mut String,
    /// Is this a request's own line? Its id is a field there.
    of_request: bool,
}

impl Writing<'_> {
    /// What comes before a value.
    fn name(&mut self, field: &Field) {
        // It takes everything, and keeps what fits.
        if !self.text.text.is_empty() {
            let _ = self.text.write_char(' ');
        }
        if field.name() != "message" {
            let _ = self.text.write_str(field.name());
            let _ = self.text.write_char('=');
        }
    }
}

// What most lines are made of is written without the detour of a format.
impl Visit for Writing<'_> {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        let _ = write!(self.text, "{value}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if self.of_request && field.name() == "id" {
            self.request.clear();
            // Ours have 32.
            self.request.extend(value.chars().take(64));
            return;
        }
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\');
        if !value.bytes().all(is_plain) {
            return self.record_debug(field, &value);
        }
        self.name(field);
        for part in ["\"", value, "\""] {
            let _ = self.text.write_str(part);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.name(field);
        let _ = write!(self.text, "{value:?}");
    }
}

/// Text up to [`LINE_BYTES`]: behind what did not fit nothing comes.
struct Bounded<'a> {
    text: &'a mut String,
    is_full: bool,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let left = LINE_BYTES.saturating_sub(self.text.len());
        if !self.is_full {
            self.text.push_str(&more[..more.floor_char_boundary(left.min(more.len()))]);
            self.is_full = more.len() > left;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::{layer::SubscriberExt as _, registry};

    use super::*;

    fn kept(lines: usize, write: impl FnOnce()) -> KeptLines {
        let kept = KeptLines::new(lines, Clock::manual(Timestamp::from_millis(7)));
        tracing::subscriber::with_default(registry().with(kept.layer()), write);
        kept
    }

    fn texts(lines: &[KeptLine]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn the_last_lines_are_kept_and_no_more() {
        let kept = kept(3, || {
            for number in 0..5 {
                tracing::info!(number, "line");
            }
        });
        let all = kept.find(&Query::default(), 100);
        assert_eq!(texts(&all), ["line number=4", "line number=3", "line number=2"]);
        assert_eq!(all.iter().map(|line| line.number).collect::<Vec<_>>(), [5, 4, 3]);
        assert_eq!(all[0].at, Timestamp::from_millis(7));
        let older = kept.find(&Query { before: 5, ..Query::default() }, 1);
        assert_eq!(texts(&older), ["line number=3"]);
        assert_eq!(texts(&kept.around(4, 1)), texts(&all));
        assert_eq!(texts(&kept.around(1, 1)), [""; 0]);
    }

    #[test]
    fn lines_are_found_by_level_words_and_request() {
        let id = RequestId::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let kept = kept(10, || {
            tracing::warn!(reason = "the Disk is full", "no room");
            runtime.block_on(id.around(async { tracing::debug!("asked") }));
            tracing::info!(target: REQUEST, id = id.as_str(), status = 507, "request");
        });
        let find = |query: Query| {
            let found = kept.find(&query, 10);
            found.into_iter().map(|line| line.text).collect::<Vec<_>>()
        };
        assert_eq!(
            find(Query { level: Level::WARN, ..Query::default() }),
            ["no room reason=\"the Disk is full\""]
        );
        let words = |words: &[&str]| Query {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            ..Query::default()
        };
        assert_eq!(find(words(&["DISK", "room"])).len(), 1);
        assert_eq!(find(words(&["disk", "lamp"])), [""; 0]);
        assert_eq!(find(words(&["TIDEGATE::request"])), ["request status=507"]);
        let of_request = Query { request: id.as_str().to_owned(), ..Query::default() };
        assert_eq!(find(of_request), ["request status=507", "asked"]);
    }

    #[test]
    fn a_line_takes_no_more_than_its_place() {
        let long = "ü".repeat(LINE_BYTES);
        let kept = kept(1, || tracing::info!(long, "line"));
        let line = &kept.find(&Query::default(), 1)[0];
        assert!(line.text.len() <= LINE_BYTES && line.text.ends_with('ü'), "{}", line.text.len());
    }

    #[test]
    fn without_room_nothing_is_kept() {
        let kept = kept(0, || tracing::info!("line"));
        assert_eq!(kept.find(&Query::default(), 1), []);
        assert_eq!(kept.around(1, 1), []);
    }
}
