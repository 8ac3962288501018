//! `cargo xtask demo`: the whole way on one machine: a private PostgreSQL, the vendors, a month of
//! history, a live tick, the REST API.

mod answers;
mod processes;
mod stage;

use anyhow::Context as _;
use argh::FromArgs;
use runtime::Exit;

use crate::demo::{processes::Programs, stage::Stage};

/// Shows the main job, end to end, on a database of its own that is thrown away afterwards: simulated
/// vendors by default. Stays up until Ctrl-C.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "demo")]
pub(crate) struct Demo {
    /// do everything, check the answers, end
    #[argh(switch)]
    once: bool,

    /// the real vendors whose keys are set, instead of simulated ones
    #[argh(switch)]
    live: bool,

    /// the port of the REST API (8000, or any that is free if it is taken)
    #[argh(option)]
    port: Option<u16>,
}

impl Demo {
    pub(crate) async fn run(self) -> anyhow::Result<Exit> {
        let shutdown = runtime::shutdown()?;
        // reqwest is built without a provider of its own; installed already is as good.
        let _already = rustls::crypto::ring::default_provider().install_default();
        let programs = Programs::build()?;
        let stage = Stage::set(self.live).await?;
        let shown = tokio::select! {
            shown = self.show(&programs, &stage) => Some(shown),
            () = shutdown.asked() => None,
        };
        stage.clear().await;
        match shown {
            Some(shown) => shown.map(|()| Exit::Complete),
            None => {
                println!("stopped; what was made is removed within seconds");
                Ok(Exit::Complete)
            }
        }
    }

    async fn show(&self, programs: &Programs, stage: &Stage) -> anyhow::Result<()> {
        println!("\n== schema, entities, metric names");
        programs.run("crossfeed", &["setup"], stage, &[0]).await?;
        for source in stage.sources() {
            println!("\n== {source}: a month of history, then the present");
            let args = ["--source", source, "--days", "30", "--yes"];
            // Real vendors have real holes: 3 says that some are left, and lists them.
            programs
                .run(
                    "backfill",
                    &args,
                    stage,
                    if self.live { &[0, 3] } else { &[0] },
                )
                .await?;
            println!("\n== {source}: catalogue and live tick");
            programs
                .run("crossfeed", &["pull", source, "--catalogue"], stage, &[0])
                .await?;
        }
        println!("\n== what is stored");
        programs.run("crossfeed", &["sources"], stage, &[0]).await?;
        println!("\n== REST API");
        let port = free_port(self.port)?;
        let api = programs.serve("apid", &["--port", &port.to_string()], stage)?;
        let base = format!("http://127.0.0.1:{port}");
        answers::wait_until_up(&base).await?;
        answers::print_curl_lines(&base);
        if self.once {
            let checked = answers::check(&base, stage).await;
            api.end().await;
            println!("\n{}", checked?);
            return Ok(());
        }
        println!("\nup until Ctrl-C; psql: {}", stage.psql());
        api.wait().await
    }
}

fn free_port(wanted: Option<u16>) -> anyhow::Result<u16> {
    let bind = |port| std::net::TcpListener::bind(("127.0.0.1", port));
    let listener = match wanted {
        Some(port) => bind(port).with_context(|| format!("port {port} is taken"))?,
        None => bind(8000).or_else(|_| bind(0)).context("no port is free")?,
    };
    Ok(listener.local_addr()?.port())
}
