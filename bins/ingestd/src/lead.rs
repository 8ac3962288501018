//! Who leads: this process at once, another one, or this one after it.

use std::time::Duration;

use anyhow::Context as _;
use assembly::Workshop;
use ingest::schedule::First;
use runtime::{Env, Hangup, MetricsAt};
use store::{World, session::LeaderRow};
use tokio::time::Instant;

use crate::{Front, configuration::Configuration, reload};

/// How often a standby looks, in real time: whoever leads may vanish in real time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// How long a leader that was deposed may take to end on the same machine, in real time: it hears of it,
/// then has ten seconds.
const PORT_IS_LET_GO: Duration = Duration::from_secs(15);
const TRY_PORT_AGAIN: Duration = Duration::from_millis(250);

/// A process that leads, and all that it begins with.
#[derive(Debug)]
pub(crate) struct Led {
    pub(crate) workshop: Workshop,
    pub(crate) epoch: i64,
    pub(crate) configuration: Configuration,
    /// What each source begins with.
    pub(crate) first: First,
}

/// Takes the leadership, and waits for it where this is a standby. All that can be wrong with the
/// configuration is known before: who takes the leadership can use it.
///
/// # Errors
/// Where another process leads and this is no standby; what stands in the way of collecting.
pub(crate) async fn start(
    env: Env,
    standby: bool,
    hangup: &mut Hangup,
    front: &mut Front,
) -> anyhow::Result<Led> {
    let mut configuration = Configuration::read(&env)?;
    let clock = runtime::clock(&env).await?;
    let metrics_at = env.metrics.ingestd;
    let mut workshop = Workshop::open(env, clock, "crossfeed ingestd").await?;
    let held = configuration.suits_database(&workshop.store).await?;
    let leader = workshop.store.leader().await?;
    if let Some(leader) = leader.as_ref().filter(|leader| leader.alive && !standby) {
        return Err(led_already(Some(leader)));
    }
    // After the leader was named, whose port it may be, and before any request.
    match front.telemetry.open(metrics_at) {
        Err(error) if standby && error.is_taken() => {
            tracing::warn!(%error, "standby: it shows no metrics until it leads");
        }
        opened => opened?,
    }
    let (epoch, first) = match try_lead(&workshop).await? {
        Some(epoch) => (epoch, First::Tick),
        None if standby => {
            // Whoever waits for a process does not make simulated time wait.
            workshop.clock.end();
            let mut waiting = Waiting {
                configuration,
                held,
                status: String::new(),
            };
            let epoch = waiting.wait(&mut workshop, hangup, front).await?;
            configuration = waiting.configuration;
            workshop.clock.begin();
            (epoch, First::Rest)
        }
        None => return Err(led_already(workshop.store.leader().await?.as_ref())),
    };
    tracing::info!(epoch, instance = runtime::instance_id(), "leading");
    if standby {
        open_port(front, metrics_at).await;
    }
    Ok(Led {
        workshop,
        epoch,
        configuration,
        first,
    })
}

fn led_already(leader: Option<&LeaderRow>) -> anyhow::Error {
    let who = told(leader);
    anyhow::anyhow!("{who} collects into this database already: one ingestd per database")
}

/// Opens the port of a standby that found it taken: now it must be free, or soon, where the leader before
/// lives and has yet to hear that it leads no more. Where another program has it, it leads without: better
/// that nobody sees than that nobody leads.
async fn open_port(front: &mut Front, at: MetricsAt) {
    let begun = Instant::now();
    while let Err(error) = front.telemetry.open(at) {
        if !error.is_taken() || begun.elapsed() >= PORT_IS_LET_GO {
            tracing::error!(%error, "leading without a port for metrics");
            front.is_dark = true;
            return;
        }
        tokio::time::sleep(TRY_PORT_AGAIN).await;
    }
}

async fn try_lead(workshop: &Workshop) -> Result<Option<i64>, store::Error> {
    workshop.session.try_lead(workshop.clock.now()).await
}

/// A standby.
struct Waiting {
    /// As it was at the start, or at the last good reload: the files may have been edited since.
    configuration: Configuration,
    /// What the database holds. Once it holds anything that never changes.
    held: Option<World>,
    /// What was said last of whom it waits for.
    status: String,
}

impl Waiting {
    /// Waits until nobody leads any more. A database that is away is waited for, too, and a transaction
    /// that keeps the leadership from changing hands.
    async fn wait(
        &mut self,
        workshop: &mut Workshop,
        hangup: &mut Hangup,
        front: &Front,
    ) -> anyhow::Result<i64> {
        loop {
            match self.look(workshop).await {
                Ok(Looked::Leads(epoch)) => return Ok(epoch),
                Ok(Looked::Waits(leader)) => {
                    let who = told(leader.as_ref());
                    let status = format!("standby: {who} leads");
                    if self.status != status {
                        tracing::info!("{status}; waiting for its end");
                        front.telemetry.not_ready(&status);
                        front.notify.ready(&status);
                    }
                    self.status = status;
                }
                Ok(Looked::Mixed(error)) => return Err(error),
                Err(error) if !error.is_passing() => {
                    return Err(error).context("failed to wait for the leadership");
                }
                Err(error) => {
                    let (why, waits) = match &error {
                        store::Error::Locked { lock, .. } => (
                            format!("standby: {lock} stays locked"),
                            "standby: waiting for a lock",
                        ),
                        _ => (
                            "standby: the database is away".to_owned(),
                            "standby: waiting for the database",
                        ),
                    };
                    if self.status != why {
                        tracing::warn!(%error, "{waits}");
                        front.telemetry.not_ready(&why);
                        front.notify.status(&why);
                        self.status = why;
                    }
                }
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = hangup.heard() => {
                    front.notify.reloading();
                    if let Some(fresh) = reload::before_leading(workshop, self.held) {
                        self.configuration = fresh;
                    }
                    front.notify.ready(&self.status);
                }
            }
        }
    }

    async fn look(&mut self, workshop: &Workshop) -> Result<Looked, store::Error> {
        // Before the leadership is taken: whoever has it and ends leaves nobody.
        if self.held.is_none() {
            self.held = workshop.store.world().await?;
            if let Err(error) = self.configuration.suits(self.held) {
                return Ok(Looked::Mixed(error));
            }
        }
        Ok(match try_lead(workshop).await? {
            Some(epoch) => Looked::Leads(epoch),
            None => Looked::Waits(workshop.store.leader().await?),
        })
    }
}

/// What a standby found.
enum Looked {
    Leads(i64),
    Waits(Option<LeaderRow>),
    /// The database holds data of another kind than this process would collect.
    Mixed(anyhow::Error),
}

/// Says who has led since this process did, if anybody has.
pub(crate) async fn name_rival(workshop: &Workshop, epoch: i64) {
    if let Ok(Some(leader)) = workshop.store.leader().await
        && leader.epoch != epoch
    {
        let who = told(Some(&leader));
        tracing::error!(
            epoch = leader.epoch,
            "{who} collects into this database: one ingestd per database"
        );
    }
}

fn told(leader: Option<&LeaderRow>) -> String {
    leader.map_or_else(
        || "another process".to_owned(),
        |leader| format!("{} since {}", leader.instance, leader.taken_at),
    )
}
