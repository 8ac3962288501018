//! Migrations, comments, and which data a database may hold.

#![allow(
    clippy::unwrap_used,
    reason = "test code: a failure is to be seen where it happens"
)]

use store::{
    Error, Options, Store, World,
    migrations::{self, MigrationState},
};
use testkit::TestDatabase;
use tokio_postgres::{Client, Config, NoTls};

async fn client(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn connect(config: &Config) -> Store {
    let options = Options {
        application_name: "test".to_owned(),
        pool_size: 2,
    };
    Store::connect(config, options).await.unwrap()
}

/// A database without any schema, beside the one of the test.
async fn empty(database: &TestDatabase) -> Config {
    let mut config = database.config();
    let name = format!("{}_empty", config.get_dbname().unwrap());
    let admin = client(&config).await;
    admin
        .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
        .await
        .unwrap();
    config.dbname(name);
    config
}

async fn remove(database: &TestDatabase, config: &Config) {
    let name = config.get_dbname().unwrap();
    client(&database.config())
        .await
        .batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)"))
        .await
        .unwrap();
}

#[tokio::test]
async fn migrations_run_once_however_many_run_them() {
    let database = testkit::database().await;
    let config = empty(&database).await;
    let store = connect(&config).await;
    let error = store.check_schema().await.unwrap_err();
    assert!(error.to_string().contains("crossfeed setup"), "{error}");
    assert!(matches!(error, Error::Schema { have: 0, .. }));
    let before = migrations::status(&config).await.unwrap();
    assert!(
        before
            .iter()
            .all(|one| one.state == MigrationState::Pending)
    );

    let (a, b, c) = tokio::join!(
        migrations::run(&config),
        migrations::run(&config),
        migrations::run(&config)
    );
    let mut applied: Vec<usize> = [a, b, c].map(|run| run.unwrap().applied.len()).into();
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, before.len()]);
    store.check_schema().await.unwrap();
    assert_eq!(migrations::run(&config).await.unwrap().applied, [""; 0]);
    let after = migrations::status(&config).await.unwrap();
    assert!(
        after
            .iter()
            .all(|one| matches!(one.state, MigrationState::Applied { .. }))
    );
    remove(&database, &config).await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let database = testkit::database().await;
    let config = database.config();
    client(&config)
        .await
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) \
             VALUES (999, 'of_tomorrow', '2030-01-01T00:00:00Z', '1')",
            &[],
        )
        .await
        .unwrap();
    let store = connect(&config).await;
    let error = store.check_schema().await.unwrap_err();
    assert!(matches!(error, Error::Schema { have: 999, .. }));
    assert!(error.to_string().contains("newer"), "{error}");
    let error = migrations::run(&config).await.unwrap_err();
    assert!(matches!(error, Error::Schema { have: 999, .. }));
    let last = migrations::status(&config).await.unwrap().pop().unwrap();
    assert_eq!(last.state, MigrationState::Unknown);
}

#[tokio::test]
async fn a_changed_migration_is_refused() {
    let database = testkit::database().await;
    let config = database.config();
    client(&config)
        .await
        .execute(
            "UPDATE refinery_schema_history SET checksum = '1' WHERE version = 2",
            &[],
        )
        .await
        .unwrap();
    let store = connect(&config).await;
    for error in [
        store.check_schema().await.unwrap_err(),
        migrations::run(&config).await.unwrap_err(),
    ] {
        assert!(matches!(error, Error::SchemaDiverged { version: 2, .. }));
    }
}

#[tokio::test]
async fn every_table_view_and_column_has_a_comment() {
    let database = testkit::database().await;
    let rows = client(&database.config())
        .await
        .query(
            "SELECT c.relname || coalesce('.' || a.attname, '') \
             FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' \
             LEFT JOIN pg_attribute a \
               ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             WHERE c.relkind IN ('r', 'v', 'm', 'p') \
               AND (obj_description(c.oid, 'pg_class') IS NULL \
                    OR col_description(c.oid, a.attnum) IS NULL)",
            &[],
        )
        .await
        .unwrap();
    let without: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(without, [""; 0]);
}

#[tokio::test]
async fn worlds_do_not_mix() {
    let database = testkit::database().await;
    let store = connect(&database.config()).await;
    assert_eq!(store.world().await.unwrap(), None);
    store.enter_world(World::Simulated).await.unwrap();
    store.enter_world(World::Simulated).await.unwrap();
    assert_eq!(store.world().await.unwrap(), Some(World::Simulated));
    let error = store.enter_world(World::Live).await.unwrap_err();
    assert!(matches!(
        error,
        Error::WorldMixed {
            have: World::Simulated,
            want: World::Live
        }
    ));
}

#[tokio::test]
async fn an_absent_server_is_a_passing_trouble_and_a_wrong_database_is_not() {
    let database = testkit::database().await;
    let options = || Options {
        application_name: "test".to_owned(),
        pool_size: 1,
    };
    let mut nowhere = Config::new();
    nowhere.host_path("/nonexistent").user("nobody");
    let error = Store::connect(&nowhere, options()).await.unwrap_err();
    assert!(error.is_passing(), "{error:?}");

    let mut config = database.config();
    config.dbname("no_such_database");
    let error = Store::connect(&config, options()).await.unwrap_err();
    assert!(matches!(error, Error::Denied { .. }), "{error:?}");
}
