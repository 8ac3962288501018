//! What a correct collector holds: the rows that move no more, read from the very table that would be served, but from
//! all there is and whatever the plan.

use std::collections::{BTreeMap, HashMap};

use super::ask::Ask;
use super::bar::{AlphaVantageField, Bar, Style};
use super::function::Function;
use super::{AlphaVantagePlan, economy, indices, table_of};
use crate::Truth;
use crate::held::{Points, Span};
use crate::vendor::Call;
use crate::world::WorldState;

impl Truth {
    /// Returns exactly what a correct collector of Alpha Vantage holds of a series by the simulated now, whatever the
    /// plan: per label in `[from, to)`, UNIX milliseconds, the value of every row that moves no more.
    ///
    /// `query` is the vendor's own, without key and sizes: `function=TIME_SERIES_DAILY&symbol=IBM`. A label is the
    /// midnight of its day, or within a day its instant in UTC. Weeks and months are final once a newer one follows; of
    /// commodities and economic series, which are never final, the values are those shown now. Where the vendor would
    /// refuse the query, or it asks for no series, there is nothing.
    #[must_use]
    pub fn alphavantage_series(
        &self,
        query: &str,
        field: AlphaVantageField,
        from_ms: i64,
        to_ms: i64,
    ) -> Vec<(i64, f64)> {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let mut ask: BTreeMap<String, String> = pairs
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        ask.insert("field".to_owned(), field.name().to_owned());
        let held = self.shared.api.truth(&ask, self.span(from_ms, to_ms));
        held.unwrap_or_default()
    }
}

/// Returns the values of a column per label.
///
/// `ask` holds the vendor's own parameters and `field`, a column (`close` where absent). A label is the midnight of its
/// day, or within a day its instant in UTC.
pub(super) fn series(
    world: &WorldState,
    plan: AlphaVantagePlan,
    ask: &BTreeMap<String, String>,
    span: Span,
) -> Result<Points, String> {
    let field = match ask.get("field") {
        None => AlphaVantageField::Close,
        Some(text) => {
            AlphaVantageField::named(text).ok_or_else(|| format!("`{text}` is no column"))?
        }
    };
    let name = ask.get("function").ok_or("`function` is missing")?;
    let (function, name, _) =
        Function::named(name).ok_or_else(|| format!("`{name}` is no function"))?;
    let query = ask.iter().filter(|(name, _)| *name != "field");
    let call = Call {
        segments: vec!["query".to_owned()],
        query: query
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
        headers: HashMap::new(),
        target: String::new(),
        target_bytes: 0,
        now_ms: span.now_ms,
    };
    let ask = Ask {
        call: &call,
        world,
        plan,
        function,
        name,
        whole: Some((span.from_ms, span.to_ms)),
    };
    let (rows, style) = rows(&ask)?;
    let held = rows
        .iter()
        .filter(|bar| bar.is_final && span.contains(bar.at_ms));
    Ok(held
        .filter_map(|bar| Some((bar.at_ms, style.text(bar, field).parse().ok()?)))
        .collect())
}

fn rows(ask: &Ask<'_>) -> Result<(Vec<Bar>, Style), String> {
    let refused = |_| format!("{} refuses these parameters", ask.name);
    match ask.function {
        Function::Economy(name) => {
            let answer = economy::answer(ask, name).map_err(refused)?;
            Ok((answer.rows, answer.style))
        }
        Function::IndexData => Ok((indices::rows(ask).map_err(refused)?, Style::Share)),
        _ => match table_of(ask) {
            Some(table) => table
                .map(|table| (table.rows, table.style))
                .map_err(refused),
            None => Err(format!("{} is no series", ask.name)),
        },
    }
}
