//! The vendor's dimensions: contract section 3.2.

/// A type of the vendor's dimensions with one of its data types (contract section 3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Dimension {
    /// The segment of the path.
    pub(crate) of: &'static str,
    /// The query's `dataType`. Always sent: defaults are in conflict.
    pub(crate) data_type: &'static str,
}

impl Dimension {
    const fn new(of: &'static str, data_type: &'static str) -> Self {
        Self { of, data_type }
    }

    /// Whether only Pro answers for it.
    pub(crate) const fn needs_key(self) -> bool {
        matches!(self.of.as_bytes(), b"derivatives") || self.is_of_users()
    }

    /// Whether it counts users: version 2 alone has those.
    pub(crate) const fn is_of_users(self) -> bool {
        matches!(self.of.as_bytes(), b"active-users")
    }
}

pub(super) const FEES: Dimension = Dimension::new("fees", "dailyFees");
pub(super) const REVENUE: Dimension = Dimension::new("fees", "dailyRevenue");
pub(super) const HOLDERS_REVENUE: Dimension = Dimension::new("fees", "dailyHoldersRevenue");
pub(super) const SUPPLY_SIDE_REVENUE: Dimension = Dimension::new("fees", "dailySupplySideRevenue");
pub(super) const PROTOCOL_REVENUE: Dimension = Dimension::new("fees", "dailyProtocolRevenue");
pub(super) const DEX_VOLUME: Dimension = Dimension::new("dexs", "dailyVolume");
pub(super) const PERP_VOLUME: Dimension = Dimension::new("derivatives", "dailyVolume");
pub(super) const OPTIONS_NOTIONAL: Dimension = Dimension::new("options", "dailyNotionalVolume");
pub(super) const OPTIONS_PREMIUM: Dimension = Dimension::new("options", "dailyPremiumVolume");
pub(super) const OPEN_INTEREST: Dimension = Dimension::new("open-interest", "openInterestAtEnd");
pub(super) const ACTIVE_USERS: Dimension = Dimension::new("active-users", "dailyActiveUsers");
pub(super) const TRANSACTIONS: Dimension = Dimension::new("active-users", "dailyTransactionCount");
