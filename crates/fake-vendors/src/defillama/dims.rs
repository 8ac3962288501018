//! Which numbers there are of which type of protocols, and what each is per dollar of fees.

/// One kind of number of one type of protocols.
#[derive(Debug)]
pub(super) struct Dim {
    /// The type, as paths write it.
    pub(super) kind: &'static str,
    /// What `dataType` says.
    pub(super) data: &'static str,
    /// Whose it is; everybody's where empty.
    pub(super) category: &'static str,
    /// The parts it is the sum of, each per dollar of fees.
    pub(super) per_fee: &'static [f64],
    /// Whether it is a level at the end of the day and not a sum over it.
    pub(super) level: bool,
    /// Whether the older paths, and not only those of v2, know it.
    pub(super) v1: bool,
}

const SUPPLY_SIDE: f64 = 0.75;
const PROTOCOL: f64 = 0.15;
const HOLDERS: f64 = 0.1;

const NOTIONAL: &str = "dailyNotionalVolume";
const PERPS: &str = "Derivatives";
const AGGREGATORS: &str = "DEX Aggregator";
const BRIDGES: &str = "Bridge Aggregators";

const fn fees(data: &'static str, per_fee: &'static [f64]) -> Dim {
    flow("fees", data, "", per_fee)
}

const fn flow(
    kind: &'static str,
    data: &'static str,
    category: &'static str,
    per_fee: &'static [f64],
) -> Dim {
    Dim {
        kind,
        data,
        category,
        per_fee,
        level: false,
        v1: true,
    }
}

const fn level(data: &'static str, per_fee: &'static [f64]) -> Dim {
    Dim {
        level: true,
        ..flow("open-interest", data, PERPS, per_fee)
    }
}

const fn v2(
    kind: &'static str,
    data: &'static str,
    category: &'static str,
    per_fee: &'static [f64],
) -> Dim {
    Dim {
        v1: false,
        ..flow(kind, data, category, per_fee)
    }
}

/// The default of a type comes first. What the data types of `liquidations` and `normalized-volume` are called is a
/// guess.
const DIMS: [Dim; 27] = [
    fees("dailyFees", &[SUPPLY_SIDE, PROTOCOL, HOLDERS]),
    fees("dailyRevenue", &[PROTOCOL, HOLDERS]),
    fees("dailyHoldersRevenue", &[HOLDERS]),
    fees("dailySupplySideRevenue", &[SUPPLY_SIDE]),
    fees("dailyProtocolRevenue", &[PROTOCOL]),
    fees("dailyUserFees", &[0.9]),
    fees("dailyBribesRevenue", &[0.01]),
    fees("dailyTokenTaxes", &[0.002]),
    fees("dailyAppFees", &[SUPPLY_SIDE, PROTOCOL, HOLDERS]),
    fees("dailyAppRevenue", &[PROTOCOL, HOLDERS]),
    flow("dexs", "dailyVolume", "Dexs", &[400.0]),
    v2("dexs", NOTIONAL, "Dexs", &[410.0]),
    flow("derivatives", "dailyVolume", PERPS, &[2_500.0]),
    v2("derivatives", NOTIONAL, PERPS, &[2_600.0]),
    flow("aggregators", "dailyVolume", AGGREGATORS, &[900.0]),
    flow("options", "dailyPremiumVolume", "Options", &[6.0]),
    flow("options", NOTIONAL, "Options", &[300.0]),
    flow("bridge-aggregators", "dailyBridgeVolume", BRIDGES, &[500.0]),
    level("openInterestAtEnd", &[350.0, 350.0]),
    level("shortOpenInterestAtEnd", &[350.0]),
    level("longOpenInterestAtEnd", &[350.0]),
    v2("liquidations", "dailyLiquidations", "Lending", &[0.3]),
    v2(
        "normalized-volume",
        "dailyNormalizedVolume",
        PERPS,
        &[1_200.0],
    ),
    v2("active-users", "dailyActiveUsers", "", &[0.02]),
    v2("active-users", "dailyTransactionCount", "", &[0.11]),
    v2("active-users", "dailyGasUsed", "", &[4_000.0]),
    v2("aggregators", NOTIONAL, AGGREGATORS, &[910.0]),
];

/// A place in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DimId(pub(super) usize);

impl DimId {
    /// Finds a type and data type, the type's own where none is given. `notional` says what options are by themselves.
    pub(super) fn find(kind: &str, data: Option<&str>, notional: bool) -> Option<Self> {
        let by_itself = (kind == "options" && notional).then_some(NOTIONAL);
        let data = data.or(by_itself);
        let fits = |dim: &Dim| dim.kind == kind && data.is_none_or(|data| dim.data == data);
        DIMS.iter().position(fits).map(Self)
    }

    /// Returns what stands there.
    pub(super) fn dim(self) -> &'static Dim {
        DIMS.get(self.0).unwrap_or(&DIMS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_first_and_options_can_be_either() {
        let data = |kind: &str, notional| DimId::find(kind, None, notional).unwrap().dim().data;
        assert_eq!(data("fees", false), "dailyFees");
        assert_eq!(data("open-interest", false), "openInterestAtEnd");
        assert_eq!(data("options", false), "dailyPremiumVolume");
        assert_eq!(data("options", true), "dailyNotionalVolume");
        assert_eq!(DimId::find("fees", Some("dailyVolume"), false), None);
        assert_eq!(DimId::find("nonsense", None, false), None);
    }
}
