//! A small world in a database of its own, and the API over it. Written through the store, as the
//! collector does.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "test code, of which each program uses a part"
)]

pub(crate) mod program;

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test;
use actix_web::web::Data;
use apid::Api;
use model::{
    DatasetId, Key, MissingReason, PullKind, SeriesKey, SeriesSpec, Since, SourceId, Stamp, Step,
    TimeRange, Ts, WriteMode,
};
use query::Reader;
use serde_json::Value;
use store::coverage::{Settlement, Verdict};
use store::dictionary::{CanonicalMetricRow, Dictionary, EntityIdRow, EntityRow, MetricNameRow};
use store::pulls::{NewPull, PullEnd, PullStatus};
use store::series::{Authority, SeriesId};
use store::write::{Batch, Point};
use store::{Options, Store, World};
use testkit::TestDatabase;
use tokio_postgres::{Client, NoTls};

pub(crate) const COINGECKO: SourceId = SourceId::new("coingecko");
pub(crate) const VELO: SourceId = SourceId::new("velo");

/// The "now" of all answers.
pub(crate) fn now() -> Ts {
    at("2026-03-10T12:30:00Z")
}

pub(crate) fn at(text: &str) -> Ts {
    Ts::parse(text).unwrap()
}

/// The API over a database that lives as long as this.
pub(crate) struct Fixture {
    pub(crate) database: TestDatabase,
    pub(crate) store: Store,
    pub(crate) api: Data<Api>,
}

/// An answer, read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Fixture {
    /// A bare connection, for what no program of ours does.
    pub(crate) async fn client(&self) -> Client {
        let (client, connection) = self.database.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    pub(crate) async fn get(&self, address: &str) -> Answer {
        self.send(test::TestRequest::get().uri(address)).await
    }

    pub(crate) async fn send(&self, request: test::TestRequest) -> Answer {
        let service = test::init_service(apid::service(self.api.clone())).await;
        let response = test::call_service(&service, request.to_request()).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = test::read_body(response).await;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status,
            headers,
            body,
        }
    }
}

/// An empty database with migrations and nothing else.
pub(crate) async fn empty(key: Option<&str>) -> Fixture {
    let database = testkit::database().await;
    let config = database.config();
    let options = || Options {
        application_name: "test".to_owned(),
        pool_size: 4,
    };
    let store = Store::connect(&config, options()).await.unwrap();
    // As the program does: nothing that is asked may need to write.
    let reader = Store::connect_reader(&config, options()).await.unwrap();
    let api = Api::new(Reader::new(reader), now, key.map(Into::into));
    Fixture {
        database,
        store,
        api: Data::new(api),
    }
}

/// Bitcoin from two vendors, pepe by the thousand, a ticker that two entities have.
pub(crate) async fn filled() -> Fixture {
    let world = empty(None).await;
    let store = &world.store;
    store.enter_world(World::Simulated).await.unwrap();
    store.sync_dictionary(&dictionary(), None).await.unwrap();
    fill_coingecko(store).await;
    fill_velo(store).await;
    world
}

