//! `cargo xtask migrate [--status]`: the schema of the database that the environment names.

use argh::FromArgs;
use runtime::{Env, Exit, Role};
use store::migrations::{self, MigrationState};

/// Applies the migrations that the database lacks (`DATABASE_URL`, else the private PostgreSQL).
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "migrate")]
pub(crate) struct Migrate {
    /// only tell what is applied and what is not; exit code 4 where something is missing or unknown
    #[argh(switch)]
    status: bool,
}

impl Migrate {
    pub(crate) async fn run(self) -> anyhow::Result<Exit> {
        let env = Env::load()?;
        let database = runtime::database(&env, Role::Write).await?;
        println!("database: {}", database.describe);
        if !self.status {
            println!("schema: {}", migrations::run(&database.config).await?);
            return Ok(Exit::Complete);
        }
        let all = migrations::status(&database.config).await?;
        all.iter().for_each(|status| println!("{status}"));
        let is_ours = all
            .iter()
            .all(|status| matches!(status.state, MigrationState::Applied { .. }));
        Ok(if is_ours {
            Exit::Complete
        } else {
            Exit::FailedCheck
        })
    }
}
