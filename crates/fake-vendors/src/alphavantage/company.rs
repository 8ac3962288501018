//! What is known about a company: `OVERVIEW`, `DIVIDENDS`, `SPLITS`.

use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::bar::{Bar, trimmed};
use super::errors::{CSV, JSON};
use super::share::{BEGINS_MS, Event, Share, Sight};
use super::shares::day_bar;
use crate::chance;
use crate::days::{day_text, months_on};
use crate::instant::DAY_MS;
use crate::truth::{Metric, float};
use crate::vendor::Reply;

/// Ex-days are known this long before.
const DECLARED_MS: i64 = 30 * DAY_MS;

/// The newest numbers of a company.
struct Figures<'a> {
    share: Share<'a>,
    /// Last published day.
    last: i64,
    price: f64,
    shares: f64,
    /// A fraction of the price, negative for one company in seven.
    earnings_yield: f64,
    dividend: f64,
}

impl Figures<'_> {
    fn draw(&self, salt: u64) -> f64 {
        chance::unit(chance::pair(self.share.entity.hash, salt))
    }

    fn market_cap(&self) -> f64 {
        self.price * self.shares
    }

    fn revenue(&self) -> f64 {
        self.market_cap() / (1.0 + 6.0 * self.draw(81))
    }

    fn earnings(&self) -> f64 {
        self.price * self.earnings_yield
    }

    /// Returns the mean close of the last trading days.
    fn average(&self, days: usize) -> f64 {
        let bars = self.closes(days);
        let sum: f64 = bars.iter().map(|bar| bar.close).sum();
        sum / float(i64::try_from(bars.len().max(1)).unwrap_or(1))
    }

    fn closes(&self, days: usize) -> Vec<Bar> {
        let days_ms = self.share.newest_days(days, self.last);
        let bars = days_ms
            .iter()
            .filter_map(|day| day_bar(&self.share, Sight::EndOfDay, *day));
        bars.collect()
    }
}

/// Answers `OVERVIEW`; an unknown symbol, and a fund, gets an empty object.
pub(super) fn overview(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let symbol = ask.required("symbol")?;
    let known = ask
        .share(symbol)
        .filter(|share| share.entity.kind == "equity");
    let fields = known
        .and_then(|share| figures(ask, share))
        .map(|figures| fields(&figures));
    Ok(Reply::text(
        200,
        JSON,
        Value::Object(fields.unwrap_or_default()).to_string(),
    ))
}

fn figures<'a>(ask: &Ask<'_>, share: Share<'a>) -> Option<Figures<'a>> {
    let last = share.last_day(Sight::EndOfDay, ask.plan, ask.now_ms());
    let day = *share.days(last - 10 * DAY_MS, last).last()?;
    let bar = day_bar(&share, Sight::EndOfDay, day)?;
    let world_price = ask.world.value(&share.entity, Metric::Price, bar.at_ms)?;
    let market_cap = ask
        .world
        .value(&share.entity, Metric::MarketCap, bar.at_ms)?;
    let level = share.quoted(day, bar.at_ms)? / world_price;
    // More shares at a lower price after a split, fewer before it: the market cap is the world's.
    let shares = market_cap / world_price * share.per_usd(bar.at_ms) / level;
    let paid = share.events(last - 365 * DAY_MS, last);
    let yearly = chance::unit(chance::pair(share.entity.hash, 82));
    Some(Figures {
        last,
        price: bar.close,
        shares,
        earnings_yield: 0.08 * yearly - 0.011,
        dividend: paid.iter().map(|event| event.dividend).sum(),
        share,
    })
}

fn fields(figures: &Figures<'_>) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: String| {
        fields.insert(name.to_owned(), Value::from(value));
    };
    for (name, value) in identity(figures) {
        put(name, value);
    }
    for (name, value) in ratios(figures) {
        put(name, value);
    }
    for (name, value) in trading(figures) {
        put(name, value);
    }
    fields
}

fn none() -> String {
    "None".to_owned()
}

