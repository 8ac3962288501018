//! What the suites of the programs share: a database, a simulated vendor, a folder with a
//! configuration, and the program under test as a process among them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test cannot go on without its stage"
)]

mod program;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fake_vendors::{FakeVendor, Fault, Faults, Options, Plan, Rule, Vendor};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_postgres::{Client, NoTls};

pub use self::program::{Ended, Running, ended, unread};
use crate::{TestDatabase, own_server::OwnServer, programs};

/// A wait this long has failed. Nothing is asserted about less.
pub const TOO_LONG: Duration = Duration::from_secs(40);

/// The key that the vendor takes.
pub const KEY: &str = "CG-simulated";
/// What charts give by day and hour, and one that only the present has.
const METRICS: &str = "PRICE|MARKET_CAP|VOLUME_24H|FDV";
/// The coins of the first configuration.
pub const COINS: [&str; 4] = ["bitcoin", "ethereum", "solana", "ripple"];
const HEADER: &str = "coin_id,symbol,vs_currency,metrics,since,hourly_since,ohlc,enabled,note";
const SCHEDULE_HEADER: &str =
    "source,every,at,jitter_secs,live_reserve_percent,reread_requests,note";
const SOURCES: [&str; 5] = ["artemis", "defillama", "velo", "coingecko", "alphavantage"];
const RATHER_RICH: u32 = 60_000;

/// A program's surroundings.
#[derive(Debug)]
pub struct Stage {
    /// Its database.
    pub database: TestDatabase,
    /// Its vendor.
    pub vendor: Arc<FakeVendor>,
    /// Its working folder, with a configuration and, later, its home.
    pub folder: TempDir,
    /// The minute of the hour at which the source ticks on the machine's clock: half an hour from now, so
    /// that no test runs into it.
    pub minute: u64,
    program: &'static str,
    plan: Plan,
    rpm: Option<u32>,
}

impl Stage {
    /// Sets the stage for a program: the path of its file.
    pub async fn new(program: &'static str) -> Self {
        Self::with_latency(program, Duration::ZERO).await
    }

    /// Does so with a vendor that takes its time for every answer.
    pub async fn with_latency(program: &'static str, latency: Duration) -> Self {
        let options = Options {
            rpm: Some(RATHER_RICH),
            latency,
            ..Options::default()
        };
        Self::with_vendor(program, Plan::Enterprise, options).await
    }

    /// Does so with a vendor of other options; its plan, and its pace where it has one of its own, are
    /// the program's too.
    pub async fn with_vendor(program: &'static str, plan: Plan, options: Options) -> Self {
        let rpm = options.rpm;
        let has_own_time = options.now.is_some();
        let options = Options {
            vendor: Vendor::CoinGecko(plan),
            key: KEY.to_owned(),
            ..options
        };
        let vendor = Arc::new(FakeVendor::start(options).await.unwrap());
        let stage = Self::before(program, vendor, plan, rpm).await;
        if has_own_time {
            stage.schedule_as_vendors_have_it();
        }
        stage
    }

    /// Returns another database and folder before the same vendor.
    pub async fn another(&self) -> Self {
        let vendor = Arc::clone(&self.vendor);
        Self::before(self.program, vendor, self.plan, self.rpm).await
    }

    /// Returns the same stage with a database on a server of the test's own.
    pub async fn on(mut self, server: &OwnServer) -> Self {
        self.database = server.database().await;
        self
    }

    async fn before(
        program: &'static str,
        vendor: Arc<FakeVendor>,
        plan: Plan,
        rpm: Option<u32>,
    ) -> Self {
        let stage = Self {
            database: crate::database().await,
            vendor,
            folder: tempfile::tempdir().unwrap(),
            minute: minute_far_away(),
            program,
            plan,
            rpm,
        };
        let config = stage.config_folder();
        std::fs::create_dir(&config).unwrap();
        let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sources-config");
        for file in [
            "entities.csv",
            "entity_source_ids.csv",
            "metrics.csv",
            "canonical_metrics.csv",
        ] {
            std::fs::copy(shipped.join(file), config.join(file)).unwrap();
        }
        stage.schedule(&[format!("coingecko,,{:02}:00,0,,,", stage.minute)]);
        stage.configure(&COINS.map(|coin| format!("{coin},,usd,{METRICS},,,false,true,")));
        stage
    }

    /// Returns the folder of the files that say what is collected.
    pub fn config_folder(&self) -> PathBuf {
        self.folder.path().join("sources-config")
    }

    /// Writes `coingecko.csv`: the header and these rows.
    pub fn configure(&self, rows: &[impl AsRef<str>]) {
        let rows: Vec<&str> = rows.iter().map(AsRef::as_ref).collect();
        let text = format!("{HEADER}\n{}\n", rows.join("\n"));
        std::fs::write(self.config_folder().join("coingecko.csv"), text).unwrap();
    }

    /// Lets every source tick at its vendor's own time, to the second.
    fn schedule_as_vendors_have_it(&self) {
        self.schedule(&SOURCES.map(|source| format!("{source},,,0,,,")));
    }

