//! What operators type at, whole: start, files, database, and the list of everything that lacks, on a
//! configuration of many series.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::Context as _;
use model::SourceId;
use runtime::Env;
use store::{Options, Store, migrations, series::Authority};
use tokio_postgres::{Config, NoTls};

use super::{Look, read::Report};
use crate::{cargo_program, root};

/// A source's file: so many parts of a hundred of all series, so many series a row.
struct Listed {
    source: &'static str,
    plan: &'static str,
    percent: usize,
    header: &'static str,
    row: fn(usize) -> String,
    a_row: usize,
}

/// By the hour two vendors, by the day one: the mix that the design counts on.
const LISTED: [Listed; 3] = [
    Listed {
        source: "velo",
        plan: "annual",
        percent: 50,
        header: "market,exchange,coin,product,metrics,resolution_min,since,enabled,note",
        row: |n| {
            let metrics = "CLOSE_PRICE|COIN_VOLUME|DOLLAR_VOLUME|TOTAL_TRADES|HIGH_PRICE";
            format!("futures,bybit,C{n},C{n}USDT,{metrics},60,2024-01-01,true,")
        },
        a_row: 5,
    },
    Listed {
        source: "artemis",
        plan: "enterprise",
        percent: 40,
        header: "symbol,artemis_id,kind,metrics,granularity,since,enabled,note",
        row: |n| format!("asset-{n},,chain,@default,DAY,2024-01-01,true,"),
        a_row: 10,
    },
    Listed {
        source: "coingecko",
        plan: "enterprise",
        percent: 10,
        header: "coin_id,symbol,vs_currency,metrics,since,hourly_since,ohlc,enabled,note",
        row: |n| format!("coin-{n},C{n},usd,PRICE,2024-01-01,2024-01-01,false,true,"),
        a_row: 2,
    },
];

/// What is typed. Something is open, which the exit code says.
const TYPED: [(&str, &[&str], f64, i32); 4] = [
    ("crossfeed gaps", &["gaps"], 1_000.0, 3),
    ("crossfeed gaps --csv", &["gaps", "--csv"], 1_000.0, 3),
    (
        "crossfeed gaps --asset c7",
        &["gaps", "--asset", "c7"],
        1_000.0,
        3,
    ),
    ("crossfeed status", &["status"], 1_500.0, 0),
];

/// Days of the past that are answered, but for one in the middle of each twentieth series.
const SETTLED: &str = "
    INSERT INTO series_stats
    SELECT series_id, 1, 1000, date_trunc('day', now()) - interval '900 days',
           date_trunc('day', now()) - interval '1 day', 1, label_shift, source, metric, asset,
           instrument, venue, quote, step
    FROM series;
    INSERT INTO coverage
    SELECT series_id, CASE WHEN series_id % 20 = 0 THEN all_of - hole ELSE all_of END
    FROM series,
         LATERAL (SELECT tstzmultirange(tstzrange('2024-01-01', date_trunc('day', now()) - interval '1 day')),
                         tstzmultirange(tstzrange('2025-06-01', '2025-06-02'))) AS x (all_of, hole);
    INSERT INTO slots_missing
    SELECT series_id, tstzrange('2025-06-01', '2025-06-02'), 'failed', now() + interval '1 hour'
    FROM series WHERE series_id % 40 = 0;
    VACUUM ANALYZE";

pub(super) async fn run(url: &str, config: &Config, look: Look) -> anyhow::Result<Report> {
    let program = build()?;
    let folder = tempfile::Builder::new()
        .prefix("crossfeed-bench-config-")
        .tempdir()?;
    let variables = write(folder.path(), look.series)?;
    let vars = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    let env = Env::from_parts(vars, folder.path())?;
    migrations::run(config).await?;
    let store = Store::connect(
        config,
        Options {
            application_name: "bench".to_owned(),
            pool_size: 2,
        },
    )
    .await?;
    fill(&store, config, &env, look.series).await?;
    let mut report = Report::default();
    for (name, args, at_most_ms, code) in TYPED {
        let (mut rows, mut took) = (0, Vec::new());
        for _ in 0..look.runs {
            let mut command = Command::new(&program);
            command.args(args).env_clear().envs(variables.clone());
            command.env("DATABASE_URL", url).env("RUST_LOG", "warn");
            command.current_dir(folder.path());
            let begun = Instant::now();
            let said = command.stderr(Stdio::inherit()).output();
            let said = said.context("failed to start crossfeed")?;
            took.push(begun.elapsed());
            let ended = said.status.code();
            anyhow::ensure!(ended == Some(code), "{name} ended with {}", said.status);
            rows = said.stdout.iter().filter(|byte| **byte == b'\n').count();
        }
        report.add(name, at_most_ms, rows, took);
    }
    Ok(report)
}

/// Builds the program in this one's own profile, beside it.
fn build() -> anyhow::Result<std::path::PathBuf> {
    let mut cargo = Command::new(cargo_program());
    cargo.args(["build", "--package", "crossfeed"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let status = (cargo.current_dir(root()).status()).context("failed to start cargo")?;
    anyhow::ensure!(status.success(), "the build failed");
    Ok(std::env::current_exe()?.with_file_name("crossfeed"))
}

/// Writes the files and returns the variables that go with them.
fn write(folder: &Path, series: usize) -> anyhow::Result<Vec<(String, String)>> {
    let config = folder.display().to_string();
    let mut variables = vec![
        ("CROSSFEED_CONFIG".to_owned(), config.clone()),
        ("CROSSFEED_HOME".to_owned(), config),
    ];
    for listed in &LISTED {
        let mut csv = format!("{}\n", listed.header);
        for n in 0..series * listed.percent / 100 / listed.a_row {
            writeln!(csv, "{}", (listed.row)(n))?;
        }
        fs::write(folder.join(format!("{}.csv", listed.source)), csv)?;
        let name = |suffix| format!("{}_{suffix}", listed.source.to_uppercase());
        variables.push((name("API_KEY"), "a-key-that-is-never-sent".to_owned()));
        variables.push((name("PLAN"), listed.plan.to_owned()));
    }
    Ok(variables)
}

/// Makes the series and what a year of collecting has left about them; their points are not looked at.
async fn fill(store: &Store, config: &Config, env: &Env, series: usize) -> anyhow::Result<()> {
    let now = model::Ts::parse("2024-01-01")?;
    let mut made = 0;
    for listed in &LISTED {
        let id = SourceId::new(listed.source);
        let source = assembly::build(id, &env.vendor(listed.source))?;
        let specs = assembly::series(env, &source)?;
        let rows = (store.sync_series(id, &specs, Authority::Whole, now)).await?;
        println!("{}: {} series", listed.source, rows.len());
        made += rows.len();
    }
    anyhow::ensure!(made == series, "there are {made} series, not {series}");
    let (sql, connection) = config.connect(NoTls).await?;
    // Ends with the client.
    tokio::spawn(connection);
    for statement in SETTLED.split(';') {
        sql.batch_execute(statement).await?;
    }
    Ok(())
}
