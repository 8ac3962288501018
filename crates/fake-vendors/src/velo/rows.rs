//! `/api/v1/rows`: the series.

use std::fmt::Write;

use super::bucket::{Needs, Reader};
use super::columns::Column;
use super::hour::Lane;
use super::params::{Ask, Selection};
use super::products::{self, Product};
use super::venues::{Market, Venue};
use super::{Plan, errors, table};
use crate::chance;
use crate::vendor::{Call, Reply};
use crate::world::WorldState;

/// Whose basis there is. Which venues the vendor shows, and what it writes as the product, is not established: here the
/// three that the question is priced as, and the coin.
const BASIS_VENUES: [&str; 3] = ["binance-coin-margin", "deribit", "okex-coin-margin"];
const BASIS_COINS: [&str; 2] = ["BTC", "ETH"];

/// Answers.
pub(super) fn rows(call: &Call, world: &WorldState, plan: Plan) -> Result<Reply, Reply> {
    let mut ask = Ask::read(call)?;
    let horizon_ms = plan.begins_ms(call.now_ms);
    if ask.from_ms < horizon_ms {
        if !plan.silent {
            return Err(errors::outside_plan());
        }
        ask.from_ms = horizon_ms;
    }
    let mut products = if ask.is_basis() {
        basis(world, &ask.selection)
    } else {
        selected(world, &ask, plan.coin_rows)
    };
    products.sort_by_key(|one| (one.exchange, one.product));
    products.dedup_by_key(|one| (one.exchange, one.product));
    let mut lines = Vec::new();
    for (rank, product) in products.into_iter().enumerate() {
        let lane = Lane::new(world, product);
        write_rows(&lane, &ask, call.now_ms, |time, line| {
            lines.push((time, rank, line))
        });
    }
    lines.sort_by_key(|(time, rank, _)| (*time, *rank));
    let header = format!("exchange,coin,product,time,{}", ask.names.join(","));
    let lines = lines.into_iter().map(|(.., line)| line);
    Ok(table(&header, lines, plan.header))
}

/// Returns the products of the question that there are, and that belong to its market.
fn selected<'a>(world: &'a WorldState, ask: &Ask<'_>, one_per_coin: bool) -> Vec<Product<'a>> {
    let mut found: Vec<Product<'a>> = Vec::new();
    for one in products::all(world) {
        let named = match &ask.selection {
            Selection::Products(names) => names.contains(&one.product),
            Selection::Coins(names) => names.contains(&one.coin),
        };
        if !named || one.venue.market != ask.market || !ask.exchanges.contains(&one.exchange) {
            continue;
        }
        let by_coin = matches!(ask.selection, Selection::Coins(_));
        let twin = |other: &Product<'_>| (other.exchange, other.coin) == (one.exchange, one.coin);
        if !(by_coin && one_per_coin && found.iter().any(twin)) {
            found.push(one);
        }
    }
    found
}

fn basis<'a>(world: &'a WorldState, selection: &Selection<'_>) -> Vec<Product<'a>> {
    let (Selection::Coins(asked) | Selection::Products(asked)) = selection;
    let coins = BASIS_COINS.into_iter().filter(|coin| asked.contains(coin));
    coins
        .flat_map(|coin| BASIS_VENUES.map(|exchange| basis_of(world, exchange, coin)))
        .flatten()
        .collect()
}

/// Returns the pseudo-product that stands for the basis of a coin at a venue.
pub(super) fn basis_of<'a>(
    world: &'a WorldState,
    exchange: &str,
    coin: &str,
) -> Option<Product<'a>> {
    let exchange = BASIS_VENUES.into_iter().find(|one| *one == exchange)?;
    let coin = BASIS_COINS.into_iter().find(|one| *one == coin)?;
    let (entity, _) = products::coin(world, coin)?;
    Some(Product {
        entity,
        exchange,
        coin,
        product: coin,
        venue: Venue {
            market: Market::Futures,
            ..Venue::of(exchange, coin, "")
        },
    })
}

fn write_rows(lane: &Lane<'_>, ask: &Ask<'_>, now_ms: i64, mut push: impl FnMut(i64, String)) {
    let mut reader = Reader::new(lane, Needs::of(&ask.columns), now_ms);
    let (mut start_ms, ends_ms) = reader.within(ask.width, ask.from_ms, ask.to_ms);
    let one = &lane.product;
    while start_ms < ends_ms {
        let next_ms = ask.width.end_ms(start_ms);
        let bucket = reader.read(start_ms, next_ms);
        if bucket.is_there() {
            let mut line = format!("{},{},{},{start_ms}", one.exchange, one.coin, one.product);
            for column in &ask.columns {
                line.push(',');
                match bucket.cell(lane, *column) {
                    // Writing to a string does not fail.
                    Some(number) => drop(write!(line, "{number}")),
                    None => line.push_str(nothing(one, *column, start_ms)),
                }
            }
            push(start_ms, line);
        }
        start_ms = next_ms;
    }
}

/// Writes a missing value: which of the two the vendor prefers is not established, so both occur.
fn nothing(product: &Product<'_>, column: Column, start_ms: i64) -> &'static str {
    let column = chance::text(&format!("{column:?}"));
    let hash = chance::at(chance::pair(product.hash(), column), start_ms);
    if chance::below(hash, 2) == 0 {
        ""
    } else {
        "null"
    }
}
