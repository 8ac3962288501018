//! The simulated vendors as a program: arguments, one line with the addresses, run until told to stop.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use argh::FromArgs;
use fake_vendors::{FakeVendor, Options, Vendor, ids_from_csv};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::signal::unix::{SignalKind, signal};

/// Plays a vendor on 127.0.0.1 until SIGTERM or Ctrl-C.
#[derive(FromArgs)]
struct Arguments {
    /// whom to play: alphavantage, artemis, coingecko, defillama or velo
    #[argh(option)]
    vendor: String,
    /// port; 0 takes any (default 8601)
    #[argh(option, default = "8601")]
    port: u16,
    /// the key that is accepted (default CG-simulated)
    #[argh(option)]
    key: Option<String>,
    /// plan; coingecko: keyless, demo, basic, analyst, lite or enterprise (default demo);
    /// artemis: enterprise or free (default enterprise), then +switches such as +holes+hour=9;
    /// alphavantage: free (default) or premium-75 to premium-1200, then +switches;
    /// defillama: free (default) or pro, then +switches such as pro+span-plus-one;
    /// velo: annual or monthly (default annual), then +switches: silent, forbid, coin-rows, header, no-retry-after
    #[argh(option, default = "String::new()")]
    plan: String,
    /// where the clock starts, RFC 3339; it runs on (default: real time)
    #[argh(option, from_str_fn(instant))]
    now: Option<OffsetDateTime>,
    /// socket of a clock server that gives the time
    #[argh(option)]
    clock: Option<PathBuf>,
    /// calls per minute in place of the plan's
    #[argh(option)]
    rpm: Option<u32>,
    /// credits per month in place of the plan's; of alphavantage calls per day
    #[argh(option)]
    credits: Option<u64>,
    /// answer a full minute with retry-after, too
    #[argh(switch)]
    retry_after: bool,
    /// picks the values of the world (default 1)
    #[argh(option, default = "1")]
    seed: u64,
    /// milliseconds every answer takes at least (default 0)
    #[argh(option, default = "0")]
    latency_ms: u64,
    /// more ids in the vendor's own words, joined by commas
    #[argh(option)]
    ids: Option<String>,
    /// more ids from a CSV file: its path, a colon, the columns joined by +
    #[argh(option, from_str_fn(file_and_columns))]
    ids_from: Option<(PathBuf, String)>,
}

fn instant(text: &str) -> Result<OffsetDateTime, String> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| format!("`{text}`: {error}"))
}

fn file_and_columns(text: &str) -> Result<(PathBuf, String), String> {
    let (file, columns) = text.rsplit_once(':').ok_or("expected FILE:COLUMNS")?;
    Ok((Path::new(file).to_owned(), columns.to_owned()))
}

impl Arguments {
    fn into_options(self) -> anyhow::Result<Options> {
        let mut extra_ids = match &self.ids_from {
            Some((file, columns)) => ids_from_csv(file, columns)?,
            None => Vec::new(),
        };
        let listed = self.ids.iter().flat_map(|ids| ids.split(','));
        extra_ids.extend(
            listed
                .map(str::trim)
                .filter(|id| !id.is_empty())
                .map(str::to_owned),
        );
        let defaults = Options::default();
        Ok(Options {
            vendor: Vendor::parse(&self.vendor, &self.plan).map_err(anyhow::Error::msg)?,
            port: self.port,
            key: self.key.unwrap_or(defaults.key),
            now: self.now,
            rpm: self.rpm,
            monthly_credits: self.credits,
            retry_after: self.retry_after,
            seed: self.seed,
            extra_ids,
            latency: Duration::from_millis(self.latency_ms),
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Arguments = argh::from_env();
    let clock = arguments.clock.clone();
    let options = arguments.into_options()?;
    let mut terminated = signal(SignalKind::terminate()).context("failed to watch SIGTERM")?;
    let name = options.vendor.name();
    let vendor = FakeVendor::start(options)
        .await
        .context("failed to start")?;
    let _following = match &clock {
        Some(socket) => Some(vendor.follow(socket).await?),
        None => None,
    };
    let (base, control) = (vendor.base_url(), vendor.control_url());
    // A closed standard output is no reason to stop serving.
    drop(writeln!(
        std::io::stdout(),
        "fake-vendors {name} base={base} control={control}"
    ));
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted.context("failed to watch Ctrl-C")?,
    }
    vendor.stop().await;
    Ok(())
}
