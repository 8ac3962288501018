//! All five vendors on one simulated clock, two of them broken for three hours: what the others notice,
//! and what is whole afterwards.

use std::collections::{BTreeMap, BTreeSet};

use fake_vendors::{
    AlphaVantagePlan, ArtemisPlan, DefiLlamaPlan, FakeVendor, Fault, Faults, Options, Plan, Rule,
    VeloPlan, Vendor,
};
use simclock::Server;
use testkit::stage::{KEY, Running, Stage};

mod held;

use self::held::{stored, truth};
use crate::{
    PROGRAM,
    one_clock::{at, ms, on_clock, until},
};

/// Artemis ticks once a day, at five past six.
const START: &str = "2026-05-20T04:50:00Z";
/// A tick of DefiLlama's, when the broken ones sleep.
const MENDED: &str = "2026-05-20T07:25:00Z";
const END: &str = "2026-05-20T10:25:00Z";
/// Hours that ended under the faults; later ones hold CoinGecko's live values until they are read again
/// at night.
const HOURS_TO: &str = "2026-05-20T07:00:00Z";
/// Published for certain by the end.
const DAYS_TO: &str = "2026-05-19T00:00:00Z";
const SINCE: &str = "2026-05-10T00:00:00Z";
const HOUR_SECS: i64 = 3_600;
const RPM: u32 = 60_000;

/// A vendor beside the stage's own.
struct Part {
    source: &'static str,
    vendor: fn() -> Vendor,
    plan: &'static str,
    config: &'static str,
}

const PARTS: [Part; 4] = [
    Part {
        source: "artemis",
        vendor: || Vendor::Artemis(ArtemisPlan::enterprise()),
        plan: "enterprise",
        config: "symbol,artemis_id,kind,metrics,granularity,since,enabled,note\n\
            btc,bitcoin,chain,PRICE|FEES,DAY,2026-05-01,true,\n\
            eth,ethereum,chain,PRICE|FEES,DAY,2026-05-01,true,\n",
    },
    Part {
        source: "defillama",
        vendor: || Vendor::DefiLlama(DefiLlamaPlan::pro()),
        plan: "pro",
        config: "kind,vendor_id,metrics,interval,since,hourly_since,params,enabled,note\n\
            global,all,TVL|FEES|FEES_24H,,2026-05-01,,,true,\n\
            chain,Ethereum,,,2026-05-01,,,true,\n",
    },
    Part {
        source: "velo",
        vendor: || Vendor::Velo(VeloPlan::annual()),
        plan: "annual",
        config: "market,exchange,coin,product,metrics,resolution_min,since,enabled,note\n\
            futures,binance-futures,BTC,BTCUSDT,CLOSE_PRICE|FUNDING_RATE,60,2026-05-10,true,\n\
            futures,bybit,ETH,ETHUSDT,CLOSE_PRICE|FUNDING_RATE,60,2026-05-10,true,\n",
    },
    Part {
        source: "alphavantage",
        vendor: || Vendor::AlphaVantage(AlphaVantagePlan::premium(1_200)),
        plan: "premium-1200",
        config: "asset_class,function,symbol,market,interval,params,metrics,tier,since,enabled,note\n\
            crypto,CRYPTO_INTRADAY,ETH,USD,60min,outputsize=compact,CLOSE,premium,2026-05-10,true,\n\
            equity,TIME_SERIES_DAILY,COIN,,1d,outputsize=compact,CLOSE,free,2026-05-11,true,\n",
    },
];

/// Who must not notice: first tick after the start, how often.
const UNBROKEN: [(&str, &str, i64); 3] = [
    ("artemis", "2026-05-20T06:05:00Z", 24 * HOUR_SECS),
    ("defillama", "2026-05-20T05:25:00Z", HOUR_SECS),
    ("alphavantage", "2026-05-20T05:03:00Z", HOUR_SECS),
];

