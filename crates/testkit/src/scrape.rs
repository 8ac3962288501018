//! What a daemon shows on its port for metrics, read as strictly as the text format is written.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test cannot go on without the answer"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::stage::{Running, TOO_LONG};

/// An answer of the port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The head, lower case.
    pub head: String,
    /// The body.
    pub body: String,
}

/// Asks a port for a path.
pub async fn get(address: &str, path: &str) -> Answer {
    ask(address, "GET", path).await
}

/// Does so with a header (`x-api-key: …`).
pub async fn get_with(address: &str, path: &str, header: &str) -> Answer {
    send(address, "GET", path, &format!("{header}\r\n")).await
}

/// Does so by another method.
pub async fn ask(address: &str, method: &str, path: &str) -> Answer {
    send(address, method, path, "").await
}

async fn send(address: &str, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{headers}connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Answer {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_lowercase(),
        body: body.to_owned(),
    }
}

/// Waits until the answer to `/readyz` has this status.
pub async fn until_ready(address: &str, wanted: u16) {
    let ready = async {
        while get(address, "/readyz").await.status != wanted {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let in_time = tokio::time::timeout(TOO_LONG, ready).await.is_ok();
    assert!(in_time, "never {wanted}");
}

/// Waits until a program has said where its metrics are, and returns host and port.
pub async fn address(program: &Running) -> String {
    const SAID: &str = "metrics on http://";
    program.until_said(SAID).await;
    let log = program.log();
    let (_, rest) = log.split_once(SAID).unwrap();
    rest.split('/').next().unwrap().to_owned()
}

/// All samples at one moment.
#[derive(Clone, Debug, Default)]
pub struct Scrape {
    /// Kinds of the metrics, by name: `counter`, `gauge`, `histogram`.
    pub kinds: BTreeMap<String, String>,
    samples: BTreeMap<String, f64>,
}

impl Scrape {
    /// Reads `/metrics`.
    pub async fn of(address: &str) -> Self {
        let answer = get(address, "/metrics").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let kind = "content-type: text/plain; version=0.0.4; charset=utf-8";
        assert!(answer.head.contains(kind), "{}", answer.head);
        Self::read(&answer.body)
    }

    /// Reads a text. Every metric has its help, then its kind, then its samples, all in one place.
    ///
    /// # Panics
    /// Where that is not so, a sample stands there twice, or a name is not as its kind is named.
    pub fn read(text: &str) -> Self {
        let mut scrape = Self::default();
        let (mut helped, mut current) = (BTreeSet::new(), String::new());
        assert!(text.ends_with('\n'), "no end of line at the end");
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap();
                assert!(!words.trim().is_empty(), "{line}");
                assert!(helped.insert(name.to_owned()), "twice: {line}");
                current = name.to_owned();
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert_eq!(name, current, "no help before {line}");
                let known = scrape.kinds.insert(name.to_owned(), kind.to_owned());
                assert_eq!(known, None, "twice: {line}");
            } else {
                scrape.sample(line, &current);
            }
        }
        scrape.histograms_add_up();
        scrape
    }

    fn sample(&mut self, line: &str, current: &str) {
        let (sample, value) = line.rsplit_once(' ').unwrap();
        let name = sample.split('{').next().unwrap();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        assert!(name.bytes().all(is_name), "{line}");
        let kind = self.kinds.get(current);
        let rest = name.strip_prefix(current);
        let fits = match kind.map(String::as_str) {
            Some("counter") => rest == Some("") && name.ends_with("_total"),
            Some("gauge") => rest == Some("") && !name.ends_with("_total"),
            Some("histogram") => matches!(rest, Some("_bucket" | "_sum" | "_count")),
            _ => false,
        };
        assert!(fits, "{line} among {current}, which is {kind:?}");
        let value = match value {
            "+Inf" => f64::INFINITY,
            value => value.parse().unwrap(),
        };
        let known = self.samples.insert(sample.to_owned(), value);
        assert_eq!(known, None, "twice: {line}");
    }

    /// The last bucket holds everything.
    fn histograms_add_up(&self) {
        for (sample, count) in &self.samples {
            let Some((name, labels)) = sample.split_once("_count") else {
                continue;
            };
            if self.kinds.get(name).is_none_or(|kind| kind != "histogram") {
                continue;
            }
            let inner = labels.trim_matches(['{', '}']);
            let all = self.with(&format!("{name}_bucket"), &[inner, "le=\"+Inf\""]);
            assert_eq!(all.to_bits(), count.to_bits(), "{sample}");
        }
    }

    /// Returns the sum of the samples of this name whose labels hold all of these words
    /// (`outcome="ok"`).
    pub fn with(&self, name: &str, labels: &[&str]) -> f64 {
        let of_name = self.samples.iter().filter(|(sample, _)| {
            let of = sample.split('{').next() == Some(name);
            of && labels.iter().all(|label| sample.contains(label))
        });
        of_name.map(|(_, value)| value).sum()
    }

    /// Returns the one sample of this name.
    pub fn one(&self, name: &str) -> f64 {
        let found = self.samples.get(name);
        *found.unwrap_or_else(|| panic!("no sample {name}: {:?}", self.samples.keys()))
    }

    /// Whether there is any sample of this name.
    pub fn has(&self, name: &str) -> bool {
        let of_name = |sample: &String| sample.split('{').next() == Some(name);
        self.samples.keys().any(of_name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_text_format_is_refused() {
        let good =
            "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"c\"} 1\na_total{b=\"d\"} 2\n";
        assert!((Scrape::read(good).with("a_total", &[]) - 3.0).abs() < 1e-9);
        for bad in [
            "a_total 1\n",
            "# TYPE a gauge\na 1\n",
            "# HELP a x\n# TYPE a counter\na 1\n",
            "# HELP a x\n# TYPE a gauge\na 1\na 1\n",
            "# HELP a x\n# TYPE a gauge\nb 1\n",
            "# HELP a x\n# TYPE a gauge\na one\n",
            "# HELP a x\n# TYPE a gauge\na 1",
        ] {
            let read = std::panic::catch_unwind(|| Scrape::read(bad));
            assert!(read.is_err(), "{bad}");
        }
    }
}
