//! What there is: `LISTING_STATUS` and its CSV-only sisters, `SYMBOL_SEARCH`, `MARKET_STATUS`, the currency lists.

use serde_json::json;

use super::ask::Ask;
use super::asset;
use super::currency::FIAT;
use super::errors::{CSV, JSON};
use super::share::Share;
use super::table::csv_field;
use super::venue::{VENUES, Venue};
use crate::chance;
use crate::days::{day_text, weekday};
use crate::entity::Entity;
use crate::instant::{DAY_MS, HOUR_MS, floor_to, parse_day};
use crate::vendor::Reply;
use crate::world::WorldState;

/// 2010-01-01: lists of an earlier day, or of this one, are not served.
const LISTS_BEGIN_MS: i64 = 14_610 * DAY_MS;
/// Most matches that a search returns.
const MATCHES: usize = 10;

fn us_shares(ask: &Ask<'_>) -> Vec<std::sync::Arc<Entity>> {
    let all = asset::shares(ask.world, ask.plan.whole_market);
    let mut shares: Vec<_> = all
        .filter(|entity| Venue::of(symbol(entity)).is_us())
        .collect();
    shares.sort_by(|a, b| a.alphavantage.cmp(&b.alphavantage));
    shares
}

fn symbol(entity: &Entity) -> &str {
    entity.alphavantage.as_deref().unwrap_or_default()
}

/// Returns the name in lists; one in 40 has none.
fn listed_name(entity: &Entity) -> &str {
    if chance::below(chance::pair(entity.hash, 73), 40) == 0 {
        ""
    } else {
        &entity.name
    }
}

fn exchange(entity: &Entity) -> &'static str {
    match (entity.kind.as_str(), entity.hash % 4) {
        ("etf", 0) => "BATS",
        ("etf", _) => "NYSE ARCA",
        (_, 0) => "NYSE",
        _ => "NASDAQ",
    }
}

/// Answers `LISTING_STATUS`: the active or the delisted shares of the United States, today or on a day.
pub(super) fn status(ask: &Ask<'_>, header: &str) -> Result<Reply, Reply> {
    let delisted = match ask.param("state") {
        None | Some("active") => false,
        Some("delisted") => true,
        Some(_) => return Err(ask.invalid()),
    };
    let at_ms = match ask.param("date") {
        None => ask.now_ms(),
        Some(text) => parse_day(text)
            .filter(|day_ms| (LISTS_BEGIN_MS + 1..=ask.now_ms()).contains(day_ms))
            .ok_or_else(|| ask.invalid())?,
    };
    let mut body = format!("{header}\r\n");
    for entity in us_shares(ask) {
        let shown = if delisted {
            entity.known_at(at_ms) && !entity.active_at(at_ms)
        } else {
            entity.active_at(at_ms)
        };
        if !shown {
            continue;
        }
        let gone = entity.delisted_ms.filter(|_| delisted);
        body.push_str(&format!(
            "{},{},{},{},{},{},{}\r\n",
            symbol(&entity),
            csv_field(listed_name(&entity)),
            exchange(&entity),
            if entity.kind == "etf" { "ETF" } else { "Stock" },
            day_text(entity.listed_ms),
            gone.map_or_else(|| "null".to_owned(), day_text),
            if delisted { "Delisted" } else { "Active" },
        ));
    }
    Ok(Reply::text(200, CSV, body))
}

/// Answers `EARNINGS_CALENDAR`: who reports within three months.
pub(super) fn earnings(ask: &Ask<'_>, header: &str) -> Reply {
    let today = floor_to(ask.now_ms(), DAY_MS);
    let mut body = format!("{header}\r\n");
    for entity in us_shares(ask) {
        let wanted = ask.param("symbol").is_none_or(|one| one == symbol(&entity));
        if !wanted || entity.kind == "etf" || !entity.active_at(ask.now_ms()) {
            continue;
        }
        let report_ms = today + chance::below(chance::pair(entity.hash, 71), 91) * DAY_MS;
        let cents = chance::below(chance::pair(entity.hash, 72), 500);
        let estimate = match cents {
            ..50 => String::new(),
            _ => format!("{}.{:02}", cents / 100, cents % 100),
        };
        body.push_str(&format!(
            "{},{},{},{},{estimate},USD,{}\r\n",
            symbol(&entity),
            csv_field(listed_name(&entity)),
            day_text(report_ms),
            day_text(report_ms - 40 * DAY_MS),
            if cents % 2 == 0 { "post-market" } else { "" },
        ));
    }
    Reply::text(200, CSV, body)
}

/// Answers `IPO_CALENDAR`: who is listed within three months.
pub(super) fn ipos(ask: &Ask<'_>, header: &str) -> Reply {
    let coming = ask.now_ms()..ask.now_ms() + 91 * DAY_MS;
    let mut body = format!("{header}\r\n");
    for entity in us_shares(ask) {
        if coming.contains(&entity.listed_ms) {
            body.push_str(&format!(
                "{},{},{},0,0,USD,{}\r\n",
                symbol(&entity),
                csv_field(&entity.name),
                day_text(entity.listed_ms),
                exchange(&entity),
            ));
        }
    }
    Reply::text(200, CSV, body)
}