fn identity(figures: &Figures<'_>) -> Vec<(&'static str, String)> {
    let share = &figures.share;
    let sectors = [
        "TECHNOLOGY",
        "FINANCE",
        "LIFE SCIENCES",
        "ENERGY & TRANSPORTATION",
        "MANUFACTURING",
    ];
    let sector = sectors
        .get(usize::try_from(share.entity.hash % 5).unwrap_or(0))
        .copied()
        .unwrap_or_default();
    let country = if share.venue.is_us() {
        "USA"
    } else {
        share.venue.region
    };
    let exchange = if share.venue.is_us() {
        "NYSE"
    } else {
        share.venue.exchanges
    };
    vec![
        ("Symbol", share.symbol.clone()),
        ("AssetType", "Common Stock".to_owned()),
        ("Name", share.entity.name.clone()),
        (
            "Description",
            format!(
                "{} is a company of this simulated world.",
                share.entity.name
            ),
        ),
        ("CIK", format!("{}", 10_000 + share.entity.hash % 2_000_000)),
        ("Exchange", exchange.to_owned()),
        ("Currency", share.venue.currency.to_owned()),
        ("Country", country.to_owned()),
        ("Sector", sector.to_owned()),
        ("Industry", "None".to_owned()),
        ("Address", none()),
        (
            "FullTimeEmployees",
            format!("{:.0}", 100.0 + 200_000.0 * figures.draw(83)),
        ),
        ("FiscalYearEnd", "December".to_owned()),
        ("LatestQuarter", day_text(latest_quarter(figures.last))),
    ]
}

/// Returns the last day of the quarter before the last whole month.
fn latest_quarter(day_ms: i64) -> i64 {
    let month = i32::from(u8::from(crate::days::date(day_ms).month()));
    months_on(day_ms, -((month - 1) % 3)) - DAY_MS
}

fn ratios(figures: &Figures<'_>) -> Vec<(&'static str, String)> {
    let (price, shares, earnings) = (figures.price, figures.shares, figures.earnings());
    let (cap, revenue) = (figures.market_cap(), figures.revenue());
    let ratio = |value: f64| trimmed(value, 4);
    let fraction = |salt: u64| ratio(0.5 * figures.draw(salt));
    let price_earnings = if earnings > 0.0 {
        ratio(price / earnings)
    } else {
        none()
    };
    let paid = figures.dividend > 0.0;
    let or_none = |text: String| if paid { text } else { none() };
    vec![
        ("MarketCapitalization", format!("{cap:.0}")),
        (
            "EBITDA",
            if figures.draw(84) < 0.1 {
                none()
            } else {
                format!("{:.0}", revenue * 0.2)
            },
        ),
        ("PERatio", price_earnings.clone()),
        ("PEGRatio", fraction(85)),
        ("BookValue", ratio(price * (0.1 + figures.draw(86)))),
        ("DividendPerShare", or_none(ratio(figures.dividend))),
        ("DividendYield", or_none(ratio(figures.dividend / price))),
        ("EPS", ratio(earnings)),
        ("RevenuePerShareTTM", ratio(revenue / shares)),
        ("ProfitMargin", ratio(earnings * shares / revenue)),
        ("OperatingMarginTTM", fraction(87)),
        ("ReturnOnAssetsTTM", fraction(88)),
        ("ReturnOnEquityTTM", fraction(89)),
        ("RevenueTTM", format!("{revenue:.0}")),
        ("GrossProfitTTM", format!("{:.0}", revenue * 0.6)),
        ("DilutedEPSTTM", ratio(earnings)),
        ("QuarterlyEarningsGrowthYOY", ratio(figures.draw(90) - 0.5)),
        ("QuarterlyRevenueGrowthYOY", ratio(figures.draw(91) - 0.5)),
        ("AnalystTargetPrice", ratio(price * 1.1)),
        ("TrailingPE", price_earnings),
        (
            "ForwardPE",
            if earnings > 0.0 {
                ratio(0.9 * price / earnings)
            } else {
                "-".to_owned()
            },
        ),
        ("PriceToSalesRatioTTM", ratio(cap / revenue)),
        ("PriceToBookRatio", ratio(1.0 / (0.1 + figures.draw(86)))),
        ("EVToRevenue", ratio(1.1 * cap / revenue)),
        ("EVToEBITDA", ratio(5.5 * cap / revenue)),
        ("Beta", ratio(2.0 * figures.draw(92))),
    ]
}