/// Hourly: 60 hours to noon with a hole and a zero. Daily: 40 days to yesterday, in two currencies.
async fn fill_coingecko(store: &Store) {
    let hourly = spec(
        COINGECKO,
        "bitcoin",
        "",
        "usd",
        "PRICE",
        Step::Hour,
        Stamp::Instant,
    );
    let daily = spec(
        COINGECKO,
        "bitcoin",
        "",
        "usd",
        "PRICE",
        Step::Day,
        Stamp::Instant,
    );
    let euro = spec(
        COINGECKO,
        "bitcoin",
        "",
        "eur",
        "PRICE",
        Step::Day,
        Stamp::Instant,
    );
    let cap = spec(
        COINGECKO,
        "ethereum",
        "",
        "usd",
        "MARKET_CAP",
        Step::Day,
        Stamp::Instant,
    );
    let specs = [hourly, daily, euro, cap];
    let ids = series(store, COINGECKO, &specs).await;

    let first = at("2026-03-08T00:00:00Z");
    let hours = TimeRange::new(first, at("2026-03-10T12:00:00Z"));
    let hole = TimeRange::new(at("2026-03-09T05:00:00Z"), at("2026-03-09T07:00:00Z"));
    let never = TimeRange::new(at("2026-03-09T09:00:00Z"), at("2026-03-09T10:00:00Z"));
    let mut points = ramp(ids[0], Step::Hour, hours, 100.0);
    points.retain(|point| !hole.contains(point.ts) && !never.contains(point.ts));
    points[1].value = 0.0;
    let days = TimeRange::new(at("2026-01-29"), at("2026-03-10"));
    for (id, start) in [(ids[1], 1_000.0), (ids[2], 900.0), (ids[3], 5_000.0)] {
        points.extend(ramp(id, Step::Day, days, start));
    }
    let settled = |series, range| Settlement {
        series,
        range,
        verdict: Verdict::Settled,
    };
    let empty = Settlement {
        series: ids[0],
        range: hole,
        verdict: Verdict::Missing {
            reason: MissingReason::VendorEmpty,
            recheck_after_secs: None,
        },
    };
    let settlements = vec![
        settled(ids[0], TimeRange::new(first, never.start)),
        settled(ids[0], TimeRange::new(never.end, hours.end)),
        empty,
        settled(ids[1], days),
    ];
    write(store, COINGECKO, points, settlements).await;
}

/// Bars up to the hour that is still open; two venues; a coin counted by the thousand.
async fn fill_velo(store: &Store) {
    let at_venue =
        |asset, venue, metric| spec(VELO, asset, venue, "", metric, Step::Hour, Stamp::Bar);
    let specs = [
        at_venue("BTC", "binance-futures", "CLOSE_PRICE"),
        at_venue("BTC", "binance-futures", "DOLLAR_VOLUME"),
        at_venue("BTC", "bybit", "DOLLAR_VOLUME"),
        at_venue("1000PEPE", "bybit", "CLOSE_PRICE"),
    ];
    let ids = series(store, VELO, &specs).await;
    let hours = TimeRange::new(at("2026-03-10T03:00:00Z"), at("2026-03-10T13:00:00Z"));
    let points = ids
        .iter()
        .zip([50.0, 7.0, 8.0, 12_000.0])
        .flat_map(|(id, start)| ramp(*id, Step::Hour, hours, start))
        .collect();
    write(store, VELO, points, Vec::new()).await;
}

fn spec(
    source: SourceId,
    asset: &str,
    venue: &str,
    quote: &str,
    metric: &str,
    step: Step,
    stamp: Stamp,
) -> SeriesSpec {
    let key = Key {
        venue: venue.into(),
        ..Key::of_asset(asset, quote)
    };
    let series = SeriesKey {
        source,
        key,
        metric: metric.into(),
        step,
    };
    SeriesSpec {
        series,
        stamp,
        since: Since::ThreeYearsBack,
        enabled: true,
    }
}

/// Makes the series; returns their ids in the order of `specs`.
async fn series(store: &Store, source: SourceId, specs: &[SeriesSpec]) -> Vec<SeriesId> {
    let rows = store
        .sync_series(source, specs, Authority::Whole, now())
        .await
        .unwrap();
    let id = |spec: &SeriesSpec| {
        rows.iter()
            .find(|row| row.series == spec.series)
            .unwrap()
            .id
    };
    specs.iter().map(id).collect()
}

/// One point a bucket, each one more than the last.
fn ramp(series: SeriesId, step: Step, range: TimeRange, start: f64) -> Vec<Point> {
    let (mut ts, mut value, mut points) = (range.start, start, Vec::new());
    while ts < range.end {
        points.push(Point { series, ts, value });
        (ts, value) = (step.next(ts), value + 1.0);
    }
    points
}

