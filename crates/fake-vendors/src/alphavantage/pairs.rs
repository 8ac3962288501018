//! The series of pairs: fiat currencies on weekdays, coins always, all in UTC.

use super::ask::{Ask, Interval};
use super::bar::{AlphaVantageField, Bar, Style, joined};
use super::currency::{Money, rate};
use super::function::Period;
use super::plan::AlphaVantageLabels;
use super::table::{Column, Table, plain_columns};
use crate::days::{day_text, second_text, weekday};
use crate::instant::{DAY_MS, HOUR_MS, MINUTE_MS, floor_to};
use crate::truth::{Metric, float};
use crate::vendor::Reply;

/// The day's rows of coins are made this long after midnight: what the newest holds is minutes of trading.
const REFRESH_MS: i64 = 5 * MINUTE_MS;
/// Share of the world's turnover that the vendor's feed sees.
const FEED_SHARE: f64 = 0.000_4;
/// Rows of the weekly and monthly series of coins, as counted in 2021.
const WEEKS: usize = 144;
const MONTHS: usize = 31;

/// A currency priced in another.
struct Pair<'a> {
    ask: &'a Ask<'a>,
    from: Money,
    to: Money,
}

impl Pair<'_> {
    fn bar(&self, from_ms: i64, to_ms: i64, samples: i64) -> Option<Bar> {
        let price = |at_ms| rate(self.ask.world, &self.from, &self.to, at_ms);
        let mut bar = Bar::sampled(from_ms, to_ms, samples, price)?;
        bar.usd = self.to.usd_ever(self.ask.world, from_ms);
        bar.volume = self.units_traded(from_ms, to_ms);
        Some(bar)
    }

    /// Returns the units of the coin that the feed saw changing hands.
    fn units_traded(&self, from_ms: i64, to_ms: i64) -> f64 {
        let Some(entity) = self.from.entity.as_ref().filter(|_| self.from.is_coin) else {
            return 0.0;
        };
        let value = |metric| self.ask.world.value(entity, metric, from_ms);
        let units = value(Metric::Volume24h).zip(value(Metric::Price));
        let day = units.map_or(0.0, |(usd, price)| usd / price * FEED_SHARE);
        day * float(to_ms - from_ms) / float(DAY_MS)
    }

    fn begins_ms(&self) -> i64 {
        self.from.begins_ms().max(self.to.begins_ms())
    }

    /// Returns the bars on a grid up to now, the present one as far as it has come.
    fn within_days(&self, interval: Interval, open: impl Fn(i64) -> bool) -> Vec<Bar> {
        let (step_ms, now_ms) = (interval.ms(), self.ask.now_ms());
        let days = i64::from(self.ask.plan.intraday_days);
        let (from_ms, to_ms) = match self.ask.whole {
            Some((from_ms, to_ms)) => (from_ms - step_ms, now_ms.min(to_ms)),
            None if self.ask.wants_full() => (now_ms - days * DAY_MS, now_ms),
            // A weekend lies between the newest bars and the hundredth.
            None => (now_ms - 101 * step_ms - 3 * DAY_MS, now_ms),
        };
        let by_end = self.ask.plan.labels == AlphaVantageLabels::End;
        let mut bars = Vec::new();
        let mut at_ms = floor_to(from_ms.max(self.begins_ms()), step_ms);
        while at_ms < to_ms {
            let ends_ms = at_ms + step_ms;
            let is_open = open(at_ms);
            let bar = is_open.then(|| self.bar(at_ms, ends_ms.min(now_ms), interval.samples()));
            if let Some(mut bar) = bar.flatten() {
                bar.at_ms = if by_end { ends_ms } else { at_ms };
                bar.label = second_text(bar.at_ms);
                bar.is_final = ends_ms <= now_ms;
                bars.push(bar);
            }
            at_ms = ends_ms;
        }
        self.ask.cut(&mut bars, self.ask.size());
        bars
    }
}

