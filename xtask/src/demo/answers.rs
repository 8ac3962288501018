//! Asks the REST API what a user would, and holds the answers against the simulated world.

use std::time::Duration;

use anyhow::Context as _;
use fake_vendors::{FakeVendor, Metric, Step};
use serde_json::Value;

use crate::demo::stage::Stage;

const HOUR_MS: i64 = 3_600_000;
const MONTH_HOURS: usize = 30 * 24;

/// Waits until the API says that it is ready.
pub(crate) async fn wait_until_up(base: &str) -> anyhow::Result<()> {
    for _ in 0..100 {
        if reqwest::get(format!("{base}/readyz"))
            .await
            .is_ok_and(|reply| reply.status().is_success())
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the API at {base} did not get ready in 10 s")
}

/// Prints what to try.
pub(crate) fn print_curl_lines(base: &str) {
    println!("try:");
    for path in [
        "/",
        "/sources",
        "/latest?metric=PRICE&assets=bitcoin,ETH,solana",
        "/time-series?asset=BTC&metric=price&days=2&step=1h",
        "/time-series?asset=bitcoin&metric=MARKET_CAP&step=1d",
        "/time-series?asset=bitconi&metric=PRICE",
    ] {
        println!("  curl '{base}{path}'");
    }
}

/// Asks, compares and returns a summary that ends in `N points`.
pub(crate) async fn check(base: &str, stage: &Stage) -> anyhow::Result<String> {
    let sources = get(base, "/sources").await?;
    let mut points = 0;
    for name in stage.sources() {
        let row = sources["sources"]
            .as_array()
            .and_then(|rows| rows.iter().find(|row| row["name"] == name))
            .with_context(|| format!("/sources does not name {name}: {sources}"))?;
        let records = row["records"].as_u64().context("/sources counts nothing")?;
        anyhow::ensure!(records > 0, "/sources counts no point of {name}");
        points += records;
    }
    let mut said = vec![format!("/sources: {}", stage.sources().join(", "))];
    for player in stage.players() {
        said.push(check_bitcoin(base, player.source).await?);
    }
    let coingecko = stage.players().iter().find(|one| one.source == "coingecko");
    if let Some(player) = coingecko {
        said.push(check_latest(base).await?);
        said.push(check_series(base, &player.vendor).await?);
        said.push(check_problem(base).await?);
    }
    for player in stage.players() {
        let requests = player.vendor.requests().len();
        said.push(format!("requests sent to {}: {requests}", player.source));
    }
    Ok(format!(
        "{}\nall answers hold: {points} points",
        said.join("\n")
    ))
}

/// The same entity under each vendor's own id, the same metric under each vendor's own name.
async fn check_bitcoin(base: &str, source: &str) -> anyhow::Result<String> {
    let path = format!("/latest?metric=PRICE&assets=bitcoin&source={source}");
    let latest = get(base, &path).await?;
    let row = &latest["data"][0];
    let value = row["value"].as_f64().filter(|value| *value > 0.0);
    let value = value.with_context(|| format!("{source} has no price of bitcoin: {latest}"))?;
    let asset = row["asset"].as_str().unwrap_or("?");
    let at = row["timestamp"].as_str().unwrap_or("?");
    Ok(format!(
        "bitcoin from {source} ({asset}): {value} USD at {at}"
    ))
}

async fn check_latest(base: &str) -> anyhow::Result<String> {
    let latest = get(base, "/latest?metric=PRICE&assets=bitcoin,ETH,solana").await?;
    let rows = latest["data"].as_array().context("/latest has no data")?;
    anyhow::ensure!(
        rows.len() == 3,
        "/latest gives {} of 3 prices: {latest}",
        rows.len()
    );
    for row in rows {
        let value = row["value"]
            .as_f64()
            .context("/latest has a price that is no number")?;
        anyhow::ensure!(value > 0.0, "/latest has a price of {value}");
    }
    Ok(format!("/latest: {} prices", rows.len()))
}

/// Every hourly price of bitcoin that the world has must be there, with its value, and no other but
/// live ones.
async fn check_series(base: &str, vendor: &FakeVendor) -> anyhow::Result<String> {
    let path = "/time-series?asset=BTC&metric=price&step=1h&days=30&limit=10000";
    let series = get(base, path).await?;
    let rows = series["data"]
        .as_array()
        .context("/time-series has no data")?;
    let mut held = std::collections::BTreeMap::new();
    for row in rows {
        let at = row["timestamp"].as_str().context("a point without time")?;
        let ts_ms = model::Ts::parse(at)?.millis();
        held.insert(
            ts_ms,
            row["value"].as_f64().context("a point without value")?,
        );
    }
    anyhow::ensure!(held.len() == rows.len(), "/time-series gives a time twice");
    let (Some(first), Some(last)) = (held.keys().next(), held.keys().next_back()) else {
        anyhow::bail!("/time-series is empty")
    };
    // A chart's point closes the hour that begins an hour before its label.
    let truth = vendor.truth().coingecko_series(
        "bitcoin",
        "usd",
        Metric::Price,
        Step::Hour,
        first + HOUR_MS,
        last + HOUR_MS,
    );
    for (label_ms, value) in &truth {
        let stored = held.get(&(label_ms - HOUR_MS));
        let near = stored.is_some_and(|stored| (stored / value - 1.0).abs() < 0.01);
        anyhow::ensure!(
            near,
            "at {} the world says {value}, the API {stored:?}",
            model::Ts::from_millis(*label_ms)
        );
    }
    let invented = held.keys().find(|ts_ms| {
        let in_the_past = **ts_ms + 2 * HOUR_MS <= last + HOUR_MS;
        in_the_past
            && !truth
                .iter()
                .any(|(label_ms, _)| label_ms - HOUR_MS == **ts_ms)
    });
    if let Some(ts_ms) = invented {
        anyhow::bail!(
            "the API has a price at {} that the world has not",
            model::Ts::from_millis(*ts_ms)
        );
    }
    let enough = truth.len() > MONTH_HOURS * 9 / 10;
    anyhow::ensure!(enough, "only {} hours of the month", truth.len());
    Ok(format!(
        "/time-series: {} hours, as the simulated world has them",
        truth.len()
    ))
}

async fn check_problem(base: &str) -> anyhow::Result<String> {
    let reply = reqwest::get(format!("{base}/time-series?asset=bitconi&metric=PRICE")).await?;
    let status = reply.status();
    let body = reply.text().await?;
    anyhow::ensure!(status == 404, "a misspelt asset gives {status}: {body}");
    anyhow::ensure!(
        body.contains("bitcoin"),
        "a misspelt asset is not helped: {body}"
    );
    Ok("a misspelt asset: 404, with the right one suggested".to_owned())
}

async fn get(base: &str, path: &str) -> anyhow::Result<Value> {
    let reply = reqwest::get(format!("{base}{path}")).await?;
    let status = reply.status();
    let body = reply.text().await?;
    anyhow::ensure!(status.is_success(), "{path} gives {status}: {body}");
    serde_json::from_str(&body).with_context(|| format!("{path} gives no JSON"))
}