fn trading(figures: &Figures<'_>) -> Vec<(&'static str, String)> {
    let year = figures.closes(252);
    let highest = year.iter().map(|bar| bar.high).fold(0.0, f64::max);
    let lowest = year.iter().map(|bar| bar.low).fold(f64::INFINITY, f64::min);
    let shares = figures.shares;
    let whole = |part: f64| format!("{:.0}", shares * part);
    // Whole numbers of shares sometimes come with a decimal point.
    let outstanding = if figures.share.entity.hash.is_multiple_of(3) {
        format!("{shares:.0}.0")
    } else {
        whole(1.0)
    };
    let events = figures.share.events(BEGINS_MS, figures.last + DECLARED_MS);
    let last_split = events
        .iter()
        .rfind(|event| event.dividend <= 0.0 && event.day_ms <= figures.last);
    let last_paid = events.iter().rfind(|event| event.dividend > 0.0);
    let day = |event: Option<&Event>, later: i64| {
        event.map_or_else(none, |event| day_text(event.day_ms + later))
    };
    let number = |value: f64| trimmed(value, 4);
    vec![
        ("52WeekHigh", number(highest)),
        ("52WeekLow", number(lowest)),
        ("50DayMovingAverage", number(figures.average(50))),
        ("200DayMovingAverage", number(figures.average(200))),
        ("SharesOutstanding", outstanding),
        ("SharesFloat", whole(0.97)),
        ("SharesShort", whole(0.02)),
        ("SharesShortPriorMonth", whole(0.021)),
        ("ShortRatio", number(1.0 + 5.0 * figures.draw(93))),
        ("ShortPercentOutstanding", "0.02".to_owned()),
        ("ShortPercentFloat", "0.0206".to_owned()),
        ("PercentInsiders", number(5.0 * figures.draw(94))),
        (
            "PercentInstitutions",
            number(40.0 + 50.0 * figures.draw(95)),
        ),
        ("ForwardAnnualDividendRate", number(figures.dividend)),
        (
            "ForwardAnnualDividendYield",
            number(figures.dividend / figures.price),
        ),
        ("PayoutRatio", number(0.8 * figures.draw(96))),
        ("DividendDate", day(last_paid, 30 * DAY_MS)),
        ("ExDividendDate", day(last_paid, 0)),
        (
            "LastSplitFactor",
            last_split.map_or_else(none, |event| factor(event.split)),
        ),
        ("LastSplitDate", day(last_split, 0)),
    ]
}

fn factor(split: f64) -> String {
    if split < 1.0 {
        format!("1:{}", trimmed(1.0 / split, 2))
    } else {
        format!("{}:1", trimmed(split, 2))
    }
}

/// Answers `DIVIDENDS`, newest first, those declared for the next 30 days included.
pub(super) fn dividends(ask: &Ask<'_>) -> Result<Reply, Reply> {
    const NAMES: [&str; 5] = [
        "ex_dividend_date",
        "declaration_date",
        "record_date",
        "payment_date",
        "amount",
    ];
    let row = |event: &Event| {
        let known = event.day_ms > ask.now_ms() - 3 * 365 * DAY_MS;
        let day = |later: i64| {
            if known {
                day_text(event.day_ms + later)
            } else {
                none()
            }
        };
        [
            day_text(event.day_ms),
            day(-DECLARED_MS),
            day(0),
            day(30 * DAY_MS),
            trimmed(event.dividend, 4),
        ]
    };
    events(ask, NAMES, |event| event.dividend > 0.0, row)
}

/// Answers `SPLITS`, newest first.
pub(super) fn splits(ask: &Ask<'_>) -> Result<Reply, Reply> {
    let row = |event: &Event| [day_text(event.day_ms), format!("{:.4}", event.split)];
    events(
        ask,
        ["effective_date", "split_factor"],
        |event| event.dividend <= 0.0,
        row,
    )
}

fn events<const N: usize>(
    ask: &Ask<'_>,
    names: [&'static str; N],
    wanted: impl Fn(&Event) -> bool,
    row: impl Fn(&Event) -> [String; N],
) -> Result<Reply, Reply> {
    let symbol = ask.required("symbol")?;
    let share = ask.share(symbol).ok_or_else(|| ask.invalid())?;
    let known_until = ask.now_ms() + DECLARED_MS;
    let mut events = share.events(BEGINS_MS, known_until);
    events.retain(wanted);
    let rows = events.iter().rev().map(row);
    if ask.wants_csv() {
        let lines = rows.map(|cells| format!("{}\r\n", cells.join(",")));
        let body = format!("{}\r\n{}", names.join(","), lines.collect::<String>());
        return Ok(Reply::text(200, CSV, body));
    }
    let objects = rows.map(|cells| {
        let fields = names
            .iter()
            .zip(cells)
            .map(|(name, cell)| ((*name).to_owned(), cell.into()));
        Value::Object(fields.collect())
    });
    let body = json!({ "symbol": share.symbol, "data": objects.collect::<Vec<_>>() });
    Ok(Reply::text(200, JSON, body.to_string()))
}
