//! The column `exchange`: what may stand there, and what it teaches of exchanges that are not known.

use source::config::{Problem, Table, misspelt, nearest, plain_name, slips};

use super::{Kind, NO_NAME, ProductRow, kind};
use crate::{
    exchanges::{known, market_of_known},
    kept::Exchanges,
    metrics::Market,
};

/// New exchanges do appear: one that is not known trades what its row says.
pub(super) fn check(kind: Kind, exchange: &str) -> Result<(), String> {
    let market = match kind {
        Kind::Caps | Kind::Bars(Market::Basis) if exchange.is_empty() => return Ok(()),
        Kind::Caps | Kind::Bars(Market::Basis) => {
            return Err(
                "leave it empty: the vendor has this for a coin, not for an exchange".into(),
            );
        }
        Kind::Bars(market) => market,
    };
    plain_name(exchange, NO_NAME, "exchange", "binance-futures")?;
    match market_of_known(exchange) {
        // It may come to trade options under the same name.
        None => Ok(()),
        Some(trades) if trades == market || market == Market::Options => Ok(()),
        Some(trades) => Err(of_another_market(exchange, trades, market)),
    }
}

fn of_another_market(exchange: &str, trades: Market, asked: Market) -> String {
    let not = format!("{exchange:?} is no exchange of this market");
    match nearest(exchange, known(asked).iter().copied()) {
        Some(near) => format!("{not}: did you mean {near}?"),
        None => format!("{not}: it trades {}", trades.as_str()),
    }
}

/// Returns what the rows say of exchanges that are not known. One name cannot trade two markets: the
/// products of both would be one series.
pub(super) fn learnt(table: &mut Table<ProductRow>) -> Exchanges {
    let (mut exchanges, mut others) = (Exchanges::default(), Vec::new());
    for row in table.rows() {
        let (exchange, Ok(Kind::Bars(market))) = (&row.value.exchange, kind(&row.value.market))
        else {
            continue;
        };
        if let Err(other) = exchanges.learn(exchange, market) {
            let what = format!("{exchange:?} trades {} in another row", other.as_str());
            others.push((row.line, what));
        }
    }
    for (line, what) in others {
        table.problem(line, Some("exchange"), what);
    }
    exchanges
}

/// Returns the exchanges that look like a known one with a slip of the pen. The vendor may have them all
/// the same; one that it does not have is told once the catalogue has been read.
pub(super) fn warnings(file: &str, table: &Table<ProductRow>) -> Vec<Problem> {
    slips(file, table, ("exchange", "exchange"), |row| {
        let Ok(Kind::Bars(market)) = kind(&row.market) else {
            return None;
        };
        let exchange = row.exchange.as_str();
        Some((exchange, slip(exchange, known(market))?))
    })
}

/// Exchanges of three letters are none, so that `okx` is told as well.
fn slip(exchange: &str, known: &[&'static str]) -> Option<&'static str> {
    let near = |known: &&str| strsim::osa_distance(exchange, known) == 1;
    misspelt(exchange, known.iter().copied()).or_else(|| known.iter().copied().find(near))
}
