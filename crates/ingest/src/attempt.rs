//! Every attempt waits for its slot and is counted before it leaves.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::Extensions;
use model::{PullKind, SourceId, Ts};
use ratelimit::{Clock, Spacing, interval};
use reqwest::{Request, Response};
use reqwest_middleware::{Middleware, Next};
use source::{HostId, Limit, Window};
use store::{
    Store,
    pace::{FURTHEST_AHEAD, Pace, SlotTaken, Spend},
    pulls::PullId,
};

use crate::{
    outage::Outage,
    quota::window_of,
    reign::Reign,
    stop::Stop,
    telemetry::{self, Wait},
    told::Told,
};

/// How many intervals ahead gap filler and re-reads may reserve slots. A backfill, which may not,
/// takes what they leave; a live tick waits no longer for them than this.
const SCHEDULE_AHEAD: u32 = 2;

/// Whose time the pace goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Time {
    /// The database's, which all processes share.
    Real,
    /// That of the process's simulated clock.
    Simulated,
}

impl Time {
    pub(crate) fn of(clock: &dyn Clock) -> Self {
        if clock.is_simulated() {
            Self::Simulated
        } else {
            Self::Real
        }
    }
}

/// Why an attempt never left.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Stopped {
    /// The process is stopping.
    #[error("stopping")]
    Stopping,
    /// By our own count the quota is spent until then.
    #[error("the {span} quota is spent until {until}")]
    Spent {
        /// Which window: `day`, `month`, `24 hours`.
        span: String,
        /// When it turns.
        until: Ts,
    },
    /// The vendor told some process that the quota is spent: nobody asks until then.
    #[error("parked until {until}")]
    Parked {
        /// Until when.
        until: Ts,
    },
    /// The database, which keeps pace and quota, cannot say whether it may leave: our failure, not the
    /// vendor's.
    #[error("pace and quota cannot be asked")]
    LedgerAway(#[from] store::Error),
}

/// Whether units are spent, or only looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counts {
    Now,
    Never,
}

/// What the transport hears of an attempt that never left; the reason stays with the attempt.
#[derive(Debug, thiserror::Error)]
#[error("not sent")]
struct NotSent;

/// What an attempt is made for. Travels with the request through the middlewares.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The host asked.
    pub(crate) host: HostId,
    /// Units it costs, at most.
    pub(crate) credits: u32,
    /// The pull it belongs to; `None` for a request outside of any pull.
    pub(crate) pull: Option<PullId>,
    /// Decides who waits for whom.
    pub(crate) kind: PullKind,
    /// Ends waits early.
    pub(crate) stop: Stop,
    /// Who counts attempts that left: the pull, and the progress of the whole collector.
    pub(crate) counters: [Arc<AtomicU64>; 2],
    /// Who tells what came of it.
    told: Arc<Told>,
    stopped: Mutex<Option<Stopped>>,
}

impl Attempt {
    /// Makes one.
    pub(crate) fn new(
        host: HostId,
        credits: u32,
        pull: Option<PullId>,
        kind: PullKind,
        stop: Stop,
        counters: [Arc<AtomicU64>; 2],
        told: Arc<Told>,
    ) -> Self {
        Self {
            host,
            credits,
            pull,
            kind,
            stop,
            counters,
            told,
            stopped: Mutex::new(None),
        }
    }

    /// Takes out why it never left, if so.
    pub(crate) fn take_stopped(&self) -> Option<Stopped> {
        let mut stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.take()
    }

    fn is_live(&self) -> bool {
        self.kind == PullKind::Live
    }

    fn note(&self, stopped: Stopped) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = Some(stopped);
    }
}

/// The limits of one host as the pacer uses them.
#[derive(Debug)]
struct HostPace {
    host: HostId,
    spacing: Spacing,
    slots: Pace,
    quotas: Vec<Limit>,
}

