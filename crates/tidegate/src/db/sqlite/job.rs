//! A body on its way to a thread and its result on the way back.

use futures_util::future::BoxFuture;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::session::{Session, run_ready};
use super::DbError;

/// Something to run in a transaction whose fate is known only later.
pub(super) trait Job: Send {
    /// Runs the body. The result stays here until [`Job::finish`].
    fn run(&mut self, connection: &mut Connection) -> Ran;

    /// Answers the caller: with the body's result, or with what became of the transaction around it.
    fn finish(self: Box<Self>, transaction: Result<(), DbError>);
}

pub(super) type BoxedJob = Box<dyn Job>;

/// What a body did, as far as its thread must know.
pub(super) struct Ran {
    /// It succeeded: its changes stay.
    pub(super) keep: bool,
    /// What it asked of the engine, in [`Session::work`]'s measure.
    pub(super) work: usize,
    /// The statement that failed, if one did.
    pub(super) failure: Option<DbError>,
}

/// The one kind of job there is: a body and who waits for it.
pub(super) struct Task<T, E, F> {
    body: Option<F>,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Task<T, E, F> {
    pub(super) fn new(body: F, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self { body: Some(body), result: None, answer }
    }
}

impl<T, E, F> Job for Task<T, E, F>
where
    T: Send,
    E: From<DbError> + Send,
    F: for<'s, 'c> FnOnce(&'s mut Session<'c>) -> BoxFuture<'s, Result<T, E>> + Send,
{
    fn run(&mut self, connection: &mut Connection) -> Ran {
        let mut session = Session::sqlite(connection);
        let result = match self.body.take() {
            Some(body) => run_ready(&mut session, body),
            None => Err(DbError::Closed.into()),
        };
        let ran = Ran { keep: result.is_ok(), work: session.work(), failure: session.failure().cloned() };
        self.result = Some(result);
        ran
    }

    fn finish(self: Box<Self>, transaction: Result<(), DbError>) {
        let result = match (self.result, transaction) {
            // A refusal is the body's own answer, whatever became of its neighbours.
            (Some(Err(refusal)), _) => Err(refusal),
            (_, Err(error)) => Err(error.into()),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(DbError::Closed.into()),
        };
        // Nobody may be waiting any more; the work was done all the same.
        drop(self.answer.send(result));
    }
}