async fn write(store: &Store, source: SourceId, points: Vec<Point>, settlements: Vec<Settlement>) {
    let pull = NewPull {
        run_id: "run",
        source,
        dataset: Some(DatasetId::new("test")),
        kind: PullKind::Backfill,
        instance: "test",
        window: None,
        started_at: now(),
    };
    let pull = store.open_pull(&pull).await.unwrap();
    let batch = Batch {
        pull,
        mode: WriteMode::Keep,
        points,
        settlements,
        rejected: 0,
        epoch: None,
    };
    Box::pin(store.writer(source).await.unwrap().write(batch, now()))
        .await
        .unwrap();
    let end = PullEnd {
        status: PullStatus::Complete,
        bytes: 0,
        error: None,
    };
    store.close_pull(pull, end, now()).await.unwrap();
}

fn dictionary() -> Dictionary {
    let entities = [
        ("bitcoin", "Bitcoin", "BTC", "chain"),
        ("ethereum", "Ethereum", "ETH", "chain"),
        ("pepe", "Pepe", "PEPE", "token"),
        ("one-gem", "One Gem", "GEM", "token"),
        ("other-gem", "Other Gem", "GEM", "token"),
    ];
    let entities = entities.map(|(id, name, symbol, kind)| EntityRow {
        canonical_id: id.to_owned(),
        name: name.to_owned(),
        symbol: symbol.to_owned(),
        kind: kind.to_owned(),
        asset_class: "crypto".to_owned(),
        sector: String::new(),
        parent: String::new(),
    });
    let ids = [
        ("coingecko", "bitcoin", "bitcoin", 1.0),
        ("coingecko", "ethereum", "ethereum", 1.0),
        ("velo", "BTC", "bitcoin", 1.0),
        ("velo", "1000PEPE", "pepe", 1_000.0),
    ];
    let ids = ids.map(|(source, source_id, canonical_id, factor)| EntityIdRow {
        source: source.to_owned(),
        source_id: source_id.to_owned(),
        canonical_id: canonical_id.to_owned(),
        factor,
        origin: "curated".to_owned(),
    });
    let metrics = [
        (
            "PRICE",
            "level",
            &["coingecko", "velo"][..],
            "Price of one unit",
        ),
        ("MARKET_CAP", "level", &["coingecko"], "Price times supply"),
        ("VOLUME", "flow", &["velo"], "Turnover of one venue"),
        ("FDV", "level", &["coingecko"], "Price times full supply"),
    ];
    let canonical_metrics =
        metrics.map(
            |(metric, kind, preferred, description)| CanonicalMetricRow {
                metric: metric.to_owned(),
                unit: "quote".to_owned(),
                kind: kind.to_owned(),
                preferred_sources: preferred.iter().map(ToString::to_string).collect(),
                description: description.to_owned(),
            },
        );
    let names = [
        ("coingecko", "PRICE", "PRICE", "quote", "level", "price"),
        (
            "coingecko",
            "MARKET_CAP",
            "MARKET_CAP",
            "quote",
            "level",
            "none",
        ),
        ("coingecko", "FDV", "FDV", "quote", "level", "none"),
        ("velo", "CLOSE_PRICE", "PRICE", "usd", "level", "price"),
        ("velo", "DOLLAR_VOLUME", "VOLUME", "usd", "flow", "none"),
    ];
    let metric_names = names.map(
        |(source, metric, canonical, unit, kind, scales)| MetricNameRow {
            source: source.to_owned(),
            metric: metric.to_owned(),
            step: String::new(),
            canonical: canonical.to_owned(),
            unit: unit.to_owned(),
            multiplier: 1.0,
            kind: kind.to_owned(),
            scales: scales.to_owned(),
        },
    );
    Dictionary {
        entities: entities.into(),
        ids: ids.into(),
        canonical_metrics: canonical_metrics.into(),
        metric_names: metric_names.into(),
    }
}
