//! One source at work in one process: what it works with, and how one plan runs as one pull.

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt as _;
use model::{PullKind, SeriesSpec, SourceId, Spans, TimeRange, Ts};
use ratelimit::{Busy, Clock, Waiting};
use secrecy::SecretString;
use source::{Ask, DatasetSpec, Source};
use store::{
    Store,
    pulls::{NewPull, PullEnd as ClosedPull, PullStatus},
    series::{Authority, SeriesId},
    session::Session,
    write::Patience,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    Error,
    account::Said,
    attempt::{Paced, Time},
    claims::Claims,
    deadletter::DeadLetters,
    deeper::Next,
    index::{Facts, SeriesIndex},
    outage::Outage,
    precedence::Ticks,
    progress::Progress,
    pull::{Halt, Pull},
    reach::Reach,
    reign::Reign,
    rereads::Night,
    stop::Stop,
    summary::Summary,
    telemetry,
    timetable::Timetable,
    transport::Transport,
    wants::{Askable, Planner},
    writer::WriterHandle,
    writing::Writing,
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
    /// When it is asked, and how the quota is shared.
    pub timetable: Timetable,
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
    pub(crate) writer: Writing,
    series: RwLock<Arc<SeriesIndex>>,
    /// What the configuration asks for, selectors included.
    configured: Vec<SeriesSpec>,
    authority: Authority,
    pub(crate) timetable: Timetable,
    pub(crate) facts: Arc<Mutex<Facts>>,
    pub(crate) reach: Mutex<Reach>,
    /// Held by the one block that looks for the reach.
    pub(crate) reach_search: tokio::sync::Mutex<()>,
    pub(crate) dead_letters: Option<DeadLetters>,
    pub(crate) stop: Stop,
    pub(crate) progress: Arc<Progress>,
    pub(crate) outage: Arc<Outage>,
    pub(crate) reign: Arc<Reign>,
    pub(crate) ticks: Ticks,
    /// When the last one ended, in milliseconds; none yet where it is the least number.
    last_tick: AtomicI64,
    pub(crate) said_to_end: Said,
    instance: String,
    in_flight: Semaphore,
    background: Semaphore,
}

/// Whether the job may go on with the next dataset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ran {
    /// It may.
    #[default]
    On,
    /// It would meet the same: stopping, parked, the vendor away.
    Over,
}

/// What one pull did, for whoever goes on after it.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    pub(crate) ran: Ran,
    /// Of a re-read whose oldest values differed, what lies before them.
    pub(crate) next: Option<Next>,
}

/// Places in flight, given back when dropped.
pub(crate) struct Places<'a> {
    _background: Option<SemaphorePermit<'a>>,
    _in_flight: SemaphorePermit<'a>,
}

