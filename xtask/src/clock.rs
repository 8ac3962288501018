//! `cargo xtask clock`: a clock server, so that programs and simulated vendors share one simulated time.

use std::{path::PathBuf, time::Duration};

use argh::FromArgs;
use model::Ts;
use runtime::Exit;

const LOOK: Duration = Duration::from_millis(500);

/// Serves simulated time on a unix socket until Ctrl-C, or until the time reaches --until. Start the
/// programs with `CROSSFEED_CLOCK=<socket>` and the simulated vendors with `--clock <socket>`.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "clock")]
pub(crate) struct Clock {
    /// where to listen; nothing may be there yet
    #[argh(option)]
    socket: PathBuf,

    /// where the clock starts, e.g. 2026-11-22T10:00:00Z
    #[argh(option)]
    from: String,

    /// where it stops
    #[argh(option)]
    until: Option<String>,
}

impl Clock {
    pub(crate) async fn run(self) -> anyhow::Result<Exit> {
        let from = Ts::parse(&self.from)?;
        let until = self.until.as_deref().map(Ts::parse).transpose()?;
        let shutdown = runtime::shutdown()?;
        let server = simclock::Server::bind(&self.socket, from.millis())?;
        server.hold_at(until.map(Ts::millis)).await;
        println!("clock at {} from {from}", self.socket.display());
        let mut shown = from;
        while !shutdown.is_asked() {
            let now = Ts::from_millis(server.now_ms());
            if now != shown {
                println!("{now}");
                shown = now;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(Exit::Complete)
    }
}
