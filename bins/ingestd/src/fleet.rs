//! The sources at work: each with its tasks and its own word to stop, so that one can be stopped and
//! opened anew while the others go on.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use assembly::{Prepared, Workshop, or_give_up};
use futures_util::future::join_all;
use ingest::{
    Collector, Stop, Stopper,
    schedule::{self, First},
    telemetry::Watched,
};
use model::SourceId;
use tokio::task::{JoinError, JoinSet};

use crate::opening::Opened;

/// One for the ticks and one for the gaps; both run until stop is said.
type Tasks = JoinSet<Result<(), ingest::Error>>;

/// How often what the database did not take is tried again, in real time.
const TRY_AGAIN: Duration = Duration::from_millis(500);

/// All sources of this process.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// Of the leadership under which they work.
    pub(crate) epoch: i64,
    watched: Watched,
    sources: Vec<AtWork>,
    /// What was given up, and whose pulls the database has yet to hear of.
    unmarked: Vec<SourceId>,
}

/// One source at work.
#[derive(Debug)]
struct AtWork {
    prepared: Prepared,
    collector: Arc<Collector>,
    stopper: Stopper,
    stop: Stop,
    tasks: Tasks,
    is_given_up: bool,
}

impl Fleet {
    /// Makes one without any source; those that come are `watched`.
    pub(crate) const fn new(epoch: i64, watched: Watched) -> Self {
        Self {
            epoch,
            watched,
            sources: Vec::new(),
            unmarked: Vec::new(),
        }
    }

    /// Shows a source as not at work until it is.
    pub(crate) fn expect(&self, source: SourceId) {
        self.watched.expect(source);
    }

    /// Sets a source that was opened to work.
    pub(crate) fn set_to_work(&mut self, opened: Opened, workshop: &Workshop, first: First) {
        let Opened {
            prepared,
            collector,
            stopper,
            stop,
        } = opened;
        tracing::info!(source = %collector.id(), series_count = collector.series_count(), "collecting");
        let collector = Arc::new(collector);
        self.watched.add(&collector);
        let (one, other) = (Arc::clone(&collector), Arc::clone(&collector));
        let clock = || Arc::clone(&workshop.clock);
        let mut tasks = Tasks::new();
        tasks.spawn(schedule::ticks_from(first, one, clock(), stop.clone()));
        tasks.spawn(schedule::gaps(other, clock(), stop.clone()));
        self.sources.push(AtWork {
            prepared,
            collector,
            stopper,
            stop,
            tasks,
            is_given_up: false,
        });
    }

    /// Returns what is configured and not at work.
    pub(crate) fn not_opened(&self) -> Vec<SourceId> {
        self.watched.not_open()
    }

    /// Begins a reload: of what the last one could not open, shows nothing where it is configured no more.
    /// The rest is not at work until it is.
    pub(crate) fn forget_not_opened(&self, is_configured: impl Fn(SourceId) -> bool) {
        for source in self.not_opened() {
            if !is_configured(source) {
                self.watched.forget(source);
            }
        }
    }

    /// Returns what the sources at work were made from.
    pub(crate) fn prepared(&self) -> impl Iterator<Item = &Prepared> {
        self.sources.iter().map(|source| &source.prepared)
    }

    /// Returns the collectors.
    pub(crate) fn collectors(&self) -> impl Iterator<Item = &Arc<Collector>> {
        self.sources.iter().map(|source| &source.collector)
    }

    /// Waits for the first task that ends although nobody said stop, and returns what to say about it.
    pub(crate) async fn broke_down(&mut self) -> String {
        let mut tasks: Vec<&mut Tasks> = (self.sources.iter_mut())
            .map(|source| &mut source.tasks)
            .collect();
        first_end(&mut tasks).await
    }

    /// Says stop to all.
    pub(crate) fn say_stop(&self) {
        self.sources.iter().for_each(|one| one.stopper.stop());
    }