impl Collector {
    /// Makes the configured series, reads what is known, and is ready. Where the clock is a simulated
    /// one, the pace and what the database stamps go by it too. With [`Authority::Leading`] every job and
    /// every write proves that this process still leads, and every request waits while the connection is
    /// lost that the leadership hangs on ([`crate::keep_leading`]).
    ///
    /// # Errors
    /// Where the database or an address is unusable, or another process leads.
    pub async fn open(setup: Setup) -> Result<Self, Error> {
        let Setup {
            source,
            key,
            series,
            authority,
            timetable,
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
        let index = SeriesIndex::make(&*source, &store, &series, authority, &*clock).await?;
        let facts = Facts::new(store.facts(source.id()).await?);
        let outage = Arc::new(Outage::new(source.id(), stop.clone()));
        let reign = Reign::new(Arc::clone(&session), store.clone(), Arc::clone(&outage));
        let reign = Arc::new(reign);
        if let Authority::Leading(epoch) = authority {
            reign.begin(epoch);
        }
        let paced = Paced::new(
            &*source,
            store.clone(),
            Arc::clone(&clock),
            Arc::clone(&outage),
            Arc::clone(&reign),
            timetable.live_reserve_percent,
        );
        let transport = Transport::new(&*source, key, paced, Arc::clone(&clock))?;
        let (writer, writing) = WriterHandle::start(
            store.clone(),
            source.id(),
            Arc::clone(&clock),
            Arc::clone(&outage),
        );
        let writer = Writing::new(source.id(), writer, writing);
        let places = source.concurrency().max(1);
        Ok(Self {
            in_flight: Semaphore::new(places),
            background: Semaphore::new(places.saturating_sub(1).max(1)),
            source,
            store,
            clock,
            time,
            transport,
            claims: Claims::new(session, Arc::clone(&outage)),
            writer,
            series: RwLock::new(Arc::new(index)),
            configured: series,
            authority,
            timetable,
            facts: Arc::new(Mutex::new(facts)),
            reach: Mutex::default(),
            reach_search: tokio::sync::Mutex::default(),
            dead_letters: dead_letters.map(DeadLetters::new),
            stop,
            progress: Arc::default(),
            outage,
            reign,
            ticks: Ticks::default(),
            last_tick: AtomicI64::new(i64::MIN),
            said_to_end: Said::default(),
            instance,
        })
    }

    /// Returns the vendor's name.
    pub fn id(&self) -> SourceId {
        self.source.id()
    }

    /// Returns when the vendor is asked, and how its quota is shared.
    pub fn timetable(&self) -> Timetable {
        self.timetable
    }

    /// Returns when the last live tick by schedule ended, if one has since this was opened.
    pub fn last_tick(&self) -> Option<Ts> {
        let millis = self.last_tick.load(Ordering::Relaxed);
        (millis != i64::MIN).then(|| Ts::from_millis(millis))
    }

    pub(crate) fn note_tick(&self, ended: Ts) {
        self.last_tick.store(ended.millis(), Ordering::Relaxed);
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
        let index = || {
            SeriesIndex::make(
                &*self.source,
                &self.store,
                &self.configured,
                self.authority,
                &*self.clock,
            )
        };
        let index = self.outage.through(index).await?;
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

    /// Returns the summary of a job that has done nothing yet.
    pub fn nothing_done(&self) -> Summary {
        Summary::new(self.id(), PullKind::Backfill)
    }

    /// Lets go of what its tasks were given up with: whoever asks for the same next can have it.
    pub async fn sweep_claims(&self) {
        self.claims.sweep().await;
    }

    /// Ends the writer after its last batch, whoever else holds the collector: nothing of it is written
    /// afterwards. It has as long as one writer waits for the lock of its source; what is not written
    /// by then is given up, and coverage knows it. A call that is dropped may be made again.
    pub async fn close(&self) {
        self.close_within(Patience::default().longest()).await;
    }

    /// Does so with another patience.
    pub async fn close_within(&self, patience: Duration) {
        self.writer.end(patience).await;
    }

    pub(crate) fn planner(&self) -> Planner<'_> {
        Planner {
            askable: Askable {
                source: &*self.source,
                index: self.index(),
            },
            store: &self.store,
            outage: &self.outage,
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
        let pass = self.run_pass(run_id, dataset, ask, None, summary).await?;
        Ok(pass.ran)
    }

    /// Runs one plan as one pull, at night within its bounds.
    pub(crate) async fn run_pass(
        &self,
        run_id: &str,
        dataset: &DatasetSpec,
        ask: Ask,
        night: Option<Night<'_>>,
        summary: &mut Summary,
    ) -> Result<Pass, Error> {
        let mut plan = self.source.plan(&ask)?.peekable();
        if plan.peek().is_none() {
            return Ok(Pass::default());
        }
        let window = ask
            .wants
            .iter()
            .map(|want| want.labels)
            .collect::<Spans>()
            .hull();
        let new = NewPull {
            run_id,
            source: self.id(),
            dataset: Some(dataset.id),
            kind: ask.kind,
            instance: &self.instance,
            window,
            started_at: self.clock.now(),
        };
        self.reign.check().await?;
        let id = self.outage.through(|| self.store.open_pull(&new)).await?;
        let pull = Pull::new(id, self.id(), dataset, ask.kind);
        let at_most = night.map_or(usize::MAX, |night| night.at_most);
        let ran = self.run_plan(&pull, plan.by_ref().take(at_most)).await;
        let read = pull.read();
        let dropped = match read.is_empty() {
            true => Ok(()),
            false => {
                let drop = || self.store.drop_rereads(&read, new.started_at);
                self.outage.through(drop).await
            }
        };
        let counted = self.count_refusals(&pull).await;
        let mut end = pull.end();
        let cut_off = plan.peek().is_some();
        let next = match night.and_then(|night| Some((night, night.looked?))) {
            Some((night, looked)) => self.queue_deeper(&pull, &end, night, looked, cut_off).await,
            None => Ok(None),
        };
        let queued = match night {
            Some(night) if next.is_ok() => {
                self.queue_unread(&pull, end.status, night, cut_off).await
            }
            _ => Ok(()),
        };
        // What of it is not queued is found by a pass that goes on with this one.
        if next.is_err() || queued.is_err() {
            end.status = PullStatus::Interrupted;
        }
        let error = end.failures.last().cloned();
        let closed = ClosedPull {
            status: end.status,
            bytes: pull.tally.bytes_so_far(),
            error,
        };
        let now = self.clock.now();
        let close = || self.store.close_pull(id, closed.clone(), now);
        let closed = self.outage.through(close).await;
        telemetry::pull_ended(self.id(), &end);
        tracing::info!(
            source = %self.id(), dataset = %dataset.id, kind = ask.kind.as_str(), run_id,
            pull_id = id.0, status = end.status.as_str(), requests = end.requests,
            points = end.received, inserted = end.inserted, updated = end.updated,
            differing = end.differing, rejected = end.rejected, failed = end.failed_blocks,
            took_ms = now.millis() - new.started_at.millis(), "pull ended"
        );
        let halted = pull.halted();
        if halted == Some(Halt::Suspended) {
            summary.note_suspended(dataset);
        }
        summary.pulls.push(end);
        // The first thing that broke, not what broke because of it.
        ran?;
        dropped?;
        counted?;
        queued?;
        let next = next?;
        closed?;
        Ok(Pass {
            ran: match halted {
                Some(halt) if halt.ends_the_job() => Ran::Over,
                _ => Ran::On,
            },
            next,
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
                // Nobody waits for the database any more; coverage knows what is open.
                Some(Err(error)) if self.stop.is_said() && error.is_passing() => {
                    pull.halt(Halt::Stopping);
                }
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
