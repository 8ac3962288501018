//! One source at work in one process: what it works with, and how one plan runs as one pull.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use futures_util::StreamExt as _;
use model::{PullKind, SeriesSpec, SourceId, Spans, TimeRange};
use ratelimit::{Busy, Clock, Waiting};
use secrecy::SecretString;
use source::{Ask, DatasetSpec, Source};
use store::{
    Store,
    pulls::{NewPull, PullEnd as ClosedPull},
    series::{Authority, SeriesId},
    session::Session,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::JoinHandle,
};

use crate::{
    Error,
    attempt::{Paced, Time},
    catalogue,
    claims::Claims,
    deadletter::DeadLetters,
    index::{Facts, SeriesIndex},
    progress::Progress,
    pull::{Halt, Pull},
    reach::Reach,
    stop::Stop,
    summary::Summary,
    transport::Transport,
    wants::Planner,
    writer::WriterHandle,
};

/// What a collector works with.
#[derive(Debug)]
pub struct Setup {
    /// The vendor.
    pub source: Arc<dyn Source>,
    /// Its key, if there is one.
    pub key: Option<SecretString>,
    /// What the configuration asks for.
    pub series: Vec<SeriesSpec>,
    /// What that says about the series that it does not name.
    pub authority: Authority,
    /// The database.
    pub store: Store,
    /// The process's session.
    pub session: Arc<Session>,
    /// The process's name.
    pub instance: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where answers that make no sense are kept.
    pub dead_letters: Option<PathBuf>,
    /// Heard when the process ends.
    pub stop: Stop,
}

/// One source at work in one process.
#[derive(Debug)]
pub struct Collector {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) time: Time,
    pub(crate) transport: Transport,
    pub(crate) claims: Claims,
    pub(crate) writer: WriterHandle,
    series: RwLock<Arc<SeriesIndex>>,
    /// What the configuration asks for, selectors included.
    configured: Vec<SeriesSpec>,
    authority: Authority,
    pub(crate) facts: Arc<Mutex<Facts>>,
    pub(crate) reach: Mutex<Reach>,
    /// Held by the one block that looks for the reach.
    pub(crate) reach_search: tokio::sync::Mutex<()>,
    pub(crate) dead_letters: Option<DeadLetters>,
    pub(crate) stop: Stop,
    pub(crate) progress: Arc<Progress>,
    instance: String,
    /// Zero while no leadership is needed.
    epoch: AtomicI64,
    in_flight: Semaphore,
    background: Semaphore,
    writing: JoinHandle<()>,
}

/// Whether the job may go on with the next dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It may.
    On,
    /// It would meet the same: stopping, parked, the vendor away.
    Over,
}

/// Places in flight, given back when dropped.
pub(crate) struct Places<'a> {
    _background: Option<SemaphorePermit<'a>>,
    _in_flight: SemaphorePermit<'a>,
}

impl Collector {
    /// Makes the configured series, reads what is known, and is ready. Where the clock is a simulated
    /// one, the pace and what the database stamps go by it too.
    ///
    /// # Errors
    /// Where the database or an address is unusable.
    pub async fn open(setup: Setup) -> Result<Self, Error> {
        let Setup {
            source,
            key,
            series,
            authority,
            store,
            session,
            instance,
            clock,
            dead_letters,
            stop,
        } = setup;
        let time = Time::of(&*clock);
        if time == Time::Simulated {
            store.simulate_time();
        }
        let index = series_index(&*source, &store, &series, authority, &*clock).await?;
        let facts = Facts::new(store.facts(source.id()).await?);
        let paced = Paced::new(&*source, store.clone(), Arc::clone(&clock));
        let transport = Transport::new(&*source, key, paced, Arc::clone(&clock))?;
        let (writer, writing) =
            WriterHandle::start(store.clone(), source.id(), Arc::clone(&clock), stop.clone());
        let places = source.concurrency().max(1);
        Ok(Self {
            in_flight: Semaphore::new(places),
            background: Semaphore::new(places.saturating_sub(1).max(1)),
            source,
            store,
            clock,
            time,
            transport,
            claims: Claims::new(session),
            writer,
            series: RwLock::new(Arc::new(index)),
            configured: series,
            authority,
            facts: Arc::new(Mutex::new(facts)),
            reach: Mutex::default(),
            reach_search: tokio::sync::Mutex::default(),
            dead_letters: dead_letters.map(DeadLetters::new),
            stop,
            progress: Arc::default(),
            instance,
            epoch: AtomicI64::new(0),
            writing,
        })
    }

