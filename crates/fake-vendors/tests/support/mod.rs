//! A client that does nothing by itself: what a test writes is what goes out, and a cut body is seen as such.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "test code, and each test file uses its part"
)]

pub(crate) mod artemis;
pub(crate) mod defillama;

use std::collections::BTreeMap;

use fake_vendors::{FakeVendor, Faults, Options, Plan, Revision, Rule, VeloPlan, Vendor};
use serde_json::Value;
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// 2026-05-18T12:49:30Z, the moment of the samples.
pub(crate) const NOW_S: i64 = 1_779_108_570;
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// The hour of that moment.
pub(crate) const THIS_HOUR_MS: i64 = NOW_S * 1_000 - NOW_S * 1_000 % HOUR_MS;
pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;
pub(crate) const DAY_S: i64 = 86_400;
pub(crate) const KEY: &str = "CG-test";

/// A reply as it came over the wire.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the connection ended before the body did.
    pub(crate) cut: bool,
}

impl Wire {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Returns the lines of a table, each cut into its cells; the first is the header.
    pub(crate) fn cells(&self) -> Vec<Vec<String>> {
        assert_eq!(self.status, 200, "{}", self.text());
        let text = self.text();
        let cells = |line: &str| line.split(',').map(str::to_owned).collect();
        text.lines().map(cells).collect()
    }

    /// Returns `[ms, value]` pairs of one array; null becomes `None`. Numbers are read by the standard library, because
    /// `serde_json` by itself may miss the nearest float by a bit.
    pub(crate) fn points(&self, name: &str) -> Vec<(i64, Option<f64>)> {
        type Arrays = BTreeMap<String, Vec<(i64, Box<RawValue>)>>;
        let mut arrays: Arrays = serde_json::from_slice(&self.body).unwrap();
        let pairs = arrays.remove(name).unwrap().into_iter();
        pairs
            .map(|(ms, value)| (ms, value.get().parse().ok()))
            .collect()
    }
}

pub(crate) fn options(plan: Plan) -> Options {
    Options {
        vendor: Vendor::CoinGecko(plan),
        key: KEY.to_owned(),
        now: Some(OffsetDateTime::from_unix_timestamp(NOW_S).unwrap()),
        rpm: Some(1_000),
        ..Options::default()
    }
}

/// Starts a vendor whose clock stands still at `NOW_S`.
pub(crate) async fn vendor(plan: Plan) -> FakeVendor {
    frozen(options(plan)).await
}

pub(crate) async fn frozen(options: Options) -> FakeVendor {
    let vendor = FakeVendor::start(options).await.unwrap();
    vendor.set_frozen(true);
    vendor.set_now(OffsetDateTime::from_unix_timestamp(NOW_S).unwrap());
    vendor
}

pub(crate) fn at(text: &str) -> OffsetDateTime {
    OffsetDateTime::parse(text, &Rfc3339).unwrap()
}

/// Asks for a path below the base URL, with a User-Agent and the right key for the plan.
pub(crate) async fn get(vendor: &FakeVendor, path: &str) -> Wire {
    let both = [
        ("user-agent", "test/1.0"),
        ("x-cg-demo-api-key", KEY),
        ("x-cg-pro-api-key", KEY),
    ];
    send(&vendor.base_url(), "GET", path, &both, "").await
}

pub(crate) async fn get_with(vendor: &FakeVendor, path: &str, headers: &[(&str, &str)]) -> Wire {
    send(&vendor.base_url(), "GET", path, headers, "").await
}

/// The `Authorization` of `api` and `CG-test`.
pub(crate) const BASIC: &str = "Basic YXBpOkNHLXRlc3Q=";

/// Starts a Velo whose clock stands still at `NOW_S`, with a limit that no test meets.
pub(crate) async fn velo(plan: VeloPlan) -> FakeVendor {
    velo_with(plan, &[]).await
}

/// Starts one that has more ids.
pub(crate) async fn velo_with(plan: VeloPlan, ids: &[&str]) -> FakeVendor {
    frozen(Options {
        vendor: Vendor::Velo(plan),
        rpm: Some(100_000),
        extra_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        ..options(Plan::Demo)
    })
    .await
}

/// Asks Velo for hours of rows; `query` says which.
pub(crate) async fn hours(vendor: &FakeVendor, query: &str, begin: i64, end: i64) -> Wire {
    let path = format!("/rows?{query}&begin={begin}&end={end}&resolution=60");
    ask(vendor, &path).await
}

/// Asks Velo for a path below `/api/v1` with the right key.
pub(crate) async fn ask(vendor: &FakeVendor, path: &str) -> Wire {
    let path = format!("/api/v1{path}");
    let key = [("authorization", BASIC)];
    send(&vendor.base_url(), "GET", &path, &key, "").await
}

/// Returns this rule and no other fault.
pub(crate) fn one(rule: Rule) -> Faults {
    Faults {
        rules: vec![rule],
        revisions: Vec::new(),
    }
}

/// Returns this change of the past and no fault.
pub(crate) fn revised(revision: Revision) -> Faults {
    Faults {
        rules: Vec::new(),
        revisions: vec![revision],
    }
}

pub(crate) async fn control(vendor: &FakeVendor, method: &str, path: &str, body: &str) -> Wire {
    let json = [("content-type", "application/json")];
    send(&vendor.control_url(), method, path, &json, body).await
}

async fn send(base: &str, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Wire {
    let host = base.strip_prefix("http://").unwrap();
    let (host, prefix) = host.split_at(host.find('/').unwrap_or(host.len()));
    let mut request = format!("{method} {prefix}{path} HTTP/1.1\r\nhost: {host}\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let length = body.len();
    request.push_str(&format!(
        "connection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    ));
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    let read = stream.read_to_end(&mut reply).await;
    wire(&reply, read.is_err())
}

fn wire(reply: &[u8], broken: bool) -> Wire {
    let end = reply
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(reply.get(..end).unwrap()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let pairs = lines.filter_map(|line| line.split_once(": "));
    let headers: Vec<_> = pairs
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let raw = reply.get(end + 4..).unwrap();
    let find = |name: &str| {
        headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    let (body, short) = if find("transfer-encoding").is_some_and(|value| value == "chunked") {
        unchunked(raw)
    } else {
        let length: usize = find("content-length").map_or(0, |value| value.parse().unwrap());
        (raw.to_vec(), raw.len() < length)
    };
    Wire {
        status,
        headers,
        body,
        cut: broken || short,
    }
}

fn unchunked(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        let Some(end) = raw.windows(2).position(|two| two == b"\r\n") else {
            return (body, true);
        };
        let size = std::str::from_utf8(raw.get(..end).unwrap()).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return (body, false);
        }
        let Some(chunk) = raw.get(end + 2..end + 2 + size) else {
            return (body, true);
        };
        body.extend_from_slice(chunk);
        raw = raw.get(end + 4 + size..).unwrap_or_default();
    }
}