/// Answers `FX_DAILY` and its longer sisters; the present day moves until it is over.
pub(super) fn fx(ask: &Ask<'_>, period: Period) -> Result<Table, Reply> {
    let pair = fiat_pair(ask)?;
    let now_ms = ask.now_ms();
    let from_ms = ask.whole.map_or(0, |(from_ms, _)| from_ms - 31 * DAY_MS);
    let from_ms = from_ms.max(pair.begins_ms());
    let mut days = weekdays(from_ms, now_ms);
    if period == Period::Day {
        ask.cut(&mut days, ask.size());
    }
    let bars = days.into_iter().filter_map(|day_ms| {
        let ends_ms = day_ms + DAY_MS;
        let mut bar = pair.bar(day_ms, ends_ms.min(now_ms), 3)?;
        bar.is_final = ends_ms <= now_ms;
        Some(bar.of_day(day_ms))
    });
    let rows = joined(bars.collect(), period);
    let newest = rows
        .last()
        .map_or_else(|| day_text(now_ms), |bar| bar.label.clone());
    let word = word(period);
    let mut meta = vec![
        (
            "Information",
            format!("Forex {word} Prices (open, high, low, close)"),
        ),
        ("From Symbol", pair.from.code.clone()),
        ("To Symbol", pair.to.code.clone()),
    ];
    if period == Period::Day {
        meta.push(("Output Size", ask.size_name()));
    }
    meta.extend([("Last Refreshed", newest), ("Time Zone", "UTC".to_owned())]);
    Ok(Table {
        meta,
        key: format!("Time Series FX ({word})"),
        columns: plain_columns(false),
        style: Style::Fx,
        rows,
    })
}

/// Answers `FX_INTRADAY`; the market rests from Friday to Sunday, 22:00.
pub(super) fn fx_intraday(ask: &Ask<'_>) -> Result<Table, Reply> {
    let interval = ask.interval()?;
    let pair = fiat_pair(ask)?;
    let rows = pair.within_days(interval, |at_ms| {
        !(4 * DAY_MS + 22 * HOUR_MS..6 * DAY_MS + 22 * HOUR_MS)
            .contains(&(weekday(at_ms) * DAY_MS + at_ms.rem_euclid(DAY_MS)))
    });
    let name = interval.name;
    Ok(Table {
        meta: vec![
            ("Information", format!("FX Intraday ({name}) Time Series")),
            ("From Symbol", pair.from.code.clone()),
            ("To Symbol", pair.to.code.clone()),
            ("Last Refreshed", newest(&rows)),
            ("Interval", name.to_owned()),
            ("Output Size", ask.size_name()),
            ("Time Zone", "UTC".to_owned()),
        ],
        key: format!("Time Series FX ({name})"),
        columns: plain_columns(false),
        style: Style::Fx,
        rows,
    })
}

/// Answers `CRYPTO_INTRADAY`.
pub(super) fn crypto_intraday(ask: &Ask<'_>) -> Result<Table, Reply> {
    let interval = ask.interval()?;
    let pair = coin_pair(ask)?;
    let rows = pair.within_days(interval, |_| true);
    let name = interval.name;
    let mut meta = coin_meta(&pair, format!("Crypto Intraday ({name}) Time Series"));
    meta.extend([
        ("Last Refreshed", newest(&rows)),
        ("Interval", name.to_owned()),
        ("Output Size", ask.size_name()),
        ("Time Zone", "UTC".to_owned()),
    ]);
    Ok(Table {
        meta,
        key: format!("Time Series Crypto ({name})"),
        columns: plain_columns(true),
        style: Style::CryptoIntraday,
        rows,
    })
}

