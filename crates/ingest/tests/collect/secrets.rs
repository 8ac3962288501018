//! The key is nowhere: no file, no row, no error, no `Debug`, no log, whatever the vendor sends back.

use std::{
    io,
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use ingest::{Collector, PastAsk, Setup};
use source::{Auth, Reply, ReplyError, RequestSpec};
use source_coingecko::{CoinGecko, Plan};
use store::pulls::PullStatus;
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::{
    canned::{Answer, Canned},
    world::{KEY, RPM, World, coingecko_at, csv_of, demo, only, past},
    wrapped::Wrapped,
};

/// What stands in every spelling of the key and in nothing else.
const MARK: &str = "planted";

/// What is logged: [`Log::listen`] hears everything in this process, from all tests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Starts to listen: to everything, what the libraries trace included.
    fn listen() -> Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        let start = || {
            let log = Self::default();
            let filter = EnvFilter::new("trace,tokio_postgres=info,mio=off,actix=off");
            tracing_subscriber::fmt()
                .with_env_filter(filter)
                .with_writer(log.clone())
                .init();
            log
        };
        LOG.get_or_init(start).clone()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// The vendor with another way to hand over the key.
fn keyed(base_url: &str, auth: Auth) -> Wrapped {
    let mut vendor = Wrapped::new(coingecko_at(base_url, Plan::Demo, RPM));
    vendor.hosts[0].auth = auth;
    vendor.check = echoing;
    vendor
}

/// As loud as a vendor's error can be: the whole body is in it.
fn echoing(_: &CoinGecko, _: &RequestSpec, reply: &Reply) -> Result<(), ReplyError> {
    let body = String::from_utf8_lossy(&reply.body).into_owned();
    match reply.status.as_u16() {
        200 => Ok(()),
        401 => Err(ReplyError::Unauthorized(body)),
        _ => Err(ReplyError::Rejected(body)),
    }
}

/// Every spelling in which a vendor could send the key back.
fn echoes() -> String {
    let path = percent_encoding::utf8_percent_encode(KEY, percent_encoding::NON_ALPHANUMERIC);
    let query: String = url::form_urlencoded::byte_serialize(KEY.as_bytes()).collect();
    let json = KEY.replace('/', "\\/");
    format!("{KEY} {path} {query} {json}")
}

async fn assert_silent(world: &World, folder: &Path, shown: &[String], log: &Log) {
    for text in shown {
        assert!(!text.contains(MARK), "{text}");
    }
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        assert!(!path.to_string_lossy().contains(MARK), "{path:?}");
        let text = std::fs::read(&path).unwrap();
        assert!(!String::from_utf8_lossy(&text).contains(MARK), "{path:?}");
    }
    let tables = "SELECT table_name::text FROM information_schema.tables
                  WHERE table_schema = 'public' AND table_type = 'BASE TABLE'";
    for row in world.client.query(tables, &[]).await.unwrap() {
        let table: String = row.get(0);
        let sql = format!("SELECT count(*)::text FROM {table} t WHERE t::text LIKE '%{MARK}%'");
        assert_eq!(world.text(&sql).await, "0", "{table}");
    }
    let log = log.text();
    assert!(log.contains("pull ended"), "nothing was logged");
    let line = log.lines().find(|line| line.contains(MARK));
    assert_eq!(line, None);
}

async fn setup(world: &World, source: Wrapped, folder: &Path) -> Setup {
    let mut setup = world
        .setup(source, &csv_of(&["bitcoin"], "2026-04-01"))
        .await;
    setup.dead_letters = Some(folder.to_owned());
    setup
}

fn ask() -> PastAsk {
    PastAsk {
        filter: only("chart_hourly"),
        ..past("2026-04-01", "2026-04-20")
    }
}

