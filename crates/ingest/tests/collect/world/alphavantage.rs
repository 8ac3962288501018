//! Alpha Vantage, at a simulated vendor or at one that says what a test says.

use ingest::Collector;
use source_alphavantage::{AlphaVantage, COLUMNS, Plan, Settings};

use super::World;

impl World {
    /// Opens Alpha Vantage at an address, with a whole CSV.
    pub(crate) async fn alphavantage(&self, base_url: &str, plan: Plan, csv: &str) -> Collector {
        let source = alphavantage_at(base_url, plan, None);
        Collector::open(self.setup(source, csv).await)
            .await
            .unwrap()
    }
}

pub(crate) fn alphavantage_at(base_url: &str, plan: Plan, rpm: Option<u32>) -> AlphaVantage {
    AlphaVantage::new(Settings {
        plan,
        base_url: Some(base_url.to_owned()),
        rpm,
    })
}

/// Returns a CSV of these rows.
pub(crate) fn alphavantage_csv(rows: &str) -> String {
    format!("{}\n{rows}\n", COLUMNS.join(","))
}
