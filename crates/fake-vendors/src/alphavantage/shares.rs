//! The series of shares: days, weeks, months, and bars within a day.

use super::ask::{Ask, Interval};
use super::bar::{AlphaVantageField, Bar, Style, joined};
use super::function::Period;
use super::plan::AlphaVantageLabels;
use super::share::{BEGINS_MS, Event, Share, Sight};
use super::table::{Column, Table, plain_columns};
use crate::days::{date, day_text, months_on, second_text, ymd};
use crate::instant::{DAY_MS, MINUTE_MS};
use crate::vendor::Reply;

/// 2000-01-01: the first month of bars within a day.
const INTRADAY_BEGINS_MS: i64 = 10_957 * DAY_MS;
/// Days of bars that a full answer without a month holds.
const INTRADAY_DAYS: i64 = 30;

/// Answers with one row per day, week or month.
pub(super) fn by_period(ask: &Ask<'_>, period: Period, adjusted: bool) -> Result<Table, Reply> {
    let symbol = ask.required("symbol")?;
    let Some(share) = ask.share(symbol) else {
        return Ok(empty(ask, symbol));
    };
    let last = newest_day(ask, &share);
    let compact = ask.size().filter(|_| period == Period::Day);
    let days = match (ask.whole, compact) {
        (Some((from_ms, _)), _) => share.days(from_ms - 31 * DAY_MS, last),
        (None, Some(count)) => share.newest_days(count, last),
        (None, None) => share.days(BEGINS_MS, last),
    };
    let bars = days
        .iter()
        .filter_map(|day| day_bar(&share, ask.sight(), *day));
    let mut bars: Vec<Bar> = bars.collect();
    if adjusted {
        let first = days.first().copied().unwrap_or(last);
        adjust(&mut bars, share.events(first, last));
    }
    let mut rows = joined(bars, period);
    let is_over = share
        .entity
        .delisted_ms
        .is_some_and(|end| end <= ask.now_ms());
    if let Some(newest) = rows.last_mut().filter(|_| is_over) {
        newest.is_final = true;
    }
    let size = (period == Period::Day).then(|| ask.size_name());
    let information = match (period, adjusted) {
        (Period::Day, false) => "Daily Prices (open, high, low, close) and Volumes",
        (Period::Day, true) => "Daily Time Series with Splits and Dividend Events",
        (Period::Week, false) => "Weekly Prices (open, high, low, close) and Volumes",
        (Period::Week, true) => "Weekly Adjusted Prices and Volumes",
        (Period::Month, false) => "Monthly Prices (open, high, low, close) and Volumes",
        (Period::Month, true) => "Monthly Adjusted Prices and Volumes",
    };
    let key = match (period, adjusted) {
        (Period::Day, _) => "Time Series (Daily)",
        (Period::Week, false) => "Weekly Time Series",
        (Period::Week, true) => "Weekly Adjusted Time Series",
        (Period::Month, false) => "Monthly Time Series",
        (Period::Month, true) => "Monthly Adjusted Time Series",
    };
    let mut meta = vec![
        ("Information", information.to_owned()),
        ("Symbol", share.symbol.clone()),
        ("Last Refreshed", day_text(last)),
    ];
    meta.extend(size.map(|size| ("Output Size", size)));
    meta.push(("Time Zone", "US/Eastern".to_owned()));
    Ok(Table {
        meta,
        key: format!("{key}{}", ask.key_suffix()),
        columns: columns(period, adjusted),
        style: Style::Share,
        rows,
    })
}

/// Answers with bars within days.
pub(super) fn intraday(ask: &Ask<'_>) -> Result<Table, Reply> {
    let symbol = ask.required("symbol")?;
    let interval = ask.interval()?;
    let month = ask
        .param("month")
        .map(|text| month(ask, text))
        .transpose()?;
    let Some(share) = ask.share(symbol) else {
        return Ok(empty(ask, symbol));
    };
    let last = newest_day(ask, &share);
    let (from_ms, to_ms) = match (ask.whole, month) {
        (Some((from_ms, to_ms)), _) => (from_ms - DAY_MS, last.min(to_ms + DAY_MS)),
        (None, Some(first)) => (first, last.min(months_on(first, 1) - DAY_MS)),
        (None, None) => (last - INTRADAY_DAYS * DAY_MS, last),
    };
    let days = share.days(from_ms.max(INTRADAY_BEGINS_MS), to_ms);
    let mut rows = Vec::new();
    for day in days {
        rows.extend(bars_of_day(ask, &share, interval, day));
    }
    if ask.flag("adjusted", true) {
        rebase(&mut rows, &share.events(from_ms, last), &share);
    }
    ask.cut(&mut rows, ask.size());
    let newest = rows
        .last()
        .map_or_else(|| second_text(last), |bar| bar.label.clone());
    let name = interval.name;
    Ok(Table {
        meta: vec![
            (
                "Information",
                format!("Intraday ({name}) open, high, low, close prices and volume"),
            ),
            ("Symbol", share.symbol.clone()),
            ("Last Refreshed", newest),
            ("Interval", name.to_owned()),
            ("Output Size", ask.size_name()),
            ("Time Zone", "US/Eastern".to_owned()),
        ],
        key: format!("Time Series ({name}){}", ask.key_suffix()),
        columns: plain_columns(true),
        style: Style::Share,
        rows,
    })
}

/// Returns the newest day that is seen and has data; of a share without any the newest there is.
fn newest_day(ask: &Ask<'_>, share: &Share<'_>) -> i64 {
    let last = share.last_day(ask.sight(), ask.plan, ask.now_ms());
    share.newest_days(1, last).last().copied().unwrap_or(last)
}