#[tokio::test]
async fn two_broken_vendors_hold_up_no_other_and_lose_nothing() {
    let options = || Options {
        now: Some(at(START)),
        rpm: Some(RPM),
        ..Options::default()
    };
    let stage = Stage::with_vendor(PROGRAM, Plan::Enterprise, options()).await;
    stage.configure(
        &["bitcoin", "ethereum"]
            .map(|coin| format!("{coin},,usd,,2026-05-10,2026-05-10,false,true,")),
    );
    let socket = stage.folder.path().join("clock");
    let server = Server::bind(&socket, ms(START)).unwrap();
    let mut follows = vec![stage.vendor.follow(&socket).await.unwrap()];
    let mut command = on_clock(stage.command(&[]), &socket);
    let mut others = BTreeMap::new();
    for part in &PARTS {
        let file = format!("sources-config/{}.csv", part.source);
        std::fs::write(stage.folder.path().join(file), part.config).unwrap();
        let vendor = FakeVendor::start(Options {
            vendor: (part.vendor)(),
            key: KEY.to_owned(),
            ..options()
        });
        let vendor = vendor.await.unwrap();
        follows.push(vendor.follow(&socket).await.unwrap());
        for (variable, value) in [
            ("API_KEY", KEY.to_owned()),
            ("PLAN", part.plan.to_owned()),
            ("BASE_URL", vendor.base_url()),
            ("RPM", RPM.to_string()),
        ] {
            command.env(format!("{}_{variable}", part.source.to_uppercase()), value);
        }
        others.insert(part.source, vendor);
    }

    let broken = [&*stage.vendor, &others["velo"]];
    let throttled = Fault::Status429 {
        retry_after: Some(30),
        reset_header: false,
    };
    // Few of what the transport repeats: it pauses in real time.
    let failing = vec![
        Rule::times("", 8, Fault::Status500),
        Rule::always("", Fault::Html403),
    ];
    for (vendor, rules) in broken
        .iter()
        .zip([vec![Rule::always("", throttled)], failing])
    {
        vendor.set_faults(Faults {
            rules,
            ..Faults::default()
        });
    }
    server.hold_at(Some(ms(MENDED))).await;
    let daemon = Running::start(command);
    until(&server, MENDED).await;
    for vendor in broken {
        let requests = vendor.requests();
        assert!(requests.iter().all(|one| one.fault.is_some()));
        let hours: BTreeSet<u8> = requests.iter().map(|one| at(&one.at).hour()).collect();
        assert_eq!(hours, BTreeSet::from([4, 5, 6, 7]));
        vendor.set_faults(Faults::default());
    }
    let of_broken = "SELECT count(*) FROM metrics JOIN series USING (series_id)
                     WHERE source IN ('coingecko', 'velo')";
    assert_eq!(stage.ask(of_broken).await, "0");

    server.hold_at(Some(ms(END))).await;
    until(&server, END).await;
    daemon.stop().await.must(0, &["ended"]);

    for (source, first, every_secs) in UNBROKEN {
        ticks_came_when_due(&others[source], source, first, every_secs);
    }
    assert_eq!(stage.ask(&holes()).await, "");
    let wanted = "SELECT count(DISTINCT source) FROM series WHERE wanted_since IS NOT NULL";
    assert_eq!(stage.ask(wanted).await, "5");
    let failed = "SELECT count(*) FROM slots_missing WHERE reason = 'failed'";
    assert_eq!(stage.ask(failed).await, "0");
    assert_eq!(stage.ask("SELECT count(*) FROM suspensions").await, "0");

    let (stored, held) = (stored(&stage).await, truth(&stage.vendor, &others));
    let lacking = held
        .iter()
        .filter(|(key, value)| stored.get(*key) != Some(*value));
    let unknown = stored.keys().filter(|key| !held.contains_key(*key));
    let (lacking, unknown): (Vec<_>, Vec<_>) = (lacking.collect(), unknown.collect());
    assert!(lacking.is_empty(), "{lacking:?}");
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Wanted time about which there is something left to ask, but for what the vendor said it lacks: that
/// is asked again in a while.
fn holes() -> String {
    format!(
        "SELECT string_agg(concat_ws(' ', source, asset, metric, step, settled), E'\\n')
         FROM series LEFT JOIN coverage USING (series_id)
         WHERE wanted_since IS NOT NULL AND NOT
             coalesce(settled, '{{}}') + coalesce((
                 SELECT range_agg(during) FROM slots_missing m
                 WHERE m.series_id = series.series_id AND reason = 'vendor_empty'), '{{}}')
             @> tstzrange(wanted_since,
                 CASE step WHEN '1h' THEN '{HOURS_TO}' ELSE '{DAYS_TO}' END::timestamptz)"
    )
}

/// The first request of each tick came within its second.
fn ticks_came_when_due(vendor: &FakeVendor, source: &str, first: &str, every_secs: i64) {
    let came: Vec<i64> = vendor
        .requests()
        .iter()
        .map(|one| at(&one.at).unix_timestamp())
        .collect();
    let start = at(START).unix_timestamp();
    let end = at(END).unix_timestamp();
    let due = (at(first).unix_timestamp()..end).step_by(usize::try_from(every_secs).unwrap());
    for due in std::iter::once(start).chain(due) {
        assert!(came.contains(&due), "{source}: no tick at {due}: {came:?}");
    }
}
