//! A request as data: everything but the key.

use std::fmt::Write as _;

use model::{DatasetId, SourceId};
use sha2::{Digest, Sha256};

use crate::{Block, HostId};

/// What a request costs, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Units of the vendor's quota.
    pub credits: u32,
}

impl Cost {
    /// One unit: what nearly every vendor charges.
    pub const ONE: Self = Self { credits: 1 };
}

/// One request. Never holds the key: the executor adds that, as the [`crate::Host`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestSpec {
    /// The vendor.
    pub source: SourceId,
    /// Which dataset it belongs to.
    pub dataset: DatasetId,
    /// Where it goes.
    pub host: HostId,
    /// The path below the host's base, percent-encoded, beginning with `/`.
    pub path: String,
    /// The query, sorted by name.
    pub query: Vec<(String, String)>,
    /// What a good answer completes.
    pub block: Block,
    /// What it costs, at most.
    pub cost: Cost,
}

impl RequestSpec {
    /// Returns `path?query`, percent-encoded, without host and key.
    pub fn path_and_query(&self) -> String {
        let mut text = self.path.clone();
        for (at, (name, value)) in self.query.iter().enumerate() {
            let separator = if at == 0 { '?' } else { '&' };
            let value = percent_encoding::utf8_percent_encode(value, QUERY_VALUE);
            // Writing to a String cannot fail.
            let _infallible = write!(text, "{separator}{name}={value}");
        }
        text
    }

    /// Returns a number that stays the same over processes and versions of the compiler, for the
    /// claim: two processes never work on the same keys of one dataset at one time.
    pub fn claim_key(&self) -> i64 {
        let mut hash = Sha256::new();
        hash.update(self.source.as_str());
        hash.update([0]);
        hash.update(self.dataset.as_str());
        for key in &self.block.keys {
            hash.update([0]);
            hash.update(key.to_string());
        }
        let digest: [u8; 32] = hash.finalize().into();
        let mut head = [0; 8];
        head.copy_from_slice(&digest[..8]);
        i64::from_be_bytes(head)
    }
}

/// Returns a query as it stands in a [`RequestSpec`]: sorted by name.
pub fn sorted_query<'n>(
    pairs: impl IntoIterator<Item = (&'n str, String)>,
) -> Vec<(String, String)> {
    let pairs = pairs.into_iter();
    let mut query: Vec<(String, String)> = pairs
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    query.sort();
    query
}

/// Takes `path?query` apart, with or without scheme and host in front: the path as it is, and the
/// query's names and values decoded and sorted by name, as in a [`RequestSpec`]. A fragment is
/// dropped.
pub fn split_path_and_query(text: &str) -> (String, Vec<(String, String)>) {
    let text = text.trim();
    let text = text.split_once('#').map_or(text, |(front, _)| front);
    let (front, query) = text.split_once('?').unwrap_or((text, ""));
    let path = match front.split_once("://") {
        Some((_, rest)) => rest
            .split_once('/')
            .map_or(String::from("/"), |(_, path)| format!("/{path}")),
        None if front.starts_with('/') => front.to_owned(),
        None => format!("/{front}"),
    };
    let decode = |part: &str| {
        let spaced = part.replace('+', " ");
        percent_encoding::percent_decode_str(&spaced)
            .decode_utf8_lossy()
            .into_owned()
    };
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect();
    pairs.sort();
    (path, pairs)
}

/// What must be encoded in a query's value. A comma stays: vendors write and count lists with it.
const QUERY_VALUE: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b',')
    .remove(b':');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_apart() {
        let whole = "https://api.example.com/api/v3/coins/a%20b?to=2&from=1&ids=x%2Cy#top";
        let (path, query) = split_path_and_query(whole);
        assert_eq!(path, "/api/v3/coins/a%20b");
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            query,
            [pair("from", "1"), pair("ids", "x,y"), pair("to", "2")]
        );
        assert_eq!(split_path_and_query("ping"), ("/ping".to_owned(), vec![]));
        assert_eq!(
            split_path_and_query("http://host"),
            ("/".to_owned(), vec![])
        );
    }
}
