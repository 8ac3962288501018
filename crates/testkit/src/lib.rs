//! A database per test: [`database`] gives a fresh one with all migrations applied. [`stage`] sets it
//! up for a whole program, with a simulated vendor; [`programs`] finds the other
//! programs, [`manager`] hears what they tell the service manager, and [`canned`] is a vendor that
//! says what a test says.
//!
//! All test programs of a workspace share one private server in a guarded home in the temporary
//! folder. It is started by the first, stopped and removed a few seconds after the last, however
//! they end. Migrations run once for each version of them, into a template that databases are
//! copied from. For development only: failures panic, nothing is flushed to disk, autovacuum is
//! off (a test that needs statistics runs `ANALYZE` itself). A test that stops its server has
//! [`own_server`].

pub mod canned;
mod dropper;
pub mod line;
pub mod manager;
pub mod own_server;
pub mod programs;
pub mod scrape;
pub mod stage;
mod template;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use local_postgres::{Guard, Options, Profile, Server};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

/// Held until this process ends: the lock in it keeps the server.
static SERVER: OnceCell<Shared> = OnceCell::const_new();
/// Tells databases of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A database of one test alone. Dropped in the background when this is.
#[derive(Debug)]
pub struct TestDatabase {
    server: Arc<Server>,
    name: String,
}

impl TestDatabase {
    /// How to reach it with `tokio_postgres`.
    pub fn config(&self) -> Config {
        let mut config = self.server.config();
        config.dbname(&self.name);
        config
    }

    /// How to reach it with everything else (`DATABASE_URL`).
    pub fn url(&self) -> String {
        self.server.url_of(&self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        dropper::submit(self.server.config(), &self.name);
    }
}

/// The server, and the template that fits this program's migrations.
#[derive(Debug)]
struct Shared {
    server: Arc<Server>,
    template: String,
}

/// Returns a fresh database with all migrations applied.
///
/// # Panics
/// Where there is no PostgreSQL, or a migration fails: no test could go on.
#[expect(clippy::panic, reason = "a test cannot go on without its database")]
pub async fn database() -> TestDatabase {
    match Box::pin(make()).await {
        Ok(database) => database,
        Err(error) => panic!("no test database: {}", chain(error.as_ref())),
    }
}

async fn make() -> Result<TestDatabase, Failure> {
    make_on(SERVER.get_or_try_init(start).await?).await
}

async fn make_on(shared: &Shared) -> Result<TestDatabase, Failure> {
    let admin = connect(&shared.server.config()).await?;
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{n}", std::process::id());
        let statement = format!("CREATE DATABASE {name} TEMPLATE {}", shared.template);
        match admin.batch_execute(&statement).await {
            Ok(()) => {
                return Ok(TestDatabase {
                    server: Arc::clone(&shared.server),
                    name,
                });
            }
            // Left by a killed process that had our number.
            Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

async fn start() -> Result<Shared, Failure> {
    let workspace = workspace()?;
    start_with(&options(&workspace, name_of(&workspace))).await
}

async fn start_with(options: &Options) -> Result<Shared, Failure> {
    let server = Arc::new(local_postgres::ensure_started(options, &|_| ()).await?);
    let template = template::ensure(&server.config()).await?;
    Ok(Shared { server, template })
}

fn workspace() -> std::io::Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.join("../..").canonicalize()
}

/// One home for each user and workspace, so that two clones do not meet.
fn name_of(workspace: &Path) -> String {
    let digest = Sha256::digest(workspace.as_os_str().as_encoded_bytes());
    let hash: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("crossfeed-test-{}-{hash}", nix::unistd::Uid::effective())
}

fn options(workspace: &Path, home: String) -> Options {
    Options {
        pg_bin: std::env::var_os("CROSSFEED_PG_BIN").map(PathBuf::from),
        search_path: std::env::var_os("PATH"),
        profile: Profile::Test,
        guard: Guard::Lock,
        download_to: Some(workspace.join("target/postgresql")),
        ..Options::new(std::env::temp_dir().join(home))
    }
}

async fn connect(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    // Ends with the client.
    tokio::spawn(connection);
    Ok(client)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(&format!(": {source}"));
        next = source.source();
    }
    text
}