#[tokio::test]
async fn whatever_the_vendor_sends_back_the_key_is_nowhere() {
    let log = Log::listen();
    let auths = [
        Auth::Header("x-key"),
        Auth::Query("key"),
        Auth::PathSegment,
        Auth::LastPathSegment,
        Auth::Basic("api"),
    ];
    for auth in auths {
        let in_url = matches!(
            auth,
            Auth::Query(_) | Auth::PathSegment | Auth::LastPathSegment
        );
        // A connection that is closed without a word is repeated, which takes seconds.
        let closed = if auth == Auth::PathSegment {
            Some(0)
        } else {
            None
        };
        for status in [200, 401, 422].into_iter().chain(closed) {
            let server = Canned::start(move |target| {
                let text = format!("{} {target}", echoes());
                let body = if status == 200 {
                    malformed(&text)
                } else {
                    text
                };
                (status > 0).then(|| Answer::new(status, body))
            })
            .await;
            let world = World::new(demo()).await;
            let folder = tempfile::tempdir().unwrap();
            let setup = setup(&world, keyed(&server.base_url, auth), folder.path()).await;
            let mut shown = vec![format!("{setup:?}")];
            let collector = Collector::open(setup).await.unwrap();
            let summary = collector.backfill("run", &ask()).await.unwrap();
            assert_eq!(summary.status(), PullStatus::Failed);
            shown.extend([format!("{summary:?}"), format!("{collector:?}")]);
            let letters = std::fs::read_dir(folder.path()).unwrap().count();
            assert_eq!(letters, usize::from(status == 200), "{auth:?} {status}");
            // The key did go out.
            assert_eq!(server.targets()[0].contains(MARK), in_url, "{auth:?}");
            assert_silent(&world, folder.path(), &shown, &log).await;
        }
    }
}

/// Valid JSON of another shape than the contract's, with this text in it.
fn malformed(text: &str) -> String {
    format!(r#"{{"prices":"{text}","market_caps":[],"total_volumes":[]}}"#)
}

#[tokio::test]
async fn an_address_that_nobody_listens_at_gives_no_key_away() {
    let log = Log::listen();
    let free = Canned::start(|_| None).await;
    let nobody = free.base_url.clone();
    drop(free);
    let world = World::new(demo()).await;
    let folder = tempfile::tempdir().unwrap();
    let setup = setup(&world, keyed(&nobody, Auth::Query("key")), folder.path()).await;
    let collector = Collector::open(setup).await.unwrap();
    let summary = collector.backfill("run", &ask()).await.unwrap();
    let (class, text) = &summary.pulls[0].failures[0];
    assert_eq!(class, "transient");
    // Not even the address: a key too short to be looked for would stand in it.
    assert!(!text.contains("://"), "{text}");
    assert_silent(&world, folder.path(), &[format!("{summary:?}")], &log).await;
}

#[tokio::test]
async fn a_dead_letter_is_capped_and_no_part_of_a_key_is_left_at_the_cut() {
    const CAP: usize = 256 * 1024;
    let lead = r#"{"prices":""#;
    // The cut goes through the middle of the key.
    let filler = "x".repeat(CAP - lead.len() - KEY.len() / 2);
    let body = format!(r#"{lead}{filler}{KEY}{}"}}"#, "y".repeat(CAP));
    let server = Canned::start(move |_| Some(Answer::new(200, body.clone()))).await;
    let world = World::new(demo()).await;
    let folder = tempfile::tempdir().unwrap();
    let setup = setup(&world, keyed(&server.base_url, Auth::None), folder.path()).await;
    let collector = Collector::open(setup).await.unwrap();
    let summary = collector.backfill("run", &ask()).await.unwrap();
    assert_eq!(summary.pulls[0].failures[0].0, "malformed");
    let letter = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let text = std::fs::read_to_string(letter.path()).unwrap();
    assert!((CAP..CAP + 1_000).contains(&text.len()), "{}", text.len());
    assert!(text.starts_with("request: /coins/bitcoin/market_chart/range?"));
    assert!(!text.contains("CG-"));

    // Kept, noted, and asked again in a day; an operator need not wait.
    let waits = "bitcoin PRICE 1h failed waits [2026-04-01T00:00:00Z, 2026-04-20T00:00:00Z)";
    assert!(world.missing().await.contains(&waits.to_owned()));
    assert_eq!(summary.holes.len(), 3);
    let first = server.targets()[0].clone();
    collector.fill_gaps("gaps").await.unwrap();
    let asked = server.targets();
    assert!(asked.len() > 1 && !asked[1..].contains(&first), "{asked:?}");
    collector.backfill("operator", &ask()).await.unwrap();
    assert_eq!(server.targets().last(), Some(&first));
}
