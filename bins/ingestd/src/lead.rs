//! Who leads: this process at once, another one, or this one after it.

use std::time::Duration;

use anyhow::Context as _;
use assembly::{Prepared, Purpose, Workshop, set_up_sources};
use ingest::schedule::First;
use runtime::{Env, Hangup};
use store::session::LeaderRow;

use crate::{Front, reload};

/// How often a standby looks, in real time: whoever leads may vanish in real time.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// A process that leads, and all that it begins with.
#[derive(Debug)]
pub(crate) struct Led {
    pub(crate) workshop: Workshop,
    pub(crate) epoch: i64,
    pub(crate) sources: Vec<Prepared>,
    /// What each source begins with.
    pub(crate) first: First,
}

/// Takes the leadership, and gets ready to collect. Waits for it where this is a standby.
///
/// # Errors
/// Where another process leads and this is no standby; what stands in the way of collecting.
pub(crate) async fn start(
    env: Env,
    standby: bool,
    hangup: &mut Hangup,
    front: &Front,
) -> anyhow::Result<Led> {
    let clock = runtime::clock(&env).await?;
    let mut workshop = Workshop::open(env, clock, "crossfeed ingestd").await?;
    let (epoch, first) = match try_lead(&workshop).await? {
        Some(epoch) => (epoch, First::Tick),
        None if standby => {
            // Whoever waits for a process does not make simulated time wait.
            workshop.clock.end();
            let epoch = wait(&mut workshop, hangup, front).await?;
            workshop.clock.begin();
            (epoch, First::Rest)
        }
        None => {
            let who = told(workshop.store.leader().await?.as_ref());
            anyhow::bail!("{who} collects into this database already: one ingestd per database");
        }
    };
    tracing::info!(epoch, instance = runtime::instance_id(), "leading");
    workshop.mark_orphans().await?;
    workshop.load_dictionary(Some(epoch)).await?;
    let sources = Prepared::read(&workshop.env, &set_up_sources(&workshop.env))?;
    anyhow::ensure!(
        !sources.is_empty(),
        "no source is set up: set a vendor's key"
    );
    workshop.enter_world(&sources, Purpose::Lead(epoch)).await?;
    Ok(Led {
        workshop,
        epoch,
        sources,
        first,
    })
}

async fn try_lead(workshop: &Workshop) -> Result<Option<i64>, store::Error> {
    workshop.session.try_lead(workshop.clock.now()).await
}

/// Waits until nobody leads any more. A database that is away is waited for, too.
async fn wait(workshop: &mut Workshop, hangup: &mut Hangup, front: &Front) -> anyhow::Result<i64> {
    let mut known: Option<String> = None;
    let mut is_away = false;
    loop {
        let looked = async {
            let epoch = try_lead(workshop).await?;
            Ok((epoch, workshop.store.leader().await?))
        };
        match looked.await {
            Ok((Some(epoch), _)) => return Ok(epoch),
            Ok((None, leader)) => {
                let who = told(leader.as_ref());
                if is_away || known.as_ref() != Some(&who) {
                    tracing::info!("standby: {who} leads; waiting for its end");
                    let status = format!("standby: {who} leads");
                    front.telemetry.not_ready(&status);
                    front.notify.ready(&status);
                }
                (known, is_away) = (Some(who), false);
            }
            Err(error) => {
                let error: store::Error = error;
                if !error.is_passing() {
                    return Err(error).context("failed to wait for the leadership");
                }
                if !is_away {
                    tracing::warn!(%error, "standby: waiting for the database");
                }
                is_away = true;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_AGAIN) => {}
            () = hangup.heard() => {
                front.notify.reloading();
                reload::before_leading(workshop);
                // Says anew who leads.
                known = None;
            }
        }
    }
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