    /// Waits for the end of all that was told to stop, and of what it still writes. May be given up:
    /// [`Self::abandon`] then. Pulls of what was given up before are still to be marked.
    pub(crate) async fn end(&mut self) {
        self.note_given_up();
        for source in &mut self.sources {
            source.drain().await;
        }
        join_all(self.collectors().map(|one| one.close())).await;
        self.sources.clear();
    }

    /// Lets go of all that is still under way, and of what is still to be written.
    pub(crate) async fn abandon(mut self) {
        for source in &mut self.sources {
            source.tasks.shutdown().await;
            source.collector.close_within(Duration::ZERO).await;
        }
    }

    /// Stops some sources: what is whole is committed, what is not is left to whoever asks next, and the
    /// pulls under way are interrupted. A database that is away is waited for.
    ///
    /// # Errors
    /// Why another source broke down meanwhile.
    pub(crate) async fn stop(
        &mut self,
        workshop: &Workshop,
        names: &[SourceId],
    ) -> Result<(), String> {
        let is_named = |source: &AtWork| names.contains(&source.prepared.id());
        for source in self.sources.iter().filter(|source| is_named(source)) {
            source.stopper.stop();
        }
        // Each stays one of the fleet until it has ended: the wait may be given up.
        let named = self.sources.iter_mut().filter(|source| is_named(source));
        join_all(named.map(AtWork::end)).await;
        self.note_given_up();
        let named = self.sources.iter().filter(|source| is_named(source));
        let ended: Vec<_> = named.map(|source| Arc::clone(&source.collector)).collect();
        tokio::select! {
            biased;
            why = self.broke_down() => return Err(why),
            _all = join_all(ended.iter().map(|one| one.close())) => {}
        }
        while let Some(at) = self.sources.iter().position(is_named) {
            let source = self.sources.swap_remove(at);
            self.watched.remove(&source.collector);
        }
        self.mark_given_up(workshop).await
    }

    /// Nobody but this process knows which of its pulls nobody works at any more.
    fn note_given_up(&mut self) {
        for source in self.sources.iter().filter(|source| source.is_given_up) {
            let id = source.prepared.id();
            if !self.unmarked.contains(&id) {
                self.unmarked.push(id);
            }
        }
    }

    /// Marks the pulls of what was given up as interrupted, however long the database is away. Nothing of
    /// it is written any more: its writer has ended.
    ///
    /// # Errors
    /// Why a source at work broke down meanwhile.
    pub(crate) async fn mark_given_up(&mut self, workshop: &Workshop) -> Result<(), String> {
        let mut is_said = false;
        while let Some(source) = self.unmarked.last().copied() {
            let (instance, now) = (runtime::instance_id(), workshop.clock.now());
            let marked = workshop.store.interrupt_pulls_of(source, instance, now);
            match marked.await {
                Err(error) if error.is_passing() => {
                    self.wait_for_database(Some(source), &error, &mut is_said)
                        .await?;
                    continue;
                }
                Err(error) => {
                    tracing::error!(%source, %error, "pulls that were given up are marked interrupted by the next start");
                }
                Ok(_) => {}
            }
            self.unmarked.pop();
        }
        Ok(())
    }

    /// Waits a moment after an error that passes, and says so once: for a source, or for the reload as a
    /// whole.
    ///
    /// # Errors
    /// Why a source at work broke down meanwhile.
    pub(crate) async fn wait_for_database(
        &mut self,
        source: Option<SourceId>,
        error: &dyn std::fmt::Display,
        is_said: &mut bool,
    ) -> Result<(), String> {
        if !std::mem::replace(is_said, true) {
            let job = source.is_none().then_some("reload");
            let source = source.map(tracing::field::display);
            tracing::warn!(job, source, %error, "waiting for the database");
        }
        tokio::select! {
            biased;
            why = self.broke_down() => Err(why),
            () = tokio::time::sleep(TRY_AGAIN) => Ok(()),
        }
    }
}

