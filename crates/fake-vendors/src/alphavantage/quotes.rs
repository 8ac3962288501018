//! What things cost now: `GLOBAL_QUOTE`, `REALTIME_BULK_QUOTES`, `CURRENCY_EXCHANGE_RATE`.

use serde_json::{Map, Value, json};

use super::ask::{Ask, Entitlement};
use super::bar::{AlphaVantageField, Bar, Style};
use super::currency::{Money, rate};
use super::errors::{CSV, JSON};
use super::share::{Share, Sight};
use super::shares::day_bar;
use crate::days::second_text;
use crate::instant::{MINUTE_MS, SECOND_MS, floor_to};
use crate::vendor::Reply;

/// More symbols than these are dropped without a word.
const MOST_SYMBOLS: usize = 100;
const BULK: [&str; 13] = [
    "symbol",
    "timestamp",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "previous_close",
    "change",
    "change_percent",
    "extended_hours_quote",
    "extended_hours_change",
    "extended_hours_change_percent",
];

/// Answers `GLOBAL_QUOTE`: the newest day against the one before.
pub(super) fn global(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let symbol = ask.required("symbol")?;
    let share = ask.share(symbol);
    let cells = share.and_then(|share| global_cells(ask, &share));
    if ask.wants_csv() {
        let header =
            "symbol,open,high,low,price,volume,latestDay,previousClose,change,changePercent\r\n";
        let row = cells.map(|cells| format!("{}\r\n", cells.map(|(_, value)| value).join(",")));
        return Ok(Reply::text(
            200,
            CSV,
            format!("{header}{}", row.unwrap_or_default()),
        ));
    }
    let mut quote = Map::new();
    for (name, value) in cells.into_iter().flatten() {
        quote.insert(name.to_owned(), Value::from(value));
    }
    let key = format!("Global Quote{}", ask.key_suffix());
    Ok(Reply::text(200, JSON, json!({ key: quote }).to_string()))
}

