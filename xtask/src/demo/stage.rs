//! What the programs find: a home of their own, a configuration cut to a demo's size, the vendors.

use std::ffi::OsString;

use local_postgres::{Guard, Profile, Server};
use runtime::Env;
use tempfile::TempDir;

use crate::{
    demo::cast::{self, Player},
    root,
};

/// Variables that belong to an installation of this machine. Set to nothing rather than unset: an
/// empty variable hides the one of a .env file.
const NOT_FOR_US: [&str; 5] = [
    "DATABASE_URL",
    "DATABASE_READ_URL",
    "CROSSFEED_WORLD",
    "DATA_API_KEY",
    "INVOCATION_ID",
];

/// Reads what of the environment is for the demo, too: the vendors, and where PostgreSQL's programs
/// are.
fn environment() -> anyhow::Result<Env> {
    let hidden = NOT_FOR_US.map(|name| (name.into(), OsString::new()));
    let vars = std::env::vars_os().chain(hidden);
    Ok(Env::from_parts(vars, &std::env::current_dir()?)?)
}

/// What the programs find, removed at the end.
#[derive(Debug)]
pub(crate) struct Stage {
    config: TempDir,
    server: Option<Server>,
    options: local_postgres::Options,
    /// The simulated vendors; none where the real ones are asked.
    players: Vec<Player>,
}

impl Stage {
    /// Makes it.
    pub(crate) async fn set(live: bool) -> anyhow::Result<Self> {
        let env = environment()?;
        let home = std::env::temp_dir().join(format!("crossfeed-demo-{}", std::process::id()));
        let options = local_postgres::Options {
            guard: Guard::Lock,
            profile: Profile::Desk,
            pg_bin: env.home.pg_bin,
            search_path: env.home.search_path,
            download_to: Some(root().join(".crossfeed").join("postgresql")),
            ..local_postgres::Options::new(home)
        };
        println!("== private PostgreSQL in {}", options.home.display());
        let server = local_postgres::ensure_started(&options, &|line| println!("{line}")).await?;
        let config = tempfile::Builder::new()
            .prefix("crossfeed-demo-config-")
            .tempdir()?;
        let mut stage = Self {
            config,
            server: Some(server),
            options,
            players: Vec::new(),
        };
        if !live {
            stage.players = cast::start(stage.config.path()).await?;
        }
        Ok(stage)
    }

    /// Returns the vendors to collect from.
    pub(crate) fn sources(&self) -> Vec<&'static str> {
        if !self.players.is_empty() {
            return self.players.iter().map(|player| player.source).collect();
        }
        let Ok(env) = environment() else {
            return Vec::new();
        };
        let set_up = |name: &model::SourceId| assembly::is_set_up(*name, &env);
        assembly::SOURCES
            .into_iter()
            .filter(set_up)
            .map(model::SourceId::as_str)
            .collect()
    }

    /// Returns the simulated vendors; none where the real ones are asked.
    pub(crate) fn players(&self) -> &[Player] {
        &self.players
    }

    /// Gives a program its environment: nothing of this machine's database reaches it.
    pub(crate) fn dress(&self, command: &mut tokio::process::Command) {
        for name in NOT_FOR_US {
            command.env(name, "");
        }
        command.env("CROSSFEED_HOME", &self.options.home);
        command.env("RUST_LOG", "warn");
        // Beside a daemon that is at work on this machine, perhaps.
        command.env("CROSSFEED_APID_METRICS_ADDR", "off");
        if !self.players.is_empty() {
            command.env("CROSSFEED_CONFIG", self.config.path());
        }
        for player in &self.players {
            command.envs(player.variables());
        }
    }

    /// Returns the lines that let a shell's programs meet the same database and vendors. Keys of real
    /// vendors are not among them.
    pub(crate) fn exports(&self) -> Vec<String> {
        let mut variables = vec![(
            "CROSSFEED_HOME".to_owned(),
            self.options.home.display().to_string(),
        )];
        if !self.players.is_empty() {
            let config = self.config.path().display().to_string();
            variables.push(("CROSSFEED_CONFIG".to_owned(), config));
        }
        variables.extend(self.players.iter().flat_map(Player::variables));
        let line = |(name, value): &(String, String)| format!("export {name}='{value}'");
        variables.iter().map(line).collect()
    }

    /// Returns a command that opens the database.
    pub(crate) fn psql(&self) -> String {
        self.server
            .as_ref()
            .map_or_else(String::new, |server| format!("psql '{}'", server.url()))
    }

    /// Stops and removes everything.
    pub(crate) async fn clear(mut self) {
        for player in self.players.drain(..) {
            player.vendor.stop().await;
        }
        drop(self.server.take());
        if let Err(error) = local_postgres::stop(&self.options, &|_| ()).await {
            eprintln!("the private PostgreSQL could not be stopped, its guard will: {error}");
        }
        // The home goes with its guard, the configuration with this.
    }
}