/// Returns the row of a day, as far as it is seen.
pub(super) fn day_bar(share: &Share<'_>, sight: Sight, day_ms: i64) -> Option<Bar> {
    let (opens_ms, closes_ms) = share.venue.session(day_ms);
    let ends_ms = match sight {
        Sight::EndOfDay => closes_ms,
        Sight::Until(at_ms) => closes_ms.min(at_ms),
    };
    let mut bar = Bar::sampled(opens_ms, ends_ms, 3, |at_ms| share.quoted(day_ms, at_ms))?;
    let part = crate::truth::float(ends_ms - opens_ms) / crate::truth::float(closes_ms - opens_ms);
    bar.volume = share.volume(day_ms) * part;
    bar.is_final = ends_ms == closes_ms;
    Some(bar.of_day(day_ms))
}

fn bars_of_day(ask: &Ask<'_>, share: &Share<'_>, interval: Interval, day_ms: i64) -> Vec<Bar> {
    let extended = ask.flag("extended_hours", true);
    let (begins, ends) = share.venue.hours_on(day_ms, extended);
    let zone = share.venue.zone;
    let until_ms = match ask.sight() {
        Sight::EndOfDay => ask.now_ms(),
        Sight::Until(at_ms) => at_ms,
    };
    let from_opening = ask.plan.labels == AlphaVantageLabels::HalfPast && !extended;
    let grid = if from_opening {
        begins
    } else {
        begins - begins.rem_euclid(interval.minutes)
    };
    let volume = share.volume(day_ms) / 390.0;
    let mut bars = Vec::new();
    let mut minute = grid;
    while minute < ends {
        let (first, last) = (minute.max(begins), ends.min(minute + interval.minutes));
        let (from_ms, to_ms) = (zone.utc_ms(day_ms, first), zone.utc_ms(day_ms, last));
        let label = match ask.plan.labels {
            AlphaVantageLabels::End => minute + interval.minutes,
            AlphaVantageLabels::Start | AlphaVantageLabels::HalfPast => minute,
        };
        minute += interval.minutes;
        if from_ms >= until_ms {
            break;
        }
        let price = |at_ms| share.quoted(day_ms, at_ms);
        let Some(mut bar) = Bar::sampled(from_ms, to_ms.min(until_ms), interval.samples(), price)
        else {
            continue;
        };
        let open = share.venue.opens_min < last && first < share.venue.closes_min;
        let busy = if open { 1.0 } else { 0.02 };
        bar.volume = volume * busy * crate::truth::float(last - first);
        bar.label = second_text(day_ms + label * MINUTE_MS);
        bar.at_ms = zone.utc_ms(day_ms, label);
        bar.is_final = to_ms <= until_ms;
        bars.push(bar);
    }
    bars
}

/// Fills in dividends, splits and adjusted closes, newest to oldest.
fn adjust(bars: &mut [Bar], mut events: Vec<Event>) {
    let mut factor = 1.0;
    for bar in bars.iter_mut().rev() {
        while let Some(event) = events.pop_if(|event| event.day_ms > bar.at_ms) {
            factor *= event.factor();
        }
        bar.adjusted = bar.close * factor;
        for event in events.iter().filter(|event| event.day_ms == bar.at_ms) {
            bar.dividend += event.dividend;
            bar.split *= event.split;
        }
    }
}

/// Re-bases bars within days to the newest price, as `adjusted=true` does.
fn rebase(bars: &mut [Bar], events: &[Event], share: &Share<'_>) {
    let mut later = events.iter().rev().peekable();
    let mut factor = 1.0;
    for bar in bars.iter_mut().rev() {
        while let Some(event) =
            later.next_if(|event| share.venue.zone.utc_ms(event.day_ms, 0) > bar.at_ms)
        {
            factor *= event.factor();
        }
        for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
            *price *= factor;
        }
    }
}

/// An answer without rows.
fn empty(ask: &Ask<'_>, symbol: &str) -> Table {
    Table {
        meta: vec![
            ("Information", ask.name.to_owned()),
            ("Symbol", symbol.to_owned()),
            ("Time Zone", "US/Eastern".to_owned()),
        ],
        key: String::new(),
        columns: Vec::new(),
        style: Style::Share,
        rows: Vec::new(),
    }
}

/// The names of CSV columns of adjusted weeks and months are not established.
fn columns(period: Period, adjusted: bool) -> Vec<Column> {
    use AlphaVantageField as F;
    let mut columns = plain_columns(!adjusted);
    if adjusted {
        columns.extend([
            Column::new("5. adjusted close", "adjusted_close", F::Adjusted),
            Column::new("6. volume", "volume", F::Volume),
            Column::new("7. dividend amount", "dividend_amount", F::Dividend),
        ]);
    }
    if adjusted && period == Period::Day {
        columns.push(Column::new(
            "8. split coefficient",
            "split_coefficient",
            F::Split,
        ));
    }
    columns
}

/// Reads `YYYY-MM` from 2000-01 to the present month.
fn month(ask: &Ask<'_>, text: &str) -> Result<i64, Reply> {
    let numbers = text.split_once('-').filter(|_| text.len() == 7);
    let parsed = numbers.and_then(|(year, month)| Some((year.parse().ok()?, month.parse().ok()?)));
    let known = parsed.filter(|(_, month)| (1..=12).contains(month));
    let first = known.map(|(year, month): (i32, u8)| ymd(year, month, 1));
    let present = ymd(
        date(ask.now_ms()).year(),
        u8::from(date(ask.now_ms()).month()),
        1,
    );
    first
        .filter(|first| (INTRADAY_BEGINS_MS..=present).contains(first))
        .ok_or_else(|| ask.invalid())
}
