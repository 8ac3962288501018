//! The operator's command line.

mod out;
mod table;
mod verbs;
mod words;

use std::process::ExitCode;

use argh::FromArgs;
use runtime::{Env, Exit};

use crate::verbs::Verb;

/// Looks after a Crossfeed installation.
#[derive(Debug, FromArgs)]
struct Args {
    #[argh(subcommand)]
    verb: Verb,
}

fn main() -> ExitCode {
    let args: Args = match runtime::parse_args() {
        Ok(args) => args,
        Err(exit) => return exit.into(),
    };
    match runtime::run(Box::pin(run(args))) {
        Ok(exit) => exit.into(),
        Err(error) if out::is_closed(&error) => Exit::Complete.into(),
        Err(error) => {
            complain(&error);
            Exit::Error.into()
        }
    }
}

async fn run(args: Args) -> anyhow::Result<Exit> {
    let (env, wrong) = Env::load_readable()?;
    runtime::init_command_tracing(&env.log, std::io::stderr);
    match wrong.is_empty() {
        true => args.verb.run(env).await,
        false => args.verb.refuse(&env, wrong),
    }
}

#[expect(clippy::print_stderr, reason = "for whoever typed the command")]
fn complain(error: &anyhow::Error) {
    eprintln!("crossfeed: {error:#}");
}
