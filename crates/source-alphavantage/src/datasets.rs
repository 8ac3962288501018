//! What the vendor serves: contract sections 3, 4 and 7.

use model::{DatasetId, SeriesKey, SourceId, Stamp, Step};
use source::{Calendar, DatasetSpec, History, Live, Role};

use crate::{
    Plan,
    access::COMPACT_DAYS,
    functions::{Class, ECONOMY_DATASETS, FEW, Function, MANY, economy_of_key, function_of, parts},
    metrics::Group,
};

/// The vendor's name.
pub const SOURCE: SourceId = SourceId::new("alphavantage");
/// Daily bars of coins.
pub const CRYPTO_DAILY: DatasetId = DatasetId::new("crypto_daily");
/// Daily bars of currencies.
pub const FX_DAILY: DatasetId = DatasetId::new("fx_daily");
/// Commodities and the economy by day.
pub const MACRO_DAILY: DatasetId = DatasetId::new("macro_daily");
/// The same by week.
pub const MACRO_WEEKLY: DatasetId = DatasetId::new("macro_weekly");
/// The same by month.
pub const MACRO_MONTHLY: DatasetId = DatasetId::new("macro_monthly");
/// The same by quarter.
pub const MACRO_QUARTERLY: DatasetId = DatasetId::new("macro_quarterly");
/// Hourly bars of coins.
pub const CRYPTO_INTRADAY: DatasetId = DatasetId::new("crypto_intraday");
/// Hourly bars of currencies.
pub const FX_INTRADAY: DatasetId = DatasetId::new("fx_intraday");
/// Hourly bars of shares.
pub const EQUITIES_INTRADAY: DatasetId = DatasetId::new("equities_intraday");
/// The quotes of many shares as of now.
pub const BULK_QUOTES: DatasetId = DatasetId::new("bulk_quotes");
/// A rate of exchange as of now.
pub const EXCHANGE_RATE: DatasetId = DatasetId::new("exchange_rate");
/// Daily bars of shares as traded.
pub const EQUITIES_DAILY: DatasetId = DatasetId::new("equities_daily");
/// What adjusted daily bars add.
pub const EQUITIES_ADJUSTED: DatasetId = DatasetId::new("equities_adjusted");
/// The last close of one share.
pub const QUOTE: DatasetId = DatasetId::new("quote");
/// Weekly bars of shares as traded.
pub const EQUITIES_WEEKLY: DatasetId = DatasetId::new("equities_weekly");
/// What adjusted weekly bars add.
pub const EQUITIES_WEEKLY_ADJUSTED: DatasetId = DatasetId::new("equities_weekly_adjusted");
/// Monthly bars of shares as traded.
pub const EQUITIES_MONTHLY: DatasetId = DatasetId::new("equities_monthly");
/// What adjusted monthly bars add.
pub const EQUITIES_MONTHLY_ADJUSTED: DatasetId = DatasetId::new("equities_monthly_adjusted");
/// Weekly bars of coins.
pub const CRYPTO_WEEKLY: DatasetId = DatasetId::new("crypto_weekly");
/// Monthly bars of coins.
pub const CRYPTO_MONTHLY: DatasetId = DatasetId::new("crypto_monthly");
/// Weekly bars of currencies.
pub const FX_WEEKLY: DatasetId = DatasetId::new("fx_weekly");
/// Monthly bars of currencies.
pub const FX_MONTHLY: DatasetId = DatasetId::new("fx_monthly");
/// Company figures by day.
pub const OVERVIEW: DatasetId = DatasetId::new("overview");
/// Company figures by week.
pub const OVERVIEW_WEEKLY: DatasetId = DatasetId::new("overview_weekly");
/// The shares and funds that are listed in the US.
pub const LISTING: DatasetId = DatasetId::new("listing");

const HOUR_SECS: i64 = 3_600;
const DAY_SECS: i64 = 86_400;
/// Longer than anything reaches back.
const EVER_SECS: i64 = 200 * 366 * DAY_SECS;

