//! Answers of the simulator that lack a key: of that key nothing is settled, whatever was asked.

use fake_vendors::{FakeVendor, Fault, Faults, Options, Rule};
use model::{PullKind, SeriesKey, Spans};
use proptest::{
    prelude::*,
    sample::{Index, subsequence},
    test_runner::{Config, TestRunner},
};
use source::{Ask, Reply, RequestSpec, Source as _, Want};
use source_coingecko::{CoinGecko, MARKETS, Plan, Settings};

use super::*;

const NOW: &str = "2026-05-18T12:50:00Z";
const METRICS: [&str; 6] = [
    "CIRCULATING_SUPPLY",
    "FDV",
    "MARKET_CAP",
    "PRICE",
    "TOTAL_SUPPLY",
    "VOLUME_24H",
];
const QUOTES: [&str; 2] = ["eur", "usd"];

/// What the cases share.
struct Bench {
    vendor: FakeVendor,
    source: CoinGecko,
    client: reqwest::Client,
    coins: Vec<String>,
    index: SeriesIndex,
    now: Ts,
}

impl Bench {
    async fn new() -> Self {
        let _already = rustls::crypto::ring::default_provider().install_default();
        let now = Ts::parse(NOW).unwrap();
        let options = Options {
            now: Some(now.datetime()),
            rpm: Some(60_000),
            ..Options::default()
        };
        let key = options.key.clone();
        let vendor = FakeVendor::start(options).await.unwrap();
        vendor.set_frozen(true);
        vendor.set_now(now.datetime());
        let settings = Settings {
            plan: Plan::Demo,
            base_url: Some(vendor.base_url()),
            rpm: None,
        };
        let headers = [
            ("x-cg-demo-api-key", key),
            ("user-agent", "test".to_owned()),
        ];
        let headers = headers.map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, http::HeaderValue::try_from(value).unwrap())
        });
        let all = vendor.truth().entities();
        // One that is gone has no value of now.
        let living = all.iter().filter(|one| one.delisted_ms.is_none());
        let coins = living.filter_map(|one| one.coingecko_id.clone());
        let coins: Vec<String> = coins.take(40).collect();
        Self {
            index: SeriesIndex::new(rows(&coins)),
            client: reqwest::Client::builder()
                .default_headers(headers.into_iter().collect())
                .build()
                .unwrap(),
            source: CoinGecko::new(settings),
            vendor,
            coins,
            now,
        }
    }

    /// Asks the simulator, which leaves a coin out.
    async fn answer(&self, request: &RequestSpec, without: &str) -> Reply {
        let ids = vec![without.to_owned()];
        self.vendor.set_faults(Faults {
            rules: vec![Rule::always("", Fault::DropIds { ids })],
            ..Faults::default()
        });
        let address = self.vendor.base_url() + &request.path_and_query();
        let response = self.client.get(address).send().await.unwrap();
        Reply {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap(),
            received_at: self.now,
        }
    }

    /// Returns the keys of which the collector's sink settles or stores anything.
    fn touched(&self, request: &RequestSpec, reply: &Reply) -> BTreeSet<Key> {
        self.source.check(request, reply).unwrap();
        let dataset = self.source.dataset(MARKETS).unwrap();
        let mut sink = BlockSink::new(&request.block, &self.index, dataset.role, self.now);
        self.source.parse(request, reply, &mut sink).unwrap();
        let judge = Judge {
            facts: &Facts::new(Vec::new()),
            dataset,
            now: self.now,
        };
        let settled = sink.settlements(&judge).into_iter().map(|one| one.series);
        let stored = sink.points.iter().map(|point| point.series);
        let series: BTreeSet<SeriesId> = settled.chain(stored).collect();
        let key = |id: SeriesId| self.index.get(id).unwrap().series.key.clone();
        series.into_iter().map(key).collect()
    }
}

/// Every series of these coins.
fn rows(coins: &[String]) -> Vec<SeriesRow> {
    let mut rows = Vec::new();
    for coin in coins {
        for quote in QUOTES {
            for metric in METRICS {
                rows.push(SeriesRow {
                    id: SeriesId(i32::try_from(rows.len()).unwrap()),
                    series: SeriesKey {
                        source: source_coingecko::SOURCE,
                        key: Key::of_asset(coin.as_str(), quote),
                        metric: metric.into(),
                        step: Step::Hour,
                    },
                    label_shift_secs: -3_600,
                    wanted_since: None,
                    active: Spans::new(),
                });
            }
        }
    }
    rows
}

/// Coins with their quote and metrics, and which of a request's keys is left out.
type Case = (Vec<(String, &'static str, Vec<&'static str>)>, Index);

fn case(coins: Vec<String>) -> impl Strategy<Value = Case> {
    let metrics = || subsequence(&METRICS[..], 1..=METRICS.len());
    let quote = || prop::sample::select(&QUOTES[..]);
    let most = coins.len();
    let wants = subsequence(coins, 2..=most).prop_flat_map(move |coins| {
        let want = move |coin| (Just(coin), quote(), metrics());
        coins.into_iter().map(want).collect::<Vec<_>>()
    });
    (wants, any::<Index>())
}

fn ask(wanted: Vec<(String, &'static str, Vec<&'static str>)>, now: Ts) -> Ask {
    let hour = Step::Hour.floor(now);
    let mut wants: Vec<Want> = wanted
        .into_iter()
        .map(|(coin, quote, metrics)| Want {
            key: Key::of_asset(coin.as_str(), quote),
            metrics: metrics.into_iter().map(MetricName::from).collect(),
            labels: TimeRange::new(hour, Step::Hour.next(hour)),
        })
        .collect();
    wants.sort_by(|a, b| a.key.cmp(&b.key));
    Ask {
        dataset: MARKETS,
        kind: PullKind::Live,
        now,
        oldest: None,
        wants,
    }
}

#[test]
fn a_key_that_an_answer_lacks_is_left_alone_whatever_was_asked() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bench = runtime.block_on(Bench::new());
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&case(bench.coins.clone()), |(wanted, left_out)| {
        let ask = ask(wanted, bench.now);
        for request in bench.source.plan(&ask).unwrap() {
            let lacking = left_out.get(&request.block.keys);
            let reply = runtime.block_on(bench.answer(&request, lacking.asset.as_str()));
            let touched = bench.touched(&request, &reply);
            prop_assert!(!touched.contains(lacking), "{lacking} is touched");
            prop_assert_eq!(touched.len(), request.block.keys.len() - 1);
        }
        Ok(())
    });
    outcome.unwrap();
}