/// Answers `DIGITAL_CURRENCY_DAILY` and its longer sisters: whole days, and a stub of the present one.
pub(super) fn digital(ask: &Ask<'_>, period: Period) -> Result<Table, Reply> {
    let pair = coin_pair(ask)?;
    let refreshed_ms = floor_to(ask.now_ms() - REFRESH_MS, DAY_MS);
    let (rows, days) = match period {
        Period::Day => (
            usize::from(ask.plan.crypto_days),
            i64::from(ask.plan.crypto_days),
        ),
        Period::Week => (WEEKS, 145 * 7),
        Period::Month => (MONTHS, 32 * 31),
    };
    let from_ms = ask
        .whole
        .map_or(refreshed_ms - days * DAY_MS, |(from_ms, _)| {
            from_ms - 31 * DAY_MS
        });
    let mut bars = Vec::new();
    let mut day_ms = floor_to(from_ms.max(pair.begins_ms()), DAY_MS);
    while day_ms <= refreshed_ms {
        let is_stub = day_ms == refreshed_ms;
        let ends_ms = day_ms + if is_stub { REFRESH_MS } else { DAY_MS };
        if let Some(mut bar) = pair.bar(day_ms, ends_ms, 3) {
            bar.is_final = !is_stub;
            bars.push(bar.of_day(day_ms));
        }
        day_ms += DAY_MS;
    }
    let mut bars = joined(bars, period);
    ask.cut(&mut bars, Some(rows));
    let word = word(period);
    let mut meta = coin_meta(
        &pair,
        format!("{word} Prices and Volumes for Digital Currency"),
    );
    meta.extend([
        ("Last Refreshed", second_text(refreshed_ms)),
        ("Time Zone", "UTC".to_owned()),
    ]);
    Ok(Table {
        meta,
        key: format!("Time Series (Digital Currency {word})"),
        columns: if ask.plan.legacy_crypto {
            legacy_columns(&pair.to.code)
        } else {
            plain_columns(true)
        },
        style: Style::Digital,
        rows: bars,
    })
}

/// The layout until early 2024: every price twice, and a market cap that is the volume again.
fn legacy_columns(market: &str) -> Vec<Column> {
    use AlphaVantageField as F;
    let prices = [
        ("1", "open", F::Open),
        ("2", "high", F::High),
        ("3", "low", F::Low),
        ("4", "close", F::Close),
    ];
    let mut columns = Vec::new();
    for (number, name, field) in prices {
        let column = |letter: &str, code: &str| {
            Column::new(
                &format!("{number}{letter}. {name} ({code})"),
                &format!("{name} ({code})"),
                field,
            )
        };
        columns.extend([column("a", market), column("b", "USD").in_usd()]);
    }
    columns.push(Column::new("5. volume", "volume", F::Volume));
    columns.push(Column::new(
        "6. market cap (USD)",
        "market cap (USD)",
        F::Volume,
    ));
    columns
}

fn fiat_pair<'a>(ask: &'a Ask<'a>) -> Result<Pair<'a>, Reply> {
    let (from, to) = (ask.fiat("from_symbol")?, ask.fiat("to_symbol")?);
    Ok(Pair { ask, from, to })
}

fn coin_pair<'a>(ask: &'a Ask<'a>) -> Result<Pair<'a>, Reply> {
    let coin = Money::coin(ask.world, ask.required("symbol")?);
    let known = coin.filter(|coin| coin.begins_ms() <= ask.now_ms());
    let from = known.ok_or_else(|| ask.invalid())?;
    let to = ask.fiat("market")?;
    Ok(Pair { ask, from, to })
}

fn coin_meta(pair: &Pair<'_>, information: String) -> Vec<(&'static str, String)> {
    let name = |money: &Money| money.name.clone().unwrap_or_default();
    vec![
        ("Information", information),
        ("Digital Currency Code", pair.from.code.clone()),
        ("Digital Currency Name", name(&pair.from)),
        ("Market Code", pair.to.code.clone()),
        ("Market Name", name(&pair.to)),
    ]
}

fn weekdays(from_ms: i64, to_ms: i64) -> Vec<i64> {
    let mut days = Vec::new();
    let mut day_ms = floor_to(from_ms, DAY_MS);
    while day_ms < to_ms {
        if weekday(day_ms) < 5 {
            days.push(day_ms);
        }
        day_ms += DAY_MS;
    }
    days
}

fn newest(rows: &[Bar]) -> String {
    rows.last().map(|bar| bar.label.clone()).unwrap_or_default()
}

fn word(period: Period) -> &'static str {
    match period {
        Period::Day => "Daily",
        Period::Week => "Weekly",
        Period::Month => "Monthly",
    }
}
