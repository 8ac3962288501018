//! `apid`: the REST API as a program. Arguments, wiring, exit code.

mod reload;
mod said;

use std::net::TcpListener;
use std::process::ExitCode;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::web::Data;
use anyhow::{Context, bail};
use apid::Api;
use argh::FromArgs;
use query::Reader;
use runtime::{Env, Exit, Notify, Role, Telemetry};
use store::Store;

/// Answers questions about the collected data over HTTP.
#[derive(FromArgs, Debug)]
struct Args {
    /// port to listen on (8000); 0 takes any free one
    #[argh(option, default = "8000")]
    port: u16,
    /// address to listen on (127.0.0.1); 0.0.0.0 for all
    #[argh(option, default = "String::from(\"127.0.0.1\")")]
    host: String,
    /// check the environment and end: 0 if it is good, 1 if not
    #[argh(switch)]
    check_config: bool,
}

const POOL_SIZE: usize = 16;
/// Requests in flight may take so long after SIGTERM.
const DRAIN: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let args: Args = match runtime::parse_args() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    match runtime::run(run(args)) {
        Ok(()) => Exit::Complete.into(),
        Err(error) => {
            say(&format!("apid: {}", said::once(&error)));
            Exit::Error.into()
        }
    }
}

async fn run(args: Args) -> anyhow::Result<()> {
    let env = Env::load()?;
    if args.check_config {
        say("apid: the environment is good");
        return Ok(());
    }
    runtime::init_tracing(&env.log);
    let notify = Notify::begin();
    let signals = "failed to watch for signals";
    let shutdown = runtime::shutdown().context(signals)?;
    let hangup = runtime::hangup().context(signals)?;
    // Before the database: a port that is taken is known at once, and starts nothing.
    let listener = TcpListener::bind((args.host.as_str(), args.port))
        .with_context(|| format!("failed to listen on {}:{}", args.host, args.port))?;
    let telemetry = Telemetry::start(env.metrics.apid, "apid")?;
    // The database may take its time: whoever says stop meanwhile is heard.
    let opened = tokio::select! {
        biased;
        () = shutdown.asked() => None,
        opened = open(&env, &telemetry) => Some(opened?),
    };
    let Some(api) = opened else {
        notify.stopping();
        tracing::info!("ended");
        return Ok(());
    };
    let address = listener
        .local_addr()
        .context("failed to read the address")?;
    let status = format!("listening on http://{address}");
    tokio::spawn(reload::keep(
        env,
        api.clone(),
        hangup,
        notify,
        status.clone(),
    ));
    serve(listener, api, shutdown, (notify, status)).await
}

/// Opens the database and returns what answers from it.
async fn open(env: &Env, telemetry: &Telemetry) -> anyhow::Result<Data<Api>> {
    let database = runtime::database(env, Role::Read).await?;
    let options = store::Options {
        application_name: "apid".to_owned(),
        pool_size: POOL_SIZE,
    };
    let store = Store::connect_reader(&database.config, options)
        .await
        .with_context(|| format!("failed to connect to {}", database.describe))?;
    store
        .check_schema()
        .await
        .with_context(|| format!("failed to use {}", database.describe))?;
    check_world(env, &store).await?;
    let clock = runtime::clock(env).await?;
    // Readers never make simulated time wait.
    clock.end();
    telemetry.register(|registry| apid::telemetry::register(registry, &store));
    telemetry.ready_by(apid::telemetry::readiness(store.clone()));
    let api = Api::new(
        Reader::new(store),
        move || clock.now(),
        env.data_api_key.clone(),
    );
    Ok(Data::new(api))
}

async fn check_world(env: &Env, store: &Store) -> anyhow::Result<()> {
    let have = store.world().await?;
    if let (Some(have), Some(want)) = (have, env.world)
        && have != want
    {
        bail!("this database holds {have} data and CROSSFEED_WORLD says {want}");
    }
    Ok(())
}

async fn serve(
    listener: TcpListener,
    api: Data<Api>,
    shutdown: runtime::Shutdown,
    (notify, status): (Notify, String),
) -> anyhow::Result<()> {
    let server = HttpServer::new(move || apid::service(api.clone()))
        .listen(listener)
        .context("failed to listen")?
        .disable_signals()
        .shutdown_timeout(DRAIN.as_secs())
        .run();
    let handle = server.handle();
    tokio::spawn(async move {
        shutdown.asked().await;
        notify.stopping();
        handle.stop(true).await;
    });
    tracing::info!("{status}");
    notify.ready(&status);
    server.await.context("the server failed")?;
    tracing::info!("ended");
    Ok(())
}

#[expect(
    clippy::print_stderr,
    reason = "the last word of a program goes to the terminal"
)]
fn say(text: &str) {
    eprintln!("{text}");
}
