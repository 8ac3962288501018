//! Command lines, read by argh. Differs from `argh::from_env` in one thing: a wrong command line
//! ends with [`Exit::Usage`], not with the code of a failure.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use argh::{EarlyExit, TopLevelCommand};

use crate::Exit;

/// Reads the process' arguments; prints help or what is wrong, and says how to exit.
///
/// # Errors
/// The exit code to end with: [`Exit::Complete`] after `--help`, [`Exit::Usage`] after a mistake.
pub fn parse_args<T: TopLevelCommand>() -> Result<T, Exit> {
    parse(std::env::args_os()).map_err(|early| tell(&early))
}

fn parse<T: TopLevelCommand>(args: impl Iterator<Item = OsString>) -> Result<T, EarlyExit> {
    let args: Vec<String> = args
        .map(OsString::into_string)
        .collect::<Result<_, _>>()
        .map_err(|arg| EarlyExit::from(format!("{arg:?} is no UTF-8")))?;
    let (program, rest) = args.split_first().map_or(("", &[][..]), |(first, rest)| {
        let name = Path::new(first).file_name().and_then(|name| name.to_str());
        (name.unwrap_or(first), rest)
    });
    let rest: Vec<&str> = rest.iter().map(String::as_str).collect();
    T::from_args(&[program], &rest)
}

#[expect(clippy::print_stderr, reason = "usage is for the terminal")]
fn tell(early: &EarlyExit) -> Exit {
    if early.status.is_ok() {
        // Whoever asked for help may have seen enough of it.
        writeln!(io::stdout().lock(), "{}", early.output).ok();
        return Exit::Complete;
    }
    eprintln!("{}\nRun with --help for more.", early.output.trim_end());
    Exit::Usage
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does a thing.
    #[derive(argh::FromArgs, Debug)]
    struct Args {
        /// how many
        #[argh(option)]
        count: u8,
    }

    fn read(args: &[&str]) -> Result<Args, EarlyExit> {
        parse(args.iter().map(OsString::from))
    }

    #[test]
    fn mistakes_are_usage_and_help_is_not() {
        assert_eq!(read(&["/usr/bin/x", "--count", "3"]).unwrap().count, 3);
        assert_eq!(
            tell(&read(&["x", "--cuont", "3"]).unwrap_err()),
            Exit::Usage
        );
        assert_eq!(
            tell(&read(&["x", "--count", "many"]).unwrap_err()),
            Exit::Usage
        );
        let help = read(&["/usr/bin/x", "--help"]).unwrap_err();
        assert!(help.output.starts_with("Usage: x "), "{}", help.output);
        assert_eq!(tell(&help), Exit::Complete);
    }
}