    /// Writes `schedule.csv`: the header and these rows. Until then the source ticks where a vendor has a
    /// time of its own at the vendor's minute, and else at none that a test could run into.
    pub fn schedule(&self, rows: &[impl AsRef<str>]) {
        let rows: Vec<&str> = rows.iter().map(AsRef::as_ref).collect();
        let text = format!("{SCHEDULE_HEADER}\n{}\n", rows.join("\n"));
        std::fs::write(self.config_folder().join("schedule.csv"), text).unwrap();
    }

    /// Makes the vendor break answers by these rules, and by no others.
    pub fn break_answers(&self, rules: Vec<Rule>) {
        self.vendor.set_faults(Faults {
            rules,
            ..Faults::default()
        });
    }

    /// Makes the vendor break every answer to paths that hold `matching`.
    pub fn always(&self, matching: &str, fault: Fault) {
        self.break_answers(vec![Rule::always(matching, fault)]);
    }

    /// Where the program keeps answers that make no sense.
    pub fn dead_letters(&self) -> PathBuf {
        self.folder.path().join("home/dead-letters")
    }

    /// The program under test, with nothing in its environment but what is said here.
    pub fn bare(&self, args: &[&str]) -> Command {
        self.bare_of(self.program.as_ref(), args)
    }

    fn bare_of(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        let home = self.folder.path().join("home");
        command
            .args(args)
            .env_clear()
            .env("CROSSFEED_HOME", home)
            // One test beside another: a port is opened by those that look at it.
            .env("CROSSFEED_INGESTD_METRICS_ADDR", "off")
            .env("CROSSFEED_APID_METRICS_ADDR", "off")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The variables that make the program meet this stage's database and vendor.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("DATABASE_URL", self.database.url()),
            ("COINGECKO_API_KEY", KEY.to_owned()),
            ("COINGECKO_PLAN", format!("{:?}", self.plan).to_lowercase()),
            ("COINGECKO_BASE_URL", self.vendor.base_url()),
        ];
        variables.extend(self.rpm.map(|rpm| ("COINGECKO_RPM", rpm.to_string())));
        variables
    }

    /// The program under test on this stage.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.bare(args);
        command.envs(self.variables());
        command
    }

    /// Another program of the workspace on this stage.
    pub fn command_of(&self, name: &str, args: &[&str]) -> Command {
        let mut command = self.bare_of(&programs::beside(self.program, name), args);
        command.envs(self.variables());
        command
    }

    /// Runs the program to its end.
    pub async fn run(&self, args: &[&str]) -> Ended {
        ended(self.command(args)).await
    }

    /// Requests that the vendor has seen.
    pub fn seen(&self) -> u64 {
        self.vendor.counts().total
    }

    /// Connects to the stage's database.
    pub async fn client(&self) -> Client {
        let (client, connection) = self.database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Returns the first column of the first row, as text.
    pub async fn ask(&self, sql: &str) -> String {
        let sql = format!("SELECT ({sql})::text");
        let row = self.client().await.query_one(&sql, &[]).await.unwrap();
        row.get::<_, Option<String>>(0).unwrap_or_default()
    }

    /// Returns one text for all points under their full names.
    pub async fn checksum(&self) -> String {
        self.ask(
            "SELECT coalesce(sum(points), 0) || ' ' || coalesce(md5(string_agg(concat_ws('|',
                 source, asset, instrument, venue, quote, metric, step, sum), E'\\n'
                 ORDER BY source, asset, instrument, venue, quote, metric, step)), 'nothing')
             FROM (SELECT series_id, count(*) AS points, md5(string_agg(
                       concat_ws('|', extract(epoch FROM ts), value), E'\\n' ORDER BY ts)) AS sum
                   FROM metrics GROUP BY series_id) AS one
             JOIN series USING (series_id)",
        )
        .await
    }

    /// Returns how many pulls ended how: `2 complete, 1 interrupted`.
    pub async fn pulls(&self) -> String {
        self.ask(
            "SELECT coalesce(string_agg(n || ' ' || status, ', ' ORDER BY status), 'none')
             FROM (SELECT status, count(*) AS n FROM pulls GROUP BY status) AS p",
        )
        .await
    }

    /// Waits until the query gives `wanted`.
    pub async fn until(&self, sql: &str, wanted: &str) {
        let client = self.client().await;
        let sql = format!("SELECT ({sql})::text");
        let matches = async {
            loop {
                let row = client.query_one(&sql, &[]).await.unwrap();
                let found = row.get::<_, Option<String>>(0).unwrap_or_default();
                if found == wanted {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(TOO_LONG, matches).await.is_err() {
            panic!("never {wanted:?}: {sql} gives {:?}", self.ask(&sql).await);
        }
    }

    /// Waits until the vendor has seen so many requests.
    pub async fn until_seen(&self, requests: u64) {
        let seen = async {
            while self.seen() < requests {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(TOO_LONG, seen).await;
        assert!(in_time.is_ok(), "only {} requests came", self.seen());
    }
}

/// Returns the minute of the hour that is half an hour from now.
fn minute_far_away() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "programs on the machine's clock tick by it"
    )]
    let now = SystemTime::now();
    let secs = now.duration_since(UNIX_EPOCH).unwrap().as_secs();
    (secs / 60 + 30) % 60
}