    /// Returns the vendor's name.
    pub fn id(&self) -> SourceId {
        self.source.id()
    }

    /// Returns how long after the beginning of its stretch the vendor's live tick is due, in seconds.
    pub fn tick_offset_secs(&self) -> i64 {
        self.source.tick_offset_secs()
    }

    /// Returns how often there is a live tick, in seconds.
    pub fn tick_every_secs(&self) -> i64 {
        self.source.tick_every_secs()
    }

    /// Returns the active series.
    pub(crate) fn index(&self) -> Arc<SeriesIndex> {
        let series = self.series.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&series)
    }

    /// Returns what the configuration asks for, selectors included.
    pub(crate) fn configured(&self) -> &[SeriesSpec] {
        &self.configured
    }

    /// Makes the active series again: the catalogues may name other products by now. What is under
    /// way ends with the series it began with.
    pub(crate) async fn select_series(&self) -> Result<(), Error> {
        let index = series_index(
            &*self.source,
            &self.store,
            &self.configured,
            self.authority,
            &*self.clock,
        )
        .await?;
        let mut series = self.series.write().unwrap_or_else(PoisonError::into_inner);
        *series = Arc::new(index);
        Ok(())
    }

    /// Returns how many series are active.
    pub fn series_count(&self) -> usize {
        self.index().rows().len()
    }

    /// Returns the counters.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Makes every write prove that this process still leads.
    pub fn lead(&self, epoch: i64) {
        self.epoch.store(epoch, Ordering::Relaxed);
    }

    pub(crate) fn epoch(&self) -> Option<i64> {
        Some(self.epoch.load(Ordering::Relaxed)).filter(|epoch| *epoch != 0)
    }

    /// Ends the writer after its last batch.
    pub async fn close(self) {
        drop(self.writer);
        if let Err(error) = self.writing.await {
            tracing::error!(source = %self.source.id(), %error, "the writer broke down");
        }
    }

    pub(crate) fn planner(&self) -> Planner<'_> {
        Planner {
            source: &*self.source,
            store: &self.store,
            index: self.index(),
        }
    }

    /// Runs one plan as one pull.
    pub(crate) async fn run_dataset(
        &self,
        run_id: &str,
        dataset: &DatasetSpec,
        ask: Ask,
        summary: &mut Summary,
    ) -> Result<Ran, Error> {
        let mut plan = self.source.plan(&ask)?.peekable();
        if plan.peek().is_none() {
            return Ok(Ran::On);
        }
        let window = ask
            .wants
            .iter()
            .map(|want| want.labels)
            .collect::<Spans>()
            .hull();
        let id = self
            .store
            .open_pull(&NewPull {
                run_id,
                source: self.id(),
                dataset: Some(dataset.id),
                kind: ask.kind,
                instance: &self.instance,
                window,
                started_at: self.clock.now(),
            })
            .await?;
        let pull = Pull::new(id, self.id(), dataset, ask.kind);
        let ran = self.run_plan(&pull, plan).await;
        let read = pull.take_read();
        let dropped = match read.is_empty() {
            true => Ok(()),
            false => self.store.drop_rereads(&read).await,
        };
        let end = pull.end();
        let error = end.failures.last().cloned();
        let closed = ClosedPull {
            status: end.status,
            bytes: pull.tally.bytes_so_far(),
            error,
        };
        let closed = self.store.close_pull(id, closed, self.clock.now()).await;
        tracing::info!(
            source = %self.id(), dataset = %dataset.id, kind = ask.kind.as_str(), pull_id = id.0,
            status = end.status.as_str(), requests = end.requests, points = end.received,
            inserted = end.inserted, updated = end.updated, differing = end.differing,
            rejected = end.rejected, failed = end.failed_blocks, "pull ended"
        );
        let halted = pull.halted();
        if halted == Some(Halt::Suspended) {
            summary.note_suspended(dataset);
        }
        summary.pulls.push(end);
        // The first thing that broke, not what broke because of it.
        ran?;
        dropped?;
        closed?;
        Ok(match halted {
            Some(halt) if halt.ends_the_job() => Ran::Over,
            _ => Ran::On,
        })
    }

    async fn run_plan(
        &self,
        pull: &Pull<'_>,
        plan: impl Iterator<Item = source::RequestSpec> + Send,
    ) -> Result<(), Error> {
        let requests = plan.inspect(|_| self.progress.plan());
        // Each block holds a unit of work of its own.
        let _waiting = Waiting::new(&self.clock);
        let mut running = futures_util::stream::iter(requests)
            .map(|request| async {
                let _busy = Busy::new(&self.clock);
                let ended = self.run_block(pull, request).await;
                self.progress.end();
                ended
            })
            .buffer_unordered(self.source.concurrency().max(1));
        // What is in flight is finished even when something breaks: an answer costs money.
        let mut result = Ok(());
        loop {
            let ended = tokio::select! {
                biased;
                ended = running.next() => ended,
                () = self.stop.said(), if !pull.stop.is_said() => {
                    pull.wake();
                    continue;
                }
            };
            match ended {
                None => return result,
                Some(Ok(())) => {}
                Some(Err(error)) => {
                    pull.tally.failed(error.class(), &error.to_string());
                    pull.halt(match &error {
                        Error::Store(store::Error::LeadershipLost { .. }) => Halt::Stopping,
                        _ => Halt::Broken,
                    });
                    result = result.and(Err(error));
                }
            }
        }
    }

    /// Returns the places a request needs, `None` where the pull ends first. Gap filling leaves one
    /// to the live tick.
    pub(crate) async fn places(&self, pull: &Pull<'_>) -> Option<Places<'_>> {
        // Who holds a place may sleep for its slot: time must not wait for those who wait for it.
        let _waiting = Waiting::new(&self.clock);
        let gentle = matches!(pull.kind, PullKind::Gap | PullKind::Reread);
        let background = match gentle {
            true => Some(pull.stop.or(self.background.acquire()).await?.ok()?),
            false => None,
        };
        let in_flight = pull.stop.or(self.in_flight.acquire()).await?.ok()?;
        Some(Places {
            _background: background,
            _in_flight: in_flight,
        })
    }

    pub(crate) fn clip_to_life(
        &self,
        dataset: &DatasetSpec,
        wanted: Vec<(SeriesId, TimeRange)>,
    ) -> Vec<(SeriesId, TimeRange)> {
        let index = self.index();
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        wanted
            .into_iter()
            .filter_map(|(id, range)| {
                let series = &index.get(id)?.series;
                let life = facts.life_for(dataset.id, &series.key, series.step);
                let range = range.intersect(life);
                (!range.is_empty()).then_some((id, range))
            })
            .collect()
    }
}

/// Makes the configured series and returns the active ones. Selectors become what the catalogues list.
async fn series_index(
    source: &dyn Source,
    store: &Store,
    configured: &[SeriesSpec],
    authority: Authority,
    clock: &dyn Clock,
) -> Result<SeriesIndex, Error> {
    let (selectors, mut series): (Vec<SeriesSpec>, Vec<SeriesSpec>) =
        (configured.iter().cloned()).partition(|spec| source.is_selector(&spec.series));
    if !selectors.is_empty() {
        let listed = catalogue::listed(store, source.id()).await?;
        let selected = selectors
            .iter()
            .flat_map(|spec| source.select(spec, &listed));
        // What a row names itself counts before what a selector finds.
        series.extend(selected);
    }
    let rows = (store.sync_series(source.id(), &series, authority, clock.now())).await?;
    Ok(SeriesIndex::new(rows))
}
