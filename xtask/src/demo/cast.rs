//! The simulated vendors of the demo: whom each plays, which part of its list is collected, and what
//! the programs are told of it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::Context as _;
use fake_vendors::{
    AlphaVantagePlan, ArtemisPlan, DefiLlamaPlan, FakeVendor, Options, Plan, VeloPlan, Vendor,
    ids_from_csv,
};

use crate::root;

/// So many that pace is nobody's bottleneck.
const GENEROUS_RPM: u32 = 60_000;
const KEY: &str = "CG-demo-key-of-the-simulation";

/// One vendor to be.
#[derive(Debug)]
struct Part {
    /// The source, which names its file and its variables.
    source: &'static str,
    vendor: fn() -> Vendor,
    /// What `<VENDOR>_PLAN` says.
    plan: &'static str,
    /// The columns that make an id of a row, joined by `+`.
    ids: &'static str,
    /// The column whose every value is collected, each with its first rows.
    kinds: &'static str,
    /// How many rows of each.
    most: usize,
}

const PARTS: [Part; 5] = [
    Part {
        source: "artemis",
        vendor: || Vendor::Artemis(ArtemisPlan::enterprise()),
        plan: "enterprise",
        ids: "symbol+artemis_id+kind",
        kinds: "kind",
        most: 4,
    },
    Part {
        source: "defillama",
        vendor: || Vendor::DefiLlama(DefiLlamaPlan::pro()),
        plan: "pro",
        ids: "kind+vendor_id",
        kinds: "kind",
        most: 5,
    },
    Part {
        source: "velo",
        vendor: || Vendor::Velo(VeloPlan::annual()),
        plan: "annual",
        ids: "exchange+coin+product",
        kinds: "exchange",
        most: 4,
    },
    Part {
        source: "coingecko",
        vendor: || Vendor::CoinGecko(Plan::Enterprise),
        plan: "enterprise",
        ids: "coin_id",
        kinds: "vs_currency",
        most: 25,
    },
    Part {
        source: "alphavantage",
        vendor: || Vendor::AlphaVantage(AlphaVantagePlan::premium(1_200)),
        plan: "premium-1200",
        ids: "asset_class+symbol+market",
        kinds: "function",
        most: 5,
    },
];

/// A vendor that plays.
#[derive(Debug)]
pub(crate) struct Player {
    /// The source.
    pub(crate) source: &'static str,
    /// The vendor.
    pub(crate) vendor: FakeVendor,
    plan: &'static str,
}

impl Player {
    /// Returns the variables that make the programs meet it.
    pub(crate) fn variables(&self) -> [(String, String); 4] {
        let name = |suffix| format!("{}_{suffix}", self.source.to_uppercase());
        [
            (name("API_KEY"), KEY.to_owned()),
            (name("PLAN"), self.plan.to_owned()),
            (name("BASE_URL"), self.vendor.base_url()),
            (name("RPM"), GENEROUS_RPM.to_string()),
        ]
    }
}

/// Copies the configuration, each vendor's list cut to a few rows of every kind, and starts the vendors.
pub(crate) async fn start(config: &Path) -> anyhow::Result<Vec<Player>> {
    let from = root().join("sources-config");
    for entry in fs::read_dir(&from)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            fs::copy(&path, config.join(path.file_name().unwrap_or_default()))?;
        }
    }
    let mut players = Vec::new();
    for part in &PARTS {
        let file = config.join(format!("{}.csv", part.source));
        let rows = cut(&from.join(format!("{}.csv", part.source)), &file, part)
            .with_context(|| format!("failed to cut {}", file.display()))?;
        let vendor = FakeVendor::start(Options {
            vendor: (part.vendor)(),
            key: KEY.to_owned(),
            rpm: Some(GENEROUS_RPM),
            extra_ids: ids_from_csv(&file, part.ids)?,
            ..Options::default()
        })
        .await?;
        println!(
            "== simulated {}: {rows} rows, at {}",
            part.source,
            vendor.base_url()
        );
        players.push(Player {
            source: part.source,
            vendor,
            plan: part.plan,
        });
    }
    Ok(players)
}

/// Writes the first rows of every kind; returns how many.
fn cut(from: &Path, to: &Path, part: &Part) -> anyhow::Result<usize> {
    let mut reader = csv::Reader::from_path(from)?;
    let header = reader.headers()?.clone();
    let place = |name: &str| {
        let found = header.iter().position(|column| column == name);
        found.with_context(|| format!("no column {name}"))
    };
    let (kind, enabled) = (place(part.kinds)?, place("enabled")?);
    let mut writer = csv::Writer::from_path(to)?;
    writer.write_record(&header)?;
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let count = taken
            .entry(record.get(kind).unwrap_or_default().to_owned())
            .or_default();
        if record.get(enabled) == Some("true") && *count < part.most {
            writer.write_record(&record)?;
            *count += 1;
        }
    }
    writer.flush()?;
    Ok(taken.values().sum())
}
