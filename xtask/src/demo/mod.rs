//! `cargo xtask demo`: the whole way on one machine: a private PostgreSQL, the vendors, a month of
//! history, a live tick, the REST API.

mod answers;
mod cast;
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

    /// Collects from one source. What its programs print comes whole, so that it stands apart from the
    /// others'.
    async fn collect(
        &self,
        programs: &Programs,
        stage: &Stage,
        source: &str,
    ) -> anyhow::Result<()> {
        let args = ["--source", source, "--days", "30", "--yes"];
        // Real vendors have real holes: 3 says that some are left, and lists them.
        let expected: &[i32] = if self.live { &[0, 3] } else { &[0] };
        programs.tell("backfill", &args, stage, expected).await?;
        let args = ["pull", source, "--catalogue"];
        programs.tell("crossfeed", &args, stage, &[0]).await
    }

    async fn show(&self, programs: &Programs, stage: &Stage) -> anyhow::Result<()> {
        println!("\n== schema, entities, metric names");
        programs.run("crossfeed", &["setup"], stage, &[0]).await?;
        println!(
            "\n== a month of history from each, side by side, then the present and the catalogues"
        );
        let sources = stage.sources();
        let collected = sources
            .iter()
            .map(|source| self.collect(programs, stage, source));
        futures_util::future::try_join_all(collected).await?;
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
        println!("\nto use crossfeed, backfill or ingestd here, in another shell:\n");
        stage.exports().iter().for_each(|line| println!("{line}"));
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
