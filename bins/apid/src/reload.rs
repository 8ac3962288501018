//! SIGHUP: takes over another key for readers. Whatever else changed waits for another start.

use actix_web::web::Data;
use apid::Api;
use runtime::{Env, Hangup, Notify, Role};

/// Reads the environment again each time it is told to, for as long as the program runs.
pub(crate) async fn keep(
    mut env: Env,
    api: Data<Api>,
    mut hangup: Hangup,
    notify: Notify,
    status: String,
) {
    loop {
        hangup.heard().await;
        notify.reloading();
        match read(&env) {
            Ok(new) => {
                api.renew_key(new.data_api_key.clone());
                env = new;
                tracing::info!("reloaded");
            }
            Err(problems) => {
                for problem in &problems {
                    tracing::error!("{problem}");
                }
                tracing::error!("reload refused: the old key stays in force");
            }
        }
        notify.ready(&status);
    }
}

fn read(old: &Env) -> Result<Env, Vec<String>> {
    let new = Env::load().map_err(|bad| vec![bad.to_string()])?;
    let fixed = old.needs_start(&new, Role::Read);
    match fixed.is_empty() {
        true => Ok(new),
        false => Err((fixed.iter())
            .map(|problem| format!("{}: {}", problem.name, problem.what))
            .collect()),
    }
}
