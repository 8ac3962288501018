//! Logs: text or JSON on stderr. Field names are in `docs/LOGGING.md`.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

use crate::env::Vars;

const DAEMON_FILTER: &str = "info";
/// The retries of one request are told by its outcome.
const COMMAND_FILTER: &str = "warn,runtime=info,reqwest_retry=error";

/// How logs are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEnv {
    /// `RUST_LOG`: which events, by level and module; nothing where it is not set.
    pub filter: Option<String>,
    /// `CROSSFEED_LOG`.
    pub format: LogFormat,
    /// Whether `NO_COLOR` is set.
    pub no_color: bool,
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogEnv {
    pub(crate) fn read(vars: &mut Vars) -> Self {
        let directives = "a list of levels: info, or warn,ingest=debug";
        let filter = vars.parsed("RUST_LOG", directives, |text| {
            EnvFilter::try_new(text).ok().map(|_| text.to_owned())
        });
        let format = vars.parsed("CROSSFEED_LOG", "text or json", |text| match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        });
        Self {
            filter,
            format: format.unwrap_or_default(),
            no_color: vars.raw("NO_COLOR").is_some(),
        }
    }
}

/// Sends a daemon's events to stderr from now on, unless `RUST_LOG` says otherwise from `info` up. A
/// second call in one process changes nothing.
pub fn init_tracing(log: &LogEnv) {
    init(log, DAEMON_FILTER, std::io::stderr);
}

/// Sends the events of a command that reports by itself to `writer`: unless `RUST_LOG` says
/// otherwise only warnings, where the database is, and that a signal was heard. `writer` ends at
/// stderr, past a progress bar where there is one.
pub fn init_command_tracing<W>(log: &LogEnv, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    init(log, COMMAND_FILTER, writer);
}

fn init<W>(log: &LogEnv, filter: &str, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = log.filter.as_deref().unwrap_or(filter);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(filter))
        .with_writer(writer);
    let set = match log.format {
        LogFormat::Text => {
            let colour = !log.no_color && std::io::stderr().is_terminal();
            builder.with_ansi(colour).try_init()
        }
        LogFormat::Json => builder
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init(),
    };
    if set.is_err() {
        tracing::debug!("logs were set up before");
    }
}
