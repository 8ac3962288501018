//! The column `params`: what a row says beside its metrics, `name=value` joined by `;`.

use crate::{kept::Named, kind::Kind};

/// What a row says beside its metrics.
#[derive(Clone, Debug, Default)]
pub(super) struct Params {
    /// The lasting id of what is asked for by another name.
    pub(super) id: Option<String>,
    /// Whether the row waits for Pro.
    pub(super) needs_key: bool,
    pub(super) named: Named,
}

impl Params {
    /// Returns the column in which the id stands.
    pub(super) const fn id_column(&self) -> &'static str {
        match self.id {
            Some(_) => "params",
            None => "vendor_id",
        }
    }
}

/// Reads the parameters of a kind.
pub(super) fn read(kind: Kind, text: &str) -> Result<Params, String> {
    let mut params = Params::default();
    let mut seen: Vec<&str> = Vec::new();
    for pair in text
        .split(';')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
    {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| format!("{pair:?} has no value: write name=value"))?;
        let (name, value) = (name.trim(), value.trim());
        if seen.contains(&name) {
            return Err(format!("{name} stands twice"));
        }
        if value.is_empty() {
            return Err(format!("{name} is empty"));
        }
        seen.push(name);
        take(&mut params, kind, name, value)?;
    }
    if kind == Kind::Protocol && params.id.is_none() {
        let what = "a protocol needs its lasting id, such as id=1599 or id=parent#aave";
        return Err(what.to_owned());
    }
    Ok(params)
}

fn take(params: &mut Params, kind: Kind, name: &str, value: &str) -> Result<(), String> {
    match (name, kind) {
        ("pro", _) => {
            let read = value.parse();
            params.needs_key = read.map_err(|_| format!("pro={value}: write true or false"))?;
        }
        ("id", Kind::Protocol) => {
            if !is_protocol_id(value) {
                let right = "a number, or parent# and a name";
                return Err(format!("{value:?} is no id of a protocol: {right}"));
            }
            params.id = Some(value.to_owned());
        }
        ("aliases", Kind::Chain) => {
            let aliases = value.split('|').map(str::trim);
            params.named.aliases = aliases.map(str::to_owned).collect();
        }
        ("pegType", Kind::Stablecoin) => {
            if !value.starts_with("pegged") {
                return Err(format!("{value:?} is no peg: such as peggedUSD"));
            }
            params.named.peg = Some(value.to_owned());
        }
        ("min_confidence", Kind::Coin) => {
            let least = value.parse().ok();
            let least = least.filter(|least: &f64| (0.0..=1.0).contains(least));
            let wrong = || format!("{value:?} is no confidence: from 0 to 1");
            params.named.min_confidence = Some(least.ok_or_else(wrong)?);
        }
        _ => {
            let known = known(kind).join(", ");
            let kind = kind.as_str();
            return Err(format!(
                "a {kind} has no parameter {name:?}: there is {known}"
            ));
        }
    }
    Ok(())
}

fn known(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Protocol => &["id", "pro"],
        Kind::Chain => &["aliases", "pro"],
        Kind::Stablecoin => &["pegType", "pro"],
        Kind::Coin => &["min_confidence", "pro"],
        Kind::Global | Kind::Pool => &["pro"],
    }
}

fn is_protocol_id(id: &str) -> bool {
    let parent = id.strip_prefix("parent#");
    let plain = |id: &str| !id.is_empty() && !id.contains(|c: char| c.is_whitespace() || c == ',');
    match parent {
        Some(name) => plain(name),
        None => !id.is_empty() && id.chars().all(|c| c.is_ascii_digit()),
    }
}
