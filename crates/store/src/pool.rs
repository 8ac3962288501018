//! The pool, and what is checked before the first statement.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{
    Hook, HookError, ManagerConfig, Pool, RecyclingMethod, Runtime, Transaction,
};
use tokio_postgres::{Client, Config, SimpleQueryMessage};

use crate::{
    Error,
    connect::{
        CONNECT_TIMEOUT, CancelOnDrop, OwnConnection, READER_SETTINGS, Route, SETTINGS,
        WATCHED_SETTINGS, WRITER_SETTINGS,
    },
    migrations,
};

/// Oldest server that has what the tables need (multiranges are of 14, what was measured is of 15).
const OLDEST_SERVER: i32 = 150_000;
const POOL_WAIT: Duration = Duration::from_secs(30);

/// What a process wants of its pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What `pg_stat_activity` shows.
    pub application_name: String,
    /// Connections at most.
    pub pool_size: usize,
}

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: Pool,
    route: Route,
    simulated_time: AtomicBool,
}

impl Store {
    /// Makes a pool and checks the server. A transaction of it that is idle for a quarter of a minute is
    /// ended by the server.
    ///
    /// # Errors
    /// [`Error::UnfitServer`] where the server is too old or behind a transaction pooler;
    /// [`Error::Untrusted`] where its certificate is; those of the connection.
    pub async fn connect(config: &Config, options: Options) -> Result<Self, Error> {
        Self::open(
            config,
            options,
            &[SETTINGS, WATCHED_SETTINGS, WRITER_SETTINGS],
        )
        .await
    }

