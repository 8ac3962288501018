//! What the programs find: a home of their own, a configuration of 25 named coins, the vendors.

use std::{ffi::OsString, fs};

use fake_vendors::{FakeVendor, Options, Plan, Vendor};
use local_postgres::{Guard, Profile, Server};
use runtime::Env;
use tempfile::TempDir;

use crate::root;

/// How many coins the demo collects.
const COINS: usize = 25;
/// So many that pace is nobody's bottleneck.
const GENEROUS_RPM: u32 = 60_000;
const KEY: &str = "CG-demo-key-of-the-simulation";

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
    vendor: Option<FakeVendor>,
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
            vendor: None,
        };
        if !live {
            stage.start_vendor().await?;
            stage.configure()?;
        }
        Ok(stage)
    }

    async fn start_vendor(&mut self) -> anyhow::Result<()> {
        let options = Options {
            vendor: Vendor::CoinGecko(Plan::Enterprise),
            key: KEY.to_owned(),
            rpm: Some(GENEROUS_RPM),
            ..Options::default()
        };
        let vendor = FakeVendor::start(options).await?;
        println!("== simulated CoinGecko at {}", vendor.base_url());
        self.vendor = Some(vendor);
        Ok(())
    }

    /// Copies the configuration with the first rows of coins that the simulated world names.
    fn configure(&self) -> anyhow::Result<()> {
        let (from, to) = (root().join("sources-config"), self.config.path());
        for entry in fs::read_dir(&from)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "csv") {
                fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
            }
        }
        let entities = self.vendor.as_ref().map(|vendor| vendor.truth().entities());
        let named = entities.as_deref().unwrap_or_default();
        let mut reader = csv::Reader::from_path(from.join("coingecko.csv"))?;
        let mut writer = csv::Writer::from_path(to.join("coingecko.csv"))?;
        writer.write_record(reader.headers()?)?;
        let enabled = reader
            .headers()?
            .iter()
            .position(|column| column == "enabled");
        let mut taken = 0;
        for record in reader.records() {
            let record = record?;
            if enabled.and_then(|column| record.get(column)) != Some("true") {
                continue;
            }
            let is_named = named
                .iter()
                .any(|entity| entity.coingecko_id.as_deref() == record.get(0));
            if taken < COINS && is_named {
                writer.write_record(&record)?;
                taken += 1;
            }
        }
        anyhow::ensure!(
            taken == COINS,
            "coingecko.csv names only {taken} coins of the simulated world"
        );
        Ok(writer.flush()?)
    }

    /// Returns the vendors to collect from.
    pub(crate) fn sources(&self) -> Vec<&'static str> {
        if self.vendor.is_some() {
            return vec!["coingecko"];
        }
        let Ok(env) = environment() else {
            return Vec::new();
        };
        let set_up =
            |name: &model::SourceId| assembly::is_set_up(*name, &env.vendor(name.as_str()));
        assembly::SOURCES
            .into_iter()
            .filter(set_up)
            .map(model::SourceId::as_str)
            .collect()
    }

    /// Returns the simulated vendor, if there is one.
    pub(crate) fn vendor(&self) -> Option<&FakeVendor> {
        self.vendor.as_ref()
    }

    /// Gives a program its environment: nothing of this machine's database reaches it.
    pub(crate) fn dress(&self, command: &mut tokio::process::Command) {
        for name in NOT_FOR_US {
            command.env(name, "");
        }
        command.env("CROSSFEED_HOME", &self.options.home);
        command.env("RUST_LOG", "warn");
        if let Some(vendor) = &self.vendor {
            command.env("CROSSFEED_CONFIG", self.config.path());
            command.env("COINGECKO_BASE_URL", vendor.base_url());
            command.env("COINGECKO_API_KEY", KEY);
            command.env("COINGECKO_PLAN", "enterprise");
            command.env("COINGECKO_RPM", GENEROUS_RPM.to_string());
        }
    }

    /// Returns a command that opens the database.
    pub(crate) fn psql(&self) -> String {
        self.server
            .as_ref()
            .map_or_else(String::new, |server| format!("psql '{}'", server.url()))
    }

    /// Stops and removes everything.
    pub(crate) async fn clear(mut self) {
        if let Some(vendor) = self.vendor.take() {
            vendor.stop().await;
        }
        drop(self.server.take());
        if let Err(error) = local_postgres::stop(&self.options, &|_| ()).await {
            eprintln!("the private PostgreSQL could not be stopped, its guard will: {error}");
        }
        // The home goes with its guard, the configuration with this.
    }
}
