//! From the first tick to the end: watches the sources, the leadership and the signals.

use std::{pin::pin, sync::Arc};

use assembly::{Workshop, observe, or_give_up};
use ingest::{Stop, Stopper, keep_leading, telemetry::Watched};
use runtime::{Exit, Hangup, Shutdown};
use tokio::task::JoinSet;

use crate::{
    Front,
    fleet::Fleet,
    lead::{Led, name_rival},
    opening, reload, status,
};

/// Collects until somebody says stop, or something ends that must not.
///
/// # Errors
/// What stands in the way of collecting at all.
pub(crate) async fn until_end(
    led: Led,
    shutdown: Shutdown,
    mut hangup: Hangup,
    front: Front,
) -> anyhow::Result<Exit> {
    let notify = front.notify;
    let Led {
        mut workshop,
        epoch,
        configuration,
        first,
    } = led;
    let session = Arc::clone(&workshop.session);
    let (stopper, stop) = Stopper::new();
    let watched = Watched::default();
    let mut figures = JoinSet::new();
    figures.spawn(observe(&front.telemetry, &workshop, watched.clone(), &stop));
    let mut fleet = Fleet::new(epoch, watched);
    let mut told = status::Told::new(notify, front.is_dark);
    let opened = tokio::select! {
        biased;
        () = shutdown.asked() => Ok(false),
        lost = keep_leading(&session) => Err(lost.into()),
        begun = opening::begin(&workshop, &mut fleet, configuration, first, notify) => {
            begun.map(|()| true)
        }
    };
    // From here on this task only waits.
    workshop.clock.end();
    let mut exit = match opened {
        Ok(_) => Exit::Complete,
        Err(_) => Exit::Error,
    };
    if matches!(opened, Ok(true)) {
        let mut leading = pin!(keep_leading(&session));
        let mut is_ready = false;
        exit = loop {
            let telling = async {
                match is_ready {
                    true => told.tell(&workshop, &fleet).await,
                    false => told.ready(&workshop, &fleet).await,
                }
            };
            // It asks the database, which may not answer.
            tokio::select! {
                biased;
                () = shutdown.asked() => break Exit::Complete,
                () = telling => is_ready = true,
            }
            tokio::select! {
                biased;
                () = shutdown.asked() => break Exit::Complete,
                why = fleet.broke_down() => break broken(&why),
                error = &mut leading => break broken(&error),
                Some(ended) = figures.join_next() => {
                    tracing::error!("the figures of the database are kept no more: {ended:?}");
                    continue;
                }
                () = hangup.heard() => {}
                () = told.look_again() => continue,
            }
            notify.reloading();
            tokio::select! {
                biased;
                () = shutdown.asked() => break Exit::Complete,
                error = &mut leading => break broken(&error),
                done = reload::reload(&mut workshop, &mut fleet) => if let Err(why) = done {
                    break broken(&why);
                },
            }
            is_ready = false;
        };
    }
    drop(session);
    notify.stopping();
    front.telemetry.not_ready("ending");
    stopper.stop();
    // It holds on to nothing that another waits for.
    figures.shutdown().await;
    end(workshop, fleet, &stop, exit).await?;
    opened?;
    Ok(exit)
}

fn broken(why: &dyn std::fmt::Display) -> Exit {
    tracing::error!("{why}: ending");
    Exit::Error
}

async fn end(workshop: Workshop, mut fleet: Fleet, stop: &Stop, exit: Exit) -> anyhow::Result<()> {
    fleet.say_stop();
    let last_words = async {
        if exit == Exit::Error {
            name_rival(&workshop, fleet.epoch).await;
        }
        fleet.end().await;
        if let Err(why) = fleet.mark_given_up(&workshop).await {
            tracing::error!("{why}");
        }
        Ok(())
    };
    if or_give_up(stop, last_words).await?.is_none() {
        fleet.abandon().await;
        workshop.abandon().await;
    }
    tracing::info!("ended");
    Ok(())
}