fn global_cells(ask: &Ask<'_>, share: &Share<'_>) -> Option<[(&'static str, String); 10]> {
    use AlphaVantageField as F;
    let [before, newest] = newest_days(share, ask.sight(), ask)?;
    let text = |field| Style::Share.text(&newest, field);
    let change = newest.close - before.close;
    Some([
        ("01. symbol", share.symbol.clone()),
        ("02. open", text(F::Open)),
        ("03. high", text(F::High)),
        ("04. low", text(F::Low)),
        ("05. price", text(F::Close)),
        ("06. volume", text(F::Volume)),
        ("07. latest trading day", newest.label.clone()),
        ("08. previous close", Style::Share.text(&before, F::Close)),
        ("09. change", format!("{change:.4}")),
        (
            "10. change percent",
            format!("{:.4}%", 100.0 * change / before.close),
        ),
    ])
}

/// Returns the newest two days of a share; a split between them is not made up for.
pub(super) fn newest_days(share: &Share<'_>, sight: Sight, ask: &Ask<'_>) -> Option<[Bar; 2]> {
    let last = share.last_day(sight, ask.plan, ask.now_ms());
    let days = share.newest_days(2, last);
    let [.., before, newest] = days.as_slice() else {
        return None;
    };
    Some([
        day_bar(share, sight, *before)?,
        day_bar(share, sight, *newest)?,
    ])
}

/// Answers `REALTIME_BULK_QUOTES`; unknown and foreign symbols are left out.
pub(super) fn bulk(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let symbols = ask.required("symbol")?.split(',').map(str::trim);
    let asked: Vec<&str> = symbols
        .filter(|symbol| !symbol.is_empty())
        .take(MOST_SYMBOLS)
        .collect();
    let rows: Vec<[String; 13]> = if ask.plan.realtime {
        let shares = asked.iter().filter_map(|symbol| ask.share(symbol));
        shares
            .filter(|share| share.venue.is_us())
            .filter_map(|share| bulk_cells(ask, &share))
            .collect()
    } else {
        asked.iter().map(|symbol| artificial(symbol)).collect()
    };
    if ask.wants_csv() {
        let lines = rows.iter().map(|cells| format!("{}\r\n", cells.join(",")));
        let body = format!("{}\r\n{}", BULK.join(","), lines.collect::<String>());
        return Ok(Reply::text(200, CSV, body));
    }
    let objects = rows.into_iter().map(|cells| {
        let fields = BULK
            .iter()
            .zip(cells)
            .map(|(name, value)| ((*name).to_owned(), Value::from(value)));
        Value::Object(fields.collect())
    });
    // The text beside artificial rows is made up; what is known is that it is not `success`.
    let message = if ask.plan.realtime {
        "success"
    } else {
        "This is artificial sample data. Subscribe to a plan with realtime US market data to see real quotes."
    };
    let body = json!({ "endpoint": "Realtime Bulk Quotes", "message": message,
        "data": objects.collect::<Vec<_>>() });
    Ok(Reply::text(200, JSON, body.to_string()))
}

fn bulk_cells(ask: &Ask<'_>, share: &Share<'_>) -> Option<[String; 13]> {
    let delay = if ask.entitlement() == Entitlement::Delayed {
        15 * MINUTE_MS
    } else {
        0
    };
    let at_ms = ask.now_ms() - delay;
    let [before, newest] = newest_days(share, Sight::Until(at_ms), ask)?;
    let (opens_ms, closes_ms) = share.venue.session(newest.at_ms);
    let zone = share.venue.zone;
    let extended_ends_ms = zone.utc_ms(newest.at_ms, share.venue.hours_on(newest.at_ms, true).1);
    let traded_ms = at_ms.clamp(opens_ms, extended_ends_ms) - 2_356;
    let change = newest.close - before.close;
    let after = (at_ms > closes_ms).then(|| share.quoted(newest.at_ms, traded_ms.max(closes_ms)));
    let extended = after
        .flatten()
        .map_or_else(<[String; 3]>::default, |quote| {
            let change = quote - newest.close;
            [
                number(quote, 4),
                number(change, 4),
                number(100.0 * change / newest.close, 5),
            ]
        });
    let [extended_quote, extended_change, extended_percent] = extended;
    let local_ms = zone.local_ms(traded_ms);
    Some([
        share.symbol.clone(),
        format!(
            "{}.{:03}",
            second_text(local_ms),
            local_ms.rem_euclid(SECOND_MS)
        ),
        number(newest.open, 4),
        number(newest.high, 4),
        number(newest.low, 4),
        number(newest.close, 4),
        format!("{:.0}", newest.volume),
        number(before.close, 4),
        number(change, 4),
        number(100.0 * change / before.close, 4),
        extended_quote,
        extended_change,
        extended_percent,
    ])
}

fn artificial(symbol: &str) -> [String; 13] {
    let cells = [
        "",
        "2024-10-30 19:59:57.644",
        "100.0",
        "101.0",
        "99.0",
        "100.5",
        "1000000",
        "100.0",
        "0.5",
        "0.5",
    ];
    let mut row = <[String; 13]>::default();
    for (cell, text) in row.iter_mut().zip(cells) {
        text.clone_into(cell);
    }
    symbol.clone_into(&mut row[0]);
    row
}

/// Writes a rounded number with at least one decimal.
fn number(value: f64, decimals: usize) -> String {
    let rounded: f64 = format!("{value:.decimals$}").parse().unwrap_or(value);
    format!("{rounded:?}")
}

/// Answers `CURRENCY_EXCHANGE_RATE` between any two currencies. One that the table does not name has a null for its
/// name and neither bid nor ask.
pub(super) fn exchange_rate(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let money = |parameter: &str| Ok(Money::named(ask.world, ask.required(parameter)?));
    let (Some(from), Some(to)) = (money("from_currency")?, money("to_currency")?) else {
        return unknown_pair(ask);
    };
    let at_ms = floor_to(ask.now_ms(), SECOND_MS) - 2 * SECOND_MS;
    let Some(price) = rate(ask.world, &from, &to, at_ms) else {
        return unknown_pair(ask);
    };
    let decimals = if from.is_coin || to.is_coin { 8 } else { 5 };
    let price_text = |value: f64| format!("{value:.decimals$}");
    let mut fields = json!({
        "1. From_Currency Code": from.code,
        "2. From_Currency Name": from.name,
        "3. To_Currency Code": to.code,
        "4. To_Currency Name": to.name,
        "5. Exchange Rate": price_text(price),
        "6. Last Refreshed": second_text(at_ms),
        "7. Time Zone": "UTC",
    });
    if let (Some(_), Some(_), Some(fields)) = (&from.name, &to.name, fields.as_object_mut()) {
        let spread = |side: f64| {
            let quoted = from.is_coin || to.is_coin;
            if quoted {
                price_text(price * (1.0 + side))
            } else {
                "-".to_owned()
            }
        };
        fields.insert("8. Bid Price".to_owned(), Value::from(spread(-2e-7)));
        fields.insert("9. Ask Price".to_owned(), Value::from(spread(2e-7)));
    }
    let body = json!({ "Realtime Currency Exchange Rate": fields });
    Ok(Reply::text(200, JSON, body.to_string()))
}

fn unknown_pair(ask: &Ask<'_>) -> Result<Reply, Reply> {
    if ask.plan.bare_unknown {
        let body = json!({ "Realtime Currency Exchange Rate": {} });
        Ok(Reply::text(200, JSON, body.to_string()))
    } else {
        Err(ask.invalid())
    }
}