/// Answers `SYMBOL_SEARCH`: tickers and names that hold the words, best first.
pub(super) fn search(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let words = ask.required("keywords")?.to_ascii_lowercase();
    let mut found: Vec<(f64, Share<'_>)> = asset::shares(ask.world, ask.plan.whole_market)
        .filter(|entity| entity.active_at(ask.now_ms()))
        .filter_map(|entity| Some((score(&entity, &words)?, Share::new(ask.world, entity))))
        .collect();
    found.sort_by(|(a, one), (b, two)| b.total_cmp(a).then_with(|| one.symbol.cmp(&two.symbol)));
    found.truncate(MATCHES);
    let names = [
        "symbol",
        "name",
        "type",
        "region",
        "marketOpen",
        "marketClose",
        "timezone",
        "currency",
        "matchScore",
    ];
    let rows = found.iter().map(|(score, share)| cells(ask, *score, share));
    if ask.wants_csv() {
        let line =
            |cells: [String; 9]| format!("{}\r\n", cells.map(|cell| csv_field(&cell)).join(","));
        let body = format!(
            "{}\r\n{}",
            names.join(","),
            rows.map(line).collect::<String>()
        );
        return Ok(Reply::text(200, CSV, body));
    }
    let matches = rows.map(|cells| {
        let fields = names.iter().zip(cells).enumerate();
        let fields =
            fields.map(|(place, (name, cell))| (format!("{}. {name}", place + 1), cell.into()));
        serde_json::Value::Object(fields.collect())
    });
    let body = json!({ "bestMatches": matches.collect::<Vec<_>>() });
    Ok(Reply::text(200, JSON, body.to_string()))
}

fn score(entity: &Entity, words: &str) -> Option<f64> {
    let ticker = symbol(entity).to_ascii_lowercase();
    if ticker == words {
        return Some(1.0);
    }
    let name = entity.name.to_ascii_lowercase();
    let (held, whole) = match (ticker.contains(words), name.contains(words)) {
        (true, _) => (words.len(), ticker.len()),
        (_, true) => (words.len(), name.len()),
        _ => return None,
    };
    let part = |length: usize| f64::from(u16::try_from(length).unwrap_or(u16::MAX));
    Some((part(held) / part(whole)).min(0.99))
}

fn cells(ask: &Ask<'_>, score: f64, share: &Share<'_>) -> [String; 9] {
    let venue = share.venue;
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    [
        share.symbol.clone(),
        share.entity.name.clone(),
        if share.entity.kind == "etf" {
            "ETF"
        } else {
            "Equity"
        }
        .to_owned(),
        venue.region.to_owned(),
        clock(venue.opens_min),
        clock(venue.closes_min),
        venue.zone.name_on(floor_to(ask.now_ms(), DAY_MS)),
        venue.currency.to_owned(),
        format!("{score:.4}"),
    ]
}

/// Answers `MARKET_STATUS`.
pub(super) fn markets(ask: &Ask<'_>) -> Reply {
    let now_ms = ask.now_ms();
    let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
    let word = |open: bool| if open { "open" } else { "closed" };
    let row = |kind: &str, region: &str, exchanges: &str, hours: [String; 2], open: bool| {
        let [opens, closes] = hours;
        json!({ "market_type": kind, "region": region, "primary_exchanges": exchanges, "local_open": opens,
            "local_close": closes, "current_status": word(open), "notes": "" })
    };
    let mut markets: Vec<_> = VENUES
        .iter()
        .map(|venue| {
            let hours = [clock(venue.opens_min), clock(venue.closes_min)];
            row(
                "Equity",
                venue.region,
                venue.exchanges,
                hours,
                venue.is_open(now_ms),
            )
        })
        .collect();
    let week_ms = weekday(now_ms) * DAY_MS + now_ms.rem_euclid(DAY_MS);
    let rests = (4 * DAY_MS + 22 * HOUR_MS..6 * DAY_MS + 22 * HOUR_MS).contains(&week_ms);
    let day = || [clock(0), clock(1_439)];
    markets.push(row("Forex", "Global", "Global", day(), !rests));
    markets.push(row("Cryptocurrency", "Global", "Global", day(), true));
    let body = json!({ "endpoint": "Global Market Open & Close Status", "markets": markets });
    Reply::text(200, JSON, body.to_string())
}

/// Answers `/physical_currency_list/`, without a key.
pub(super) fn physical_currencies() -> Reply {
    let rows = FIAT.iter().map(|(code, name)| (*code, *name));
    currencies(rows)
}

/// Answers `/digital_currency_list/`, without a key. It promises more than is served: every coin of the world stands in
/// it, those that the vendor has no series for as well.
pub(super) fn digital_currencies(world: &WorldState, now_ms: i64) -> Reply {
    let coins = world.coins().filter(|entity| entity.active_at(now_ms));
    let mut rows: Vec<(String, &str)> = coins
        .map(|entity| (entity.symbol.to_ascii_uppercase(), entity.name.as_str()))
        .collect();
    rows.sort_unstable();
    rows.dedup_by(|a, b| a.0 == b.0);
    currencies(rows.iter().map(|(code, name)| (code.as_str(), *name)))
}

fn currencies<'a>(rows: impl Iterator<Item = (&'a str, &'a str)>) -> Reply {
    let lines = rows.map(|(code, name)| format!("{code},{}\r\n", csv_field(name)));
    let body = format!(
        "currency code,currency name\r\n{}",
        lines.collect::<String>()
    );
    Reply::text(200, CSV, body)
}
