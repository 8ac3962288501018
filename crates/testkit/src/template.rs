//! The template: an empty database with all migrations applied, one for each version of them.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config};

use crate::{Failure, connect};

/// The end of a connection is seen by the server a moment later.
const RETRIES: u32 = 200;
const PAUSE: Duration = Duration::from_millis(50);

/// Returns the name of the template for this program's migrations, made where it is missing. Of
/// several processes one makes it, the others wait.
pub(crate) async fn ensure(config: &Config) -> Result<String, Failure> {
    let fingerprint = store::migrations::fingerprint();
    let name = format!("template_{fingerprint}");
    let admin = connect(config).await?;
    // Given back when the connection ends.
    admin
        .execute("SELECT pg_advisory_lock(hashtext($1))", &[&name])
        .await?;
    let known = "SELECT 1 FROM pg_database WHERE datname = $1";
    if admin.query_opt(known, &[&name]).await?.is_none() {
        build(&admin, config, &format!("building_{fingerprint}"), &name).await?;
    }
    Ok(name)
}

/// Renamed when it is complete; a killed builder leaves another name.
async fn build(admin: &Client, config: &Config, building: &str, name: &str) -> Result<(), Failure> {
    admin
        .batch_execute(&format!("DROP DATABASE IF EXISTS {building} WITH (FORCE)"))
        .await?;
    admin
        .batch_execute(&format!("CREATE DATABASE {building}"))
        .await?;
    let mut inside = config.clone();
    inside.dbname(building);
    store::migrations::run(&inside).await?;
    rename(admin, building, name).await?;
    // Who connects to it would stop others from copying it.
    admin
        .batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        .await?;
    Ok(())
}

async fn rename(admin: &Client, building: &str, name: &str) -> Result<(), Failure> {
    let statement = format!("ALTER DATABASE {building} RENAME TO {name}");
    let mut left = RETRIES;
    loop {
        match admin.batch_execute(&statement).await {
            Err(error) if error.code() == Some(&SqlState::OBJECT_IN_USE) && left > 0 => left -= 1,
            done => return Ok(done?),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