    /// Makes a pool that can only read, and not for long: whoever answers strangers must neither
    /// change anything nor keep the server busy with one question.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_reader(config: &Config, options: Options) -> Result<Self, Error> {
        Self::open(config, options, &[SETTINGS, READER_SETTINGS]).await
    }

    async fn open(
        config: &Config,
        options: Options,
        settings: &'static [&'static str],
    ) -> Result<Self, Error> {
        let route = Route::new(config, &options.application_name)?;
        check_server(&route).await?;
        let manager = route.manager(ManagerConfig {
            // A transaction left open is rolled back when it is dropped, and nothing is set for
            // longer than a transaction: nothing is left to clean.
            recycling_method: RecyclingMethod::Fast,
        });
        let pool = Pool::builder(manager)
            .max_size(options.pool_size)
            .wait_timeout(Some(POOL_WAIT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(move |client, _| {
                Box::pin(async move {
                    for statement in settings {
                        let set = client.batch_execute(statement).await;
                        set.map_err(HookError::Backend)?;
                    }
                    Ok(())
                })
            }))
            .build()
            .map_err(|error| Error::UnfitServer(error.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                pool,
                route,
                simulated_time: AtomicBool::new(false),
            }),
        })
    }

    /// From now on "now" in SQL is the `now` that each call is given, not the database's clock:
    /// for processes whose clock is a simulated one.
    pub fn simulate_time(&self) {
        self.inner.simulated_time.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::simulate_time`] was called.
    pub(crate) fn time_is_simulated(&self) -> bool {
        self.inner.simulated_time.load(Ordering::Relaxed)
    }

    /// Checks that the schema is this program's.
    ///
    /// # Errors
    /// [`Error::Schema`] or [`Error::SchemaDiverged`], whose text says what to run.
    pub async fn check_schema(&self) -> Result<(), Error> {
        let client = self.client().await?;
        migrations::check(&client).await
    }

    /// Takes a connection from the pool.
    pub(crate) async fn client(&self) -> Result<deadpool_postgres::Client, Error> {
        Ok(self.inner.pool.get().await?)
    }

    /// Has the server give up the statement of a transaction where its caller does.
    pub(crate) fn cancel_on_drop(&self, tx: &Transaction<'_>) -> CancelOnDrop {
        self.inner.route.cancel_on_drop(tx.cancel_token())
    }

    /// Returns how many connections of the pool are open, how many of those are free, and how many
    /// callers wait for one.
    pub(crate) fn pool_counts(&self) -> [usize; 3] {
        let status = self.inner.pool.status();
        [status.size, status.available, status.waiting]
    }

    /// From now on there are so many connections at most.
    pub fn resize_pool(&self, connections: usize) {
        self.inner.pool.resize(connections);
    }

    /// Opens a connection beside the pool, for locks held as long as the process lives. Where one side of
    /// it vanishes the other notices within half a minute.
    pub(crate) async fn own_connection(&self) -> Result<OwnConnection, Error> {
        let connection = OwnConnection::open(&self.inner.route.watched()).await?;
        connection.batch_execute(WATCHED_SETTINGS).await?;
        Ok(connection)
    }
}

async fn check_server(route: &Route) -> Result<(), Error> {
    let (first, second) =
        futures_util::future::try_join(OwnConnection::open(route), OwnConnection::open(route))
            .await?;
    let checked = async {
        check_not_pooled(&first, &second).await?;
        check_version(&first).await
    }
    .await;
    first.close().await;
    second.close().await;
    checked
}

async fn check_version(client: &Client) -> Result<(), Error> {
    let row = client
        .query_one(
            "SELECT current_setting('server_version_num')::int4, current_setting('server_version')",
            &[],
        )
        .await?;
    let (number, text): (i32, &str) = (row.get(0), row.get(1));
    if number < OLDEST_SERVER {
        return Err(Error::UnfitServer(format!(
            "PostgreSQL {text} is too old: 15 or newer is needed"
        )));
    }
    Ok(())
}

/// A transaction pooler gives each transaction whichever server connection is free, so locks and
/// prepared statements are lost between two statements. It shows in the server process: two
/// connections that share one, or one connection that moves while or after the other kept one busy.
async fn check_not_pooled(first: &Client, second: &Client) -> Result<(), Error> {
    let (one, two) = (backend(first).await?, backend(second).await?);
    let mut moved = one == two;
    for (busy, other, known) in [(second, first, one), (first, second, two)] {
        // A pooler with a single connection would not answer the other one meanwhile.
        if moved {
            break;
        }
        busy.batch_execute("BEGIN").await?;
        let meanwhile = backend(other).await?;
        busy.batch_execute("ROLLBACK").await?;
        moved = meanwhile != known || backend(other).await? != known;
    }
    if moved {
        return Err(Error::UnfitServer(
            "the database address leads to a transaction pooler, which loses locks between \
             statements: use PostgreSQL itself, or a pooler in session mode"
                .to_owned(),
        ));
    }
    Ok(())
}

/// Asks without preparing: what one server process has prepared the next one does not know.
async fn backend(client: &Client) -> Result<Option<String>, Error> {
    let answer = client.simple_query("SELECT pg_backend_pid()").await?;
    let pid = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    Ok(pid.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_cannot_write_and_gives_up_in_time() {
        let database = testkit::database().await;
        let options = || Options {
            application_name: "test".to_owned(),
            pool_size: 1,
        };
        let config = database.config();
        let reader = Store::connect_reader(&config, options()).await.unwrap();
        let client = reader.client().await.unwrap();
        let error = client.execute("DELETE FROM series", &[]).await.unwrap_err();
        assert_eq!(
            error.code(),
            Some(&tokio_postgres::error::SqlState::READ_ONLY_SQL_TRANSACTION)
        );
        let shown = |client: deadpool_postgres::Client, name: &'static str| async move {
            let row = client.query_one(&format!("SHOW {name}"), &[]).await;
            row.unwrap().get::<_, String>(0)
        };
        assert_eq!(shown(client, "statement_timeout").await, "20s");
        let writer = Store::connect(&config, options()).await.unwrap();
        let client = || async { writer.client().await.unwrap() };
        assert_eq!(shown(client().await, "statement_timeout").await, "0");
        // A writer that hangs with something held is ended instead.
        let idle = "idle_in_transaction_session_timeout";
        assert_eq!(shown(client().await, idle).await, "15s");
    }
}
