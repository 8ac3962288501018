//! What the tests work in: a vendor, a database, a clock, and what should be stored.

mod alphavantage;
mod schedule;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use fake_vendors::{FakeVendor, Metric, Options};
use ingest::{Collector, Filter, PastAsk, Setup, Stop, Stopper, Timetable};
use model::{SeriesSpec, Ts};
use ratelimit::Clock;
use secrecy::SecretString;
use source::Source;
use source_coingecko::{CoinGecko, Plan, Settings};
use store::{Store, pace::QuotaWindow, pulls::PullRow, series::Authority};
use testkit::TestDatabase;
use time::OffsetDateTime;
use tokio_postgres::{Client, NoTls};

pub(crate) use self::{
    alphavantage::{alphavantage_at, alphavantage_csv},
    schedule::{Tasks, all_ended, set_to_work},
};

pub(crate) const KEY: &str = "CG-planted-k3y/that+must=not%show";
pub(crate) const NOW: &str = "2026-05-18T12:50:00Z";
/// Simulated requests a minute: fast, and still a pace.
pub(crate) const RPM: u32 = 600;

pub(crate) fn at(text: &str) -> Ts {
    Ts::parse(text).unwrap()
}

/// The simulator's clock as the collector's: sleeping moves it.
#[derive(Debug)]
pub(crate) struct VendorClock {
    vendor: Arc<FakeVendor>,
    moving: Mutex<()>,
}

impl VendorClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.vendor.advance(by);
    }
}

#[async_trait]
impl Clock for VendorClock {
    fn now(&self) -> Ts {
        self.vendor.now().into()
    }

    fn is_simulated(&self) -> bool {
        true
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.vendor.now() + duration;
        // Whoever has something to do at this moment does it first.
        tokio::task::yield_now().await;
        let _alone = self.moving.lock().unwrap();
        if self.vendor.now() < until {
            self.vendor.set_now(until);
        }
    }
}

pub(crate) struct World {
    pub(crate) vendor: Arc<FakeVendor>,
    pub(crate) clock: Arc<VendorClock>,
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
    pub(crate) client: Client,
    pub(crate) stopper: Stopper,
    pub(crate) stop: Stop,
    sessions: Mutex<u32>,
}

/// The options of a demo vendor whose clock starts at [`NOW`].
pub(crate) fn demo() -> Options {
    Options {
        key: KEY.to_owned(),
        now: Some(at(NOW).datetime()),
        rpm: Some(RPM),
        ..Options::default()
    }
}

impl World {
    pub(crate) async fn new(options: Options) -> Self {
        let starts_at = options.now;
        let vendor = Arc::new(FakeVendor::start(options).await.unwrap());
        if let Some(now) = starts_at {
            vendor.set_frozen(true);
            vendor.set_now(now);
        }
        let database = testkit::database().await;
        let (client, connection) = database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        let (stopper, stop) = Stopper::new();
        Self {
            clock: Arc::new(VendorClock {
                vendor: Arc::clone(&vendor),
                moving: Mutex::default(),
            }),
            store: connect(&database).await,
            vendor,
            database,
            client,
            stopper,
            stop,
            sessions: Mutex::default(),
        }
    }

    /// Returns the set-up of a process of its own: store, session, clock of the simulator.
    pub(crate) async fn setup(&self, source: impl Source + 'static, csv: &str) -> Setup {
        let number = {
            let mut sessions = self.sessions.lock().unwrap();
            *sessions += 1;
            *sessions
        };
        let instance = format!("test-{number}");
        let store = connect(&self.database).await;
        Setup {
            series: series(&source, csv),
            authority: Authority::Whole,
            timetable: Timetable {
                // Tests look for ticks to the second.
                jitter_secs: 0,
                ..Timetable::of(&source)
            },
            source: Arc::new(source),
            key: Some(SecretString::from(KEY.to_owned())),
            session: Arc::new(store.session(&instance).await.unwrap()),
            store,
            instance,
            clock: self.clock.clone(),
            dead_letters: None,
            stop: self.stop.clone(),
        }
    }

    pub(crate) async fn collector(&self, csv: &str) -> Collector {
        let setup = self.setup(self.coingecko(Plan::Demo, RPM), csv).await;
        Collector::open(setup).await.unwrap()
    }

    pub(crate) fn coingecko(&self, plan: Plan, rpm: u32) -> CoinGecko {
        coingecko_at(&self.vendor.base_url(), plan, rpm)
    }

    /// Returns the units of CoinGecko's that the ledger counts for this month.
    pub(crate) async fn used_this_month(&self) -> i64 {
        let (source, now) = (source_coingecko::SOURCE, self.clock.now());
        let month = QuotaWindow {
            unit: "credits",
            span: "month",
            before: 0,
            limit: 0,
            reserve: 0,
        };
        let used = self.store.used_of(source, "api", &month, now);
        used.await.unwrap()
    }