/// The middleware. Pace and quota hold over all processes: both are kept in the database.
pub(crate) struct Paced {
    source: SourceId,
    store: Store,
    clock: Arc<dyn Clock>,
    time: Time,
    outage: Arc<Outage>,
    reign: Arc<Reign>,
    /// Of each quota, for live ticks alone.
    live_reserve_percent: u8,
    hosts: Vec<HostPace>,
}

impl fmt::Debug for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paced")
            .field("source", &self.source)
            .field("hosts", &self.hosts)
            .finish()
    }
}

impl Paced {
    /// Makes one from what the vendor enforces.
    pub(crate) fn new(
        source: &dyn source::Source,
        store: Store,
        clock: Arc<dyn Clock>,
        outage: Arc<Outage>,
        reign: Arc<Reign>,
        live_reserve_percent: u8,
    ) -> Self {
        let hosts = source
            .hosts()
            .iter()
            .map(|host| pace_of(host.id, source))
            .collect();
        Self {
            source: source.id(),
            store,
            time: Time::of(&*clock),
            clock,
            outage,
            reign,
            live_reserve_percent,
            hosts,
        }
    }

    /// Returns the time between two requests, by host.
    pub(crate) fn intervals(&self) -> Vec<(HostId, Duration)> {
        self.hosts
            .iter()
            .map(|host| (host.host, host.slots.interval))
            .collect()
    }

    async fn permit(&self, attempt: &Attempt) -> Result<(), Stopped> {
        let Some(pace) = self.hosts.iter().find(|pace| pace.host == attempt.host) else {
            return Ok(());
        };
        // A live tick does not queue behind the backfill of its own process; the slot in the
        // database still keeps the two apart. The spacing knows real time alone.
        if !attempt.is_live() && self.time == Time::Real {
            attempt
                .stop
                .or(pace.spacing.turn())
                .await
                .ok_or(Stopped::Stopping)?;
        }
        let spent = AtomicBool::new(false);
        let permitted = self.outage.through(|| async {
            match self.try_permit(pace, attempt, &spent).await {
                Err(Stopped::LedgerAway(error)) => Err(error),
                said => Ok(said),
            }
        });
        permitted.await?
    }

    /// Takes a slot and counts the request. Where the quota is spent no slot is taken, which others may
    /// use; it is counted last all the same, in the window in which the request leaves. After an error
    /// all of it is done again but what was spent: a slot from before an outage is one that time has
    /// passed over, and those who waited with it would leave together.
    async fn try_permit(
        &self,
        pace: &HostPace,
        attempt: &Attempt,
        spent: &AtomicBool,
    ) -> Result<(), Stopped> {
        if !spent.load(Ordering::Relaxed) {
            self.spend(pace, attempt, Counts::Never).await?;
        }
        loop {
            // A repetition by the transport comes here too.
            if attempt.stop.is_said() {
                return Err(Stopped::Stopping);
            }
            let led = self.reign.standing(&attempt.stop).await;
            led.ok_or(Stopped::Stopping)?;
            let ahead = ahead_of(attempt.kind, pace.slots.interval);
            self.wait_for_slot(pace, attempt, ahead).await?;
            if self.reign.stands() {
                break;
            }
        }
        if !spent.load(Ordering::Relaxed) {
            self.spend(pace, attempt, Counts::Now).await?;
            spent.store(true, Ordering::Relaxed);
        }
        if let Some(pull) = attempt.pull {
            self.store.count_request(pull, attempt.credits).await?;
        }
        Ok(())
    }

