//! `cargo xtask ci`: what has to hold before anything lands.

use std::process::Command;

use anyhow::Context as _;
use argh::FromArgs;
use runtime::Exit;

use crate::{cargo_program, root};

/// Runs format, clippy, docs, tests and tidy; stops at the first that fails.
#[derive(Debug, FromArgs)]
#[argh(subcommand, name = "ci")]
pub(crate) struct Ci {}

impl Ci {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        cargo(&["fmt", "--all", "--", "--check"], &[])?;
        crate::tidy::Tidy {}.run()?;
        cargo(
            &[
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
            &[],
        )?;
        let strict = ("RUSTDOCFLAGS", "-D warnings");
        cargo(
            &[
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ],
            &[strict],
        )?;
        cargo(&["test", "--workspace"], &[])?;
        println!("ci: everything holds");
        Ok(Exit::Complete)
    }
}

fn cargo(args: &[&str], env: &[(&str, &str)]) -> anyhow::Result<()> {
    println!("ci: cargo {}", args.join(" "));
    let status = Command::new(cargo_program())
        .args(args)
        .envs(env.iter().copied())
        .current_dir(root())
        .status()
        .context("failed to start cargo")?;
    anyhow::ensure!(status.success(), "cargo {} failed", args.join(" "));
    Ok(())
}