    /// Returns every stored point: series in words to (bucket start in ms, bits of the value).
    pub(crate) async fn rows(&self) -> BTreeMap<String, Vec<(i64, u64)>> {
        let sql = "SELECT concat_ws(' ', s.asset, nullif(s.instrument, ''), nullif(s.venue, ''),
                                    s.quote, s.metric, s.step) AS name,
                          (extract(epoch FROM m.ts) * 1000)::int8, m.value
                   FROM metrics m JOIN series s USING (series_id) ORDER BY name, m.ts";
        let mut rows: BTreeMap<String, Vec<(i64, u64)>> = BTreeMap::new();
        for row in self.client.query(sql, &[]).await.unwrap() {
            let name: String = row.get(0);
            let point = (row.get(1), row.get::<_, f64>(2).to_bits());
            rows.entry(name).or_default().push(point);
        }
        rows
    }

    /// Returns what the charts of these coins hold for buckets `[from, to)`, in the shape of
    /// [`Self::rows`].
    pub(crate) fn truth(
        &self,
        coins: &[&str],
        from: &str,
        to: &str,
    ) -> BTreeMap<String, Vec<(i64, u64)>> {
        let metrics = [
            ("PRICE", Metric::Price),
            ("MARKET_CAP", Metric::MarketCap),
            ("VOLUME_24H", Metric::Volume24h),
        ];
        let steps = [
            ("1h", fake_vendors::Step::Hour, 3_600_000),
            ("1d", fake_vendors::Step::Day, 86_400_000),
        ];
        let mut rows = BTreeMap::new();
        for coin in coins {
            for (name, metric) in metrics {
                for (step_name, step, step_ms) in steps {
                    let labels = (at(from).millis() + step_ms, at(to).millis() + step_ms);
                    let series = self
                        .vendor
                        .truth()
                        .coingecko_series(coin, "usd", metric, step, labels.0, labels.1)
                        .into_iter()
                        .map(|(label, value)| (label - step_ms, value.to_bits()))
                        .collect::<Vec<_>>();
                    if !series.is_empty() {
                        rows.insert(format!("{coin} usd {name} {step_name}"), series);
                    }
                }
            }
        }
        rows
    }

    /// Returns the pulls, oldest first.
    pub(crate) async fn pulls(&self) -> Vec<PullRow> {
        let mut pulls = self.store.recent_pulls(None, 100).await.unwrap();
        pulls.reverse();
        pulls
    }

    /// Returns one text from the database.
    pub(crate) async fn text(&self, sql: &str) -> String {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Returns why buckets are missing: `asset metric step reason [start,end)`, one a line.
    pub(crate) async fn missing(&self) -> Vec<String> {
        let rows = self.store.missing("coingecko", 1_000).await.unwrap();
        let mut lines: Vec<String> = rows
            .into_iter()
            .map(|row| {
                let waits = if row.recheck_at.is_some() {
                    " waits"
                } else {
                    ""
                };
                let (asset, metric, step) = (row.asset, row.metric, row.step);
                format!(
                    "{asset} {metric} {step} {}{waits} {}",
                    row.reason, row.range
                )
            })
            .collect();
        lines.sort();
        lines
    }

    pub(crate) fn set_now(&self, text: &str) {
        let now: OffsetDateTime = at(text).datetime();
        self.vendor.set_now(now);
    }
}

pub(crate) async fn connect(database: &TestDatabase) -> Store {
    let options = store::Options {
        application_name: "ingest test".to_owned(),
        pool_size: 6,
    };
    Store::connect(&database.config(), options).await.unwrap()
}

pub(crate) fn coingecko_at(base_url: &str, plan: Plan, rpm: u32) -> CoinGecko {
    CoinGecko::new(Settings {
        plan,
        base_url: Some(base_url.to_owned()),
        rpm: Some(rpm),
    })
}

fn series(source: &dyn Source, csv: &str) -> Vec<SeriesSpec> {
    let file = format!("{}.csv", source.id());
    source.read_config(&file, csv.as_bytes()).unwrap()
}

/// Returns a CSV of these coins in USD, wanted since `since`.
pub(crate) fn csv_of(coins: &[&str], since: &str) -> String {
    let mut csv = source_coingecko::COLUMNS.join(",") + "\n";
    for coin in coins {
        csv.push_str(&format!("{coin},X,usd,,{since},{since},false,true,\n"));
    }
    csv
}

pub(crate) fn past(from: &str, to: &str) -> PastAsk {
    PastAsk {
        from: Some(at(from)),
        to: Some(at(to)),
        ..PastAsk::default()
    }
}

pub(crate) fn only(dataset: &str) -> Filter {
    Filter {
        datasets: vec![dataset.to_owned()],
        ..Filter::default()
    }
}
