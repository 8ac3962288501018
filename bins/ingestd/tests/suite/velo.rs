//! A vendor beside the stage's own.

use fake_vendors::{FakeVendor, Options, VeloPlan, Vendor};
use testkit::stage::{KEY, Stage};

const ROWS: &str = "market,exchange,coin,product,metrics,resolution_min,since,enabled,note\n\
                    futures,binance-futures,BTC,BTCUSDT,CLOSE_PRICE,60,2026-05-10,true,\n";
/// Whether a tick of it is complete.
pub(crate) const BARS: &str = "SELECT count(*) > 0 FROM pulls
                    WHERE source = 'velo' AND kind = 'live' AND status = 'complete'";

/// Sets it up: its file, and its key in `.env`.
pub(crate) async fn with_velo(stage: &Stage) -> FakeVendor {
    let options = Options {
        vendor: Vendor::Velo(VeloPlan::annual()),
        key: KEY.to_owned(),
        rpm: Some(60_000),
        ..Options::default()
    };
    let vendor = FakeVendor::start(options).await.unwrap();
    std::fs::write(stage.config_folder().join("velo.csv"), ROWS).unwrap();
    say(stage, &velo(&vendor, KEY));
    vendor
}

/// Returns the lines of `.env` that lead to it.
pub(crate) fn velo(vendor: &FakeVendor, key: &str) -> String {
    let address = vendor.base_url();
    format!("VELO_API_KEY={key}\nVELO_BASE_URL={address}\nVELO_RPM=60000\n")
}

/// Writes `.env`.
pub(crate) fn say(stage: &Stage, lines: &str) {
    std::fs::write(stage.folder.path().join(".env"), lines).unwrap();
}