impl AtWork {
    async fn drain(&mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!("{error}"),
                // It was given up.
                Err(error) if error.is_cancelled() => {}
                Err(error) => tracing::error!(%error, "a task broke down"),
            }
        }
    }

    async fn end(&mut self) {
        let stop = self.stop.clone();
        let drained = async {
            self.drain().await;
            Ok(())
        };
        if matches!(or_give_up(&stop, drained).await, Ok(Some(()))) {
            return;
        }
        // Known before anything is waited for: whoever waits for this may be told to end.
        self.is_given_up = true;
        self.tasks.shutdown().await;
        self.collector.sweep_claims().await;
    }
}

/// Waits for the first task of all these to end, and returns why it did.
async fn first_end(all: &mut [&mut Tasks]) -> String {
    let ended = poll_fn(|context| {
        for tasks in &mut *all {
            if let Poll::Ready(Some(ended)) = tasks.poll_join_next(context) {
                return Poll::Ready(ended);
            }
        }
        Poll::Pending
    });
    why(ended.await)
}

fn why(ended: Result<Result<(), ingest::Error>, JoinError>) -> String {
    match ended {
        Ok(Err(error)) => error.to_string(),
        Err(error) => format!("a task broke down: {error}"),
        Ok(Ok(())) => "a task ended before its time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const TOO_LONG: Duration = Duration::from_secs(20);

    /// The tasks of a source that goes on for ever.
    fn at_work() -> Tasks {
        let mut tasks = Tasks::new();
        for _ in 0..2 {
            tasks.spawn(std::future::pending());
        }
        tasks
    }

    /// Returns what is said about a task that ends so, a moment after the wait began, among others that do
    /// not: of its own source and of those before and behind it.
    async fn told(
        task: impl Future<Output = Result<(), ingest::Error>> + Send + 'static,
    ) -> String {
        let (mut before, mut it, mut behind) = (at_work(), Tasks::new(), at_work());
        it.spawn(std::future::pending());
        it.spawn(async {
            tokio::time::sleep(SHORT).await;
            task.await
        });
        let mut all = [&mut before, &mut it, &mut behind];
        let told = tokio::time::timeout(TOO_LONG, first_end(&mut all)).await;
        assert_eq!((before.len(), it.len(), behind.len()), (2, 1, 2));
        told.unwrap()
    }

    #[tokio::test]
    async fn a_task_that_ends_by_itself_says_why() {
        let panics = told(async { panic!("a defect") }).await;
        assert!(panics.starts_with("a task broke down: "), "{panics}");
        assert!(panics.contains("a defect"), "{panics}");
        let error = ingest::Error::Config("no such thing".to_owned());
        assert_eq!(told(async { Err(error) }).await, "no such thing");
        let ends = told(async { Ok(()) }).await;
        assert_eq!(ends, "a task ended before its time");
    }

    #[tokio::test]
    async fn while_all_are_at_work_nothing_breaks_down() {
        let (mut one, mut drained) = (at_work(), Tasks::new());
        let mut all = [&mut drained, &mut one];
        let told = tokio::time::timeout(SHORT, first_end(&mut all)).await;
        assert!(told.is_err(), "{told:?}");
    }

    #[test]
    fn what_is_still_configured_stays_missed_through_a_reload() {
        let fleet = Fleet::new(1, Watched::default());
        let [one, other] = [SourceId::new("one"), SourceId::new("other")];
        fleet.expect(one);
        fleet.expect(other);
        fleet.forget_not_opened(|source| source == other);
        assert_eq!(fleet.not_opened(), [other]);
        fleet.expect(other);
        assert_eq!(fleet.not_opened(), [other]);
    }

    #[tokio::test]
    async fn without_a_source_nothing_breaks_down() {
        let mut fleet = Fleet::new(1, Watched::default());
        let told = tokio::time::timeout(SHORT, fleet.broke_down()).await;
        assert!(told.is_err(), "{told:?}");
        fleet.say_stop();
        fleet.end().await;
    }
}
