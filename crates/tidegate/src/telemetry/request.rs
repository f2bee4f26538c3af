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
    use super::*;

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
