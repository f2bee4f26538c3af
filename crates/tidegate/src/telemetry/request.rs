//! The name under which a request appears in the log and in `X-Request-Id`, and lines that carry it: whatever is written while a
//! request is answered says which one it was, without a span, which would cost each request some allocations.

use std::fmt;

use tokio::task_local;
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{DefaultFields, Writer},
    },
    registry::LookupSpan,
};

/// The target of the line that each request leaves, which has the id among its fields.
pub const REQUEST: &str = "tidegate::request";

task_local! {
    static CURRENT: RequestId;
}

/// 32 hexadecimal digits that begin with the time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct RequestId([u8; 32]);

impl RequestId {
    /// One that nobody has.
    #[must_use]
    pub fn new() -> Self {
        let mut text = [0; 32];
        uuid::Uuid::now_v7().simple().encode_lower(&mut text);
        Self(text)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Runs `work`, all of whose lines carry the id; those of tasks that it starts do not.
    pub async fn around<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// The same for work that does not wait.
    pub fn within<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }

    /// The request that is being answered here.
    #[must_use]
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|id| *id).ok()
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Fields of a line for people, and the request at their end.
#[derive(Debug, Default)]
pub(super) struct Named(DefaultFields);

impl<'w> FormatFields<'w> for Named {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'w>, fields: R) -> fmt::Result {
        self.0.format_fields(writer.by_ref(), fields)?;
        match RequestId::current() {
            Some(id) => write!(writer, " request={}", id.as_str()),
            None => Ok(()),
        }
    }
}

/// Lines for machines, each a JSON object, which get the request as one more field.
#[derive(Debug)]
pub(super) struct NamedJson<F>(pub(super) F);

impl<S, N, F> FormatEvent<S, N> for NamedJson<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(id) = RequestId::current() else {
            return self.0.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match line.trim_end().strip_suffix('}') {
            Some(open) => writeln!(writer, "{open},\"request\":\"{}\"}}", id.as_str()),
            None => writer.write_str(&line),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{
        Layer as _,
        fmt::format::{Format, JsonFields},
        layer::SubscriberExt as _,
    };

    use super::*;

    /// What `write` logs, as lines for people or for machines.
    fn logged(json: bool, write: impl FnOnce()) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&lines);
        let layer = tracing_subscriber::fmt::layer().with_writer(move || Lines(Arc::clone(&writer)));
        let layer = if json {
            let json = Format::default().json().flatten_event(true);
            layer.fmt_fields(JsonFields::new()).event_format(NamedJson(json)).boxed()
        } else {
            layer.with_ansi(false).fmt_fields(Named::default()).boxed()
        };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), write);
        let lines = lines.lock().expect("nobody has panicked");
        String::from_utf8(lines.clone()).expect("text")
    }

    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody has panicked").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_belong_to_a_request_say_so() {
        let id = RequestId::new();
        let write = || {
            tracing::info!(bytes = 5, "outside");
            id.within(|| tracing::info!(bytes = 7, "inside"));
        };
        let text = logged(false, write);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("outside bytes=5"), "{text}");
        assert!(lines[1].ends_with(&format!("inside bytes=7 request={}", id.as_str())), "{text}");

        let text = logged(true, write);
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((&lines[0]["message"], lines[0].get("request")), (&"outside".into(), None));
        assert_eq!((&lines[1]["bytes"], &lines[1]["request"]), (&7.into(), &id.as_str().into()));
    }

    #[tokio::test]
    async fn what_is_done_for_a_request_knows_which_one_it_is() {
        let (one, two) = (RequestId::new(), RequestId::new());
        assert_ne!(one, two);
        assert_eq!(RequestId::current(), None);
        let seen =
            one.around(async { (RequestId::current(), two.around(async { RequestId::current() }).await) });
        assert_eq!(seen.await, (Some(one), Some(two)));
        assert_eq!(one.as_str().len(), 32);
    }
}
