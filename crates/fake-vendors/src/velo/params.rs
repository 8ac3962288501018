//! Parameters as the vendor reads them, and a question for rows made of them.

use super::bucket::Width;
use super::columns::{self, BASIS, Column};
use super::errors;
use super::venues::Market;
use crate::instant::DAY_MS;
use crate::vendor::{Call, Reply};

/// Values that one answer may be priced at.
const MOST_VALUES: i64 = 22_500;
/// The basis is priced as that of three venues.
const BASIS_VENUES: i64 = 3;
/// Ten years: what is wider is a mistake, and would cost the simulator dear.
const WIDEST_MINUTES: i64 = 5_256_000;

/// Reads the integer at the beginning of a text: `60` of `60`, of `60.0` and of `60m`, but also 1 of `1h`.
pub(super) fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text),
    };
    let end = digits.find(|letter: char| !letter.is_ascii_digit());
    let digits = digits.get(..end.unwrap_or(digits.len()))?;
    digits.parse::<i64>().ok().map(|number| sign * number)
}

/// Reads the parts of a list joined by commas.
pub(super) fn list<'a>(call: &'a Call, name: &str) -> Vec<&'a str> {
    let parts = call.param(name).unwrap_or_default().split(',');
    parts
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect()
}

/// How products are named.
#[derive(Debug, PartialEq)]
pub(super) enum Selection<'a> {
    Products(Vec<&'a str>),
    Coins(Vec<&'a str>),
}

/// A valid question for rows.
#[derive(Debug, PartialEq)]
pub(super) struct Ask<'a> {
    pub(super) market: Market,
    /// Empty where the basis is asked.
    pub(super) exchanges: Vec<&'a str>,
    pub(super) selection: Selection<'a>,
    /// As asked, in the order asked.
    pub(super) names: Vec<&'a str>,
    pub(super) columns: Vec<Column>,
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
    pub(super) width: Width,
}

impl<'a> Ask<'a> {
    /// Reads and checks the parameters.
    pub(super) fn read(call: &'a Call) -> Result<Self, Reply> {
        let market = call.param("type").ok_or_else(|| errors::missing("type"))?;
        let market = Market::named(market).ok_or_else(|| errors::bad_request("unknown type"))?;
        let names = list(call, "columns");
        let (from_ms, to_ms) = range(call)?;
        let width = width(call)?;
        // Where both are sent, the products count: the clients drop the coins themselves.
        let (products, coins) = (list(call, "products"), list(call, "coins"));
        let selection = match (products.is_empty(), coins.is_empty()) {
            (false, _) => Selection::Products(products),
            (true, false) => Selection::Coins(coins),
            (true, true) => return Err(errors::missing("products or coins")),
        };
        let exchanges = list(call, "exchanges");
        let ask = Self {
            market,
            exchanges,
            selection,
            columns: columns_of(market, &names)?,
            names,
            from_ms,
            to_ms,
            width,
        };
        ask.checked()
    }

    pub(super) fn is_basis(&self) -> bool {
        self.names == [BASIS]
    }

    fn checked(mut self) -> Result<Self, Reply> {
        let exchanges = if self.is_basis() {
            if matches!(self.selection, Selection::Products(_)) {
                return Err(errors::bad_request("basis goes by coins"));
            }
            self.exchanges.clear();
            BASIS_VENUES
        } else if self.exchanges.is_empty() {
            return Err(errors::missing("exchanges"));
        } else {
            length(&self.exchanges)
        };
        let named = match &self.selection {
            Selection::Products(names) | Selection::Coins(names) => length(names),
        };
        let values = self
            .width
            .count(self.from_ms, self.to_ms)
            .saturating_mul(exchanges)
            .saturating_mul(named)
            .saturating_mul(length(&self.names));
        if values > MOST_VALUES {
            let why = format!("{values} values, at most {MOST_VALUES}");
            return Err(errors::bad_request(&why));
        }
        Ok(self)
    }
}

fn length<T>(list: &[T]) -> i64 {
    i64::try_from(list.len()).unwrap_or(i64::MAX)
}

fn columns_of(market: Market, names: &[&str]) -> Result<Vec<Column>, Reply> {
    if names.is_empty() {
        return Err(errors::missing("columns"));
    }
    if market == Market::Futures && names == [BASIS] {
        return Ok(vec![columns::basis()]);
    }
    let column = |name: &&str| {
        let found = columns::named(market, name);
        found.ok_or_else(|| errors::bad_request(&format!("unknown column {name}")))
    };
    names.iter().map(column).collect()
}

fn range(call: &Call) -> Result<(i64, i64), Reply> {
    let instant = |name: &str| {
        let text = call.param(name).ok_or_else(|| errors::missing(name))?;
        leading_integer(text).ok_or_else(|| errors::bad_request(&format!("{name} is no instant")))
    };
    let (from_ms, to_ms) = (instant("begin")?, instant("end")?);
    if from_ms < 0 || to_ms <= from_ms {
        return Err(errors::bad_request("end is not after begin"));
    }
    if to_ms > call.now_ms + DAY_MS {
        return Err(errors::bad_request("end is too far ahead"));
    }
    Ok((from_ms, to_ms))
}

/// Which widths the vendor refuses is not established: here any number of minutes or months is taken.
fn width(call: &Call) -> Result<Width, Reply> {
    let text = call
        .param("resolution")
        .ok_or_else(|| errors::missing("resolution"))?;
    let number = leading_integer(text).filter(|number| (1..=WIDEST_MINUTES).contains(number));
    let number = number.ok_or_else(|| errors::bad_request("resolution is no number of minutes"))?;
    match call.param("months") {
        Some("true") if number <= 120 => Ok(Width::Months(number)),
        Some("true") => Err(errors::bad_request("resolution is no number of months")),
        _ => Ok(Width::Minutes(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_up_to_what_is_no_digit() {
        for (text, number) in [
            ("60", Some(60)),
            ("60.0", Some(60)),
            ("1h", Some(1)),
            ("1793073600000.0", Some(1_793_073_600_000)),
            ("-5", Some(-5)),
            (" 7", Some(7)),
            ("h", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(leading_integer(text), number, "{text}");
        }
    }
}