    async fn wait_for_slot(
        &self,
        pace: &HostPace,
        attempt: &Attempt,
        ahead: Duration,
    ) -> Result<(), Stopped> {
        loop {
            let (source, host, pace) = (self.source, pace.host, pace.slots);
            let taken = match self.time {
                Time::Real => self.store.take_slot(source, host, pace, ahead).await,
                Time::Simulated => {
                    let now = self.clock.now();
                    self.store
                        .take_slot_at(source, host, pace, ahead, now)
                        .await
                }
            }?;
            let (wait, go) = match taken {
                SlotTaken::Go { wait } => (wait, true),
                SlotTaken::Full { retry_in } => (retry_in.max(Duration::from_millis(1)), false),
                SlotTaken::Parked { until } => return Err(Stopped::Parked { until }),
            };
            if !wait.is_zero() {
                attempt
                    .stop
                    .or(self.clock.sleep(wait))
                    .await
                    .ok_or(Stopped::Stopping)?;
            }
            if go {
                return Ok(());
            }
        }
    }

    async fn spend(
        &self,
        pace: &HostPace,
        attempt: &Attempt,
        counts: Counts,
    ) -> Result<(), Stopped> {
        if pace.quotas.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        let cost = i64::from(attempt.credits);
        let windows: Vec<_> = pace
            .quotas
            .iter()
            .filter_map(|limit| window_of(limit, attempt.kind, self.live_reserve_percent))
            .collect();
        let (store, source, host) = (&self.store, self.source, pace.host);
        let said = match counts {
            Counts::Now => store.spend(source, host, &windows, cost, now).await,
            Counts::Never => store.could_spend(source, host, &windows, cost, now).await,
        };
        match said? {
            Spend::Ok => Ok(()),
            Spend::Exhausted { window, until } => Err(Stopped::Spent {
                span: window.to_string(),
                until,
            }),
        }
    }
}

/// Returns how far ahead of now a job may reserve slots: ticks before gaps before backfill.
fn ahead_of(kind: PullKind, interval: Duration) -> Duration {
    match kind {
        PullKind::Live => FURTHEST_AHEAD,
        PullKind::Gap | PullKind::Reread => interval * SCHEDULE_AHEAD,
        PullKind::Backfill => Duration::ZERO,
    }
}

fn pace_of(host: HostId, source: &dyn source::Source) -> HostPace {
    let mut widest = Duration::ZERO;
    let mut quotas = Vec::new();
    for limit in source.limits().iter().filter(|limit| limit.host == host) {
        match limit.window {
            Window::RollingSecs(secs) => {
                widest = widest.max(interval(limit.amount, Duration::from_secs(u64::from(secs))));
            }
            Window::RollingDay | Window::Day | Window::Month => quotas.push(*limit),
        }
    }
    HostPace {
        host,
        spacing: Spacing::new(widest),
        slots: Pace {
            interval: widest,
            halved_after_hold: Duration::from_secs(source.half_pace_secs().into()),
        },
        quotas,
    }
}

#[async_trait::async_trait]
impl Middleware for Paced {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let attempt = extensions.get::<Arc<Attempt>>().cloned();
        if let Some(attempt) = &attempt {
            let begun = self.clock.now();
            if let Err(stopped) = self.permit(attempt).await {
                attempt.note(stopped);
                return Err(reqwest_middleware::Error::middleware(NotSent));
            }
            for counter in &attempt.counters {
                counter.fetch_add(1, Ordering::Relaxed);
            }
            let waited_ms = self.clock.now().millis() - begun.millis();
            let waited = Duration::from_millis(u64::try_from(waited_ms).unwrap_or(0));
            telemetry::waited(self.source, Wait::Pace, waited);
            attempt.told.leaves(waited);
        }
        let came = next.run(request, extensions).await;
        if let Some(attempt) = &attempt {
            attempt.told.came(came.as_ref().ok().map(Response::status));
        }
        came
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_come_before_gaps_and_gaps_before_backfill() {
        let interval = Duration::from_secs(2);
        let kinds = [
            PullKind::Live,
            PullKind::Gap,
            PullKind::Reread,
            PullKind::Backfill,
        ];
        let ahead = kinds.map(|kind| ahead_of(kind, interval).as_secs());
        assert_eq!(ahead, [60, 4, 4, 0]);
    }
}