/// How long after midnight UTC the vendor has refreshed coins and currencies (section 7).
const REFRESH_SECS: i64 = 10 * 60;
/// When the closes of a day are there, after midnight UTC: at one or two in the morning in New York.
/// The hour is not established; asked too early, a request is lost that a small quota has not.
const CLOSES_SECS: i64 = 6 * HOUR_SECS;
/// When a week or month is final, after its end: a newer one has begun and shows.
const NEWER_SECS: i64 = DAY_SECS + CLOSES_SECS;
/// How long a month of the economy is waited for. The contract names no day on which one is published,
/// only that each answer is whole and takes one request a day (sections 4 and 7); what is known to take
/// longest, orders of durable goods, comes about four weeks after the month.
const PUBLISHED_SECS: i64 = 45 * DAY_SECS;
/// How long after its end a bar of an hour counts as closed.
const BAR_SECS: i64 = 120;

/// How far back an hourly compact answer, 100 bars, reaches for sure: of what trades around the clock.
pub(crate) const COMPACT_HOURS: i64 = 96;
/// The same of shares: six days with 16 bars each, if extended hours come unasked.
pub(crate) const COMPACT_SHARES_HOURS: i64 = 7 * 24;

const CATALOGUE: DatasetSpec = DatasetSpec {
    cadence_secs: 7 * DAY_SECS,
    max_body_bytes: 32 << 20,
    paths: &["/query"],
    ..DatasetSpec::catalogue(LISTING)
};

/// An answer that always brings all there is.
const WHOLE: DatasetSpec = DatasetSpec {
    role: Role::Series,
    cadence_secs: DAY_SECS,
    history: History::Full,
    whole: true,
    live: Live::Open { secs: EVER_SECS },
    joins_secs: EVER_SECS,
    ..CATALOGUE
};

/// An answer about now.
const SNAPSHOT: DatasetSpec = DatasetSpec {
    role: Role::Snapshot,
    step: Step::Hour,
    cadence_secs: HOUR_SECS,
    ..CATALOGUE
};

/// Returns the datasets, in the order of work: what is of now, the few that a free key affords every
/// day, then those that take what is left.
pub(crate) fn datasets(plan: Plan) -> Vec<DatasetSpec> {
    let (few, many) = (FEW.iter(), MANY.iter());
    let economy = ECONOMY_DATASETS.iter();
    few.map(|function| spec(function, plan))
        .chain(economy.map(|(id, _, step)| economy_spec(*id, *step)))
        .chain(many.map(|function| spec(function, plan)))
        .chain([CATALOGUE])
        .collect()
}

fn spec(function: &Function, plan: Plan) -> DatasetSpec {
    let id = function.dataset;
    let base = match id {
        EQUITIES_DAILY => closes(plan),
        QUOTE => DatasetSpec {
            live: Live::Open { secs: 5 * DAY_SECS },
            whole: false,
            history: History::PlanLimited,
            lag_secs: CLOSES_SECS,
            ..WHOLE
        },
        BULK_QUOTES | EXCHANGE_RATE => SNAPSHOT,
        // Of a day: what failed is tried again within it.
        OVERVIEW | OVERVIEW_WEEKLY => DatasetSpec {
            cadence_secs: DAY_SECS,
            recheck_secs: 6 * HOUR_SECS,
            ..SNAPSHOT
        },
        CRYPTO_INTRADAY | FX_INTRADAY | EQUITIES_INTRADAY => bars(id),
        // Re-based at each dividend and split: never final, so compared as a whole each day.
        EQUITIES_ADJUSTED => DatasetSpec {
            live: Live::No,
            lag_secs: CLOSES_SECS,
            ..WHOLE
        },
        CRYPTO_DAILY => DatasetSpec {
            lag_secs: REFRESH_SECS,
            ..WHOLE
        },
        FX_DAILY => DatasetSpec {
            live: compact(),
            whole: false,
            lag_secs: REFRESH_SECS,
            provisional_secs: 3 * DAY_SECS,
            ..WHOLE
        },
        EQUITIES_WEEKLY
        | EQUITIES_WEEKLY_ADJUSTED
        | EQUITIES_MONTHLY
        | EQUITIES_MONTHLY_ADJUSTED => DatasetSpec {
            live: Live::No,
            lag_secs: NEWER_SECS,
            ..WHOLE
        },
        _ => DatasetSpec {
            lag_secs: NEWER_SECS,
            ..WHOLE
        },
    };
    let trades_always = matches!(function.classes, [Class::Crypto, ..])
        || matches!(function.group, Group::Overview);
    DatasetSpec {
        id,
        step: function.step,
        calendar: match trades_always {
            true => Calendar::Always,
            false => Calendar::Exchange,
        },
        ..base
    }
}

