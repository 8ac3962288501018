//! The cells of a row, one by one. What is wrong is said in words for whoever wrote it.

use source::config::nearest;

use crate::{
    functions::{Class, functions},
    metrics::{ECONOMY, MATURITIES},
    recognise::is_abroad,
};

/// Which parameters a row may name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Those that are sent as they stand here, whatever the row says.
    pub(super) sent: &'static [(&'static str, &'static str)],
    pub(super) maturity: bool,
    /// Whether the currency of its prices may be named: ours, never sent.
    pub(super) currency: bool,
}

/// What a row says in its parameters.
#[derive(Debug, Default)]
pub(super) struct Params {
    pub(super) maturity: Option<String>,
    currency: Option<String>,
}

impl Params {
    /// Returns the currency, lower case.
    pub(super) fn currency(&self, otherwise: &str) -> String {
        let named = self.currency.as_deref().unwrap_or(otherwise);
        named.to_ascii_lowercase()
    }
}

/// Reads `k=v` joined by `;`.
pub(super) fn params(text: &str, known: &Known) -> Result<Params, String> {
    let mut params = Params::default();
    for pair in text
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (name.trim(), value.trim());
        match name {
            "currency" if known.currency => {
                params.currency = Some(code(value, Class::Fx)?.to_owned());
            }
            "maturity" if known.maturity && MATURITIES.contains(&value) => {
                params.maturity = Some(value.to_owned());
            }
            "maturity" if known.maturity => {
                let all = MATURITIES.join(", ");
                return Err(format!("{value:?} is no maturity: one of {all}"));
            }
            _ if known.sent.contains(&(name, value)) => {}
            _ => return Err(format!("{pair:?} is not what this function is asked with")),
        }
    }
    Ok(params)
}

/// A share listed abroad is quoted in a currency that no answer names.
pub(super) fn needs_currency(symbol: &str, params: &Params) -> Result<(), String> {
    match is_abroad(symbol) && params.currency.is_none() {
        true => Err(format!(
            "say the currency of {symbol}, such as currency=GBX for the pence of London"
        )),
        false => Ok(()),
    }
}

/// Reads the plan that a row needs: whether it is a paid one, where it says so.
pub(super) fn tier(text: &str) -> Result<Option<bool>, String> {
    match text {
        "" => Ok(None),
        "free" => Ok(Some(false)),
        "premium" => Ok(Some(true)),
        _ => Err(format!("{text:?} is no tier: free or premium")),
    }
}

pub(super) fn empty(text: &str) -> Result<(), String> {
    match text.is_empty() {
        true => Ok(()),
        false => Err("leave it empty: this function has none".to_owned()),
    }
}

/// A ticker as the vendor writes it.
pub(super) fn ticker(text: &str) -> Result<&str, String> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    match !text.is_empty() && text.len() <= 20 && text.bytes().all(fits) {
        true => Ok(text),
        false => Err(format!("{text:?} is no ticker, such as IBM or TSCO.LON")),
    }
}

/// The code of a coin or currency.
pub(super) fn code(text: &str, class: Class) -> Result<&str, String> {
    let fits = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if (2..=16).contains(&text.len()) && text.bytes().all(fits) {
        return Ok(text);
    }
    Err(match class {
        Class::Crypto => format!("{text:?} is no code of a coin, such as BTC"),
        _ => format!("{text:?} is no code of a currency, such as EUR"),
    })
}

pub(super) fn unknown_function(name: &str) -> String {
    let known = functions().map(|one| one.name);
    let mut known: Vec<&str> = known
        .chain(ECONOMY.iter().map(|one| one.function))
        .collect();
    known.dedup();
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("{name:?} is no function: did you mean {near}?"),
        None => format!("{name:?} is no function: one of {}", known.join(", ")),
    }
}
