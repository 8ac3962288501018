//! Joins areas that a request holds together: holes of one product, holes of several at nearly the
//! same time, columns that one product wants and another does not. Two requests become one, never one
//! two; what lies between is compared on writing.

use std::{cmp::Reverse, collections::VecDeque};

use model::Step;

use super::area::Area;

/// How many areas may grow at a time: what is newest is planned first, so the rest is far away.
const GROWING: usize = 32;

/// Returns as few areas as are found in one pass from the newest to the oldest. Each of those given
/// fits into a request, and so does each returned. All are of one exchange.
pub(super) fn joined(mut areas: Vec<Area>, step: Step) -> Vec<Area> {
    // Stable: what ends together stays in the order of columns and products.
    areas.sort_by_key(|area| Reverse(area.time.end));
    let mut growing: VecDeque<Area> = VecDeque::new();
    let mut joined = Vec::new();
    for area in areas {
        let added = |one: &Area| Some(one.price_with(&area, step)? - one.price(step));
        let cheapest = (growing.iter().enumerate())
            .filter_map(|(at, one)| Some((added(one)?, at)))
            .min();
        match cheapest.and_then(|(_, at)| growing.get_mut(at)) {
            Some(one) => one.grow(area),
            None if area.is_full(step) => joined.push(area),
            None => growing.push_back(area),
        }
        if growing.len() > GROWING {
            joined.extend(growing.pop_front());
        }
    }
    joined.extend(growing);
    joined
}