/// The newest rows, of the series that lack any of them.
const fn compact() -> Live {
    Live::Open {
        secs: COMPACT_DAYS * DAY_SECS,
    }
}

/// The tick asks for closes because the gap filler may not use the whole of a quota that is small. A
/// free key has a hundred rows and no more: each answer is all there is.
fn closes(plan: Plan) -> DatasetSpec {
    let is_paid = plan.is_paid();
    DatasetSpec {
        live: compact(),
        whole: !is_paid,
        history: match is_paid {
            true => History::Full,
            false => History::PlanLimited,
        },
        lag_secs: CLOSES_SECS,
        provisional_secs: 7 * DAY_SECS,
        ..WHOLE
    }
}

/// Bars of an hour: the newest hundred come at any rate. Coins trade at every tick; the others are asked
/// for where an hour is open. Older hours of shares come by the month, so far holes are not joined.
fn bars(id: DatasetId) -> DatasetSpec {
    let secs = HOUR_SECS
        * match id {
            EQUITIES_INTRADAY => COMPACT_SHARES_HOURS,
            _ => COMPACT_HOURS,
        };
    DatasetSpec {
        cadence_secs: HOUR_SECS,
        lag_secs: BAR_SECS,
        provisional_secs: 3 * HOUR_SECS,
        live: match id {
            CRYPTO_INTRADAY => Live::Newest { secs },
            _ => Live::Open { secs },
        },
        whole: false,
        joins_secs: match id {
            EQUITIES_INTRADAY => 0,
            _ => EVER_SECS,
        },
        ..WHOLE
    }
}

/// Days and quarters are events: what a day lacks comes with the next day's answer, which is compared
/// as a whole. A week or month that is published late has to be asked for until it is there; a week is
/// days late, a month is weeks.
fn economy_spec(id: DatasetId, step: Step) -> DatasetSpec {
    DatasetSpec {
        id,
        step,
        calendar: match step {
            Step::Week | Step::Month => Calendar::Always,
            _ => Calendar::None,
        },
        lag_secs: REFRESH_SECS,
        late_secs: match step {
            Step::Month => PUBLISHED_SECS,
            _ => 0,
        },
        ..WHOLE
    }
}

/// Whether the dataset holds a series of ours.
pub(crate) fn serves(dataset: DatasetId, series: &SeriesKey) -> bool {
    let metric = series.metric.as_str();
    if series.source != SOURCE {
        return false;
    }
    if let Some(function) = function_of(dataset) {
        let class = parts(&series.key).map(|(class, _)| class);
        return series.step == function.step
            && class.is_some_and(|class| function.classes.contains(&class))
            && function.has(metric);
    }
    let known =
        (ECONOMY_DATASETS.iter()).find(|(id, _, step)| (*id, *step) == (dataset, series.step));
    known.is_some_and(|(_, interval, _)| {
        economy_of_key(&series.key).is_some_and(|(economy, _)| {
            economy.metric == metric && economy.intervals.contains(interval)
        })
    })
}

/// What a label names. Bars, days of trading and periods of the economy are named by their start, and so
/// are the day and the week in which figures of a company were read: as instants they would close the
/// bucket before, in which nobody knew them. Rates and quotes of now are instants of their hour.
pub(crate) fn stamp_of(series: &SeriesKey) -> Stamp {
    let instants = [BULK_QUOTES, EXCHANGE_RATE];
    if instants.iter().any(|dataset| serves(*dataset, series)) {
        Stamp::Instant
    } else {
        Stamp::Bar
    }
}
