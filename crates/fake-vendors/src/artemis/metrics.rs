//! The table of metrics: what each is called, when it has points, who has it and what it is made of.

use std::collections::HashMap;

use serde::Deserialize;

use crate::chance;
use crate::truth::Metric;

/// Older names that are still answered.
const ALIASES: [(&str, &str); 5] = [
    ("DAILY_TXNS", "TXNS"),
    ("TRADING_VOLUME", "PERP_VOLUME"),
    ("DEPOSITS", "LENDING_DEPOSITS"),
    ("BORROWS", "LENDING_BORROWS"),
    ("STABLECOIN_MC", "STABLECOIN_SUPPLY"),
];

/// How the days of a longer step become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Aggregation {
    Last,
    Sum,
    Avg,
}

impl Aggregation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Last => "LAST",
            Self::Sum => "SUM",
            Self::Avg => "AVG",
        }
    }
}

/// Which days have a point, and when it is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Rhythm {
    /// Every day, today's as of now.
    Market,
    /// Every day, yesterday's from the update hour on, then also a part of today.
    Chain,
    /// Mondays, once the week is over.
    Week,
    /// Days on which the exchange trades, once it has closed.
    Session,
    /// Some of those days.
    Sparse,
    /// Ends of fiscal quarters, once reported.
    Fiscal,
    /// No history.
    Latest,
}

/// Who has a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Group {
    Market,
    Economy,
    Locked,
    Chain,
    Dex,
    Perps,
    Lending,
    Stablecoin,
    /// As `Stablecoin`, until July 2026.
    Dropped,
    Etf,
    Development,
    Agents,
    Equity,
    Treasury,
}

/// What a level is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    World(Metric),
    /// The stablecoins of an asset: its own market cap, or what lies on a chain.
    Stablecoins,
}

/// What a metric is made of. Numbers of other definitions are places in the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Recipe {
    /// The world's own value.
    World(Metric),
    /// A part of a base that sways on its own.
    Part(Base, f64),
    /// The same in whole numbers.
    Count(Base, f64),
    /// The same, zero on some days.
    Some(Base, f64),
    /// A part around 0, of either sign, zero on some days.
    Flow(Base, f64),
    /// A level that moves as a base does.
    Level(Metric, f64),
    /// One of two parts of another metric, and the other.
    Portion(usize),
    Rest(usize),
    /// One metric by another, by a factor.
    Ratio(usize, usize, f64),
    /// Turnover with its broken prints.
    Turnover,
    /// A line of the quarter's statement, in whole millions.
    Statement(Metric, f64),
    /// A line that is a share of another, perhaps a loss.
    Margin(usize, f64),
    /// A line per share, in cents.
    PerShare(usize, f64),
    /// One metric by so many times the quarter last reported, and the other way round.
    Multiple(usize, usize, f64),
    Yield(usize, usize, f64),
    /// Computed for now alone.
    Latest(Option<Metric>),
    /// Listed, yet nobody has ever got a number.
    Nothing,
}

/// One metric.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) unit: Option<String>,
    pub(super) aggregation: Aggregation,
    pub(super) rhythm: Rhythm,
    pub(super) group: Group,
    pub(super) recipe: Recipe,
    /// Tells the metrics of one asset apart.
    pub(super) salt: u64,
}

/// A row as it is written.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    label: String,
    unit: Option<String>,
    aggregation: Aggregation,
    rhythm: Rhythm,
    group: Group,
    recipe: String,
    of: String,
    factor: Option<f64>,
}

/// All metrics, in the order of the table.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) all: Vec<Definition>,
    by_name: HashMap<String, usize>,
}

impl Table {
    /// Reads the table.
    pub(super) fn new() -> Result<Self, csv::Error> {
        let mut file = csv::Reader::from_reader(include_str!("metrics.csv").as_bytes());
        let rows: Vec<Row> = file.deserialize().collect::<Result<_, _>>()?;
        let places = rows.iter().map(|row| row.name.clone()).zip(0..);
        let mut by_name: HashMap<String, usize> = places.collect();
        let read = |row: Row| {
            let recipe = recipe(&row, &by_name).ok_or_else(|| {
                let said = format!("{}: `{}` of `{}`", row.name, row.recipe, row.of);
                csv::Error::from(std::io::Error::other(said))
            })?;
            Ok(Definition {
                salt: chance::text(&row.name),
                name: row.name,
                label: row.label,
                unit: row.unit,
                aggregation: row.aggregation,
                rhythm: row.rhythm,
                group: row.group,
                recipe,
            })
        };
        let all = rows
            .into_iter()
            .map(read)
            .collect::<Result<_, csv::Error>>()?;
        for (older, name) in ALIASES {
            if let Some(place) = by_name.get(name).copied() {
                by_name.insert(older.to_owned(), place);
            }
        }
        Ok(Self { all, by_name })
    }

    /// Returns the definition of a name in any case; older names are known, too.
    pub(super) fn named(&self, name: &str) -> Option<&Definition> {
        let place = self.by_name.get(&name.to_ascii_uppercase())?;
        self.all.get(*place)
    }
}

fn recipe(row: &Row, by_name: &HashMap<String, usize>) -> Option<Recipe> {
    let world = || serde_json::from_value::<Metric>(row.of.as_str().into()).ok();
    let base = || match row.of.as_str() {
        "stablecoins" => Some(Base::Stablecoins),
        _ => world().map(Base::World),
    };
    let place = |name: &str| by_name.get(name).copied();
    let two = || {
        let (over, under) = row.of.split_once('/')?;
        Some((place(over)?, place(under)?))
    };
    Some(match row.recipe.as_str() {
        "world" => Recipe::World(world()?),
        "part" => Recipe::Part(base()?, row.factor?),
        "count" => Recipe::Count(base()?, row.factor?),
        "some" => Recipe::Some(base()?, row.factor?),
        "flow" => Recipe::Flow(base()?, row.factor?),
        "level" => Recipe::Level(world()?, row.factor?),
        "portion" => Recipe::Portion(place(&row.of)?),
        "rest" => Recipe::Rest(place(&row.of)?),
        "ratio" => Recipe::Ratio(two()?.0, two()?.1, row.factor?),
        "turnover" => Recipe::Turnover,
        "statement" => Recipe::Statement(world()?, row.factor?),
        "margin" => Recipe::Margin(place(&row.of)?, row.factor?),
        "per_share" => Recipe::PerShare(place(&row.of)?, row.factor?),
        "multiple" => Recipe::Multiple(two()?.0, two()?.1, row.factor?),
        "yield" => Recipe::Yield(two()?.0, two()?.1, row.factor?),
        "latest" => Recipe::Latest(world()),
        "nothing" => Recipe::Nothing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_understood_and_older_names_lead_to_newer_ones() {
        let table = Table::new().unwrap();
        assert!(table.all.len() > 80);
        assert_eq!(table.by_name.len(), table.all.len() + ALIASES.len());
        assert_eq!(table.named("daily_txns").unwrap().name, "TXNS");
        assert_eq!(table.named("Price").unwrap().name, "PRICE");
        for sheet_only in ["L7_FEES", "TT_REVENUE", "NO_SUCH_METRIC", ""] {
            assert!(table.named(sheet_only).is_none());
        }
    }
}
